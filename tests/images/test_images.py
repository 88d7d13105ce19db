"""The images that `make images` made, and the servers of the test run in containers."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient

from deploy.topics import apply_topics, check_topics
from shared.publisher import Publisher
from shared.settings import KafkaSettings
from tests.containers import kafka_container, mongo_container
from tests.images.engine import SERVICES, docker, inspect, why_not

pytestmark = [pytest.mark.images, pytest.mark.skipif(bool(why_not()), reason=why_not())]
LARGEST = {"routing": 250, "notification": 250, "intake": 310, "reporting": 310}
"""In MB on disk, the base of 128 with it. Intake's numpy and GEOS and reporting's typst (68) cannot be left out."""
LOOK = """
import json, os, pathlib, shutil
print(json.dumps({
    "user": os.getuid(),
    "services": sorted(path.name for path in pathlib.Path("services").iterdir() if path.is_dir()),
    "beside": sorted(path.name for path in pathlib.Path(".").iterdir()),
    "tools": [name for name in ("uv", "gcc", "make", "git") if shutil.which(name)],
}))
"""


@pytest.mark.parametrize("service", SERVICES)
def test_given_the_image_of_a_service_when_it_is_looked_into_then_it_is_small_and_holds_that_service_alone(
    service: str,
) -> None:
    image = f"ntbcare/{service}:local"

    seen = json.loads(docker("run", "--rm", "--read-only", "--network", "none", image, "python", "-c", LOOK))

    assert seen["user"] == 10001
    assert [name for name in seen["services"] if name != "__pycache__"] == [service]
    assert seen["beside"] == [".venv", "LICENSE", "services", "shared"]
    assert seen["tools"] == []
    assert inspect(image)["Size"] < LARGEST[service] * 1_000_000


@pytest.mark.parametrize("service", SERVICES)
def test_given_the_image_of_a_service_when_its_settings_are_read_then_it_stops_in_peace_and_is_watched(
    service: str,
) -> None:
    config = inspect(f"ntbcare/{service}:local")["Config"]

    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    assert "/livez" in " ".join(config["Healthcheck"]["Test"])
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"


@pytest.mark.parametrize("service", SERVICES)
def test_given_the_list_of_parts_of_an_image_when_it_is_compared_then_all_that_is_installed_is_in_it(
    service: str,
) -> None:
    listed = json.loads(Path(f"dist/images/{service}.cdx.json").read_text(encoding="utf-8"))["components"]
    look = "from importlib.metadata import distributions as found; print(*(one.name for one in found()))"

    told = docker("run", "--rm", f"ntbcare/{service}:local", "/app/.venv/bin/python", "-I", "-c", look).split()

    installed = {_normal(name) for name in told}
    assert "aiokafka" in installed
    assert "pytest" not in installed
    assert installed <= {_normal(part["name"]) for part in listed}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


async def test_given_kafka_in_a_container_when_topics_are_applied_then_it_does_what_a_process_does() -> None:
    async with kafka_container() as bootstrap:
        kafka = KafkaSettings(bootstrap=bootstrap, namespace=f"test-{uuid4().hex[:8]}", partitions=2)
        created = await apply_topics(kafka)
        publisher = Publisher("routing", kafka)
        await publisher.start()
        await publisher.send("words", b"key", b"value", [])
        await publisher.stop()

        assert len(created) == 12
        assert await check_topics(kafka) == []


async def test_given_mongodb_in_a_container_when_a_transaction_is_made_then_it_takes_it() -> None:
    async with (
        mongo_container() as uri,
        AsyncMongoClient[dict[str, object]](uri) as client,
        client.start_session() as session,
        await session.start_transaction(),
    ):
        await client["test"]["things"].insert_one({"_id": 1}, session=session)
        assert await client["test"]["things"].count_documents({}, session=session) == 1
