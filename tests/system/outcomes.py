"""What became of messages: where they came, in which order, and what is known of those that nobody could get."""

from collections.abc import Iterable, Mapping

from deploy.simulators.arrivals import Kind
from deploy.simulators.plans import Planned
from shared.events.notices import Channel, Recipient
from shared.mongo import Document
from shared.records import Record
from tests.smtp_sink import HANG
from tests.system.news import EVENTS, Message, Story
from tests.system.receivers import Arrived, Receivers


def be_bad(receivers: Receivers) -> None:
    unknown = Planned(status=422, body={"reason": "unknown_recipient"})
    undeliverable = Planned(status=400, body={"error": {"code": 131026}})
    receivers.mail.answer("refused@mail.example", *["550 5.1.1 no such user"] * EVENTS)
    receivers.mail.answer("hanging@mail.example", HANG)
    receivers.simulators.plans.add(Kind.SMS, *[unknown] * EVENTS, to="+6281200001")
    for phone in ("+6281200001", "+6281200002"):
        receivers.simulators.plans.add(Kind.WHATSAPP, *[undeliverable] * EVENTS, to=phone)


def outcomes(deliveries: Iterable[Document]) -> list[tuple[str, str, str | None]]:
    """Of what goes to the reporter: channel, state and reason."""
    to_reporter = [one for one in deliveries if one["recipient"] == "reporter"]
    return sorted((one["channel"], one["state"], one.get("reason")) for one in to_reporter)


def types_of(records: Iterable[Record], stories: Iterable[Story]) -> list[str]:
    """Of the notices of these cases, each once."""
    tickets = {story.ticket.encode() for story in stories}
    kinds = {dict(one.headers)["ce_id"]: dict(one.headers)["ce_type"].decode() for one in records if one.key in tickets}
    return list(kinds.values())


def places(wanted: Mapping[str, Message]) -> set[tuple[str, Channel, str]]:
    return {(name, message.channel, message.address) for name, message in wanted.items()}


def steps_told(came: Iterable[Arrived], wanted: Mapping[str, Message]) -> dict[str, list[int]]:
    """By ticket the numbers of the events that its reporter was told of, as it came."""
    found: dict[str, list[int]] = {}
    for message in (wanted[one.reference] for one in came):
        if message.recipient is Recipient.REPORTER:
            found.setdefault(message.ticket, []).append(message.sequence)
    return found
