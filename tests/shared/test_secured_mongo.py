"""A MongoDB that asks for a password over TLS: both ride in the URI."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

import pytest
import trustme
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from deploy.local.mongod import find_mongod
from deploy.local.ports import HOST, answers, free_port
from deploy.local.processes import LocalServer, ServerPlan
from shared.mongo import MongoSettings, connected, why_not_ready

pytestmark = pytest.mark.integration
DRIVERS: tuple[Literal["motor", "pymongo"], ...] = ("motor", "pymongo")


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[str]:
    """Host, port and TLS options as a URI has them; the user `routing` has the password `routing-pass`."""
    authority, port = trustme.CA(), free_port()
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "mongod.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "data").mkdir()
    secured = ("--auth", "--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(tmp_path / "mongod.pem"))
    where = ("--dbpath", str(tmp_path / "data"), "--bind_ip", HOST, "--port", str(port), "--nounixsocket")
    place = f"{HOST}:{port}/?authSource=admin&tls=true&tlsCAFile={tmp_path / 'ca.pem'}"

    async def ready() -> bool:
        return answers(port) and await make_user(f"mongodb://{place}")

    plan = ServerPlan("MongoDB", (find_mongod(), *where, *secured), port, "the test", tmp_path / "mongod.log", ready)
    server = LocalServer(plan)
    await server.start()
    yield place
    await server.stop()


async def make_user(uri: str) -> bool:
    """The first user may be made by whoever comes from the machine itself."""
    async with AsyncMongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=2000) as client:
        try:
            await client.admin.command("createUser", "routing", pwd="routing-pass", roles=["readWriteAnyDatabase"])
        except PyMongoError:
            return False
        return True


@pytest.mark.parametrize("driver", DRIVERS)
async def test_given_a_uri_with_user_and_authority_when_a_service_connects_then_it_reads_and_writes(
    place: str, driver: Literal["motor", "pymongo"]
) -> None:
    settings = MongoSettings(uri=f"mongodb://routing:routing-pass@{place}", database="routing", driver=driver)

    async with connected(settings) as database:
        await database["things"].insert_one({"_id": 1})

        assert await why_not_ready(database) is None
        assert await database["things"].count_documents({}) == 1


@pytest.mark.parametrize("driver", DRIVERS)
async def test_given_a_wrong_password_when_readiness_is_asked_then_it_says_so_without_the_password(
    place: str, driver: Literal["motor", "pymongo"]
) -> None:
    settings = MongoSettings(uri=f"mongodb://routing:not-it@{place}", database="routing", driver=driver)

    async with connected(settings) as database:
        reason = await why_not_ready(database)

    assert reason == "MongoDB does not answer: OperationFailure"
