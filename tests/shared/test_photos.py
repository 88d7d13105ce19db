"""Signed addresses of photos."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.photos import PhotoKey, is_signed, marked_name, sign_photo

SECRET = b"one of the tests"
UNTIL = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)


def query_of(address: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(address).query)
    return query["expires"][0], query["signature"][0]


def test_given_a_photo_when_it_is_signed_then_the_address_says_which_and_until_when() -> None:
    address = sign_photo(SECRET, "abc", UNTIL)

    assert address.startswith("/v1/photos/abc?expires=1795795200&signature=")
    assert is_signed(SECRET, "abc", *query_of(address))


def test_given_a_photo_when_it_is_signed_again_for_the_same_time_then_the_address_is_the_same() -> None:
    again = sign_photo(SECRET, "abc", UNTIL.astimezone() + timedelta(microseconds=1))

    assert again == sign_photo(SECRET, "abc", UNTIL)


def test_given_a_thumbnails_address_when_it_is_checked_then_it_does_not_open_the_photo_nor_the_other_way() -> None:
    small, large = sign_photo(SECRET, "abc", UNTIL, thumbnail=True), sign_photo(SECRET, "abc", UNTIL)

    assert small.startswith("/v1/photos/abc/thumbnail?")
    assert is_signed(SECRET, "abc", *query_of(small), thumbnail=True)
    assert not is_signed(SECRET, "abc", *query_of(small))
    assert not is_signed(SECRET, "abc", *query_of(large), thumbnail=True)


@pytest.mark.parametrize(
    ("name", "expires", "signature"),
    [
        ("abd", None, None),
        ("abc", "1795795201", None),
        ("abc", "01795795200", None),
        ("abc\n1795795200", "", None),
        ("abc", "", ""),
        ("abc", None, ""),
        ("abc", None, "f" * 64),
        ("abc", None, "ü" * 64),
    ],
)
def test_given_an_address_when_anything_is_changed_then_it_is_not_ours(
    name: str, expires: str | None, signature: str | None
) -> None:
    right = query_of(sign_photo(SECRET, "abc", UNTIL))

    assert not is_signed(
        SECRET, name, right[0] if expires is None else expires, right[1] if signature is None else signature
    )


def test_given_another_secret_when_an_address_is_checked_then_it_is_not_ours() -> None:
    address = sign_photo(b"another", "abc", UNTIL)

    assert not is_signed(SECRET, "abc", *query_of(address))


def test_given_a_copys_name_when_it_is_looked_at_then_it_is_of_one_photo_alone() -> None:
    copy = marked_name(SECRET, "a" * 32, "b" * 32)

    assert (len(copy), copy[:16]) == (32, "b" * 16)
    assert PhotoKey(SECRET).is_of(copy, "a" * 32)
    assert not PhotoKey(SECRET).is_of(copy, "c" * 32)
    assert not PhotoKey(b"another").is_of(copy, "a" * 32)
    assert not PhotoKey(SECRET).is_of("b" * 32, "a" * 32)


def test_given_two_in_one_hour_when_they_are_shown_a_photo_then_at_one_address_until_the_next_hour_ends() -> None:
    begun, later = (PhotoKey(SECRET, lambda at=at: UNTIL - at) for at in (timedelta(hours=2), timedelta(minutes=61)))

    assert begun.address("abc") == later.address("abc") == sign_photo(SECRET, "abc", UNTIL)
    assert begun.address("abc", thumbnail=True) == sign_photo(SECRET, "abc", UNTIL, thumbnail=True)
