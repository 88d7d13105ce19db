"""What is spared the libraries must come out as they would have it."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.networks import validate_email

from services.intake.contacts import parse_email, parse_phone

LETTERS = "abzAZ09.-_+@ \n"
ODD = st.text(LETTERS, max_size=12)


def outcome(parse: object, entered: str) -> str:
    try:
        return parse(entered)  # type: ignore[operator]
    except ValueError as error:
        return f"refused: {error}"


@given(
    st.one_of(
        st.emails(),
        st.builds(
            "{}@{}".format, ODD, st.sampled_from(["gmail.com", "Mail.Example", "x.id", "a..b", "-a.id", "a.test"])
        ),
        st.builds("a@{}".format, ODD),
        ODD,
    )
)
def test_an_address_is_judged_as_the_library_does(entered: str) -> None:
    def by_library(text: str) -> str:
        return validate_email(text)[1]

    judged, expected = outcome(parse_email, entered), outcome(by_library, entered)
    assert judged == expected or (judged.startswith("refused") and expected.startswith("refused"))


@given(
    st.one_of(
        st.builds(
            "{}{}".format, st.sampled_from(["08", "+628", "628", "8", "+6218", "0", "+1"]), st.text("0159", max_size=14)
        ),
        st.text("+08( )-9", max_size=15),
    )
)
def test_a_number_is_judged_as_the_library_does(entered: str) -> None:
    def by_library(text: str) -> str:
        try:
            number = phonenumbers.parse(text, "ID")
        except phonenumbers.NumberParseException as error:
            raise ValueError from error
        if not phonenumbers.is_possible_number(number):
            raise ValueError
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    judged, expected = outcome(parse_phone, entered), outcome(by_library, entered)
    assert judged == expected or (judged.startswith("refused") and expected.startswith("refused"))


@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        ("sitti@Mail.Example", "sitti@mail.example"),
        ("Sitti.Aminah@gmail.com", "Sitti.Aminah@gmail.com"),
        ("siti@bücher.example", "siti@bücher.example"),
    ],
)
def test_an_address_keeps_its_name_and_loses_the_case_of_its_domain(entered: str, kept: str) -> None:
    assert parse_email(entered) == kept


@pytest.mark.parametrize("entered", ["081234567890", "+6281234567890", "0812-3456-7890", "62 812 3456 7890"])
def test_a_number_is_kept_as_e164(entered: str) -> None:
    assert parse_phone(entered) == "+6281234567890"
