import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import bson
from bson.codec_options import CodecOptions

from shared.outbox import OutboxRelay, from_stored, to_stored
from shared.records import Outgoing
from tests.shared.fakes import FakePublisher
from tests.waiting import until


def test_given_a_record_in_an_outbox_when_it_is_read_from_mongodb_then_it_is_the_same_to_the_microsecond() -> None:
    at = datetime(2026, 11, 24, 8, 0, 0, 123_456, tzinfo=UTC)
    record = Outgoing("1", "cases", "NTB-C833-HX1X-7X7V-TM", "case.opened.v1", b"{}", at, trace="0" * 31 + "1")

    stored = bson.decode(bson.encode(to_stored(record)), CodecOptions(tz_aware=True))

    assert from_stored(stored) == record


class Collection:
    """Where outboxes are cleared."""

    async def update_many(self, *_: object) -> None:
        return None


async def test_given_a_published_record_when_it_is_queued_again_with_a_new_one_then_only_the_new_one_goes_out(
    publisher: FakePublisher,
) -> None:
    relay = OutboxRelay("routing", cast("Any", Collection()), cast("Any", publisher))
    first, second = (Outgoing(name, "cases", "key", "case.opened.v1", b"{}", datetime.now(UTC)) for name in "12")
    running = asyncio.create_task(relay.run())

    relay.queue({"case": [first]})
    await until(lambda: publisher.published == [first])
    relay.queue({"case": [first, second]})
    await until(lambda: len(publisher.published) > 1)

    running.cancel()
    assert publisher.published == [first, second]


async def test_given_a_clearing_under_way_when_the_service_stops_then_it_is_made_up_for(
    publisher: FakePublisher,
) -> None:
    class Slow:
        """The first write never ends."""

        calls = 0
        cleared = 0

        async def update_many(self, *_: object) -> None:
            self.calls += 1
            if self.calls == 1:
                await asyncio.Event().wait()
            self.cleared += 1

    collection = Slow()
    relay = OutboxRelay("routing", cast("Any", collection), cast("Any", publisher))
    clearing = asyncio.create_task(relay.clear())
    await relay.publish({"case": [Outgoing("1", "cases", "key", "case.opened.v1", b"{}", datetime.now(UTC))]})
    await until(lambda: collection.calls == 1)

    clearing.cancel()
    await asyncio.gather(clearing, return_exceptions=True)

    assert collection.cleared == 1
