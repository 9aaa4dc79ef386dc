"""Where a browser comes back to from a log-in that a command began: a listener on loopback, for as long as it takes
(RFC 8252 section 7.3)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, final
from urllib.parse import urlsplit

from zegel.errors import Malformed, Unavailable
from zegel.primitives.http import HttpRequest

PATH: Final = "/callback"
ADDRESS: Final = "127.0.0.1"
_MAX_HEAD: Final = 16_384  # a redirect of 2 kB and the headers of a browser
_READ_SECONDS: Final = 10.0  # the browser is on this machine
_DONE: Final = "Back in your wallet. You can close this page and go on in the terminal."
_NOT_EXPECTED: Final = "Nothing waits for this."


@final
class Callback:
    """The listener. ``redirect_uri`` is where the browser is to be sent."""

    def __init__(self, port: int) -> None:
        self.redirect_uri: Final = f"http://{ADDRESS}:{port}{PATH}"
        self._host = f"{ADDRESS}:{port}"
        self._state: str | None = None
        self._came: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def wait(self, state: str, *, seconds: float) -> str:
        """The address at which the browser arrived with ``state``; ``Unavailable`` when nobody comes in time.

        What comes without that state is answered and forgotten.
        """
        self._state = state
        try:
            return await asyncio.wait_for(self._came, seconds)
        except TimeoutError:
            raise Unavailable("log-in", f"nobody came back from it within {seconds:g} seconds") from None

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _READ_SECONDS)
            status, text = self._take(head)
            body = f"<!doctype html><title>zegel wallet</title><p>{text}</p>".encode()
            lines = [
                f"HTTP/1.1 {status}",
                "content-type: text/html; charset=utf-8",
                "content-security-policy: default-src 'none'; frame-ancestors 'none'",
                "referrer-policy: no-referrer",
                "cache-control: no-store",
                f"content-length: {len(body)}",
                "connection: close",
            ]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()

    def _take(self, head: bytes) -> tuple[str, str]:
        line, *headers = head.decode("latin-1").split("\r\n")
        method, _, rest = line.partition(" ")
        target = rest.partition(" ")[0]
        host = next((value.strip() for name, _, value in map(_header, headers) if name == "host"), "")
        try:
            parts = urlsplit(target)
        except ValueError:
            return "400 Bad Request", _NOT_EXPECTED
        if method != "GET" or host != self._host or parts.path != PATH or not parts.query.isascii():
            return "404 Not Found", _NOT_EXPECTED
        url = f"{self.redirect_uri}?{parts.query}"
        try:
            state = HttpRequest(method="GET", url=url).query().get("state")
        except Malformed:
            return "400 Bad Request", _NOT_EXPECTED
        if self._state is None or state != self._state or self._came.done():
            return "400 Bad Request", _NOT_EXPECTED
        self._came.set_result(url)
        return "200 OK", _DONE


@asynccontextmanager
async def listening() -> AsyncIterator[Callback]:
    """Listen on a free port while the context is open."""
    made: list[Callback] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await made[0].answer(reader, writer)

    server = await asyncio.start_server(answer, ADDRESS, 0, limit=_MAX_HEAD)
    made.append(Callback(server.sockets[0].getsockname()[1]))
    async with server:
        yield made[0]


def _header(line: str) -> tuple[str, str, str]:
    name, colon, value = line.partition(":")
    return name.lower(), colon, value
