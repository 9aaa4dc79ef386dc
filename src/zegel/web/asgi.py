"""ASGI: bytes from a server to ``HttpRequest`` and back, within limits. Nothing here decides anything."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, final

from zegel.primitives.http import HttpRequest, HttpResponse

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_HEADERS: Final = 64
MAX_HEADER_BYTES: Final = 48_000  # two attestations and a DPoP proof, each with a chain, are under 16 kB
BODY_SECONDS: Final = 10.0  # a presentation of 100 kB takes one second at 1 Mbit/s


class TransportError(Exception):
    """The request did not arrive; ``status`` says why, or is None when nobody is there to be told."""

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


@final
class AsgiApp:
    """One role as an ASGI application.

    ``respond`` gets the request without its body, and a function that reads the body up to a number of bytes.
    """

    def __init__(
        self,
        respond: Callable[[HttpRequest, Callable[[int], Awaitable[bytes]]], Awaitable[HttpResponse]],
        *,
        origin: str,
        started: Callable[[], Awaitable[None]],
        stopped: Callable[[], Awaitable[None]],
    ) -> None:
        self._respond = respond
        self._origin = origin
        self._started = started
        self._stopped = stopped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._started()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stopped()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        if len(headers) > MAX_HEADERS or sum(len(k) + len(v) for k, v in headers) > MAX_HEADER_BYTES:
            await _answer(HttpResponse(status=431), send, head=False)
            return
        path = scope.get("raw_path") or scope["path"].encode()
        query = scope["query_string"]
        request = HttpRequest(
            method=scope["method"],
            url=self._origin + (path + b"?" + query if query else path).decode("latin-1"),
            headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in headers),
        )

        async def read_body(limit: int) -> bytes:
            try:
                return await asyncio.wait_for(_read(receive, limit), BODY_SECONDS)
            except TimeoutError:
                raise TransportError(408) from None

        try:
            response = await self._respond(request, read_body)
        except TransportError as error:
            if error.status is None:
                return
            response = HttpResponse(status=error.status, headers=(("connection", "close"),))
        await _answer(response, send, head=request.method == "HEAD")


async def _read(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise TransportError(None)
        body += message.get("body", b"")
        if len(body) > limit:
            raise TransportError(413)
        if not message.get("more_body", False):
            return bytes(body)


async def _answer(response: HttpResponse, send: Send, *, head: bool) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
