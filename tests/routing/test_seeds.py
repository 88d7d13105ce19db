import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from importlib.resources import files

import pytest

from services.routing.seeds import seed_calendar, seed_entries
from shared.events.case import EscalationLevel
from shared.events.directory import Agency, AgencyLevel, Category, Condition, Entry, Region, Rule
from shared.events.event import Urgency
from shared.events.standards import ResolutionClass, Standard

SEEDS = seed_entries(range(2021, 2028))
AGENCIES = {entry.id: entry for entry in SEEDS if isinstance(entry, Agency)}
CATEGORIES = {entry.id: entry for entry in SEEDS if isinstance(entry, Category)}
RULES = [entry for entry in SEEDS if isinstance(entry, Rule)]
REGIONS = {entry.id: entry for entry in SEEDS if isinstance(entry, Region)}
REGENCIES = [region.id for region in REGIONS.values() if region.level == "regency"]


def conditions() -> list[tuple[str, Condition]]:
    """Every condition of a rule or of an urgency, with the category that it asks about."""
    of_rules = [(code, condition) for rule in RULES for code in rule.categories for condition in rule.when]
    of_urgencies = [
        (category.id, condition)
        for category in CATEGORIES.values()
        for rule in category.urgency_rules
        for condition in rule.when
    ]
    return of_rules + of_urgencies


def responsible(code: str, regency: str, day: date, **answers: str) -> str | None:
    """Who gets a complaint, as `Rule` promises."""
    rule = next(rule for rule in RULES if code in rule.categories and all(when.holds(answers) for when in rule.when))
    candidates = [f"{name[4:]}-{regency}" if name.startswith("kab:") else name for name in rule.agencies]
    return next((agency for agency in candidates if AGENCIES[agency].valid_on(day)), None)


def test_given_the_seeds_when_counted_then_every_entry_is_there_once() -> None:
    keys = [(entry.kind, entry.id) for entry in SEEDS]

    kinds = Counter(kind for kind, _ in keys)

    assert len(set(keys)) == len(keys)
    assert kinds == {"agency": 199, "category": 40, "rule": 34, "standard": 1, "region": 1294, "calendar": 1}


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("agencies.json", AGENCIES.values()),
        ("categories.json", CATEGORIES.values()),
        ("rules.json", RULES),
        ("regions.json", REGIONS.values()),
    ],
)
def test_given_a_data_file_when_loaded_then_no_word_of_it_is_ignored(name: str, entries: Iterable[Entry]) -> None:
    written = json.loads(files("services.routing").joinpath("data", name).read_text(encoding="utf-8"))

    loaded = [entry.model_dump(mode="json", exclude_unset=True) for entry in entries]

    assert loaded == written


def test_given_the_regions_when_counted_by_level_then_they_are_those_of_kemendagri() -> None:
    levels = Counter(region.level for region in REGIONS.values())

    kelurahan = [code for code, region in REGIONS.items() if region.level == "village" and code[9] == "1"]

    assert levels == {"province": 1, "regency": 10, "district": 117, "village": 1166}
    assert len(kelurahan) == 145
    assert all(code.rpartition(".")[0] in REGIONS for code in REGIONS if code != "52")


def test_given_the_agencies_when_they_name_another_then_it_exists() -> None:
    named = {name for agency in AGENCIES.values() for name in (agency.parent, agency.successor) if name is not None}

    regions = {agency.region for agency in AGENCIES.values()}

    assert named <= set(AGENCIES)
    assert regions == {"52", *REGENCIES}
    assert [agency.id for agency in AGENCIES.values() if agency.parent == "DINKES"] == ["RSUDP", "RSJMS"]
    assert [agency.id for agency in AGENCIES.values() if agency.coordinates] == ["BIRO-ORGANISASI", "INSPEKTORAT"]


def test_given_the_reorganisation_when_a_body_ended_then_its_successor_began_that_day() -> None:
    reorganised_on = date(2026, 1, 2)

    ended = {agency.id: agency.successor for agency in AGENCIES.values() if agency.valid_before == reorganised_on}
    begun = {agency.id for agency in AGENCIES.values() if agency.valid_from == reorganised_on}

    assert len(ended) == 10
    assert begun == {*ended.values(), "DISBUD"}
    assert all(agency.successor is None for agency in AGENCIES.values() if agency.valid_before is None)


@pytest.mark.parametrize("regency", REGENCIES)
def test_given_a_regency_when_its_bodies_are_counted_then_there_are_fifteen(regency: str) -> None:
    bodies = [agency for agency in AGENCIES.values() if agency.region == regency]

    ids = {body.id for body in bodies}

    assert len(ids) == 15
    assert all(body.level is AgencyLevel.REGENCY and body.id.endswith(f"-{regency}") for body in bodies)


def test_given_the_agencies_when_mail_is_addressed_then_no_address_can_exist() -> None:
    addresses = [agency.email or "" for agency in AGENCIES.values()]

    domains = {address.rpartition("@")[2] for address in addresses}

    assert domains == {"opd.ntb.example", "instansi.example"}
    assert len(set(addresses)) == len(addresses)


def test_given_the_agencies_when_somebody_must_be_told_at_once_then_no_number_can_exist() -> None:
    duties = {agency.id: agency.duty for agency in AGENCIES.values() if agency.duty is not None}

    numbers = [number for duty in duties.values() for number in {duty.whatsapp, duty.sms}]

    assert {f"BPBD-{regency}" for regency in REGENCIES} | {"BPBD", "DINSOS-P3A", "DISHUB", "SATPOLPP", "PLN"} == set(
        duties
    )
    assert all(re.fullmatch(r"\+6290000\d\d", number or "") for number in numbers)
    assert len(set(numbers)) == len(numbers) == len(duties)
    assert all(duty.email == AGENCIES[agency].email for agency, duty in duties.items())


def test_given_the_agencies_when_promises_are_broken_then_one_office_a_step_is_told_and_no_rule_names_it() -> None:
    offices = {agency.id: agency.escalation for agency in AGENCIES.values() if agency.escalation is not None}

    named = {name for rule in RULES for name in rule.agencies}

    assert offices == {"SEKDA": EscalationLevel.SEKDA, "GUBERNUR": EscalationLevel.GOVERNOR}
    assert named.isdisjoint(offices)
    assert not any(agency.coordinates for agency in AGENCIES.values() if agency.id in offices)


def test_given_the_rules_when_ordered_then_positions_count_from_one() -> None:
    positions = [rule.position for rule in RULES]

    expected = list(range(1, 35))

    assert positions == expected


def test_given_the_rules_when_followed_then_every_category_but_other_leads_to_an_agency() -> None:
    reached = {code for rule in RULES for code in rule.categories}

    categories = set(CATEGORIES)

    assert reached == categories - {"other"}


def test_given_a_condition_when_it_names_a_question_then_the_category_asks_it_and_offers_the_options() -> None:
    offered = {
        (category.id, question.code, option.code)
        for category in CATEGORIES.values()
        for question in category.questions
        for option in question.options
    }

    needed = {(code, when.question, option) for code, when in conditions() for option in when.options}

    assert needed <= offered


@pytest.mark.parametrize("day", [date(2021, 1, 1), date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2)])
def test_given_a_day_when_a_rule_is_followed_then_exactly_one_body_is_valid_in_every_regency(day: date) -> None:
    candidates = {
        (rule.id, regency): [name.replace("kab:", "") + f"-{regency}" if "kab:" in name else name]
        for rule in RULES
        for regency in REGENCIES
        for name in rule.agencies
        if "kab:" in name or AGENCIES[name].valid_on(day)
    }

    led_to = {key: [AGENCIES[name].valid_on(day) for name in names] for key, names in candidates.items()}

    assert len(led_to) == 34 * 10
    assert all(valid == [True] for valid in led_to.values())


@pytest.mark.parametrize(
    ("code", "answers", "in_2025", "in_2026"),
    [
        ("road.damage", {"road_class": "regency"}, "PUPR-52.03", "PUPR-52.03"),
        ("road.damage", {"road_class": "provincial"}, "PUPR", "PUPR-PERKIM"),
        ("road.bridge", {"road_class": "national", "passable": "no"}, "BPJN", "BPJN"),
        ("edu.school", {"school_level": "smk"}, "DIKBUD", "DIKPORA"),
        ("edu.school", {"school_level": "sd"}, "DIKBUD-52.03", "DIKBUD-52.03"),
        ("health.service", {"facility": "province_hospital"}, "RSUDP", "RSUDP"),
        ("health.service", {}, "DINKES-52.03", "DINKES-52.03"),
        ("social.violence", {}, "DP3AP2KB", "DINSOS-P3A"),
        ("econ.lpg", {}, "DISDAG", "DISPERINDAG"),
        ("water.supply", {}, "PDAM-52.03", "PDAM-52.03"),
    ],
)
def test_given_a_complaint_of_lombok_timur_when_routed_before_and_after_2026_then_the_body_of_the_day_gets_it(
    code: str, answers: dict[str, str], in_2025: str, in_2026: str
) -> None:
    last_day, first_day = date(2026, 1, 1), date(2026, 1, 2)

    bodies = [responsible(code, "52.03", day, **answers) for day in (last_day, first_day)]

    assert bodies == [in_2025, in_2026]


@pytest.mark.parametrize("answers", [{}, {"road_class": "unknown"}])
def test_given_an_unknown_road_when_a_rule_is_sought_then_none_matches(answers: dict[str, str]) -> None:
    rules = [rule for rule in RULES if "road.damage" in rule.categories]

    matching = [rule.id for rule in rules if all(condition.holds(answers) for condition in rule.when)]

    assert matching == []


def test_given_the_categories_when_their_switches_are_read_then_the_sensitive_ones_force_them() -> None:
    confidential = {category.id for category in CATEGORIES.values() if category.confidential}

    anonymous = {category.id for category in CATEGORIES.values() if category.anonymous}

    assert confidential == {"social.violence", "village.fund", "integrity.levy", "integrity.whistle"}
    assert anonymous == {"integrity.whistle"}


def test_given_the_standard_when_read_then_it_is_the_published_one() -> None:
    standard = next(entry for entry in SEEDS if isinstance(entry, Standard))

    days = (standard.verification_days, standard.first_follow_up_days)

    assert days == (3, 5)
    assert standard.response == {
        Urgency.URGENT: timedelta(hours=1),
        Urgency.IMPORTANT: timedelta(hours=24),
        Urgency.ORDINARY: timedelta(hours=48),
    }
    assert dict(standard.resolution_days) == dict(zip(ResolutionClass, (5, 14, 60), strict=True))


def test_given_years_when_the_calendar_is_made_then_public_and_government_days_are_closed() -> None:
    years = range(2025, 2027)

    calendar = seed_calendar(years)

    closed = {day.day: (day.name, day.estimated) for day in calendar.closed}
    assert calendar.id == "52"
    assert closed[date(2025, 8, 17)] == ("Hari Kemerdekaan Republik Indonesia", False)
    assert closed[date(2026, 12, 24)] == ("Cuti Bersama Hari Raya Natal", False)
    assert {day.year for day in closed} == {2025, 2026}


def test_given_a_distant_year_when_the_calendar_is_made_then_days_by_the_moon_are_estimated() -> None:
    years = range(2040, 2041)

    calendar = seed_calendar(years)

    closed = {day.name: day.estimated for day in calendar.closed}
    assert closed["Hari Raya Idul Adha"]
    assert not closed["Hari Raya Natal"]
