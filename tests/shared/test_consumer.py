import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.consumer import Abandoned, Consumer, Policy
from shared.dead_letters import DeadLetters
from shared.errors import BrokerUnreachable, RecordRefused, Rejected
from shared.events.words import WordsKind, WordsRecorded
from shared.ids import draw_ticket
from shared.records import Received, Record, to_record
from shared.settings import FloodSettings
from shared.topics import WORDS
from tests.shared.received import raw
from tests.waiting import until

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
TICKETS = [draw_ticket(b"tests", "public", UUID(int=number)) for number in range(8)]


class DatabaseAway(Exception):
    pass


@dataclass
class Sender:
    """Takes what is parked; `failures` are raised first."""

    sent: list[tuple[str, bytes | None, dict[str, bytes]]] = field(
        default_factory=list[tuple[str, bytes | None, dict[str, bytes]]]
    )
    failures: list[Exception] = field(default_factory=list[Exception])

    async def send(self, topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        assert key is not None
        if self.failures:
            raise self.failures.pop()
        self.sent.append((topic, value, dict(headers)))

    def reasons(self) -> list[str]:
        return [headers["dead_letter_reason"].decode() for _, _, headers in self.sent]


@dataclass
class Handler:
    """Remembers what it was given; fails as it is told."""

    done: list[str] = field(default_factory=list[str])
    bad: dict[str, Exception] = field(default_factory=dict[str, Exception])
    failures: list[Exception] = field(default_factory=list[Exception])

    async def __call__(self, batch: Sequence[Received]) -> None:
        if self.failures:
            raise self.failures.pop()
        for received in batch:
            if received.event.text in self.bad:
                raise self.bad[received.event.text]
        self.done += [received.event.text for received in batch]


def words(text: str, ticket: str = TICKETS[0]) -> Record:
    event_id = UUID(int=abs(hash(text)))
    event = WordsRecorded(event_id=event_id, ticket=ticket, occurred_at=AT, kind=WordsKind.PROGRESS, text=text)
    return raw(to_record(WORDS, event))


def poison() -> Record:
    return raw(to_record(WORDS, WordsRecorded.model_validate_json(words("x").value or b"")), headers=())


async def nothing(_: Record) -> None:
    return None


def a_consumer(handler: Handler, sender: Sender, flood: FloodSettings | None = None) -> tuple[Consumer, asyncio.Event]:
    resumed = asyncio.Event()

    async def wait_for_resume() -> None:
        await resumed.wait()

    policy = Policy({"ntbcare.words": WORDS}, is_passing=lambda error: isinstance(error, DatabaseAway))
    letters = DeadLetters("reporting", sender, flood or FloodSettings())  # type: ignore[arg-type]
    return Consumer("reporting", handler, policy, letters, wait_for_resume, nothing), resumed


async def test_given_good_records_when_they_are_consumed_then_all_are_handled_at_once() -> None:
    handler, sender = Handler(), Sender()
    consumer, _ = a_consumer(handler, sender)

    await consumer.consume([words("a"), words("b")])

    assert (handler.done, sender.sent, consumer.batches) == (["a", "b"], [], 1)


async def test_given_poison_among_good_records_when_consumed_then_only_the_poison_is_parked() -> None:
    handler, sender = Handler(), Sender()
    consumer, _ = a_consumer(handler, sender)

    await consumer.consume([words("a"), poison(), words("b")])

    assert handler.done == ["a", "b"]
    assert sender.reasons() == ["no ce_type header"]


async def test_given_headers_that_are_null_when_the_record_is_consumed_then_it_is_parked_and_others_go_on() -> None:
    handler, sender = Handler(), Sender()
    consumer, _ = a_consumer(handler, sender)
    nulls: Any = (("ce_type", None), ("traceparent", None), ("dead_letter_topic", None))
    without = raw(to_record(WORDS, WordsRecorded.model_validate_json(words("x").value or b"")), headers=nulls)

    async with asyncio.timeout(5):
        await consumer.consume([words("a"), without, words("b")])

    assert handler.done == ["a", "b"]
    assert sender.reasons() == ["no ce_type header"]


async def test_given_a_record_that_the_handler_rejects_when_consumed_then_it_alone_is_parked() -> None:
    handler, sender = Handler(bad={"b": Rejected("an unknown step")}), Sender()
    consumer, _ = a_consumer(handler, sender)

    await consumer.consume([words("a"), words("b"), words("c"), words("d", TICKETS[1])])

    assert sorted(handler.done) == ["a", "c", "d"]
    assert sender.reasons() == ["an unknown step"]


async def test_given_a_bug_when_a_record_meets_it_then_it_is_parked_without_its_words() -> None:
    handler, sender = Handler(bad={"b": KeyError("my number is 0812")}), Sender()
    consumer, _ = a_consumer(handler, sender)

    await consumer.consume([words("a"), words("b")])

    assert sender.reasons() == ["handler failed: KeyError"]


@given(st.lists(st.tuples(st.sampled_from(TICKETS), st.booleans()), min_size=1, max_size=20))
def test_given_any_mixture_when_it_is_consumed_then_every_record_is_handled_or_parked(
    mixture: list[tuple[str, bool]],
) -> None:
    texts = [f"{number}" for number in range(len(mixture))]
    bad: dict[str, Exception] = {
        text: Rejected(text) for text, (_, good) in zip(texts, mixture, strict=True) if not good
    }
    handler, sender = Handler(bad=bad), Sender()
    records = [words(text, ticket) for text, (ticket, _) in zip(texts, mixture, strict=True)]

    asyncio.run(a_consumer(handler, sender)[0].consume(records))

    assert sorted(sender.reasons()) == sorted(bad)
    assert set(handler.done) == set(texts) - set(bad)


async def test_given_a_database_that_is_away_when_a_batch_comes_then_the_consumer_waits_and_says_so() -> None:
    handler, sender = Handler(failures=[DatabaseAway(), DatabaseAway()]), Sender()
    consumer, _ = a_consumer(handler, sender)

    consuming = asyncio.create_task(consumer.consume([words("a")]))
    why = await until(lambda: consumer.holding)
    await consuming

    assert why == "waits: DatabaseAway"
    assert (handler.done, sender.sent, consumer.holding) == (["a"], [], None)


async def test_given_a_broker_that_is_away_when_a_record_must_be_parked_then_it_waits_and_parks_once() -> None:
    handler, sender = Handler(), Sender(failures=[BrokerUnreachable("dead-letters")])
    consumer, _ = a_consumer(handler, sender)

    await consumer.consume([poison()])

    assert sender.reasons() == ["no ce_type header"]


async def test_given_a_waiting_consumer_when_its_partitions_go_then_it_gives_the_batch_up() -> None:
    handler, sender = Handler(failures=[DatabaseAway()] * 1_000), Sender()
    consumer, _ = a_consumer(handler, sender)

    consuming = asyncio.create_task(consumer.consume([words("a")]))
    await until(lambda: consumer.holding)
    await consumer.idle(0.1)

    with pytest.raises(Abandoned):
        await consuming
    assert (handler.done, sender.sent) == ([], [])


async def test_given_a_stopping_consumer_when_the_database_is_away_then_the_stop_is_quick() -> None:
    handler, sender = Handler(failures=[DatabaseAway()] * 1_000), Sender()
    consumer, _ = a_consumer(handler, sender)
    consumer.stop()

    with pytest.raises(Abandoned):
        await consumer.consume([words("a")])


async def test_given_a_flood_when_it_is_seen_then_the_consumer_pauses_until_an_operator_lets_it_go_on() -> None:
    handler, sender = Handler(), Sender()
    consumer, resumed = a_consumer(handler, sender, FloodSettings(dead_letters=3, window=10))
    records = [*(poison() for _ in range(6)), words("a")]

    consuming = asyncio.create_task(consumer.consume(records))
    why = await until(lambda: consumer.holding)
    assert "consumers resume" in why
    assert len(sender.sent) == 3

    resumed.set()
    await consuming

    assert len(sender.sent) == 6
    assert handler.done == ["a"]


async def test_given_few_dead_letters_among_many_good_ones_when_counted_then_it_is_no_flood() -> None:
    handler, sender = Handler(), Sender()
    consumer, _ = a_consumer(handler, sender, FloodSettings(dead_letters=3, window=100))

    await consumer.consume([words(f"{number}") for number in range(20)] + [poison() for _ in range(6)])

    assert len(sender.sent) == 6


async def test_given_personal_words_when_they_are_parked_then_only_the_reference_is() -> None:
    handler, sender = Handler(bad={"secret": Rejected("no")}), Sender()
    consumer, _ = a_consumer(handler, sender)
    record = words("secret")

    await consumer.consume([record])

    [(topic, value, headers)] = sender.sent
    assert (topic, value) == ("reporting.dead-letters", None)
    assert headers["dead_letter_topic"] == b"words"
    assert headers["dead_letter_offset"] == str(record.offset).encode()
    assert headers["ce_type"] == b"words.recorded.v1"


async def test_given_a_record_too_large_to_park_when_it_is_parked_then_the_reference_is() -> None:
    handler, sender = Handler(), Sender(failures=[RecordRefused("reporting.dead-letters")])
    consumer, _ = a_consumer(handler, sender)
    record = poison()

    await consumer.consume([record])

    [(_, value, headers)] = sender.sent
    assert value is None
    assert headers["dead_letter_offset"] == str(record.offset).encode()
    assert set(headers) == {name for name in headers if name.startswith("dead_letter_")}


async def test_given_a_record_that_is_parked_twice_when_the_letters_are_compared_then_they_are_one() -> None:
    handler, sender = Handler(), Sender()
    consumer, _ = a_consumer(handler, sender)
    record = poison()

    await consumer.consume([record])
    await consumer.consume([record])

    first, second = (headers["dead_letter_id"] for _, _, headers in sender.sent)
    assert first == second
