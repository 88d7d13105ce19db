from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.links import (
    LASTS,
    Link,
    LinkExpired,
    LinkInvalid,
    Links,
    Purpose,
    code_fits,
    code_of,
    purpose_of,
    read,
    sign,
)

SECRET = b"a-secret-of-tests"
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LATER = AT + timedelta(days=2)
SUBSCRIPTION = UUID(int=7)
URL_SAFE = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

purposes = st.sampled_from(list(Purpose))
subjects = st.text(st.characters(codec="utf-8"), max_size=60)
extras = st.text(st.characters(codec="utf-8"), max_size=20)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - of Hypothesis


@given(purposes, subjects, extras, moments)
def test_given_any_link_when_it_is_read_in_time_then_it_says_what_it_was_made_for(
    purpose: Purpose, subject: str, extra: str, expires: datetime
) -> None:
    token = sign(SECRET, purpose, subject, expires, extra)

    said = read(SECRET, purpose, token, expires - timedelta(seconds=1))

    assert said == (subject, extra)
    assert set(token) <= URL_SAFE
    assert purpose_of(token) is purpose


@given(purposes, purposes, subjects, extras)
def test_given_a_link_when_it_is_used_for_another_purpose_then_it_is_refused(
    made_for: Purpose, used_for: Purpose, subject: str, extra: str
) -> None:
    token = sign(SECRET, made_for, subject, LATER, extra)

    renamed = used_for[0] + token[1:]

    if made_for is not used_for:
        for tried in (token, renamed):
            with pytest.raises(LinkInvalid):
                read(SECRET, used_for, tried, AT)


@given(purposes, subjects, extras, st.data())
def test_given_a_link_when_any_character_of_it_is_changed_then_it_is_refused(
    purpose: Purpose, subject: str, extra: str, data: st.DataObject
) -> None:
    token = sign(SECRET, purpose, subject, LATER, extra)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from(sorted(URL_SAFE | set("=.~é"))).filter(lambda one: one != token[place]))

    changed = token[:place] + letter + token[place + 1 :]

    with pytest.raises(LinkInvalid):
        read(SECRET, purpose, changed, AT)


@given(purposes, subjects, moments, st.timedeltas(timedelta(), timedelta(days=10_000)))
def test_given_a_link_when_its_time_is_over_then_it_is_expired(
    purpose: Purpose, subject: str, expires: datetime, late: timedelta
) -> None:
    token = sign(SECRET, purpose, subject, expires)

    with pytest.raises(LinkExpired):
        read(SECRET, purpose, token, expires + late)


@given(st.text(max_size=200))
def test_given_anything_else_when_it_is_read_then_it_is_no_link(text: str) -> None:
    with pytest.raises(LinkInvalid):
        Links(SECRET, "https://care.example").read(text, AT)


@pytest.mark.parametrize("cut", [1, 5, 22, 60])
def test_given_a_link_when_its_end_is_lost_then_it_is_refused(cut: int) -> None:
    token = sign(SECRET, Purpose.LEAVE, str(SUBSCRIPTION), LATER)

    with pytest.raises(LinkInvalid):
        read(SECRET, Purpose.LEAVE, token[:-cut], AT)


def test_given_another_secret_when_a_link_is_read_then_it_is_refused() -> None:
    token = sign(b"another", Purpose.LEAVE, str(SUBSCRIPTION), LATER)

    with pytest.raises(LinkInvalid):
        read(SECRET, Purpose.LEAVE, token, AT)


def test_given_an_id_when_a_link_is_made_then_it_is_short_and_the_same_each_time() -> None:
    links = Links(SECRET, "https://care.example/")

    made = [links.to(Link(Purpose.FOLLOW, str(SUBSCRIPTION)), AT) for _ in range(2)]

    assert made[0] == made[1]
    base, _, token = made[0].rpartition("/")
    assert base == "https://care.example/v1/subscriptions/links"
    assert len(token) == 79
    assert links.read(token, AT) == Link(Purpose.FOLLOW, str(SUBSCRIPTION))


def test_given_a_link_when_it_lasts_then_what_ends_something_lasts_longest() -> None:
    links = Links(SECRET, "https://care.example")
    token = links.to(Link(Purpose.STOP, "email:ab12", "*"), AT).rpartition("/")[2]

    after_ten_months = links.read(token, AT + timedelta(days=300))

    assert after_ten_months == Link(Purpose.STOP, "email:ab12", "*")
    assert LASTS[Purpose.FOLLOW] < LASTS[Purpose.CONFIRM] < LASTS[Purpose.LEAVE] == LASTS[Purpose.STOP]


def test_given_a_subject_that_is_too_long_when_a_link_is_made_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        sign(SECRET, Purpose.LEAVE, "x" * 256, LATER)


@given(st.uuids(), st.uuids())
def test_given_a_subscription_when_its_code_is_compared_then_only_its_own_fits(one: UUID, other: UUID) -> None:
    code = code_of(SECRET, one)

    spoken = f"{code[:3]} {code[3:]}"

    assert len(code) == 6
    assert code_fits(SECRET, one, spoken)
    assert code_fits(SECRET, other, code) == (code_of(SECRET, other) == code)
    assert not code_fits(SECRET, one, f"{code}0")
    assert not code_fits(SECRET, one, "é")
