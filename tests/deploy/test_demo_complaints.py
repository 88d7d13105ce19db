from collections import Counter
from datetime import date, datetime, timedelta
from uuid import UUID

import phonenumbers
import pytest

from deploy.demo.complaints import demo_complaints, largest_remainder
from services.intake.places import load_places
from services.routing.seeds import seed_entries
from shared.events.directory import Agency, Category, Region

COMPLAINTS = demo_complaints()
BODIES = [complaint.body for complaint in COMPLAINTS]
SEEDS = seed_entries(range(2021, 2022))


def received_on(body: dict[str, str]) -> date:
    return datetime.fromisoformat(body["received_at"]).date()


def test_given_the_year_2021_when_made_up_again_then_its_two_totals_are_right() -> None:
    complaints = COMPLAINTS

    followed_up = [complaint for complaint in complaints if complaint.followed_up]

    assert len(complaints) == 278
    assert len(followed_up) == 185


def test_given_the_demo_when_made_twice_then_it_is_the_same() -> None:
    first = COMPLAINTS

    second = demo_complaints()

    assert second == first
    assert first[0].key == UUID("b8311281-a42a-5eac-bb60-77111f0da433")
    assert len({complaint.key for complaint in first}) == 278
    assert all(complaint.key.version == 5 for complaint in first)


def test_given_the_demo_when_counted_by_regency_then_population_decided() -> None:
    # 278 / 5.76 million = 48.26 a million. The whole parts sum to 274; the four largest remainders, each served one
    # more, are Sumbawa Barat .72, Lombok Barat .68, Sumbawa .58 and Lombok Tengah .54; Dompu's .51 comes fifth.
    lombok = {"52.03": 70, "52.02": 54 + 1, "52.01": 36 + 1, "52.71": 22, "52.08": 13}
    sumbawa = {"52.06": 26, "52.04": 25 + 1, "52.05": 13, "52.72": 8, "52.07": 7 + 1}

    counts = Counter(body["location"]["region"][:5] for body in BODIES)

    assert counts == lombok | sumbawa


@pytest.mark.parametrize(
    ("codes", "count"),
    [
        pytest.param({"env.waste", "env.pollution", "env.logging", "env.tree"}, 31, id="environment: 13 of 118"),
        pytest.param(
            {"road.damage", "road.bridge", "road.light", "road.drain", "infra.irrigation"},
            31,
            id="infrastructure: 13 of 118",
        ),
        pytest.param({"traffic.jam", "traffic.light", "traffic.overload"}, 12, id="traffic: 5 of 118"),
        pytest.param({"env.mining"}, 9, id="mining: 4 of 118"),
        pytest.param({"disaster.quake_house"}, 9, id="quake-safe houses: 4 of 118"),
        pytest.param({"water.supply", "water.drought"}, 56, id="clean water: 24 of 118"),
    ],
)
def test_given_the_demo_when_counted_by_category_then_the_shares_of_2019_decided(codes: set[str], count: int) -> None:
    categories = [body["category"] for body in BODIES]

    counted = sum(category in codes for category in categories)

    assert counted == count


def test_given_equal_remainders_when_shared_out_then_the_first_named_is_served_first() -> None:
    weights = {"a": 1, "b": 1, "c": 1}

    shares = largest_remainder(5, weights)

    assert shares == {"a": 2, "b": 2, "c": 1}


def test_given_the_seeds_when_a_complaint_names_a_code_then_it_exists() -> None:
    categories = {entry.id: entry for entry in SEEDS if isinstance(entry, Category)}
    regions = {entry.id for entry in SEEDS if isinstance(entry, Region)}
    agencies = {entry.id: entry for entry in SEEDS if isinstance(entry, Agency)}
    offered = {
        (category.id, question.code, option.code)
        for category in categories.values()
        for question in category.questions
        for option in question.options
    }

    answered = {(body["category"], *answer) for body in BODIES for answer in body["answers"].items()}

    assert {body["category"] for body in BODIES} == set(categories)
    assert {body["location"]["region"] for body in BODIES} <= regions
    assert answered <= offered
    assert all(agencies[body["about"]].valid_on(received_on(body)) for body in BODIES if "about" in body)


def test_given_a_complaint_with_a_point_when_looked_up_then_it_lies_in_the_region_told() -> None:
    places = load_places()
    locations = [body["location"] for body in BODIES if "latitude" in body["location"]]

    found = [places.region_at(location["latitude"], location["longitude"]) for location in locations]

    assert len(found) > 100
    assert found == [location["region"] for location in locations]


def test_given_the_texts_when_measured_then_intake_can_take_them() -> None:
    texts = [body["text"] for body in BODIES]

    lengths = [len(text) for text in texts]

    assert min(lengths) >= 10
    assert max(lengths) <= 5000
    assert len(set(texts)) > 250
    assert not any(letter in text for text in texts for letter in "{}")


def test_given_the_times_when_read_then_they_are_of_2021_and_mostly_of_office_hours() -> None:
    received = [datetime.fromisoformat(body["received_at"]) for body in BODIES]
    occurred = [datetime.fromisoformat(body["occurred_at"]) for body in BODIES]

    in_office = [at for at in received if at.weekday() < 5 and 8 <= at.hour < 16]

    assert received == sorted(received)
    assert (received[0].date(), received[-1].date()) >= (date(2021, 1, 1), date(2021, 9, 1))
    assert received[-1].date() <= date(2021, 10, 7)
    assert {at.utcoffset() for at in received} == {timedelta(hours=8)}
    assert all(before < after for before, after in zip(occurred, received, strict=True))
    assert len(in_office) > 278 * 0.7


def test_given_the_reporters_when_read_then_nobody_real_is_named() -> None:
    reporters = [body["reporter"] for body in BODIES if "reporter" in body]

    phones = [phonenumbers.parse(reporter["phone"]) for reporter in reporters if "phone" in reporter]

    assert all(("reporter" in body) != body.get("anonymous", False) for body in BODIES)
    assert all(reporter["name"].startswith("Warga Contoh ") for reporter in reporters)
    assert all(reporter.get("email", "@contoh.example").endswith("@contoh.example") for reporter in reporters)
    assert all(phonenumbers.is_valid_number(phone) and phone.country_code == 62 for phone in phones)


def test_given_a_complaint_that_no_rule_routes_when_read_then_it_was_not_followed_up() -> None:
    unrouted = [
        complaint
        for complaint in COMPLAINTS
        if complaint.body["category"] == "other" or complaint.body["answers"].get("road_class") == "unknown"
    ]

    followed_up = [complaint for complaint in unrouted if complaint.followed_up]

    assert unrouted != []
    assert followed_up == []
