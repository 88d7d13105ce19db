"""HTTP requests that leave the house.

The name is looked up, every address that it has is checked, and the connection goes to one of these very addresses: a
name that answers differently a moment later reaches nothing else. Certificates are checked against the name. Redirects
are not followed, and proxies of the environment not used.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

import httpcore2

from services.notification.destinations import NotAllowed, as_address, destination_of, is_public, why_not_allowed

_USER_AGENT: Final = "NTB-Care"
_READ_AT_MOST: Final = 64 * 1024
_ADDRESSES_TRIED: Final = 3
_CONNECTS_WITHIN_S: Final = 4.0
"""One address. The whole exchange has a limit of its own."""
_KEPT_S: Final = 2.0
"""Shorter than servers keep a connection; what they end at the same moment would look like a failure."""
_LOOK_UPS: Final = 4
LONGEST_RETRY_AFTER: Final = timedelta(hours=1)
"""Whoever asks for more is asked again after this."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name; raises OSError."""


class Unanswered(Exception):
    """There is no answer. `why`: `timeout`, `unresolved`, `unreachable`, `tls`, `disconnected`, or why not allowed."""

    def __init__(self, why: str, *, handed_over: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.handed_over = handed_over
        """The whole request was written: whoever it was for may have done what it says."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted, and where."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class _Progress:
    """Of one exchange."""

    handed_over: bool = False

    async def note(self, step: str, _info: Mapping[str, Any]) -> None:
        self.handed_over = self.handed_over or step.endswith("send_request_body.complete")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of any status. The body is what came within the limit."""

    status: int
    body: bytes
    retry_after: timedelta | None

    def read(self) -> Mapping[str, Any]:
        """The JSON object of the body; an empty one where it is none."""
        try:
            found: Any = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


class Network(httpcore2.AsyncNetworkBackend):
    """Connects to checked addresses only. `below` makes the connections."""

    def __init__(
        self,
        allowed_hosts: Collection[str] = (),
        *,
        resolve: Resolve | None = None,
        below: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self.allowed_hosts = frozenset(allowed_hosts)
        # Threads of its own: a name server that never answers holds up nothing else.
        self._look_ups = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="look-up")
        self._resolve = resolve or self._look_up
        self._below = below or cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's name
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises NotAllowed, and what httpcore2 raises."""
        failure: Exception = httpcore2.ConnectError("no address")
        for address in (await self.addresses(host, port))[:_ADDRESSES_TRIED]:
            try:
                return await self._below.connect_tcp(
                    address, port, timeout or _CONNECTS_WITHIN_S, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """All that the host has, each checked. Raises NotAllowed, also where only one of them is not public."""
        found = [host] if as_address(host) else await self._found(host, port)
        if f"{host}:{port}" not in self.allowed_hosts and not all(map(is_public, found)):
            raise NotAllowed("forbidden_address")
        return found

    def close(self) -> None:
        self._look_ups.shutdown(wait=False, cancel_futures=True)

    async def _found(self, host: str, port: int) -> Sequence[str]:
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise NotAllowed("unresolved") from None
        if not found:
            raise NotAllowed("unresolved")
        return found

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._look_ups, _resolved, host, port)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Outgoing:
    """The client of one channel."""

    def __init__(
        self,
        timeout_s: float,
        connections: int,
        allowed_hosts: Collection[str] = (),
        *,
        network: Network | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._network = network or Network(allowed_hosts)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=trust or httpcore2.default_ssl_context(),
            max_connections=connections,
            keepalive_expiry=_KEPT_S,
            network_backend=self._network,
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """One exchange, within the time limit. Raises Unanswered."""
        progress = _Progress()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchange(Request(url, body, headers), progress)
        except NotAllowed as refusal:
            raise Unanswered(refusal.why) from None
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise Unanswered(_word_for(error), handed_over=progress.handed_over) from None

    async def why_not(self, url: str) -> str | None:
        """Why nothing would be sent there: an enumerated word, or None. The name is looked up."""
        refused = why_not_allowed(url, self._network.allowed_hosts)
        if refused is not None:
            return refused
        destination = destination_of(url, self._network.allowed_hosts)
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._network.addresses(destination.host, destination.port)
        except NotAllowed as refusal:
            return refusal.why
        except TimeoutError:
            return "unresolved"
        return None

    async def close(self) -> None:
        await self._pool.aclose()
        self._network.close()

    async def _exchange(self, request: Request, progress: _Progress) -> Reply:
        to = destination_of(request.url, self._network.allowed_hosts)
        address = httpcore2.URL(scheme=to.scheme, host=to.host, port=to.port, target=to.target)
        said = [(b"Host", to.authority), (b"User-Agent", _USER_AGENT.encode())]
        said += [(name.encode(), value.encode()) for name, value in request.headers.items()]
        asked = self._pool.stream(
            "POST", address, headers=said, content=request.body, extensions={"trace": progress.note}
        )
        async with asked as response:
            told = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            return Reply(response.status, await _read(response), _retry_after(told.get(b"retry-after")))


async def _read(response: httpcore2.Response) -> bytes:
    content = bytearray()
    async with aclosing(response.aiter_stream()) as parts:
        async for part in parts:
            content += part
            if len(content) >= _READ_AT_MOST:
                break
    return bytes(content[:_READ_AT_MOST])


def _resolved(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _word_for(error: Exception) -> str:
    match error:
        case TimeoutError() | httpcore2.TimeoutException():
            return "timeout"
        case httpcore2.ConnectError():
            return "tls" if any(isinstance(one, ssl.SSLError) for one in error.args) else "unreachable"
        case _:
            return "disconnected"


def _retry_after(said: str | None) -> timedelta | None:
    """Seconds or a date; None for anything else."""
    if said is None:
        return None
    if said.strip().isdecimal():
        # Not more digits than a timedelta can hold.
        return min(timedelta(seconds=int(said.strip()[:9])), LONGEST_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        # The latter for a zone that no timedelta holds.
        return None
    left = until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)
    return max(timedelta(), min(left, LONGEST_RETRY_AFTER))
