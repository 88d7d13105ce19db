from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.routing.handlers import DirectoryPublisher
from services.routing.seeds import seed_entries
from services.routing.store.directory import DirectoryStore
from shared.directory import Directory
from shared.events.directory import Agency, AgencyLevel, Client, ClientRole, DirectoryRecorded, Label
from shared.follower import DirectoryFollower, TopicMissing
from shared.mongo import Database
from shared.publisher import Publisher
from shared.records import directory_record, tombstone
from shared.settings import KafkaSettings
from shared.topics import DIRECTORY
from tests.servers import Kafka
from tests.shared.received import raw

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ENTRIES = seed_entries(range(2026, 2028))


def an_agency(name: str = "Dinas PUPR", **fields: object) -> Agency:
    label = Label(id=name, en=name)
    return Agency.model_validate(
        {"id": "PUPR-52.03", "name": label, "level": AgencyLevel.REGENCY, "region": "52.03"} | fields
    )


def recorded(revision: int, name: str) -> DirectoryRecorded:
    return DirectoryRecorded(revision=revision, recorded_at=AT, entry=an_agency(name))


def test_given_an_older_revision_when_it_comes_late_then_the_newer_one_stays_and_the_topic_is_known_to_lag() -> None:
    directory = Directory()
    directory.apply("agency:PUPR-52.03", recorded(2, "new"))

    directory.apply("agency:PUPR-52.03", recorded(1, "old"))

    assert directory.agencies["PUPR-52.03"].name.id == "new"
    assert directory.on_topic["agency:PUPR-52.03"] == 1


def test_given_a_tombstone_when_it_is_applied_then_the_record_is_gone() -> None:
    directory = Directory.of(an_agency())

    directory.apply("agency:PUPR-52.03", None)

    assert (directory.agencies, directory.revisions) == ({}, {})


def test_given_a_record_that_nobody_understands_when_it_comes_then_the_known_one_stays_and_the_topic_lost_it() -> None:
    follower = DirectoryFollower(KafkaSettings())
    good = raw(directory_record(recorded(1, "Dinas PUPR")), topic="ntbcare.directory")
    follower.take(good)

    follower.take(raw(replace(directory_record(recorded(2, "")), value=b"{"), topic="ntbcare.directory"))

    assert follower.directory.agencies["PUPR-52.03"].name.id == "Dinas PUPR"
    assert follower.directory.on_topic == {"agency:PUPR-52.03": 0}


@pytest.fixture
async def store(database: Database) -> DirectoryStore:
    store = DirectoryStore(database)
    await store.create_indexes()
    return store


@pytest.fixture
async def publisher(topics: KafkaSettings) -> AsyncGenerator[Publisher]:
    publisher = Publisher("routing", topics)
    await publisher.start()
    yield publisher
    await publisher.stop()


@pytest.fixture
async def follower(topics: KafkaSettings) -> AsyncGenerator[DirectoryFollower]:
    follower = DirectoryFollower(topics)
    await follower.start()
    yield follower
    await follower.stop()


@pytest.mark.integration
async def test_given_no_topics_when_a_service_starts_then_it_says_how_to_get_them(kafka: Kafka) -> None:
    follower = DirectoryFollower(KafkaSettings(bootstrap=kafka.bootstrap, namespace="nobody"))

    with pytest.raises(TopicMissing, match="ntbcare topics apply"):
        await follower.start()
    await follower.stop()


@pytest.mark.integration
async def test_given_seeds_when_they_are_published_then_every_service_has_them_and_again_only_on_change(
    store: DirectoryStore, publisher: Publisher, follower: DirectoryFollower
) -> None:
    assert "no categories" in (await follower.why_not_ready() or "")
    await store.seed(ENTRIES)

    first = await DirectoryPublisher(store, follower.directory, publisher).reconcile()
    await follower.catch_up()
    again = await DirectoryPublisher(store, follower.directory, publisher).reconcile()

    assert (first, again) == (len(ENTRIES), 0)
    assert await follower.why_not_ready() is None
    assert {*follower.directory.agencies} == {entry.id for entry in ENTRIES if entry.kind == "agency"}
    assert len(follower.directory.regions) == 1_294


@pytest.mark.integration
async def test_given_a_changed_seed_when_it_is_delivered_then_the_record_has_a_new_revision(
    store: DirectoryStore, publisher: Publisher, follower: DirectoryFollower
) -> None:
    await store.seed([an_agency("Dinas PU")])
    reconciler = DirectoryPublisher(store, follower.directory, publisher)
    await reconciler.reconcile()
    await follower.catch_up()

    assert await store.seed([an_agency("Dinas PU")]) == 0
    assert await store.seed([an_agency("Dinas PUPR")]) == 1
    await reconciler.reconcile()
    await follower.catch_up()

    assert follower.directory.agencies["PUPR-52.03"].name.id == "Dinas PUPR"
    assert follower.directory.revisions["agency:PUPR-52.03"] == 2


@pytest.mark.integration
async def test_given_an_old_revision_on_the_topic_when_routing_looks_then_the_newest_is_published_last(
    store: DirectoryStore, publisher: Publisher, follower: DirectoryFollower
) -> None:
    await store.seed([an_agency("old")])
    await store.seed([an_agency("new")])
    await publisher.publish(directory_record(recorded(2, "new")), directory_record(recorded(1, "old")))
    await follower.catch_up()

    published = await DirectoryPublisher(store, follower.directory, publisher).reconcile()
    await follower.catch_up()

    assert published == 1
    assert follower.directory.on_topic["agency:PUPR-52.03"] == 2


def test_given_a_listener_that_fails_when_records_come_then_all_are_taken_in() -> None:
    follower, heard = DirectoryFollower(KafkaSettings()), list[str]()

    def fail(key: str) -> None:
        raise LookupError(key)

    follower.on_change += [fail, heard.append]
    record = raw(directory_record(recorded(1, "Dinas PUPR")), topic="ntbcare.directory")

    follower.take(record)

    assert set(follower.directory.agencies) == {"PUPR-52.03"}
    assert heard == ["agency:PUPR-52.03"]


@pytest.mark.integration
@pytest.mark.parametrize("revision", [1, 2, 10**30])
async def test_given_records_that_somebody_else_wrote_when_routing_looks_then_followers_have_what_is_stored(
    revision: int, store: DirectoryStore, publisher: Publisher, follower: DirectoryFollower
) -> None:
    await store.seed([an_agency("Dinas PUPR"), another := an_agency("Satpol PP", id="SATPOL-PP")])
    mended = DirectoryPublisher(store, follower.directory, publisher)
    await mended.reconcile()
    await follower.catch_up()
    follower.watch(mended.note)
    stranger = DirectoryRecorded(revision=1, recorded_at=AT, entry=an_agency("Calo", id="CALO"))
    await publisher.publish(
        directory_record(recorded(revision, "Calo")),
        directory_record(stranger),
        tombstone(DIRECTORY, "agency:SATPOL-PP"),
    )
    await follower.catch_up()

    found = await mended.mend()
    await follower.catch_up()

    assert (found, await mended.mend()) == (3, 0)
    assert follower.directory.agencies == {"PUPR-52.03": an_agency("Dinas PUPR"), "SATPOL-PP": another}
    assert follower.directory.revisions == {"agency:PUPR-52.03": 1, "agency:SATPOL-PP": 1}
    assert follower.directory.on_topic == follower.directory.revisions


@pytest.mark.integration
async def test_given_records_that_a_newer_version_wrote_when_routing_looks_then_it_leaves_them_alone(
    database: Database, store: DirectoryStore, publisher: Publisher, follower: DirectoryFollower
) -> None:
    await database["directory"].insert_one({"_id": "boat:1", "revision": 1, "recorded_at": AT, "entry": {"id": "1"}})
    mended = DirectoryPublisher(store, follower.directory, publisher)
    follower.watch(mended.note)
    newer = replace(directory_record(recorded(1, "Dinas PUPR")), key="boat:1", value=b'{"entry": {"kind": "boat"}}')
    await publisher.publish(newer, replace(newer, key="boat:2"))
    await follower.catch_up()

    found = await mended.mend()
    await follower.catch_up()

    assert found == 1
    assert follower.directory.on_topic == {"boat:1": 0}


@pytest.mark.integration
async def test_given_a_client_when_it_is_issued_and_revoked_then_all_services_hear_of_it(
    store: DirectoryStore, publisher: Publisher, follower: DirectoryFollower
) -> None:
    client = Client(id="post", name="Lombok Post", role=ClientRole.INTEGRATOR, token_digest="0" * 64, issued_at=AT)
    reconciler = DirectoryPublisher(store, follower.directory, publisher)

    assert await store.add_client(client)
    assert not await store.add_client(client)
    await reconciler.reconcile()
    await follower.catch_up()
    assert follower.directory.clients["post"].revoked_at is None

    assert await store.revoke_client("post", AT + timedelta(days=1))
    assert not await store.revoke_client("nobody", AT)
    await reconciler.reconcile()
    await follower.catch_up()
    assert follower.directory.clients["post"].revoked_at == AT + timedelta(days=1)
    assert [known.id for known in await store.clients()] == ["post"]
