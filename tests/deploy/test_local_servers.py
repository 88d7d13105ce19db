import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pymongo
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from deploy.local.kafka.server import running_kafka
from deploy.local.mongod import running_mongod
from deploy.local.ports import PortTaken, answers

pytestmark = pytest.mark.integration


async def test_given_an_acknowledged_record_when_kafka_is_killed_and_started_again_then_it_is_read(
    tmp_path: Path,
) -> None:
    async with running_kafka(tmp_path) as kafka:
        await create_topic(kafka.bootstrap, "letters")
        await send(kafka.bootstrap, "letters", b"hello")

        kafka.kill()
        await kafka.start()

        assert await first_record(kafka.bootstrap, "letters") == b"hello"


async def test_given_a_stopped_kafka_when_it_runs_again_on_another_port_then_its_records_are_read(
    tmp_path: Path,
) -> None:
    async with running_kafka(tmp_path) as kafka:
        await create_topic(kafka.bootstrap, "letters")
        await send(kafka.bootstrap, "letters", b"hello")

    async with running_kafka(tmp_path) as again:
        record = await first_record(again.bootstrap, "letters")

    assert again.port != kafka.port
    assert record == b"hello"


async def test_given_a_written_document_when_mongod_is_killed_and_started_again_then_it_is_found(
    tmp_path: Path,
) -> None:
    async with running_mongod(tmp_path) as mongod:
        await insert(mongod.uri, {"_id": 1, "word": "hello"})

        mongod.kill()
        await mongod.start()

        assert await find(mongod.uri, 1) == {"_id": 1, "word": "hello"}


async def test_given_a_stopped_mongod_when_it_runs_again_on_another_port_then_it_takes_writes(tmp_path: Path) -> None:
    async with running_mongod(tmp_path) as mongod:
        await insert(mongod.uri, {"_id": 1})

    async with running_mongod(tmp_path) as again:
        await insert(again.uri, {"_id": 2})
        first = await find(again.uri, 1)

    assert again.port != mongod.port
    assert first == {"_id": 1}


async def test_given_a_suspended_mongod_when_it_is_resumed_then_it_answers_again(tmp_path: Path) -> None:
    async with running_mongod(tmp_path) as mongod, AsyncMongoClient[dict[str, Any]](mongod.uri) as client:
        await client.admin.command("ping")

        mongod.suspend()
        with pytest.raises(PyMongoError) as refusal, pymongo.timeout(0.5):
            await client.admin.command("ping")
        mongod.resume()

        assert refusal.value.timeout
        assert (await client.admin.command("ping"))["ok"] == 1


async def test_given_a_port_in_use_when_mongod_is_to_run_there_then_the_refusal_names_port_and_setting(
    tmp_path: Path,
) -> None:
    async with running_mongod(tmp_path / "first") as mongod:
        with pytest.raises(PortTaken, match=rf"port {mongod.port}\b.*--mongo-port"):
            async with running_mongod(tmp_path / "second", mongod.port):
                pass


async def test_given_a_running_server_when_its_parent_is_killed_then_it_ends_too(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, tmp_path], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    port = int(parent.stdout.readline())

    parent.send_signal(signal.SIGKILL)
    parent.communicate()

    deadline = time.monotonic() + 10
    while answers(port):
        assert time.monotonic() < deadline


PARENT = """
import asyncio, pathlib, sys
from deploy.local.mongod import running_mongod

async def main():
    async with running_mongod(pathlib.Path(sys.argv[1])) as mongod:
        print(mongod.port, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()


async def send(bootstrap: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, value)


async def first_record(bootstrap: str, topic: str) -> bytes | None:
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        return (await consumer.getone()).value


async def insert(uri: str, document: dict[str, Any]) -> None:
    async with AsyncMongoClient[dict[str, Any]](uri) as client:
        await client["local_servers"]["documents"].insert_one(document)


async def find(uri: str, key: int) -> dict[str, Any] | None:
    async with AsyncMongoClient[dict[str, Any]](uri) as client:
        return await client["local_servers"]["documents"].find_one({"_id": key})
