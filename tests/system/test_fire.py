"""A short fire: each kind of fault once, brokers, database and a service killed, while residents and officers go on."""

from pathlib import Path

import pytest

from tests.system.fire.burning import burn
from tests.system.fire.schedule import each_kind

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

SEED = 1


async def test_given_people_who_go_on_when_everything_fails_in_turn_then_nothing_is_lost_or_told_twice(
    tmp_path: Path,
) -> None:
    schedule = each_kind(SEED, longest_s=4.0)

    report = await burn(tmp_path, SEED, schedule, complaints=1_000)

    print("\n".join(report.lines()))
    assert report.verdict.wrong == ()
    assert report.verdict.lost == 0
    assert report.accepted == 1_000 + len(report.burned) + 1
