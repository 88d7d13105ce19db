"""Open311's words for what intake knows and takes: categories as services, forms as complaints. Pure.

`docs/open311.md` says the same to those who write clients.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from services.intake.domain.faults import Fault
from shared.directory import Directory
from shared.events.directory import Category, Question
from shared.events.event import Language

Form = Mapping[str, Sequence[str]]
"""What was sent, by name; without empty values."""
Said = tuple[str, str]
"""In Indonesian and in English."""

CHANNEL: Final = "open311"
MOST_FIELDS: Final = 100
_LONGEST_DESCRIPTION: Final = 4_000
"""As the specification says."""
_MOST_LINKS, _LONGEST_LINK = 3, 300
_MANY: Final = ("media_url",)
"""Fields that may come several times."""
_FIELDS: Final = {
    "category": "service_code",
    "text": "description",
    "location": "lat, long",
    "location.latitude": "lat",
    "location.longitude": "long",
    "location.region": "address_id",
    "location.address": "address_string",
    "reporter.name": "first_name, last_name",
    "reporter.email": "email",
    "reporter.phone": "phone",
    "idempotency-key": "Idempotency-Key",
}
"""What Open311 calls intake's own fields."""
_LINK: Final = "Tautan dari pengirim: {}"
_CONFIDENTIAL: Final[Said] = (
    "Isi aduan dirahasiakan dan tidak tampil di Open311.",
    "Its content is confidential and does not appear in Open311.",
)
_ANONYMOUS: Final[Said] = ("Identitas pelapor disembunyikan.", "The reporter's identity is hidden.")
_EMERGENCY: Final[Said] = ("Bila ada bahaya, hubungi dahulu {}.", "Where there is danger, call {} first.")
_CHOICE: Final[Said] = ("Pilih satu.", "Choose one.")
_NOTICE: Final[Said] = (
    "Kode pelacakan: {}. Simpanlah: dengan nomor aduan dan kode ini pelapor mengikuti, menjawab, dan menyanggah.",
    "Tracking code: {}. Keep it: with the ticket and this code the reporter follows, answers and disputes.",
)


def to_services(categories: Iterable[Category], language: Language) -> list[dict[str, Any]]:
    return [
        {
            "service_code": category.id,
            "service_name": category.name.in_language(language),
            "description": _description(category, language),
            "metadata": bool(category.questions),
            "type": "realtime",
            "keywords": ", ".join(category.keywords),
            "group": category.id.partition(".")[0],
        }
        for category in categories
    ]


def to_definition(category: Category, language: Language) -> dict[str, Any]:
    """Its questions, none of which must be answered."""
    attributes = [_attribute(order, asked, language) for order, asked in enumerate(category.questions, 1)]
    return {"service_code": category.id, "attributes": attributes}


def changeset(directory: Directory, today: date) -> str:
    """Sorts after what it was before categories changed, or one began or ended: the same in every replica."""
    categories = directory.categories.values()
    edges = {edge for known in categories for edge in (known.valid_from, known.valid_before) if edge and edge <= today}
    revisions = (number for key, number in directory.revisions.items() if key.startswith("category:"))
    return f"{sum(revisions):08d} {max(edges, default='')}".rstrip()


def to_notice(code: str, category: Category | None, language: Language) -> str:
    """What the reporter is told at once: above all the tracking code, which is told only here."""
    told = [_say(_NOTICE, language).format(code)]
    if category is not None and category.confidential:
        told.append(_say(_CONFIDENTIAL, language))
    return " ".join(told)


def read_form(content: bytes) -> Form:
    """Raises ValueError for what is no form in UTF-8, or holds too many fields."""
    pairs = parse_qsl(content.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    form = dict[str, list[str]]()
    for name, value in pairs:
        if value.strip():
            values = form.setdefault(name.removesuffix("[]"), [])
            if value.strip() not in values:
                values.append(value.strip())
    return form


def find_form_faults(form: Form) -> list[Fault]:
    """What must be there and is not, or may not be there so."""
    return [*_missing(form), *_repeated(form), *_link_faults(form.get("media_url", ()))]


def to_body(form: Form, language: Language) -> dict[str, Any]:
    """The body of a complaint, as `POST /v1/complaints` takes it; of a form without faults. `language`: the reporter's.

    Who gives no name is anonymous.
    """
    one = {name: values[0] for name, values in form.items()}
    name = " ".join(one[part] for part in ("first_name", "last_name") if part in one)
    links = [_LINK.format(link) for link in form.get("media_url", ())]
    return {
        "category": one["service_code"],
        "text": "\n".join([one["description"], *links]),
        "location": _named(one, latitude="lat", longitude="long", region="address_id", address="address_string"),
        "answers": {code: value for field, value in one.items() if (code := _attribute_code(field)) is not None},
        "reporter": {"name": name or None, "language": language} | _named(one, email="email", phone="phone"),
        "anonymous": not name,
        "channel": CHANNEL,
    }


def in_their_words(faults: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Faults of a problem by the names that the sender knows."""
    return [{**fault, "field": _their_name(fault["field"])} for fault in faults]


def _missing(form: Form) -> Iterator[Fault]:
    for field in ("service_code", "description"):
        if field not in form:
            yield field, "was not provided"
    for field, other in (("lat", "long"), ("long", "lat")):
        if field in form and other not in form:
            yield other, f"was not provided, but {field} was"
    if form.keys().isdisjoint({"lat", "long", "address_string", "address_id"}):
        yield "location", "give lat and long, address_string or address_id"


def _repeated(form: Form) -> Iterator[Fault]:
    for field, values in form.items():
        if len(values) > 1 and field not in _MANY:
            yield field, "takes one value"
    if len(form.get("description", [""])[0]) > _LONGEST_DESCRIPTION:
        yield "description", f"may have {_LONGEST_DESCRIPTION} characters"


def _link_faults(links: Sequence[str]) -> Iterator[Fault]:
    if len(links) > _MOST_LINKS:
        yield "media_url", f"may come {_MOST_LINKS} times"
    if not all(map(_is_link, links)):
        yield "media_url", f"must be an http or https address of at most {_LONGEST_LINK} characters"


def _is_link(entered: str) -> bool:
    try:
        parts = urlsplit(entered)
    except ValueError:
        return False
    plain = entered.isprintable() and " " not in entered and len(entered) <= _LONGEST_LINK
    return plain and parts.scheme in {"http", "https"} and bool(parts.netloc)


def _named(one: Mapping[str, str], **theirs: str) -> dict[str, str]:
    return {ours: one[their] for ours, their in theirs.items() if their in one}


def _attribute_code(field: str) -> str | None:
    """`road_class` of `attribute[road_class]`."""
    return field[len("attribute[") : -1] if field.startswith("attribute[") and field.endswith("]") else None


def _their_name(field: str) -> str:
    kind, _, rest = field.partition(".")
    if kind == "answers" and rest:
        return f"attribute[{rest.removesuffix('.[key]')}]"
    return _FIELDS.get(field, field)


def _attribute(order: int, asked: Question, language: Language) -> dict[str, Any]:
    return {
        "variable": True,
        "code": asked.code,
        "datatype": "singlevaluelist",
        "required": False,
        "datatype_description": _say(_CHOICE, language),
        "order": order,
        "description": asked.text.in_language(language),
        "values": [{"key": option.code, "name": option.label.in_language(language)} for option in asked.options],
    }


def _description(category: Category, language: Language) -> str:
    told = [f"{category.name.in_language(language)}."]
    told += [_say(_CONFIDENTIAL, language)] if category.confidential else []
    told += [_say(_ANONYMOUS, language)] if category.anonymous else []
    told += [_say(_EMERGENCY, language).format(", ".join(category.emergency))] if category.emergency else []
    return " ".join(told)


def _say(said: Said, language: Language) -> str:
    return said[language is Language.ENGLISH]
