import asyncio
from datetime import UTC, datetime

import pytest

from services.reporting.lateness import tell_late
from shared.events.case import PromiseKind, Status
from shared.metrics import REGISTRY
from tests.reporting.conftest import Projecting
from tests.reporting.samples import a_promise, a_step
from tests.waiting import until

pytestmark = pytest.mark.integration
LATE = a_promise(PromiseKind.RESPONSE, 24).model_copy(update={"breached_at": datetime(2026, 3, 6, tzinfo=UTC)})


async def test_given_open_cases_when_promises_are_broken_and_then_kept_then_the_metric_says_how_many_are_late(
    projecting: Projecting,
) -> None:
    await projecting.take(a_step(1, 1, promises=(LATE,)), a_step(2, 1, promises=(LATE,)), a_step(3, 1))
    telling = asyncio.create_task(tell_late(projecting.store, every_s=0.05))
    try:
        await until(lambda: said() == 2)

        await projecting.take(a_step(1, 2, status=Status.REJECTED, promises=(LATE,)))

        await until(lambda: said() == 1)
    finally:
        telling.cancel()


def said() -> float | None:
    return REGISTRY.get_sample_value("ntbcare_cases_late", {"service": "reporting"})
