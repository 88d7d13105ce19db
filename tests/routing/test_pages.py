"""The officers' pages over HTTP, as a browser without scripts sees them."""

import asyncio
import base64
import hashlib
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.local.ports import HOST, free_port
from services.routing.api.queues import Queues
from services.routing.desk import Desk
from services.routing.handlers import ComplaintHandler
from services.routing.pages.forms import read_values
from services.routing.pages.routes import create_pages_router
from services.routing.pages.sessions import Sessions
from services.routing.pages.showing import DeskPages
from services.routing.store.cases import CaseStore
from services.routing.store.queues import QueueStore
from shared.desk_session import HOME, local_path
from shared.directory import Directory
from shared.events.complaints import ProcessingRestricted
from shared.events.directory import Label, Template
from shared.events.personal import PersonalRecorded
from shared.ids import named_id
from shared.oidc import OidcSettings, SignIn, issue_locally
from shared.outbox import OutboxRelay
from shared.pages.rendering import Pages
from shared.problems import ProblemApp
from shared.topics import COMPLAINTS, PERSONAL
from shared.waiters import Waiters
from tests.routing.desks import SECRET, on_the_day
from tests.routing.examples import AT, TICKET, a_complaint, the_directory, the_rulebook
from tests.shared.received import received
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]
CASE = f"{HOME}/cases/{TICKET}"
INDONESIAN = {"Accept-Language": "id-ID"}
TEMPLATE = Template(
    id="dijadwalkan",
    name=Label(id="Dijadwalkan", en="Scheduled"),
    text=Label(id="Sudah kami jadwalkan.", en="Scheduled."),
)


def a_directory() -> Directory:
    known = the_directory()
    kinds = (known.agencies, known.categories, known.regions, known.officers)
    return Directory.of(*(entry for kind in kinds for entry in kind.values()), TEMPLATE)


@asynccontextmanager
async def a_browser(store: CaseStore, relay: OutboxRelay, settings: OidcSettings) -> AsyncGenerator[httpx2.AsyncClient]:
    app, sign_in = ProblemApp(), SignIn(settings)
    pages = Pages("services.routing.pages", HOME)
    desk = Desk(store, relay, Waiters(), the_rulebook, now=on_the_day)
    queues = Queues(QueueStore(store.collection), the_rulebook)
    sessions = Sessions(settings, sign_in, secure=False)
    app.include_router(pages.assets_router())
    app.include_router(create_pages_router(DeskPages(pages, sessions, desk, queues, a_directory(), the_rulebook)))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://desk", follow_redirects=True, headers=INDONESIAN
    ) as client:
        yield client


@pytest.fixture
async def browser(store: CaseStore, relay: OutboxRelay) -> AsyncGenerator[httpx2.AsyncClient]:
    settings = OidcSettings(development_secret=SecretStr(SECRET))
    async with a_browser(store, relay, settings) as client:
        yield client


@pytest.fixture
async def submitted(store: CaseStore, relay: OutboxRelay) -> str:
    part = PersonalRecorded(
        event_id=named_id("part"), ticket=TICKET, occurred_at=AT, part="s-1", text="<b>Jalan</b> rusak", name="Sitti"
    )
    handle = ComplaintHandler(store, relay, the_rulebook, Waiters(), now=on_the_day)
    await handle([received(PERSONAL, part), received(COMPLAINTS, a_complaint())])
    return TICKET


async def sign_in(browser: httpx2.AsyncClient, role: str, agency: str | None, back: str = HOME) -> httpx2.Response:
    token = issue_locally(SECRET, subject="ani", roles=[role], agency=agency, regions=[], lasts_s=600)
    answer = await browser.post(f"{HOME}/login", data={"token": token, "back": back})
    assert answer.status_code == 200, answer.text
    return answer


def hidden(page: httpx2.Response) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(csrf|revision|key)" value="([^"]*)"', page.text)
    return dict(found)


async def press(browser: httpx2.AsyncClient, address: str, **values: str) -> httpx2.Response:
    page = await browser.get(CASE)
    return await browser.post(f"{CASE}/{address}", data=hidden(page) | values)


async def test_given_nobody_when_a_case_is_opened_then_they_sign_in_and_come_to_it(
    browser: httpx2.AsyncClient, submitted: str
) -> None:
    asked = await browser.get(CASE)
    assert asked.url.path == f"{HOME}/login"
    assert f'name="back" value="{CASE}"' in asked.text

    answer = await sign_in(browser, "officer", "PUPR-52.03", back=CASE)

    assert answer.url.path == CASE
    assert submitted in answer.text


async def test_given_a_case_when_its_page_is_read_then_words_clocks_and_history_are_there_and_no_markup_of_others(
    browser: httpx2.AsyncClient, submitted: str
) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")

    page = await browser.get(CASE)

    assert "&lt;b&gt;Jalan&lt;/b&gt; rusak" in page.text
    assert "Tindak lanjut pertama" in page.text
    assert re.search(r"Sebelum \w+ \d+ \w+ 20\d\d \d\d\.\d\d WITA|Terlambat sejak", page.text)
    assert "Diteruskan ke instansi" in page.text
    assert '<option value="PLN"' in page.text
    assert "SEKDA" not in page.text
    assert "Sitti" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_given_a_form_when_it_is_filled_in_then_the_deed_is_done_and_the_page_says_so(
    browser: httpx2.AsyncClient, submitted: str
) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")

    done = await press(browser, "do/progress", text="Alat sudah di lokasi")

    assert (done.status_code, done.url.path) == (200, CASE)
    assert "Tersimpan: Kabarkan tindak lanjut" in done.text
    assert "Alat sudah di lokasi" in done.text
    assert "ditindaklanjuti" in done.text


async def test_given_the_same_press_twice_when_it_is_sent_then_it_is_done_once(
    browser: httpx2.AsyncClient, submitted: str
) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")
    form = hidden(await browser.get(CASE)) | {"text": "Alat sudah di lokasi"}

    pages = [await browser.post(f"{CASE}/do/progress", data=form) for _ in range(2)]

    assert [page.status_code for page in pages] == [200, 200]
    assert pages[1].text.count("Alat sudah di lokasi") == 1


async def test_given_two_officers_when_both_press_then_the_second_sees_what_is_and_keeps_the_words(
    browser: httpx2.AsyncClient, submitted: str
) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")
    seen = hidden(await browser.get(CASE))
    await press(browser, "do/accept")

    late = await browser.post(f"{CASE}/do/progress", data=seen | {"text": "Kata-kata yang panjang"})

    assert late.status_code == 412
    assert "sudah diubah orang lain" in late.text
    assert ">Kata-kata yang panjang</textarea>" in late.text
    assert int(hidden(late)["revision"]) == 2


@pytest.mark.parametrize(
    ("address", "values", "told"),
    [
        ("do/progress", {"text": " "}, "harus diisi"),
        ("do/return", {"reason": "other_region", "text": "x", "agency": "PUPR-52.03"}, "yang mengembalikan"),
        ("do/budget", {"budget.year": "2020", "budget.line": "Jalan", "text": "x"}, "sudah lewat"),
        ("do/split", {"parts.0.agency": "PUPR-52.03", "parts.0.text": "x"}, "memegang seluruh aduan"),
        ("do/forward", {"agency": "DIKPORA", "text": "x"}, "kembalikan dan sarankan"),
        ("do/forward", {"agency": "SEKDA", "text": "x"}, "tidak menangani aduan"),
    ],
)
async def test_given_a_field_that_is_wrong_when_it_is_sent_then_it_is_marked_in_the_language_and_kept(
    browser: httpx2.AsyncClient, submitted: str, address: str, values: dict[str, str], told: str
) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")

    answer = await press(browser, address, **values)

    assert answer.status_code == 422
    assert told in unescape(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert 'role="alert"' in answer.text
    assert f'<details class="action" id="{address.replace("/", "-")}" open>' in answer.text


async def test_given_an_action_that_is_not_possible_any_more_when_it_is_sent_then_the_page_says_what_is(
    browser: httpx2.AsyncClient, submitted: str
) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")
    await press(browser, "do/accept")

    answer = await press(browser, "do/accept")

    assert answer.status_code == 409
    assert "Yang mungkin: Kembalikan" in answer.text


@pytest.mark.parametrize(
    ("values", "headers"),
    [
        ({"csrf": "x"}, {}),
        ({"csrf": ""}, {}),
        ({}, {"Origin": "https://elsewhere.example"}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({"key": "x"}, {}),
        ({"revision": "x"}, {}),
    ],
)
async def test_given_a_form_of_somebody_elses_page_when_it_is_sent_then_nothing_is_done(
    browser: httpx2.AsyncClient, submitted: str, store: CaseStore, values: dict[str, str], headers: dict[str, str]
) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")
    form = hidden(await browser.get(CASE)) | values

    answer = await browser.post(f"{CASE}/do/accept", data=form, headers=headers)

    assert answer.status_code == 403
    stored = await store.load(submitted)
    assert stored is not None
    assert stored.revision == 1


async def test_given_a_reporter_when_who_they_are_is_shown_then_it_is_written_down(
    browser: httpx2.AsyncClient, submitted: str
) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")

    shown = await press(browser, "identity")
    later = await browser.get(CASE)

    assert "Sitti" in shown.text
    assert "Sitti" not in later.text
    assert "Identitas dibaca" in later.text


async def test_given_a_template_when_it_is_chosen_then_its_words_stand_in_the_form(
    browser: httpx2.AsyncClient, submitted: str
) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")
    link = re.search(r'href="([^"]*action=progress[^"#]*)#', (await browser.get(CASE)).text)
    assert link is not None

    page = await browser.get(unescape(link[1]))

    assert ">Sudah kami jadwalkan.</textarea>" in page.text


@pytest.mark.parametrize(
    ("role", "agency", "path", "status", "told"),
    [
        ("officer", "PUPR-52.06", CASE, 404, "bukan untuk Anda"),
        ("officer", "PUPR-52.03", f"{HOME}/cases/NTB-1", 404, "bukan untuk Anda"),
        ("leader", None, CASE, 200, "Tidak ada yang dapat Anda lakukan"),
        ("nobody", None, CASE, 403, "tidak punya peran"),
        ("leader", None, f"{HOME}/board", 200, "Papan keterlambatan"),
        ("coordinator", None, f"{HOME}?queue=late", 200, "Terlambat"),
        ("coordinator", None, f"{HOME}?q=rusak", 200, TICKET),
        ("coordinator", None, f"{HOME}?q=r", 200, "Terbuka"),
        ("coordinator", None, f"{HOME}?queue=best", 200, "Terbuka"),
    ],
)
async def test_given_somebody_when_a_page_is_opened_then_it_shows_what_is_theirs(
    store: CaseStore,
    relay: OutboxRelay,
    submitted: str,
    role: str,
    agency: str | None,
    path: str,
    status: int,
    told: str,
) -> None:
    assert submitted == TICKET
    async with a_browser(store, relay, OidcSettings(development_secret=SecretStr(SECRET))) as browser:
        token = issue_locally(SECRET, subject="ani", roles=[role], agency=agency, regions=[], lasts_s=600)
        await browser.post(f"{HOME}/login", data={"token": token})

        page = await browser.get(path)

    assert page.status_code == status
    assert told in page.text


async def test_given_a_language_when_it_is_chosen_then_every_page_speaks_it(
    browser: httpx2.AsyncClient, submitted: str
) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")

    page = await browser.post(f"{HOME}/language", data={"to": "en", "back": CASE})

    assert page.url.path == CASE
    assert '<html lang="en">' in page.text
    assert "Assigned to an agency" in page.text


async def test_given_a_bad_token_when_it_is_pasted_then_the_page_says_so_and_nobody_is_in(
    browser: httpx2.AsyncClient,
) -> None:
    answer = await browser.post(f"{HOME}/login", data={"token": "x.y.z"})

    assert answer.status_code == 401
    assert "Token ini tidak berlaku" in answer.text
    assert browser.cookies.get("ntbcare_desk") is None


async def test_given_somebody_signed_in_when_they_sign_out_then_they_are_nobody(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, "officer", "PUPR-52.03")

    await browser.post(f"{HOME}/logout")

    assert (await browser.get(HOME)).url.path == f"{HOME}/login"


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/desk/cases/x", "/desk/cases/x"),
        ("/desk?queue=late", "/desk?queue=late"),
        ("https://elsewhere.example/desk", HOME),
        ("//elsewhere.example/desk", HOME),
        ("/deskelsewhere", HOME),
        ("/desk\\..\\x", HOME),
        ("javascript:alert(1)", HOME),
        ("", HOME),
    ],
)
def test_given_where_to_go_back_when_it_lies_elsewhere_then_it_is_the_desk(wanted: str, path: str, mongo: Any) -> None:
    assert mongo is not None
    assert local_path(wanted) == path


def test_given_names_with_dots_when_a_form_is_read_then_values_are_nested(mongo: Any) -> None:
    assert mongo is not None
    sent = {
        "text": "x",
        "agency": " ",
        "budget.year": "2027",
        "parts.0.agency": "PLN",
        "parts.0.text": "y",
        "anonymous": "on",
    }

    assert read_values(sent) == {
        "text": "x",
        "budget": {"year": "2027"},
        "parts": [{"agency": "PLN", "text": "y"}],
        "anonymous": True,
    }


async def test_given_an_issuer_when_somebody_signs_in_then_the_browser_is_sent_there_with_a_proof_key(
    store: CaseStore, relay: OutboxRelay
) -> None:
    issuer = "https://sso.ntbprov.example/realms/ntb"

    async def fetch(url: str) -> Any:
        assert url == f"{issuer}/.well-known/openid-configuration"
        return {"authorization_endpoint": f"{issuer}/auth", "token_endpoint": f"{issuer}/token", "jwks_uri": "x"}

    settings = OidcSettings(issuer=issuer, public_url="https://desk.example")
    sessions = Sessions(settings, SignIn(settings, fetch), secure=True)
    pages = Pages("services.routing.pages", HOME)
    app = ProblemApp()
    desk = Desk(store, relay, Waiters(), the_rulebook, now=on_the_day)
    queues = Queues(QueueStore(store.collection), the_rulebook)
    app.include_router(create_pages_router(DeskPages(pages, sessions, desk, queues, a_directory(), the_rulebook)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://desk.example") as browser:
        sent = await browser.get(f"{HOME}/login?next=/desk/board")
        forged = await browser.get(f"{HOME}/callback?state=x&code=y")

    query = parse_qs(urlsplit(sent.headers["location"]).query)
    assert sent.headers["location"].startswith(f"{issuer}/auth?")
    assert (query["code_challenge_method"], query["redirect_uri"]) == (["S256"], ["https://desk.example/desk/callback"])
    cookie = sent.headers["set-cookie"]
    assert cookie.startswith("__Host-ntbcare_login=")
    assert all(flag in cookie for flag in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    assert query["code_challenge"][0] not in cookie
    assert forged.status_code == 400


@asynccontextmanager
async def an_issuer() -> AsyncGenerator[tuple[str, list[dict[str, str]]]]:
    """An OpenID Connect issuer that lets everybody in, on a port of this machine; and what it was asked for tokens."""
    port, asked = free_port(), list[dict[str, str]]()
    issuer, key = f"http://{HOST}:{port}", ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})

    async def discover(_: Request) -> JSONResponse:
        ends = {"authorization_endpoint": f"{issuer}/auth", "token_endpoint": f"{issuer}/token"}
        return JSONResponse({**ends, "jwks_uri": f"{issuer}/certs"})

    async def certs(_: Request) -> JSONResponse:
        return JSONResponse(KeySet([key]).as_dict(private=False))

    async def give(request: Request) -> JSONResponse:
        form = {name: str(value) for name, value in (await request.form()).items()}
        asked.append(form)
        if form["code"] != "good":
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = {"iss": issuer, "aud": "ntbcare-desk", "sub": "ani", "exp": int(time.time()) + 300}
        claims |= {"ntbcare_roles": ["officer"], "ntbcare_agency": "PUPR-52.03"}
        return JSONResponse({"access_token": jwt.encode({"alg": "ES256", "kid": "one"}, claims, key)})

    routes = [
        Route("/.well-known/openid-configuration", discover),
        Route("/certs", certs),
        Route("/token", give, methods=["POST"]),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), host=HOST, port=port, log_config=None))
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield issuer, asked
    server.should_exit = True
    await running


async def test_given_an_issuer_when_it_sends_the_browser_back_then_the_proof_key_is_shown_and_somebody_is_in(
    store: CaseStore, relay: OutboxRelay, submitted: str
) -> None:
    async with an_issuer() as (issuer, asked):
        settings = OidcSettings(issuer=issuer, client_secret=SecretStr("of-the-desk"))
        async with a_browser(store, relay, settings) as browser:
            sent = await browser.get(f"{HOME}/login?next={CASE}", follow_redirects=False)
            query = parse_qs(urlsplit(sent.headers["location"]).query)
            state = query["state"][0]
            page = await browser.get(f"{HOME}/callback", params={"state": state, "code": "good"})
            again = await browser.get(f"{HOME}/callback", params={"state": state, "code": "good"})

    assert (page.status_code, page.url.path) == (200, CASE)
    assert submitted in page.text
    (token_request,) = asked
    proof = base64.urlsafe_b64encode(hashlib.sha256(token_request["code_verifier"].encode()).digest()).rstrip(b"=")
    assert proof.decode() == query["code_challenge"][0]
    assert (token_request["client_id"], token_request["client_secret"]) == ("ntbcare-desk", "of-the-desk")
    assert token_request["redirect_uri"] == query["redirect_uri"][0]
    # The state was for one time.
    assert again.status_code == 400


@pytest.mark.parametrize(("state", "code"), [("other", "good"), (None, "bad")])
async def test_given_an_answer_that_does_not_fit_when_the_browser_comes_back_then_nobody_is_in(
    store: CaseStore, relay: OutboxRelay, state: str | None, code: str
) -> None:
    async with an_issuer() as (issuer, _), a_browser(store, relay, OidcSettings(issuer=issuer)) as browser:
        sent = await browser.get(f"{HOME}/login", follow_redirects=False)
        asked_with = parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]

        page = await browser.get(f"{HOME}/callback", params={"state": state or asked_with, "code": code})

        assert page.status_code in {400, 401}
        assert browser.cookies.get("ntbcare_desk") is None


async def test_given_an_issuer_that_is_away_when_somebody_signs_in_then_they_are_told_to_try_later(
    store: CaseStore, relay: OutboxRelay
) -> None:
    async with a_browser(store, relay, OidcSettings(issuer=f"http://{HOST}:{free_port()}")) as browser:
        page = await browser.get(f"{HOME}/login")

    assert page.status_code == 503
    assert "Belum bisa sekarang" in page.text


async def test_given_a_restriction_when_the_page_is_read_then_it_says_so_and_shows_nothing_of_the_person(
    browser: httpx2.AsyncClient, submitted: str, store: CaseStore, relay: OutboxRelay
) -> None:
    event = ProcessingRestricted(event_id=named_id("use"), ticket=submitted, occurred_at=AT, restricted=True)
    handle = ComplaintHandler(store, relay, the_rulebook, Waiters(), now=on_the_day)
    await handle([received(COMPLAINTS, event)])
    await sign_in(browser, "coordinator", "BIRO-ORGANISASI")

    page = await browser.get(CASE)
    pressed = await browser.post(f"{CASE}/identity", data=hidden(page))

    assert "Pelapor membatasi pemrosesan data pribadinya." in page.text
    assert "Ada tulisan yang tetap disimpan." in page.text
    assert ">data pribadi dibatasi<" in page.text
    assert f"{CASE}/identity" not in page.text
    assert pressed.status_code == 403
    for shown in (page, pressed):
        assert "Jalan&lt;/b&gt; rusak" not in shown.text
        assert "Sitti" not in shown.text
