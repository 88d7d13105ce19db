"""Forms of one address that sends many: each must wait or work, and says so itself."""

import re
from itertools import count
from pathlib import Path

import pytest

from services.intake.domain.stamps import is_worked
from tests.intake.plain_browser import Page, PlainBrowser
from tests.intake.residents import Door, a_door
from tests.intake.test_form import ROAD, SITTI, WORDS

COMPLAINT = {**ROAD, **SITTI, "regency": "52.03"}
BITS = 16


@pytest.fixture
def guarded(tmp_path: Path) -> Door:
    """Where the second form of a minute is one of many."""
    return a_door(tmp_path.as_uri(), limits={"form_least": "PT0S", "form_at_ease": "1/minute"})


def asked_of(page: Page) -> list[str]:
    return re.findall(r'id="complaint"[^>]* data-work="(\d+)"', page.html)


def work_for(page: Page) -> str:
    stamp = page.fields["stamp"][0]
    return next(str(number) for number in count() if is_worked(stamp, str(number), BITS))


async def send_one(door: Door) -> Page:
    siti = PlainBrowser(door.http)
    await siti.open()
    await siti.press("check", **COMPLAINT)
    return await siti.press("send")


async def test_given_few_forms_of_an_address_when_one_is_filled_in_then_no_work_is_asked(guarded: Door) -> None:
    siti = PlainBrowser(guarded.http)

    pages = [await siti.open(), await siti.press("suggest", **COMPLAINT), await siti.press("check")]

    assert [asked_of(page) for page in pages] == [[], [], []]
    assert (await siti.press("send")).status == 200


async def test_given_many_forms_of_an_address_when_one_more_is_checked_then_its_work_is_asked_and_lets_it_in(
    guarded: Door,
) -> None:
    await send_one(guarded)
    siti = PlainBrowser(guarded.http)
    empty = await siti.open()

    checked = await siti.press("check", **COMPLAINT)
    work = work_for(checked)
    edited = await siti.press("edit", work=work)
    again = await siti.press("check")
    receipt = await siti.press("send")

    assert (asked_of(empty), asked_of(checked)) == ([], [str(BITS)])
    assert (edited.fields["work"], again.fields["work"]) == ([work], [work])
    assert (asked_of(edited), asked_of(again)) == ([], [])
    assert receipt.status == 200
    assert len(guarded.publisher.published) == 4


async def test_given_a_form_that_was_checked_before_many_came_when_it_is_sent_then_it_can_work_and_be_sent_again(
    guarded: Door,
) -> None:
    siti = PlainBrowser(guarded.http)
    await siti.open()
    checked = await siti.press("check", **COMPLAINT)
    await send_one(guarded)

    refused = await siti.press("send")
    wrong = await siti.press("send", work="1")
    receipt = await siti.press("send", work=work_for(wrong))

    assert asked_of(checked) == []
    assert [(page.status, asked_of(page)) for page in (refused, wrong)] == [(429, [str(BITS)])] * 2
    assert WORDS["id"]["refused"]["too_many"] in refused.words
    assert refused.fields["stamp"] == wrong.fields["stamp"] == checked.fields["stamp"]
    assert receipt.status == 200


async def test_given_a_trap_that_was_filled_in_when_the_form_comes_back_then_work_for_its_old_stamp_is_gone(
    guarded: Door,
) -> None:
    await send_one(guarded)
    siti = PlainBrowser(guarded.http)
    await siti.open()
    checked = await siti.press("check", **COMPLAINT, website="https://spam.example")

    trapped = await siti.press("send", work=work_for(checked))

    assert trapped.status == 403
    assert (trapped.fields["work"], asked_of(trapped)) == ([""], [str(BITS)])
    assert trapped.fields["stamp"] != checked.fields["stamp"]
