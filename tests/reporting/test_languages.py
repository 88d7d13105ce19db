"""`Accept-Language`, and that nothing is sent twice."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.api.languages import preferred_language, say_names, say_problem
from shared.events.event import Language
from tests.reporting.conftest import Projecting
from tests.reporting.samples import a_lifecycle, code_of, ticket

ROUTES = (
    "/v1/cases",
    "/v1/statistics?by=category",
    "/v1/scorecards?period=2026-03",
    "/v1/scorecards/PUPR-52.03?period=2026-03",
    "/v1/scorecards/definitions",
)
on_the_real_store = pytest.mark.parametrize("mongo", ["motor"], indirect=True)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("id", Language.INDONESIAN),
        ("en-GB, id;q=0.9", Language.ENGLISH),
        ("en;q=0.3, id-ID;q=0.9", Language.INDONESIAN),
        ("nl, en;q=0.5", Language.ENGLISH),
        ("en;q=0, id;q=0.1", Language.INDONESIAN),
        ("en;q=0", None),
        ("en;q=much", None),
        ("nl", None),
        ("*", None),
        ("", None),
    ],
)
def test_given_what_is_accepted_when_it_is_read_then_the_best_liked_of_ours_is_taken(
    accepted: str, expected: Language | None
) -> None:
    assert preferred_language(accepted) is expected


def test_given_a_problem_with_fields_when_it_is_said_in_indonesian_then_only_words_change() -> None:
    problem = {
        "type": "about:blank",
        "title": "Some fields are not right",
        "status": 422,
        "detail": "region: is not a region of NTB; limit: Input should be less than or equal to 200",
        "errors": [
            {"field": "region", "detail": "is not a region of NTB"},
            {"field": "limit", "detail": "Input should be less than or equal to 200"},
        ],
    }

    said = say_problem(problem, Language.INDONESIAN)

    assert (said["title"], said["type"], said["status"]) == ("Ada isian yang belum benar", "about:blank", 422)
    assert [error["field"] for error in said["errors"]] == ["region", "limit"]
    assert said["detail"].startswith("region: bukan wilayah NTB; limit: Input")
    assert say_problem(problem, Language.ENGLISH) == problem


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.fixed_dictionaries({"id": st.text(), "en": st.text()}),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


def without_names(content: Any) -> Any:
    if isinstance(content, list):
        return [without_names(each) for each in content]
    if isinstance(content, dict):
        kept = content if content.keys() != {"id", "en", "name"} else {"id": content["id"], "en": content["en"]}
        return {key: without_names(value) for key, value in kept.items()}
    return content


@given(content=JSON, language=st.sampled_from(Language))
def test_given_any_answer_when_names_are_added_then_nothing_else_changes(content: Any, language: Language) -> None:
    assert without_names(say_names(content, language)) == without_names(content)


@pytest.mark.integration
@on_the_real_store
@pytest.mark.parametrize("path", ROUTES)
async def test_given_an_answer_of_the_api_when_it_is_asked_for_again_then_it_is_not_sent_again(
    client: httpx2.AsyncClient, projecting: Projecting, path: str
) -> None:
    await projecting.take(*a_lifecycle(1))

    first, head = await client.get(path), await client.head(path)
    again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    in_english = await client.get(path, headers={"Accept-Language": "en"})

    assert (again.status_code, again.content) == (304, b"")
    assert (head.status_code, head.headers["ETag"], head.content) == (200, first.headers["ETag"], b"")
    assert first.headers["Cache-Control"].startswith(("public, max-age=", "no-cache"))
    assert "Accept-Language" in first.headers["Vary"]
    assert "content-language" not in first.headers
    assert in_english.headers["Content-Language"] == "en"
    assert in_english.headers["ETag"] != first.headers["ETag"]
    assert without_names(in_english.json()) == first.json()


@pytest.mark.integration
@on_the_real_store
async def test_given_a_case_when_it_changes_then_what_a_reader_has_is_old(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))
    mark = (await client.get("/v1/cases")).headers["ETag"]

    await projecting.take(*a_lifecycle(2))

    assert (await client.get("/v1/cases", headers={"If-None-Match": mark})).status_code == 200


@pytest.mark.integration
@on_the_real_store
async def test_given_a_language_when_cases_are_listed_then_each_name_is_in_it_too(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    answer = await client.get("/v1/cases", headers={"Accept-Language": "id"})

    [case] = answer.json()["items"]
    assert case["agency_name"] == {"id": "id PUPR-52.03", "en": "en PUPR-52.03", "name": "id PUPR-52.03"}


@pytest.mark.integration
@on_the_real_store
async def test_given_a_reporters_own_view_when_it_is_asked_for_then_no_cache_is_given_a_mark(
    client: httpx2.AsyncClient, projecting: Projecting
) -> None:
    await projecting.take(*a_lifecycle(1))

    answer = await client.get(f"/v1/cases/{ticket(1)}", headers=code_of(1) | {"If-None-Match": "*"})

    assert answer.status_code == 200
    assert "etag" not in answer.headers


@pytest.mark.integration
@on_the_real_store
async def test_given_a_fault_when_indonesian_is_asked_for_then_it_is_said_in_it(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/cases?region=52.99", headers={"Accept-Language": "id-ID,id;q=0.9,en;q=0.8"})

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.headers["Content-Language"], answer.json()["title"]) == ("id", "Ada isian yang belum benar")
    assert json.loads(answer.content)["errors"] == [{"field": "region", "detail": "bukan wilayah NTB"}]
