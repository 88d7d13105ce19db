"""The addresses: where messages go, known by a digest. Each is worked by one sender at a time, and so in order."""

from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from pymongo import ReturnDocument, UpdateOne

from services.notification.domain.addresses import channel_of
from services.notification.domain.rounds import ALL, Address
from shared.events.notices import Channel
from shared.mongo import Collection, Database, Document

_FORGOTTEN_S: Final = 2 * 86_400
_IS_CLAIMED: Final = {"$ne": [{"$type": "$claim"}, "missing"]}
_IS_PUT_OFF: Final = {"$and": [{"$eq": ["$again", True]}, {"$ne": [{"$type": "$next_at"}, "missing"]}]}
"""What comes next waits behind what was put off, unless it is urgent."""
_AS_BEFORE: Final = {"$ifNull": ["$again", False]}


_UNLESS_EMPTY: Final = {"$cond": [{"$eq": ["$stopped", []]}, "$$REMOVE", "$stopped"]}
_IDLE_BY_THAT: Final = {
    "$cond": [
        {
            "$and": [
                {"$eq": ["$stopped", []]},
                *({"$eq": [{"$type": f"${name}"}, "missing"]} for name in ("next_at", "claim", "confirmed_at")),
            ]
        },
        "$$NOW",
        "$idle_since",
    ]
}
"""Nothing is left that it would be kept for."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which addresses to take: those whose last message was put off, or the others."""

    channel: Channel
    again: bool
    limit: int
    besides: tuple[str, ...] = ()
    """Ids that this replica holds: even if its own lease ran out, it must not take them over from itself."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """An address that is ours until the lease runs out."""

    address: Address
    token: str
    until: datetime
    taken_over: bool
    """Its sender's lease ran out: what it was about to send may have gone out."""


@dataclass(frozen=True, slots=True)
class Released:
    """An address that somebody else may have again."""

    claimed: Claimed
    next_at: datetime | None
    """When something is due next; None: nothing is."""
    again: bool
    messages: int
    """That went out."""


class Addresses:
    """Collection `addresses`. `next_at` is there while something is to be sent, and says when."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database["addresses"]

    async def create_indexes(self) -> None:
        due = {"next_at": {"$exists": True}}
        keys = [("channel", 1), ("again", 1), ("next_at", 1)]
        await self.collection.create_index(keys, partialFilterExpression=due)
        await self.collection.create_index("idle_since", expireAfterSeconds=_FORGOTTEN_S, sparse=True)

    async def has_due(self, due: Mapping[str, datetime], urgent: Several[str] = ()) -> None:
        """Something is to go to the addresses (by id) from these moments on. Saying it twice is saying it once.

        `urgent`: those of them for which it does not wait behind what was put off.
        """
        if due:
            writes = [UpdateOne({"_id": one}, [_more(one, at, one in urgent)], upsert=True) for one, at in due.items()]
            await self.collection.bulk_write(writes, ordered=False)

    async def claim(self, share: Share, at: datetime, lease: timedelta) -> list[Claimed]:
        """Take addresses that are due, the longest due first, and those whose lease ran out."""
        due = _of(share) | {"next_at": {"$lte": at}}
        found: list[Document] = await self.collection.find(due).sort("next_at", 1).limit(share.limit).to_list(None)
        if not found:
            return []
        token, until = uuid4().hex, at + lease
        ours: Document = {"_id": {"$in": [stored["_id"] for stored in found]}}
        result = await self.collection.update_many(due | ours, {"$set": {"claim": token, "next_at": until}})
        if result.modified_count != len(found):
            # Another replica was faster with some of them.
            got = await self.collection.find(ours | {"claim": token}, {"_id": 1}).to_list(None)
            ids = {stored["_id"] for stored in got}
            found = [stored for stored in found if stored["_id"] in ids]
        return [Claimed(_address(stored), token, until, "claim" in stored) for stored in found]

    async def release(self, released: Sequence[Released], at: datetime) -> None:
        """Give addresses back. Whose lease ran out meanwhile is left as its new holder has it."""
        if released:
            writes = [
                UpdateOne({"_id": one.claimed.address.id, "claim": one.claimed.token}, [_given_back(one, at)])
                for one in released
            ]
            await self.collection.bulk_write(writes, ordered=False)

    async def next_due(self, share: Share) -> datetime | None:
        """When something is due next; in the past where it already is."""
        wanted = _of(share) | {"next_at": {"$exists": True}}
        first = await self.collection.find_one(wanted, {"next_at": 1}, sort=[("next_at", 1)])
        return None if first is None else first["next_at"]

    async def confirm(self, address_id: str, at: datetime) -> None:
        """Its owner followed a link that was sent there."""
        change = {"$set": {"confirmed_at": at, "channel": channel_of(address_id)}, "$unset": {"idle_since": ""}}
        await self.collection.update_one({"_id": address_id}, change, upsert=True)

    async def stop(self, address_id: str, kind: str) -> None:
        """Its owner does not want such messages (`*`: none that the law does not want)."""
        change: Document = {"$addToSet": {"stopped": kind}, "$set": {"channel": channel_of(address_id)}}
        await self.collection.update_one({"_id": address_id}, change | {"$unset": {"idle_since": ""}}, upsert=True)

    async def start(self, address_id: str, kind: str | None = None) -> bool:
        """Its owner wants such messages again; None: all. Returns whether they come: `*` may be stopped besides."""
        left: Any = [] if kind is None else {"$setDifference": [{"$ifNull": ["$stopped", []]}, [kind]]}
        change = [{"$set": {"stopped": left}}, {"$set": {"stopped": _UNLESS_EMPTY, "idle_since": _IDLE_BY_THAT}}]
        after = ReturnDocument.AFTER
        stored = await self.collection.find_one_and_update({"_id": address_id}, change, return_document=after)
        return ALL not in (stored or {}).get("stopped", ())

    async def has_stopped(self, address_id: str, kind: str) -> bool:
        """Whether its owner stopped just that."""
        return await self.collection.find_one({"_id": address_id, "stopped": kind}, {"_id": 1}) is not None

    async def forget(self, addresses: Iterable[str]) -> None:
        """All but that their owners want nothing more, and what is under way."""
        if not (ids := list(addresses)):
            return
        idle: Document = {"_id": {"$in": ids}, "claim": {"$exists": False}, "next_at": {"$exists": False}}
        await self.collection.delete_many(idle | {"stopped": {"$exists": False}})
        await self.collection.update_many({"_id": {"$in": ids}}, {"$unset": {"confirmed_at": "", "hour": ""}})

    async def confirmed(self, ids: Iterable[str]) -> set[str]:
        """Those of these addresses whose owners confirmed them."""
        wanted = list(ids)
        if not wanted:
            return set()
        known = {"_id": {"$in": wanted}, "confirmed_at": {"$exists": True}}
        return {stored["_id"] for stored in await self.collection.find(known, {"_id": 1}).to_list(None)}


def _of(share: Share) -> Document:
    mine: Document = {"channel": share.channel.value, "again": share.again}
    return mine | ({"_id": {"$nin": list(share.besides)}} if share.besides else {})


def _more(address_id: str, at: datetime, urgent: bool) -> Document:  # noqa: FBT001 - as it is told
    """While it is claimed `next_at` is the end of the lease, which must not move; `more` waits beside it."""
    sooner: Any = {"$min": ["$next_at", at]}
    waits = _IS_CLAIMED if urgent else {"$or": [_IS_CLAIMED, _IS_PUT_OFF]}
    more = {"$cond": [_IS_CLAIMED, {"$min": ["$more", at]}, "$$REMOVE"]}
    pressing = {"$cond": [_IS_CLAIMED, {"$min": ["$urgent", at]}, "$$REMOVE"]} if urgent else "$urgent"
    return {
        "$set": {
            "channel": {"$literal": channel_of(address_id)},
            "again": {"$cond": [waits, {"$ifNull": ["$again", False]}, False]} if urgent else _AS_BEFORE,
            "next_at": {"$cond": [waits, "$next_at", sooner]},
            "more": more,
            "urgent": pressing,
            "idle_since": "$$REMOVE",
        }
    }


def _given_back(one: Released, at: datetime) -> Document:
    urgent = {"$ne": [{"$type": "$urgent"}, "missing"]}
    next_at: Any = {"$min": ["$urgent" if one.again else "$more", one.next_at]}
    nothing = {"$eq": [{"$ifNull": [next_at, None]}, None]}
    kept = {"$or": [{"$ne": [{"$type": "$confirmed_at"}, "missing"]}, {"$ne": [{"$type": "$stopped"}, "missing"]}]}
    began, sent = one.claimed.address.counted(one.messages, at)
    return {
        "$set": {
            "next_at": {"$cond": [nothing, "$$REMOVE", next_at]},
            "again": {"$and": [one.again, {"$not": [urgent]}]},
            "hour": {"began": began, "sent": sent},
            "idle_since": {"$cond": [{"$and": [nothing, {"$not": [kept]}]}, at, "$$REMOVE"]},
            "claim": "$$REMOVE",
            "more": "$$REMOVE",
            "urgent": "$$REMOVE",
        }
    }


def _address(stored: Document) -> Address:
    hour = stored.get("hour", {})
    return Address(
        id=stored["_id"],
        channel=Channel(stored["channel"]),
        confirmed="confirmed_at" in stored,
        stopped=frozenset(stored.get("stopped", ())),
        hour_began=hour.get("began"),
        sent_this_hour=hour.get("sent", 0),
    )
