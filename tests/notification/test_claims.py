"""An address is one sender's until its lease runs out; then it is another's, whatever the first one still does."""

from datetime import timedelta

import pytest

from services.notification.store import Addresses, Claimed, Released, Share
from shared.events.notices import Channel
from shared.mongo import Database
from tests.notification.examples import AT

pytestmark = [pytest.mark.integration, pytest.mark.both_drivers]

SHARE = Share(Channel.EMAIL, again=False, limit=9)
LEASE = timedelta(minutes=1)


def given_back(claimed: Claimed) -> Released:
    return Released(claimed, next_at=None, again=False, messages=1)


async def test_given_a_sender_that_is_overtaken_when_it_gives_the_address_back_then_its_new_holder_keeps_it(
    database: Database,
) -> None:
    addresses = Addresses(database)
    await addresses.has_due({"email:ab12": AT})
    (late,) = await addresses.claim(SHARE, AT, LEASE)
    (now,) = await addresses.claim(SHARE, AT + LEASE, LEASE)

    await addresses.release([given_back(late)], AT + LEASE)
    kept = await addresses.collection.find_one({"_id": "email:ab12"})
    others = await addresses.claim(SHARE, AT + LEASE, LEASE)
    await addresses.release([given_back(now)], AT + LEASE)
    free = await addresses.collection.find_one({"_id": "email:ab12"})

    assert (late.taken_over, now.taken_over) == (False, True)
    assert kept is not None
    assert (kept["claim"], kept["next_at"], others) == (now.token, AT + 2 * LEASE, [])
    assert free is not None
    assert "claim" not in free
    assert free["hour"]["sent"] == 1
