import json
import xml.etree.ElementTree as ET
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Response
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Language
from shared.open311 import (
    PREFIX,
    AskedOf,
    Form,
    Open311Faults,
    Open311Settings,
    add_unknown_paths,
    answer,
    check_jurisdiction,
    language_of,
)
from shared.problems import Problem, ProblemApp, field_problem, unreachable_problem

XML_CAN_HOLD = st.characters(
    exclude_categories=["Cs"],
    exclude_characters=[chr(code) for code in (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)],
)


def parsed(response: Response) -> ET.Element:
    return ET.fromstring(bytes(response.body))  # noqa: S314 - our own


def test_given_a_list_when_written_as_xml_then_it_has_a_root_and_each_item_its_element() -> None:
    told = [{"service_code": "road.damage", "metadata": True, "group": None}, {"lat": -8.59}]

    written = answer(Form.XML, "services", told)

    assert bytes(written.body) == (
        b'<?xml version="1.0" encoding="utf-8"?>\n'
        b"<services><service><service_code>road.damage</service_code><metadata>true</metadata><group></group></service>"
        b"<service><lat>-8.59</lat></service></services>"
    )
    assert written.headers["content-type"] == "text/xml; charset=utf-8"


def test_given_the_same_list_when_written_as_json_then_it_has_no_root() -> None:
    told = [{"metadata": True, "group": None, "at": datetime(2026, 3, 5, 1, 30, 0, 999_999, UTC)}]

    written = answer(Form.JSON, "services", told, 201, Cache_Control="no-store")

    assert bytes(written.body) == b'[{"metadata":true,"group":null,"at":"2026-03-05T09:30:00+08:00"}]'
    assert written.headers["content-type"] == "application/json; charset=utf-8"
    assert (written.status_code, written.headers["cache-control"]) == (201, "no-store")


@given(st.text(XML_CAN_HOLD))
def test_given_any_text_that_xml_can_hold_when_written_and_parsed_then_it_is_the_same(text: str) -> None:
    written = answer(Form.XML, "discovery", {"contact": text, "url": "x"})

    contact, url = parsed(written)

    assert (contact.text or "", url.text) == (text, "x")


@given(st.text())
def test_given_any_text_at_all_when_written_then_xml_drops_what_it_cannot_hold_and_json_keeps_it(text: str) -> None:
    held = "".join(letter for letter in text if letter in "\t\n\r" or ord(letter) >= 32)

    xml, in_json = (answer(form, "discovery", {"contact": text}) for form in (Form.XML, Form.JSON))

    assert (parsed(xml)[0].text or "") == held.replace("\ufffe", "").replace("\uffff", "")
    assert json.loads(bytes(in_json.body)) == {"contact": text}


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("", Language.INDONESIAN),
        ("id", Language.INDONESIAN),
        ("id-ID", Language.INDONESIAN),
        ("en_GB", Language.ENGLISH),
    ],
)
def test_given_a_locale_when_asked_for_then_names_are_in_its_language(locale: str, language: Language) -> None:
    assert language_of(locale) is language


@pytest.mark.parametrize("asked", ["", " ", "ntbprov.go.id"])
def test_given_our_jurisdiction_or_none_when_asked_for_then_nothing_is_said(asked: str) -> None:
    check_jurisdiction(Open311Settings(), asked)


def an_app() -> ProblemApp:
    router = APIRouter()

    @router.get(f"{PREFIX}/services.{{form}}")
    async def read(asked: AskedOf) -> Response:
        return answer(asked.form, "services", [])

    @router.get(f"{PREFIX}/wrong/{{kind}}.{{form}}")
    async def fail(kind: str) -> Response:
        problems = {
            "fields": field_problem(("lat", "is <far> away"), ("long", "too")),
            "key": Problem(401, "The token is not valid"),
            "jurisdiction": Problem(404, "jurisdiction_id was not found", "This one is ntbprov.go.id."),
            "broker": unreachable_problem(idempotency_key="k1"),
            "many": Problem(429, "Too many", headers={"Retry-After": "7"}),
        }
        raise problems[kind]

    @router.get(f"{PREFIX}/numbers/{{number}}.{{form}}")
    async def count(number: int) -> Response:
        return answer(Form.JSON, "services", [number])

    @router.get("/v1/wrong.json")
    async def elsewhere() -> Response:
        raise Problem(404, "No")

    add_unknown_paths(router)
    app = ProblemApp()
    app.include_router(router)
    app.add_middleware(Open311Faults)
    return app


@pytest.fixture
async def client() -> AsyncGenerator[httpx2.AsyncClient]:
    transport: Any = httpx2.ASGITransport(app=an_app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://open311") as opened:
        yield opened


async def test_given_wrong_fields_when_told_in_json_then_each_has_a_code_and_a_description(
    client: httpx2.AsyncClient,
) -> None:
    answered = await client.get("/open311/v2/wrong/fields.json")

    assert answered.status_code == 400
    assert answered.headers["content-type"] == "application/json; charset=utf-8"
    assert answered.json() == [
        {"code": 400, "description": "lat: is <far> away"},
        {"code": 400, "description": "long: too"},
    ]


async def test_given_wrong_fields_when_told_in_xml_then_errors_are_elements(client: httpx2.AsyncClient) -> None:
    answered = await client.get("/open311/v2/wrong/fields.xml")

    assert answered.status_code == 400
    assert answered.headers["content-type"] == "text/xml; charset=utf-8"
    root = ET.fromstring(answered.content)  # noqa: S314 - our own
    assert [element.tag for element in root.iter()] == ["errors", *(["error", "code", "description"] * 2)]
    assert [element.text for element in root.iter("description")] == ["lat: is <far> away", "long: too"]


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        ("wrong/key.json", 403, "The token is not valid."),
        ("wrong/jurisdiction.json", 404, "jurisdiction_id was not found. This one is ntbprov.go.id."),
        ("wrong/many.json", 429, "Too many."),
        ("numbers/one.json", 400, "number: Input should be a valid integer"),
    ],
)
async def test_given_a_fault_when_told_then_its_status_is_one_of_the_specification(
    client: httpx2.AsyncClient, path: str, status: int, description: str
) -> None:
    answered = await client.get(f"/open311/v2/{path}")

    assert answered.status_code == status
    [error] = answered.json()
    assert error["code"] == status
    assert error["description"].startswith(description)


async def test_given_a_broker_that_is_away_when_told_then_the_key_to_try_again_with_is_said(
    client: httpx2.AsyncClient,
) -> None:
    answered = await client.get("/open311/v2/wrong/broker.json")

    assert (answered.status_code, answered.headers["retry-after"]) == (503, "5")
    assert answered.json()[0]["description"].endswith("Idempotency-Key: k1")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/open311/v2/nothing.json"),
        ("PUT", "/open311/v2/services.json"),
        ("DELETE", "/open311/v2/a/b/c.json"),
        ("GET", "/open311/v2/.json"),
    ],
)
async def test_given_a_path_of_nobody_when_asked_for_then_the_answer_is_404_in_its_format(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    answered = await client.request(method, path)

    assert answered.status_code == 404
    assert answered.json()[0]["code"] == 404


@pytest.mark.parametrize("path", ["/open311/v2/services.yaml", "/open311/v2/services", "/open311/v2/"])
async def test_given_no_format_of_ours_when_asked_for_then_the_answer_is_404_in_xml(
    client: httpx2.AsyncClient, path: str
) -> None:
    answered = await client.get(path)

    assert answered.status_code == 404
    assert ET.fromstring(answered.content).tag == "errors"  # noqa: S314 - our own


async def test_given_another_path_when_it_fails_then_it_is_told_as_a_problem(client: httpx2.AsyncClient) -> None:
    answered = await client.get("/v1/wrong.json")

    assert answered.headers["content-type"] == "application/problem+json"
