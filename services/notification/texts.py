"""From deliveries to what goes to a telephone: one SMS, or one paragraph on WhatsApp."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.notification.domain.contacts import Contact
from services.notification.domain.deliveries import Delivery
from services.notification.domain.gsm import septets, to_gsm
from services.notification.domain.judging import Ready
from services.notification.domain.rules import NEVER_STOPPED
from services.notification.forms import Forms, Saying
from services.notification.mime import one_line
from services.notification.outlets import TextMessage
from services.notification.sayings import Sayings, reference_of
from services.notification.settings import Settings
from shared.directory import Directory
from shared.events.event import Language
from shared.events.notices import Channel

SMS_SEPTETS: Final = 160
WHATSAPP_LETTERS: Final = 1_000
_CUT: Final = "..."


@dataclass(frozen=True, slots=True)
class _Room:
    """How much a channel takes, and what is shortened first where that is too little."""

    most: int
    measure: Callable[[str], int]
    names: Sequence[str]


def _sms_length(text: str) -> int:
    length = septets(text)
    return SMS_SEPTETS + len(text) if length is None else length


_ROOMS: Final = {
    Channel.SMS: _Room(
        SMS_SEPTETS, _sms_length, ("agency", "officer", "followed", "category", "region", "confirm", "link")
    ),
    Channel.WHATSAPP: _Room(
        WHATSAPP_LETTERS,
        len,
        ("words", "agency", "officer", "followed", "category", "region", "stop", "confirm", "link"),
    ),
}
_LINKS: Final = frozenset({"link", "confirm", "stop"})
"""Whole or not at all."""


class Texts:
    """Writes text messages."""

    def __init__(self, directory: Directory, settings: Settings, forms: Forms | None = None) -> None:
        self._forms = forms or Forms()
        self._sayings = Sayings(directory, settings, self._forms)
        self._home = settings.public_url

    def write(
        self, deliveries: Sequence[Delivery], contact: Contact, ready: Ready, links: Mapping[str, str], _: datetime
    ) -> TextMessage:
        """Several are told of by how many they are."""
        text = self.words(deliveries, contact, ready, links)
        return TextMessage(str(reference_of(deliveries)), ready.address, text, ready.language)

    def words(self, deliveries: Sequence[Delivery], contact: Contact, ready: Ready, links: Mapping[str, str]) -> str:
        text, room = self.whole(deliveries, contact, ready, links), _ROOMS[ready.channel]
        while room.measure(text) > room.most:
            text = text[:-1]
        if all(delivery.kind in NEVER_STOPPED for delivery in deliveries):
            return text
        with_way_out = f"{text} {self._forms.words(ready.language.value)['stop']}"
        return with_way_out if room.measure(with_way_out) <= room.most else text

    def whole(self, deliveries: Sequence[Delivery], contact: Contact, ready: Ready, links: Mapping[str, str]) -> str:
        """Its names as short as they must be, its links whole or left out: what is still too long would be cut off."""
        saying = self._saying(deliveries, contact, ready.language, links)
        as_sent = _in_gsm if ready.channel is Channel.SMS else one_line
        values = {name: as_sent(value) for name, value in saying.values.items()}
        return self._fitted(replace(saying, values=values), ready.channel)

    def _saying(
        self, deliveries: Sequence[Delivery], contact: Contact, language: Language, links: Mapping[str, str]
    ) -> Saying:
        if len(deliveries) == 1:
            return self._sayings.of(deliveries[0], contact, language, links)
        values = {"count": str(len(deliveries)), "link": links.get("open") or self._home}
        return Saying("digest", {"language": language.value}, values)

    def _fitted(self, saying: Saying, channel: Channel) -> str:
        room = _ROOMS[channel]
        text = self._forms.text(saying, channel)
        for name in room.names:
            surplus = room.measure(text) - room.most
            if surplus > 0 and saying.values.get(name):
                shorter = "" if name in _LINKS else _shorter(saying.values[name], surplus, room)
                saying = replace(saying, values={**saying.values, name: shorter})
                text = self._forms.text(saying, channel)
        return text


def _shorter(value: str, surplus: int, room: _Room) -> str:
    """By at least so much; nothing where hardly anything of it would be left."""
    left = room.measure(value) - surplus
    kept = value[: room.most]
    while kept and room.measure(kept + _CUT) > left:
        kept = kept[:-1]
    return kept.rstrip() + _CUT if len(kept) > len(_CUT) else ""


def _in_gsm(value: str) -> str:
    return to_gsm(one_line(value))
