"""Kafka and MongoDB as containers, for machines whose Docker engine has their images."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache

from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.container import DockerContainer

from deploy.local.kafka.server import answers_metadata
from deploy.local.mongod import REPLICA_SET, become_primary, uri_of
from deploy.local.ports import HOST, free_port

KAFKA_IMAGE = "apache/kafka:4.3.1"
MONGO_IMAGE = "mongo:8.0"

SECONDS_TO_START = 60

KAFKA_SETTINGS = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
}


@cache
def docker_has(image: str) -> bool:
    """Whether a Docker engine answers, and has the image without a download."""
    if shutil.which("docker") is None:
        return False
    try:
        asked = subprocess.run(["docker", "image", "inspect", image], capture_output=True, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


@asynccontextmanager
async def kafka_container() -> AsyncGenerator[str]:
    """Gives the bootstrap address. The port is the same inside and outside, for Kafka tells its clients its own."""
    port = free_port()
    container = _container(KAFKA_IMAGE, port, port).with_envs(
        **KAFKA_SETTINGS,
        KAFKA_LISTENERS=f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://localhost:9093",
        KAFKA_ADVERTISED_LISTENERS=f"PLAINTEXT://{HOST}:{port}",
    )
    with container:
        await _until(lambda: answers_metadata(port), KAFKA_IMAGE)
        yield f"{HOST}:{port}"


@asynccontextmanager
async def mongo_container() -> AsyncGenerator[str]:
    """Gives the URI of a primary."""
    port = free_port()
    command = f"mongod --replSet {REPLICA_SET} --bind_ip_all"
    with _container(MONGO_IMAGE, 27017, port).with_command(command):
        await _until(lambda: become_primary(uri_of(port), "localhost:27017"), MONGO_IMAGE)
        yield uri_of(port)


def _container(image: str, inside: int, outside: int) -> DockerContainer:
    # Ryuk, which cleans up after crashed runs, is one more image; published ports are what works on every engine.
    testcontainers_config.ryuk_disabled = True
    testcontainers_config.connection_mode_override = ConnectionMode.docker_host
    return DockerContainer(image).with_bind_ports(inside, outside)


async def _until(ready: Callable[[], Awaitable[bool]], image: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not await ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"The container of {image} did not answer within {SECONDS_TO_START} seconds")
        await asyncio.sleep(0.1)
