"""From a row to the body of `POST /v1/complaints`. `docs/import.md` tells of each column."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.bulk.files import LINE, REASON
from deploy.bulk.moments import read_moment

Fault = tuple[str, str]
"""A column, and what is wrong with it."""

_ALSO: Final[Mapping[str, str]] = {
    "nomor": "id",
    "no": "id",
    "kategori": "category",
    "isi": "text",
    "aduan": "text",
    "uraian": "text",
    "wilayah": "region",
    "kode_wilayah": "region",
    "desa": "region",
    "lintang": "latitude",
    "bujur": "longitude",
    "alamat": "address",
    "lokasi": "address",
    "nama": "name",
    "surel": "email",
    "telepon": "phone",
    "hp": "phone",
    "no_hp": "phone",
    "bahasa": "language",
    "anonim": "anonymous",
    "rahasia": "confidential",
    "tanggal": "received_at",
    "tanggal_diterima": "received_at",
    "tanggal_kejadian": "occurred_at",
    "saluran": "channel",
    "kanal": "channel",
    "sumber": "source",
    "tentang": "about",
    "diajukan_oleh": "proxy_kind",
    "kuasa": "proxy_mandate",
    "nama_pihak": "subject_name",
    "email_pihak": "subject_email",
    "telepon_pihak": "subject_phone",
}
_PLACE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    **{name: (name,) for name in ("category", "text", "about", "channel", "source", "anonymous", "confidential")},
    **{name: (name,) for name in ("occurred_at", "received_at")},
    **{name: ("location", name) for name in ("region", "latitude", "longitude", "address")},
    **{name: ("reporter", name) for name in ("name", "email", "phone", "language")},
    **{f"proxy_{name}": ("proxy", name) for name in ("kind", "mandate")},
    **{f"subject_{name}": ("proxy", "subject", name) for name in ("name", "email", "phone")},
}
_ANSWER: Final = "answer."
_PASSED_OVER: Final = frozenset({LINE, REASON, "photo", "photos", "foto"})
"""Photos can't be imported."""
_YES: Final = frozenset({"ya", "y", "yes", "true", "1", "x", "benar"})
_NO: Final = frozenset({"tidak", "t", "n", "no", "false", "0", "salah"})


@dataclass(frozen=True)
class Names:
    """Codes by what people call them, from `GET /v1/complaints/options`."""

    categories: Mapping[str, str] = field(default_factory=dict[str, str])
    regions: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Names":
        categories: dict[str, str] = {}
        for one in options["categories"]:
            categories |= {said.casefold(): one["id"] for said in (one["id"], *one["name"].values())}
        regions: dict[str, list[str]] = {}
        for one in options["regions"]:
            for said in {one["id"], *_said_of(one["name"].casefold())}:
                regions.setdefault(said, []).append(one["id"])
        return cls(categories, regions)


def _said_of(name: str) -> set[str]:
    """`kabupaten lombok timur` is also `kab. lombok timur` and `lombok timur`."""
    kind, _, bare = name.partition(" ")
    if kind not in {"kabupaten", "kota"}:
        return {name}
    return {name, bare, f"kab. {bare}", f"kab {bare}"} if kind == "kabupaten" else {name, bare}


@dataclass(frozen=True)
class Read:
    """What a row says. With faults the body is of no use."""

    key: str
    """Its `id`; empty where it has none."""
    body: Mapping[str, Any]
    faults: Sequence[Fault]


def unknown_columns(columns: Sequence[str]) -> list[str]:
    return [one for one in columns if one and canonical(one) is None and _usual(one) not in _PASSED_OVER]


def canonical(column: str) -> str | None:
    """Its name in English; None: it is none that means anything here."""
    name = _usual(column)
    name = _ALSO.get(name, name)
    return name if name == "id" or name in _PLACE_OF or name.startswith(_ANSWER) else None


def read_row(values: Mapping[str, Any], names: Names, channel: str) -> Read:
    """`channel`: of rows that say none."""
    key, body, faults = "", dict[str, Any](), list[Fault]()
    for column, entered in values.items():
        name = canonical(column)
        text = "" if entered is None else str(entered).strip()
        if name is None or not text:
            continue
        if name == "id":
            key = text
            continue
        try:
            _put(body, name, _READ_AS.get(name, _as_it_is)(text, names))
        except ValueError as error:
            faults.append((column, str(error)))
    body.setdefault("channel", channel)
    return Read(key, body, [*faults, *_missing(body, faults)])


def column_of(told: str, columns: Sequence[str]) -> str:
    """The column that a field of the answer is about, as the file names it."""
    fields = {".".join(place): name for name, place in _PLACE_OF.items()}
    name = fields.get(told) or (_ANSWER + told.removeprefix("answers.") if told.startswith("answers.") else told)
    return next((column for column in columns if canonical(column) == name), name)


def _usual(column: str) -> str:
    return column.strip().casefold().replace(" ", "_").replace("-", "_")


def _put(body: dict[str, Any], name: str, value: Any) -> None:
    place = ("answers", name.removeprefix(_ANSWER)) if name.startswith(_ANSWER) else _PLACE_OF[name]
    *above, last = place
    for part in above:
        body = body.setdefault(part, {})
    body[last] = value


def _missing(body: Mapping[str, Any], faults: Sequence[Fault]) -> Iterator[Fault]:
    """What no server needs to be asked for."""
    wrong = {canonical(column) for column, _ in faults}
    for name in ("category", "text"):
        if name not in body and name not in wrong:
            yield name, "is missing"
    if "location" not in body and not wrong & {"region", "latitude", "longitude", "address"}:
        yield "region", "is missing, and so are a point and an address"


def _as_it_is(text: str, _: Names) -> str:
    return text


def _number(text: str, _: Names) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        msg = "is no number"
        raise ValueError(msg) from None


def _switch(text: str, _: Names) -> bool:
    said = text.casefold()
    if said in _YES | _NO:
        return said in _YES
    msg = "is neither ya nor tidak"
    raise ValueError(msg)


def _moment(text: str, _: Names) -> str:
    return read_moment(text).isoformat()


def _category(text: str, names: Names) -> str:
    return names.categories.get(text.casefold(), text)


def _region(text: str, names: Names) -> str:
    found = names.regions.get(text.casefold(), [])
    if len(found) > 1:
        msg = f"names several places: {', '.join(sorted(found))}"
        raise ValueError(msg)
    if not found and not text[:1].isdigit():
        msg = "is no region of Nusa Tenggara Barat"
        raise ValueError(msg)
    return found[0] if found else text


_READ_AS: Final[Mapping[str, Callable[[str, Names], Any]]] = {
    "category": _category,
    "region": _region,
    "latitude": _number,
    "longitude": _number,
    "anonymous": _switch,
    "confidential": _switch,
    "occurred_at": _moment,
    "received_at": _moment,
}
