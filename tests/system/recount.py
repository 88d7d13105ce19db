"""The figures that anyone can ask for, counted once more from the events alone, and as simply as can be."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import httpx2

from shared.records import Record
from shared.wita import day_of

_COUNTS: Final = ("received", "followed_up", "done", "rejected")
_ENDED: Final = {"closed", "rejected", "withdrawn"}
_PROMISES: Final = ("response", "first_follow_up", "resolution")


def histories(records: Iterable[Record]) -> list[list[dict[str, Any]]]:
    """Of each ticket its events by sequence; what was published again counts once."""
    events: dict[str, dict[int, dict[str, Any]]] = {}
    for record in records:
        event = json.loads(record.value or b"")
        events.setdefault((record.key or b"").decode(), {})[event["sequence"]] = event
    return [[event for _, event in sorted(steps.items())] for steps in events.values()]


async def judge_recount(reporting: httpx2.AsyncClient, records: Iterable[Record]) -> None:
    """Hold totals, every body's month, promises and where cases lie against all records of `ntbcare.cases`."""
    cases = [steps[-1]["case"] for steps in histories(records)]
    counted = Counter[Any]()
    for case in cases:
        month = day_of(datetime.fromisoformat(case["received_at"])).isoformat()[:7]
        for figure in _counts(case):
            counted[figure] += 1
            counted[case.get("agency"), month, figure] += 1
    told = (await reporting.get("/v1/statistics?by=agency,month")).json()
    assert {name: told["totals"][name] for name in _COUNTS} == {name: counted[name] for name in _COUNTS}
    rows = {(row["agency"], row["month"], name): row[name] for row in told["rows"] for name in _COUNTS if row[name]}
    assert rows == {place: number for place, number in counted.items() if isinstance(place, tuple)}
    await _judge_scorecards(reporting, cases)
    await _judge_sitting(reporting, cases)


async def _judge_scorecards(reporting: httpx2.AsyncClient, cases: list[dict[str, Any]]) -> None:
    """All are of this year."""
    table = (await reporting.get(f"/v1/scorecards?period={day_of(datetime.now(UTC)).year}")).json()
    told = Counter[Any]()
    for row in table["items"]:
        for name in ("received", "late", *(f"{kind}_in_time" for kind in _PROMISES)):
            told[name] += row["figures"][name]["number"]
    wanted = Counter(received=len(cases), late=sum(map(_is_late, cases)))
    for kind in _PROMISES:
        wanted[f"{kind}_in_time"] = sum(_was_kept(case, kind) for case in cases)
    assert +told == +wanted


async def _judge_sitting(reporting: httpx2.AsyncClient, cases: list[dict[str, Any]]) -> None:
    answer = (await reporting.get("/v1/statistics/sitting")).json()
    told = {(row["agency"], stage["status"]): stage["now"] for row in answer["items"] for stage in row["stages"]}
    wanted = Counter((case.get("agency"), case["status"]) for case in cases if case["status"] not in _ENDED)
    assert {place: number for place, number in told.items() if number} == wanted


def _counts(case: dict[str, Any]) -> Iterable[str]:
    yield "received"
    if any(promise["kind"] == "first_follow_up" and promise.get("met_at") for promise in case["promises"]):
        yield "followed_up"
    if case["status"] in {"resolved", "closed"} and not case.get("linked_to"):
        yield "done"
    if case["status"] == "rejected":
        yield "rejected"


def _is_late(case: dict[str, Any]) -> bool:
    return case["status"] not in _ENDED | {"resolved"} and any(
        promise.get("breached_at") and not promise.get("met_at") and not promise.get("ended_at")
        for promise in case["promises"]
        if all(pause.get("ended_at") for pause in promise.get("pauses", ()))
    )


def _was_kept(case: dict[str, Any], kind: str) -> bool:
    return any(
        promise["kind"] == kind
        and promise.get("met_at")
        and datetime.fromisoformat(promise["met_at"]) <= datetime.fromisoformat(promise["due_at"])
        for promise in case["promises"]
    )
