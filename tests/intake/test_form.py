"""The residents' form, as somebody without scripts uses it."""

import json
import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from services.intake.pages.faults import ORDER, PARTICULAR
from shared.events.directory import Door as Province
from shared.events.personal import PersonalRecorded
from shared.ids import parse_ticket, tracking_code_fits
from tests.intake.images import a_photo
from tests.intake.plain_browser import Page, PlainBrowser
from tests.intake.residents import Door, a_door
from tests.intake.test_uploads import taken_at

SITTI = {"name": "Sitti", "phone": "0812 3456 789"}
ROAD = {"text": "Jalan berlubang di depan pasar", "category": "road.damage"}
WORDS = {
    language: json.loads(files("services.intake.pages").joinpath("words", f"{language}.json").read_text("utf-8"))
    for language in ("id", "en")
}


@pytest.fixture
def sitti(door: Door) -> PlainBrowser:
    return PlainBrowser(door.http)


async def test_given_no_scripts_when_a_complaint_is_made_step_by_step_then_all_of_it_is_published(
    door: Door, sitti: PlainBrowser
) -> None:
    await sitti.open()
    suggested = await sitti.press("suggest", text=ROAD["text"])
    assert "pick:road.damage" in suggested.buttons
    assert "berlubang" in suggested.words
    picked = await sitti.press("pick:road.damage")
    assert picked.fields["category"] == ["road.damage"]
    assert "Jalan apakah ini?" in picked.words
    await sitti.press("place", answers__road_class="regency", regency="52.03")
    await sitti.press("place", district="52.03.07")
    assert {code[:8] for code in sitti.page.options["village"] if code} == {"52.03.07"}
    village = sitti.page.options["village"][1]
    await sitti.press("photo", a_photo(), village=village, address="Depan pasar")
    checked = await sitti.press("check", **SITTI, prefers="whatsapp", confidential="1")
    assert checked.status == 200
    assert "Depan pasar" in checked.words
    assert "Jalan kabupaten, kota, atau desa" in checked.words
    receipt = await sitti.press("send")

    assert receipt.status == 200
    ticket = parse_ticket(receipt.text_of("ticket"))
    assert tracking_code_fits({"1": b"dev-tracking"}, ticket, receipt.text_of("code"))
    personal, facts = door.published()
    assert (facts.ticket, facts.category, facts.suggested) == (ticket, "road.damage", "road.damage")
    assert (facts.region, facts.answers, facts.photos) == (village, {"road_class": "regency"}, 1)
    assert (facts.channel, facts.confidential, facts.anonymous, facts.has_contact) == ("form", True, False, True)
    assert (personal.text, personal.name, personal.phone) == (ROAD["text"], "Sitti", "+628123456789")
    assert (personal.address, personal.prefers, len(personal.photos)) == ("Depan pasar", "whatsapp", 1)


@pytest.mark.parametrize(
    ("place", "asked"),
    [
        ({"latitude": "-8.583", "longitude": "116.116"}, {"lintang": "-8.583", "bujur": "116.116"}),
        ({"regency": "52.03", "district": "52.03.07"}, {"wilayah": "52.03.07"}),
    ],
)
async def test_given_no_scripts_when_the_complaint_is_checked_then_near_ones_can_be_looked_for_in_another_tab(
    sitti: PlainBrowser, place: dict[str, str], asked: dict[str, str]
) -> None:
    await sitti.open()

    page = await sitti.press("check", **ROAD, **SITTI, **place)

    assert '<form method="post" action="/aduan/mirip" target="_blank"' in page.html
    names = ("kategori", "isi", "wilayah", "lintang", "bujur")
    told = {name: page.fields[name][0] for name in names if name in page.fields}
    assert told == {"kategori": ROAD["category"], "isi": ROAD["text"], **asked}


@pytest.mark.parametrize(
    "filled", [{"regency": "52.03"}, {"regency": "52.03", "district": "52.03.07", "category": "integrity.levy"}]
)
async def test_given_no_exact_place_or_a_matter_that_is_confidential_when_checked_then_nobody_is_led_to_other_cases(
    sitti: PlainBrowser, filled: dict[str, str]
) -> None:
    await sitti.open()

    page = await sitti.press("check", **{**ROAD, **SITTI, **filled})

    assert page.status == 200
    assert "send" in page.buttons
    assert "/aduan/mirip" not in page.html


async def test_given_a_disaster_when_the_form_is_filled_in_then_it_says_so_until_it_is_over(
    door: Door, sitti: PlainBrowser
) -> None:
    door.directory.doors["province"] = Province(disaster_until=datetime.now(UTC) + timedelta(hours=1))
    during = [await sitti.open(), await sitti.press("check", **ROAD, **SITTI, regency="52.03")]
    door.directory.doors["province"] = Province(disaster_until=datetime.now(UTC))

    after = await sitti.open()

    assert ["Yang mendesak ditangani lebih dahulu" in page.words for page in (*during, after)] == [True, True, False]


@pytest.mark.parametrize("acknowledged", [0, 1])
async def test_given_an_answer_that_was_lost_when_a_corrected_contact_is_sent_again_then_it_is_the_one_that_counts(
    door: Door, sitti: PlainBrowser, acknowledged: int
) -> None:
    await sitti.open()
    await sitti.press("check", **ROAD, **SITTI, regency="52.03")
    door.publisher.refuse_after = acknowledged
    lost = await sitti.press("send")
    door.publisher.refuse_after = None
    await sitti.press("check", phone="0819 1111 2222")
    receipt = await sitti.press("send")

    assert (lost.status, receipt.status) == (503, 200)
    contacts = [one for one in door.publisher.published if one.type == "contact.changed.v1"]
    assert len(contacts) == 1
    personal = PersonalRecorded.model_validate_json(door.publisher.published[-2].value or b"")
    assert (personal.name, personal.phone, personal.text) == ("Sitti", "+6281911112222", "")


async def test_given_an_answer_that_was_lost_when_the_same_is_sent_again_then_nothing_is_said_of_another_contact(
    door: Door, sitti: PlainBrowser
) -> None:
    await sitti.open()
    await sitti.press("check", **ROAD, **SITTI, regency="52.03")
    door.publisher.reachable = False
    await sitti.press("send")
    door.publisher.reachable = True
    await sitti.press("send")

    assert door.publisher.kinds() == ["personal.recorded.v1", "complaint.submitted.v1"]


@pytest.mark.parametrize("third", ["0812 3456 789", "0819 1111 2222", "0819 3333 4444"])
async def test_given_two_lost_answers_with_different_contacts_when_a_third_arrives_then_the_third_counts(
    door: Door, sitti: PlainBrowser, third: str
) -> None:
    await sitti.open()
    await sitti.press("check", **ROAD, **SITTI, regency="52.03")
    door.publisher.reachable = False
    await sitti.press("send")
    await sitti.press("send", phone="0819 1111 2222")
    door.publisher.reachable = True
    await sitti.press("send", phone=third)

    assert door.publisher.kinds()[-1] == "contact.changed.v1"


async def test_given_an_emergency_when_it_was_sent_then_the_receipt_too_says_whom_to_call(sitti: PlainBrowser) -> None:
    receipts = dict[str, Page]()
    for category in ("social.violence", "road.damage"):
        await sitti.open()
        await sitti.press("check", **{**ROAD, "category": category}, **SITTI, regency="52.03")
        receipts[category] = await sitti.press("send")

    assert {name: "tel:" in page.html for name, page in receipts.items()} == {
        "social.violence": True,
        "road.damage": False,
    }
    assert 'href="tel:129"' in receipts["social.violence"].html


async def test_given_the_same_press_twice_when_it_is_sent_then_it_is_one_complaint(sitti: PlainBrowser) -> None:
    await sitti.open()
    await sitti.press("check", **ROAD, **SITTI, regency="52.03")
    page = sitti.page

    first = await sitti.press("send")
    sitti.page = page
    second = await sitti.press("send")

    assert first.text_of("ticket") == second.text_of("ticket") != ""
    another = await sitti.open()
    assert another.fields["key"] != page.fields["key"]


async def test_given_an_empty_form_when_it_is_checked_then_every_fault_stands_on_top_and_beside_its_field(
    sitti: PlainBrowser,
) -> None:
    await sitti.open()

    page = await sitti.press("check")

    assert page.status == 422
    assert set(page.errors) == {"text", "category", "place", "name"}
    assert all(page.words.count(sentence) == 2 for sentence in page.errors.values())
    assert page.html.count('aria-invalid="true"') == 3


async def test_given_faults_when_the_form_comes_back_then_everything_that_was_entered_is_kept(
    sitti: PlainBrowser,
) -> None:
    await sitti.open()
    await sitti.press("category", category="road.bridge")
    filled = {"text": 'Jembatan </textarea><b>"putus"', "address": "A<B", "name": "O'Neil & Co", "phone": "12"}

    page = await sitti.press("check", **filled, regency="52.03", anonymous="1", email="x", answers__passable="no")

    assert page.status == 422
    assert set(page.errors) == {"phone", "email"}
    kept = {name: page.fields[name][0] for name in (*filled, "regency", "anonymous", "email", "answers.passable")}
    assert kept == {**filled, "regency": "52.03", "anonymous": "1", "email": "x", "answers.passable": "no"}
    assert "<b>" not in page.html


async def test_given_a_broker_that_is_away_when_it_is_sent_then_the_form_is_kept_and_can_be_sent_again(
    door: Door, sitti: PlainBrowser
) -> None:
    await sitti.open()
    await sitti.press("photo", a_photo(), **ROAD, **SITTI, regency="52.03")
    await sitti.press("check")
    key = sitti.page.fields["key"]
    door.publisher.reachable = False

    refused = await sitti.press("send")
    door.publisher.reachable = True
    accepted = await sitti.press("send")

    assert refused.status == 503
    assert WORDS["id"]["refused"]["503"] in refused.words
    assert (refused.fields["key"], refused.fields["text"]) == (key, [ROAD["text"]])
    assert accepted.status == 200
    assert door.published()[1].photos == 1


async def test_given_photos_that_expired_when_it_is_sent_then_they_are_named_and_the_rest_is_kept(
    door: Door, sitti: PlainBrowser
) -> None:
    await sitti.open()
    await sitti.press("photo", a_photo(), a_photo(size=(61, 40)), **ROAD, **SITTI, regency="52.03")
    gone, there = sitti.page.fields["photos"]
    await sitti.press("check")
    await door.uploads.photos.album.let_go([gone], "NTB-C833-HX1X-7X7V-TM")

    page = await sitti.press("send")

    assert (page.status, set(page.errors), page.fields["photos"]) == (422, {"photos"}, [there])
    assert page.fields["text"] == [ROAD["text"]]


async def test_given_a_photo_that_tells_where_when_it_is_uploaded_then_its_place_is_offered_and_can_be_taken_back(
    sitti: PlainBrowser,
) -> None:
    await sitti.open()
    offered = await sitti.press("photo", taken_at(-8.583, 116.116))
    assert "Pejanggik" in offered.words
    assert offered.fields["latitude"] == [""]

    taken = await sitti.press("here:-8.583,116.116")
    back = await sitti.press("nowhere")

    assert (taken.fields["latitude"], taken.fields["longitude"]) == (["-8.583"], ["116.116"])
    assert back.fields["latitude"] == [""]


async def test_given_photos_when_one_is_removed_then_the_others_stay(sitti: PlainBrowser) -> None:
    await sitti.open()
    await sitti.press("photo", *(a_photo(size=(60 + number, 40)) for number in range(5)))
    names = sitti.page.fields["photos"]

    page = await sitti.press(f"drop:{names[2]}")
    more = await sitti.press("photo", a_photo(), a_photo(size=(99, 40)))

    assert page.fields["photos"] == [*names[:2], *names[3:]]
    assert (more.status, len(more.fields["photos"])) == (422, 5)
    assert more.errors["photos"] == WORDS["id"]["photo_refused"]["422"]


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", "422"), (b"<svg/>", "415"), (b"x" * (10 * 1024 * 1024 + 1), "413"), (b"x" * (50 * 1024 * 1024), "413")],
    ids=["empty", "svg", "10 MB", "50 MB"],
)
async def test_given_a_hostile_file_when_it_is_sent_with_the_form_then_it_is_said_why_and_the_rest_is_kept(
    sitti: PlainBrowser, content: bytes, status: str
) -> None:
    await sitti.open()

    page = await sitti.press("photo", content, **ROAD)

    assert page.status == 422
    assert page.errors["photos"] == WORDS["id"]["photo_refused"][status]
    assert page.fields["text"] == [ROAD["text"]]


async def test_given_more_than_any_form_when_it_is_sent_then_a_page_says_how_to_go_on(sitti: PlainBrowser) -> None:
    await sitti.open()

    page = await sitti.press("photo", b"x" * (51 * 1024 * 1024))

    assert page.status == 422
    assert WORDS["id"]["unread"]["413"] in page.words


async def test_given_a_category_that_needs_a_photo_when_there_is_none_then_it_is_said_at_the_photos(
    door: Door, sitti: PlainBrowser
) -> None:
    needs = door.directory.categories["road.damage"].model_copy(update={"photo_required": True})
    door.directory.categories["road.damage"] = needs
    await sitti.open()

    refused = await sitti.press("check", **ROAD, **SITTI, regency="52.03")
    accepted = await sitti.press("check", a_photo())

    assert (refused.status, set(refused.errors), accepted.status) == (422, {"photos"}, 200)
    assert WORDS["id"]["photos_needed"] in refused.words


async def test_given_a_category_of_emergencies_when_it_is_chosen_or_likely_then_its_numbers_come_first(
    sitti: PlainBrowser,
) -> None:
    await sitti.open()

    likely = await sitti.press("suggest", text="Suami tetangga memukul istrinya, ini kekerasan")
    chosen = await sitti.press("category", category="disaster.flood")
    other = await sitti.press("category", category="road.damage")

    assert re.findall(r'href="tel:(\d+)"', likely.html.partition('<form method="post" action="/lapor"')[0]) == [
        "112",
        "110",
        "129",
    ]
    assert re.findall(r'href="tel:(\d+)"', chosen.html.partition("<template")[0]) == ["112"]
    assert "tel:" not in other.html.partition("<template")[0]


@pytest.mark.parametrize(
    ("category", "forced"), [("integrity.whistle", {"anonymous", "confidential"}), ("village.fund", {"confidential"})]
)
async def test_given_a_category_that_hides_when_it_is_sent_then_it_is_said_and_done(
    door: Door, sitti: PlainBrowser, category: str, forced: set[str]
) -> None:
    await sitti.open()

    page = await sitti.press("category", text="Pejabat menyalahgunakan wewenang", category=category)
    await sitti.press("check", regency="52.03", name="" if "anonymous" in forced else "Sitti")
    await sitti.press("send")

    assert all(WORDS["id"][f"always_{switch}"] in page.words for switch in forced)
    facts = door.published()[1]
    assert {name for name in ("anonymous", "confidential") if getattr(facts, name)} == forced


async def test_given_english_when_the_form_is_used_then_the_reporter_is_answered_in_english(
    door: Door, sitti: PlainBrowser
) -> None:
    sitti.language = "en"
    await sitti.open()
    assert "Make a complaint" in sitti.page.words
    await sitti.press("check", **ROAD, **SITTI, regency="52.03")

    receipt = await sitti.press("send")

    assert "Your complaint is received" in receipt.words
    assert door.published()[0].language == "en"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}])
async def test_given_a_page_of_another_site_when_it_sends_the_form_then_it_is_refused(
    door: Door, sitti: PlainBrowser, headers: dict[str, str]
) -> None:
    await sitti.open()

    page = await sitti.send({**ROAD, **SITTI, "regency": "52.03", "go": "send"}, **headers)

    assert page.status == 403
    assert door.publisher.published == []


@pytest.mark.parametrize("key", ["", "seven", "00000000-0000-0000-0000-000000000000"])
async def test_given_a_key_that_anybody_could_guess_when_the_form_is_sent_then_another_one_is_taken(
    sitti: PlainBrowser, key: str
) -> None:
    sent = {**ROAD, **SITTI, "regency": "52.03", "go": "send", "key": key}

    tickets = [(await sitti.send(sent)).text_of("ticket") for _ in range(2)]

    assert len(set(tickets)) == 2


async def test_given_regions_that_do_not_lie_in_each_other_when_the_form_is_sent_then_the_largest_counts(
    door: Door, sitti: PlainBrowser
) -> None:
    places = {"regency": "52.03", "district": "52.01.01", "village": "52.01.01.2001"}

    page = await sitti.send({**ROAD, **SITTI, **places, "go": "place"})
    await sitti.send({**ROAD, **SITTI, **places, "go": "send"})

    assert {code[:5] for code in page.options["district"] if code} == {"52.03"}
    assert page.options["village"] == [""]
    assert door.published()[1].region == "52.03"


async def test_given_a_receipt_when_it_is_looked_at_then_nobody_keeps_it_and_no_address_has_the_code(
    door: Door,
) -> None:
    sent = {**ROAD, **SITTI, "regency": "52.03", "go": "send"}

    answer = await door.http.post("/lapor", data=sent)

    code = PlainBrowser(door.http).see(answer).text_of("code")
    assert answer.headers["cache-control"] == "no-store"
    assert "location" not in answer.headers
    assert all(code not in address for address in re.findall(r'(?:href|src|action)="([^"]*)"', answer.text))
    assert "worker-src 'self'" in answer.headers["content-security-policy"]


async def test_given_a_link_that_is_smoothed_when_the_form_is_opened_then_it_is_loaded_whole(door: Door) -> None:
    answer = await door.http.get("/lapor", headers={"HX-Request": "true", "HX-Boosted": "true"})

    assert (answer.headers["hx-redirect"], answer.text) == ("/lapor", "")


async def test_given_the_switch_of_languages_when_it_is_pressed_then_the_form_speaks_the_other(door: Door) -> None:
    switched = await door.http.post("/lapor/language", data={"to": "en", "back": "//elsewhere.example"})

    assert (switched.status_code, switched.headers["location"]) == (303, "/lapor")
    assert "ntbcare_language=en" in switched.headers["set-cookie"]


async def test_given_a_first_visit_when_everything_is_loaded_then_it_is_light(door: Door) -> None:
    page = await door.http.get("/lapor")
    addresses = re.findall(r'(?:href|src)="(/lapor/assets/[^"]+)"', page.text)

    weights = [int(page.headers["content-length"])]
    for address in addresses:
        async with door.http.stream("GET", address) as answer:
            assert answer.status_code == 200
            weights.append(len(b"".join([chunk async for chunk in answer.aiter_raw()])))

    assert len(addresses) == 10
    assert sum(weights) < 40_000


async def test_given_the_regions_of_a_regency_when_they_are_asked_for_then_villages_stand_below_their_districts(
    door: Door,
) -> None:
    found = (await door.http.get("/lapor/regions/52.71")).json()

    assert len(found) == 6
    assert all(village[0].startswith(district) for district, _, villages in found for village in villages)
    assert (await door.http.get("/lapor/regions/52")).status_code == 422


async def test_given_the_script_that_keeps_the_form_when_it_is_asked_for_then_it_may_keep_the_page(door: Door) -> None:
    answer = await door.http.get("/lapor/worker.js")

    assert (answer.headers["service-worker-allowed"], answer.headers["cache-control"]) == ("/lapor", "no-cache")


def test_given_both_languages_when_their_words_are_compared_then_neither_lacks_any() -> None:
    def names(words: dict[str, object], above: str = "") -> set[str]:
        found = set[str]()
        for name, said in words.items():
            found |= names(said, f"{above}{name}.") if isinstance(said, dict) else {above + name}  # type: ignore[arg-type]
        return found

    assert names(WORDS["id"]) == names(WORDS["en"])
    assert set(WORDS["id"]["faults"]) == {*ORDER, *PARTICULAR.values()}
    for number in {n for c in _categories() for n in c["emergency"]}:
        assert WORDS["id"]["numbers"][number]


def _categories() -> list[dict[str, list[str]]]:
    seeds = files("services.routing").joinpath("data", "categories.json").read_text("utf-8")
    return [{"emergency": row.get("emergency", [])} for row in json.loads(seeds)]


@pytest.fixture
def guarded(tmp_path: Path) -> Door:
    """As it is in the province, with limits."""
    return a_door(tmp_path.as_uri(), limits={"form_least": "PT0S", "form_at_ease": "2/minute"})


async def test_given_a_form_when_it_is_opened_then_it_is_fresh_until_something_is_entered(guarded: Door) -> None:
    siti = PlainBrowser(guarded.http)

    opened = await siti.open()
    entered = await siti.press("suggest", text=ROAD["text"])

    assert "data-fresh" in opened.html
    assert "data-fresh" not in entered.html


async def test_given_a_program_when_it_fills_in_what_nobody_sees_then_it_is_refused_and_a_person_can_go_on(
    guarded: Door,
) -> None:
    siti = PlainBrowser(guarded.http)
    await siti.open()

    await siti.press("check", **ROAD, **SITTI, regency="52.03", website="https://spam.example")
    trapped = await siti.press("send")
    await siti.press("check")
    again = await siti.press("send")

    assert trapped.status == 403
    assert ROAD["text"] in trapped.html
    assert again.status == 200
    assert len(guarded.publisher.published) == 2


async def test_given_a_form_without_a_stamp_of_ours_when_it_is_sent_then_it_is_to_be_sent_again(guarded: Door) -> None:
    siti = PlainBrowser(guarded.http)
    await siti.open()

    await siti.press("check", **ROAD, **SITTI, regency="52.03", stamp="1.a.b")
    forged = await siti.press("send")
    before = list(guarded.publisher.published)
    again = await siti.press("send")

    assert forged.status == 403
    assert WORDS["id"]["refused"]["suspected"] in forged.words
    assert before == []
    assert again.status == 200
    assert len(guarded.publisher.published) == 2


async def test_given_a_disaster_when_many_check_and_send_what_is_urgent_then_none_is_refused(tmp_path: Path) -> None:
    door = a_door(tmp_path.as_uri(), limits={"form_least": "PT0S", "suggestions": "1/hour", "complaints": "1/hour"})
    door.directory.doors["province"] = Province(disaster_until=datetime.now(UTC) + timedelta(hours=1))
    told = list[int]()
    for _ in range(3):
        siti = PlainBrowser(door.http)
        await siti.open()
        await siti.press("check", text=ROAD["text"], category="disaster.flood", **SITTI, regency="52.03")
        told.append((await siti.press("send")).status)

    assert told == [200, 200, 200]


async def test_given_many_photos_that_come_with_forms_when_more_come_then_they_are_counted_like_all_others(
    tmp_path: Path,
) -> None:
    door = a_door(tmp_path.as_uri(), limits={"photos": "2/hour"})
    siti = PlainBrowser(door.http)
    await siti.open()

    taken = [await siti.press("photo", a_photo(size=(40 + number, 40))) for number in range(3)]

    assert [page.status for page in taken] == [200, 200, 422]
    assert (await door.upload(a_photo())).status_code == 429


async def test_given_many_forms_of_one_address_when_one_more_comes_at_once_then_it_waits(guarded: Door) -> None:
    told = list[int]()
    for _ in range(3):
        siti = PlainBrowser(guarded.http)
        await siti.open()
        await siti.press("check", **ROAD, **SITTI, regency="52.03")
        told.append((await siti.press("send")).status)

    assert told == [200, 200, 429]
    assert len(guarded.publisher.published) == 4
