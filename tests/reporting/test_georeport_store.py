"""What clients of Open311 ask for, on a real MongoDB."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from services.reporting.domain.georeport import Span
from services.reporting.store.georeport import Page, Requests
from shared.mongo import MongoSettings, connected
from tests.profiler import watch, watched
from tests.reporting.conftest import Projecting
from tests.reporting.samples import RECEIVED_AT, a_lifecycle, a_personal_part, a_step, hours, ticket

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]

PAGE = Page(skip=0, limit=1_000)
MONTH = Span(RECEIVED_AT - timedelta(days=9), RECEIVED_AT + timedelta(days=21))
TIMES: list[dict[str, Any]] = [
    {"requested": MONTH},
    {"requested": Span(RECEIVED_AT)},
    {"updated": Span(RECEIVED_AT)},
    {"updated": Span(None, RECEIVED_AT + hours(9))},
    {"updated": MONTH, "requested": MONTH},
]
FILTERS: list[dict[str, Any]] = [
    {},
    {"codes": ["road.damage"]},
    {"codes": ["road.damage", "env.waste"], "statuses": ["resolved", "closed"]},
    {"statuses": ["received", "assigned"]},
]


async def test_given_any_filters_when_requests_are_found_then_an_index_finds_them(
    projecting: Projecting, mongo: MongoSettings
) -> None:
    georeport = projecting.store.georeport
    await projecting.take(*(record for number in range(40) for record in a_lifecycle(number)))
    async with connected(mongo) as database:
        await watch(database)

        for times, filters in product(TIMES, FILTERS):
            await georeport.find(Requests(**times, **filters), Page(skip=5, limit=10))
        await georeport.read([ticket(1), ticket(2)])
        await georeport.updates(MONTH, [], PAGE)
        await georeport.updates(Span(None), [ticket(1), ticket(2)], PAGE)
        commands = await watched(database)

    # What is longer than a hundred comes in two parts.
    assert len(commands) >= len(TIMES) * len(FILTERS) + 3
    assert [command for command in commands if "IXSCAN" not in command["planSummary"]] == []


async def test_given_a_window_without_filters_when_requests_are_found_then_the_index_gives_their_order(
    projecting: Projecting, mongo: MongoSettings
) -> None:
    await projecting.take(*(a_step(number, 1) for number in range(40)))
    async with connected(mongo) as database:
        await watch(database)

        for times in TIMES[:4]:
            await projecting.store.georeport.find(Requests(**times), Page(skip=0, limit=10))
        commands = await watched(database)

    assert [command for command in commands if command.get("hasSortStage")] == []
    assert [command["docsExamined"] for command in commands] == [10] * 4


async def test_given_what_a_reporter_wrote_when_requests_are_found_then_it_is_not_even_read(
    projecting: Projecting,
) -> None:
    await projecting.take(*a_lifecycle(1), a_personal_part(1))

    [found] = await projecting.store.georeport.find(Requests(requested=MONTH), PAGE)
    read = await projecting.store.georeport.read([ticket(1)])

    assert (found.personal, found.submission, read[ticket(1)].personal) == ({}, None, {})
    assert list(found.words.values()) == ["Sudah kami tambal"]


async def test_given_confidential_cases_when_all_is_asked_for_then_nothing_is_found(projecting: Projecting) -> None:
    await projecting.take(*a_lifecycle(1, confidential=True))
    georeport = projecting.store.georeport

    found = [
        await georeport.find(Requests(requested=MONTH), PAGE),
        await georeport.find(Requests(updated=MONTH), PAGE),
        await georeport.updates(MONTH, [], PAGE),
        await georeport.updates(Span(None), [ticket(1)], PAGE),
        list(await georeport.read([ticket(1)])),
    ]

    assert found == [[]] * 5
