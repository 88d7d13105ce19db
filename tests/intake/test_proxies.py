from collections.abc import AsyncGenerator
from typing import Any

import pytest

from shared.events.complaints import ComplaintSubmitted, ContactChanged
from shared.events.personal import PersonalRecorded
from shared.ids import subject_code_fits, tracking_code_fits
from tests.intake.gates import AS_CLERK, AS_POST, Replica, a_door
from tests.shared.fakes import FakePublisher

KEYS = {"1": b"dev-tracking"}
PROXY = {
    "kind": "village_head",
    "mandate": "spoken",
    "subject": {"name": "Inaq Sahnim", "phone": "0819 1234 5678", "email": "inaq@mail.example"},
}


@pytest.fixture
async def door(publisher: FakePublisher) -> AsyncGenerator[Replica]:
    async with a_door(publisher) as door:
        yield door


def published(publisher: FakePublisher) -> tuple[PersonalRecorded, Any]:
    models = {"complaint.submitted.v1": ComplaintSubmitted, "contact.changed.v1": ContactChanged}
    personal, fact = publisher.published[-2:]
    return PersonalRecorded.model_validate_json(personal.value or b""), models[fact.type].model_validate_json(
        fact.value or b""
    )


async def test_given_a_village_head_when_they_file_for_somebody_then_there_are_two_codes_and_the_mandate_is_kept(
    door: Replica, publisher: FakePublisher
) -> None:
    answer = await door.post(proxy=PROXY)

    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert tracking_code_fits(KEYS, told["ticket"], told["tracking_code"])
    assert subject_code_fits(KEYS, told["ticket"], told["subject_code"])
    assert not tracking_code_fits(KEYS, told["ticket"], told["subject_code"])
    assert not subject_code_fits(KEYS, told["ticket"], told["tracking_code"])
    personal, facts = published(publisher)
    assert (facts.proxy, facts.mandate) == ("village_head", "spoken")
    assert personal.subject is not None
    assert (personal.name, personal.subject.name, personal.subject.phone) == ("Sitti", "Inaq Sahnim", "+6281912345678")
    assert b"Inaq" not in (publisher.published[-1].value or b"")


async def test_given_a_complaint_of_ones_own_when_it_is_posted_then_there_is_no_second_code(door: Replica) -> None:
    assert "subject_code" not in (await door.post()).json()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"proxy": PROXY | {"kind": "boss"}}, "proxy.kind"),
        ({"proxy": PROXY | {"mandate": "none"}}, "proxy.mandate"),
        ({"proxy": {"kind": "agent", "mandate": "written"}}, "proxy.subject"),
        ({"proxy": PROXY | {"subject": {"name": " "}}}, "proxy.subject.name"),
        ({"proxy": PROXY | {"subject": {"name": "Inaq", "phone": "7"}}}, "proxy.subject.phone"),
        ({"proxy": PROXY, "reporter": None}, "reporter.name"),
        ({"proxy": PROXY, "reporter": None, "anonymous": True}, "reporter.name"),
    ],
)
async def test_given_a_proxy_without_what_a_mandate_needs_when_it_is_posted_then_the_field_is_named(
    door: Replica, publisher: FakePublisher, fields: dict[str, Any], field: str
) -> None:
    answer = await door.post(**fields)

    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert publisher.published == []


async def test_given_an_anonymous_complaint_when_somebody_files_it_for_another_then_both_are_hidden_alike(
    door: Replica, publisher: FakePublisher
) -> None:
    answer = await door.post(proxy=PROXY, anonymous=True)

    assert answer.status_code == 202
    personal, facts = published(publisher)
    assert facts.anonymous
    assert personal.subject is not None


async def test_given_the_second_code_when_the_person_concerned_takes_over_then_the_contact_is_theirs(
    door: Replica, publisher: FakePublisher
) -> None:
    told = (await door.post(proxy=PROXY)).json()
    body = {"name": "Inaq Sahnim", "phone": "0819 1234 5678", "prefers": "whatsapp"}

    answer = await door.http.post(
        f"/v1/complaints/{told['ticket']}/take-over", json=body, headers={"X-Tracking-Code": told["subject_code"]}
    )

    assert answer.status_code == 202, answer.text
    personal, fact = published(publisher)
    assert (fact.type, fact.taken_over, fact.by_subject, fact.has_contact) == ("contact.changed.v1", True, True, True)
    assert (personal.name, personal.phone, personal.part) == ("Inaq Sahnim", "+6281912345678", fact.part)


async def test_given_the_code_of_who_filed_it_when_they_would_take_over_then_they_may_not(
    door: Replica, publisher: FakePublisher
) -> None:
    told = (await door.post(proxy=PROXY)).json()
    published_before = len(publisher.published)

    answer = await door.http.post(
        f"/v1/complaints/{told['ticket']}/take-over",
        json={"name": "Sitti"},
        headers={"X-Tracking-Code": told["tracking_code"]},
    )

    assert answer.status_code == 403
    assert len(publisher.published) == published_before


async def test_given_both_codes_when_one_key_is_used_with_both_then_these_are_two_follow_ups(
    door: Replica, publisher: FakePublisher
) -> None:
    told = (await door.post(proxy=PROXY)).json()
    key = {"Idempotency-Key": "00000000-0000-4000-8000-000000000001"}

    ids = []
    for code in (told["tracking_code"], told["subject_code"]):
        path = f"/v1/complaints/{told['ticket']}/supplements"
        answer = await door.http.post(path, json={"text": "x"}, headers=key | {"X-Tracking-Code": code})
        ids.append(answer.json()["follow_up_id"])

    assert ids[0] != ids[1]
    flags = [
        b'"by_subject":true' in (record.value or b"") for record in publisher.published if record.topic == "complaints"
    ]
    assert flags == [False, False, True]


async def test_given_an_operator_when_they_key_in_a_post_then_where_it_is_from_is_kept_with_who_wrote_it(
    door: Replica, publisher: FakePublisher
) -> None:
    source = "https://social.example/p/4711"

    answer = await door.post(AS_CLERK, channel="instagram", source=source)

    assert answer.status_code == 202, answer.text
    personal, facts = published(publisher)
    assert (facts.channel, facts.client, personal.source) == ("instagram", "setda", source)
    assert source.encode() not in (publisher.published[-1].value or b"")


@pytest.mark.parametrize("headers", [{}, AS_POST])
async def test_given_no_operator_when_a_source_is_told_then_it_is_refused(
    door: Replica, headers: dict[str, str]
) -> None:
    answer = await door.post(headers, source="surat 12/2026")

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["source"]
