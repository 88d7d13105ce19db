"""What makes and judges fires, by itself: a checker that can't find a fault finds none."""

import asyncio
import errno
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.ports import HOST, free_port
from shared.records import Record
from tests.system.fire.checking import HANDLED, OPENED, Seen, judge
from tests.system.fire.clocks import Clocks
from tests.system.fire.disks import small_disk
from tests.system.fire.proxy import Proxy, proxying
from tests.system.fire.schedule import BROKER, BROKERS, MEMBERS, PRIMARY, TARGETS, Kind, each_kind, every_fault
from tests.waiting import until

SEEDS = st.integers(0, 10_000)


@given(SEEDS)
def test_given_a_seed_when_every_fault_is_drawn_then_each_kind_hits_each_target_once_and_always_the_same(
    seed: int,
) -> None:
    schedule = every_fault(seed, longest_s=8)

    faults = Counter((fault.kind, fault.target) for fault in chain.from_iterable(schedule))
    assert faults == Counter((kind, target) for kind, targets in TARGETS.items() for target in targets)
    assert schedule == every_fault(seed, longest_s=8)


@given(SEEDS)
def test_given_a_seed_when_two_faults_come_at_once_then_they_are_of_different_parts(seed: int) -> None:
    layers = {BROKER: BROKERS, PRIMARY: MEMBERS}

    for faults in every_fault(seed, longest_s=8):
        assert len({layers.get(fault.target, fault.target) for fault in faults}) == len(faults)


@given(SEEDS)
def test_given_a_seed_when_one_of_each_kind_is_drawn_then_service_broker_and_database_are_killed(seed: int) -> None:
    faults = [fault for one in each_kind(seed, longest_s=4) for fault in one]

    assert {fault.kind for fault in faults} == set(Kind)
    killed = [fault.target for fault in faults if fault.kind is Kind.KILL]
    assert {BROKER, PRIMARY} < set(killed)
    assert len(killed) == 3
    assert all(2 <= fault.lasts_s <= 4 for fault in faults)


def a_record(ticket: str, offset: int, **event: Any) -> Record:
    value = json.dumps({"event_id": f"{ticket}-{event.get('sequence', 0)}", **event}).encode()
    return ConsumerRecord("topic", 0, offset, 0, 0, ticket.encode(), value, None, 0, 0, ())


def the_events(ticket: str, kinds: tuple[str, ...]) -> list[Record]:
    return [a_record(ticket, 0, type=kind, sequence=number) for number, kind in enumerate(kinds, 1)]


def the_deliveries(ticket: str, *kinds: str) -> list[dict[str, Any]]:
    recipients = {"new_case": "agency"}
    return [
        {
            "_id": f"{ticket}-{kind}",
            "ticket": ticket,
            "kind": kind,
            "state": "sent",
            "recipient": recipients.get(kind, "reporter"),
        }
        for kind in kinds
    ]


def after_a_fire() -> Seen:
    """In which all went well: A was only opened, B was handled."""
    deliveries = [
        *the_deliveries("A", "received", "assigned", "new_case"),
        *the_deliveries("B", "received", "assigned", "new_case", "progress", "resolved"),
    ]
    addresses = {"A": "a@mail.example", "B": "b@mail.example"}
    mails = [
        (f"<{one['_id']}@localhost>", addresses[one["ticket"]] if one["recipient"] == "reporter" else "o@dinas.example")
        for one in deliveries
    ]
    return Seen(
        accepted=addresses,
        handled=frozenset({"B"}),
        submissions=[a_record(ticket, 0, type="complaint.submitted.v1") for ticket in "AB"],
        events=[*the_events("A", OPENED), *the_events("B", HANDLED)],
        cases=[{"_id": ticket, "case": {}} for ticket in "AB"],
        projected=[
            {"_id": "A", "history": dict.fromkeys("12")},
            {"_id": "B", "history": dict.fromkeys("1234")},
        ],
        deliveries=deliveries,
        mails=mails,
        window=1,
        parked=0,
    )


def test_given_a_fire_in_which_nothing_was_lost_when_it_is_judged_then_nothing_is_wrong() -> None:
    seen = after_a_fire()
    again = replace(seen, events=[*seen.events, seen.events[0]], mails=[*seen.mails, seen.mails[0]])

    assert judge(seen) == (verdict := replace(judge(seen), lost=0, doubled=0, wrong=()))
    assert judge(again) == replace(verdict, doubled=1)


DAMAGES: dict[str, Callable[[Seen], Seen]] = {
    "a submission is lost": lambda seen: replace(seen, submissions=seen.submissions[1:]),
    "a case is lost in routing": lambda seen: replace(seen, cases=seen.cases[1:]),
    "a case has no complaint": lambda seen: replace(seen, cases=[*seen.cases, {"_id": "C"}]),
    "a case is lost in reporting": lambda seen: replace(seen, projected=seen.projected[1:]),
    "a case that nobody complained of": lambda seen: replace(
        seen, projected=[*seen.projected, {"_id": "C", "history": {}}]
    ),
    "an event is lost": lambda seen: replace(seen, events=seen.events[1:]),
    "the last event is lost": lambda seen: replace(seen, events=seen.events[:-1]),
    "two events change places": lambda seen: replace(seen, events=[seen.events[1], seen.events[0], *seen.events[2:]]),
    "an event comes again as another": lambda seen: replace(
        seen, events=[*seen.events, a_record("A", 9, type="case.assigned.v1", sequence=2, rule="another")]
    ),
    "a sequence is given twice": lambda seen: replace(
        seen, events=[*seen.events, a_record("A", 9, type="case.closed.v1", sequence=2, event_id="other")]
    ),
    "something is done that nobody did": lambda seen: replace(seen, handled=frozenset()),
    "reporting misses an event": lambda seen: replace(
        seen, projected=[{"_id": "A", "history": dict.fromkeys("2")}, seen.projected[1]]
    ),
    "a message was never decided": lambda seen: replace(seen, deliveries=seen.deliveries[1:], mails=seen.mails[1:]),
    "a message is not sent": lambda seen: replace(
        seen, deliveries=[{**seen.deliveries[0], "state": "failed"}, *seen.deliveries[1:]]
    ),
    "a mail never came": lambda seen: replace(seen, mails=seen.mails[1:]),
    "a mail came that nobody stored": lambda seen: replace(
        seen, mails=[*seen.mails, ("<C@localhost>", "a@mail.example")]
    ),
    "a mail went to another": lambda seen: replace(seen, mails=[(seen.mails[0][0], "b@mail.example"), *seen.mails[1:]]),
    "more mails came twice than are counted": lambda seen: replace(seen, mails=[*seen.mails, *seen.mails[:2]]),
    "something was parked": lambda seen: replace(seen, parked=1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_given_damage_when_a_fire_is_judged_then_it_is_found(damage: str) -> None:
    verdict = judge(DAMAGES[damage](after_a_fire()))

    assert verdict.wrong


@asynccontextmanager
async def echoing() -> AsyncGenerator[tuple[Proxy, list[bytes]]]:
    """A server that answers with what it heard, behind a proxy; gives what it heard."""
    heard: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while told := await reader.read(100):
            heard.append(told)
            writer.write(told)
        writer.close()

    server = await asyncio.start_server(echo, HOST, port := free_port())
    async with server, proxying(port) as (proxy,):
        yield proxy, heard


async def test_given_a_proxy_that_is_cut_when_it_heals_then_what_was_said_meanwhile_arrives() -> None:
    async with echoing() as (proxy, heard):
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        proxy.cut()
        writer.write(b"meanwhile")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(100)
        before = list(heard)
        proxy.heal()

        assert await reader.read(100) == b"meanwhile"
        assert before == []
        writer.close()


async def test_given_a_proxy_that_loses_answers_when_something_is_asked_then_only_the_server_knows() -> None:
    async with echoing() as (proxy, heard):
        proxy.loses_answers = True
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        writer.write(b"asked")
        await until(lambda: heard)
        proxy.reset()

        with pytest.raises(ConnectionResetError):
            await reader.read(100)
        assert heard == [b"asked"]
        writer.close()


async def test_given_a_proxy_with_a_delay_when_something_is_asked_then_it_takes_as_long_twice() -> None:
    async with echoing() as (proxy, _):
        proxy.delay_s = 0.1
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        began = asyncio.get_running_loop().time()
        writer.write(b"asked")

        assert await reader.read(100) == b"asked"
        assert asyncio.get_running_loop().time() - began > 0.2
        writer.close()


def test_given_a_small_disk_when_it_is_filled_then_nothing_more_can_be_written_until_it_is_freed(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        if disk is None:
            pytest.skip("a small disk needs root and mount")
        disk.fill()
        with pytest.raises(OSError, match="No space left") as full:
            (tmp_path / "disk" / "more").write_bytes(b"x")
        disk.free()

        assert full.value.errno == errno.ENOSPC
        assert (tmp_path / "disk" / "more").write_bytes(b"x") == 1


async def test_given_a_process_with_a_clock_of_its_own_when_it_is_set_wrong_then_the_process_believes_it(
    tmp_path: Path,
) -> None:
    clock = Clocks(tmp_path)
    asks = "import sys, time\nfor _ in sys.stdin: print(time.time(), flush=True)"
    with Popen(
        [sys.executable, "-c", asks], stdin=PIPE, stdout=PIPE, text=True, env=clock.variables("routing")
    ) as told:
        asked, answered = told.stdin, told.stdout
        assert asked
        assert answered

        def differs_s() -> float:
            asked.write("\n")
            asked.flush()
            return float(answered.readline()) - time.time()

        right = differs_s()
        clock.set("routing", 600)
        await until(lambda: differs_s() > 500)
        clock.set("routing", -90)
        await until(lambda: differs_s() < -80)
        asked.close()

    assert abs(right) < 60
