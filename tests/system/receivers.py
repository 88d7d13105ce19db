"""Where messages go, in the test's own process: a mail server, and gateways of text messages. All can be away."""

import json
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.local.ports import HOST, free_port
from deploy.simulators.app import create_simulators_app
from deploy.simulators.arrivals import Arrivals
from deploy.simulators.playing import PREFIX, Simulators
from deploy.simulators.receipts import Receipts
from shared.events.notices import Channel
from tests.simulators import serving
from tests.smtp_sink import Sink, listening

_MOST: Final = 100_000


@dataclass(frozen=True)
class Arrived:
    """A message: which, and where."""

    reference: str
    channel: Channel
    address: str


class Gate:
    """What stands behind it answers as long as it is open."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.is_open = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        behind = self.app if self.is_open else Response(status_code=503)
        await behind(scope, receive, send)


@dataclass
class Receivers:
    mail: Sink
    simulators: Simulators
    gate: Gate
    smtp_port: int
    port: int
    _listening: ExitStack

    @property
    def host(self) -> str:
        """As in `allowed_hosts`."""
        return f"{HOST}:{self.port}"

    def variables(self) -> dict[str, str]:
        """What notification must know."""
        return {"NOTIFICATION_SMTP__PORT": str(self.smtp_port)} | self.gateways()

    def gateways(self) -> dict[str, str]:
        """That without the mail server."""
        return {
            "NOTIFICATION_SMS__URL": f"http://{self.host}{PREFIX}/sms/messages",
            "NOTIFICATION_WHATSAPP__URL": f"http://{self.host}{PREFIX}/whatsapp",
            "NOTIFICATION_WHATSAPP__PHONE_NUMBER_ID": "62370",
            "NOTIFICATION_ALLOWED_HOSTS": json.dumps([self.host]),
        }

    def arrived(self) -> list[Arrived]:
        """On each channel the oldest first, and whatever came twice twice."""
        mails = [
            Arrived(str(mail["Message-ID"])[1:].partition("@")[0], Channel.EMAIL, str(mail["To"]))
            for mail in self.mail.taken
        ]
        texts = self.simulators.arrivals.newest(_MOST)[::-1]
        return mails + [Arrived(text.reference, Channel(text.channel.value), text.to) for text in texts]

    def __len__(self) -> int:
        return len(self.mail.taken) + len(self.simulators.arrivals.newest(_MOST))

    @contextmanager
    def away(self) -> Generator[None]:
        """Nobody listens for mail, and gateways answer nothing but 503."""
        self._listening.close()
        self.gate.is_open = False
        try:
            yield
        finally:
            self.gate.is_open = True
            self._listening.enter_context(listening(self.mail, self.smtp_port))


@asynccontextmanager
async def receiving(folder: Path) -> AsyncGenerator[Receivers]:
    simulators = Simulators(Arrivals(folder, kept=_MOST), Receipts({}))
    gate = Gate(create_simulators_app(simulators))
    async with serving(gate) as port:
        with ExitStack() as stack:
            mail, smtp_port = Sink(), free_port()
            stack.enter_context(listening(mail, smtp_port))
            yield Receivers(mail, simulators, gate, smtp_port, port, stack)
