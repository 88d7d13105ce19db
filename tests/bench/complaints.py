"""Complaints as residents send them: all over the province, of many kinds, with a point and a person."""

from itertools import count
from typing import Any, Final

_KINDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("PUPR-{}", {"category": "road.damage", "answers": {"road_class": "regency"}}),
    ("PUPR-PERKIM", {"category": "road.damage", "answers": {"road_class": "provincial"}}),
    ("DLH-{}", {"category": "env.waste"}),
    ("PDAM-{}", {"category": "water.supply"}),
)
"""With the agency that the rules of routing give it to; {} is the regency."""
_PLACES: Final = (
    ("52.71", {"latitude": -8.5833, "longitude": 116.1167}),
    ("52.03", {"latitude": -8.6510, "longitude": 116.5380}),
    ("52.02", {"latitude": -8.7050, "longitude": 116.2700}),
    ("52.72", {"latitude": -8.4500, "longitude": 118.7270}),
    ("52.05", {"latitude": -8.5360, "longitude": 118.4630}),
    ("52.04", {"latitude": -8.4890, "longitude": 117.4200}),
)
"""With their regency."""
_TEXT: Final = (
    "Jalan di depan pasar rusak parah sejak hujan bulan lalu; lubangnya dalam dan setiap pagi ada pengendara yang "
    "jatuh. Kami sudah lapor ke kepala dusun, tetapi belum ada yang datang melihat. Mohon segera ditambal."
)
_numbers = count()


def next_complaint(*, mail: bool) -> dict[str, Any]:
    """The body of another POST; with mail its reporter has an address that no other complaint has."""
    return draw_complaint(mail=mail)[0]


def draw_complaint(*, mail: bool) -> tuple[dict[str, Any], str]:
    """As `next_complaint`, with the agency that gets it."""
    number = next(_numbers)
    agency, kind = _KINDS[number % len(_KINDS)]
    regency, place = _PLACES[number % len(_PLACES)]
    reporter = {"name": "Sitti Aminah", "email": f"sitti{number}@mail.example", "phone": "+6281234567890"}
    body = {
        **kind,
        "text": _TEXT,
        "location": {**place, "address": "Depan pasar, sebelah timur jembatan"},
        **({"reporter": reporter} if mail else {"anonymous": True}),
    }
    return body, agency.format(regency)
