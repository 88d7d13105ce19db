from typing import Any, get_args

import pytest

from services.notification.domain.contacts import Contact, Person
from services.notification.domain.deliveries import Delivery, deliveries_of
from services.notification.domain.judging import Ready, Suppressed, Waits, instead, judge
from services.notification.domain.known import Known, System
from services.notification.domain.offices import Offices, concerned
from services.notification.domain.rules import RULES as TABLE
from services.notification.domain.timing import Pace
from shared.events.case import EscalationLevel, Holding, PromiseKind, Status, SubCase
from shared.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseConcluded,
    CaseEscalated,
    CaseEvent,
    CaseForwarded,
    CaseInformationRequested,
    CaseLinked,
    CaseOfficerAssigned,
    CaseOpened,
    CaseProcessingRestricted,
    CaseProgressed,
    CasePublished,
    CaseReclassified,
    CaseRejected,
    CaseReopened,
    CaseResolved,
    CaseRestricted,
    CaseResumed,
    CaseReturned,
    CaseSplit,
    CaseTriaged,
    CaseUnlinked,
    CaseUnpublished,
    CaseWithdrawn,
    FollowUpRefused,
    PromiseBreached,
)
from shared.events.directory import Agency, AgencyLevel, Label, Officer
from shared.events.directory import Contact as Reach
from shared.events.event import Language, Urgency
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.events.reasons import FollowUpKind, RejectionReason, TriageReason
from shared.ids import follow_id
from tests.notification.examples import AGENCY, AT, RULES, TICKET, a_delivery, a_ticket, envelope

OTHER = "DISHUB-52.03"
COORDINATOR = "BIRO-ORGANISASI"


def a_body(body: str, **fields: Any) -> Agency:
    known: dict[str, Any] = {"name": Label(id=body, en=body), "level": AgencyLevel.PROVINCE, "region": "52"}
    known["email"] = f"{body.lower()}@opd.example"
    return Agency(id=body, **known | fields)


OFFICES = Offices(
    {
        body.id: body
        for body in (
            a_body(
                AGENCY,
                duty=Reach(email="piket@opd.example", whatsapp="+62900001", sms="+62900002"),
                head=Reach(email="kepala@opd.example"),
            ),
            a_body(OTHER),
            a_body(COORDINATOR, coordinates=True, parent="SETDA"),
            a_body("SETDA"),
            a_body("SEKDA", escalation=EscalationLevel.SEKDA),
            a_body("GUBERNUR", escalation=EscalationLevel.GOVERNOR),
        )
    },
    {"ani": Officer(id="ani", name="Ani", agency=AGENCY, email="ani@opd.example", sms="+62900003")},
)
HELD = (Holding(agency=OTHER, since=AT, until=AT), Holding(agency=AGENCY, since=AT))
OPEN_PART = SubCase(case_id=f"{TICKET}.2", agency=OTHER, status=Status.IN_PROGRESS, since=AT)
PART = SubCase(case_id=f"{TICKET}.1", agency=OTHER, status=Status.RESOLVED, since=AT)


def escalated(level: EscalationLevel, **case: Any) -> CaseEscalated:
    said: dict[str, Any] = {"promise": PromiseKind.RESOLUTION, "step": 1, "level": level, "holder": AGENCY}
    return CaseEscalated(**envelope(9, Status.ASSIGNED, **case), **said)


def told(event: CaseEvent) -> list[tuple[str, str, str | None]]:
    found = deliveries_of(event, OFFICES, RULES.enabled, AT)
    return [(one.recipient.value, one.kind.value, one.told) for one in found]


EXPECTED: list[tuple[CaseEvent, list[tuple[str, str, str | None]]]] = [
    (CaseOpened(**envelope(1, Status.RECEIVED)), [("reporter", "received", None)]),
    (
        CaseTriaged(**envelope(2, Status.IN_TRIAGE), reason=TriageReason.NO_RULE, rule="", coordinator=COORDINATOR),
        [("coordinator", "to_decide", COORDINATOR)],
    ),
    (
        CaseAssigned(**envelope(2, Status.ASSIGNED, holdings=HELD), agency=AGENCY, rule="coordinator"),
        [("reporter", "assigned", None), ("agency", "new_case", AGENCY), ("former_agency", "moved_on", OTHER)],
    ),
    (
        CaseForwarded(**envelope(3, Status.ASSIGNED, agency=OTHER), agency=OTHER).model_copy(
            update={"actor_agency": AGENCY}
        ),
        [("reporter", "assigned", None), ("agency", "new_case", OTHER)],
    ),
    (
        CaseOfficerAssigned(**envelope(3, Status.ACCEPTED, officer="ani"), officer="ani"),
        [("officer", "your_case", "ani")],
    ),
    (CaseAccepted(**envelope(3, Status.ACCEPTED)), []),
    (
        CaseAccepted(**envelope(3, Status.ACCEPTED)).model_copy(update={"words": f"{TICKET}:w"}),
        [("reporter", "progress", None)],
    ),
    (
        CaseReclassified(
            **envelope(3, Status.ASSIGNED, urgency=Urgency.URGENT),
            from_category="road.damage",
            from_urgency=Urgency.ORDINARY,
        ),
        [("agency", "new_case", AGENCY)] * 3,
    ),
    (
        CaseReclassified(**envelope(3, Status.ASSIGNED), from_category="road.damage", from_urgency=Urgency.URGENT),
        [],
    ),
    (CaseResumed(**envelope(5, Status.IN_TRIAGE, agency=None)), [("coordinator", "answered", COORDINATOR)]),
    (
        CaseUnlinked(**envelope(5, Status.ASSIGNED), linked_to=a_ticket(5)),
        [("reporter", "reopened", None), ("agency", "new_case", AGENCY)],
    ),
    (
        CaseClosed(**envelope(8, Status.CLOSED, parts=(OPEN_PART,)), reason="silence"),
        [("reporter", "closed", None), ("agency", "ended", AGENCY), ("agency", "ended", OTHER)],
    ),
    (CaseProgressed(**envelope(4, Status.IN_PROGRESS)), [("reporter", "progress", None)]),
    (CaseInformationRequested(**envelope(4, Status.AWAITING_REPORTER)), [("reporter", "question", None)]),
    (CaseResumed(**envelope(5, Status.IN_PROGRESS)), [("agency", "answered", AGENCY)]),
    (CaseResumed(**envelope(5, Status.IN_PROGRESS, officer="ani")), [("officer", "answered", "ani")]),
    (CaseResolved(**envelope(6, Status.RESOLVED)), [("reporter", "resolved", None)]),
    (
        CaseResolved(**envelope(6, Status.IN_PROGRESS, parts=(PART,))).model_copy(update={"case_id": PART.case_id}),
        [("reporter", "progress", None)],
    ),
    (
        CaseReopened(**envelope(7, Status.IN_PROGRESS), reason="disputed"),
        [("reporter", "reopened", None), ("agency", "disputed", AGENCY), ("coordinator", "disputed", COORDINATOR)],
    ),
    (
        CaseReopened(
            **envelope(7, Status.IN_PROGRESS, agency=COORDINATOR, holdings=(Holding(agency=COORDINATOR, since=AT),)),
            reason="disputed",
        ),
        [("reporter", "reopened", None), ("agency", "disputed", COORDINATOR)],
    ),
    (
        CaseReopened(**envelope(7, Status.IN_PROGRESS), reason="overridden"),
        [("reporter", "reopened", None)],
    ),
    (
        CaseClosed(**envelope(8, Status.CLOSED), reason="confirmed", rating=5),
        [("reporter", "closed", None), ("agency", "ended", AGENCY)],
    ),
    (
        CaseRejected(**envelope(3, Status.REJECTED, agency=None), reason=RejectionReason.ABUSE),
        [("reporter", "rejected", None)],
    ),
    (
        CaseLinked(**envelope(3, Status.CLOSED), linked_to=a_ticket(5)),
        [("reporter", "linked", None), ("agency", "ended", AGENCY)],
    ),
    (
        CaseConcluded(**envelope(5, Status.CLOSED), linked_to=a_ticket(5), outcome="resolved", cause=a_delivery().id),
        [("reporter", "resolved", None)],
    ),
    (
        CaseConcluded(**envelope(5, Status.CLOSED), linked_to=a_ticket(5), outcome="closed", cause=a_delivery().id),
        [("reporter", "closed", None)],
    ),
    (
        CaseConcluded(**envelope(5, Status.CLOSED), linked_to=a_ticket(5), outcome="rejected", cause=a_delivery().id),
        [("reporter", "rejected", None)],
    ),
    (
        CaseWithdrawn(**envelope(4, Status.WITHDRAWN)),
        [("reporter", "withdrawn", None), ("agency", "taken_back", AGENCY)],
    ),
    (
        CaseSplit(**envelope(4, Status.IN_PROGRESS, parts=(PART,)), parts=(PART.case_id,)),
        [("reporter", "progress", None), ("agency", "new_case", OTHER)],
    ),
    (
        FollowUpRefused(
            **envelope(4, Status.CLOSED), follow_up=FollowUpKind.DISPUTE, cause=follow_id(a_delivery().id, "x")
        ),
        [("reporter", "refused", None)],
    ),
    (
        PromiseBreached(**envelope(4, Status.ASSIGNED), promise=PromiseKind.RESPONSE, due_at=AT, holder=AGENCY),
        [("agency", "overdue", AGENCY)],
    ),
    (
        PromiseBreached(**envelope(4, Status.IN_TRIAGE, agency=None), promise=PromiseKind.VERIFICATION, due_at=AT),
        [],
    ),
    (escalated(EscalationLevel.AGENCY_HEAD), [("agency_head", "escalation", AGENCY)]),
    (escalated(EscalationLevel.COORDINATOR), [("coordinator", "escalation", COORDINATOR)]),
    (
        escalated(EscalationLevel.SEKDA),
        [("reporter", "escalated", None), ("sekda", "escalation", "SEKDA")],
    ),
    (
        escalated(EscalationLevel.GOVERNOR),
        [("reporter", "escalated", None), ("governor", "escalation", "GUBERNUR")],
    ),
    (escalated(EscalationLevel.OMBUDSMAN), [("reporter", "ombudsman", None)]),
]
SILENT = (
    CaseReturned,
    CaseRestricted,
    CaseProcessingRestricted,
    CasePublished,
    CaseUnpublished,
)
"""Of these nobody is told: what follows from a return is the next event, and the rest changes nothing for anybody."""


@pytest.mark.parametrize(("event", "expected"), EXPECTED, ids=lambda value: getattr(value, "kind", None))
def test_given_an_event_when_it_is_read_then_just_those_whom_it_concerns_are_told(
    event: CaseEvent, expected: list[tuple[str, str, str | None]]
) -> None:
    assert told(event) == expected


def test_given_every_kind_of_event_when_the_table_is_read_then_each_is_in_it_or_known_to_be_silent() -> None:
    kinds = set(get_args(get_args(CaseEvent)[0]))

    in_table = {rule.event for rule in TABLE}

    assert in_table | set(SILENT) == kinds
    assert in_table.isdisjoint(SILENT)
    assert in_table <= {type(event) for event, _ in EXPECTED}


def test_given_an_urgent_case_when_the_agency_is_told_then_on_every_way_to_whoever_is_on_duty() -> None:
    event = CaseAssigned(**envelope(2, Status.ASSIGNED, urgency=Urgency.URGENT), agency=AGENCY, rule="road")

    found = [one for one in deliveries_of(event, OFFICES, RULES.enabled, AT) if one.recipient is Recipient.AGENCY]

    assert [one.channel for one in found] == [Channel.EMAIL, Channel.WHATSAPP, Channel.SMS]
    assert {one.pace for one in found} == {Pace.NOW}
    assert len({one.id for one in found}) == 3
    assert [ready(one).address for one in found] == ["piket@opd.example", "+62900001", "+62900002"]


def test_given_an_important_case_when_the_agency_is_told_then_its_post_gets_one_mail() -> None:
    event = CaseAssigned(**envelope(2, Status.ASSIGNED), agency=AGENCY, rule="road")

    [found] = [one for one in deliveries_of(event, OFFICES, RULES.enabled, AT) if one.recipient is Recipient.AGENCY]

    assert (ready(found).channel, ready(found).address) == (Channel.EMAIL, f"{AGENCY.lower()}@opd.example")


def test_given_a_broken_promise_when_the_head_is_told_then_at_their_own_address() -> None:
    [found] = deliveries_of(escalated(EscalationLevel.AGENCY_HEAD), OFFICES, RULES.enabled, AT)

    assert ready(found).address == "kepala@opd.example"


def test_given_the_body_that_is_complained_about_when_it_would_be_told_then_it_is_not() -> None:
    [found] = deliveries_of(escalated(EscalationLevel.COORDINATOR), OFFICES, RULES.enabled, AT)

    unknown = judge(found, known(Contact()), AT, RULES)
    accused = judge(found, known(Contact(part="s-1", about=COORDINATOR)), AT, RULES)
    above = judge(found, known(Contact(part="s-1", about="SETDA")), AT, RULES)
    another = judge(found, known(Contact(part="s-1", about=OTHER)), AT, RULES)

    assert isinstance(unknown, Waits)
    assert accused == above == Suppressed("conflict_of_interest")
    assert isinstance(another, Ready)


def test_given_an_officer_when_the_body_that_has_the_case_is_complained_about_then_they_are_not_told() -> None:
    message = a_delivery(NoticeKind.ANSWERED, recipient=Recipient.OFFICER, told="ani")

    unknown, accused, another = (
        judge(message, known(contact), AT, RULES)
        for contact in (Contact(), Contact(part="s-1", about=AGENCY), Contact(part="s-1", about="SETDA"))
    )

    assert isinstance(unknown, Waits)
    assert accused == Suppressed("conflict_of_interest")
    assert isinstance(another, Ready)


def test_given_the_system_of_the_body_that_is_complained_about_when_it_would_be_called_then_it_is_not() -> None:
    call = a_delivery(NoticeKind.EVENT, recipient=Recipient.SYSTEM, channel=Channel.WEBHOOK, told="h1")
    system = System("h1", OTHER, "https://sistem.example/ntb", enabled=True)

    accused = judge(call, known(Contact(part="s-1", about=OTHER), system=system), AT, RULES)
    another = judge(call, known(Contact(part="s-1"), system=system), AT, RULES)

    assert accused == Suppressed("conflict_of_interest")
    assert another == Ready(Channel.WEBHOOK, "https://sistem.example/ntb", Language.INDONESIAN, AT)


def test_given_what_happens_to_a_case_when_systems_are_called_then_those_of_all_who_have_or_just_had_it() -> None:
    event = CaseSplit(**envelope(4, Status.IN_PROGRESS, parts=(PART,), holdings=HELD), parts=(PART.case_id,))

    assert concerned(event) == {AGENCY, OTHER}


def person(**fields: Any) -> Contact:
    known: dict[str, Any] = {"email": None, "name": "Siti", "language": Language.INDONESIAN, "phone": "+62900010"}
    return Contact(part="s-1", people={"s-1": Person(**known | fields)})


@pytest.mark.parametrize(
    ("contact", "way"),
    [
        (person(email="siti@example.id"), (Channel.EMAIL, "siti@example.id")),
        (person(), (Channel.WHATSAPP, "+62900010")),
        (person(email="siti@example.id", prefers=Channel.SMS), (Channel.SMS, "+62900010")),
        (person(email="siti@example.id", phone=None, prefers=Channel.SMS), (Channel.EMAIL, "siti@example.id")),
    ],
)
def test_given_a_reporter_when_they_are_told_then_on_the_way_that_they_prefer(
    contact: Contact, way: tuple[Channel, str]
) -> None:
    verdict = judge(a_delivery(), known(contact), AT, RULES)

    assert isinstance(verdict, Ready)
    assert (verdict.channel, verdict.address) == way


def test_given_a_way_that_failed_when_there_is_another_then_the_same_is_told_on_it_and_then_no_more() -> None:
    contact = person(email="siti@example.id")
    first = a_delivery(channel=Channel.EMAIL, attempts=1, ready_at=AT)

    second = instead(first, known(contact), AT, RULES)
    assert second is not None
    third = instead(second, known(contact), AT, RULES)
    assert third is not None

    assert (second.channel, second.attempts, second.ready_at) == (Channel.WHATSAPP, 0, None)
    assert third.channel is Channel.SMS
    assert len({first.id, second.id, third.id}) == 3
    assert instead(third, known(contact), AT, RULES) is None
    assert ready(second, contact).address == "+62900010"


def known(contact: Contact, **fields: Any) -> Known:
    settled: dict[str, Any] = {"contact": contact, "offices": OFFICES} | fields
    return Known(**settled)


def ready(delivery: Delivery, contact: Contact | None = None) -> Ready:
    at_desk = Contact(part="s-1", people={"s-1": Person(None, "Siti", Language.INDONESIAN)})
    verdict = judge(delivery, known(contact or at_desk), AT, RULES)
    assert isinstance(verdict, Ready), verdict
    return verdict
