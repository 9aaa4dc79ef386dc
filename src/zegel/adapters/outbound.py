"""The one way out, for every fetch: a URL that came from outside is somebody's wish, not an address to trust.

https only, to public addresses; plain http or this machine only for the origins that the configuration names. No
proxy, no cookies, no credentials from the environment, and no User-Agent, which would tell wallets apart (OpenID4VP 1.0
section 15.8). Time, size, redirects and concurrency are limited. What fails is ``Unavailable`` with the host alone: a
path or a query may hold a secret.
"""

import asyncio
import ssl
from collections.abc import Generator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, final
from urllib.parse import urlsplit

import httpcore2

from zegel.adapters.body import Body, EncodingError, TooLargeError
from zegel.adapters.pinning import PinnedBackend, Resolver, resolve_by_system
from zegel.adapters.redirects import follow
from zegel.config.setting import is_loopback
from zegel.errors import Malformed, Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse, origin_of
from zegel.services.ports import TlsPeer

SECONDS: Final = 10.0  # a status list of 1 MB takes eight at 1 Mbit/s
_CONCURRENT: Final = 32  # fetches; whoever waits for a turn does so within its own ten seconds
_KEPT_ALIVE_SECONDS: Final = 2.0  # servers close idle connections after five or more; nobody waits on a closed one
_PORTS: Final = {"http": 80, "https": 443}
_OURS: Final = frozenset(
    {"host", "user-agent", "accept-encoding", "content-length", "transfer-encoding", "connection", "cookie"}
)
_DROPPED: Final = frozenset({"set-cookie", "content-encoding", "content-length", "transfer-encoding", "connection"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where a request goes, taken apart once. ``local``: it is one of the named origins of this machine."""

    scheme: str
    host: str
    port: int
    path: str
    local: bool

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@final
class HttpOutbound:
    """``Outbound`` over the network. Use it in one event loop, and close it there.

    ``loopback_origins`` names origins of this machine, such as ``http://issuer.localhost:7001``; ``web_authority`` is
    a PEM file of roots that are trusted for TLS beside the system's. A test brings its own ``resolve`` and ``network``.
    """

    def __init__(
        self,
        *,
        loopback_origins: frozenset[str] = frozenset(),
        web_authority: Path | None = None,
        seconds: float = SECONDS,
        resolve: Resolver = resolve_by_system,
        network: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._loopback = frozenset(map(_loopback_origin, loopback_origins))
        self._seconds = seconds
        self._slots = asyncio.Semaphore(_CONCURRENT)
        parts = map(urlsplit, self._loopback)
        self._named = frozenset((part.hostname or "", part.port or _PORTS[part.scheme]) for part in parts)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(web_authority),
            max_connections=_CONCURRENT,
            keepalive_expiry=_KEPT_ALIVE_SECONDS,
            network_backend=PinnedBackend(
                loopback=self._named, resolve=resolve, network=network or httpcore2.AnyIOBackend()
            ),
        )

    async def fetch(self, request: HttpRequest, *, redirects: int = 0, max_bytes: int = 1 << 18) -> HttpResponse:
        """See ``Outbound``."""
        first = self._target(request.url)
        inside = first.local

        async def send(hop: HttpRequest) -> HttpResponse:
            nonlocal inside
            target = self._target(hop.url)
            if target.local and not inside:
                raise Unavailable(first.host, "it redirects to this machine")
            inside = target.local
            return await self._send(hop, target, max_bytes)

        try:
            async with asyncio.timeout(self._seconds), self._slots:
                return await follow(send, request, redirects=redirects)
        except TimeoutError:
            raise Unavailable(first.host, f"no answer within {self._seconds:g} seconds") from None

    async def look(self, origin: str) -> TlsPeer:
        """See ``TlsProbe``. One page is asked for: a connection without a request is none to the pool."""
        target = self._target(origin + "/")
        message = httpcore2.Request(
            "GET",
            httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target="/"),
            headers=[(b"host", target.authority.encode("latin-1"))],
        )
        try:
            async with asyncio.timeout(self._seconds), self._slots:
                with _failures(target.host, 0):
                    response = await self._pool.handle_async_request(message)
                    try:
                        session = response.extensions["network_stream"].get_extra_info("ssl_object")
                    finally:
                        await response.aclose()
        except TimeoutError:
            raise Unavailable(target.host, f"no answer within {self._seconds:g} seconds") from None
        return _peer(session)

    async def aclose(self) -> None:
        """Close the connections that are kept alive."""
        await self._pool.aclose()

    def _target(self, url: str) -> _Target:
        try:
            origin = origin_of(url, what="URL")
        except Malformed as error:
            raise Unavailable("outbound", error.detail) from None
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        local = origin in self._loopback
        if not local and (parts.scheme != "https" or (host, port) in self._named):
            raise Unavailable(host, "expected https, or an origin of this machine as it is configured")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return _Target(scheme=parts.scheme, host=host, port=port, path=path, local=local)

    async def _send(self, request: HttpRequest, target: _Target, max_bytes: int) -> HttpResponse:
        headers = [
            ("host", target.authority),
            ("accept-encoding", "gzip"),
            *(header for header in request.headers if header[0] not in _OURS),
        ]
        if request.body or request.method != "GET":
            headers.append(("content-length", str(len(request.body))))
        message = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            content=request.body,
        )
        with _failures(target.host, max_bytes):
            response = await self._pool.handle_async_request(message)
            try:
                return await _read(response, max_bytes)
            finally:
                await response.aclose()


async def _read(response: httpcore2.Response, max_bytes: int) -> HttpResponse:
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers)
    encoding = ",".join(value for name, value in headers if name == "content-encoding").strip().lower()
    body = Body(encoding=encoding, max_bytes=max_bytes)
    async with aclosing(response.aiter_stream()) as chunks:
        async for chunk in chunks:
            body.feed(chunk)
    kept = tuple(header for header in headers if header[0] not in _DROPPED)
    return HttpResponse(status=response.status, headers=kept, body=body.finish())


@contextmanager
def _failures(host: str, max_bytes: int) -> Generator[None]:
    """What can go wrong on the way, as ``Unavailable``."""
    try:
        yield
    except TooLargeError:
        raise Unavailable(host, f"it answers with more than {max_bytes} bytes") from None
    except EncodingError:
        raise Unavailable(host, "its answer is in an encoding that was not asked for, or broken") from None
    except httpcore2.ConnectError as error:
        raise Unavailable(host, _why_not_connected(error)) from None
    except httpcore2.ProtocolError:
        raise Unavailable(host, "it does not answer in HTTP/1.1, or its headers are too large") from None
    except (httpcore2.NetworkError, httpcore2.TimeoutException, OSError):
        raise Unavailable(host, "the connection broke") from None


def _peer(session: ssl.SSLObject) -> TlsPeer:
    certificate = session.getpeercert() or {}
    return TlsPeer(
        version=session.version() or "no TLS", not_after=int(ssl.cert_time_to_seconds(str(certificate["notAfter"])))
    )


def _why_not_connected(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted: {cause.verify_message.rstrip('.').lower()}"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS as it should"
        cause = cause.__cause__ or cause.__context__
    return "it refuses the connection"


def _loopback_origin(origin: str) -> str:
    """The origin, if it can be no other machine's; ``Unavailable`` otherwise."""
    if not is_loopback(origin):
        raise Unavailable("outbound", f"{origin[:80]} is not an origin of this machine")
    return origin_of(origin, what="loopback origin")


@lru_cache(maxsize=2)  # a process has one web authority, or none
def _tls(web_authority: Path | None) -> ssl.SSLContext:
    """Every way out of a process shares it: reading the system's roots takes longer than making all else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # names and certificates are checked; no key log
    context.load_default_certs()
    if web_authority is not None:
        try:
            context.load_verify_locations(cafile=web_authority)
        except (OSError, ssl.SSLError):
            raise Unavailable(str(web_authority), "expected a PEM file of certificates") from None
    return context
