"""Who sends a request, as far as the network tells."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.requests import Request

_CUSTOMER_BITS = 64
"""What one customer has of IPv6 at least: to count single addresses would count nothing."""


def sender_of(request: Request, trusted_hops: int) -> str:
    """As `peer_of` has it; `trusted_hops`: gateways of ours before the service."""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")) if trusted_hops else ""
    return peer_of(request.client.host if request.client else "", forwarded, trusted_hops)


def peer_of(direct: str, forwarded: str, trusted_hops: int) -> str:
    """The network of whoever sent the request: an IPv4 address, or the first 64 bits of an IPv6 one.

    `forwarded` is `X-Forwarded-For`, to which each of our own gateways adds whom it was asked by: with so many of them
    only that many entries from the right can be believed. Where there are fewer, the request came another way.
    """
    if trusted_hops:
        entries = [entry.strip() for entry in forwarded.split(",") if entry.strip()]
        if len(entries) >= trusted_hops:
            return network_of(entries[-trusted_hops])
    return network_of(direct)


@lru_cache(10_000)
def network_of(written: str) -> str:
    """What is no address stands for itself, cut to a length that does no harm."""
    try:
        address = ip_address(_without_port(written))
    except ValueError:
        return written[:64]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _CUSTOMER_BITS), strict=False))


def _without_port(written: str) -> str:
    """`192.0.2.1:443` and `[2001:db8::1]:443`, as some gateways write it."""
    if written.startswith("["):
        return written[1:].partition("]")[0]
    return written.partition(":")[0] if written.count(":") == 1 else written
