"""The person concerned takes over, on the reporters' pages, what somebody filed for them."""

import re

import httpx2
import pytest

from shared.events.personal import Subject
from shared.ids import subject_code, tracking_code
from tests.reporting.conftest import Projecting
from tests.reporting.samples import TRACKING_KEYS, a_personal_part, a_step, a_submission, ticket
from tests.reporting.test_public_pages import text_of
from tests.reporting.test_take_over import taken_over

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]
PAGE = f"/lacak/{ticket(1)}"
CODES = {"subject": subject_code(TRACKING_KEYS, "K", ticket(1)), "proxy": tracking_code(TRACKING_KEYS, "K", ticket(1))}
TAKE_OVER = f'action="/lapor/{ticket(1)}/take-over"'
RAHMA = Subject(name="Rahma", phone="+6281234567")


async def page_of(public: httpx2.AsyncClient, who: str, query: str = "") -> httpx2.Response:
    await public.post("/lacak", data={"ticket": ticket(1), "code": CODES[who]})
    return await public.get(PAGE + query)


async def filed_for_rahma(projecting: Projecting) -> None:
    part = a_personal_part(1).model_copy(update={"subject": RAHMA})
    await projecting.take(a_submission(1, proxy="relative", mandate="spoken"), part, a_step(1, 1))


@pytest.mark.parametrize(
    ("language", "meaning"), [("id", "yang membuatnya tidak dapat lagi"), ("en", "who filed it can")]
)
async def test_given_a_complaint_for_somebody_when_that_person_enters_then_taking_over_is_offered_with_what_it_means(
    public: httpx2.AsyncClient, projecting: Projecting, language: str, meaning: str
) -> None:
    await filed_for_rahma(projecting)
    public.headers["Accept-Language"] = language

    page = await page_of(public, "subject")

    form = page.text.partition(TAKE_OVER)[2].partition("</form>")[0]
    assert meaning in form
    assert re.findall(r'<input id="take-over-([a-z]+)" .*?value="([^"]*)"', form) == [
        ("name", "Rahma"),
        ("email", ""),
        ("phone", "+6281234567"),
    ]


async def test_given_a_complaint_for_somebody_when_who_filed_it_enters_then_nothing_is_offered_to_take_over(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await filed_for_rahma(projecting)

    page = await page_of(public, "proxy")

    assert page.status_code == 200
    assert TAKE_OVER not in page.text


async def test_given_a_take_over_when_the_pages_are_read_then_one_says_so_and_who_filed_it_is_let_in_no_more(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await filed_for_rahma(projecting)
    await page_of(public, "proxy")
    event = taken_over()
    part = a_personal_part(1).model_copy(update={"part": event.part, "name": "Rahma", "text": ""})
    await projecting.take(part, event)

    others = await public.get(PAGE)
    own = await page_of(public, "subject", f"?apa=take-over&tindak={event.event_id}&sesudah=1")

    assert (others.status_code, own.status_code) == (403, 200)
    assert "Aduan ini sekarang di tangan Anda" in text_of(own)
    assert TAKE_OVER not in own.text
