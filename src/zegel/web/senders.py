"""Whose request it is, as far as anybody can tell: the address that it came from, or that a trusted proxy names.

An address is counted with and otherwise forgotten: it stands in no log and in no metric.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

from zegel.primitives.http import HttpRequest

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

FORWARDED_FOR: Final = "x-forwarded-for"
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")  # RFC 6052 section 2.1: an IPv4 address as a translator writes it
_MAX_HOPS: Final = 8  # proxies in a row; whatever is further to the left, a client may have written itself
_SITE_BYTES: Final = 8  # RFC 6177 section 2: whoever has IPv6 has a /64 or more, and as many addresses as it likes


def sender_of(request: HttpRequest, *, proxies: Sequence[Network]) -> bytes | None:
    """By what the sender of a request is counted; None for a peer in this process.

    It is the peer of the connection, unless that is one of ``proxies``: then the right-most address of X-Forwarded-For
    that is none of them, for each proxy adds on the right whom it heard. IPv6 counts by its first 64 bits.
    """
    if request.peer is None:
        return None
    address = _parse(request.peer)
    if address is None:
        return b""  # all of whom nothing is known are one
    named = _named_before(request)
    while _is_one(address, proxies):
        before = _parse(next(named, ""))
        if before is None:
            break
        address = before
    return address.packed if isinstance(address, IPv4Address) else address.packed[:_SITE_BYTES]


def _is_one(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _named_before(request: HttpRequest) -> Iterator[str]:
    """The last addresses of X-Forwarded-For from the right; its lines are one list (RFC 9110 section 5.3)."""
    line = ",".join(value for name, value in request.headers if name == FORWARDED_FOR)
    for named in reversed(line.rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]):
        yield _without_port(named.strip())


def _without_port(named: str) -> str:
    """Some proxies add the port: ``192.0.2.1:4711``, ``[2001:db8::1]:4711``."""
    if named.startswith("["):
        return named[1:].partition("]")[0]
    return named.partition(":")[0] if named.count(":") == 1 else named


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address in _TRANSLATED:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
        return address.ipv4_mapped or address
    return address
