"""The page of open data, as a browser without scripts sees it."""

import re

import httpx2
import pytest

from services.reporting.shipped import shipped_catalogue
from tests.reporting.conftest import Projecting
from tests.reporting.samples import a_step

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("mongo", ["motor"], indirect=True)]


@pytest.mark.parametrize(("language", "size"), [("id", "Sekitar 2 baris."), ("en", "About 2 rows.")])
async def test_given_cases_when_the_page_is_read_then_it_tells_sizes_files_and_every_column(
    public: httpx2.AsyncClient, projecting: Projecting, language: str, size: str
) -> None:
    await projecting.take(a_step(1, 1), a_step(2, 1, region="52.02"), a_step(3, 1, confidential=True))

    page = await public.get("/data", headers={"Accept-Language": language})

    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert size in page.text
    assert 'aria-current="page"' in page.text
    for dataset in shipped_catalogue().datasets:
        assert all(f'href="/data/{dataset.id}.{form}"' in page.text for form in dataset.formats)
        assert all(f"<code>{column.name}</code>" in page.text for column in dataset.columns)


async def test_given_the_page_when_its_links_are_looked_at_then_only_licences_and_sources_lead_elsewhere(
    public: httpx2.AsyncClient,
) -> None:
    page = await public.get("/data")

    elsewhere = set(re.findall(r'(?:src|href)="(https?:[^"]*)"', page.text))
    catalogue = shipped_catalogue()
    told = [each.path for each in catalogue.licences] + [each.path for each in catalogue.sources]
    assert elsewhere == {path for path in told if path}
    assert not re.findall(r"<style|style=|<script(?! src=)| on[a-z]+=", page.text)


async def test_given_the_page_when_it_is_asked_for_again_then_rows_are_not_counted_again(
    public: httpx2.AsyncClient, projecting: Projecting
) -> None:
    first = await public.get("/data")
    await projecting.take(a_step(1, 1))

    again = await public.get("/data", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
