from typing import Any

import httpx2
import pytest
from fastapi import Request
from pydantic import BaseModel, Field

from shared.bodies import describe_body, describe_header, read_body
from shared.problems import Problem, ProblemApp


class Inner(BaseModel):
    number: int = Field(ge=1)


class Outer(BaseModel):
    name: str
    inner: Inner
    others: list[Inner] = Field(default_factory=list[Inner])


PARAMETERS = [describe_header("x-key", "A key.", {"format": "uuid"})]
OPERATION = {"requestBody": describe_body(Outer), "parameters": PARAMETERS}


@pytest.fixture
def app() -> ProblemApp:
    app = ProblemApp()

    @app.post("/things", openapi_extra=OPERATION)
    async def make_thing(request: Request) -> Any:
        return (await read_body(request, Outer)).model_dump()

    return app


@pytest.fixture
def http(app: ProblemApp) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://things")


async def test_given_a_body_when_it_is_read_then_it_is_typed(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/things", json={"name": "road", "inner": {"number": 7}})

    assert (answer.status_code, answer.json()["inner"]) == (200, {"number": 7})


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b'{"name": "road", "inner": {"number": 0}}', "application/json", 422),
        (b"", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"{", "application/json", 400),
        (b'"\\ud800"', "application/json", 400),
        (b'{"name": "road", "inner": {"number": 7}}', "text/plain", 415),
        (b'{"name": "road", "inner": {"number": 7}}', "", 415),
        (b'{"name": "road", "inner": {"number": 7}}', "application/merge-patch+json; charset=utf-8", 200),
    ],
)
async def test_given_any_body_when_it_is_read_then_what_is_wrong_is_a_problem(
    http: httpx2.AsyncClient, content: bytes, media_type: str, status: int
) -> None:
    answer = await http.post("/things", content=content, headers={"Content-Type": media_type})

    assert answer.status_code == status
    assert "road" not in answer.text or status == 200


async def test_given_a_wrong_field_when_it_is_read_then_the_problem_names_its_path(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/things", json={"name": "road", "inner": {"number": 0}})

    assert [error["field"] for error in answer.json()["errors"]] == ["inner.number"]


def test_given_a_model_with_models_inside_when_it_is_described_then_the_document_says_all_of_it(
    app: ProblemApp,
) -> None:
    operation = app.openapi()["paths"]["/things"]["post"]

    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["name", "inner"]
    assert schema["properties"]["inner"]["properties"]["number"] == {"minimum": 1, "title": "Number", "type": "integer"}
    assert "$ref" not in str(schema)
    assert operation["parameters"][0]["name"] == "x-key"


async def test_given_a_problem_that_quotes_what_has_no_bytes_when_it_is_answered_then_it_still_is_a_problem() -> None:
    app = ProblemApp()

    @app.get("/quoting")
    async def quoting() -> None:
        raise Problem(422, "No such type", "\ud800 is none")

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://tests") as http:
        answer = await http.get("/quoting")

    assert (answer.status_code, answer.json()["detail"]) == (422, "? is none")
