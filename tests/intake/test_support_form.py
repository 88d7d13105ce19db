"""`Me too` as a page's form sends it."""

from collections.abc import AsyncGenerator

import httpx2
import pytest

from services.intake.follow_ups import FollowUps
from services.intake.support_form import create_support_router
from shared.events.complaints import ComplaintSupported
from shared.problems import ProblemApp
from shared.tracking import CodeCheck
from tests.intake.test_follow_ups import SETTINGS, TICKET, told
from tests.shared.fakes import FakePublisher

KEY = "00000000-0000-4000-8000-000000000001"
PATH = f"/lapor/{TICKET}/support"


@pytest.fixture
async def intake(publisher: FakePublisher) -> AsyncGenerator[httpx2.AsyncClient]:
    app = ProblemApp(max_body_size=64 * 1024)
    app.include_router(
        create_support_router(FollowUps(SETTINGS, publisher, CodeCheck(SETTINGS.tracking_keys())))  # type: ignore[arg-type]
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://intake") as client:
        yield client


async def test_given_a_form_when_it_is_pressed_twice_then_one_supporter_is_told_and_the_case_is_shown(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    answers = [await intake.post(PATH, data={"key": KEY}) for _ in range(2)]

    assert [(one.status_code, one.headers["location"]) for one in answers] == [
        (303, f"/aduan/{TICKET}?terima-kasih=1")
    ] * 2
    supports = [event for event in told(publisher) if isinstance(event, ComplaintSupported)]
    assert len({support.supporter for support in supports}) == 1


async def test_given_another_site_when_its_page_sends_the_form_then_it_is_refused(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    answer = await intake.post(PATH, data={"key": KEY}, headers={"Origin": "https://elsewhere.example"})

    assert answer.status_code == 403
    assert publisher.published == []


@pytest.mark.parametrize("data", [{}, {"key": "1"}])
async def test_given_a_form_without_its_key_when_it_is_sent_then_the_field_is_named(
    intake: httpx2.AsyncClient, data: dict[str, str]
) -> None:
    answer = await intake.post(PATH, data=data)

    assert answer.status_code == 422
    assert "key" in answer.text


async def test_given_no_broker_when_the_form_is_sent_then_the_page_offers_the_same_press_again(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    publisher.reachable = False

    answer = await intake.post(PATH, data={"key": KEY})

    assert answer.headers["location"] == f"/aduan/{TICKET}/juga?gagal=1&key={KEY}"
