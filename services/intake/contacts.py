"""How to reach a reporter: addresses and numbers as they were typed, in the form that is stored.

The libraries decide; the patterns only spare them what is surely good, and nearly everything is.
"""

import re
from functools import lru_cache
from typing import Annotated, Final

import phonenumbers
from pydantic import AfterValidator, StringConstraints, WithJsonSchema
from pydantic.networks import validate_email

_PLAIN_EMAIL: Final = re.compile(r"([A-Za-z0-9_+-]{1,30}(?:\.[A-Za-z0-9_+-]{1,30})?)@([A-Za-z0-9.-]{4,60})")
_PLAIN_MOBILE: Final = re.compile(r"(?:\+62|0)(8[0-9]{8,10})")


def parse_email(entered: str) -> str:
    """The address with its domain in lower case; raises ValueError."""
    plain = _PLAIN_EMAIL.fullmatch(entered)
    if plain is None:
        return validate_email(entered)[1]
    return f"{plain[1]}@{_domain(plain[2])}"


def parse_phone(entered: str) -> str:
    """E.164; a number without a country is Indonesian. Raises ValueError."""
    plain = _PLAIN_MOBILE.fullmatch(entered)
    if plain is not None:
        return f"+62{plain[1]}"
    try:
        number = phonenumbers.parse(entered, "ID")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        msg = "is not a phone number, such as +6281234567890"
        raise ValueError(msg)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(10_000)
def _domain(entered: str) -> str:
    return validate_email(f"a@{entered}")[1].partition("@")[2]


Email = Annotated[str, AfterValidator(parse_email), WithJsonSchema({"type": "string", "format": "email"})]
Phone = Annotated[str, StringConstraints(max_length=30), AfterValidator(parse_phone)]
