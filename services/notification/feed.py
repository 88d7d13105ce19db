"""Atom feeds (RFC 4287) of what happened to cases."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from xml.etree import ElementTree as ET

from services.notification.domain.following import PublicEvent, Target
from services.notification.pages.saying import Teller
from shared.ids import named_id

MEDIA_TYPE: Final = "application/atom+xml"
_ATOM: Final = "http://www.w3.org/2005/Atom"
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def updated_at(events: Sequence[PublicEvent]) -> datetime:
    """When anything in the feed changed last."""
    return max((event.at for event in events), default=_NEVER).astimezone(UTC).replace(microsecond=0)


def to_atom(target: Target, events: Sequence[PublicEvent], teller: Teller, *, self_url: str, case_url: str) -> bytes:
    """The whole feed; `case_url` has `{ticket}`. The same events give the same bytes."""
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": teller.language})
    _add(feed, "id", _urn(named_id("feed", target)))
    _add(feed, "title", teller.words["feed_title"].format(teller.target(target)))
    _add(feed, "updated", _moment(updated_at(events)))
    _add(feed, "link", rel="self", type=MEDIA_TYPE, href=self_url)
    _add(_add(feed, "author"), "name", teller.words["site"])
    for event in events:
        _add_entry(feed, event, teller, case_url.format(ticket=event.ticket))
    return ET.tostring(feed, "utf-8", xml_declaration=True)


def _add_entry(feed: ET.Element, event: PublicEvent, teller: Teller, url: str) -> None:
    entry = _add(feed, "entry")
    _add(entry, "id", _urn(event.id))
    _add(entry, "title", teller.headline(event))
    _add(entry, "updated", _moment(event.at))
    _add(entry, "published", _moment(event.at))
    _add(entry, "link", rel="alternate", href=url)
    _add(entry, "category", term=event.category, label=teller.category(event.category))
    _add(entry, "summary", teller.summary(event))


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    clean = {name: _NOT_IN_XML.sub("", value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, clean)
    element.text = None if text is None else _NOT_IN_XML.sub("", text)
    return element


def _urn(identity: UUID) -> str:
    return f"urn:uuid:{identity}"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
