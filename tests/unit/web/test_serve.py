"""Roles on sockets: what a client meets there, and how all of it begins and ends."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from ssl import SSLError, TLSVersion
from types import FrameType
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.ports import reserved_ports
from zegel_testing.web_authority import WebAuthority

from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.outbound import HttpOutbound
from zegel.checks import Check
from zegel.config.roles import Config, VerifierConfig
from zegel.errors import Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.services.trust import Trust
from zegel.web.app import connection, serve
from zegel.web.app.roles import Listener, OpenRole, Timer, World, public_listener
from zegel.web.app.serve import bind, run_unless_told_to_end, serving, until_told_to_end
from zegel.web.asgi import MAX_HEADER_BYTES, MAX_HEADERS
from zegel.web.routing import Route

pytestmark = pytest.mark.anyio


class Role:
    """What the handlers share."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.peers: list[str | None] = []


async def echo(role: Role, request: HttpRequest) -> HttpResponse:
    role.bodies.append(request.body)
    role.peers.append(request.peer)
    return json_response({"method": request.method, "url": request.url})


ROUTES = (Route("GET", "/", echo), Route("POST", "/", echo, max_body=1_000))


class Closing:
    """Counts what was closed."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    def world(self) -> World:
        async def close() -> None:
            self.closed.append("world")

        clock = ManualClock(NOW)
        return World(
            config=Config(),
            clock=clock,
            random=fixed_random("world"),
            outbound=Loopback({}),
            trust=Trust((), fixed=(), clock=clock),
            close=close,
        )

    def role(self, name: str, *listeners: Listener, timers: tuple[Timer, ...] = ()) -> OpenRole:
        return OpenRole(name=name, listeners=listeners, timers=timers, close=lambda: self.closed.append(name))


def listener(closing: Closing, role: Role, *, name: str = "verifier", port: int = 1, **config: Any) -> Listener:
    settings = VerifierConfig(origin=f"http://127.0.0.1:{port}", port=port, **config)
    return public_listener(name, role, ROUTES, config=settings, title="Role", world=closing.world())


@asynccontextmanager
async def served(role: Role, *, timers: tuple[Timer, ...] = ()) -> AsyncIterator[int]:
    """One role on a free port."""
    closing, one = Closing(), bind("127.0.0.1", 0)
    port: int = one.getsockname()[1]
    open_role = closing.role("verifier", listener(closing, role, port=port), timers=timers)
    async with serving((open_role,), world=closing.world(), sockets={"verifier": one}):
        yield port
    assert closing.closed == ["world", "verifier"]


async def exchange(port: int, data: bytes, *, until: bytes | None = None) -> bytes:
    """Send bytes, and read until the server closes or ``until`` came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        await writer.drain()
        return await (reader.read() if until is None else reader.readuntil(until))
    except ConnectionError:
        return b""
    finally:
        writer.close()


def request(method: bytes = b"GET", *headers: bytes, port: int, body: bytes = b"", close: bool = True) -> bytes:
    length = [b"content-length: %d" % len(body)] if body else []
    ending = [b"connection: close"] if close else []
    lines = [method + b" / HTTP/1.1", b"host: 127.0.0.1:%d" % port, *headers, *length, *ending]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def test_a_role_answers_on_its_socket() -> None:
    async with served(Role()) as port:
        answer = await exchange(port, request(port=port))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body == b'{"method":"GET","url":"http://127.0.0.1:%d/"}' % port
    assert b"\r\nserver:" not in head.lower()
    assert b"x-content-type-options: nosniff" in head


@pytest.mark.parametrize("header", [b"x-forwarded-for: 203.0.113.7", b"forwarded: for=203.0.113.7"])
async def test_a_peer_is_who_is_connected_whatever_it_says(header: bytes) -> None:
    """The server by itself would believe whoever is on this machine."""
    role = Role()
    async with served(role) as port:
        await exchange(port, request(b"GET", header, port=port))
    assert role.peers == ["127.0.0.1"]


async def test_a_connection_serves_several_requests() -> None:
    role = Role()
    async with served(role) as port:
        first = request(b"POST", port=port, body=b"a" * 900, close=False)
        answer = await exchange(port, first + first + request(port=port))
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert role.bodies == [b"a" * 900, b"a" * 900, b""]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ((b"POST", b"x: y", b"a" * 1_001), 413),
        ((b"GET", b"x: " + b"y" * MAX_HEADER_BYTES, b""), 431),
        ((b"GET", b"host: evil.example", b""), 400),
        ((b"DELETE", b"x: y", b""), 405),
        ((b"NONSENSE", b"x: y", b""), 400),
    ],
)
async def test_what_is_beyond_a_limit_is_said(data: tuple[bytes, bytes, bytes], status: int) -> None:
    method, header, body = data
    async with served(Role()) as port:
        answer = await exchange(port, request(method, header, port=port, body=body))
    assert answer.startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize(
    ("lines", "status", "field"),
    [
        ((b"GET / HTTP/1.1", b"host: 127.0.0.1:%d", *[b"x: y"] * MAX_HEADERS), 431, "headers"),
        ((b"GET / HTTP/1.1",), 400, "header.host"),
        ((b"OPTIONS * HTTP/1.1", b"host: 127.0.0.1:%d"), 400, "target"),
    ],
)
async def test_a_head_that_is_refused_names_its_rule(lines: tuple[bytes, ...], status: int, field: str) -> None:
    async with served(Role()) as port:
        sent = b"\r\n".join((*lines, b"connection: close")) + b"\r\n\r\n"
        head, _, body = (await exchange(port, sent.replace(b"%d", b"%d" % port))).partition(b"\r\n\r\n")
    told = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nx-request-id: %s" % told["request"].encode() in head
    assert (told["check"], told["field"], told["fault"]) == ("syntax", field, "sender")


@pytest.mark.parametrize(
    "data",
    [b"NONSENSE\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"],
)
async def test_what_is_no_request_is_refused_by_name_logged_and_counted(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The server by itself would say so in four words, and nobody else would hear of it."""
    async with served(Role()) as port:
        head, _, body = (await exchange(port, data)).partition(b"\r\n\r\n")
    told = json.loads(body)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nconnection: close" in head
    assert b"\r\ncontent-length: %d\r\n" % len(body) in head
    assert b"\r\nx-request-id: %s" % told["request"].encode() in head
    assert (told["check"], told["field"], told["fault"]) == ("syntax", "head", "sender")
    (line,) = [record for record in caplog.records if record.getMessage().endswith("request")]
    assert told["request"] in str(line.__dict__)


@pytest.mark.parametrize(
    "target", [b"*", b"http://evil.example/", b"//evil.example/", b"/\x00", b"evil.example:80", b"/%"]
)
async def test_no_target_leaves_the_origin(target: bytes) -> None:
    async with served(Role()) as port:
        answer = await exchange(
            port, b"GET %s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nconnection: close\r\n\r\n" % (target, port)
        )
    assert b"evil.example" not in answer
    assert not answer.startswith(b"HTTP/1.1 5")


async def test_a_head_without_end_is_cut_off() -> None:
    role = Role()
    async with served(role) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        sent = 0
        try:
            while sent < 1 << 26 and not reader.at_eof():
                writer.write(b"x: " + b"y" * 60_000 + b"\r\n")
                await writer.drain()
                sent += 60_000
        except ConnectionError:
            pass
        writer.close()
    assert sent < 1 << 24
    assert role.bodies == []


@pytest.mark.parametrize("begun", [b"0\r\nx: ", b"1;x="], ids=["trailers", "a chunk extension"])
async def test_what_is_beside_a_body_is_cut_off_when_it_does_not_end(begun: bytes) -> None:
    """RFC 9112 section 7.1: a chunk may have extensions, and a body in chunks trailers."""
    async with served(Role()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(b"POST", b"transfer-encoding: chunked", port=port, close=False) + begun)
        sent = 0
        with suppress(ConnectionError):
            while sent < 1 << 26 and not reader.at_eof():
                writer.write(b"y" * 60_000)
                await writer.drain()
                sent += 60_000
        writer.close()
    assert sent < 1 << 24


@pytest.mark.parametrize("begun", [b"", b"GET", b"GET / HTTP/1.1\r\nhost: x\r\n"])
async def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)
    async with served(Role()) as port:
        assert await asyncio.wait_for(exchange(port, begun), 5) == b""


@pytest.mark.parametrize("after", [b"\r\n", b"b" * 10], ids=["an empty line", "a body that nobody reads"])
async def test_what_is_no_request_keeps_no_connection_open(monkeypatch: pytest.MonkeyPatch, after: bytes) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)
    async with served(Role()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(b"GET", b"content-length: 100", port=port, close=False))
        await reader.readuntil(b'"url":"http://127.0.0.1:%d/"}' % port)
        writer.write(after)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_answers_that_are_not_read_keep_no_connection_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.05)
    ended = asyncio.Event()

    class Watched(connection.BoundedConnection):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            ended.set()

    monkeypatch.setattr(serve, "BoundedConnection", Watched)
    async with served(Role()) as port:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", port))
        with deaf, suppress(ConnectionError):
            async with asyncio.timeout(10):
                while not ended.is_set():  # until its answers fill what the system keeps for it
                    await asyncio.get_running_loop().sock_sendall(deaf, request(port=port, close=False) * 8)
                    await asyncio.sleep(0)


async def test_many_requests_at_once_are_not_queued_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_QUEUED", 3)
    role = Role()
    async with served(role) as port:
        within = await exchange(port, request(port=port, close=False) * 3 + request(port=port))
        answer = await exchange(port, request(port=port, close=False) * 9_000)
    assert within.count(b"HTTP/1.1 200 OK") == answer.count(b"HTTP/1.1 200 OK") == 4
    assert answer.count(b"HTTP/1.1 ") == 4
    assert answer.count(b"connection: close") == 1
    assert len(role.bodies) == 8


async def test_headers_without_end_are_not_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_HEADERS_READ", 70)
    role = Role()
    async with served(role) as port:
        within = await exchange(port, request(b"GET", *[b"x: y"] * 68, port=port))
        beyond = await exchange(port, request(b"GET", *[b"x: y"] * 69, port=port))
    assert within.startswith(b"HTTP/1.1 431 ")  # what clients are told who meant it well
    assert beyond.startswith(b"HTTP/1.1 400 ")


async def test_a_long_body_is_no_long_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_HEAD_READ", 2_000)
    role = Role()
    async with served(role) as port:
        whole = request(b"POST", port=port, body=b"a" * 999, close=False)
        answer = await exchange(port, whole * 9 + request(port=port))
    assert answer.count(b"HTTP/1.1 200 OK") == 10


@pytest.mark.refuses(Check.AVAILABILITY)
async def test_a_port_that_is_taken_is_unavailable() -> None:
    taken = bind("127.0.0.1", 0)
    try:
        with pytest.raises(Unavailable) as refusal:
            bind("127.0.0.1", taken.getsockname()[1])
    finally:
        taken.close()
    assert refusal.value.check is Check.AVAILABILITY
    assert "address already in use; end the program that listens there" in refusal.value.detail


async def test_where_one_port_is_taken_nothing_is_left_open() -> None:
    closing, role = Closing(), Role()
    with reserved_ports(2) as (first, second):
        roles = (
            closing.role("first", listener(closing, role, name="first", port=first)),
            closing.role("second", listener(closing, role, name="second", port=second)),
        )
        taken = bind("127.0.0.1", second)
        with pytest.raises(Unavailable):
            async with serving(roles, world=closing.world(), sockets={}):
                raise AssertionError("it was entered")
        taken.close()
        assert closing.closed == ["world", "first", "second"]
        bind("127.0.0.1", first).close()


async def test_a_listener_that_cannot_start_is_unavailable(tmp_path: Path) -> None:
    closing, role = Closing(), Role()
    missing = {"tls_certificate": tmp_path / "missing.pem", "tls_key": tmp_path / "missing.key"}
    roles = (closing.role("verifier", listener(closing, role, **missing)),)
    with pytest.raises(Unavailable):
        async with serving(roles, world=closing.world(), sockets={"verifier": bind("127.0.0.1", 0)}):
            raise AssertionError("it was entered")
    assert closing.closed == ["world", "verifier"]


@pytest.mark.parametrize(
    ("version", "ciphers", "agreed"),
    [
        (TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        (TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        (TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA", None),
        (TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256", None),
        (TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA384", None),
        (TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-CCM", None),
        (TLSVersion.TLSv1_2, "ECDHE-ECDSA-CHACHA20-POLY1305", None),
        (TLSVersion.TLSv1_3, "ALL", "TLS_AES_256_GCM_SHA384"),
    ],
)
async def test_tls_1_2_is_spoken_with_the_ciphers_that_bcp_195_recommends_alone(
    tmp_path: Path, version: TLSVersion, ciphers: str, agreed: str | None
) -> None:
    closing, one, web = Closing(), bind("127.0.0.1", 0), WebAuthority(tmp_path)
    files = {"tls_certificate": tmp_path / "cert.pem", "tls_key": tmp_path / "key.pem"}
    for file, text in zip(files.values(), map(web.issue("role.localhost").get, ("cert", "key")), strict=True):
        file.write_text(str(text))
    context = web.context
    context.minimum_version = context.maximum_version = version
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    roles = (closing.role("verifier", listener(closing, Role(), **files)),)
    async with serving(roles, world=closing.world(), sockets={"verifier": one}):
        host, port = one.getsockname()
        if agreed is None:
            with pytest.raises((SSLError, ConnectionError)):
                await asyncio.open_connection(host, port, ssl=context, server_hostname="role.localhost")
            return
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname="role.localhost")
        assert writer.get_extra_info("cipher")[0] == agreed
        writer.close()


async def test_timers_act_at_the_start_and_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "_RETRY_SECONDS", 0.001)
    acted: list[str] = []
    often = asyncio.Event()

    async def good() -> None:
        acted.append("good")

    async def failing() -> None:
        acted.append("failing")
        if acted.count("failing") > 2:
            often.set()
        raise ZeroDivisionError("a secret")

    timers = (
        Timer(name="good", seconds=3_600, act=good),
        Timer(name="failing", seconds=3_600, act=failing),
    )
    async with served(Role(), timers=timers):
        assert acted[:2] == ["good", "failing"]
        await asyncio.wait_for(often.wait(), 5)
        assert acted.count("good") == 1


async def test_a_timer_acts_sooner_where_something_is_due() -> None:
    again = asyncio.Event()
    acted: list[str] = []

    async def act() -> None:
        acted.append("acted")
        if len(acted) > 1:
            again.set()

    due = Timer(name="due", seconds=3_600, act=act, sooner=lambda: 0.001)
    async with served(Role(), timers=(due,)):
        await asyncio.wait_for(again.wait(), 5)


async def test_what_runs_at_the_end_may_finish() -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_role: Role, _request: HttpRequest) -> HttpResponse:
        began.set()
        await go_on.wait()
        return json_response({"done": True})

    closing, one = Closing(), bind("127.0.0.1", 0)
    port = one.getsockname()[1]
    settings = VerifierConfig(origin=f"http://127.0.0.1:{port}", port=port)
    listening = public_listener(
        "verifier", Role(), (Route("GET", "/", slow),), config=settings, title="Role", world=closing.world()
    )
    async with serving((closing.role("verifier", listening),), world=closing.world(), sockets={"verifier": one}):
        waiting = asyncio.create_task(exchange(port, request(port=port)))
        await began.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
    assert (await waiting).endswith(b'{"done":true}')


@pytest.mark.refuses(Check.AVAILABILITY)
async def test_what_takes_longer_than_the_grace_is_cut(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serve, "GRACE_SECONDS", 0.05)
    began, cut = asyncio.Event(), asyncio.Event()

    async def endless(_role: Role, _request: HttpRequest) -> HttpResponse:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()
        raise AssertionError("it went on")

    closing, one = Closing(), bind("127.0.0.1", 0)
    port = one.getsockname()[1]
    settings = VerifierConfig(origin=f"http://127.0.0.1:{port}", port=port)
    listening = public_listener(
        "verifier", Role(), (Route("GET", "/", endless),), config=settings, title="Role", world=closing.world()
    )
    async with asyncio.timeout(5):
        async with serving((closing.role("verifier", listening),), world=closing.world(), sockets={"verifier": one}):
            waiting = asyncio.create_task(exchange(port, request(port=port)))
            await began.wait()
        await cut.wait()
        head, _, body = (await waiting).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 5" in head
    assert json.loads(body)["check"] == "availability"
    assert "Exception in ASGI application" not in caplog.text
    assert closing.closed == ["world", "verifier"]


async def test_what_runs_at_the_end_may_still_fetch() -> None:
    """A presentation that is being verified needs a status list: the way out is closed when nobody needs it more."""
    began, go_on, fetched = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow_list(_role: Role, _request: HttpRequest) -> HttpResponse:
        fetched.set()
        await go_on.wait()
        return json_response({"listed": True})

    async with AsyncExitStack() as stack:
        other, one = bind("127.0.0.1", 0), bind("127.0.0.1", 0)
        origins = [f"http://127.0.0.1:{each.getsockname()[1]}" for each in (other, one)]
        outbound = HttpOutbound(loopback_origins=frozenset(origins))

        async def fetching(_role: Role, _request: HttpRequest) -> HttpResponse:
            began.set()
            return await outbound.fetch(HttpRequest(method="GET", url=origins[0] + "/"))

        peer, closing = Closing(), Closing()
        listeners = [
            public_listener(
                name,
                Role(),
                (Route("GET", "/", handler),),
                config=VerifierConfig(origin=origin, port=1),
                title="Role",
                world=closing.world(),
            )
            for name, handler, origin in (("peer", slow_list, origins[0]), ("verifier", fetching, origins[1]))
        ]
        await stack.enter_async_context(
            serving((peer.role("peer", listeners[0]),), world=peer.world(), sockets={"peer": other})
        )
        world = replace(closing.world(), close=outbound.aclose)
        port = one.getsockname()[1]
        async with serving((closing.role("verifier", listeners[1]),), world=world, sockets={"verifier": one}):
            waiting = asyncio.create_task(exchange(port, request(port=port)))
            await fetched.wait()
            asyncio.get_running_loop().call_later(0.1, go_on.set)
        answer = await waiting
    assert answer.endswith(b'{"listed":true}'), answer


@pytest.fixture
def handlers() -> Iterator[None]:
    """Puts the signal handlers back that a test replaces; SIGTERM acts as Ctrl-C meanwhile."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_waiting(number: signal.Signals) -> None:
    waiting = asyncio.create_task(until_told_to_end())
    await asyncio.sleep(0)
    os.kill(os.getpid(), number)
    await asyncio.wait_for(waiting, 5)


@pytest.mark.usefixtures("handlers")
def test_no_signal_is_lost_at_whatever_line_it_comes() -> None:
    lines = 0
    told_at: int | None = None

    def at_each_line(frame: FrameType, event: str, _: object) -> Any:
        nonlocal lines
        if frame.f_code.co_filename != serve.__file__:
            return None
        if event == "line":
            if lines == told_at:
                signal.raise_signal(signal.SIGTERM)
            lines += 1
        return at_each_line

    def run(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
        nonlocal lines
        lines, before = 0, sys.gettrace()
        sys.settrace(at_each_line)
        try:
            return run_unless_told_to_end(work)
        finally:
            sys.settrace(before)

    async def until_it_works() -> int:
        return lines

    async def without_end() -> int:
        await asyncio.wait_for(asyncio.Event().wait(), 5)
        raise AssertionError

    until_then = run(until_it_works)
    assert until_then > 10
    for told_at in range(until_then):  # noqa: B007 the trace function reads it
        with pytest.raises(KeyboardInterrupt):
            run(without_end)


async def test_a_role_is_served_on_the_socket_that_is_given() -> None:
    async with served(Role()) as port:
        with pytest.raises(Unavailable):
            bind("127.0.0.1", port)
    assert isinstance(port, int)
    with socket.socket() as one:
        assert one.connect_ex(("127.0.0.1", port)) != 0
