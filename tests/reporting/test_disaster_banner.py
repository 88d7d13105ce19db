"""What the public pages say while it is a disaster."""

from datetime import timedelta

import httpx2
import pytest

from shared.directory import Directory
from shared.events.directory import Door
from tests.reporting.escalated import NOW
from tests.reporting.test_public_pages import text_of

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]
SAID = {"id": "Yang mendesak ditangani lebih dahulu", "en": "What is urgent comes first"}


@pytest.mark.parametrize("language", list(SAID))
@pytest.mark.parametrize("path", ["/", "/lacak"])
async def test_given_a_disaster_when_a_public_page_is_read_then_it_says_that_what_is_urgent_comes_first(
    public: httpx2.AsyncClient, names: Directory, path: str, language: str
) -> None:
    names.doors["province"] = Door(disaster_until=NOW + timedelta(hours=1))

    page = await public.get(path, headers={"Accept-Language": language})

    assert SAID[language] in text_of(page)


@pytest.mark.parametrize("door", [Door(), Door(disaster_until=NOW)])
async def test_given_no_disaster_or_one_that_is_over_when_a_public_page_is_read_then_nothing_is_said_of_it(
    public: httpx2.AsyncClient, names: Directory, door: Door
) -> None:
    names.doors["province"] = door

    page = await public.get("/")

    assert SAID["id"] not in text_of(page)
