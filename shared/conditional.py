"""What has not changed is not sent again, and HEAD is answered as GET is, without the body. For all routes at once."""

import hashlib
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ASKS: Final = ("GET", "HEAD")
_KEPT: Final = ("cache-control", "content-language", "content-location", "date", "etag", "expires", "vary")
"""What 304 says of the answer that is not sent."""


class Conditional:
    """Marks whole answers that a cache may keep with a digest of their bytes, and answers `If-None-Match`.

    It must be the outermost: what is compressed has another digest. Streams, answers that say `no-store` or nothing
    about caches, and those that are marked already pass as they are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _ASKS:
            await self._app(scope, receive, send)
            return
        await self._app({**scope, "method": "GET"}, receive, _Answer(scope, send).pass_on)


class _Answer:
    """Holds the start back until the first piece of the body shows whether it is the whole."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._asked = Headers(scope=scope)
        self._is_head = scope["method"] == "HEAD"
        self._send = send
        self._start: Message | None = None
        self._is_over = False

    async def pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif not self._is_over:
            start, self._start = self._start, None
            if start is not None:
                await self._begin(start, message)
            if not self._is_over:
                await self._send(message)

    async def _begin(self, start: Message, body: Message) -> None:
        if not body.get("more_body", False) and _may_be_marked(start):
            mark = _mark(body.get("body", b""))
            start = {**start, "headers": [*start["headers"], (b"etag", mark.encode())]}
            if _names(self._asked.getlist("if-none-match"), mark):
                await self._end(_unchanged(start))
                return
        if self._is_head:
            await self._end(start)
            return
        await self._send(start)

    async def _end(self, start: Message) -> None:
        """Whatever is still made of the body is not sent: the server says to who makes it that nobody listens."""
        self._is_over = True
        await self._send(start)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _may_be_marked(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    cache = headers.get("cache-control", "no-store")
    return start["status"] == HTTPStatus.OK and "etag" not in headers and "no-store" not in cache


def _mark(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _names(known: Iterable[str], mark: str) -> bool:
    """Compared weakly, as RFC 9110 asks for GET."""
    marks = [each.strip().removeprefix("W/") for line in known for each in line.split(",")]
    return mark in marks or marks == ["*"]


def _unchanged(start: Message) -> Message:
    kept = [(name, value) for name, value in start["headers"] if name.decode("latin-1").lower() in _KEPT]
    return {"type": "http.response.start", "status": int(HTTPStatus.NOT_MODIFIED), "headers": kept}
