from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.georeport import (
    changeset,
    find_form_faults,
    in_their_words,
    read_form,
    to_body,
    to_definition,
    to_notice,
    to_services,
)
from shared.directory import Directory
from shared.events.directory import Category, DirectoryRecorded, Label, Option, Question
from shared.events.event import Language, Urgency
from shared.events.standards import ResolutionClass

INDONESIAN, ENGLISH = Language.INDONESIAN, Language.ENGLISH
FORM = {
    "service_code": ["road.damage"],
    "description": ["Jalan rusak di depan pasar"],
    "lat": ["-8.583"],
    "long": ["116.116"],
}


def a_question(code: str, *options: str) -> Question:
    labels = tuple(Option(code=option, label=Label(id=f"id {option}", en=f"en {option}")) for option in options)
    return Question(code=code, text=Label(id=f"{code} apa?", en=f"Which {code}?"), options=labels)


def a_category(name: str, **changes: Any) -> Category:
    same: dict[str, Any] = {
        "id": name,
        "name": Label(id=f"id {name}", en=f"en {name}"),
        "urgency": Urgency.ORDINARY,
        "resolution": ResolutionClass.FIELD,
    }
    return Category(**(same | changes))


ROAD = a_category("road.damage", questions=(a_question("road_class", "national", "regency"), a_question("width", "a")))


def test_given_categories_when_told_as_services_then_metadata_is_true_only_where_something_is_asked() -> None:
    waste = a_category("env.waste", keywords=("sampah", "rubbish"))

    road, rubbish = to_services([ROAD, waste], ENGLISH)

    assert road == {
        "service_code": "road.damage",
        "service_name": "en road.damage",
        "description": "en road.damage.",
        "metadata": True,
        "type": "realtime",
        "keywords": "",
        "group": "road",
    }
    assert (rubbish["metadata"], rubbish["keywords"], rubbish["group"]) == (False, "sampah, rubbish", "env")


def test_given_a_confidential_category_when_told_then_the_description_says_what_that_means() -> None:
    category = a_category("social.violence", confidential=True, anonymous=True, emergency=("112", "110"))

    [service] = to_services([category], INDONESIAN)

    assert service["description"] == (
        "id social.violence. Isi aduan dirahasiakan dan tidak tampil di Open311. Identitas pelapor disembunyikan. "
        "Bila ada bahaya, hubungi dahulu 112, 110."
    )


def test_given_questions_when_defined_then_each_is_a_list_of_values_in_order_and_need_not_be_answered() -> None:
    language = INDONESIAN

    definition = to_definition(ROAD, language)

    assert definition["service_code"] == "road.damage"
    assert [attribute["order"] for attribute in definition["attributes"]] == [1, 2]
    assert definition["attributes"][0] == {
        "variable": True,
        "code": "road_class",
        "datatype": "singlevaluelist",
        "required": False,
        "datatype_description": "Pilih satu.",
        "order": 1,
        "description": "road_class apa?",
        "values": [{"key": "national", "name": "id national"}, {"key": "regency", "name": "id regency"}],
    }


def test_given_a_directory_when_a_category_changes_begins_or_ends_then_the_changeset_sorts_later() -> None:
    ending = a_category("road.light", valid_from=date(2026, 1, 1), valid_before=date(2026, 6, 1))
    directory = Directory.of(ROAD, ending)

    before = changeset(directory, date(2026, 5, 31))
    ended = changeset(directory, date(2026, 6, 1))
    recorded = DirectoryRecorded.model_validate(
        {"revision": 2, "recorded_at": "2026-06-02T00:00:00Z", "entry": ROAD.model_dump()}
    )
    directory.apply("category:road.damage", recorded)
    changed = changeset(directory, date(2026, 6, 2))

    assert before < ended < changed
    assert changeset(Directory(), date(2026, 6, 2)) == "00000000"


def test_given_a_form_when_read_then_empty_values_are_as_if_not_sent_and_arrays_are_lists() -> None:
    sent = (
        "description=Sampah%20menumpuk+lama&email=&phone=+++&attribute%5Ba%5D%5B%5D=x&attribute[a][]=y&attribute[b]=z"
    )

    form = read_form(sent.encode())

    assert form == {
        "description": ["Sampah menumpuk lama"],
        "attribute[a]": ["x", "y"],
        "attribute[b]": ["z"],
    }


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a=%ff", b"&".join(b"a=1" for _ in range(101))])
def test_given_what_is_no_form_when_read_then_it_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"utf-8|fields"):
        read_form(content)


@given(st.binary(max_size=300))
def test_given_any_bytes_when_read_then_they_are_a_form_or_refused(content: bytes) -> None:
    try:
        form = read_form(content)
    except ValueError:
        return

    assert all(value == value.strip() != "" for values in form.values() for value in values)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"service_code": None}, ["service_code"]),
        ({"description": None}, ["description"]),
        ({"lat": None}, ["lat"]),
        ({"long": None}, ["long"]),
        ({"lat": None, "long": None}, ["location"]),
        ({"lat": None, "long": None, "address_string": ["Jl. Pejanggik"]}, []),
        ({"lat": None, "long": None, "address_id": ["52.71"]}, []),
        ({"attribute[road_class]": ["national", "regency"]}, ["attribute[road_class]"]),
        ({"email": ["a@mail.example", "b@mail.example"]}, ["email"]),
        ({"description": ["x" * 4_001]}, ["description"]),
        ({"media_url": ["https://foto.example/1.jpg", "http://foto.example/2.jpg"]}, []),
        ({"media_url": ["javascript:alert(1)"]}, ["media_url"]),
        ({"media_url": ["https://foto.example/a b"]}, ["media_url"]),
        ({"media_url": ["http://["]}, ["media_url"]),
        ({"media_url": [f"https://foto.example/{number}" for number in range(4)]}, ["media_url"]),
        ({"media_url": ["https://foto.example/" + "x" * 300]}, ["media_url"]),
    ],
)
def test_given_a_form_when_looked_at_then_what_is_missing_or_too_much_is_named(
    changes: dict[str, list[str] | None], fields: list[str]
) -> None:
    form = {name: values for name, values in (FORM | changes).items() if values is not None}

    faults = find_form_faults(form)

    assert [field for field, _ in faults] == fields


def test_given_all_that_can_be_sent_when_made_a_body_then_nothing_of_it_is_lost() -> None:
    form = FORM | {
        "address_string": ["Jl. Pejanggik 47"],
        "address_id": ["52.71"],
        "attribute[road_class]": ["regency"],
        "first_name": ["Sitti"],
        "last_name": ["Aminah"],
        "email": ["sitti@mail.example"],
        "phone": ["0812 3456 789"],
        "media_url": ["https://foto.example/1.jpg", "https://foto.example/2.jpg"],
        "device_id": ["tt1"],
        "account_id": ["7"],
    }

    body = to_body(form, ENGLISH)

    assert body == {
        "category": "road.damage",
        "text": "Jalan rusak di depan pasar\nTautan dari pengirim: https://foto.example/1.jpg\n"
        "Tautan dari pengirim: https://foto.example/2.jpg",
        "location": {"latitude": "-8.583", "longitude": "116.116", "region": "52.71", "address": "Jl. Pejanggik 47"},
        "answers": {"road_class": "regency"},
        "reporter": {
            "name": "Sitti Aminah",
            "language": ENGLISH,
            "email": "sitti@mail.example",
            "phone": "0812 3456 789",
        },
        "anonymous": False,
        "channel": "open311",
    }


@pytest.mark.parametrize(
    ("names", "name"),
    [({}, None), ({"first_name": ["Sitti"]}, "Sitti"), ({"last_name": ["Aminah"]}, "Aminah")],
)
def test_given_a_form_when_made_a_body_then_it_is_anonymous_only_without_any_name(
    names: dict[str, list[str]], name: str | None
) -> None:
    body = to_body(FORM | names, INDONESIAN)

    assert (body["reporter"]["name"], body["anonymous"]) == (name, name is None)


def test_given_faults_of_a_complaint_when_told_then_they_have_the_names_that_the_sender_knows() -> None:
    ours = ["text", "location", "location.latitude", "reporter.email", "answers.road_class", "answers.A.[key]", "phone"]

    theirs = in_their_words({"field": field, "detail": "is wrong"} for field in ours)

    assert [fault["field"] for fault in theirs] == [
        "description",
        "lat, long",
        "lat",
        "email",
        "attribute[road_class]",
        "attribute[A]",
        "phone",
    ]
    assert {fault["detail"] for fault in theirs} == {"is wrong"}


def test_given_a_confidential_case_when_its_reporter_is_told_then_they_learn_that_open311_does_not_show_it() -> None:
    category = a_category("integrity.levy", confidential=True)

    public, hidden = to_notice("1ABC-DEFG-HJKM", ROAD, ENGLISH), to_notice("1ABC-DEFG-HJKM", category, ENGLISH)

    assert "1ABC-DEFG-HJKM" in public
    assert hidden == public + " Its content is confidential and does not appear in Open311."
