"""HTTP in and out: following cases, regions, categories and agencies."""

from typing import Annotated, Final, Literal, Self
from uuid import UUID, uuid4

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.notification.api.feed import add_feed
from services.notification.api.links import HOME, add_links
from services.notification.domain.following import Subscription, SubscriptionState, TargetKind
from services.notification.following import Following, Wanted
from services.notification.store.subscriptions import FollowsTooMuch
from shared.bodies import describe_refusals
from shared.events.event import Language
from shared.events.notices import Channel
from shared.pages.rendering import Pages
from shared.problems import Problem

Name = Annotated[str, StringConstraints(min_length=1, max_length=60)]
KeyHeader = Annotated[UUID | None, Header(description="Sent again with the same key it is asked for once.")]
_TOO_MUCH: Final = "The address follows as much as one may"
_REFUSED: Final = (400, 403, 404, 409, 413, 422, 429, 503)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class FollowBody(_Body):
    """Exactly one of them."""

    case: Name | None = None
    """A ticket."""
    region: Name | None = None
    """A region's code: it and all that lies in it."""
    category: Name | None = None
    agency: Name | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            msg = "give one of case, region, category and agency"
            raise ValueError(msg)
        return self


class SubscriptionBody(_Body):
    """Who wants to be told of what, and how."""

    channel: Literal[Channel.EMAIL, Channel.WHATSAPP, Channel.SMS]
    address: Annotated[str, StringConstraints(min_length=3, max_length=254)]
    language: Language = Language.INDONESIAN
    follow: FollowBody

    def to_wanted(self) -> Wanted:
        ((kind, wanted),) = self.follow.model_dump(exclude_none=True).items()
        return Wanted(self.channel, self.address, self.language, TargetKind(kind), wanted)


class ConfirmationBody(_Body):
    """The six digits that came to the telephone."""

    code: str = Field(min_length=1, max_length=20)


class SubscriptionView(BaseModel):
    """`asked`: a message went to the address; whoever has it confirms within two days."""

    id: UUID
    state: SubscriptionState


def create_subscriptions_router(following: Following) -> APIRouter:
    router = APIRouter(prefix=HOME, tags=["subscriptions"], responses=describe_refusals(*_REFUSED))

    @router.post("", status_code=202)
    async def ask_to_follow(body: SubscriptionBody, idempotency_key: KeyHeader = None) -> SubscriptionView:
        """Ask to be told of what happens to a case, in a region, of a category, at an agency.

        Nothing is sent but one message that asks the address's owner: mail with a link, a telephone with a code.
        """
        asked = await following.ask(body.to_wanted(), idempotency_key or uuid4())
        return _view(asked)

    @router.post("/{subscription}/confirmation")
    async def confirm_by_code(subscription: UUID, body: ConfirmationBody) -> SubscriptionView:
        """Confirm with the code that came by SMS or WhatsApp. After five codes it must be asked for again."""
        try:
            return _view(await following.confirm(subscription, body.code))
        except FollowsTooMuch:
            raise Problem(409, _TOO_MUCH, "End something that it follows; then confirm again.") from None

    pages = Pages("services.notification.pages", HOME)
    add_feed(router, following, pages)
    add_links(router, following, pages)
    router.routes.extend(pages.assets_router().routes)
    return router


def _view(subscription: Subscription) -> SubscriptionView:
    return SubscriptionView(id=subscription.id, state=subscription.state)
