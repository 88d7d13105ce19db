"""Records as a consumer is given them, without a broker."""

from itertools import count

from aiokafka import ConsumerRecord

from shared.events.event import Event
from shared.records import Outgoing, Received, Record, tombstone
from shared.records import to_record as encode
from shared.topics import Topic

_offsets = count()


def raw(outgoing: Outgoing, *, topic: str = "", headers: tuple[tuple[str, bytes], ...] | None = None) -> Record:
    """The record as the broker would deliver it."""
    value = outgoing.value
    return ConsumerRecord(
        topic=topic or f"ntbcare.{outgoing.topic}",
        partition=0,
        offset=next(_offsets),
        timestamp=1_795_000_000_000,
        timestamp_type=0,
        key=outgoing.key.encode(),
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=tuple(outgoing.headers("tests")) if headers is None else headers,
    )


def received(topic: Topic, event: Event) -> Received:
    outgoing = encode(topic, event)
    return Received(topic, outgoing.key, event.ticket, event, "", raw(outgoing))


def erased(topic: Topic, key: str) -> Received:
    return Received(topic, key, key.partition(":")[0], None, "", raw(tombstone(topic, key)))
