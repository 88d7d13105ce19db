"""Complaints as residents send them: all over the province, of many kinds, with a point and a person."""

from itertools import count
from typing import Any, Final

_KINDS: Final[tuple[dict[str, Any], ...]] = (
    {"category": "road.damage", "answers": {"road_class": "regency"}},
    {"category": "road.damage", "answers": {"road_class": "provincial"}},
    {"category": "env.waste"},
    {"category": "water.supply"},
)
_PLACES: Final = (
    {"latitude": -8.5833, "longitude": 116.1167},
    {"latitude": -8.6510, "longitude": 116.5380},
    {"latitude": -8.7050, "longitude": 116.2700},
    {"latitude": -8.4500, "longitude": 118.7270},
    {"latitude": -8.5360, "longitude": 118.4630},
    {"latitude": -8.4890, "longitude": 117.4200},
)
_TEXT: Final = (
    "Jalan di depan pasar rusak parah sejak hujan bulan lalu; lubangnya dalam dan setiap pagi ada pengendara yang "
    "jatuh. Kami sudah lapor ke kepala dusun, tetapi belum ada yang datang melihat. Mohon segera ditambal."
)
_numbers = count()


def next_complaint(*, mail: bool) -> dict[str, Any]:
    """The body of another POST; with mail its reporter has an address that no other complaint has."""
    number = next(_numbers)
    reporter = {"name": "Sitti Aminah", "email": f"sitti{number}@mail.example", "phone": "+6281234567890"}
    return {
        **_KINDS[number % len(_KINDS)],
        "text": _TEXT,
        "location": {**_PLACES[number % len(_PLACES)], "address": "Depan pasar, sebelah timur jembatan"},
        **({"reporter": reporter} if mail else {"anonymous": True}),
    }
