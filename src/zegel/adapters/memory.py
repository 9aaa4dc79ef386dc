"""A world without sockets: for tests, and for programs that use zegel as a library."""

from collections.abc import Callable, Mapping
from typing import final

from zegel.adapters.redirects import follow
from zegel.errors import Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse, origin_of
from zegel.services.ports import Handler


@final
class ManualClock:
    """A ``Clock`` that stands still until it is moved."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._watchers: list[Callable[[], None]] = []

    def now(self) -> int:
        """See ``Clock``."""
        return self._now

    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self._now += seconds
        for act in self._watchers:
            act()

    def watch(self, act: Callable[[], None]) -> None:
        """Do this whenever time has passed, as a timer would."""
        self._watchers.append(act)


@final
class Loopback:
    """An ``Outbound`` that calls the handler of a request's origin. ``handlers`` may grow while it is used."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    async def fetch(self, request: HttpRequest, *, redirects: int = 0, max_bytes: int = 1 << 18) -> HttpResponse:
        """See ``Outbound``."""
        return await follow(lambda hop: self._send(hop, max_bytes), request, redirects=redirects)

    async def _send(self, request: HttpRequest, max_bytes: int) -> HttpResponse:
        origin = origin_of(request.url, what="URL")
        handler = self._handlers.get(origin)
        if handler is None:
            raise Unavailable(origin, "nobody answers there")
        response = await handler(request)
        if len(response.body) > max_bytes:
            raise Unavailable(origin, f"it answers with more than {max_bytes} bytes")
        return response
