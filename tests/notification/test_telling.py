"""Whoever follows is told what is public of what they follow, and leaves by the link of any message."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest

from services.notification.domain.addresses import address_id
from services.notification.domain.following import Subscription
from services.notification.domain.links import Links, Purpose
from services.notification.telling import confirmation_of
from shared.events.case import Status
from shared.events.cases import CaseOfficerAssigned, CaseProgressed, CaseRestricted
from shared.events.event import Language
from shared.events.notices import Channel
from shared.ids import named_id
from shared.wita import WITA
from tests.notification.examples import (
    AGENCY,
    AGENCY_ADDRESS,
    AT,
    TICKET,
    a_submission,
    a_ticket,
    an_assignment,
    envelope,
)
from tests.notification.replica import Replica, finished
from tests.smtp_sink import Sink
from tests.waiting import until

pytestmark = pytest.mark.integration

LINKS = Links(b"link", "https://care.example")
DIGESTS = {"timing": {"quiet_from": None, "digests": ["13:00"]}}


@dataclass
class Followers:
    """People who said that they want it."""

    replica: Replica
    sink: Sink

    async def ask(self, name: str, target: str) -> Subscription:
        new = Subscription(
            id=named_id(name, target),
            channel=Channel.EMAIL,
            address=f"{name}@warga.example",
            to=address_id(b"secret", Channel.EMAIL, f"{name}@warga.example"),
            language=Language.INDONESIAN,
            target=target,
            created_at=AT,
        )
        return await self.replica.store.subscriptions.create(new)

    async def follow(self, name: str, target: str) -> Subscription:
        asked = await self.ask(name, target)
        confirmed = await self.replica.store.subscriptions.confirm(asked.id, AT)
        assert confirmed is not None
        return confirmed

    async def sent(self) -> list[str]:
        """To whom, of those who follow."""
        await finished(self.replica)
        everybody = [str(mail["To"]) for mail in self.sink.taken]
        return sorted(one.partition("@")[0] for one in everybody if one.endswith("@warga.example"))


@pytest.fixture
def followers(sending: Replica, sink: Sink) -> Followers:
    return Followers(sending, sink)


def a_progress(number: int = 3, ticket: str = TICKET, **case: object) -> CaseProgressed:
    return CaseProgressed(**envelope(number, Status.IN_PROGRESS, ticket, has_contact=False, **case))


def plain(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return part.get_content()


async def test_given_people_who_follow_in_many_ways_when_something_happens_then_each_whom_it_concerns_is_told_once(
    followers: Followers,
) -> None:
    targets = {
        "kasus": f"case:{TICKET}",
        "desa": "region:52.03.07",
        "kabupaten": "region:52.03",
        "provinsi": "region:52",
        "jenis": "category:road.damage",
        "instansi": f"agency:{AGENCY}",
        "kasus-lain": f"case:{a_ticket(9)}",
        "wilayah-lain": "region:52.04",
    }
    ids = {name: str((await followers.follow(name, target)).id) for name, target in targets.items()}
    await followers.follow("kasus", "region:52")

    for _ in range(2):
        await followers.replica.hear(a_progress())

    told = sorted(["kasus", "desa", "kabupaten", "provinsi", "jenis", "instansi"])
    assert await followers.sent() == told
    # Who follows a case and its region is told as of the case.
    assert sorted(one["told"] for one in await followers.replica.deliveries()) == sorted(ids[name] for name in told)
    assert [one.ticket for one in await followers.replica.store.public.newest("region:52", 9)] == [TICKET]


async def test_given_what_is_nobodys_business_when_it_happens_then_nobody_who_follows_is_told(
    followers: Followers,
) -> None:
    await followers.follow("siti", "region:52")
    hidden, past = a_ticket(1), a_ticket(2)

    await followers.replica.hear(
        a_submission(),
        a_progress(3, hidden, confidential=True),
        a_progress(3, past, historical=True),
        CaseOfficerAssigned(**envelope(4, Status.ACCEPTED, has_contact=False, officer="ani"), officer="ani"),
    )
    # So long the officer is looked for, of whom the directory does not know.
    followers.replica.clock.forward(timedelta(hours=1))

    assert await followers.sent() == []
    assert await followers.replica.store.public.newest("region:52", 9) == []


async def test_given_what_was_before_somebody_followed_when_topics_are_read_again_then_only_what_came_after_is_told(
    followers: Followers,
) -> None:
    await followers.follow("siti", "region:52")
    before = a_progress(3).model_copy(update={"occurred_at": AT - timedelta(seconds=1)})

    await followers.replica.hear(before, a_progress(4))

    assert await followers.sent() == ["siti"]
    assert [one["cause"] for one in await followers.replica.deliveries()] == [str(a_progress(4).event_id)]


async def test_given_somebody_who_asked_to_follow_when_they_have_not_confirmed_then_they_get_the_question_alone(
    followers: Followers,
) -> None:
    asked = await followers.ask("siti", "region:52")

    await followers.replica.queueing.add([confirmation_of(asked)])
    await followers.replica.hear(a_progress())

    assert await followers.sent() == ["siti"]
    assert "konfirmasi" in str(followers.sink.taken[0]["Subject"])


@pytest.mark.parametrize("sending", [DIGESTS], indirect=True)
async def test_given_a_region_that_is_followed_when_much_happens_in_it_then_it_comes_as_one_and_a_case_comes_at_once(
    followers: Followers, sink: Sink
) -> None:
    await followers.follow("wilayah", "region:52")
    await followers.follow("kasus", f"case:{TICKET}")
    others = [a_ticket(number) for number in range(3)]
    await followers.replica.hear(a_progress(), *(a_progress(3, ticket) for ticket in others))
    await until(lambda: sink.recipients() == ["kasus@warga.example"])

    followers.replica.clock.at = datetime(2026, 11, 24, 13, 0, tzinfo=WITA)
    followers.replica.wake()

    assert await followers.sent() == ["kasus", "wilayah"]
    (digest,) = [mail for mail in sink.taken if mail["To"] == "wilayah@warga.example"]
    assert all(ticket in plain(digest) for ticket in (TICKET, *others))


@pytest.mark.parametrize("sending", [DIGESTS], indirect=True)
async def test_given_a_case_that_became_confidential_when_its_followers_would_be_told_then_they_are_not(
    followers: Followers,
) -> None:
    await followers.follow("wilayah", "region:52")
    await followers.replica.hear(a_progress())

    restricted = envelope(4, Status.IN_PROGRESS, confidential=True, has_contact=False)
    await followers.replica.hear(CaseRestricted(**restricted))
    followers.replica.clock.at = datetime(2026, 11, 24, 13, 0, tzinfo=WITA)
    followers.replica.wake()

    assert await followers.sent() == []
    assert [one["reason"] for one in await followers.replica.deliveries()] == ["opted_out"]
    assert await followers.replica.store.public.newest("region:52", 9) == []


async def test_given_a_message_to_a_follower_when_its_header_is_read_then_it_ends_just_what_it_is_about(
    followers: Followers, sink: Sink
) -> None:
    subscription = await followers.follow("siti", "region:52")
    await followers.replica.hear(an_assignment(has_contact=False, anonymous=True))
    await followers.sent()
    mails = {str(mail["To"]): mail for mail in sink.taken}
    token = str(mails["siti@warga.example"]["List-Unsubscribe"]).strip("<>").rpartition("/")[2]

    link = LINKS.read(token, AT + timedelta(days=300))
    await followers.replica.store.subscriptions.leave(subscription.id)
    await followers.replica.hear(a_progress())

    assert (link.purpose, link.subject) == (Purpose.LEAVE, str(subscription.id))
    assert mails[AGENCY_ADDRESS]["List-Unsubscribe"] is None
    assert await followers.sent() == ["siti"]


@pytest.mark.parametrize("sending", [DIGESTS], indirect=True)
async def test_given_somebody_who_follows_in_two_ways_when_they_leave_one_then_what_waits_comes_by_the_other(
    followers: Followers, sink: Sink
) -> None:
    first = await followers.follow("siti", "region:52")
    other = await followers.follow("siti", "category:road.damage")
    await followers.replica.hear(a_progress())
    (waiting,) = await followers.replica.deliveries()
    left, kept = (first, other) if waiting["told"] == str(first.id) else (other, first)

    await followers.replica.store.subscriptions.leave(left.id)
    followers.replica.clock.at = datetime(2026, 11, 24, 13, 0, tzinfo=WITA)
    followers.replica.wake()

    assert await followers.sent() == ["siti"]
    token = str(sink.taken[0]["List-Unsubscribe"]).strip("<>").rpartition("/")[2]
    assert LINKS.read(token, AT + timedelta(days=1)).subject == str(kept.id)
