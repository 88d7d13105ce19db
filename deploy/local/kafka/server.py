"""A Kafka node of its own for this machine, for `ntbcare up` and for tests."""

import asyncio
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from string import Template

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from deploy.local.cache import cache_folder
from deploy.local.kafka import program
from deploy.local.kafka.program import HERE, KafkaProgram
from deploy.local.ports import HOST, answers, free_port
from deploy.local.processes import LocalServer, ServerFailed, ServerPlan

SMALL_JVM = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Starts fast and stays small. TieredStopAtLevel caps the speed under load: leave it out to measure."""

CLUSTER_ID = "bnRiY2FyZS1sb2NhbC0wMA"
"""Kafka wants 16 bytes in base 64; these spell ntbcare-local-00."""


class KafkaServer(LocalServer):
    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"


@asynccontextmanager
async def running_kafka(
    folder: Path,
    port: int | None = None,
    *,
    port_setting: str = "--kafka-port",
    java_flags: Sequence[str] = SMALL_JVM,
) -> AsyncGenerator[KafkaServer]:
    """Kafka on the given port or a free one, its data in `folder`, stopped at the end.

    Downloads Kafka the first time. Raises `PortTaken`, `ServerFailed` or `KafkaNotPrepared`.
    """
    kafka = await asyncio.to_thread(program.prepare, cache_folder())
    port = port or free_port()
    settings = _write_settings(folder, port)
    await asyncio.to_thread(format_if_new, kafka, folder, settings)
    plan = ServerPlan(
        name="Kafka",
        command=kafka.command("kafka.Kafka", settings, flags=java_flags),
        port=port,
        port_setting=port_setting,
        log=folder / "kafka.log",
        ready=lambda: answers_metadata(port),
    )
    server = KafkaServer(plan)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _write_settings(folder: Path, port: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "server.properties"
    template = Template((HERE / "server.properties").read_text())
    settings.write_text(template.substitute(folder=folder.resolve(), port=port, controller_port=free_port()))
    return settings


def format_if_new(kafka: KafkaProgram, folder: Path, settings: Path) -> None:
    """Kafka opens formatted folders only. One that was cut off half-way counts as new."""
    if (folder / "log" / "meta.properties").exists():
        return
    done = subprocess.run(
        kafka.command("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", settings, flags=SMALL_JVM),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ServerFailed(f"Kafka's folder {folder} could not be formatted:\n{done.stdout}{done.stderr}")


async def answers_metadata(port: int) -> bool:
    if not answers(port):
        return False
    client = AIOKafkaClient(bootstrap_servers=f"{HOST}:{port}")
    try:
        await client.bootstrap()
    except KafkaError:
        return False
    else:
        return bool(client.cluster.brokers())
    finally:
        await client.close()
