"""Who follows what."""

from collections.abc import Collection as Many
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from services.notification.domain.following import Subscription, SubscriptionState, TargetKind
from services.notification.store.receipts import Receipts
from shared.events.event import Language
from shared.events.notices import Channel
from shared.limits import ANSWERS_WITHIN_S, within
from shared.mongo import Collection, Database, Document

UNCONFIRMED_LASTS: Final = timedelta(days=2)
MOST_TRIES: Final = 5
_CONFIRMED: Final[Document] = {"state": SubscriptionState.CONFIRMED.value}


class AskedTooOften(Exception):
    """So many requests for the address are unconfirmed that it gets no further one today."""


class FollowsTooMuch(Exception):
    """The address has as many subscriptions as one may have."""


class Subscriptions:
    """Collection `subscriptions`. Whoever leaves, or never confirms, leaves no trace in it."""

    def __init__(self, database: Database, asked_a_day: int = 5, most: int = 50) -> None:
        self.collection: Collection = database["subscriptions"]
        self._asked = Receipts(database, asked_a_day, "subscription_requests")
        self._most = most

    async def create_indexes(self) -> None:
        await self.collection.create_index([("target", 1), ("state", 1)])
        await self.collection.create_index([("to", 1), ("state", 1)])
        await self.collection.create_index("expires_at", expireAfterSeconds=0)
        await self._asked.create_indexes()

    @within(ANSWERS_WITHIN_S)
    async def create(self, new: Subscription) -> Subscription:
        """Store one that was asked for; the same one again is as it is. Raises AskedTooOften."""
        known = await self.read([new.id])
        if new.id in known:
            return known[new.id]
        if new.id not in await self._asked.grant({new.id: new.to}, new.created_at):
            raise AskedTooOften
        try:
            await self.collection.insert_one(_to_document(new))
        except DuplicateKeyError:
            known = await self.read([new.id])
        return known.get(new.id, new)

    async def read(self, ids: Iterable[UUID]) -> dict[UUID, Subscription]:
        """Those that there are."""
        wanted = [str(one) for one in ids]
        found = await self.collection.find({"_id": {"$in": wanted}}).to_list(None) if wanted else []
        return {one.id: one for one in map(_to_subscription, found)}

    async def used(self, addresses: Iterable[str]) -> set[str]:
        """Those of them that follow something, or were asked whether they want to."""
        wanted = list(addresses)
        return set(await self.collection.distinct("to", {"to": {"$in": wanted}}) if wanted else ())

    async def following(self, targets: Iterable[str]) -> list[Subscription]:
        """Everybody who follows one of these; an address is there as often as it follows several."""
        wanted = list(targets)
        if not wanted:
            return []
        found = await self.collection.find({"target": {"$in": wanted}} | _CONFIRMED).to_list(None)
        return [_to_subscription(one) for one in found]

    @within(ANSWERS_WITHIN_S)
    async def may_try(self, subscription: UUID) -> bool:
        """Whether one more code may be compared; each counts, whether or not it fits."""
        is_left: Document = {"_id": str(subscription), "tries": {"$lt": MOST_TRIES}}
        return await self.collection.find_one_and_update(is_left, {"$inc": {"tries": 1}}) is not None

    @within(ANSWERS_WITHIN_S)
    async def confirm(self, subscription: UUID, at: datetime) -> Subscription | None:
        """The address's owner wants it; None where nobody asked, or too long ago. Raises FollowsTooMuch."""
        is_asked: Document = {"_id": str(subscription), "expires_at": {"$gt": at}}
        change: Document = {"$set": _CONFIRMED | {"confirmed_at": at}, "$unset": {"expires_at": ""}}
        stored = await self.collection.find_one_and_update(is_asked, change, return_document=ReturnDocument.AFTER)
        if stored is None:
            known = (await self.read([subscription])).get(subscription)
            return known if known is not None and known.state is SubscriptionState.CONFIRMED else None
        confirmed = _to_subscription(stored)
        # Counted afterwards: so two that come at once may both be taken back, and never both stay.
        if await self.collection.count_documents({"to": confirmed.to} | _CONFIRMED) > self._most:
            await self._take_back(confirmed)
            raise FollowsTooMuch
        await self._asked.give_back(confirmed.id, confirmed.to, confirmed.created_at)
        return confirmed

    @within(ANSWERS_WITHIN_S)
    async def leave(self, subscription: UUID) -> Subscription | None:
        """End it, and every other one of the address for the same thing; returns it. None: they left before."""
        known = (await self.read([subscription])).get(subscription)
        if known is not None:
            await self.collection.delete_many({"to": known.to, "target": known.target})
        return known

    @within(ANSWERS_WITHIN_S)
    async def come_back(self, left: Subscription, at: datetime) -> Subscription | None:
        """Follow again what was left; twice is once. Raises FollowsTooMuch."""
        again = _to_document(left) | {"expires_at": at + UNCONFIRMED_LASTS}
        await self.collection.update_one({"_id": again.pop("_id")}, {"$setOnInsert": again}, upsert=True)
        return await self.confirm(left.id, at)

    @within(ANSWERS_WITHIN_S)
    async def leave_all(self, to: str) -> list[Subscription]:
        """End all of an address's, by its id; returns those that were confirmed."""
        confirmed = await self.collection.find({"to": to} | _CONFIRMED).to_list(None)
        await self.collection.delete_many({"to": to})
        return [_to_subscription(one) for one in confirmed]

    async def leave_cases(self, addresses: Mapping[str, Many[str]]) -> None:
        """End what these addresses follow of these cases, by ticket."""
        pairs = [
            {"target": f"{TargetKind.CASE}:{ticket}", "to": {"$in": list(several)}}
            for ticket, several in addresses.items()
        ]
        if pairs:
            await self.collection.delete_many({"$or": pairs})

    async def _take_back(self, confirmed: Subscription) -> None:
        asked: Document = {
            "state": SubscriptionState.ASKED.value,
            "expires_at": confirmed.created_at + UNCONFIRMED_LASTS,
        }
        change: Document = {"$set": asked, "$unset": {"confirmed_at": ""}}
        await self.collection.update_one({"_id": str(confirmed.id)}, change)


def _to_document(new: Subscription) -> Document:
    return {
        "_id": str(new.id),
        "channel": new.channel.value,
        "address": new.address,
        "to": new.to,
        "language": new.language.value,
        "target": new.target,
        "state": new.state.value,
        "tries": 0,
        "created_at": new.created_at,
        "expires_at": new.created_at + UNCONFIRMED_LASTS,
    }


def _to_subscription(stored: Document) -> Subscription:
    return Subscription(
        id=UUID(stored["_id"]),
        channel=Channel(stored["channel"]),
        address=stored["address"],
        to=stored["to"],
        language=Language(stored["language"]),
        target=stored["target"],
        created_at=stored["created_at"],
        state=SubscriptionState(stored["state"]),
        confirmed_at=stored.get("confirmed_at"),
    )
