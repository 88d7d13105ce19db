"""The public pages on the real store, as a browser without scripts sees them."""

import re
from html import unescape

import httpx2
import pytest

from shared.events.case import PromiseKind, Status
from shared.pages.rendering import LANGUAGE_COOKIE
from tests.reporting.conftest import Projecting
from tests.reporting.escalated import until_the_ombudsman
from tests.reporting.samples import RECEIVED_AT, a_directory, a_lifecycle, a_promise, a_step, followed_up, hours, ticket

# What the drivers do differently is the store's, and tested there with both.
pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]
PAGES = (
    "/",
    "/?waktu=semua",
    "/?waktu=12-bulan",
    "/instansi",
    "/instansi?waktu=semua&tingkat=kabupaten",
    "/peta",
    "/peta?angka=per-penduduk&waktu=semua",
    "/peta/52.03?angka=segi-enam",
    "/aduan",
    "/macet",
    "/pagi",
    "/rapor/PUPR-52.03?month=2026-03",
    "/rapor/PUPR-PERKIM?month=2026-03&garis=1",
    f"/aduan/{ticket(1)}",
)
WITHOUT_MAP_KB = 50


def text_of(page: httpx2.Response) -> str:
    """What a person reads, with single blanks."""
    body = page.text[page.text.index("<main") : page.text.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00ad", "").split())


def is_of_a_region_that_the_tests_do_not_have(address: str) -> bool:
    """The map draws the whole province."""
    named = re.search(r"(?:wilayah=|/peta/)(52[.0-9]*)", address)
    return named is not None and named[1] not in a_directory().regions


def overdue() -> list[object]:
    """Hours since receipt: a promise broken after a day, and not met."""
    promise = a_promise(PromiseKind.FIRST_FOLLOW_UP, 24)
    return [promise.model_copy(update={"breached_at": promise.due_at})]


@pytest.mark.parametrize("language", ["id", "en"])
async def test_given_cases_when_every_page_is_read_then_it_answers_with_a_strict_policy_and_nothing_from_elsewhere(
    public: httpx2.AsyncClient, projecting: Projecting, language: str
) -> None:
    await projecting.take(*a_lifecycle(1), a_step(2, 1, promises=tuple(overdue())), *a_lifecycle(3, confidential=True))

    answers = {page: await public.get(page, headers={"Accept-Language": language}) for page in PAGES}

    for page, answer in answers.items():
        assert answer.status_code == 200, page
        assert f'<html lang="{language}">' in answer.text
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert not re.findall(r'(?:src|href)="(?!/|#|data:)', answer.text), page
        assert not re.findall(r"<style|style=|<script(?! src=)| on[a-z]+=", answer.text), page
        assert ticket(3) not in answer.text


async def test_given_an_empty_store_when_every_page_is_read_then_it_says_that_there_is_nothing(
    public: httpx2.AsyncClient,
) -> None:
    statuses = {page: (await public.get(page)).status_code for page in PAGES if not page.startswith("/aduan/")}

    assert set(statuses.values()) == {200}
    assert "Tidak ada aduan yang diterima pada waktu ini." in text_of(await public.get("/"))
    assert "Tidak ada aduan yang berhenti di mana pun." in text_of(await public.get("/macet"))


async def test_given_cases_when_the_start_page_is_read_then_numbers_are_those_of_the_buckets(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(a_step(number, 1, promises=followed_up()) for number in range(185)))
    await projecting.take(*(a_step(number, 1) for number in range(185, 278)))

    page = text_of(await public.get("/?waktu=semua"))

    assert "Diterima 278 menurut hari penerimaan" in page
    assert "Ditindaklanjuti 185 66,5 % dari yang diterima" in page


async def test_given_a_late_case_when_its_page_is_read_then_it_says_who_has_it_and_since_when_and_how_late(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*until_the_ombudsman())

    page = text_of(await public.get(f"/aduan/{ticket(1)}"))

    assert "menyatakan berwenang, tetapi belum menindaklanjuti." in page
    assert "Terlambat 28 hari 18 jam: tindak lanjut pertama" in page
    assert "Tindak lanjut pertama: dilanggar Belum dipenuhi, terlambat 28 hari 18 jam" in page
    assert "5 hari kerja sejak diteruskan ke instansi · tenggat Kamis 12 Mar 2026 16.00 WITA" in page
    assert "Siapa yang memegang" in page


async def test_given_what_the_reporter_wrote_when_the_case_page_is_read_then_none_of_it_is_there(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    page = await public.get(f"/aduan/{ticket(1)}")

    assert "Sudah kami tambal" in page.text
    assert "Jalan berlubang di depan pasar" not in page.text


async def test_given_an_unknown_and_a_confidential_ticket_when_they_are_read_then_both_answers_are_the_same(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(2, confidential=True))

    answers = [await public.get(f"/aduan/{name}") for name in (ticket(2), ticket(3), "NTB-NONE")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({text_of(answer) for answer in answers}) == 1
    assert answers[0].headers["cache-control"] == "no-store"


async def test_given_a_path_of_nobody_when_it_is_asked_for_then_browsers_get_words_and_programs_a_problem(
    public: httpx2.AsyncClient,
) -> None:
    page = await public.get("/tidak-ada")
    problem = await public.get("/tidak-ada", headers={"Accept": "application/json"})
    of_api = await public.get("/v1/tidak-ada")

    assert (page.status_code, text_of(page)[:15]) == (404, "Tidak ditemukan")
    for answer in (problem, of_api):
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_given_a_page_when_it_is_asked_for_again_then_it_is_unchanged_until_something_happens(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))
    first = await public.get("/?waktu=semua")
    mark = {"If-None-Match": first.headers["etag"]}

    again = await public.get("/?waktu=semua", headers=mark)
    english = await public.get("/?waktu=semua", headers=mark | {"Accept-Language": "en"})
    await projecting.take(*a_lifecycle(2))
    later = await public.get("/?waktu=semua", headers=mark)

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["vary"].startswith("Cookie, Accept-Language")
    assert first.headers["cache-control"] == "public, max-age=30"
    assert (english.status_code, later.status_code) == (200, 200)


async def test_given_the_switch_when_a_language_is_chosen_then_it_is_remembered_and_leads_back(
    public: httpx2.AsyncClient,
) -> None:
    chosen = await public.post("/language", data={"to": "en", "back": "/peta?waktu=semua"})
    page = await public.get("/peta")
    nonsense = await public.post("/language", data={"to": "xx", "back": "//evil.example"})

    assert (chosen.status_code, chosen.headers["location"]) == (303, "/peta?waktu=semua")
    assert LANGUAGE_COOKIE in chosen.headers["set-cookie"]
    assert "Map of complaints" in page.text
    assert nonsense.headers["location"] == "/"
    assert "set-cookie" not in nonsense.headers


async def test_given_a_ticket_typed_as_on_the_telephone_when_it_is_searched_then_its_page_is_opened(
    public: httpx2.AsyncClient,
) -> None:
    typed = ticket(1).lower().replace("-", " ")

    answer = await public.get("/aduan", params={"q": typed})

    assert (answer.status_code, answer.headers["location"]) == (303, f"/aduan/{ticket(1)}")


async def test_given_words_when_they_are_searched_then_cases_of_that_place_and_published_words_are_found(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1), a_step(2, 1, region="52.02"))

    found = [(await public.get("/aduan", params={"q": words})).text for words in ("keruak", "tambalan", "tengah")]
    empty = await public.get("/aduan", params={"q": "dan yang di"})

    assert [[ticket(number) in page for number in (1, 2)] for page in found] == [
        [True, False],
        [True, False],
        [False, True],
    ]
    assert empty.status_code == 422
    assert "kata yang membedakan aduan" in text_of(empty)


async def test_given_a_sensitive_case_when_it_is_listed_and_read_then_only_its_regency_is_told(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1, category="social.violence"))

    in_regency, in_district = await public.get("/aduan?wilayah=52.03"), await public.get("/aduan?wilayah=52.03.01")
    case = await public.get(f"/aduan/{ticket(1)}")

    assert ticket(1) in in_regency.text
    assert ticket(1) not in in_district.text
    assert "Lombok Timur" in text_of(case)
    for page in (in_regency, case):
        assert "Sepit" not in page.text
        assert "Keruak" not in page.text


async def test_given_wrong_filters_when_the_list_is_asked_for_then_each_field_says_what_is_wrong(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    answer = await public.get("/aduan?wilayah=52.99&dari=kemarin&kategori=road.damage&status=&lanjut=x")

    assert answer.status_code == 422
    page = text_of(answer)
    assert "Wilayah ini tidak dikenal." in page
    assert "Hari pertama bukan tanggal yang benar." in page
    assert "Halaman lanjutan ini tidak dikenal" in page
    assert 'id="wilayah" name="wilayah" aria-invalid="true" aria-describedby="wilayah-fault"' in answer.text
    assert ticket(1) not in answer.text


async def test_given_more_cases_than_a_page_when_the_next_ones_are_followed_then_each_comes_once_with_its_filters(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(a_step(number, 1, occurred_at=RECEIVED_AT + hours(number // 3)) for number in range(45)))
    await projecting.take(a_step(50, 1, region="52.02"))

    found, address, pages = list[str](), "/aduan?wilayah=52.03", 0
    while address:
        page = await public.get(address)
        found += re.findall(r'<h2><a href="/aduan/([^"]+)"', page.text)
        following = re.findall(r'<a href="([^"]+)" rel="next"', page.text)
        address, pages = unescape(following[0]) if following else "", pages + 1

    assert pages == 3
    assert sorted(found) == sorted(ticket(number) for number in range(45))


async def test_given_a_figure_when_its_cases_are_opened_then_only_those_are_listed_and_the_form_keeps_it(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1, promises=tuple(overdue())), a_step(2, 1))

    late = await public.get("/aduan?angka=late")
    done = await public.get("/aduan?angka=done")
    unknown = await public.get("/aduan?angka=nonsense&instansi=PUPR-52.03")
    no_days = [
        await public.get(f"/aduan?angka={angka}")
        for angka in ("due_on_x", "due_on_20261399", "due_on_x&status=nonsense", "nonsense&status=nonsense")
    ]

    assert ticket(1) in late.text
    assert ticket(2) not in late.text
    assert "Hanya aduan yang dihitung sebagai: Terlambat sekarang" in text_of(late)
    assert '<input type="hidden" name="angka" value="late">' in late.text
    assert (done.status_code, unknown.status_code) == (422, 422)
    assert [page.status_code for page in no_days] == [422] * 4
    assert "pilih satu instansi, atau waktu yang lebih pendek" in text_of(done)


async def test_given_figures_of_pages_when_their_links_are_followed_then_each_opens(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1), a_step(2, 1, promises=tuple(overdue())))

    addresses = {
        unescape(address)
        for page in PAGES
        for address in re.findall(r'href="(/[^"]*)"', (await public.get(page)).text)
        # The form is a page of intake.
        if not address.startswith(("/data", "/assets", "/lapor"))
        and not is_of_a_region_that_the_tests_do_not_have(address)
    }
    statuses = {address: (await public.get(address, follow_redirects=True)).status_code for address in addresses}

    assert len(statuses) > 40
    assert {address: status for address, status in statuses.items() if status != 200} == {}


async def test_given_a_map_of_a_regency_when_it_is_read_then_districts_are_drawn_and_the_table_says_the_same(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(a_step(number, 1, cell="-8.84,116.50") for number in range(6)))
    await projecting.take(*(a_step(number, 1, region="52.03") for number in range(6, 40)))

    regencies, districts = await public.get("/peta"), await public.get("/peta/52.03")
    hexagons = await public.get("/peta/52.03?angka=segi-enam")
    nowhere = [(await public.get(path)).status_code for path in ("/peta/52.03.01", "/peta/x", "/peta/52")]

    assert (regencies.text.count("<path"), districts.text.count("<path")) == (10, 21)
    assert 'aria-label="Lombok Timur: 40, banyak"' in regencies.text
    assert 'aria-label="Keruak: 6, sedang"' in districts.text
    assert "Keruak 6 sedang" in text_of(districts)
    assert "tempatnya belum diketahui 34 0" in text_of(districts)
    assert hexagons.text.count("<polygon") == 1
    assert "6 aduan di sekitar" in text_of(hexagons)
    assert nowhere == [404, 404, 404]


async def test_given_a_month_when_the_scorecard_is_read_and_printed_then_both_say_the_same(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(record for number in range(3) for record in a_lifecycle(number)))

    page = await public.get("/rapor/PUPR-52.03?month=2026-03")
    printed = await public.get("/rapor/PUPR-52.03.pdf?month=2026-03")
    wrong = [(await public.get(f"/rapor/{path}")).status_code for path in ("X?month=2026-03", "PUPR-52.03?month=2026")]

    assert "Rapor: id PUPR-52.03 Maret 2026" in text_of(page)
    assert "Angka kecil" in text_of(page)
    assert "/aduan?angka=done&amp;instansi=PUPR-52.03&amp;dari=2026-03-01&amp;sampai=2026-03-31" in page.text
    assert printed.content.startswith(b"%PDF")
    assert printed.headers["content-disposition"] == 'inline; filename="rapor-PUPR-52.03-2026-03.pdf"'
    assert wrong == [404, 422]


async def test_given_a_successor_when_its_scorecard_is_read_then_its_predecessors_can_be_counted_in(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1, agency="PUPR"), a_step(2, 1, agency="PUPR-PERKIM"))

    alone = text_of(await public.get("/rapor/PUPR-PERKIM?month=2026-03"))
    card = "/rapor/PUPR-PERKIM?month=2026-03&garis=1"
    as_one = text_of(await public.get(card))
    ended = text_of(await public.get("/rapor/PUPR?month=2026-03"))
    opened = re.findall(r'href="([^"]*angka=received&amp;instansi[^"]*)"', (await public.get(card)).text)
    listed = await public.get(unescape(opened[0]))

    assert "Diterima 1 0" in alone
    assert "Diterima 2 0" in as_one
    assert "penerusnya id PUPR-PERKIM" in ended
    assert (ticket(1) in listed.text, ticket(2) in listed.text) == (True, True)
    assert "bersama pendahulunya" in text_of(listed)
    assert '<input type="hidden" name="garis" value="1">' in listed.text


async def test_given_a_late_case_when_the_brief_is_read_then_the_page_and_the_message_name_it(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(a_step(1, 1, promises=tuple(overdue())), a_step(2, 1, status=Status.RESOLVED))

    page, message = await public.get("/pagi"), await public.get("/pagi.txt")

    assert "Terlambat sekarang 1" in text_of(page)
    assert ticket(1) in page.text
    assert message.headers["content-type"] == "text/plain; charset=utf-8"
    assert "Terlambat sekarang: 1" in message.text
    assert f"http://reporting/aduan/{ticket(1)}" in message.text


async def test_given_a_browser_when_a_page_is_loaded_the_first_time_then_it_takes_less_than_50_kb(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*(record for number in range(40) for record in a_lifecycle(number)))
    weights: dict[str, int] = {}

    async def transferred(address: str) -> int:
        async with public.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
            return len(b"".join([part async for part in answer.aiter_raw()]))

    for page in PAGES:
        assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', (await public.get(page)).text)
        assert len(assets) == 5
        weights[page] = sum([await transferred(address) for address in [page, *assets]])

    heavy = {page: weight for page, weight in weights.items() if weight >= WITHOUT_MAP_KB * 1_000}
    assert heavy == {}
