"""The ways out of the house, as the settings have them: for each channel who writes, and what takes it."""

from collections.abc import Callable, Mapping
from datetime import datetime

from services.notification.domain.links import Links
from services.notification.forms import Forms
from services.notification.letters import Letters
from services.notification.mailer import MailServer
from services.notification.outlets import Mail, Outlet, TextMessage
from services.notification.queueing import Queueing
from services.notification.settings import Settings
from services.notification.sources import Sources
from services.notification.store.webhooks import Webhook
from services.notification.systems import WatchedCalls, notice_of_end
from services.notification.texts import Texts
from services.notification.tools import Way
from services.notification.writing import CallWriting, Draft, WordWriting, Writing
from shared.directory import Directory
from shared.events.notices import Channel


class Writers:
    """Who finishes the messages of a channel."""

    def __init__(self, sources: Sources, directory: Directory, settings: Settings) -> None:
        self._sources = sources
        self._settings = settings
        forms = Forms()
        self._letters = Letters(directory, settings, forms)
        self._texts = Texts(directory, settings, forms)
        self._links = Links(settings.link_key(), settings.public_url)

    def of(self, channel: Channel) -> Writing:
        match channel:
            case Channel.EMAIL:
                return WordWriting(self._letter, self._links)
            case Channel.SMS | Channel.WHATSAPP:
                return WordWriting(self._text, self._links)
            case Channel.WEBHOOK:
                return CallWriting(self._sources, self._settings.hook_key())

    def _letter(self, draft: Draft, links: Mapping[str, str]) -> Mail:
        return self._letters.write(draft.deliveries, draft.known.contact, draft.ready, links, draft.at)

    def _text(self, draft: Draft, links: Mapping[str, str]) -> TextMessage:
        return self._texts.write(draft.deliveries, draft.known.contact, draft.ready, links, draft.at)


def ways_of(settings: Settings, queueing: Queueing, directory: Directory, now: Callable[[], datetime]) -> list[Way]:
    """One for each channel that is configured."""
    writers = Writers(queueing.sources, directory, settings)
    return [
        Way(channel, _outlet(channel, settings, queueing, now), settings.limits(channel), writers.of(channel))
        for channel in sorted(settings.channels())
    ]


def _outlet(channel: Channel, settings: Settings, queueing: Queueing, now: Callable[[], datetime]) -> Outlet:
    if channel is Channel.EMAIL:
        return MailServer(settings.smtp)
    return _gateway(channel, settings, queueing, now)


def _gateway(channel: Channel, settings: Settings, queueing: Queueing, now: Callable[[], datetime]) -> Outlet:
    """What calls others over HTTP. Its libraries take 25 MB, and many need no more than mail."""
    from services.notification.gateways import JsonGateway, WhatsAppCloud  # noqa: PLC0415 - it says why
    from services.notification.hooks import HookCaller  # noqa: PLC0415
    from services.notification.outgoing import Outgoing  # noqa: PLC0415

    limits = settings.limits(channel)
    outgoing = Outgoing(limits.timeout_s, limits.most_connections, settings.allowed_hosts)
    if channel is Channel.SMS:
        return JsonGateway(settings.sms, outgoing)
    if channel is Channel.WHATSAPP:
        return WhatsAppCloud(settings.whatsapp, outgoing)

    async def tell(webhook: Webhook) -> None:
        await queueing.add([notice_of_end(webhook, now())])

    return WatchedCalls(HookCaller(outgoing, now), queueing.store.webhooks, settings.hooks.disable_after, now, tell)
