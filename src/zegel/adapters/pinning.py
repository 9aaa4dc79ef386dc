"""Connections to addresses that were checked: the name is resolved here, once, and the socket opens to the result.

So a name that resolves differently a moment later gains nothing. TLS and the Host header keep to the name.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, final

import httpcore2

from zegel.adapters.addresses import is_public, parse_address
from zegel.errors import Unavailable

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a name and a port to addresses."""

LOOPBACK: Final = "127.0.0.1"
_MAX_TRIES: Final = 4  # addresses of one host; two families with two each


async def resolve_by_system(name: str, port: int) -> Sequence[str]:
    """Ask the system's resolver; ``OSError`` or ``UnicodeError`` when it knows none."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@final
class PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Opens sockets to public addresses, and to this machine for the hosts and ports that ``loopback`` names."""

    def __init__(
        self, *, loopback: frozenset[tuple[str, int]], resolve: Resolver, network: httpcore2.AsyncNetworkBackend
    ) -> None:
        self._loopback = loopback
        self._resolve = resolve
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 httpcore2's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers; ``Unavailable`` when one of them may not be reached."""
        addresses = await self._addresses(host, port)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._network.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Part of httpcore2's interface."""
        await self._network.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        if (host, port) in self._loopback:
            return [host if parse_address(host) else LOOPBACK]  # RFC 6761 section 6.3: *.localhost is no DNS name
        try:
            found = [host] if parse_address(host) else list(await self._resolve(host, port))
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise Unavailable(host, "its name does not resolve")
        for text in found:
            address = parse_address(text)
            # One bad address condemns the name: whoever owns it mixes the world with our network on purpose.
            if address is None or not is_public(address):
                raise Unavailable(host, "it resolves to an address that is not public")
        return list(dict.fromkeys(found))[:_MAX_TRIES]
