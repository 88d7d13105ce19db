"""The reporters' pages on the real store, as a browser without scripts sees them."""

import asyncio
import json
import re
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.reporting.domain.own_steps import possible_steps
from services.reporting.domain.projection import Erased
from services.routing.domain.table import FOLLOW_UPS, allowed
from shared.desk_session import form_token
from shared.events.case import PromiseKind, Role, Status
from shared.events.cases import CaseInformationRequested, CaseResumed, FollowUpRefused
from shared.events.complaints import ContactChanged
from shared.events.reasons import FollowUpKind
from shared.events.words import WordsKind
from shared.ids import tracking_code
from shared.pages.follow_ups import FORMS
from tests.reporting.conftest import Projecting
from tests.reporting.escalated import until_the_ombudsman
from tests.reporting.samples import (
    RECEIVED_AT,
    TRACKING_KEYS,
    a_lifecycle,
    a_personal_part,
    a_promise,
    a_snapshot,
    a_step,
    a_submission,
    a_supplement,
    hours,
    some_words,
    ticket,
)
from tests.reporting.test_public_pages import text_of
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]
QUESTION = "Di depan bangunan apa lubang itu?"


async def enter(public: httpx2.AsyncClient, number: int = 1, **changes: str) -> httpx2.Response:
    """With the code; the client keeps the session."""
    form = {"ticket": ticket(number), "code": tracking_code(TRACKING_KEYS, "K", ticket(number))} | changes
    return await public.post("/lacak", data=form)


async def page_of(public: httpx2.AsyncClient, path: str = "", number: int = 1) -> httpx2.Response:
    await enter(public, number)
    return await public.get(f"/lacak/{ticket(number)}{path}")


def forms_of(page: httpx2.Response) -> list[str]:
    return re.findall(r'action="/lapor/[^/]+/([a-z-]+)"', page.text)


def value_of(page: httpx2.Response, form: str, name: str) -> str:
    inside = page.text[page.text.index(f'id="{form}"') :]
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', inside[: inside.index("</form>")])
    assert found, (form, name)
    return found[1]


def asked(number: int = 1, sequence: int = 5) -> list[Any]:
    """A question, with the words of it."""
    question = some_words(number, sequence, QUESTION)
    question = question.model_copy(update={"kind": WordsKind.QUESTION})
    case = a_snapshot(status=Status.AWAITING_REPORTER)
    step = a_step(number, sequence, words=question.key).model_dump() | {
        "case": case,
        "type": CaseInformationRequested.model_fields["type"].default,
    }
    return [question, CaseInformationRequested.model_validate(step)]


async def test_given_nobody_entered_when_the_page_is_read_then_it_asks_for_ticket_and_code_and_nobody_may_keep_it(
    public: httpx2.AsyncClient,
) -> None:
    page = await public.get("/lacak", params={"ticket": ticket(1)})

    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert f'value="{ticket(1)}"' in page.text
    assert 'href="/v1/notices/lost-ticket"' in page.text
    assert re.search(r'<form method="post" action="/lacak"', page.text)


async def test_given_a_right_code_in_any_spelling_when_it_is_entered_then_the_page_opens_and_no_address_holds_the_code(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1, confidential=True))
    code = tracking_code(TRACKING_KEYS, "K", ticket(1))

    answer = await enter(public, ticket=f" {ticket(1).lower().replace('-', ' ')} ", code=code.lower().replace("-", ""))
    page = await public.get(answer.headers["location"])

    assert (answer.status_code, answer.headers["location"]) == (303, f"/lacak/{ticket(1)}")
    assert code not in answer.headers["set-cookie"]
    assert code.replace("-", "") not in page.text.upper()
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "Jalan berlubang di depan pasar" in text_of(page)
    assert "rahasia" in text_of(page)


@pytest.mark.parametrize(
    ("changes", "status", "fault"),
    [({"code": "K000-0000-0000"}, 403, "code"), ({"code": ""}, 403, "code"), ({"ticket": "NTB-1"}, 422, "ticket")],
)
async def test_given_a_wrong_code_or_ticket_when_it_is_entered_then_the_field_is_named_and_no_session_begins(
    public: httpx2.AsyncClient, projecting: Projecting, changes: dict[str, Any], status: int, fault: str
) -> None:
    await projecting.take(*a_lifecycle(1))

    answer = await enter(public, **changes)

    assert answer.status_code == status
    assert f'<li><a href="#{fault}">' in answer.text
    assert f'id="{fault}-fault"' in answer.text
    assert "set-cookie" not in answer.headers
    assert "K000" not in answer.text
    assert (await public.get(f"/lacak/{ticket(1)}")).status_code == 303


async def test_given_ten_wrong_codes_when_another_is_entered_then_it_waits_and_the_right_one_opens(
    public: httpx2.AsyncClient,
) -> None:
    statuses = [(await enter(public, code=f"K000-0000-000{number}")).status_code for number in range(10)]

    late = await enter(public, code="K000-0000-0000")

    assert statuses == [403] * 10
    assert (late.status_code, (await enter(public)).status_code) == (429, 303)
    assert "terlalu sering salah kode" in text_of(late)


@pytest.mark.parametrize("path", ["", "/cabut", "/data", "/data.json", "/berkas.pdf"])
async def test_given_a_session_of_another_ticket_when_a_page_is_read_then_it_asks_for_the_code(
    public: httpx2.AsyncClient, projecting: Projecting, path: str
) -> None:
    await projecting.take(*a_lifecycle(1), *a_lifecycle(2))
    await enter(public, 2)

    answer = await public.get(f"/lacak/{ticket(1)}{path}")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/lacak?ticket={ticket(1)}")
    assert (await public.get("/lacak/NTB-1")).status_code == 404


@pytest.mark.parametrize("path", ["/lacak", "/lacak/{}/selesai"])
async def test_given_another_sites_page_when_it_posts_then_it_is_refused(public: httpx2.AsyncClient, path: str) -> None:
    form = {"ticket": ticket(1), "code": tracking_code(TRACKING_KEYS, "K", ticket(1))}

    answer = await public.post(path.format(ticket(1)), data=form, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_given_somebody_entered_when_they_leave_then_the_code_is_asked_for_again(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))
    await enter(public)

    left = await public.post(f"/lacak/{ticket(1)}/selesai")

    assert left.headers["location"] == "/lacak"
    assert (await public.get(f"/lacak/{ticket(1)}")).status_code == 303
    assert (await public.post("/lacak/NTB-1/selesai")).status_code == 404


async def test_given_a_complaint_that_is_not_here_yet_when_its_page_is_read_then_it_says_that_it_was_received(
    public: httpx2.AsyncClient,
) -> None:
    page = await page_of(public)

    assert page.status_code == 200
    assert "sudah kami terima dan sedang dicatat" in text_of(page)
    assert forms_of(page) == []


async def test_given_a_running_case_when_its_page_is_read_then_it_says_who_has_it_and_what_is_next_by_which_rule(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    promise = a_promise(PromiseKind.FIRST_FOLLOW_UP, 24 * 60)
    holding = {"agency": "PUPR-52.03", "since": RECEIVED_AT + hours(1)}
    await projecting.take(*a_lifecycle(1)[:3], a_step(1, 2, "assigned", promises=(promise,), holdings=(holding,)))

    page = text_of(await page_of(public))

    assert "Aduan Anda sudah diteruskan ke id PUPR-52.03; belum ada tanggapan dari sana." in page
    assert "Sekarang di id PUPR-52.03, sejak Kamis 5 Mar 2026 10.30 WITA (35 hari 23 jam)." in page
    assert "Tindak lanjut pertama: sebelum Senin 4 Mei 2026 09.30 WITA" in page
    assert "Aturannya: 5 hari kerja sejak diteruskan ke instansi." in page


async def test_given_a_whole_life_when_the_page_is_read_then_what_both_wrote_and_what_was_sent_is_there(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    resolution = some_words(1, 4, "Sudah kami tambal kemarin")
    case = a_snapshot(status=Status.RESOLVED, closes_at=RECEIVED_AT + hours(24 * 40), region="52.03.01.2001")
    done = a_step(1, 4, "resolved", words=resolution.key).model_copy(update={"case": case})
    life = [*a_lifecycle(1)[:6], resolution, done, a_lifecycle(1)[-1]]
    await projecting.take(*life, a_supplement(1), a_personal_part(1, "Tambah dalam", "f-1"))

    page = await page_of(public)

    text = text_of(page)
    assert "id road.damage, Sepit, Keruak, Lombok Timur" in text
    assert "Jawaban instansi Sudah kami tambal kemarin" in text
    assert "Jika Anda tidak menanggapi sampai Selasa 14 Apr 2026 09.30 WITA, aduan ditutup." in text
    assert "Isi aduan Kamis 5 Mar 2026 09.30 WITA Jalan berlubang di depan pasar" in text
    assert "Tambahan keterangan Sabtu 7 Mar 2026 09.30 WITA Tambah dalam" in text
    assert "aduan diteruskan: terkirim" in text
    assert forms_of(page) == ["confirmation", "dispute", "supplements", "contact", "no-contact"]
    assert f'href="/aduan/{ticket(1)}"' in page.text


async def test_given_a_question_when_the_page_is_read_then_it_comes_first_with_the_form_to_answer_it(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1)[:3], *asked(sequence=2))

    page = await page_of(public)

    assert f"Pertanyaan untuk Anda {QUESTION}" in text_of(page)
    assert forms_of(page)[0] == "answers"
    token = page.request.headers["cookie"].partition("=")[2]
    assert value_of(page, "answers", "csrf") == form_token(token)
    assert value_of(page, "answers", "seen") == "2"
    assert value_of(page, "answers", "key") != value_of(await page_of(public), "answers", "key")


async def test_given_a_contact_when_its_form_is_shown_then_it_is_filled_with_what_was_said_last(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    changed = ContactChanged(
        event_id=uuid4(), ticket=ticket(1), occurred_at=RECEIVED_AT + hours(9), part="f-2", has_contact=True
    )
    first = a_personal_part(1, name="Sitti", email="old@mail.example", phone="+6281234567890")
    last = a_personal_part(1, "", "f-2", name="Sitti", email="new@mail.example", prefers="email", language="en")
    await projecting.take(a_submission(1), first, a_step(1, 1), changed, last)

    page = await page_of(public)

    filled = [value_of(page, "contact", name) for name in ("name", "email", "phone")]
    assert filled == ["Sitti", "new@mail.example", ""]
    assert '<option value="email" selected>' in page.text
    assert '<option value="en" selected>' in page.text
    assert (value_of(page, "no-contact", "name"), value_of(page, "no-contact", "language")) == ("Sitti", "en")


async def test_given_a_supplement_under_way_when_the_page_after_it_is_read_then_it_waits_until_its_words_are_there(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))
    await enter(public)
    supplement = a_supplement(1)
    query = {"apa": "supplements", "tindak": str(supplement.event_id), "sesudah": "4"}

    reading = asyncio.create_task(public.get(f"/lacak/{ticket(1)}", params=query))
    await until(lambda: projecting.waiters.waiting)
    await projecting.take(supplement)
    await projecting.take(a_personal_part(1, "Makin dalam", "f-1"))

    page = text_of(await reading)
    assert "Keterangan Anda sudah tercatat." in page
    assert "Makin dalam" in page


async def test_given_an_answer_when_the_case_goes_on_then_the_page_says_so_and_when_it_is_refused_why(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1)[:3], *asked(sequence=2))
    await enter(public)
    cause = uuid4()
    query = {"apa": "answers", "tindak": str(cause), "sesudah": "2"}
    envelope = a_step(1, 3, status=Status.IN_PROGRESS).model_dump(exclude={"type"})
    refusal = a_step(1, 4, status=Status.IN_PROGRESS).model_dump(exclude={"type"}) | {
        "follow_up": FollowUpKind.ANSWER,
        "cause": cause,
        "allowed": [FollowUpKind.SUPPLEMENT],
    }

    await projecting.take(CaseResumed.model_validate(envelope))
    done = text_of(await public.get(f"/lacak/{ticket(1)}", params=query))
    await projecting.take(FollowUpRefused.model_validate(refusal))
    again = text_of(await public.get(f"/lacak/{ticket(1)}", params=query | {"sesudah": "3"}))

    assert "Jawaban Anda sudah tercatat" in done
    assert "Permintaan pelapor (jawaban) tidak dapat diproses saat itu." in again
    assert "Jawaban Anda sudah tercatat" not in again


@pytest.mark.parametrize("sent", [{"apa": "x", "tindak": "y", "sesudah": "1"}, {"apa": "answers", "sesudah": "٣"}, {}])
async def test_given_an_address_that_no_form_leads_to_when_it_is_read_then_it_is_the_page_alone(
    public: httpx2.AsyncClient, projecting: Projecting, sent: dict[str, str]
) -> None:
    await projecting.take(*a_lifecycle(1))
    await enter(public)

    page = await public.get(f"/lacak/{ticket(1)}", params=sent)

    assert page.status_code == 200
    assert 'role="status"' not in page.text


async def test_given_an_open_case_when_it_is_to_be_withdrawn_then_a_page_asks_once_more_before_the_button(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1)[:5])

    page = await page_of(public)
    sure = await public.get(f"/lacak/{ticket(1)}/cabut")

    assert "withdrawal" not in forms_of(page)
    assert f'href="/lacak/{ticket(1)}/cabut"' in page.text
    assert forms_of(sure) == ["withdrawal"]
    assert "tidak dapat dibuka kembali" in text_of(sure)
    await projecting.take(a_step(1, 9, status=Status.WITHDRAWN))
    assert (await public.get(f"/lacak/{ticket(1)}/cabut")).headers["location"] == f"/lacak/{ticket(1)}"


async def test_given_own_data_when_the_page_and_the_file_are_read_then_all_that_was_given_is_in_both(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    person: dict[str, Any] = {
        "name": "Sitti",
        "email": "sitti@mail.example",
        "address": "Gang Cempaka 17",
        "latitude": -8.65,
    }
    await projecting.take(*a_lifecycle(1), a_supplement(1), a_personal_part(1, "Dalam", "f-1"))
    await projecting.take(a_submission(2, anonymous=True), a_personal_part(2, **person), a_step(2, 1))
    await projecting.take(a_personal_part(1, "Lain", "f-9"), Erased("personal", f"{ticket(1)}:f-9"))

    held = [await page_of(public, "/data", 2), await page_of(public, "/data.json", 2)]
    erased = text_of(await page_of(public, "/data", 1))

    for page in held:
        assert [value for value in map(str, person.values()) if value not in page.text] == []
        assert page.headers["cache-control"] == "no-store"
    assert json.loads(held[1].text)["personal"][0]["held"]["address"] == "Gang Cempaka 17"
    assert held[1].headers["content-disposition"] == f'attachment; filename="ntbcare-{ticket(2)}.json"'
    assert re.search(r"Tulisan lain dari pelapor Dihapus \w+ \d+ \w+ \d{4}", erased)
    assert forms_of(held[0]) == ["contact", "no-contact", "restriction", "erasure"]


async def test_given_the_ladder_offers_the_file_when_the_page_is_read_then_it_leads_to_it(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*until_the_ombudsman())

    page = await page_of(public)
    file = await public.get(f"/lacak/{ticket(1)}/berkas.pdf")

    assert f'href="/lacak/{ticket(1)}/berkas.pdf"' in page.text
    assert (file.status_code, file.content[:5]) == (200, b"%PDF-")


async def test_given_a_public_case_when_its_page_is_read_then_it_leads_its_reporter_to_their_own(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    page = await public.get(f"/aduan/{ticket(1)}")

    assert f'href="/lacak?ticket={ticket(1)}"' in page.text
    assert 'href="/lacak"' in page.text


@pytest.mark.parametrize("language", ["id", "en"])
async def test_given_texts_with_markup_when_any_page_is_read_then_it_is_shown_as_text_under_a_strict_policy(
    public: httpx2.AsyncClient, projecting: Projecting, language: str
) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    await projecting.take(a_submission(1), a_personal_part(1, evil, name=evil), *asked(sequence=1))
    await enter(public)

    for path in ("", "/data", "/cabut"):
        page = await public.get(f"/lacak/{ticket(1)}{path}", headers={"Accept-Language": language})
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text
        assert "<script>" not in page.text
        assert "<img" not in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert 'hx-history="false"' in page.text


def test_given_every_state_when_forms_are_offered_then_they_are_those_that_routing_would_take(mongo: object) -> None:
    del mongo
    kinds = {
        "supplements": FollowUpKind.SUPPLEMENT,
        "answers": FollowUpKind.ANSWER,
        "confirmation": FollowUpKind.CONFIRM,
        "dispute": FollowUpKind.DISPUTE,
        "withdrawal": FollowUpKind.WITHDRAW,
        "contact": FollowUpKind.CHANGE_CONTACT,
    }
    for status in set(Status) - {Status.RECEIVED}:
        case = a_snapshot(status=status)
        taken = {FOLLOW_UPS[action] for action in allowed(case, Role.REPORTER) if action in FOLLOW_UPS}
        assert {kinds[name] for name in possible_steps(case) if name in kinds} == taken, status
    assert set(possible_steps(a_snapshot(status=Status.AWAITING_REPORTER))) <= FORMS.keys()
