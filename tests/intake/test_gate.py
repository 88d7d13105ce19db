import logging
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from services.intake.gate import Wish
from services.intake.settings import LimitSettings, Settings
from shared.ids import subject_code, tracking_code
from tests.intake.gates import AS_CLERK, AS_POST, SETTINGS, URGENT, Replica, a_door
from tests.shared.fakes import FakePublisher

TICKET = "NTB-C833-HX1X-7X7V-TM"
OTHERS = {"reporter": {"name": "Ahmad", "phone": "0812 3456 7890"}}


@pytest.fixture
async def door(publisher: FakePublisher) -> AsyncGenerator[Replica]:
    async with a_door(
        publisher, complaints="2/minute", contacts="3/hour", support="1/minute", follow_ups="2/minute"
    ) as door:
        yield door


@pytest.fixture
async def by_contact(publisher: FakePublisher) -> AsyncGenerator[Replica]:
    async with a_door(publisher, complaints="100/minute", contacts="2/hour") as door:
        yield door


async def test_given_an_address_that_sent_enough_when_it_sends_more_then_it_is_told_when_to_come_again(
    door: Replica, publisher: FakePublisher
) -> None:
    first = [(await door.post()).status_code for _ in range(2)]
    door.clock.moment += 15

    answer = await door.post()

    assert first == [202, 202]
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
    assert answer.headers["retry-after"] == "45"
    assert answer.headers["ratelimit-policy"] == '"complaints";q=2;w=60'
    assert answer.headers["ratelimit"] == '"complaints";r=0;t=45'
    assert answer.json()["limit"] == "complaints"
    assert len(publisher.published) == 4


async def test_given_an_address_that_waited_when_it_sends_again_then_it_is_let_in(door: Replica) -> None:
    for _ in range(3):
        await door.post()
    door.clock.moment += 60

    assert (await door.post()).status_code == 202


async def test_given_a_gateway_when_two_addresses_send_through_it_then_each_is_counted(
    publisher: FakePublisher,
) -> None:
    async with a_door(publisher, complaints="1/minute", trusted_hops=1) as door:
        answers = [
            await door.post({"X-Forwarded-For": told})
            for told in ("198.51.100.1", "198.51.100.2", "203.0.113.5, 198.51.100.1")
        ]

    assert [answer.status_code for answer in answers] == [202, 202, 429]


async def test_given_no_gateway_when_somebody_pretends_to_be_another_then_they_are_not_believed(door: Replica) -> None:
    answers = [await door.post({"X-Forwarded-For": f"198.51.100.{number}"}) for number in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]


async def test_given_an_integrator_when_it_sends_much_then_its_own_limit_counts_and_no_address(
    publisher: FakePublisher,
) -> None:
    async with a_door(publisher, complaints="1/minute", clients="3/minute") as door:
        answers = [await door.post(AS_POST) for _ in range(4)]
        other = await door.post(AS_CLERK)

    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[-1].json()["limit"] == "clients"
    assert other.status_code == 202


@pytest.mark.parametrize(
    "reporter",
    [
        {"name": "Sitti", "email": "sitti@mail.example"},
        {"name": "Sitti", "email": "SITTI@Mail.Example"},
        {"name": "Sitti", "phone": "0812 3456 7890", "email": "sitti@mail.example"},
    ],
)
async def test_given_a_contact_that_was_named_often_when_it_is_named_again_then_it_is_refused(
    by_contact: Replica, reporter: dict[str, str]
) -> None:
    for _ in range(2):
        await by_contact.post()

    answer = await by_contact.post(reporter=reporter)

    assert (answer.status_code, answer.json()["limit"]) == (429, "contacts")
    assert (await by_contact.post(reporter={"name": "Ahmad"})).status_code == 202


async def test_given_complaints_that_are_refused_when_they_name_somebody_then_that_person_can_still_complain(
    by_contact: Replica,
) -> None:
    refused = [await by_contact.post(text="pendek") for _ in range(5)]

    assert {answer.status_code for answer in refused} == {422}
    assert (await by_contact.post()).status_code == 202


async def test_given_a_contact_that_was_named_often_when_an_operator_keys_it_in_then_it_is_let_in(
    by_contact: Replica,
) -> None:
    answers = [await by_contact.post(AS_CLERK) for _ in range(4)]

    assert {answer.status_code for answer in answers} == {202}


async def test_given_a_refused_contact_when_the_log_is_read_then_nothing_of_it_is_there(
    by_contact: Replica, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = [await by_contact.post() for _ in range(3)]

    assert answers[-1].status_code == 429
    assert "sitti" not in (caplog.text + answers[-1].text).lower()


async def test_given_support_and_follow_ups_when_too_many_come_then_each_is_refused_by_itself(door: Replica) -> None:
    code = {"X-Tracking-Code": tracking_code({"1": b"dev-tracking"}, "1", TICKET)}
    path = f"/v1/complaints/{TICKET}"

    support = [await door.http.post(f"{path}/support") for _ in range(2)]
    added = [await door.http.post(f"{path}/supplements", json={"text": "x"}, headers=code) for _ in range(3)]

    assert [answer.status_code for answer in support] == [202, 429]
    assert [answer.status_code for answer in added] == [202, 202, 429]
    assert added[-1].json()["limit"] == "follow_ups"


@pytest.mark.parametrize("fields", [URGENT, {"category": "road.bridge", "answers": {"passable": "no"}}])
async def test_given_a_disaster_when_urgent_complaints_come_then_no_limit_applies(
    door: Replica, fields: dict[str, Any]
) -> None:
    door.disaster(hours=1)

    urgent = [await door.post(**fields) for _ in range(12)]
    other = await door.post()

    assert {answer.status_code for answer in urgent} == {202}
    assert other.status_code == 429


async def test_given_no_disaster_when_urgent_complaints_come_then_limits_apply(door: Replica) -> None:
    urgent = [await door.post(**URGENT) for _ in range(3)]

    assert [answer.status_code for answer in urgent] == [202, 202, 429]


async def test_given_a_disaster_when_its_time_is_over_then_the_limits_are_back_by_themselves(door: Replica) -> None:
    door.disaster(hours=24)
    door.clock.moment += 24 * 3600 - 1
    nameless = URGENT | {"reporter": {"name": "Sitti"}}
    before = [(await door.post(**nameless)).status_code for _ in range(6)]
    door.clock.moment += 61

    after = [(await door.post(**nameless)).status_code for _ in range(3)]

    assert before == [202] * 6
    assert after == [202, 202, 429]


async def test_given_two_replicas_when_the_directory_says_that_it_is_a_disaster_then_both_agree(
    publisher: FakePublisher,
) -> None:
    async with (
        a_door(publisher, complaints="1/minute") as one,
        a_door(publisher, one.directory, complaints="1/minute") as other,
    ):
        one.disaster(hours=1)
        during = [(await door.post(**URGENT)).status_code for door in (one, other) for _ in range(3)]
        one.directory.apply("door:province", None)
        after = [(await door.post(**URGENT)).status_code for door in (one, other)]

    assert during == [202] * 6
    assert after == [429, 429]


async def test_given_a_disaster_when_an_urgent_complaint_has_few_words_and_no_name_then_it_is_taken(
    door: Replica, publisher: FakePublisher
) -> None:
    little = {"text": "Api", "reporter": None, "location": {"address": "Desa Sade"}}
    before = await door.post(**URGENT, **little)
    door.disaster(hours=1)

    other, urgent = await door.post(**little), await door.post(**URGENT, **little)

    assert before.status_code == 422
    assert {error["field"] for error in before.json()["errors"]} == {"text", "reporter.name"}
    assert urgent.status_code == 202, urgent.text
    assert other.status_code == 422
    assert publisher.kinds() == ["personal.recorded.v1", "complaint.submitted.v1"]


async def test_given_a_disaster_when_an_urgent_complaint_says_nothing_then_it_is_refused(door: Replica) -> None:
    door.disaster(hours=1)

    for fields in ({"text": "a"}, {"location": {}}, {"location": {"region": "53.01"}}):
        answer = await door.post(**URGENT, **fields)
        assert answer.status_code == 422


async def test_given_a_disaster_when_the_options_are_asked_for_then_they_say_until_when(door: Replica) -> None:
    usual = await door.http.get("/v1/complaints/options")
    door.disaster(hours=1)

    told = await door.http.get("/v1/complaints/options", headers={"If-None-Match": usual.headers["etag"]})

    assert usual.json()["disaster_until"] is None
    assert told.json()["disaster_until"] is not None


@pytest.mark.parametrize("blocked", ["sitti@mail.example", "SITTI@mail.example", "0812 3456 7890"])
async def test_given_a_blocked_contact_when_it_complains_then_it_is_told_how_to_object(
    door: Replica, publisher: FakePublisher, blocked: str
) -> None:
    door.block(blocked, "somebody@mail.example")

    answer = await door.post(reporter={"name": "Sitti", "email": "sitti@mail.example", "phone": "0812 3456 7890"})

    assert (answer.status_code, answer.json()["reason"]) == (403, "blocked")
    assert "object" in answer.json()["detail"]
    assert "@" in answer.json()["detail"]
    assert "sitti" not in answer.text
    assert publisher.published == []


async def test_given_a_blocked_contact_when_it_is_urgent_or_comes_to_the_counter_then_it_is_taken(
    door: Replica,
) -> None:
    door.block("sitti@mail.example")

    answers = [await door.post(**URGENT), await door.post(AS_CLERK), await door.post(**OTHERS)]

    assert [answer.status_code for answer in answers] == [202, 202, 202]


async def test_given_a_blocked_contact_when_it_is_unblocked_then_it_is_let_in_again(door: Replica) -> None:
    door.block("sitti@mail.example")
    refused = await door.post()
    door.block()

    assert (refused.status_code, (await door.post()).status_code) == (403, 202)


async def test_given_limits_that_are_off_when_much_is_sent_then_all_of_it_is_let_in(publisher: FakePublisher) -> None:
    async with a_door(publisher, complaints="1/minute", contacts="1/hour", enabled=False) as door:
        answers = [await door.post() for _ in range(5)]

    assert {answer.status_code for answer in answers} == {202}


async def test_given_the_code_of_the_person_concerned_when_they_follow_up_then_limits_are_the_same(
    door: Replica,
) -> None:
    code = {"X-Tracking-Code": subject_code({"1": b"dev-tracking"}, "1", TICKET)}
    path = f"/v1/complaints/{TICKET}/supplements"

    answers = [await door.http.post(path, json={"text": "x"}, headers=code) for _ in range(3)]
    door.disaster(hours=1)
    during = [await door.http.post(path, json={"text": "x"}, headers=code) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert {answer.status_code for answer in during} == {202}


def test_given_every_wish_when_its_limit_is_looked_for_then_there_is_a_setting() -> None:
    assert {wish.value for wish in Wish} <= LimitSettings.model_fields.keys()


def test_given_a_rate_that_is_none_when_the_settings_are_read_then_they_are_refused() -> None:
    with pytest.raises(ValueError, match="limits"):
        Settings.model_validate(SETTINGS | {"limits": {"complaints": "many"}})
