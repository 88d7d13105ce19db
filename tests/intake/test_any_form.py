"""Whatever is sent as the residents' form, a page says what became of it, and nothing of it runs in a browser."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.operator_sessions import HOME, OperatorSessions
from tests.intake.gates import AS_CLERK, CLERK
from tests.intake.posting import client_of, the_settings
from tests.intake.residents import a_door

DOOR = a_door("memory:///")
APP = DOOR.app
DOOR.directory.clients[CLERK.id] = CLERK
SESSION = OperatorSessions.of(the_settings("memory:///"), DOOR.directory).sign_in(
    AS_CLERK["Authorization"].removeprefix("Bearer ")
)
NAMES = [
    "text",
    "category",
    "regency",
    "district",
    "village",
    "latitude",
    "longitude",
    "address",
    "name",
    "email",
    "phone",
]
MORE = [
    "prefers",
    "anonymous",
    "confidential",
    "suggested",
    "photos",
    "proxy",
    "mandate",
    "subject_name",
    "subject_phone",
    "subject_email",
    "key",
    "tried",
    "answers.road_class",
    "answers.<b>",
    "other",
]
GO = [
    "check",
    "send",
    "edit",
    "suggest",
    "place",
    "photo",
    "pick:road.damage",
    "drop:x",
    "here:1,2",
    "here:",
    "myself",
    "",
    "<b>",
]
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["52.03", "road.damage", "road.bridge", "52", "nan", "1e999", "<script>", "other", "spoken"]),
)
FORMS = st.dictionaries(st.sampled_from([*NAMES, *MORE]), VALUES)


async def answer_to(home: str = "/lapor", /, **request: Any) -> tuple[int, str]:
    async with client_of(APP) as http:
        answer = await http.post(home, **request)
        return answer.status_code, answer.text


@given(FORMS, st.sampled_from(GO))
@settings(deadline=None, max_examples=200)
def test_given_any_fields_when_the_form_is_sent_then_a_page_answers(fields: dict[str, str], go: str) -> None:
    status, page = asyncio.run(answer_to(data={**fields, "go": go}, files={"photo": ("", b"")}))

    assert status in {200, 422}
    assert "<main" in page
    assert "<script>" not in page
    assert "<b>" not in page


KEYED_IN = st.dictionaries(
    st.sampled_from([*NAMES, *MORE, "channel", "received_at", "source", "language"]),
    st.one_of(VALUES, st.sampled_from(["counter", "2026-03-02T09:15", "0001-01-01", "9999-12-31T23:59", "en"])),
)


@given(KEYED_IN, st.sampled_from(GO))
@settings(deadline=None, max_examples=200)
def test_given_any_fields_when_an_operator_sends_the_form_then_a_page_answers(fields: dict[str, str], go: str) -> None:
    status, page = asyncio.run(
        answer_to(
            HOME,
            data={**fields, "go": go, "csrf": SESSION.csrf},
            files={"photo": ("", b"")},
            headers={"Cookie": f"ntbcare_loket={SESSION.token}"},
        )
    )

    assert status in {200, 422}
    assert 'id="token"' not in page
    assert "<script>" not in page
    assert "<b>" not in page


@given(st.binary(max_size=200), st.sampled_from(["multipart/form-data; boundary=b", "application/json", "", "a/b; ;"]))
@settings(deadline=None)
def test_given_any_bytes_when_they_are_sent_as_the_form_then_a_page_answers(content: bytes, kind: str) -> None:
    status, page = asyncio.run(answer_to(content=content, headers={"Content-Type": kind}))

    assert status in {200, 400, 422}
    assert "<main" in page
