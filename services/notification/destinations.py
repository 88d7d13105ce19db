"""Where requests may go: https alone, and public addresses alone. Simulators are named one by one."""

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

LONGEST_URL: Final = 2_000
_PORTS: Final = {"https": 443, "http": 80}
_ANY_PORT: Final = range(1, 65_536)
_NOT_PUBLIC_4: Final = tuple(
    map(
        ip_network,
        # Beside what `ipaddress` knows: protocol assignments, the relays of 6to4, shared addresses of providers.
        ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10"),
    )
)
_PUBLIC_6: Final = ip_network("2000::/3")
"""All that is given out; outside are also addresses that stand for IPv4 ones (`::ffff:`, `64:ff9b::`)."""
_NOT_PUBLIC_6: Final = tuple(
    map(
        ip_network,
        # Protocol assignments with Teredo, documentation, 6to4, documentation again.
        ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
_NEVER_PUBLIC: Final = ("localhost", "local", "internal", "home.arpa")


class NotAllowed(Exception):
    """A request may not go there; `why` is an enumerated word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL taken apart once, so that what was checked is what is connected to."""

    scheme: str
    host: str
    """ASCII, without brackets."""
    port: int
    authority: bytes
    """What the header `Host` says."""
    target: bytes


def why_not_allowed(url: str, allowed_hosts: Collection[str] = ()) -> str | None:
    """An enumerated word, or None. Names are not looked up here."""
    try:
        destination_of(url, allowed_hosts)
    except NotAllowed as refusal:
        return refusal.why
    return None


def destination_of(url: str, allowed_hosts: Collection[str] = ()) -> Destination:
    """Raises NotAllowed: `bad_url`, `not_https`, `forbidden_address`."""
    destination = _parse(url)
    if f"{destination.host}:{destination.port}" in allowed_hosts:
        return destination
    if destination.scheme != "https":
        raise NotAllowed("not_https")
    if not _may_be_public(destination.host):
        raise NotAllowed("forbidden_address")
    return destination


def is_public(address: str) -> bool:
    """Whether the whole world may use an IP address, and no private network hides behind it."""
    found = as_address(address)
    match found:
        case IPv4Address():
            refused = found.is_multicast or found.is_reserved or any(found in network for network in _NOT_PUBLIC_4)
        case IPv6Address():
            # One with a zone (`%eth0`) is of a network of this machine.
            outside = found.scope_id is not None or found not in _PUBLIC_6
            refused = outside or any(found in network for network in _NOT_PUBLIC_6)
        case None:
            return False
    return found.is_global and not refused


def as_address(host: str) -> IPv4Address | IPv6Address | None:
    """None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _parse(url: str) -> Destination:
    # Loaded when the first webhook is: it takes 20 MB.
    httpx2 = import_module("httpx2")
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        raise NotAllowed("bad_url") from None
    if len(url) > LONGEST_URL or not parsed.host or parsed.userinfo:
        raise NotAllowed("bad_url")
    if parsed.scheme not in _PORTS:
        raise NotAllowed("not_https")
    host = parsed.raw_host.decode().lower()
    port = _PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if port not in _ANY_PORT:
        raise NotAllowed("bad_url")
    return Destination(parsed.scheme, host, port, parsed.netloc, parsed.raw_path)


def _may_be_public(host: str) -> bool:
    if as_address(host) is not None:
        return is_public(host)
    labels = host.removesuffix(".").split(".")
    ends = ".".join(labels[-2:]), labels[-1]
    # A last part of digits is an old way to write an IPv4 address: `127.1`, `0x7f.0.0.1`.
    return len(labels) > 1 and not labels[-1][:1].isdigit() and not any(end in _NEVER_PUBLIC for end in ends)
