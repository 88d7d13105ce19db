"""The figures that anyone can ask for, counted once more from the events alone, and as simply as can be."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final

import httpx2

from shared.records import Record
from shared.wita import day_of

Fact = dict[str, Any]
_COUNTS: Final = ("received", "followed_up", "done", "rejected")
_ENDED: Final = {"closed", "rejected", "withdrawn"}
_HANDLED: Final = {"assigned", "accepted", "in_progress", "awaiting_reporter", "resolved", "closed"}
_TIMED: Final = {"response": "answer", "resolution": "resolution"}
_TENTH: Final = 0.1


def histories(records: Iterable[Record]) -> list[list[Fact]]:
    """Of each ticket its events by sequence; what was published again counts once."""
    events: dict[str, dict[int, Fact]] = {}
    for record in records:
        event = json.loads(record.value or b"")
        events.setdefault((record.key or b"").decode(), {})[event["sequence"]] = event
    return [[event for _, event in sorted(steps.items())] for steps in events.values()]


async def judge_recount(reporting: httpx2.AsyncClient, records: Iterable[Record]) -> None:
    """Hold totals, every body's month and card, and where cases lie against all records of `ntbcare.cases`."""
    every = histories(records)
    cases = [steps[-1]["case"] for steps in every]
    counted = Counter[Any]()
    for case in cases:
        month = day_of(_moment(case["received_at"])).isoformat()[:7]
        for figure in {*_COUNTS} & {*_as_it_stands(case)}:
            counted[figure] += 1
            counted[case.get("agency"), month, figure] += 1
    told = (await reporting.get("/v1/statistics?by=agency,month")).json()
    assert {name: told["totals"][name] for name in _COUNTS} == {name: counted[name] for name in _COUNTS}
    rows = {(row["agency"], row["month"], name): row[name] for row in told["rows"] for name in _COUNTS if row[name]}
    assert rows == {place: number for place, number in counted.items() if isinstance(place, tuple)}
    await _judge_scorecards(reporting, every)
    await _judge_sitting(reporting, cases)


async def _judge_scorecards(reporting: httpx2.AsyncClient, every: Sequence[Sequence[Fact]]) -> None:
    """Each body's own, with all its figures. All are of this year."""
    counted = Counter(place for steps in every for place in figures_of(steps))
    parts = Counter(place for steps in every for place in _parts_of(steps[-1]["case"]))
    edges = (await reporting.get("/v1/scorecards/definitions")).json()["edges_hours"]
    for body in {body for body, _ in counted if body}:
        card = (await reporting.get(f"/v1/scorecards/{body}?period={day_of(datetime.now(UTC)).year}")).json()
        told = {name: figure["number"] for name, figure in card["figures"].items() if figure["number"]}
        assert told == {figure: number for (of, figure), number in counted.items() if of == body}, body
        cells = [
            (part["id"], number)
            for part in (*card["categories"], *card["regions"])
            if (number := part["figures"]["received"]["number"])
        ]
        assert dict(cells) == {part: number for (of, part), number in parts.items() if of == body}, body
        for promise, name in _TIMED.items():
            _judge_time(card["times"][name], _lengths(every, body, promise), edges)
        _judge_rating(card, told)


def _judge_time(told: Fact, lengths: Sequence[float], edges: Sequence[int]) -> None:
    """The true median lies in the bin in which the told one does."""
    assert told["cases"] == len(lengths)
    if lengths:
        true = sorted(lengths)[ceil(len(lengths) / 2) - 1]
        upper = next(edge for edge in edges if true <= edge)
        lower = max((edge for edge in edges if edge < true), default=0)
        assert lower - _TENTH <= told["median_hours"] <= upper + _TENTH


def _judge_rating(card: Fact, told: Fact) -> None:
    ratings = [rating for rating in range(1, 6) for _ in range(told.get(f"rated_{rating}", 0))]
    assert card["ratings"] == len(ratings)
    assert not ratings or abs(card["rating"] - sum(ratings) / len(ratings)) <= _TENTH


async def _judge_sitting(reporting: httpx2.AsyncClient, cases: list[Fact]) -> None:
    answer = (await reporting.get("/v1/statistics/sitting")).json()
    told = {(row["agency"], stage["status"]): stage["now"] for row in answer["items"] for stage in row["stages"]}
    wanted = Counter((case.get("agency"), case["status"]) for case in cases if case["status"] not in _ENDED)
    assert {place: number for place, number in told.items() if number} == wanted


def figures_of(steps: Sequence[Fact]) -> set[tuple[str | None, str]]:
    """What one case counts as, and for whom. No agency ended meanwhile."""
    case = steps[-1]["case"]
    counted = {(case.get("agency"), figure) for figure in _as_it_stands(case)}
    counted |= {(_had_it(case, moment), figure) for figure, moment in _promises(case)}
    for kind, figure in (("case.returned.v1", "returned"), ("case.resolved.v1", "resolved")):
        counted |= {(step["actor_agency"], figure) for step in steps if step["type"] == kind}
    closed = [step for step in steps if step["type"] == "case.closed.v1"]
    last = {
        "reopened": [one for one in steps if one["type"] == "case.reopened.v1" and one["reason"] == "disputed"],
        "confirmed": [one for one in closed if one["reason"] == "confirmed"],
        **{f"rated_{rating}": [one for one in closed if one.get("rating") == rating] for rating in range(1, 6)},
    }
    return counted | {(found[-1]["case"].get("agency"), figure) for figure, found in last.items() if found}


def _as_it_stands(case: Fact) -> Iterator[str]:
    """Of the body that has it."""
    status, linked = case["status"], bool(case.get("linked_to"))
    met = {promise["kind"] for promise in case["promises"] if promise.get("met_at")}
    is_open = status not in _ENDED | {"resolved"}
    holds = {
        "received": True,
        "verified": "verification" in met,
        "approved": "verification" in met and status in _HANDLED and not linked,
        "in_verification": status in {"received", "in_triage"},
        "followed_up": "first_follow_up" in met,
        "done": status in {"resolved", "closed"} and not linked,
        "linked": linked,
        "rejected": status == "rejected",
        "withdrawn": status == "withdrawn",
        "open": is_open,
        "late": is_open and any(_is_overdue(promise) for promise in case["promises"]),
        "urgent_open": is_open and case["urgency"] == "urgent",
    }
    return (figure for figure, is_so in holds.items() if is_so)


def _is_overdue(promise: Fact) -> bool:
    is_open = not promise.get("met_at") and not promise.get("ended_at")
    return (
        bool(promise.get("breached_at")) and is_open and all(one.get("ended_at") for one in promise.get("pauses", ()))
    )


def _promises(case: Fact) -> Iterator[tuple[str, str]]:
    """Each that was met or broken, and when that was decided."""
    for promise in case["promises"]:
        met_at, due_at = promise.get("met_at"), promise["due_at"]
        if met_at and _moment(met_at) <= _moment(due_at):
            yield f"{promise['kind']}_in_time", met_at
        elif met_at:
            yield f"{promise['kind']}_late", due_at
        elif promise.get("breached_at"):
            yield f"{promise['kind']}_missed", due_at


def _had_it(case: Fact, moment: str) -> str | None:
    at = _moment(moment)
    for held in case["holdings"]:
        if _moment(held["since"]) <= at <= _moment(held.get("until") or moment):
            return held["agency"]
    return None


def _parts_of(case: Fact) -> Iterator[tuple[str | None, str]]:
    region = case.get("region") or "52"
    yield case.get("agency"), case["category"]
    yield case.get("agency"), region[: len("52.03")]


def _lengths(every: Iterable[Sequence[Fact]], body: str, kind: str) -> list[float]:
    """Hours that the body had cases itself until it met the promise, pauses left out."""
    cases = [steps[-1]["case"] for steps in every]
    return [
        _own_time(case, promise, body) / timedelta(hours=1)
        for case in cases
        for promise in case["promises"]
        if promise["kind"] == kind and promise.get("met_at") and _had_it(case, promise["met_at"]) == body
    ]


def _own_time(case: Fact, promise: Fact, body: str) -> timedelta:
    begin, end = _moment(promise["started_at"]), _moment(promise["met_at"])
    own = timedelta()
    for held in case["holdings"]:
        since, until = max(begin, _moment(held["since"])), min(end, _moment(held.get("until") or promise["met_at"]))
        if held["agency"] == body and since < until:
            own += until - since
            for pause in promise.get("pauses", ()):
                first = max(since, _moment(pause["started_at"]))
                last = min(until, _moment(pause.get("ended_at") or promise["met_at"]))
                own -= max(timedelta(), last - first)
    return own


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)
