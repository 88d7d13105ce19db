"""What is done to a good record. Seeded: the same number gives the same record again."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from shared.topics import EVENT_TOPICS, Topic
from tests.hostile.corpus import KINDS, Wire, a_good, a_ticket

Mutation = Callable[[random.Random, Wire], Wire]

_TIMES: Final = (
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-11-24T08:00:00", "1970-01-01T00:00:00Z"),
    *("2099-12-31T23:59:59Z", "1990-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "0", -1, 2**63, 1e300),
)
_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1.5, 2**31, 2**63, -(2**63), 10**400, float("nan"), float("inf"), "", " ", "x", "0"),
    *("\x00", "\ud800", "\u202e", "NTB-C833-HX1X-7X7V-TN", "ntb-c833-hx1x-7x7v-tm", "52.99.99", "PUPR-99.99", "\n"),
    *(
        "road.damage\n",
        "../../etc/passwd",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "$where",
        "a.b",
        [],
        {},
        [[]],
        {"": ""},
    ),
    *({"$gt": ""}, ["x"] * 50, "a@b\r\nBcc: c@d.example", "-99.99,999.99", "s-1", "f-999", "\U0001f525" * 300),
)
_TOPIC_WEIGHTS: Final = [{"complaints": 6, "cases": 6, "personal": 4}.get(topic.name, 2) for topic in EVENT_TOPICS]
_LONG: Final = 1_000_000
_DEEP: Final = 2_000


def mutated(number: int, seed: int) -> Wire:
    """The record of this number. Each has a ticket that some others share, so that they meet in a document."""
    rng = random.Random(f"{seed}/{number}")
    ticket = a_ticket(number // 40, seed)
    topic: Topic = rng.choices(EVENT_TOPICS, _TOPIC_WEIGHTS)[0]
    wire = a_good(rng.choice(list(topic.types)), ticket, rng.randrange(1_000))
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        wire = rng.choices(MUTATIONS, WEIGHTS)[0](rng, wire)
    return wire


def _bytes_flipped(rng: random.Random, wire: Wire) -> Wire:
    value = bytearray(wire.value or b"{}")
    for _ in range(rng.randint(1, 8)):
        value[rng.randrange(len(value))] = rng.randrange(256)
    return replace(wire, value=bytes(value))


def _bytes_cut(rng: random.Random, wire: Wire) -> Wire:
    value = wire.value or b""
    begin = rng.choice((0, 0, rng.randint(0, len(value))))
    return replace(wire, value=value[begin : rng.randint(begin, len(value))])


def _bytes_added(rng: random.Random, wire: Wire) -> Wire:
    value = wire.value or b""
    more = rng.choice((value, b"\xff\xfe", b"\x00", b"\xef\xbb\xbf", b" ", b"]}", b"\xc3("))
    return replace(wire, value=rng.choice((value + more, more + value, value[:20] + more + value[20:])))


def _value_changed(rng: random.Random, wire: Wire) -> Wire:
    return _at_a_place(rng, wire, lambda _: rng.choice(_VALUES))


def _time_changed(rng: random.Random, wire: Wire) -> Wire:
    return _at_a_place(rng, wire, lambda _: rng.choice(_TIMES), only=("_at", "_from", "_before", "since", "until"))


def _number_changed(rng: random.Random, wire: Wire) -> Wire:
    numbers = (0, -1, 1, 2, 2**31, 2**32, 2**63 - 1, 2**63, 10**30, 1.0, "1", None)
    places = ("sequence", "revision", "position", "photos", "attempts", "rating", "step", "year", "days", "returns")
    return _at_a_place(rng, wire, lambda _: rng.choice(numbers), only=places)


def _name_changed(rng: random.Random, wire: Wire) -> Wire:
    """References to nothing, to itself and round in circles; parts of its own parent."""
    own = (wire.key or b"").partition(b":")[0].decode(errors="replace")
    others = (
        own,
        a_ticket(rng.randrange(50)),
        f"{own}.1",
        f"{own}.99",
        "NTB-0000-0000-0000-00",
        "nobody",
        "PUPR-52.03",
    )
    places = ("linked_to", "case_id", "ticket", "part", "words", "agency", "parent", "successor", "redirect", "parts")
    return _at_a_place(
        rng, wire, lambda old: [rng.choice(others)] if isinstance(old, list) else rng.choice(others), places
    )


def _value_wrapped(rng: random.Random, wire: Wire) -> Wire:
    return _at_a_place(rng, wire, lambda old: rng.choice(([old], {"value": old}, [old, old])))


def _field_removed(rng: random.Random, wire: Wire) -> Wire:
    body = _body(wire)
    if not isinstance(body, dict) or not body:
        return wire
    place: Any = rng.choice(_places(body))
    _parent(body, place[:-1]).pop(place[-1])
    return wire.with_body(body)


def _field_added(rng: random.Random, wire: Wire) -> Wire:
    body = _body(wire)
    name = rng.choice(("new", "$set", "a.b", "", "_id", "__proto__", "\x00", "ticket ", "type"))
    return wire.with_body(body | {name: rng.choice(_VALUES)}) if isinstance(body, dict) else wire


def _field_doubled(rng: random.Random, wire: Wire) -> Wire:
    value = wire.value or b"{}"
    name = rng.choice((b'"ticket":"x"', b'"type":null', b'"event_id":1', b'"case":{}'))
    return replace(
        wire, value=rng.choice((value.replace(b"{", b"{" + name + b",", 1), value[:-1] + b"," + name + b"}"))
    )


def _nested(rng: random.Random, wire: Wire) -> Wire:
    value = wire.value or b"1"
    opened, closed = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    if rng.random() < 0.5:
        return replace(wire, value=opened * _DEEP + value + closed * _DEEP)
    name = rng.choice((b'"case":', b'"answers":', b'"entry":', b'"new":'))
    return replace(wire, value=b"{" + name + opened * _DEEP + b"1" + closed * _DEEP + b"," + value[1:])


def _long(rng: random.Random, wire: Wire) -> Wire:
    long = rng.choice(("a", "kata ", "\u00e9", "\x00"))
    return _at_a_place(rng, wire, lambda _: (long * _LONG)[: _LONG // len(json.dumps(long))])


def _not_an_object(rng: random.Random, wire: Wire) -> Wire:
    return replace(wire, value=rng.choice((b"null", b"[]", b"1", b'"x"', b"", b"true", b"NaN", b"{}")))


def _header_removed(rng: random.Random, wire: Wire) -> Wire:
    gone = rng.choice(wire.headers)[0] if wire.headers else ""
    return replace(wire, headers=tuple(one for one in wire.headers if one[0] != gone))


def _header_doubled(rng: random.Random, wire: Wire) -> Wire:
    if not wire.headers:
        return wire
    name, value = rng.choice(wire.headers)
    return replace(wire, headers=(*wire.headers, (name, rng.choice((value, b"", None, b"\xff", b"x" * 5_000)))))


def _header_changed(rng: random.Random, wire: Wire) -> Wire:
    bad: tuple[tuple[str, bytes | None], ...] = (
        *(("ce_type", rng.choice(KINDS).encode()), ("ce_type", b"case.exploded.v1"), ("ce_type", b"case.opened.v2")),
        *(("ce_type", None), ("ce_type", b""), ("ce_type", b"\xff\xfe"), ("ce_type", b"erased.v1")),
        *(("ce_type", b"consumers.resume.v1"), ("ce_id", None), ("ce_source", b"\xff"), ("ce_time", b"9999-99-99")),
        *(
            ("content-type", b"text/xml"),
            ("traceparent", b"x" * 10_000),
            ("traceparent", None),
            ("traceparent", b"00-\n"),
        ),
        *(("dead_letter_id", b"x"), ("dead_letter_topic", b"nowhere"), ("dead_letter_reference", b"1"), ("", b"")),
    )
    name, value = rng.choice(bad)
    return replace(wire, headers=(*(one for one in wire.headers if one[0] != name), (name, value)))


def _many_headers(rng: random.Random, wire: Wire) -> Wire:
    return replace(wire, headers=(*wire.headers, *((f"h{number}", b"x") for number in range(rng.randint(1, 300)))))


def _key_changed(rng: random.Random, wire: Wire) -> Wire:
    key = wire.key or b"x"
    other = a_ticket(rng.randrange(50)).encode()
    ticket, _, part = key.partition(b":")
    changed = (None, b"", b"\xff\xfe", other, ticket, other + b":" + part, key.lower(), b" " + key, key + b"\x00")
    return replace(wire, key=rng.choice((*changed, ticket + b":", ticket + b":$set", ticket + b":a.b", b"k" * 10_000)))


def _tombstone(_: random.Random, wire: Wire) -> Wire:
    return replace(wire, value=None)


def _other_topic(rng: random.Random, wire: Wire) -> Wire:
    topic: Topic = rng.choice(EVENT_TOPICS)
    return replace(wire, topic=topic)


def _as_it_is(_: random.Random, wire: Wire) -> Wire:
    return wire


_WEIGHED: Final[dict[Mutation, int]] = {
    _as_it_is: 8,
    _bytes_flipped: 8,
    _bytes_cut: 5,
    _bytes_added: 4,
    _value_changed: 20,
    _time_changed: 10,
    _number_changed: 10,
    _name_changed: 10,
    _value_wrapped: 5,
    _field_removed: 8,
    _field_added: 6,
    _field_doubled: 4,
    _nested: 1,
    _not_an_object: 3,
    _header_removed: 4,
    _header_doubled: 4,
    _header_changed: 10,
    _many_headers: 1,
    _key_changed: 8,
    _tombstone: 4,
    _other_topic: 5,
}
MUTATIONS: Final = (*_WEIGHED, _long)
WEIGHTS: Final = (*_WEIGHED.values(), 0.05)


def _at_a_place(
    rng: random.Random, wire: Wire, change: Callable[[Any], Any], only: tuple[str, ...] | None = None
) -> Wire:
    """Change the value at one place of the body; `only`: whose name ends so, where there is one."""
    body = _body(wire)
    if not isinstance(body, dict) or not body:
        return wire
    places = _places(body)
    meant = [place for place in places if only and str(place[-1]).endswith(only)]
    place: Any = rng.choice(meant or places)
    parent = _parent(body, place[:-1])
    parent[place[-1]] = change(parent[place[-1]])
    return wire.with_body(body)


def _body(wire: Wire) -> Any:
    """None where an earlier mutation left nothing that can be read."""
    try:
        return json.loads(wire.value or b"null")
    except (ValueError, RecursionError):
        return None


def _places(told: Any, begin: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found: list[tuple[str | int, ...]] = [begin] if begin else []
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for name, value in inner:
        found += _places(value, (*begin, name))
    return found


def _parent(body: Any, place: tuple[str | int, ...]) -> Any:
    for name in place:
        body = body[name]
    return body
