"""Servers that misbehave, and a network whose public addresses lead to them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpcore2

from zegel.adapters.clock import SystemClock
from zegel.trust.anchors import Purpose
from zegel_testing.authorities import CertifiedSigner, authority, signer

Answer = Callable[["Exchange"], Awaitable[None]]

PUBLIC = "93.184.215.14"
OTHER_PUBLIC = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


@dataclass
class Exchange:
    """One request as it arrived, and the way to answer it."""

    head: str
    body: bytes
    writer: asyncio.StreamWriter

    @property
    def target(self) -> str:
        return self.head.split(" ")[1]

    def header(self, name: str) -> str | None:
        lines = [line.partition(":") for line in self.head.split("\r\n")[1:]]
        return next((value.strip() for key, _, value in lines if key.lower() == name), None)

    async def send(self, status: int = 200, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}", *(f"{n}: {v}" for n, v in headers)]
        await self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


@dataclass
class Server:
    """A server on a free port of this machine, and what reached it."""

    port: int = 0
    seen: list[Exchange] = field(default_factory=list)


@asynccontextmanager
async def serving(answer: Answer, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Answer each request by ``answer`` until the end."""
    server = Server()
    answers: set[asyncio.Task[None] | None] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers.add(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                exchange = Exchange(head=head.decode(), body=b"", writer=writer)
                exchange.body = await reader.readexactly(int(exchange.header("content-length") or 0))
                server.seen.append(exchange)
                await answer(exchange)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, ssl.SSLError):
            writer.transport.abort()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in answers:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in answers if task is not None), return_exceptions=True)


class Detour(httpcore2.AsyncNetworkBackend):
    """A network on which every public address is a port of this machine; it notes where connections were opened."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.opened: list[tuple[str, int]] = []
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):  # noqa: ASYNC109
        self.opened.append((host, port))
        return await self._network.connect_tcp("127.0.0.1", self.port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


def answering(*answers: list[str]) -> Callable[[str, int], Awaitable[list[str]]]:
    """A resolver that answers in turn, and at the end keeps to the last."""
    waiting = list(answers)

    async def resolve(name: str, port: int) -> list[str]:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return resolve


def web_identity(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """An authority's file, and a server's TLS for the names. TLS goes by the system's clock, and so do these."""
    now = SystemClock().now()
    root = authority("web", now=now)
    server: CertifiedSigner = signer(root, "server", Purpose.ACCESS, now=now, dns_names=names)
    (folder / "roots.pem").write_text(root.certificate.pem)
    (folder / "server.pem").write_text(server.certificate.pem + server.key.secret_pem().decode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return folder / "roots.pem", context
