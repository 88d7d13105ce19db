"""How to reach a reporter, and how they like it: as it was typed, in the form that is stored.

The libraries decide; the patterns only spare them what is surely good, and nearly everything is.
"""

import re
from functools import lru_cache
from typing import Annotated, Final, Literal

import phonenumbers
from pydantic import AfterValidator, StringConstraints, ValidationInfo, WithJsonSchema
from pydantic.networks import validate_email

from shared.events.notices import Channel

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


def check_preferred(prefers: Channel | None, info: ValidationInfo) -> Channel | None:
    """Raises ValueError where there is no address for it. `email` and `phone` must stand before the field."""
    needed = "email" if prefers is Channel.EMAIL else "phone"
    # An address that is itself wrong is told of at its own field.
    if prefers is not None and info.data.get(needed, "wrong") is None:
        msg = f"{prefers} needs {needed}"
        raise ValueError(msg)
    return prefers


@lru_cache(10_000)
def _domain(entered: str) -> str:
    return validate_email(f"a@{entered}")[1].partition("@")[2]


Email = Annotated[str, AfterValidator(parse_email), WithJsonSchema({"type": "string", "format": "email"})]
Phone = Annotated[str, StringConstraints(max_length=30), AfterValidator(parse_phone)]
Prefers = Annotated[Literal[Channel.EMAIL, Channel.WHATSAPP, Channel.SMS] | None, AfterValidator(check_preferred)]
