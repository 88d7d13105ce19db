"""A database that was lost, or is yesterday's, is brought up to what the topics tell; then life goes on."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.topics import apply_topics
from services.routing.recovering.fence import DatabaseBehind
from services.routing.recovering.recovery import Recovered, Recovery, RecoveryRefused, Step
from services.routing.seeds import seed_entries, seeded_years
from shared.cluster import looking_at
from shared.events.complaints import (
    ComplaintSupplemented,
    ComplaintWithdrawn,
    ContactChanged,
    ResolutionConfirmed,
    ResolutionDisputed,
)
from shared.mongo import Document, MongoSettings, connected
from shared.progress import Moment
from shared.settings import KafkaSettings
from shared.topics import CASES, COMPLAINTS, PERSONAL, WORDS
from tests.routing.desks import COORDINATOR, OFFICER
from tests.routing.running import Databases, Residents, Running, drop, dump, ntbcare, residents_of, routing, told
from tests.servers import Kafka
from tests.waiting import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("mongo", ["motor"], indirect=True),
]

DAYS_AGO: Final = datetime.now(UTC) - timedelta(days=20)
"""So much is late that the clocks have something to do at once."""
NOBODYS_BUSINESS: Final = {"version", "revision", "unsettled", "compared", "outbox"}
"""They guard writes, or say what is to be looked at."""


@pytest.fixture
async def topics(kafka: Kafka) -> KafkaSettings:
    topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"recovery-{uuid4().hex[:8]}", partitions=2)
    await apply_topics(topics)
    return topics


@pytest.fixture
async def residents(topics: KafkaSettings) -> AsyncGenerator[Residents]:
    async with residents_of(topics) as residents:
        yield residents


@dataclass
class World:
    """What residents and officers did, on two days with a backup between them."""

    residents: Residents
    tickets: dict[str, str] = field(default_factory=dict[str, str])

    async def first_day(self, desk: Running) -> None:
        names = ("untouched", "working", "resolved", "disputed", "lead", "child", "split", "erased", "withdrawn")
        for name in names:
            self.tickets[name] = await self.residents.complain(received_at=DAYS_AGO, occurred_at=DAYS_AGO)
        for name in ("working", "resolved", "disputed", "split", "erased"):
            await desk.act(self.tickets[name], "accept", OFFICER)
        await desk.act(self.tickets["working"], "note", OFFICER, text="Telepon kepala desa dulu")
        await desk.act(self.tickets["disputed"], "resolve", OFFICER, text="Sudah ditambal")
        await desk.act(self.tickets["child"], "link", COORDINATOR, ticket=self.tickets["lead"])
        parts = [{"agency": "PLN", "text": "Pindahkan tiang"}]
        await desk.act(self.tickets["split"], "split", OFFICER, parts=parts)
        await desk.act(self.tickets["erased"], "progress", OFFICER, text="Kami temui Ibu Sitti")

    async def second_day(self, desk: Running) -> None:
        self.tickets["new"] = await self.residents.complain(received_at=DAYS_AGO, occurred_at=DAYS_AGO)
        await desk.act(self.tickets["new"], "accept", OFFICER)
        await desk.act(self.tickets["working"], "progress", OFFICER, text="Alat sudah di lokasi")
        await desk.act(self.tickets["resolved"], "resolve", OFFICER, text="Sudah ditambal")
        await self.residents.follow(self.tickets["resolved"], ResolutionConfirmed, rating=5)
        await self.residents.follow(self.tickets["disputed"], ResolutionDisputed)
        await self.residents.follow(self.tickets["untouched"], ComplaintSupplemented)
        await self.residents.follow(self.tickets["working"], ContactChanged, language="en")
        await self.residents.follow(self.tickets["withdrawn"], ComplaintWithdrawn)
        await self.residents.support(self.tickets["untouched"])
        await self.residents.erase(self.tickets["erased"])
        await desk.act(self.tickets["lead"], "accept", OFFICER)
        await desk.act(self.tickets["lead"], "resolve", OFFICER, text="Selesai untuk semua")
        for name, status in (("resolved", "closed"), ("disputed", "in_progress"), ("withdrawn", "withdrawn")):
            await desk.has(self.tickets[name], status)

    async def third_day(self, desk: Running) -> None:
        """After the recovery."""
        newest = await self.residents.complain(received_at=DAYS_AGO, occurred_at=DAYS_AGO)
        await desk.act(newest, "accept", OFFICER)
        await desk.act(self.tickets["working"], "resolve", OFFICER, text="Selesai")
        await desk.act(self.tickets["disputed"], "progress", OFFICER, text="Kami ulangi")
        await self.residents.follow(self.tickets["working"], ResolutionConfirmed)
        await desk.has(self.tickets["working"], "closed")


async def settled(mongo: MongoSettings) -> Databases:
    """Once everything was told and nothing is to be looked at any more."""

    async def look() -> Databases | None:
        found = await dump(mongo)
        done = [one for one in found["cases"] if "case" in one and not one["outbox"] and "unsettled" not in one]
        waits = [one for one in done if one["next_due"] and one["next_due"] < datetime.now(UTC)]
        return found if len(done) == len(found["cases"]) and not waits else None

    return await until(look, limit_s=60)


async def recover(
    kafka: KafkaSettings, mongo: MongoSettings, on: Callable[[Moment], None] = lambda _: None
) -> Recovered:
    async with looking_at(kafka, "routing") as cluster, connected(mongo) as database:
        seeds = seed_entries(seeded_years(datetime.now(UTC)))
        return await Recovery(database, cluster, seeds, on).run()


async def recover_until_killed(kafka: KafkaSettings, mongo: MongoSettings) -> None:
    """In the middle of bringing cases up."""

    def die(moment: Moment) -> None:
        if moment.step.value == Step.LIFTING.value:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await recover(kafka, mongo, die)


def comparable(document: Document, follow_ups: set[str]) -> Document:
    """Without what no topic tells: who acted, notes, keys of deeds."""
    kept = {name: value for name, value in document.items() if name not in NOBODYS_BUSINESS}
    notes = {line["words"] for line in document["history"] if line["type"] == "note"}
    lines = [line for line in document["history"] if line["type"] != "note"]
    kept["history"] = [{name: value for name, value in line.items() if name != "actor"} for line in lines]
    kept["texts"] = {key: text for key, text in document.get("texts", {}).items() if key not in notes}
    kept["applied"] = sorted({entry["key"] for entry in document["applied"]} & follow_ups)
    kept |= {name: sorted(kept.get(name, ())) for name in ("words", "spots", "erased")}
    return {name: value for name, value in kept.items() if value not in (None, [], {})}


async def assert_told_once(kafka: KafkaSettings) -> None:
    """Sequences without gaps, in order; no event twice with another content."""
    seen: dict[str, dict[int, bytes]] = defaultdict(dict)
    ids: dict[str, bytes] = {}
    breached = set[tuple[str, str, str]]()
    for record in await told(kafka, CASES):
        event = CASES.types[dict(record.headers)["ce_type"].decode()].model_validate_json(record.value or b"")
        fields: dict[str, Any] = event.model_dump(mode="json")
        value = record.value or b""
        assert ids.setdefault(fields["event_id"], value) == value
        assert seen[fields["ticket"]].setdefault(fields["sequence"], value) == value
        assert list(seen[fields["ticket"]]) == list(range(1, len(seen[fields["ticket"]]) + 1))
        if fields["type"] == "promise.breached.v1":
            breached.add((fields["ticket"], fields["promise"], fields["event_id"]))
    assert breached
    assert len(breached) == len({(ticket, promise) for ticket, promise, _ in breached})


@pytest.mark.parametrize("loss", ["lost", "yesterday"])
async def test_given_a_lost_or_an_older_database_when_it_is_recovered_then_it_is_as_before_and_life_goes_on(
    topics: KafkaSettings, mongo: MongoSettings, residents: Residents, tmp_path: Path, loss: str
) -> None:
    """As an operator does it, with the commands."""
    world, file = World(residents), str(tmp_path / "backup.tar.gz")
    here = ("--mongo-uri", mongo.uri)
    async with routing(topics, mongo) as desk:
        await world.first_day(desk)
        backup = await settled(mongo)
        await ntbcare("backup", file, "--database", mongo.database, *here)
        with pytest.raises(RecoveryRefused):
            await recover(topics, mongo)
        await world.second_day(desk)
        before = await settled(mongo)
    await drop(mongo)
    if loss == "yesterday":
        await ntbcare("restore", file, *here)
        assert {name: [] for name in backup} | await dump(mongo) == backup
    with pytest.raises(DatabaseBehind):
        async with routing(topics, mongo):
            pass
    since = await residents.complain(received_at=DAYS_AGO, occurred_at=DAYS_AGO)

    await recover_until_killed(topics, mongo)
    with pytest.raises(DatabaseBehind, match="did not end"):
        async with routing(topics, mongo):
            pass
    await recover(topics, mongo)
    once = await dump(mongo)
    again = await recover(topics, mongo)
    where = ("--bootstrap", topics.bootstrap, "--namespace", topics.namespace, *here, "--database", mongo.database)
    said = await ntbcare("routing", "recover", *where)
    twice = await dump(mongo)

    assert (again.lifted, again.opened, again.followed, again.directory) == (0, 0, 0, 0)
    assert "0 cases brought up, 0 opened" in said
    assert twice == once
    kept = {one["_id"]: one for one in backup["cases"]} if loss == "yesterday" else {}
    found = {one["_id"]: one for one in once["cases"]}
    for document in before["cases"]:
        lifted = found[document["_id"]]
        assert comparable(lifted, residents.followed) == comparable(document, residents.followed)
        assert lifted["revision"] > document["revision"] or lifted["sequence"] == kept[document["_id"]]["sequence"]
    assert [(one["_id"], one["revision"], one["entry"]) for one in once["directory"]] == [
        (one["_id"], one["revision"], one["entry"]) for one in before["directory"]
    ]
    assert once["supports"] == before["supports"]
    assert "Sitti" not in str(found[world.tickets["erased"]])
    note = "Telepon kepala desa dulu" in str(found[world.tickets["working"]])
    assert note == (loss == "yesterday")

    async with routing(topics, mongo) as desk:
        await world.third_day(desk)
        assert (await desk.read(since))["case"]["status"] == "assigned"
        await settled(mongo)
    await assert_told_once(topics)
    words = {record.key: record.value for record in await told(topics, WORDS)}
    assert not [value for value in words.values() if b"Ibu Sitti" in (value or b"")]


async def test_given_complaints_whose_cases_were_lost_before_anybody_heard_when_recovered_then_they_are_opened(
    topics: KafkaSettings, mongo: MongoSettings, residents: Residents
) -> None:
    async with routing(topics, mongo):
        pass
    ticket = await residents.complain(received_at=DAYS_AGO, occurred_at=DAYS_AGO)
    await residents.follow(ticket, ComplaintSupplemented)
    await residents.follow(ticket, ComplaintWithdrawn)
    await commit_as_read(topics)

    done = await recover(topics, mongo)
    again = await recover(topics, mongo)
    async with routing(topics, mongo) as desk:
        found = await desk.read(ticket)
        await settled(mongo)

    assert (done.opened, done.followed) == (1, 2)
    assert (again.lifted, again.opened, again.followed) == (0, 0, 0)
    assert found["case"]["status"] == "withdrawn"
    await assert_told_once(topics)


async def commit_as_read(kafka: KafkaSettings) -> None:
    """As routing does when it is done with everything."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, group_id=f"{kafka.namespace}.routing", enable_auto_commit=False
    )
    await consumer.start()
    try:
        names = [topic.full_name(kafka.namespace) for topic in (COMPLAINTS, PERSONAL)]
        places = [TopicPartition(name, number) for name in names for number in range(kafka.partitions)]
        consumer.assign(places)
        await consumer.commit(await consumer.end_offsets(places))
    finally:
        await consumer.stop()
