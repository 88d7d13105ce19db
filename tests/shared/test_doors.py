import pytest

from shared.doors import contact_digest

KEY = b"dev-door"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sitti@Mail.example", "sitti@mail.example"),
        (" sitti@mail.example ", "sitti@mail.example"),
        ("0812 3456-7890", "+6281234567890"),
        ("6281234567890", "+6281234567890"),
        ("(0812) 3456.7890", "+62 812 3456 7890"),
    ],
)
def test_given_two_ways_of_writing_an_address_when_they_are_digested_then_they_are_one(one: str, other: str) -> None:
    assert contact_digest(KEY, one) == contact_digest(KEY, other)


@pytest.mark.parametrize("other", ["siti@mail.example", "+6281234567891", "sitti@mail.example.org"])
def test_given_another_address_or_another_key_when_it_is_digested_then_it_is_another(other: str) -> None:
    assert contact_digest(KEY, "sitti@mail.example") != contact_digest(KEY, other)
    assert contact_digest(KEY, other) != contact_digest(b"dev-other", other)


def test_given_an_address_when_it_is_digested_then_nothing_of_it_can_be_read() -> None:
    digest = contact_digest(KEY, "sitti@mail.example")

    assert len(digest) == 32
    assert set(digest) <= set("0123456789abcdef")
