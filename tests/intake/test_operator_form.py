"""Complaints that came by counter, telephone or social media, keyed in at `/lapor/loket` by an operator."""

import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import Response

from services.intake.operator_sessions import HOME, OperatorSessions
from services.intake.pages.filled import KEYED_IN
from shared.access import make_token
from shared.directory import Directory
from shared.doors import contact_digest
from shared.events.directory import Client, ClientRole
from shared.events.directory import Door as Province
from shared.ids import parse_ticket, subject_code_fits, tracking_code_fits
from shared.wita import WITA
from tests.intake.images import a_photo
from tests.intake.plain_browser import Page, PlainBrowser
from tests.intake.posting import the_settings
from tests.intake.residents import Door, a_door
from tests.intake.test_form import ROAD, SITTI, WORDS

KEYS = {"1": b"dev-tracking"}
POST_OF_FACEBOOK = "https://facebook.example/ntbcare/posts/77"
KEYED = {"channel": "facebook", "received_at": "2026-03-02T09:15", "source": POST_OF_FACEBOOK, "language": "en"}
COMPLAINT = {**ROAD, **SITTI, "regency": "52.03"}


def a_client(client_id: str, role: ClientRole = ClientRole.OPERATOR, **told: Any) -> tuple[Client, str]:
    token, digest = make_token(client_id)
    return Client(id=client_id, name="Biro Organisasi", role=role, token_digest=digest, issued_at=MADE, **told), token


MADE = datetime(2026, 1, 1, tzinfo=UTC)
ANI, ANIS = a_client("biro-ani")
POS, POSS = a_client("lombok-post", ClientRole.INTEGRATOR)


def known_to(door: Door) -> Door:
    door.directory.clients.update({client.id: client for client in (ANI, POS)})
    return door


@pytest.fixture
def at_door(door: Door) -> Door:
    return known_to(door)


@pytest.fixture
async def ani(at_door: Door) -> PlainBrowser:
    """Signed in."""
    browser = PlainBrowser(at_door.http, home=HOME)
    await sign_in(browser)
    await browser.open()
    return browser


async def sign_in(browser: PlainBrowser, token: str = ANIS, **sent: str) -> httpx2.Response:
    answer = await browser.http.post(HOME, data={"token": token, **sent}, headers={"Accept-Language": "id"})
    browser.see(answer)
    return answer


@pytest.fixture
async def limited() -> AsyncGenerator[Door]:
    """Where an address may send next to nothing, and Sitti's telephone is blocked."""
    rates = dict.fromkeys(("complaints", "photos", "suggestions", "contacts", "form_at_ease"), "1/hour")
    door = known_to(a_door("memory:///", limits=rates, door_secret="dev-door"))
    blocked = (contact_digest(b"dev-door", SITTI["phone"]),)
    door.directory.doors["province"] = Province(blocked=blocked)
    async with door.http:
        yield door


async def key_in(browser: PlainBrowser, **filled: str) -> Page:
    await browser.press("check", **{**COMPLAINT, **KEYED, **filled})
    assert "send" in browser.page.buttons, browser.page.errors
    return await browser.press("send")


async def test_given_an_operator_when_a_post_is_keyed_in_then_all_of_where_it_is_from_is_published_with_who_did(
    at_door: Door, ani: PlainBrowser
) -> None:
    await ani.press("photo", a_photo())
    checked = await ani.press("check", **COMPLAINT, **KEYED)
    receipt = await ani.press("send")

    for told in ("Facebook", "2026-03-02 09:15 WITA", POST_OF_FACEBOOK, "Inggris"):
        assert told in checked.words
    ticket = parse_ticket(receipt.text_of("ticket"))
    assert tracking_code_fits(KEYS, ticket, receipt.text_of("code"))
    for told in ("oleh Biro Organisasi", "Facebook", "intake/lacak"):
        assert told in receipt.words
    personal, facts = at_door.published()
    assert (facts.ticket, facts.channel, facts.client) == (ticket, "facebook", "biro-ani")
    assert facts.received_at == datetime(2026, 3, 2, 9, 15, tzinfo=WITA)
    assert (facts.historical, facts.photos, facts.language) == (True, 1, "en")
    assert (personal.source, personal.name, personal.phone) == (POST_OF_FACEBOOK, "Sitti", "+628123456789")


async def test_given_the_api_and_the_page_when_both_are_told_the_same_then_the_same_is_published(
    at_door: Door, ani: PlainBrowser
) -> None:
    await key_in(ani)
    of_page = at_door.published()
    body = {
        "category": ROAD["category"],
        "text": ROAD["text"],
        "location": {"region": "52.03"},
        "reporter": {"name": "Sitti", "phone": SITTI["phone"], "language": "en"},
        "channel": "facebook",
        "received_at": "2026-03-02T09:15+08:00",
        "source": POST_OF_FACEBOOK,
    }
    await at_door.http.post("/v1/complaints", json=body, headers={"Authorization": f"Bearer {ANIS}"})

    of_api = at_door.published()

    left_out = {"event_id", "ticket", "occurred_at", "part", "digest"}
    assert [one.model_dump(exclude=left_out) for one in of_page] == [one.model_dump(exclude=left_out) for one in of_api]


async def test_given_a_complaint_for_somebody_else_when_it_is_keyed_in_then_both_codes_are_handed_over(
    at_door: Door, ani: PlainBrowser
) -> None:
    inaq = {"proxy": "relative", "mandate": "written", "subject_name": "Inaq Sahnim"}

    receipt = await key_in(ani, **inaq, channel="counter", received_at="", source="")

    assert subject_code_fits(KEYS, parse_ticket(receipt.text_of("ticket")), receipt.text_of("subject-code"))
    _, facts = at_door.published()
    assert (facts.channel, facts.proxy, facts.historical) == ("counter", "relative", False)
    assert datetime.now(UTC) - facts.received_at < timedelta(minutes=1)


async def test_given_the_same_press_twice_when_it_is_keyed_in_then_it_is_one_complaint(ani: PlainBrowser) -> None:
    await ani.press("check", **COMPLAINT, **KEYED)
    page = ani.page

    first = await ani.press("send")
    ani.page = page
    second = await ani.press("send")

    assert first.text_of("ticket") == second.text_of("ticket") != ""


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    ("field", "value"),
    [("channel", ""), ("received_at", "kemarin"), ("received_at", "2999-01-01T00:00"), ("received_at", "1700000000")],
)
async def test_given_a_field_that_is_wrong_when_it_is_checked_then_its_sentence_stands_beside_it_and_nothing_is_lost(
    at_door: Door, ani: PlainBrowser, field: str, value: str, language: str
) -> None:
    ani.language = language

    page = await ani.press("check", **{**COMPLAINT, **KEYED, field: value})

    assert (page.status, page.errors) == (422, {field: WORDS[language]["faults"][field]})
    assert (page.fields["source"], page.fields["text"]) == ([POST_OF_FACEBOOK], [ROAD["text"]])
    assert at_door.publisher.published == []


async def test_given_a_channel_that_is_missing_when_a_name_is_too_then_both_are_told_at_once(ani: PlainBrowser) -> None:
    page = await ani.press("check", **{**COMPLAINT, **KEYED, "channel": "", "name": ""})

    assert page.errors.keys() == {"channel", "name"}
    assert page.errors["name"] == WORDS["id"]["at_counter"]["faults"]["name"]


async def test_given_limits_that_are_used_up_and_a_blocked_reporter_when_an_operator_keys_in_then_nothing_stops_them(
    limited: Door,
) -> None:
    ani = PlainBrowser(limited.http, home=HOME)
    await sign_in(ani)
    tickets = set[str]()
    for _ in range(3):
        await ani.open()
        await ani.press("photo", a_photo())
        tickets.add((await key_in(ani)).text_of("ticket"))
        sent = await ani.http.post(f"{HOME}/photos", files={"photo": ("x.jpg", a_photo())})
        assert sent.status_code == 201

    assert len(tickets) == 3


async def test_given_nobody_signed_in_when_the_page_is_opened_then_only_a_token_is_asked_for_and_no_robot_keeps_it(
    at_door: Door,
) -> None:
    answer = await at_door.http.get(HOME)

    page = Page(answer.status_code, answer.text)
    assert (page.status, list(page.fields), page.buttons) == (200, ["to", "back", "token"], [])
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert answer.headers["cache-control"] == "no-store"
    assert '<meta name="robots" content="noindex, nofollow">' in answer.text


@pytest.mark.parametrize("language", ["id", "en"])
async def test_given_residents_when_their_form_is_shown_then_it_knows_nothing_of_operators(
    at_door: Door, ani: PlainBrowser, language: str
) -> None:
    sitti = PlainBrowser(at_door.http, language=language)

    page = await sitti.open()

    assert HOME not in page.html
    assert not set(KEYED_IN) & page.fields.keys()
    sent = {**{name: value[0] for name, value in page.fields.items()}, **COMPLAINT, **KEYED, "go": "check"}
    checked = await sitti.send(sent)
    await sitti.press("send")
    _, facts = at_door.published()
    assert (checked.status, facts.channel, facts.client, facts.historical) == (200, "form", "public", False)


@pytest.mark.parametrize(
    ("token", "status"),
    [("", 401), ("ntb_biro-ani_0000", 401), (POSS, 403), (f"  {ANIS}\n", 303)],
    ids=["none", "wrong", "integrator", "operator"],
)
async def test_given_a_token_when_somebody_signs_in_then_only_an_operators_opens_the_page(
    at_door: Door, token: str, status: int
) -> None:
    browser = PlainBrowser(at_door.http, home=HOME)

    answer = await sign_in(browser, token)

    assert answer.status_code == status
    words = WORDS["id"]["at_counter"]["operator_refused"]
    assert status == 303 or words[str(status)] in answer.text
    assert ("channel" in (await browser.open()).fields) is (status == 303)


async def test_given_an_operator_who_signs_in_when_the_cookie_is_looked_at_then_it_is_no_token_and_for_this_page_alone(
    at_door: Door,
) -> None:
    cookie = (await sign_in(PlainBrowser(at_door.http, home=HOME))).headers["set-cookie"]

    assert ANIS.rpartition("_")[2] not in cookie
    for told in (f"Path={HOME}", "HttpOnly", "SameSite=strict", "Max-Age=43200"):
        assert told in cookie


async def test_given_an_operator_when_they_sign_out_then_the_page_asks_again(ani: PlainBrowser) -> None:
    answer = await ani.http.post(f"{HOME}/sign-out")

    assert (answer.status_code, answer.headers["location"]) == (303, HOME)
    assert "channel" not in (await ani.open()).fields


@pytest.mark.parametrize("change", [{"revoked_at": MADE}, {"token_digest": "0" * 64}])
async def test_given_a_token_that_was_revoked_or_made_anew_when_the_page_is_opened_then_it_asks_again(
    at_door: Door, ani: PlainBrowser, change: dict[str, Any]
) -> None:
    at_door.directory.clients[ANI.id] = ANI.model_copy(update=change)

    assert "channel" not in (await ani.open()).fields


@pytest.mark.parametrize(
    "mangled",
    [
        *("", "a.b", "biro-ani.99999999999.00", "biro-ani.x.00", "biro-ani.²³.00", "é.1.é"),
        pytest.param(f"biro-ani.{'9' * 5_000}.00", id="longer than a number may be"),
    ],
)
async def test_given_a_cookie_that_is_not_ours_when_the_page_is_opened_then_it_asks(
    at_door: Door, mangled: str
) -> None:
    headers = {"Cookie": f"ntbcare_loket={mangled}".encode("latin-1", "replace")}
    answer = await at_door.http.get(HOME, headers=headers)  # type: ignore[arg-type]

    assert answer.status_code == 200
    assert 'name="token"' in answer.text


def test_given_a_session_when_its_time_is_over_then_it_is_none() -> None:
    directory = Directory.of(ANI)
    settings = the_settings("memory:///")
    made = OperatorSessions.of(settings, directory)
    token = made.sign_in(ANIS).token

    def read(after_s: float) -> bool:
        late = OperatorSessions(directory, made.key, made.lasts_s, secure=False, now=lambda: made.now() + after_s)
        return late.read(a_request(token)) is not None

    assert (read(11 * 3600), read(12 * 3600 + 1)) == (True, False)


def test_given_production_when_a_session_begins_then_its_cookie_goes_over_https_alone() -> None:
    settings = the_settings("memory:///").model_copy(update={"environment": "production"})
    sessions, response = OperatorSessions.of(settings, Directory.of(ANI)), Response()

    sessions.remember(response, sessions.sign_in(ANIS))

    assert response.headers["set-cookie"].startswith("__Secure-ntbcare_loket=")
    assert "; Secure" in response.headers["set-cookie"]


def a_request(token: str) -> Any:
    return type("Asked", (), {"cookies": {"ntbcare_loket": token}})()


async def test_given_a_session_that_ended_when_the_form_is_sent_then_signing_in_again_brings_back_what_was_entered(
    at_door: Door, ani: PlainBrowser
) -> None:
    await ani.press("photo", a_photo())
    checked = await ani.press("check", **COMPLAINT, **KEYED)
    at_door.http.cookies.clear()

    asked = await ani.press("send")
    wrong = await sign_in(ani, "ntb_wrong", **entered(asked))
    kept = entered(ani.page)
    again = await sign_in(ani, **kept)
    await ani.press("check")
    receipt = await ani.press("send")

    assert (asked.status, wrong.status_code, again.status_code) == (401, 401, 200)
    assert at_door.publisher.published != []
    _, facts = at_door.published()
    assert (receipt.status, facts.channel, facts.photos) == (200, "facebook", 1)
    assert kept["key"] == checked.fields["key"][0]


def entered(page: Page) -> dict[str, str]:
    return {name: value[0] for name, value in page.fields.items() if name != "token"}


@pytest.mark.parametrize("sent", [{"csrf": ""}, {"csrf": "0" * 64}])
async def test_given_a_form_of_another_session_when_it_is_sent_then_it_is_shown_again_and_nothing_is_published(
    at_door: Door, ani: PlainBrowser, sent: dict[str, str]
) -> None:
    await ani.press("check", **COMPLAINT, **KEYED)
    ani.page.fields["csrf"] = [sent["csrf"]]

    page = await ani.press("send")

    assert (page.status, page.fields["text"]) == (403, [ROAD["text"]])
    assert WORDS["id"]["at_counter"]["stale"] in page.words
    assert at_door.publisher.published == []


async def test_given_another_sites_page_when_it_sends_anything_here_then_nothing_comes_of_it(
    at_door: Door, ani: PlainBrowser
) -> None:
    elsewhere = {"Origin": "https://elsewhere.example"}
    sent = {name: value[0] for name, value in ani.page.fields.items()} | COMPLAINT | KEYED

    page = await ani.send({**sent, "go": "send"}, **elsewhere)
    signed_in = await at_door.http.post(HOME, data={"token": ANIS}, headers=elsewhere)
    photo = await at_door.http.post(f"{HOME}/photos", files={"photo": ("x.jpg", a_photo())}, headers=elsewhere)
    await at_door.http.post(f"{HOME}/sign-out", headers=elsewhere)

    assert (page.status, photo.status_code) == (403, 403)
    assert "set-cookie" not in signed_in.headers
    assert at_door.publisher.published == []
    assert "channel" in (await ani.open()).fields


async def test_given_nobody_signed_in_when_a_photo_is_sent_to_the_page_then_it_is_not_taken(at_door: Door) -> None:
    answer = await at_door.http.post(f"{HOME}/photos", files={"photo": ("x.jpg", a_photo())})

    assert answer.status_code == 401


async def test_given_an_operator_when_the_language_is_changed_then_they_stay_on_their_page(ani: PlainBrowser) -> None:
    answer = await ani.http.post(f"{HOME}/language", data={"to": "en"})

    page = await ani.open()
    assert answer.headers["location"] == HOME
    assert "Key in a complaint" in page.words


def test_given_both_languages_when_words_of_the_counter_are_compared_then_neither_lacks_one() -> None:
    own, other = (WORDS[language]["at_counter"] for language in ("id", "en"))

    assert own.keys() == other.keys()
    assert own["channels"].keys() == other["channels"].keys()
    for name in own:
        assert re.findall(r"\{\w*\}", str(own[name])) == re.findall(r"\{\w*\}", str(other[name])), name
