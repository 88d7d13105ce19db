"""Whoever follows: what is public is kept for the feeds, and told to those who follow it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.notification.domain.deliveries import Delivery, about, no_case
from services.notification.domain.following import (
    PublicEvent,
    Subscription,
    by_address,
    hides,
    public_event,
)
from services.notification.domain.timing import Pace, pace_of
from services.notification.store import Store
from shared.directory import Directory
from shared.events.envelope import CaseEnvelope
from shared.events.notices import Channel, NoticeKind, Recipient
from shared.ids import follow_id


async def followed(
    events: Sequence[tuple[CaseEnvelope, str]], store: Store, names: Directory, at: datetime
) -> list[Delivery]:
    """The messages that followers get of these events; the feeds are brought up to date first."""
    await store.public.hide({event.ticket: event.occurred_at for event, _ in events if hides(event)})
    public = [(event, trace, told) for event, trace in events if (told := public_event(event, names)) is not None]
    if not public:
        return []
    await store.public.add([told for _, _, told in public])
    coarser = {event.ticket: told.region for event, _, told in public if told.region != event.case.region}
    await store.public.shelter({ticket: region for ticket, region in coarser.items() if region})
    targets = {target for _, _, told in public for target in told.targets}
    subscriptions = await store.subscriptions.following(targets)
    return [
        _delivery(event, told, wanted, (at, trace))
        for event, trace, told in public
        for wanted in by_address(
            one for one in subscriptions if one.target in told.targets and one.began_by(event.occurred_at)
        )
    ]


def confirmation_of(subscription: Subscription) -> Delivery:
    """The message that asks an address's owner; the same again whenever the same is asked for."""
    return Delivery(
        id=follow_id(subscription.id, NoticeKind.CONFIRMATION),
        ticket="",
        kind=NoticeKind.CONFIRMATION,
        recipient=Recipient.FOLLOWER,
        agency=None,
        cause=subscription.id,
        occurred_at=subscription.created_at,
        facts=no_case(subscription.created_at),
        words=None,
        created_at=subscription.created_at,
        told=str(subscription.id),
        channel=subscription.channel,
        # A telephone rings; and it may be a stranger who asked.
        pace=Pace.NOW if subscription.channel is Channel.EMAIL else Pace.SOON,
        detail={"target": subscription.target},
    )


def _delivery(
    event: CaseEnvelope, told: PublicEvent, wanted: Sequence[Subscription], noticed: tuple[datetime, str]
) -> Delivery:
    """To one address, which may want it by several subscriptions."""
    subscription, *others = wanted
    also = {"also": " ".join(str(one.id) for one in others)} if others else {}
    known = about(event, NoticeKind.FOLLOWED, Recipient.FOLLOWER, noticed)
    return replace(
        known,
        facts=replace(known.facts, region=told.region),
        id=follow_id(event.event_id, f"{Recipient.FOLLOWER}/{subscription.to}"),
        agency=told.agency,
        told=str(subscription.id),
        channel=subscription.channel,
        pace=pace_of(NoticeKind.FOLLOWED, Recipient.FOLLOWER, event.case.urgency, wide=subscription.wide),
        detail={"type": told.type.value, "status": told.status.value} | also,
    )
