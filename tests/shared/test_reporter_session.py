from http.cookies import SimpleCookie

import pytest
from fastapi import Request, Response
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import tracking_code
from shared.reporter_session import LASTS_S, ReporterSessions

TICKET, OTHER = "NTB-C833-HX1X-7X7V-TM", "NTB-0000-0000-0000-01"
KEYS = {"2": b"newest", "1": b"older"}


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_795_000_000.0

    def __call__(self) -> float:
        return self.seconds


def cookies_of(response: Response) -> str:
    """As a browser sends them back."""
    told = SimpleCookie(response.headers["set-cookie"])
    return "; ".join(f"{name}={morsel.value}" for name, morsel in told.items())


def a_request(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", cookie.encode("latin-1"))]})


def begun(sessions: ReporterSessions, ticket: str = TICKET) -> Request:
    response = Response()
    sessions.begin(response, ticket, sessions.new_token(ticket))
    return a_request(cookies_of(response))


def test_given_a_right_code_when_a_session_begins_then_it_is_good_for_this_ticket_alone_until_its_time_is_over() -> (
    None
):
    clock = Clock()
    sessions = ReporterSessions(KEYS, secure=True, now=clock)
    request = begun(sessions)

    assert sessions.token(request, TICKET)
    assert sessions.token(request, OTHER) is None
    clock.seconds += LASTS_S
    assert sessions.token(request, TICKET) is None


def test_given_a_session_when_its_cookie_is_looked_at_then_the_code_is_not_in_it_and_scripts_and_other_sites_are_kept_off() -> (  # noqa: E501
    None
):
    sessions, response = ReporterSessions(KEYS, secure=True), Response()

    sessions.begin(response, TICKET, sessions.new_token(TICKET))

    told = response.headers["set-cookie"]
    code = tracking_code(KEYS, "2", TICKET)
    assert told.startswith("__Host-ntbcare_lacak_NTBC833HX1X7X7VTM=2.")
    assert all(flag in told for flag in ("HttpOnly", "SameSite=lax", "Secure", "Path=/", f"Max-Age={LASTS_S}"))
    assert code not in told
    assert code.replace("-", "").lower() not in told.lower()


def test_given_rotated_keys_when_an_older_session_comes_back_then_it_goes_on_until_its_key_is_gone() -> None:
    request = begun(ReporterSessions({"1": b"older"}, secure=False))

    assert ReporterSessions(KEYS, secure=False).token(request, TICKET)
    assert ReporterSessions({"2": b"newest"}, secure=False).token(request, TICKET) is None


def test_given_a_form_of_a_session_when_it_is_sent_with_another_sessions_cookie_then_it_is_refused() -> None:
    clock = Clock()
    sessions = ReporterSessions(KEYS, secure=False, now=clock)
    first = begun(sessions)
    clock.seconds += 1
    second = begun(sessions)

    token = sessions.form_token(first, TICKET)

    assert sessions.is_own_form(first, TICKET, token)
    assert not sessions.is_own_form(second, TICKET, token)
    assert not sessions.is_own_form(a_request(""), TICKET, token)
    assert not sessions.is_own_form(a_request(""), TICKET, sessions.form_token(a_request(""), TICKET))


def test_given_a_session_of_one_ticket_when_its_cookie_is_renamed_for_another_then_it_is_not_good() -> None:
    sessions = ReporterSessions(KEYS, secure=False)
    cookie = begun(sessions).headers["cookie"]

    renamed = cookie.replace("NTBC833HX1X7X7VTM", "NTB00000000000001")

    assert sessions.token(a_request(renamed), OTHER) is None


def test_given_the_code_of_the_person_concerned_when_a_session_begins_then_it_says_so() -> None:
    sessions = ReporterSessions(KEYS, secure=False)

    assert sessions.is_of_subject(sessions.new_token(TICKET, by_subject=True))
    assert not sessions.is_of_subject(sessions.new_token(TICKET))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=',;"\\'), max_size=120))
def test_given_any_cookie_when_it_was_not_made_here_then_there_is_no_session(value: str) -> None:
    sessions = ReporterSessions(KEYS, secure=False)

    assert sessions.token(a_request(f"ntbcare_lacak_NTBC833HX1X7X7VTM={value}"), TICKET) is None


@pytest.mark.parametrize(
    "changed",
    [
        *("2", "1.{e}.r.{m}", "2.{e}1.r.{m}", "2.{e}.r.{m}0", "2.{e}.s.{m}", "2.{e}.{m}", "{m}", "2.²³.r.{m}"),
        pytest.param(f"2.{'9' * 5_000}.r.{{m}}", id="longer than a number may be"),
    ],
)
def test_given_a_good_cookie_when_anything_of_it_is_changed_then_there_is_no_session(changed: str) -> None:
    sessions = ReporterSessions(KEYS, secure=False)
    name, _, value = begun(sessions).headers["cookie"].partition("=")
    _, expires, _, mac = value.split(".")

    forged = a_request(f"{name}={changed.format(e=expires, m=mac)}")

    assert sessions.token(forged, TICKET) is None
