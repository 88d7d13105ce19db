"""A real SMTP server that takes mail, or answers as a test tells it to."""

import asyncio
import logging
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import trustme
from aiosmtpd.controller import Controller

from deploy.local.ports import HOST, free_port

HANG: Final = "hang"
DROP: Final = "drop"
OK: Final = "250 OK"


@dataclass
class Sink:
    """Answers to come are taken from the front of the lists; where they are empty the answer is 250."""

    to_sender: deque[str] = field(default_factory=deque[str])
    to_recipient: dict[str, deque[str]] = field(default_factory=dict[str, deque[str]])
    to_data: deque[str] = field(default_factory=deque[str])
    taken: list[EmailMessage] = field(default_factory=list[EmailMessage])
    connections: set[Any] = field(default_factory=set[Any])
    """Those that anything was sent over."""
    logins: list[str] = field(default_factory=list[str])
    asked: int = 0
    """How many recipients were named."""
    ended: int = 0
    """How many connections were ended politely."""
    slow_s: float = 0.0

    def answer(self, recipient: str, *answers: str) -> None:
        self.to_recipient[recipient] = deque(answers)

    def recipients(self) -> list[str]:
        return sorted(str(message["To"]) for message in self.taken)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.connections.add(session.peer)
        answer = await _answer(server, self.to_sender)
        if answer == OK:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        self.asked += 1
        answer = await _answer(server, self.to_recipient.get(address, deque()))
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        answer = await _answer(server, self.to_data)
        if answer == OK:
            self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return answer

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.ended += 1
        return "221 Bye"


async def _answer(server: Any, answers: deque[str]) -> str:
    answer = answers.popleft() if answers else OK
    if answer == HANG:
        await asyncio.Event().wait()
    if answer == DROP:
        server.transport.abort()
        # Nothing is sent after this: the connection is gone.
        await asyncio.Event().wait()
    return answer


@contextmanager
def listening(sink: Sink, port: int | None = None, **options: Any) -> Generator[int]:
    """Give the port."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # It would tell every address.
    port = port or free_port()
    controller = Controller(sink, hostname=HOST, port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def a_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 with its key, and the authority that signed it."""
    authority = trustme.CA()
    served, trusted = folder / "certificate.pem", folder / "authority.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(served))
    authority.cert_pem.write_to_path(str(trusted))
    return served, trusted
