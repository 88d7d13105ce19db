"""Filing for somebody else by the residents' form, without scripts."""

import pytest

from services.intake.pages.filled import PROXY, SUBJECT
from shared.events.complaints import Mandate, Proxy
from shared.ids import parse_ticket, subject_code_fits, tracking_code_fits
from tests.intake.plain_browser import Page, PlainBrowser
from tests.intake.residents import Door
from tests.intake.test_form import ROAD, SITTI, WORDS

KEYS = {"1": b"dev-tracking"}
INAQ = {
    "proxy": "village_head",
    "mandate": "spoken",
    "subject_name": "Inaq Sahnim",
    "subject_phone": "0819 1234 5678",
    "subject_email": "inaq@mail.example",
}
COMPLAINT = {**ROAD, **SITTI, "regency": "52.03"}
OPEN = 'id="subject" open>'


@pytest.fixture
def sitti(door: Door) -> PlainBrowser:
    return PlainBrowser(door.http)


def said_of_somebody(page: Page) -> dict[str, str]:
    return {name: page.fields[name][0] for name in (*PROXY, *SUBJECT)}


async def test_given_a_village_head_when_they_file_for_somebody_then_each_gets_a_code_and_the_mandate_is_kept(
    door: Door, sitti: PlainBrowser
) -> None:
    opened = await sitti.open()
    checked = await sitti.press("check", **COMPLAINT, **INAQ)
    receipt = await sitti.press("send")

    assert OPEN not in opened.html
    for told in ("Inaq Sahnim", "0819 1234 5678", "inaq@mail.example", "kepala desa atau lurahnya", "lisan"):
        assert told in checked.words
    ticket, code = parse_ticket(receipt.text_of("ticket")), receipt.text_of("code")
    subject_code = receipt.text_of("subject-code")
    assert tracking_code_fits(KEYS, ticket, code)
    assert subject_code_fits(KEYS, ticket, subject_code)
    personal, facts = door.published()
    assert (facts.proxy, facts.mandate, facts.ticket) == (Proxy.VILLAGE_HEAD, Mandate.SPOKEN, ticket)
    assert personal.subject is not None
    assert personal.subject.model_dump() == {
        "name": "Inaq Sahnim",
        "phone": "+6281912345678",
        "email": "inaq@mail.example",
    }
    assert (personal.name, personal.phone) == ("Sitti", "+628123456789")


@pytest.mark.parametrize("language", ["id", "en"])
async def test_given_a_receipt_with_two_codes_when_it_is_read_copied_or_heard_then_each_code_says_whose_it_is(
    sitti: PlainBrowser, language: str
) -> None:
    sitti.language = language
    await sitti.open()
    await sitti.press("check", **COMPLAINT, **INAQ)

    receipt = await sitti.press("send")

    codes = {"ticket": receipt.text_of("ticket"), "code": receipt.text_of("code")}
    spoken = WORDS[language]["spoken_for_other"].format(**codes, subject_code=receipt.text_of("subject-code"))
    assert WORDS[language]["codes_for"].format("Inaq Sahnim") in receipt.words
    assert WORDS[language]["received_lead_for_other"] in receipt.words
    assert f'data-copy="{spoken}"' in receipt.html
    assert f'data-speak="{spoken.replace("-", ", ")}"' in receipt.html


async def test_given_a_complaint_of_ones_own_when_it_is_sent_then_there_is_one_code_and_nobody_else_is_spoken_of(
    door: Door, sitti: PlainBrowser
) -> None:
    await sitti.open()
    checked = await sitti.press("check", **COMPLAINT)
    receipt = await sitti.press("send")

    assert WORDS["id"]["myself"] in checked.words
    assert WORDS["id"]["mandate"] not in checked.words
    assert receipt.text_of("subject-code") == ""
    assert WORDS["id"]["received_lead"] in receipt.words
    personal, facts = door.published()
    assert (personal.subject, facts.proxy, facts.mandate) == (None, None, None)


@pytest.mark.parametrize(
    ("filled", "faults"),
    [
        ({"proxy": "relative"}, {"mandate", "subject_name"}),
        ({"mandate": "written"}, {"proxy", "subject_name"}),
        ({"subject_name": "Inaq"}, {"proxy", "mandate"}),
        ({"subject_email": "inaq@mail.example"}, {"proxy", "mandate", "subject_name"}),
        (INAQ | {"subject_phone": "7", "subject_email": "inaq"}, {"subject_phone", "subject_email"}),
        (INAQ | {"proxy": "boss", "mandate": "none"}, {"proxy", "mandate"}),
        (INAQ | {"subject_name": "I" * 201}, {"subject_name"}),
    ],
)
async def test_given_only_a_part_about_somebody_else_when_it_is_checked_then_it_is_said_what_is_missing_and_where(
    door: Door, sitti: PlainBrowser, filled: dict[str, str], faults: set[str]
) -> None:
    await sitti.open()

    page = await sitti.press("check", **COMPLAINT, **filled)

    assert (page.status, set(page.errors)) == (422, faults)
    assert page.errors == {name: WORDS["id"]["faults"][name] for name in faults}
    assert all(f'<a href="#{name}">' in page.html for name in faults)
    assert OPEN in page.html
    assert door.publisher.published == []


async def test_given_faults_elsewhere_when_the_form_comes_back_then_all_about_somebody_else_is_kept_and_can_be_changed(
    door: Door, sitti: PlainBrowser
) -> None:
    hostile = INAQ | {"subject_name": 'Inaq "<b>{0}" O\'Neil'}
    await sitti.open()

    refused = await sitti.press("check", **hostile)
    await sitti.press("check", **COMPLAINT)
    edited = await sitti.press("edit")
    await sitti.press("check", proxy="relative")
    receipt = await sitti.press("send")

    assert said_of_somebody(refused) == hostile == said_of_somebody(edited)
    assert OPEN in refused.html
    assert OPEN in edited.html
    assert "<b>" not in refused.html + edited.html + receipt.html
    assert hostile["subject_name"] in receipt.words
    personal, facts = door.published()
    assert personal.subject is not None
    assert (personal.subject.name, facts.proxy) == (hostile["subject_name"], Proxy.RELATIVE)


async def test_given_a_broker_that_is_away_when_it_is_sent_again_then_it_is_still_for_the_other_person(
    door: Door, sitti: PlainBrowser
) -> None:
    await sitti.open()
    await sitti.press("check", **COMPLAINT, **INAQ)
    door.publisher.reachable = False

    refused = await sitti.press("send")
    door.publisher.reachable = True
    receipt = await sitti.press("send")

    assert (refused.status, said_of_somebody(refused)) == (503, INAQ)
    assert subject_code_fits(KEYS, receipt.text_of("ticket"), receipt.text_of("subject-code"))


@pytest.mark.parametrize("more", [{"anonymous": "1"}, {"category": "integrity.whistle"}, {"text": ""}])
async def test_given_no_name_of_ones_own_when_it_is_for_somebody_else_then_it_is_asked_for_even_where_it_is_anonymous(
    door: Door, sitti: PlainBrowser, more: dict[str, str]
) -> None:
    await sitti.open()

    page = await sitti.press("check", **{**COMPLAINT, **INAQ, "name": "", **more})

    assert page.status == 422
    assert page.errors["name"] == WORDS["id"]["faults"]["name_for_other"]
    assert door.publisher.published == []


async def test_given_an_anonymous_complaint_with_a_name_when_it_is_for_somebody_else_then_it_is_taken(
    door: Door, sitti: PlainBrowser
) -> None:
    await sitti.open()
    await sitti.press("check", **COMPLAINT, **INAQ, anonymous="1")

    receipt = await sitti.press("send")

    assert receipt.status == 200
    personal, facts = door.published()
    assert (facts.anonymous, facts.proxy) == (True, Proxy.VILLAGE_HEAD)
    assert personal.subject is not None


async def test_given_somebody_who_thinks_better_of_it_when_they_say_that_it_is_their_own_then_only_that_is_emptied(
    door: Door, sitti: PlainBrowser
) -> None:
    await sitti.open()
    await sitti.press("suggest", **COMPLAINT, **INAQ)

    page = await sitti.press("myself")
    await sitti.press("check")
    receipt = await sitti.press("send")

    assert set(said_of_somebody(page).values()) == {""}
    assert {name: page.fields[name][0] for name in COMPLAINT} == COMPLAINT
    assert OPEN not in page.html
    assert receipt.text_of("subject-code") == ""
    assert door.published()[0].subject is None


@pytest.mark.parametrize("language", ["id", "en"])
def test_given_every_proxy_and_mandate_when_the_form_is_read_then_there_is_a_word_for_each(language: str) -> None:
    words = WORDS[language]

    assert set(words["proxies"]) == {"", *Proxy}
    assert set(words["mandates"]) == {"", *Mandate}
