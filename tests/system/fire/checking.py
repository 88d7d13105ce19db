"""What must hold after a fire, whatever burned: from what was told to people against what topics and databases hold."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.mongo import Document
from shared.records import Record

OPENED: Final = ("case.opened.v1", "case.assigned.v1")
HANDLED: Final = (*OPENED, "case.accepted.v1", "case.resolved.v1")
_MAILS: Final = ("received", "assigned", "new_case")
_MAILS_HANDLED: Final = (*_MAILS, "progress", "resolved")


@dataclass(frozen=True)
class Seen:
    """All that is held against each other."""

    accepted: Mapping[str, str]
    """By ticket the reporter's address, of every 202."""
    handled: frozenset[str]
    """Tickets whose case an officer accepted and resolved."""
    submissions: Sequence[Record]
    """Of `ntbcare.complaints`; each partition in its order, here and below."""
    events: Sequence[Record]
    """Of `ntbcare.cases`."""
    cases: Sequence[Document]
    """Routing's."""
    projected: Sequence[Document]
    """Reporting's."""
    deliveries: Sequence[Document]
    """Notification's."""
    mails: Sequence[tuple[str, str]]
    """Message-ID and address of each that the mail server took."""
    window: float
    """How many mails notification says may have gone out twice."""
    parked: int
    """Dead letters of all services."""


@dataclass(frozen=True)
class Verdict:
    """What the fire cost."""

    lost: int
    """Complaints and mails that were promised and are not there."""
    doubled: int
    """Mails that came more than once."""
    wrong: tuple[str, ...]
    """What does not hold, in words; empty: all does."""


def judge(seen: Seen) -> Verdict:
    mails, stored = Counter(seen.mails), {f"<{one['_id']}@localhost>" for one in seen.deliveries}
    missing = [ticket for ticket in seen.accepted if ticket not in {key for key, _ in _steps(seen.submissions)}]
    unsent = stored - {name for name, _ in mails}
    doubled = sum(number - 1 for number in mails.values())
    wrong = [fault for rule in _RULES for fault in rule(seen)]
    if doubled > seen.window:
        wrong.append(f"{doubled} mails came twice, and only {seen.window:.0f} are counted as unsure")
    return Verdict(len(missing) + len(unsent), doubled, tuple(wrong))


def _accepted_is_seen(seen: Seen) -> Iterator[str]:
    """And each complaint is one case, everywhere."""
    wanted = set(seen.accepted)
    yield from _difference("ntbcare.complaints", wanted, {ticket for ticket, _ in _steps(seen.submissions)})
    yield from _difference("ntbcare.cases", wanted, {ticket for ticket, _ in _steps(seen.events)})
    yield from _difference("routing", wanted, {one["_id"] for one in seen.cases if "case" in one})
    yield from _difference("reporting", wanted, {one["_id"] for one in seen.projected})
    unclaimed = [one["_id"] for one in seen.cases if "case" not in one]
    if unclaimed:
        yield f"routing holds {len(unclaimed)} documents that no complaint made, such as {unclaimed[0]}"


def _order_holds(seen: Seen) -> Iterator[str]:
    """Sequences from 1 without gaps, first appearances in their order, and repeats the same to the byte."""
    last = dict[str, int]()
    firsts = dict[str, Record]()
    for record in seen.events:
        ticket, event = (record.key or b"").decode(), json.loads(record.value or b"")
        if first := firsts.get(event["event_id"]):
            if (first.key, first.value) != (record.key, record.value):
                yield f"{ticket}: event {event['sequence']} was published again with another content"
            continue
        if event["sequence"] != last.get(ticket, 0) + 1:
            yield f"{ticket}: {event['sequence']} follows {last.get(ticket, 0)}"
        firsts[event["event_id"]], last[ticket] = record, event["sequence"]


def _steps_are_those_that_were_done(seen: Seen) -> Iterator[str]:
    steps = dict[str, dict[int, str]]()
    for record in seen.events:
        event = json.loads(record.value or b"")
        steps.setdefault((record.key or b"").decode(), {})[event["sequence"]] = event["type"]
    for ticket in seen.accepted:
        found = tuple(kind for _, kind in sorted(steps.get(ticket, {}).items()))
        if found != (wanted := HANDLED if ticket in seen.handled else OPENED):
            yield f"{ticket}: {', '.join(found) or 'nothing'} instead of {', '.join(wanted)}"


def _projections_have_all(seen: Seen) -> Iterator[str]:
    for one in seen.projected:
        wanted = len(HANDLED if one["_id"] in seen.handled else OPENED)
        if set(one["history"]) != {str(sequence) for sequence in range(1, wanted + 1)}:
            yield f"{one['_id']}: reporting has the events {sorted(one['history'])} of {wanted}"


def _mails_are_those_that_are_due(seen: Seen) -> Iterator[str]:
    wanted = Counter(
        (ticket, kind) for ticket in seen.accepted for kind in (_MAILS_HANDLED if ticket in seen.handled else _MAILS)
    )
    found = Counter((one["ticket"], one["kind"]) for one in seen.deliveries)
    for ticket, kind in (wanted - found) + (found - wanted):
        yield f"{ticket}: {found[ticket, kind]} messages `{kind}` instead of {wanted[ticket, kind]}"
    for one in seen.deliveries:
        if one["state"] != "sent":
            yield f"{one['ticket']}: message `{one['kind']}` is {one['state']}"


def _mails_came(seen: Seen) -> Iterator[str]:
    stored = {f"<{one['_id']}@localhost>": one for one in seen.deliveries}
    came = {name for name, _ in seen.mails}
    if strange := came - set(stored):
        yield f"{len(strange)} mails came that nobody stored"
    if missing := set(stored) - came:
        yield f"{len(missing)} mails never came"
    for name, address in seen.mails:
        one = stored.get(name)
        to_reporter = one is not None and one["recipient"] == "reporter"
        if one and to_reporter != (address == seen.accepted.get(one["ticket"])):
            yield f"{one['ticket']}: `{one['kind']}` went to somebody else"


def _nothing_was_parked(seen: Seen) -> Iterator[str]:
    if seen.parked:
        yield f"{seen.parked} dead letters"


_RULES: Final[tuple[Callable[[Seen], Iterator[str]], ...]] = (
    _accepted_is_seen,
    _order_holds,
    _steps_are_those_that_were_done,
    _projections_have_all,
    _mails_are_those_that_are_due,
    _mails_came,
    _nothing_was_parked,
)


def _steps(records: Iterable[Record]) -> Iterator[tuple[str, str]]:
    """Ticket and type of each record."""
    for record in records:
        yield (record.key or b"").decode(), json.loads(record.value or b"")["type"]


def _difference(where: str, wanted: set[str], found: set[str]) -> Iterator[str]:
    if missing := wanted - found:
        yield f"{where} lacks {len(missing)} accepted complaints, such as {min(missing)}"
    if strange := found - wanted:
        yield f"{where} has {len(strange)} that nobody was told of, such as {min(strange)}"
