"""The `ntbcare` command as it is typed, with a real Kafka and a real MongoDB."""

import asyncio
import re
import socket
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import MongoClient
from typer.testing import CliRunner, Result

from deploy.cli import COMMANDS, app
from deploy.commands.mongo import shown
from deploy.letters import Letters, ParkingService
from deploy.local.development import DESK, ISSUER, development_secrets
from deploy.local.ports import HOST
from deploy.local.running import Running, hold, write_down
from deploy.topics import apply_topics
from services.routing.seeds import seed_entries
from services.routing.store.directory import DirectoryStore
from shared.access import authenticate
from shared.dead_letters import DeadLetters
from shared.events.directory import Client, ClientRole
from shared.mongo import MongoSettings, connected
from shared.problems import Problem
from shared.publisher import Publisher
from shared.records import Outgoing
from shared.settings import FloodSettings, KafkaSettings
from shared.topics import COMPLAINTS
from tests.servers import Kafka, Mongod
from tests.shared.received import raw


@pytest.mark.parametrize("command", COMMANDS)
def test_given_any_command_when_help_is_asked_for_then_it_says_what_it_does(command: str) -> None:
    typed = [command, "--help"]

    result = run(*typed)

    assert result.exit_code == 0
    assert f"Usage: ntbcare {command}" in result.stdout


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["topics", "check", "--bootstrap", "127.0.0.1:1"], "Is it running, and is --bootstrap its address?"),
        (["topics", "check", "--namespace", "Capital"], "--namespace is made of lower-case letters"),
        (["dead-letters", "list", "routing", "--bootstrap", "127.0.0.1:1"], "Kafka does not do what was asked"),
        (["dead-letters", "redrive", "routing"], "or take all that are open with --all"),
        (["clients", "list", "--mongo-uri", "mongodb://a:b:c"], "The address of MongoDB is not right"),
        (["clients", "issue", "--name", "Public", "--role", "integrator"], "The id public stands for everybody"),
        (["reporting", "generations", "--bootstrap", "127.0.0.1:1"], "Kafka does not do what was asked"),
        (["track", "NTB-0000"], "This is no ticket"),
        (["track", "NTB-336T-6BAV-RYHW-HK", "--url", "http://127.0.0.1:1"], "NTB Care does not answer"),
        (["track", "NTB-336T-6BAV-RYHW-HK", "--url", "nowhere"], "The address is not right (--url)"),
        (["submit", "--category", "a", "--text", "b", "--answer", "road"], "--answer takes QUESTION=ANSWER"),
        (["demo", "load", "--url", "http://127.0.0.1:1"], "NTB Care does not answer"),
        (["door", "disaster", "--reason", "Banjir"], "--hours says how long"),
        (["door", "disaster", "off", "--reason", "Surut", "--hours", "3"], "off takes no --hours"),
        (
            ["door", "block", "a@b.id", "--reason", "x", "--url", "http://127.0.0.1:1", "--token", "t"],
            "does not answer",
        ),
        (["intake", "import", "pyproject.toml", "--token", "t"], "neither a .csv nor a .jsonl file"),
    ],
)
def test_given_a_foreseeable_failure_when_a_command_meets_it_then_it_says_so_in_words(
    typed: list[str], words: str
) -> None:
    result = run(*typed)

    assert result.exit_code in {1, 2}
    assert words in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("typed", "option"),
    [
        (["clients", "issue", "--name", "Portal", "--role", "integrator"], "--mongo-uri"),
        (["clients", "revoke", "portal"], "--mongo-uri"),
        (["demo", "load"], "--url"),
        (["dead-letters", "redrive", "routing", "--all"], "--bootstrap"),
        (["consumers", "resume", "routing"], "--bootstrap"),
        (["reporting", "rebuild"], "--bootstrap"),
        (["reporting", "switch", "2"], "--bootstrap"),
        (["reporting", "drop", "2", "--bootstrap", "127.0.0.1:1"], "--mongo-uri"),
    ],
)
def test_given_no_platform_here_when_a_command_is_to_write_then_it_asks_where_and_does_not_guess(
    tmp_path: Path, typed: list[str], option: str
) -> None:
    result = run(*typed, data=tmp_path)

    assert result.exit_code == 2
    assert f"No NTB Care runs from {tmp_path}, so say with {option} where to write" in " ".join(result.stderr.split())


def test_given_a_platform_elsewhere_when_the_demo_is_loaded_there_then_no_client_is_made_in_the_one_here(
    tmp_path: Path,
) -> None:
    here = Running(4711, "http://127.0.0.1:8000", "127.0.0.1:1", "mongodb://127.0.0.1:1/", 1025, ())

    development_secrets(tmp_path)
    with socket.create_server((HOST, 0)) as elsewhere, answering(elsewhere) as url, hold(tmp_path):
        write_down(tmp_path, here)
        result = run("demo", "load", "--url", url, data=tmp_path)

    assert result.exit_code == 2
    assert f"{url} is not what runs from {tmp_path}, so say with --mongo-uri" in " ".join(result.stderr.split())


def test_given_no_secret_to_sign_in_with_when_the_demo_is_loaded_then_it_says_so_before_it_makes_anything(
    tmp_path: Path,
) -> None:
    with socket.create_server((HOST, 0)) as elsewhere, answering(elsewhere) as url:
        result = run("demo", "load", "--url", url, "--operator-token", "x", data=tmp_path)

    assert result.exit_code == 2
    assert "There is no secret to sign tokens with" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_given_an_address_with_a_password_when_it_is_shown_then_the_password_is_not() -> None:
    uri = "mongodb://ntb:s3cret@db1.example:27017,db2.example/?tlsCertificateKeyFilePassword=s3cret"

    words = shown(uri)

    assert words == "mongodb://db1.example:27017,db2.example/"


@pytest.mark.integration
def test_given_an_empty_cluster_when_topics_are_applied_twice_then_they_are_made_once(
    kafka: Kafka, topic_prefix: str
) -> None:
    where = ["--bootstrap", kafka.bootstrap, "--namespace", topic_prefix.rstrip("."), "--partitions", "2"]

    before = run("topics", "check", *where)
    first = run("topics", "apply", *where)
    second = run("topics", "apply", *where)
    after = run("topics", "check", *where)

    assert before.exit_code == 1
    assert f"{topic_prefix}complaints" in before.stdout
    assert "12 topics created." in first.stdout
    assert second.stdout == "Every topic is there.\n"
    assert (after.exit_code, after.stdout) == (0, "Every topic is as declared.\n")


@pytest.mark.integration
def test_given_a_topic_made_by_hand_when_checked_then_what_differs_is_told(kafka: Kafka, topic_prefix: str) -> None:
    where = ["--bootstrap", kafka.bootstrap, "--namespace", topic_prefix.rstrip("."), "--partitions", "2"]
    asyncio.run(create_topic(kafka.bootstrap, f"{topic_prefix}complaints"))
    run("topics", "apply", *where)

    result = run("topics", "check", *where)

    assert result.exit_code == 1
    assert re.search(r"complaints\s+partitions\s+2 or more\s+1\s", result.stdout)
    assert re.search(r"complaints\s+retention\.ms\s+-1\s+604800000\s", result.stdout)
    assert "2 differences." in result.stdout


@pytest.mark.integration
def test_given_a_seeded_directory_when_an_operator_is_issued_then_the_token_is_theirs(
    mongod: Mongod, database_name: str
) -> None:
    where = ["--mongo-uri", mongod.uri, "--database", database_name]
    asyncio.run(seed(mongod.uri, database_name))

    result = run("clients", "issue", "--name", "Budi S.", "--role", "operator", "--agency", "PUPR-52.71", *where)

    client = stored_clients(mongod.uri, database_name)["budi-s"]
    assert (client.role, client.agency) == (ClientRole.OPERATOR, "PUPR-52.71")
    assert authenticate({client.id: client}, f"Bearer {result.stdout.strip()}") == client
    assert result.stdout.strip() not in run("clients", "list", *where).stdout
    assert f"written to the database {database_name} at {shown(mongod.uri)}" in result.stderr
    assert "signs in with it at /lapor/loket" in result.stderr


@pytest.mark.integration
def test_given_a_client_when_revoked_then_its_token_is_worthless_and_the_list_says_so(
    mongod: Mongod, database_name: str
) -> None:
    where = ["--mongo-uri", mongod.uri, "--database", database_name]
    token = run("clients", "issue", "--name", "Portal", "--role", "integrator", *where).stdout.strip()

    result = run("clients", "revoke", "portal", *where)

    clients = stored_clients(mongod.uri, database_name)
    assert result.stdout == "portal is revoked.\n"
    with pytest.raises(Problem):
        authenticate(clients, f"Bearer {token}")
    assert f"{datetime.now(UTC):%Y-%m-%d}" in run("clients", "list", *where).stdout


@pytest.mark.integration
@pytest.mark.parametrize(
    ("agency", "words"),
    [("PUPR-99.99", "There is no agency PUPR-99.99. Similar ones: PUPR"), ("DIKBUD", "Its successor is DIKPORA.")],
)
def test_given_a_seeded_directory_when_an_operator_of_no_agency_is_issued_then_it_is_refused(
    mongod: Mongod, database_name: str, agency: str, words: str
) -> None:
    where = ["--mongo-uri", mongod.uri, "--database", database_name]
    asyncio.run(seed(mongod.uri, database_name))

    result = run("clients", "issue", "--name", "Budi", "--role", "operator", "--agency", agency, *where)

    assert result.exit_code == 2
    assert words in result.stderr
    assert stored_clients(mongod.uri, database_name) == {}


@pytest.mark.integration
def test_given_an_id_in_use_when_issued_again_then_the_first_token_stays(mongod: Mongod, database_name: str) -> None:
    where = ["--mongo-uri", mongod.uri, "--database", database_name]
    token = run("clients", "issue", "--name", "Portal", "--role", "integrator", *where).stdout.strip()

    result = run("clients", "issue", "--name", "portal", "--role", "operator", *where)

    assert result.exit_code == 2
    assert "There is a client portal already." in result.stderr
    assert authenticate(stored_clients(mongod.uri, database_name), f"Bearer {token}") is not None


def run(*typed: str, data: Path | None = None) -> Result:
    unset = dict.fromkeys(("ROUTING_MONGO__URI", "KAFKA_BOOTSTRAP", "NTBCARE_URL", DESK, ISSUER))
    return CliRunner().invoke(app, typed, env={**unset, "NTBCARE_DATA": str(data)} if data else None)


@contextmanager
def answering(listener: socket.socket) -> Generator[str]:
    """The address of a server that answers one request, with nothing."""

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    thread = Thread(target=answer)
    thread.start()
    yield f"http://{HOST}:{listener.getsockname()[1]}"
    thread.join()


async def create_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def seed(uri: str, database: str) -> None:
    async with connected(MongoSettings(uri=uri, database=database, driver="pymongo")) as found:
        await DirectoryStore(found).seed(seed_entries(range(2026, 2027)))


def stored_clients(uri: str, database: str) -> dict[str, Client]:
    with MongoClient[dict[str, object]](uri, tz_aware=True) as client:
        entries = client[database]["directory"].find({"_id": {"$regex": "^client:"}})
        found = [Client.model_validate(document["entry"]) for document in entries]
    return {one.id: one for one in found}


@pytest.mark.integration
def test_given_a_dead_letter_when_it_is_listed_shown_and_redriven_as_typed_then_its_service_has_it_again(
    kafka: Kafka, topic_prefix: str
) -> None:
    settings = KafkaSettings(bootstrap=kafka.bootstrap, namespace=topic_prefix.rstrip("."), partitions=1)
    place = ("--bootstrap", settings.bootstrap, "--namespace", settings.namespace)
    asyncio.run(park_one(settings))

    listed = run("dead-letters", "list", "routing", *place)
    letter = re.search(r"[0-9a-f]{8}", listed.stdout)
    assert letter is not None, listed.output
    shown = run("dead-letters", "show", "routing", letter[0], "--body", *place)
    redriven = run("dead-letters", "redrive", "routing", "--all", *place)
    resumed = run("consumers", "resume", "routing", *place)
    again = run("dead-letters", "redrive", "routing", "--all", *place)

    assert "no ce_type header" in shown.stdout
    assert "the bytes" in shown.stdout
    assert "1 given to routing again" in redriven.stdout
    assert resumed.exit_code == 0
    assert "0 given to routing again" in again.stdout
    [parked] = asyncio.run(Letters(settings, ParkingService.ROUTING).read())
    assert not parked.is_open


async def park_one(settings: KafkaSettings) -> None:
    await apply_topics(settings)
    publisher = Publisher("routing", settings)
    await publisher.start()
    outgoing = Outgoing("1", "complaints", "NTB-336T-6BAV-RYHW-HK", "none.v1", b"the bytes", datetime.now(UTC))
    letters = DeadLetters("routing", publisher, FloodSettings())
    await letters.park(raw(outgoing, headers=()), COMPLAINTS, "no ce_type header")
    await publisher.stop()
