"""Follow-ups from a page's forms, as a browser without scripts sends them."""

import re
from collections.abc import AsyncGenerator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from services.intake.follow_ups import FollowUps
from services.intake.form_follow_ups import BODIES, FormFollowUps, create_follow_up_form_router
from services.intake.settings import Settings
from shared.desk_session import form_token
from shared.events.complaints import ContactChanged
from shared.events.event import Event
from shared.events.personal import PersonalRecorded
from shared.ids import subject_code, tracking_code
from shared.pages.follow_ups import FORMS
from shared.pages.rendering import Pages
from shared.problems import ProblemApp
from shared.reporter_session import ReporterSessions
from shared.topics import COMPLAINTS, PERSONAL
from shared.tracking import CodeCheck
from tests.shared.fakes import FakePublisher

TICKET, OTHER = "NTB-C833-HX1X-7X7V-TM", "NTB-C833-HX1X-7X7V-0D"
SETTINGS = Settings.model_validate(
    {"tracking_secrets": {"1": "dev-tracking"}, "ticket_secret": "dev-ticket", "photo_secret": "dev-photo"}
)
KEYS = SETTINGS.tracking_keys()
SESSIONS = ReporterSessions(KEYS, secure=False)
TOKEN = SESSIONS.new_token(TICKET)
SUBJECTS_CODE = subject_code(KEYS, "1", TICKET)
CODE = tracking_code(KEYS, "1", TICKET)
KEY = "00000000-0000-4000-8000-000000000001"
SESSION = {"Cookie": f"ntbcare_lacak_NTBC833HX1X7X7VTM={TOKEN}", "Accept-Language": "id-ID"}
SENT = {"csrf": form_token(TOKEN), "key": KEY, "seen": "4"}


@pytest.fixture
async def intake(publisher: FakePublisher) -> AsyncGenerator[httpx2.AsyncClient]:
    app = ProblemApp(max_body_size=64 * 1024)
    follow_ups = FollowUps(SETTINGS, publisher, CodeCheck(KEYS))  # type: ignore[arg-type]
    app.include_router(
        create_follow_up_form_router(FormFollowUps(follow_ups, SESSIONS, Pages("services.intake.amiss", "")))
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://intake") as client:
        yield client


def told(publisher: FakePublisher) -> list[Event]:
    models: dict[str, Any] = COMPLAINTS.types | PERSONAL.types
    return [models[record.type].model_validate_json(record.value or b"") for record in publisher.published]


def field_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page) or re.search(rf'name="{name}"[^>]*>([^<]*)<', page)
    assert found, name
    return unescape(found[1])


@pytest.mark.parametrize(
    ("name", "entered", "type_", "text"),
    [
        ("supplements", {"text": "Sudah dua\r\nminggu"}, "complaint.supplemented.v1", "Sudah dua\nminggu"),
        ("answers", {"text": "Di sisi utara"}, "question.answered.v1", "Di sisi utara"),
        ("dispute", {"text": "Masih berlubang"}, "resolution.disputed.v1", "Masih berlubang"),
        ("confirmation", {"rating": "5", "text": ""}, "resolution.confirmed.v1", None),
        ("confirmation", {"rating": "2", "text": "Lama"}, "resolution.confirmed.v1", "Lama"),
        ("withdrawal", {"text": ""}, "complaint.withdrawn.v1", None),
        ("contact", {"email": "siti@mail.example", "prefers": "email", "phone": ""}, "contact.changed.v1", ""),
        ("no-contact", {"name": "Siti", "language": "en"}, "contact.changed.v1", ""),
    ],
)
async def test_given_a_session_when_a_form_is_sent_then_it_is_published_and_leads_back_to_the_reporters_page(
    intake: httpx2.AsyncClient,
    publisher: FakePublisher,
    name: str,
    entered: dict[str, str],
    type_: str,
    text: str | None,
) -> None:
    answer = await intake.post(f"/lapor/{TICKET}/{name}", data=SENT | entered, headers=SESSION)

    *words, fact = told(publisher)
    assert answer.status_code == 303, answer.text
    back = urlsplit(answer.headers["location"])
    assert back.path == f"/lacak/{TICKET}"
    assert parse_qs(back.query) == {"apa": [name], "tindak": [str(fact.event_id)], "sesudah": ["4"]}
    assert publisher.kinds()[-1] == type_
    assert [part.text for part in words if isinstance(part, PersonalRecorded)] == ([] if text is None else [text])


async def test_given_no_wish_to_be_contacted_when_the_form_is_sent_then_name_and_language_stay_and_every_way_is_gone(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    await intake.post(f"/lapor/{TICKET}/no-contact", data=SENT | {"name": "Siti", "language": "en"}, headers=SESSION)

    person, fact = told(publisher)
    assert isinstance(person, PersonalRecorded)
    assert isinstance(fact, ContactChanged)
    assert (person.name, person.email, person.phone, person.language) == ("Siti", None, None, "en")
    assert not fact.has_contact


async def test_given_one_page_when_its_form_is_pressed_twice_then_it_is_one_follow_up(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    answers = [
        await intake.post(f"/lapor/{TICKET}/dispute", data=SENT | {"text": "Belum"}, headers=SESSION) for _ in range(2)
    ]

    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert len({(record.id, record.key) for record in publisher.published}) == 2


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({}, SENT),
        (SESSION, SENT | {"csrf": ""}),
        (SESSION, SENT | {"csrf": form_token("another")}),
        ({"Cookie": SESSION["Cookie"].replace("7VTM=1.", "7VTM=1.9")}, SENT),
    ],
    ids=["no session", "no form token", "another form token", "a forged session"],
)
async def test_given_no_session_when_a_form_is_sent_then_the_page_asks_for_the_code_and_keeps_what_was_entered(
    intake: httpx2.AsyncClient, publisher: FakePublisher, headers: dict[str, str], sent: dict[str, str]
) -> None:
    text = 'Masih <b>berlubang</b> & "dalam"'

    answer = await intake.post(f"/lapor/{TICKET}/dispute", data=sent | {"text": text}, headers=headers)

    assert (answer.status_code, publisher.published) == (403, [])
    assert answer.headers["cache-control"] == "no-store"
    assert 'name="code"' in answer.text
    assert field_of(answer.text, "text") == text
    assert field_of(answer.text, "key") == KEY
    assert "<b>" not in answer.text
    again = {"csrf": "", "key": KEY, "seen": "4", "text": text, "code": CODE.lower().replace("-", " ")}
    done = await intake.post(f"/lapor/{TICKET}/dispute", data=again)
    assert done.status_code == 303
    assert "ntbcare_lacak_NTBC833HX1X7X7VTM=1." in done.headers["set-cookie"]
    assert publisher.kinds() == ["personal.recorded.v1", "resolution.disputed.v1"]


async def test_given_a_session_of_another_ticket_when_a_form_is_sent_then_it_is_refused(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    other = SESSIONS.new_token(OTHER)
    cookie = {"Cookie": f"ntbcare_lacak_NTBC833HX1X7X7VTM={other}"}

    answer = await intake.post(f"/lapor/{TICKET}/withdrawal", data=SENT | {"csrf": form_token(other)}, headers=cookie)

    assert (answer.status_code, publisher.published) == (403, [])


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://intake:8001"}]
)
async def test_given_a_page_of_another_site_when_it_sends_a_form_then_it_is_refused_even_with_session_and_code(
    intake: httpx2.AsyncClient, publisher: FakePublisher, headers: dict[str, str]
) -> None:
    sent = SENT | {"code": CODE, "text": "x"}

    answer = await intake.post(f"/lapor/{TICKET}/supplements", data=sent, headers=SESSION | headers)

    assert (answer.status_code, publisher.published) == (403, [])


@pytest.mark.parametrize(
    ("name", "entered", "faults"),
    [
        ("supplements", {"text": "  "}, ["text"]),
        ("supplements", {"text": "x" * 5001}, ["text"]),
        ("confirmation", {"rating": "6"}, ["rating"]),
        ("contact", {"email": "nobody", "phone": "1", "prefers": "pigeon"}, ["email", "phone", "prefers"]),
        ("contact", {"name": "Siti", "email": "siti@mail.example", "prefers": "sms"}, ["prefers"]),
    ],
)
async def test_given_wrong_fields_when_a_form_is_sent_then_each_is_named_beside_it_and_summed_up_and_nothing_is_lost(
    intake: httpx2.AsyncClient, publisher: FakePublisher, name: str, entered: dict[str, str], faults: list[str]
) -> None:
    answer = await intake.post(f"/lapor/{TICKET}/{name}", data=SENT | entered, headers=SESSION)

    assert (answer.status_code, publisher.published) == (422, [])
    assert re.findall(rf'<li><a href="#{name}-(\w+)">', answer.text) == faults
    assert re.findall(rf'<small id="{name}-(\w+)-fault"', answer.text) == faults
    assert field_of(answer.text, "csrf") == SENT["csrf"]
    assert 'name="code"' not in answer.text
    kept = {field: value.strip() for field, value in entered.items() if field not in {"rating", "prefers"}}
    assert {field: field_of(answer.text, field) for field in kept} == kept


async def test_given_a_right_code_and_a_wrong_field_when_the_form_comes_back_then_the_code_need_not_be_typed_again(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    answer = await intake.post(f"/lapor/{TICKET}/supplements", data={"code": CODE, "text": ""})

    cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    again = {"csrf": field_of(answer.text, "csrf"), "text": "Sudah dua minggu"}
    done = await intake.post(f"/lapor/{TICKET}/supplements", data=again, headers=cookie)
    assert (answer.status_code, done.status_code) == (422, 303)
    assert len(publisher.published) == 2


async def test_given_no_broker_when_a_form_is_sent_then_what_was_entered_is_there_to_be_sent_again_with_its_key(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    publisher.reachable = False

    answer = await intake.post(f"/lapor/{TICKET}/answers", data=SENT | {"text": "Di utara"}, headers=SESSION)

    assert answer.status_code == 503
    assert (field_of(answer.text, "text"), field_of(answer.text, "key")) == ("Di utara", KEY)
    assert "tekan tombolnya sekali lagi" in answer.text


async def test_given_ten_wrong_codes_when_another_is_sent_with_a_form_then_it_waits_and_the_right_one_does_not(
    intake: httpx2.AsyncClient,
) -> None:
    async def sent(code: str) -> int:
        form = {"code": code, "text": "x"}
        return (await intake.post(f"/lapor/{TICKET}/supplements", data=form)).status_code

    statuses = [await sent(f"1000-0000-000{number}") for number in range(10)]

    assert statuses == [403] * 10
    assert [await sent("1000-0000-0000"), await sent(CODE)] == [429, 303]


def session_of(token: str) -> tuple[dict[str, str], dict[str, str]]:
    """The headers of a browser that has it, and the hidden fields of its page."""
    return SESSION | {"Cookie": f"ntbcare_lacak_NTBC833HX1X7X7VTM={token}"}, SENT | {"csrf": form_token(token)}


async def test_given_the_session_of_the_person_concerned_when_they_take_over_then_it_is_published_as_theirs(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    headers, sent = session_of(SESSIONS.new_token(TICKET, by_subject=True))

    answer = await intake.post(f"/lapor/{TICKET}/take-over", data=sent | {"name": "Rahma"}, headers=headers)

    person, fact = told(publisher)
    assert (answer.status_code, urlsplit(answer.headers["location"]).path) == (303, f"/lacak/{TICKET}")
    assert isinstance(person, PersonalRecorded)
    assert isinstance(fact, ContactChanged)
    assert (person.name, fact.by_subject, fact.taken_over) == ("Rahma", True, True)


@pytest.mark.parametrize(("code", "status"), [({}, 403), ({"code": CODE}, 403), ({"code": SUBJECTS_CODE}, 303)])
@pytest.mark.parametrize("has_session", [True, False])
async def test_given_no_session_of_the_person_concerned_when_it_is_taken_over_then_it_takes_their_code(
    intake: httpx2.AsyncClient, publisher: FakePublisher, code: dict[str, str], status: int, *, has_session: bool
) -> None:
    """Whoever filed it has a session and a code too: neither is good for this."""
    headers, sent = session_of(TOKEN) if has_session else ({}, SENT)

    answer = await intake.post(f"/lapor/{TICKET}/take-over", data=sent | code | {"name": "Rahma"}, headers=headers)

    assert (answer.status_code, bool(publisher.published)) == (status, status == 303)
    if status == 403:
        assert field_of(answer.text, "name") == "Rahma"
        assert 'name="code"' in answer.text
        assert ("milik orang yang aduannya dibuatkan" in answer.text) == (has_session or bool(code))


async def test_given_no_name_when_the_person_concerned_takes_over_then_it_is_said_beside_the_field(
    intake: httpx2.AsyncClient, publisher: FakePublisher
) -> None:
    headers, sent = session_of(SESSIONS.new_token(TICKET, by_subject=True))

    answer = await intake.post(f"/lapor/{TICKET}/take-over", data=sent | {"name": " "}, headers=headers)

    assert (answer.status_code, publisher.published) == (422, [])
    assert 'id="take-over-name-fault"' in answer.text


async def test_given_a_page_that_was_amiss_when_it_is_loaded_again_then_it_leads_to_the_reporters_page(
    intake: httpx2.AsyncClient,
) -> None:
    answer = await intake.get(f"/lapor/{TICKET.lower()}/answers")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/lacak/{TICKET}")


@pytest.mark.parametrize("sent", [b"&".join(b"a=%d" % number for number in range(50)), b"\xff\xfe=%ff&text=%ff"])
async def test_given_any_bytes_when_they_are_sent_as_a_form_then_they_are_refused_in_order(
    intake: httpx2.AsyncClient, publisher: FakePublisher, sent: bytes
) -> None:
    answer = await intake.post(f"/lapor/{TICKET}/answers", content=sent, headers=SESSION)

    assert answer.status_code in {403, 422}
    assert publisher.published == []


def test_given_every_form_when_it_is_looked_up_then_its_fields_are_those_of_its_body() -> None:
    assert BODIES.keys() == FORMS.keys()
    for name, body in BODIES.items():
        assert {field.name for field in FORMS[name]} <= body.model_fields.keys(), name
