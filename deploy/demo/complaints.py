"""The 278 complaints of January to the first week of October 2021, made up again.

Only two totals of 2021 are known: 278 received, 185 followed up. Everything else is spread or invented:

- Regions: by population, with the largest remainder. A village stands for each of the 117 districts; `villages.json`
  has a point well inside its polygon (`services/intake/data`) and its name (`services/routing/data/regions.json`).
- Categories: by what is known of May 2019 (71 complaints) and October 2019 (47), taken together as 118. May counts
  environment 13, infrastructure 13, traffic 5, mining 4 and quake-safe houses 4. Of October only that clean water
  dominates is known, read here as the smallest majority, 24. The other 55 (32 of May, 23 of October) are not broken
  down: they go evenly to all other categories. The 118 are scaled to 278 with the largest remainder, first the groups,
  then the categories inside a group by weights that are ours.
- Who, when, where exactly, what was written and which ones were followed up: invented. A complaint that no rule can
  route is never among those followed up.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from typing import Any, Final, TypeVar
from uuid import UUID

from shared.ids import named_id
from shared.wita import WITA

RECEIVED: Final = 278
FOLLOWED_UP: Final = 185

POPULATION: Final = {
    "52.03": 146,
    "52.02": 113,
    "52.01": 76,
    "52.06": 54,
    "52.04": 53,
    "52.71": 46,
    "52.05": 28,
    "52.08": 27,
    "52.72": 17,
    "52.07": 16,
}
"""Of each regency and city, in ten thousands."""

IN_2019: Final = {
    "environment": 13,
    "infrastructure": 13,
    "traffic": 5,
    "mining": 4,
    "quake": 4,
    "water": 24,
    "rest": 55,
}
"""Complaints of May and October 2019 by group."""

WEIGHTS: Final[Mapping[str, Mapping[str, int]]] = {
    "environment": {"env.waste": 5, "env.pollution": 3, "env.logging": 2, "env.tree": 3},
    "infrastructure": {"road.damage": 6, "road.bridge": 2, "road.light": 2, "road.drain": 2, "infra.irrigation": 1},
    "traffic": {"traffic.jam": 3, "traffic.light": 1, "traffic.overload": 1},
    "mining": {"env.mining": 1},
    "quake": {"disaster.quake_house": 1},
    "water": {"water.supply": 1, "water.drought": 2},
    "rest": dict.fromkeys(
        (
            *("tourism.site", "power.outage", "disaster.flood", "edu.school", "health.service", "health.insurance"),
            *("health.nutrition", "social.aid", "social.violence", "civil.registry", "econ.lpg", "econ.coop"),
            *("econ.livestock", "econ.permit", "labour.wage", "labour.migrant", "village.fund", "integrity.levy"),
            *("integrity.whistle", "order.public", "net.blankspot", "suggestion", "information", "other"),
        ),
        1,
    ),
}

ANSWERS: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "road.damage": {"road_class": ("regency", "regency", "regency", "provincial", "provincial", "national", "unknown")},
    "road.bridge": {"road_class": ("regency", "regency", "provincial"), "passable": ("yes", "yes", "no")},
    "env.tree": {"state": ("leaning", "leaning", "branches", "falling")},
    "power.outage": {"line_down": ("no", "no", "yes")},
    "edu.school": {"school_level": ("sd", "sd", "smp", "sma", "smk")},
    "health.service": {"facility": ("province_hospital", "regency_hospital", "clinic", "clinic")},
}

CHANNELS: Final = (*("social_media",) * 6, "web", "web", "walk_in", "letter")
SENSITIVE: Final = frozenset({"social.violence", "village.fund", "integrity.levy", "integrity.whistle"})
ACCUSED: Final = ("DUKCAPIL", "DIKBUD", "DISHUB")
ROADS: Final = ("Jalan Kenanga", "Jalan Melati", "Jalan Cempaka", "Jalan Mawar", "Jalan Beringin", "Jalan Pasar Lama")

_YEAR: Final = (date(2021, 1, 1), date(2021, 10, 7))
_SEASONS: Final[Mapping[str, tuple[date, date]]] = {
    "water.drought": (date(2021, 7, 1), date(2021, 10, 7)),
    "disaster.flood": (date(2021, 1, 1), date(2021, 3, 31)),
}
_FRIDAY: Final = 4

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class DemoComplaint:
    """A complaint to submit."""

    body: dict[str, Any]
    """What `POST /v1/complaints` takes."""
    followed_up: bool
    key: UUID
    """The `Idempotency-Key`."""


def demo_complaints() -> list[DemoComplaint]:
    """All of them in the order of receipt; the same at each call, here and on any other machine."""
    bodies = sorted(_bodies(), key=lambda body: body["received_at"])
    chosen = sorted((n for n, body in enumerate(bodies) if _routable(body)), key=lambda n: named_id("demo", n))
    followed_up = frozenset(chosen[:FOLLOWED_UP])
    return [DemoComplaint(body, n in followed_up, named_id("demo", "key", n)) for n, body in enumerate(bodies)]


def category_counts() -> dict[str, int]:
    """How many complaints each category gets."""
    groups = largest_remainder(RECEIVED, IN_2019)
    return {code: n for group, total in groups.items() for code, n in largest_remainder(total, WEIGHTS[group]).items()}


def largest_remainder(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole shares that add up to `total`; of equal remainders the first named is served first."""
    whole = sum(weights.values())
    shares = {name: total * weight // whole for name, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda name: total * weights[name] % whole, reverse=True)
    for name in by_remainder[: total - sum(shares.values())]:
        shares[name] += 1
    return shares


def _bodies() -> Iterator[dict[str, Any]]:
    texts, villages = _read("texts.json"), _read("villages.json")
    categories = _one_by_one(category_counts())
    regencies = _one_by_one(largest_remainder(RECEIVED, POPULATION))
    shuffled = [regencies[n] for n in sorted(range(RECEIVED), key=lambda n: named_id("demo", "regency", n))]
    for number, (category, regency) in enumerate(zip(categories, shuffled, strict=True), 1):
        nearby = [village for village in villages if village["code"].startswith(regency)]
        village = _draw(nearby, number, "village")
        received_at = _received_at(category, number)
        yield {
            "category": category,
            "text": _text(texts, category, village, number),
            "location": _location(village, number),
            "answers": {name: _draw(options, number, name) for name, options in ANSWERS.get(category, {}).items()},
            **_about(category, regency, number),
            **_reporter(category, number),
            "confidential": category in SENSITIVE or _draw(range(20), number, "confidential") == 0,
            "occurred_at": (received_at - timedelta(hours=_draw(range(1, 73), number, "hours"))).isoformat(),
            "channel": _draw(CHANNELS, number, "channel"),
            "received_at": received_at.isoformat(),
        }


def _text(texts: Mapping[str, Any], category: str, village: Mapping[str, Any], number: int) -> str:
    kind = "Kelurahan" if village["code"][9] == "1" else "Desa"
    body = _draw(texts["bodies"][category], number, "text").format(
        place=f"{kind} {village['name']}",
        road=_draw(ROADS, number, "road"),
        number=_draw(range(2, 15), number, "number"),
    )
    return _draw(texts["openings"], number, "opening") + body + _draw(texts["closings"], number, "closing")


def _location(village: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A point within 160 m of the one that stands for the village, or an address in it or only in the regency."""
    address = f"{_draw(ROADS, number, 'road')} No. {_draw(range(1, 90), number, 'house')}, {village['name']}"
    match _draw(("point", "point", "point", "village", "regency"), number, "location"):
        case "point":
            north, east = (_draw(range(-10, 11), number, way) / 10_000 for way in ("north", "east"))
            point = {"latitude": village["latitude"] + north, "longitude": village["longitude"] + east}
            return {"region": village["code"]} | {name: round(degrees, 4) for name, degrees in point.items()}
        case "village":
            return {"region": village["code"], "address": address}
        case _:
            return {"region": village["code"][:5], "address": address}


def _about(category: str, regency: str, number: int) -> dict[str, str]:
    if not category.startswith("integrity."):
        return {}
    return {"about": f"{_draw(ACCUSED, number, 'about')}-{regency}"}


def _reporter(category: str, number: int) -> dict[str, Any]:
    if category == "integrity.whistle" or _draw(range(10), number, "anonymous") == 0:
        return {"anonymous": True}
    contact = {"email": f"warga.{number:03}@contoh.example", "phone": f"+62812000{number:05}"}
    known = _draw((("email",), ("phone",), ("email", "phone")), number, "contact")
    return {
        "reporter": {"name": f"Warga Contoh {number:03}", **{name: contact[name] for name in known}, "language": "id"}
    }


def _received_at(category: str, number: int) -> datetime:
    """Four of five in the office hours of a weekday."""
    first, last = _SEASONS.get(category, _YEAR)
    day = first + timedelta(days=_draw(range((last - first).days + 1), number, "day"))
    hours = range(6, 22)
    if _draw(range(5), number, "office"):
        day -= timedelta(days=max(0, day.weekday() - _FRIDAY))
        hours = range(8, 16)
    return datetime.combine(day, time(_draw(hours, number, "hour"), _draw(range(60), number, "minute")), WITA)


def _routable(body: Mapping[str, Any]) -> bool:
    return body["category"] != "other" and "unknown" not in body["answers"].values()


def _one_by_one(counts: Mapping[str, int]) -> list[str]:
    return [name for name, count in counts.items() for _ in range(count)]


def _draw(options: Sequence[_Item], number: int, what: str) -> _Item:
    """As good as random, but always the same for a complaint's number."""
    return options[named_id("demo", what, number).int % len(options)]


def _read(name: str) -> Any:
    return json.loads(files("deploy.demo").joinpath(name).read_text(encoding="utf-8"))
