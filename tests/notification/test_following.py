from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notification.domain.following import (
    PublicEventType,
    Subscription,
    Target,
    TargetKind,
    address_on,
    by_address,
    hides,
    public_event,
    target_of,
    targets_of,
)
from shared.directory import Directory
from shared.events.case import EscalationLevel, PromiseKind, Role, Status, SubCase
from shared.events.envelope import CaseEnvelope
from shared.events.event import Language
from shared.events.notices import Channel
from shared.ids import named_id
from shared.topics import CASES
from tests.notification.examples import AGENCY, AT, TICKET, a_directory, a_snapshot

OTHER = "NTB-0000-0000-0000-00"
NAMES = a_directory()
FACTS: dict[str, Any] = {
    "agency": AGENCY,
    "rule": "road",
    "coordinator": "BIRO-ORGANISASI",
    "officer": "ani",
    "from_category": "road.light",
    "from_urgency": "ordinary",
    "rating": 5,
    "linked_to": TICKET,
    "outcome": "rejected",
    "parts": (f"{TICKET}.1",),
    "follow_up": "dispute",
    "cause": UUID(int=1),
    "promise": PromiseKind.RESPONSE,
    "due_at": AT,
    "step": 1,
    "level": EscalationLevel.SEKDA,
}
"""What events of some types need besides what all have."""
REASONS = {
    "case.triaged.v1": "no_rule",
    "case.returned.v1": "not_our_task",
    "case.reopened.v1": "disputed",
    "case.closed.v1": "confirmed",
    "case.rejected.v1": "settled",
    "case.concluded.v1": "settled",
    "case.processing_restricted.v1": "asked",
}
PUBLIC = {
    "case.opened.v1": PublicEventType.OPENED,
    "case.assigned.v1": PublicEventType.ASSIGNED,
    "case.forwarded.v1": PublicEventType.FORWARDED,
    "case.progressed.v1": PublicEventType.PROGRESSED,
    "case.resolved.v1": PublicEventType.RESOLVED,
    "case.reopened.v1": PublicEventType.REOPENED,
    "case.closed.v1": PublicEventType.CLOSED,
    "case.rejected.v1": PublicEventType.REJECTED,
    "case.linked.v1": PublicEventType.LINKED,
    "case.published.v1": PublicEventType.PUBLISHED,
}


def happened(kind: str, case_id: str = TICKET, **case: Any) -> CaseEnvelope:
    known = {
        "type": kind,
        "event_id": named_id(kind, case_id),
        "ticket": TICKET,
        "occurred_at": AT,
        "case_id": case_id,
        "sequence": 4,
        "actor": Role.OFFICER,
        "words": f"{TICKET}:{named_id(kind, case_id)}",
        "case": a_snapshot(Status.IN_PROGRESS, **case),
        "reason": REASONS.get(kind, ""),
    }
    return CASES.types[kind].model_validate(FACTS | known)  # type: ignore[return-value]


def a_part() -> tuple[SubCase, ...]:
    return (SubCase(case_id=f"{TICKET}.1", agency="PLN", status=Status.ASSIGNED, since=AT),)


@pytest.mark.parametrize("kind", sorted(CASES.types))
def test_given_any_type_of_event_when_it_happens_then_only_the_public_ones_are_told(kind: str) -> None:
    event = happened(kind)

    told = public_event(event, NAMES)

    assert (told.type if told else None) == PUBLIC.get(kind)


@pytest.mark.parametrize("kind", sorted(CASES.types))
@pytest.mark.parametrize("switch", ["confidential", "historical"])
def test_given_a_case_that_is_nobodys_business_when_anything_happens_then_nothing_is_told(
    kind: str, switch: str
) -> None:
    switched: dict[str, Any] = {switch: True}
    event = happened(kind, TICKET, **switched)

    told = public_event(event, NAMES)

    assert told is None
    assert hides(event) == (switch == "confidential")


def test_given_an_anonymous_case_when_it_goes_on_then_its_facts_are_public() -> None:
    told = public_event(happened("case.progressed.v1", anonymous=True), NAMES)

    assert told is not None
    assert not hides(happened("case.progressed.v1", anonymous=True))


def test_given_a_public_event_when_it_is_told_then_it_holds_facts_and_no_key_of_words() -> None:
    event = happened("case.progressed.v1")

    told = public_event(event, NAMES)

    assert told is not None
    assert (told.id, told.ticket, told.at, told.sequence) == (event.event_id, TICKET, AT, 4)
    assert (told.status, told.category, told.region, told.agency) == (
        Status.IN_PROGRESS,
        "road.damage",
        "52.03.07",
        AGENCY,
    )
    assert str(event.event_id) not in "".join(told.targets)


def test_given_a_part_of_a_case_when_it_is_resolved_then_the_whole_made_progress() -> None:
    resolved = public_event(happened("case.resolved.v1", f"{TICKET}.1", parts=a_part()), NAMES)
    assigned = public_event(happened("case.assigned.v1", f"{TICKET}.1", parts=a_part()), NAMES)

    assert resolved is not None
    assert (resolved.type, resolved.agency) == (PublicEventType.PROGRESSED, AGENCY)
    assert "agency:PLN" in resolved.targets
    assert assigned is None


def test_given_an_event_when_its_followers_are_sought_then_all_levels_of_the_region_are_asked() -> None:
    event = happened("case.assigned.v1", region="52.03.07.1004")

    targets = targets_of(event)

    assert targets == {
        f"case:{TICKET}",
        "region:52",
        "region:52.03",
        "region:52.03.07",
        "region:52.03.07.1004",
        "category:road.damage",
        f"agency:{AGENCY}",
    }


def test_given_a_case_without_region_and_agency_when_its_followers_are_sought_then_neither_is_asked() -> None:
    targets = targets_of(happened("case.opened.v1", region=None, agency=None))

    assert targets == {f"case:{TICKET}", "category:road.damage"}


@pytest.mark.parametrize(
    ("kind", "entered", "target"),
    [
        (TargetKind.CASE, "ntb c833 hx1x 7x7v tm", f"case:{TICKET}"),
        (TargetKind.REGION, "52.03.07", "region:52.03.07"),
        (TargetKind.CATEGORY, "road.damage", "category:road.damage"),
        (TargetKind.AGENCY, AGENCY, f"agency:{AGENCY}"),
    ],
)
def test_given_something_known_when_it_is_to_be_followed_then_it_is_a_target(
    kind: TargetKind, entered: str, target: str
) -> None:
    found = target_of(kind, entered, a_directory())

    assert str(found) == target
    assert Target.parse(target) == found


@pytest.mark.parametrize(
    ("kind", "entered"),
    [
        (TargetKind.CASE, "NTB-C833-HX1X-7X7V-TN"),
        (TargetKind.CASE, OTHER),
        (TargetKind.REGION, "52.99"),
        (TargetKind.CATEGORY, "road.flying"),
        (TargetKind.AGENCY, "NOBODY"),
    ],
)
def test_given_something_unknown_when_it_is_to_be_followed_then_it_is_refused(kind: TargetKind, entered: str) -> None:
    with pytest.raises(ValueError, match=r"no \w+ that the directory knows|ticket"):
        target_of(kind, entered, a_directory())


def test_given_an_empty_directory_when_a_region_is_to_be_followed_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="no region"):
        target_of(TargetKind.REGION, "52", Directory())


@pytest.mark.parametrize(
    ("channel", "entered", "address"),
    [
        (Channel.EMAIL, "siti@mail.example", "siti@mail.example"),
        (Channel.EMAIL, "siti", None),
        (Channel.EMAIL, "+6281234567890", None),
        (Channel.SMS, "0812-3456-7890", "+6281234567890"),
        (Channel.WHATSAPP, "+62 812 (3456) 7890", "+6281234567890"),
        (Channel.SMS, "siti@mail.example", None),
        (Channel.SMS, "112", None),
        (Channel.SMS, "+62812345678901234", None),
    ],
)
def test_given_an_address_when_it_is_entered_then_it_is_as_the_channel_takes_it(
    channel: Channel, entered: str, address: str | None
) -> None:
    assert address_on(channel, entered) == address


def a_subscription(number: int, target: str, to: str = "email:a", *, minutes: int = 0) -> Subscription:
    return Subscription(
        id=UUID(int=number),
        channel=Channel.EMAIL,
        address="siti@mail.example",
        to=to,
        language=Language.INDONESIAN,
        target=target,
        created_at=AT + timedelta(minutes=minutes),
    )


def test_given_somebody_who_follows_in_several_ways_when_they_are_told_then_once_and_of_the_case_first() -> None:
    wide = a_subscription(1, "region:52", minutes=0)
    narrow = a_subscription(2, f"case:{TICKET}", minutes=9)
    younger, older = a_subscription(3, "region:52", "sms:b", minutes=5), a_subscription(4, "region:52.03", "sms:b")

    told = by_address([wide, younger, narrow, older])

    assert told == [[narrow, wide], [older, younger]]
    assert [first.wide for first, _ in told] == [False, True]
