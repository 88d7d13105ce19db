"""What became of every record, told by the topics, the metrics and the logs; and what should have."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shared.dead_letters import ID, OFFSET, PARTITION, REASON
from shared.directory import Directory
from shared.errors import Rejected
from shared.records import ORIGIN, Record, Unknown, read_record, text_key
from shared.topics import CONSUMERS, DEAD_LETTERS, DIRECTORY, Topic, short_name
from tests.hostile.corpus import MARK
from tests.services import Platform
from tests.system.witness import GROUPS, Witness

Place = tuple[str, int, int]
"""Topic without the namespace, partition and offset."""
UNKNOWN: Final = {"routing": Unknown.PARK, "notification": Unknown.SKIP, "reporting": Unknown.ENVELOPE}
_FAILED: Final = frozenset(
    {"task_failed", "consumer_restarted", "consumer_paused", "clock_failed", "case_not_counted"}
    | {"case_unreadable", "directory_listener_failed", "case_not_aligned", "delivery_broke"}
)
"""Events of the log that no record may cause."""


@dataclass
class Outcome:
    """Of all that one service was to read."""

    read: int = 0
    applied: int = 0
    """Understood and handled; some had no effect, which is `ignored`, by the reason."""
    ignored: Counter[str] = field(default_factory=Counter[str])
    skipped: int = 0
    parked: Counter[str] = field(default_factory=Counter[str])
    """By reason."""

    def told(self) -> str:
        parts = (f"applied {self.applied}", f"ignored of these {self.ignored.total()}", f"skipped {self.skipped}")
        return f"read {self.read}: {', '.join(parts)}, parked {self.parked.total()}"


async def judge(platform: Platform, witness: Witness, service: str) -> Outcome:
    """Raises AssertionError where one record is not accounted for, or is so twice."""
    names = {topic.full_name(platform.kafka.namespace): topic for topic in CONSUMERS[service]}
    records = [record for topic in CONSUMERS[service] for record in await witness.read(topic)]
    letters = await witness.read(DEAD_LETTERS[service])
    parked = {_origin(letter): dict(letter.headers)[REASON].decode() for letter in letters}
    assert len({dict(letter.headers)[ID] for letter in letters}) == len(letters) == len(parked)
    outcome = Outcome(read=len(records))
    for record in records:
        place = short_name(record.topic), record.partition, record.offset
        wanted = _expected(record, names, UNKNOWN[service])
        reason = parked.pop(place, None)
        if reason is not None:
            assert wanted in {None, reason}, (service, place, wanted, reason)
            outcome.parked[reason] += 1
        elif wanted is None:
            outcome.applied += 1
        else:
            assert wanted == "", (service, place, wanted)
            outcome.skipped += 1
    assert not parked, (service, list(parked.items())[:5])
    assert await platform.metric(service, "ntbcare_consumed_total") == outcome.read
    assert await platform.metric(service, "ntbcare_skipped_total") == outcome.skipped
    assert await platform.metric(service, "ntbcare_dead_letters_total") == outcome.parked.total()
    outcome.ignored["all"] = int(await platform.metric(service, "ntbcare_ignored_total"))
    return outcome


def _expected(record: Record, names: Mapping[str, Topic], unknown: Unknown) -> str | None:
    """Why it must be parked; empty: it must be skipped; None: it is understood."""
    try:
        return "" if read_record(record, names, unknown) is None else None
    except Rejected as rejected:
        return rejected.reason


def _origin(letter: Record) -> Place:
    headers = dict(letter.headers)
    return headers[ORIGIN].decode(), int(headers[PARTITION]), int(headers[OFFSET])


async def all_read(witness: Witness) -> bool:
    return not any([await witness.behind(service) for service in GROUPS])


async def directory_differs(witness: Witness) -> list[str]:
    """Keys of which followers have not what routing stores, whether they read before or after compaction."""
    followed = Directory()
    for record in await witness.read(DIRECTORY):
        try:
            received = read_record(record, {record.topic: DIRECTORY}, Unknown.PARK)
        except Rejected:
            with suppress(Rejected):
                followed.refuse(text_key(record))
            continue
        if received is not None:
            followed.apply(received.key, received.event)
    stored = {d["_id"]: d["entry"] async for d in witness.collection("routing", "directory").find()}
    known = {key: _entry(followed, key) if followed.on_topic[key] else "refused" for key in followed.on_topic}
    return sorted(key for key in stored.keys() | known.keys() if stored.get(key) != known.get(key))


def _entry(followed: Directory, key: str) -> dict[str, object]:
    kind, _, entry_id = key.partition(":")
    return followed.entries(kind)[entry_id].model_dump(mode="json", exclude_none=True)


def log_faults(logs: Iterable[Path]) -> list[str]:
    """Lines that tell of a bug, of a person, or that are no JSON at all, as a traceback is."""
    return [f"{log.stem}: {line[:300]}" for log in logs for line in _bad_lines(log)]


def _bad_lines(log: Path) -> Iterator[str]:
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            yield line
            continue
        if event.get("event") in _FAILED or MARK.split()[0] in line or "@mail.example" in line:
            yield line


def log_events(logs: Iterable[Path]) -> Counter[str]:
    """How often each event stands in them, with its error."""
    found: Counter[str] = Counter()
    for log in logs:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            found[f"{log.stem} {event.get('event')} {event.get('error', '')} {event.get('at', '')}"] += 1
    return found
