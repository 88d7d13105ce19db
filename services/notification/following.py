"""Following: asking for it, confirming it, ending it, and what links in messages do and undo."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from services.notification.budget import Budget, asked_too_often, too_many_texts
from services.notification.domain.addresses import address_id
from services.notification.domain.following import (
    PublicEvent,
    Subscription,
    SubscriptionState,
    Target,
    TargetKind,
    address_on,
    sheltered,
    target_of,
)
from services.notification.domain.links import Link, LinkExpired, LinkInvalid, Links, Purpose, code_fits, code_of
from services.notification.domain.rounds import ALL
from services.notification.keepsakes import Keepsakes
from services.notification.store.addresses import Addresses
from services.notification.store.public import PublicEvents
from services.notification.store.subscriptions import AskedTooOften, Subscriptions
from shared.directory import Directory
from shared.events.event import Language
from shared.events.notices import Channel, NoticeKind
from shared.ids import named_id
from shared.limits import ANSWERS_WITHIN_S, within
from shared.problems import Problem, field_problem

_COUNTRY: Final = "+62"
"""Messages to other countries cost many times as much, and anybody can ask for one."""
_IN_A_FEED: Final = 50

Tell = Callable[[Subscription, str, str | None], Awaitable[None]]
"""Queue the message that asks the address's owner: with the link, and on a telephone with the code. The same again for
a request that is sent again, so the message must be known by the subscription's id."""


class SubscriptionGone(Exception):
    """It ended, or nobody confirmed it in time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for."""

    channel: Channel
    address: str
    language: Language
    kind: TargetKind
    id: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link is about."""

    link: Link
    target: Target | None = None
    """What is followed, where it is about that."""
    gone: bool = False
    """There is nothing to end any more."""
    left: Sequence[Subscription] = ()
    """What was just left."""
    stays: bool = False
    """It was undone, but everything was stopped besides."""


@dataclass(frozen=True, kw_only=True)
class Following:
    """Nobody is told of anything before the owner of the address said so."""

    subscriptions: Subscriptions
    public: PublicEvents
    directory: Directory
    links: Links
    address_secret: bytes
    enabled: Collection[Channel]
    case_url: str
    """Of a case's page, with `{ticket}`."""
    tell: Tell
    addresses: Addresses
    confirm_address: Callable[[str, datetime], Awaitable[bool]]
    """False: its owner was erased meanwhile."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    budget: Budget = field(default_factory=lambda: Budget(60))
    """Of text messages that ask whether somebody wants to follow, by replica."""

    async def ask(self, wanted: Wanted, key: UUID) -> Subscription:
        """Ask the address's owner; with the same key it is the same request. Raises a 422 or 429 Problem.

        Whoever asks learns nothing of what else goes to the address.
        """
        address, target = self._checked(wanted)
        to = address_id(self.address_secret, wanted.channel, address)
        new = Subscription(
            id=named_id("subscription", key, to, target),
            channel=wanted.channel,
            address=address,
            to=to,
            language=wanted.language,
            target=str(target),
            created_at=self.now(),
        )
        if wanted.channel is not Channel.EMAIL:
            if not self.budget.is_left(self.now()):
                raise too_many_texts()
            self.budget.spend(self.now())
        try:
            known = await self.subscriptions.create(new)
        except AskedTooOften:
            raise asked_too_often(self.now()) from None
        if known.state is SubscriptionState.ASKED:
            link = self.links.to(Link(Purpose.FOLLOW, str(known.id)), known.created_at)
            code = None if known.channel is Channel.EMAIL else code_of(self.links.secret, known.id)
            await self.tell(known, link, code)
        return known

    async def confirm(self, subscription: UUID, code: str) -> Subscription:
        """Raises a 403, 404, 410 or 429 Problem, and FollowsTooMuch."""
        known = (await self._read(subscription)).get(subscription)
        if known is None or known.channel is Channel.EMAIL:
            # Mail carries a link, so nobody was ever given a code for it.
            raise Problem(404, "No such subscription", "Nobody asked for it, or too long ago.")
        if not await self.subscriptions.may_try(subscription):
            raise Problem(429, "Too many codes were tried", "Ask to follow again; another code comes.")
        if not code_fits(self.links.secret, subscription, code):
            raise Problem(403, "The code does not fit", "Compare it with the one in the message.")
        confirmed = await self.subscriptions.confirm(subscription, self.now())
        if confirmed is None:
            raise Problem(410, "The code is too old", "Ask to follow again; another code comes.")
        await self._comes_again(confirmed)
        return confirmed

    async def look(self, token: str) -> Opened:
        """Say what a link is about, and change nothing. Raises LinkInvalid, LinkExpired and SubscriptionGone."""
        link = self.links.read(token, self.now())
        if link.purpose is Purpose.TICKETS:
            raise LinkInvalid
        if link.purpose is Purpose.CONFIRM:
            return Opened(link)
        if link.purpose is Purpose.STOP:
            async with within(ANSWERS_WITHIN_S):
                return Opened(link, gone=await self.addresses.has_stopped(link.subject, _stopped_by(link)))
        known = (await self._read(UUID(link.subject))).get(UUID(link.subject))
        if known is None and link.purpose is Purpose.FOLLOW:
            raise SubscriptionGone
        return Opened(link, Target.parse(known.target) if known else None, gone=known is None)

    async def do(self, token: str) -> Opened:
        """Do what the link says; twice is once. Raises what `look` does, and FollowsTooMuch."""
        opened = await self.look(token)
        subject = opened.link.subject
        match opened.link.purpose:
            case Purpose.FOLLOW:
                await self._comes_again(await self.subscriptions.confirm(UUID(subject), self.now()))
            case Purpose.LEAVE:
                left = await self.subscriptions.leave(UUID(subject))
                return replace(opened, left=[left] if left else [])
            case Purpose.CONFIRM:
                if not await self.confirm_address(subject, self.now()):
                    raise LinkExpired
            case Purpose.STOP:
                await self.addresses.stop(subject, _stopped_by(opened.link))
                if _stopped_by(opened.link) in {ALL, NoticeKind.FOLLOWED}:
                    return replace(opened, left=await self.subscriptions.leave_all(subject))
            case Purpose.TICKETS:
                # It has pages of its own.
                raise LinkInvalid
        return opened

    def keepsake(self, left: Sequence[Subscription]) -> str:
        """What the page after leaving carries, so that it can be undone although nothing of it is kept here."""
        return self._keepsakes.of(left, self.now())

    async def start_again(self, token: str, keepsake: str) -> Opened:
        """Undo what the link did; twice is once. Raises what `look` does, and FollowsTooMuch."""
        at = self.now()
        link = self.links.read(token, at)
        match link.purpose:
            case Purpose.STOP:
                left = self._left(keepsake, lambda one: one.to == link.subject) if keepsake else []
                async with within(ANSWERS_WITHIN_S):
                    stays = not await self.addresses.start(link.subject, _stopped_by(link))
                await self._come_back([] if stays else left)
                return Opened(link, stays=stays)
            case Purpose.LEAVE:
                left = self._left(keepsake, lambda one: str(one.id) == link.subject)
                await self._come_back(left)
                return Opened(link, Target.parse(left[0].target))
            case Purpose.FOLLOW | Purpose.CONFIRM | Purpose.TICKETS:
                raise LinkInvalid

    async def newest(self, target: Target) -> list[PublicEvent]:
        """As it may be told by now, whatever was public of it when it was kept."""
        kept = await self.public.newest(str(target), _IN_A_FEED)
        told = (sheltered(event, self.directory) for event in kept)
        return [event for event in told if str(target) in event.targets]

    def _left(self, keepsake: str, is_of_the_link: Callable[[Subscription], bool]) -> list[Subscription]:
        """At least one. Raises LinkInvalid and LinkExpired."""
        left = self._keepsakes.read(keepsake, self.now())
        if not left or not all(map(is_of_the_link, left)):
            raise LinkInvalid
        return left

    async def _come_back(self, left: Sequence[Subscription]) -> None:
        for one in left:
            await self._comes_again(await self.subscriptions.come_back(one, self.now()))

    async def _comes_again(self, confirmed: Subscription | None) -> None:
        """Who says that they want it may have stopped all of its kind before. Raises SubscriptionGone."""
        if confirmed is None:
            raise SubscriptionGone
        async with within(ANSWERS_WITHIN_S):
            await self.addresses.start(confirmed.to, NoticeKind.FOLLOWED)

    @property
    def _keepsakes(self) -> Keepsakes:
        return Keepsakes(self.links.secret, self.address_secret)

    async def _read(self, subscription: UUID) -> dict[UUID, Subscription]:
        async with within(ANSWERS_WITHIN_S):
            return await self.subscriptions.read([subscription])

    def _checked(self, wanted: Wanted) -> tuple[str, Target]:
        if wanted.channel not in self.enabled or wanted.channel is Channel.WEBHOOK:
            raise field_problem(("channel", "is not offered here"))
        address = address_on(wanted.channel, wanted.address)
        if address is None or (wanted.channel is not Channel.EMAIL and not address.startswith(_COUNTRY)):
            raise field_problem(("address", f"is nothing that {wanted.channel} can be sent to"))
        try:
            return address, target_of(wanted.kind, wanted.id, self.directory)
        except ValueError as error:
            raise field_problem((f"follow.{wanted.kind}", str(error))) from None


def _stopped_by(link: Link) -> str:
    return link.extra or ALL
