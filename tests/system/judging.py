"""What must hold whatever was killed: read from topics, databases and the mail server, not from what services say."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import product
from typing import Any, Final

from shared.mongo import Document
from shared.records import Record
from shared.topics import CASES
from shared.wita import day_of
from tests.services import Platform
from tests.system.witness import GROUPS, Witness

_MAILS: Final = ("received", "assigned", "new_case")


async def taken_over(platform: Platform, *processes: str) -> float:
    """How many messages these say may have gone out twice: they took them over, or had no answer.

    A process counts for itself, so a killed one must be asked before.
    """
    counters = ("ntbcare_deliveries_taken_over_total", "ntbcare_deliveries_unsure_total")
    return sum([await platform.metric(process, counter) for process, counter in product(processes, counters)])


async def judge(witness: Witness, addresses: Mapping[str, str], *, taken_over: float) -> None:
    """Hold everything against what clients were told: the tickets, each with its reporter's address.

    `taken_over`: how many mails the senders say may have gone out twice.
    """
    cases = await witness.collection("routing", "cases").find().to_list()
    assert sorted(case["_id"] for case in cases if "case" in case) == sorted(addresses)
    assert len(cases) == len(addresses)
    judge_events(await witness.read(CASES), addresses)
    judge_projections(await witness.collection("reporting", "cases_1").find().to_list(), addresses)
    await judge_figures(witness.platform, [case["case"] for case in cases])
    deliveries = await witness.collection("notification", "deliveries").find().to_list()
    judge_mails(deliveries, witness.platform.mail.taken, addresses, taken_over)
    for service in GROUPS:
        assert (service, await witness.behind(service), await witness.undone(service)) == (service, 0, None)
    assert await witness.parked() == 0


def judge_events(records: Iterable[Record], tickets: Iterable[str]) -> None:
    """Each ticket was opened and assigned, once, in this order; whatever appears again is the same to the byte."""
    firsts: dict[str, Record] = {}
    for record in records:
        first = firsts.setdefault(_headers(record)["ce_id"], record)
        assert (record.key, record.value, _headers(record)) == (first.key, first.value, _headers(first))
    steps: dict[str, list[tuple[int, str]]] = {}
    for record in firsts.values():
        event = json.loads(record.value or b"")
        steps.setdefault((record.key or b"").decode(), []).append((event["sequence"], event["type"]))
    assert steps == {ticket: [(1, "case.opened.v1"), (2, "case.assigned.v1")] for ticket in tickets}


def _headers(record: Record) -> dict[str, str]:
    """Without the one that is another each time a record is sent."""
    return {name: value.decode() for name, value in record.headers if name != "traceparent"}


def judge_projections(cases: Iterable[Document], addresses: Mapping[str, str]) -> None:
    """Reporting has each case with both steps, and what became of its mails."""
    found = {case["_id"]: case for case in cases}
    assert set(found) == set(addresses)
    for case in found.values():
        assert set(case["history"]) == {"1", "2"}
        told = [(notice["type"], notice["kind"]) for notice in case["notices"].values()]
        assert Counter(told) == Counter(("notice.sent.v1", kind) for kind in _MAILS)


async def judge_figures(platform: Platform, cases: Iterable[Document]) -> None:
    """The figures that anyone can ask for are those that come of counting routing's cases."""
    by_day, by_category = Counter[Any](), Counter[Any]()
    for case in cases:
        day = day_of(datetime.fromisoformat(case["received_at"])).isoformat()
        by_day[day, case["region"]] += 1
        by_category[case["agency"], case["category"]] += 1
    assert await _received(platform, "day", "region") == by_day
    assert await _received(platform, "agency", "category") == by_category


async def _received(platform: Platform, *dimensions: str) -> Counter[Any]:
    today = day_of(datetime.now(UTC))
    query = f"by={','.join(dimensions)}&level=district&from={today - timedelta(days=300)}&to={today}"
    answer = (await platform.http["reporting"].get(f"/v1/statistics?{query}")).json()
    received = Counter({tuple(row[name] for name in dimensions): row["received"] for row in answer["rows"]})
    wanted = {"received": received.total(), "followed_up": 0, "done": 0, "rejected": 0}
    assert wanted.items() <= answer["totals"].items()
    return received


def judge_mails(
    deliveries: Iterable[Document], mails: Iterable[EmailMessage], addresses: Mapping[str, str], taken_over: float
) -> None:
    """Every mail of every ticket was delivered, and no more of them twice than the senders say."""
    stored = {f"<{delivery['_id']}@localhost>": delivery for delivery in deliveries}
    assert Counter((delivery["ticket"], delivery["kind"]) for delivery in stored.values()) == Counter(
        (ticket, kind) for ticket in addresses for kind in _MAILS
    )
    sent = [(str(mail["Message-ID"]), str(mail["To"])) for mail in mails]
    assert {name for name, _ in sent} == set(stored)
    assert len(sent) - len(stored) <= taken_over
    for name, address in sent:
        delivery = stored[name]
        assert delivery["state"] == "sent"
        assert (delivery["recipient"] == "reporter") == (address == addresses[delivery["ticket"]])
