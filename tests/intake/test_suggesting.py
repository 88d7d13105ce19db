"""What category a text is taken for, and why."""

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.suggesting import MOST, Suggester, words_of
from services.routing.seeds import seed_entries
from shared.events.directory import Category
from tests.intake.residents import Door

CATEGORIES = [entry for entry in seed_entries(range(2026, 2027)) if isinstance(entry, Category)]
KEYWORDS = {category.id: category.keywords for category in CATEGORIES}
SEEDED = Suggester(KEYWORDS)
STEMS = ["jalan", "rusak", "lampu", "lampu jalan", "air", "air bersih", "ktp", "jalan rusak", "banjir", "pohon"]
NAMES = ["a.a", "b.b", "c.c", "d.d"]
keywords = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(STEMS), max_size=6), max_size=4)
texts = st.lists(st.sampled_from([*STEMS, "dan", "sekali", "kerusakan", "xyz", "lampunya"]), max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Jalan di depan pasar berlubang parah", "road.damage"),
        ("There is a huge pothole near the market", "road.damage"),
        ("Lampu jalan di gang kami mati", "road.light"),
        ("Lampu merah di perempatan tidak menyala", "traffic.light"),
        ("Sampahnya sudah seminggu tidak diangkut", "env.waste"),
        ("Air PDAM tidak mengalir tiga hari", "water.supply"),
        ("Kami kekurangan air bersih, sumur kering", "water.drought"),
        ("KTP saya belum jadi di Dukcapil", "civil.registry"),
        ("Tetangga memukul istrinya, ini kekerasan", "social.violence"),
        ("Rumah kami kebanjiran dan warga mengungsi", "disaster.flood"),
        ("The hospital turned away a patient", "health.service"),
        ("Gas melon langka dan mahal", "econ.lpg"),
        ("Petugas melakukan pungli di loket", "integrity.levy"),
        ("No signal in our village, the internet never works", "net.blankspot"),
    ],
)
def test_given_words_of_a_resident_when_a_category_is_suggested_then_it_is_the_right_one(
    text: str, category: str
) -> None:
    assert SEEDED.suggest(text)[0].category == category


def test_given_the_texts_of_the_demo_when_categories_are_suggested_then_most_are_right() -> None:
    bodies = json.loads(files("deploy.demo").joinpath("texts.json").read_text(encoding="utf-8"))["bodies"]
    told = [(code, text) for code, some in bodies.items() for text in some if code != "other"]

    found = [(code, [one.category for one in SEEDED.suggest(text)]) for code, text in told]

    assert sum(names[:1] == [code] for code, names in found) / len(told) >= 0.85
    assert sum(code in names for code, names in found) / len(told) >= 0.9


def test_given_the_delivered_categories_when_they_are_looked_at_then_all_but_the_last_resort_have_keywords() -> None:
    assert {code for code, own in KEYWORDS.items() if not own} == {"other"}
    assert all(len(set(own)) == len(own) for own in KEYWORDS.values())


def test_given_an_emergency_when_categories_are_looked_at_then_they_name_whom_to_call() -> None:
    numbers = {category.id: category.emergency for category in CATEGORIES if category.emergency}

    assert numbers["social.violence"] == ("112", "110", "129")
    assert {"disaster.flood", "power.outage", "order.public", "health.nutrition"} <= set(numbers)


@pytest.mark.parametrize(
    ("word", "stem", "found"),
    [
        ("kerusakan", "rusak", True),
        ("perbaikannya", "baik", False),
        ("KTPnya", "ktp", True),
        ("calon", "calo", False),
        ("mengurus", "guru", False),
        ("gurunya", "guru", True),
        ("diangkut", "angkut", True),
        ("trees", "tree", True),
        ("flooding", "flood", True),
        ("ga", "gas", False),
    ],
)
def test_given_an_ending_or_a_beginning_when_a_stem_is_looked_for_then_it_is_found_if_it_is_one(
    word: str, stem: str, *, found: bool
) -> None:
    assert bool(Suggester({"a.a": [stem]}).suggest(word)) is found


@given(keywords, texts)
def test_given_any_keywords_and_text_when_suggested_then_it_is_within_bounds_and_says_which_words(
    own: dict[str, list[str]], text: str
) -> None:
    found = Suggester(own).suggest(text)

    sure = [one.confidence for one in found]
    assert len(found) <= MOST
    assert all(0 < confidence < 1 for confidence in sure)
    assert sum(sure) < 1
    assert sure == sorted(sure, reverse=True)
    assert all(one.words and set(one.words) <= set(words_of(text)) for one in found)
    assert {one.category for one in found} <= {name for name, some in own.items() if some}


@given(keywords, texts)
def test_given_keywords_in_another_order_when_suggested_then_nothing_changes(
    own: dict[str, list[str]], text: str
) -> None:
    turned = {name: [*reversed(own[name]), *own[name]] for name in reversed(own)}

    assert Suggester(turned).suggest(text) == Suggester(own).suggest(text)


@given(keywords, texts, st.text("bcdfghjklmnpqrstvwxyz", min_size=12, max_size=20))
def test_given_words_that_nobody_knows_when_they_are_added_then_nothing_changes(
    own: dict[str, list[str]], text: str, unknown: str
) -> None:
    before = Suggester(own).suggest(text)

    assert Suggester(own).suggest(f"{unknown}! {text} ?{unknown}") == before
    assert Suggester(own).suggest(unknown) == []


@given(keywords, texts, st.sampled_from(NAMES), st.sampled_from(STEMS))
def test_given_one_keyword_more_when_suggested_then_its_category_is_never_less_sure(
    own: dict[str, list[str]], text: str, name: str, stem: str
) -> None:
    more = {**own, name: [*own.get(name, []), stem]}

    before, after = (_sureness(each, text, name) for each in (own, more))

    assert after >= before - 1e-9


def _sureness(own: dict[str, list[str]], text: str, name: str) -> float:
    """Where the third place is shared, it is among the first or not: only those that are suggested count."""
    alone = [one.confidence for one in Suggester(own).suggest(text) if one.category == name]
    return alone[0] if alone else 0.0


@given(st.text(max_size=300))
def test_given_any_text_when_suggested_then_nothing_breaks(text: str) -> None:
    assert len(SEEDED.suggest(text)) <= MOST


async def test_given_a_text_when_suggestions_are_asked_for_then_they_come_with_their_reasons(door: Door) -> None:
    answer = await door.http.post("/v1/complaints/suggestions", json={"text": "Jalan rusak, aspal berlubang"})

    [first, *_] = answer.json()["suggestions"]
    assert (answer.status_code, first["category"]) == (200, "road.damage")
    assert first["words"] == ["jalan", "rusak", "aspal", "berlubang"]
    assert 0 < first["confidence"] < 1
    assert door.publisher.published == []


async def test_given_keywords_that_changed_when_suggestions_are_asked_for_then_the_new_ones_count(door: Door) -> None:
    changed = door.directory.categories["road.light"].model_copy(update={"keywords": ("kunang",)})
    before = (await door.http.post("/v1/complaints/suggestions", json={"text": "kunang-kunang"})).json()

    door.directory.categories["road.light"] = changed
    door.suggestions.note_change("category:road.light")
    after = (await door.http.post("/v1/complaints/suggestions", json={"text": "kunang-kunang"})).json()

    assert (before["suggestions"], after["suggestions"][0]["category"]) == ([], "road.light")


async def test_given_what_was_suggested_when_the_complaint_is_sent_then_it_stands_beside_what_was_chosen(
    door: Door,
) -> None:
    accepted = await door.submit(suggested="road.light")
    refused = await door.submit(suggested="road.flying")

    assert (accepted.status_code, door.published()[1].suggested, door.published()[1].category) == (
        202,
        "road.light",
        "road.damage",
    )
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "suggested")
