"""The village of what is sensitive is told to nobody who only follows: in no feed, and on no channel."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import pytest

from services.notification.domain.addresses import address_id
from services.notification.domain.following import PublicEvent, Subscription, public_event, sheltered
from services.notification.following import Following
from shared.directory import Directory
from shared.events.case import Status
from shared.events.cases import CaseProgressed
from shared.events.event import Language
from shared.events.notices import Channel
from shared.ids import named_id
from shared.mongo import Database
from shared.sheltering import is_sensitive
from shared.wita import WITA
from tests.notification.examples import AT, TICKET, a_directory, a_ticket, envelope
from tests.notification.followers import Clock as Hours
from tests.notification.followers import Told, a_following, a_public_event, a_reader
from tests.notification.replica import Clock, Ear, Replica, a_replica, finished
from tests.routing.examples import the_directory
from tests.shared.fakes import FakePublisher
from tests.smtp_sink import Sink
from tests.waiting import until

NAMES = the_directory()
SENSITIVE = sorted(category for category in NAMES.categories if is_sensitive(category, NAMES))
VILLAGE = "52.03.07.1004"
REGENCY = {"region:52", "region:52.03"}


def directory() -> Directory:
    """With the delivered categories."""
    known = a_directory()
    known.categories.update(NAMES.categories)
    return known


def a_progress(category: str, ticket: str = TICKET) -> CaseProgressed:
    case: dict[str, Any] = {"category": category, "region": VILLAGE, "has_contact": False}
    return CaseProgressed(**envelope(3, Status.IN_PROGRESS, ticket, **case))


def test_given_the_delivered_categories_when_sought_then_those_about_a_persons_need_are_among_the_sensitive() -> None:
    assert {"health.nutrition", "social.violence"} <= set(SENSITIVE)
    assert "road.damage" not in SENSITIVE


@pytest.mark.parametrize("category", SENSITIVE)
def test_given_a_sensitive_category_when_it_is_public_then_only_its_regency_is(category: str) -> None:
    told = public_event(a_progress(category), NAMES)

    assert told is not None
    assert told.region == "52.03"
    assert {target for target in told.targets if target.startswith("region:")} == REGENCY


def test_given_any_other_category_when_it_is_public_then_its_village_is() -> None:
    told = public_event(a_progress("road.damage"), NAMES)

    assert told is not None
    assert told.region == VILLAGE
    assert f"region:{VILLAGE}" in told.targets


@pytest.mark.parametrize("category", SENSITIVE)
async def test_given_what_was_kept_with_its_village_when_a_feed_is_read_then_it_is_told_as_it_may_be_now(
    category: str,
) -> None:
    kept = a_public_event(region="52.03.07", category=category)

    async with a_reader(a_following_of(kept)) as reader:
        of_the_category = await reader.get("/v1/subscriptions/feed.atom", params={"category": category})
        of_the_district = await reader.get("/v1/subscriptions/feed.atom", params={"region": "52.03.07"})

    assert "<entry>" in of_the_category.text
    assert "Selong" not in of_the_category.text
    assert "<entry>" not in of_the_district.text


def a_following_of(event: PublicEvent) -> Following:
    class Kept:
        async def newest(self, _target: str, _limit: int) -> list[PublicEvent]:
            return [event]

    nothing: Any = None
    public: Any = Kept()
    return a_following(nothing, public, Told(), Hours(), directory=directory())


def test_given_a_case_without_region_when_it_is_sheltered_then_it_is_as_it_was() -> None:
    event = a_public_event(region=None, category="social.aid", targets=frozenset({f"case:{TICKET}"}))

    assert sheltered(event, NAMES) == replace(event)


@pytest.fixture
async def telling(
    database: Database, publisher: FakePublisher, clock: Clock, port: int
) -> AsyncGenerator[tuple[Replica, Ear]]:
    ear, timing = Ear(Channel.WHATSAPP), {"quiet_from": None, "digests": ["13:00"]}
    opened = a_replica(database, publisher, clock, port=port, directory=directory(), ears=[ear], timing=timing)
    async with opened as replica, replica.sending():
        yield replica, ear


async def follow(replica: Replica, channel: Channel, address: str, target: str) -> None:
    new = Subscription(
        id=named_id(address, target),
        channel=channel,
        address=address,
        to=address_id(b"secret", channel, address),
        language=Language.INDONESIAN,
        target=target,
        created_at=AT,
    )
    await replica.store.subscriptions.create(new)
    await replica.store.subscriptions.confirm(new.id, AT)


@pytest.mark.integration
async def test_given_followers_on_every_channel_when_something_sensitive_happens_then_nobody_is_told_the_village(
    telling: tuple[Replica, Ear], sink: Sink
) -> None:
    replica, ear = telling
    tickets = {a_ticket(number): category for number, category in enumerate(SENSITIVE)}
    first = next(iter(tickets))
    await follow(replica, Channel.EMAIL, "kasus@warga.example", f"case:{first}")
    await follow(replica, Channel.WHATSAPP, "+62811000001", f"case:{first}")
    await follow(replica, Channel.EMAIL, "kabupaten@warga.example", "region:52.03")
    await follow(replica, Channel.EMAIL, "kecamatan@warga.example", "region:52.03.07")
    await replica.hear(*(a_progress(category, ticket) for ticket, category in tickets.items()))
    await until(lambda: len(sink.taken) == len(ear.taken) == 1)

    replica.clock.at = datetime(2026, 11, 24, 13, 0, tzinfo=WITA)
    replica.wake()
    await finished(replica)

    assert sink.recipients() == ["kabupaten@warga.example", "kasus@warga.example"]
    said = [plain(mail) for mail in sink.taken] + [ear.taken[0].text]
    assert all("Lombok Timur" in one and "Selong" not in one for one in said)
    kept = await replica.store.public.newest("region:52.03", 50)
    assert {event.region for event in kept} == {"52.03"}


@pytest.mark.integration
async def test_given_a_case_that_turns_out_to_be_sensitive_when_its_feed_is_read_then_its_past_tells_no_village_either(
    telling: tuple[Replica, Ear],
) -> None:
    replica, _ = telling
    other = a_ticket(9)
    await replica.hear(a_progress("road.damage"), a_progress("road.damage", other))
    of_the_village = await replica.store.public.newest(f"region:{VILLAGE}", 9)

    reclassified: dict[str, Any] = {"category": "health.nutrition", "region": VILLAGE, "has_contact": False}
    await replica.hear(CaseProgressed(**envelope(4, Status.IN_PROGRESS, **reclassified)))

    assert {event.ticket for event in of_the_village} == {TICKET, other}
    assert [event.ticket for event in await replica.store.public.newest(f"region:{VILLAGE}", 9)] == [other]
    assert {event.region for event in await replica.store.public.newest(f"case:{TICKET}", 9)} == {"52.03"}


def plain(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return part.get_content()
