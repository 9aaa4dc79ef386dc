import asyncio
import gzip
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from zegel_testing.hostile import (
    OTHER_PUBLIC,
    PUBLIC,
    Answer,
    Detour,
    Exchange,
    Server,
    answering,
    serving,
    web_identity,
)

from zegel.adapters.outbound import HttpOutbound
from zegel.adapters.pinning import resolve_by_system
from zegel.errors import Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse

pytestmark = pytest.mark.anyio

HOST = "status.utopia.example"
PAGE = f"https://{HOST}/lists/1?secret=s3cret"


def get(url: str, *headers: tuple[str, str]) -> HttpRequest:
    return HttpRequest(method="GET", url=url, headers=headers)


async def hello(exchange: Exchange) -> None:
    await exchange.send(body=b"hello", headers=[("Content-Type", "text/plain"), ("Set-Cookie", "id=1")])


class Outside:
    """A server in the world by the name of ``HOST``, and our way to it."""

    def __init__(self, server: Server, network: Detour, outbound: HttpOutbound) -> None:
        self.server = server
        self.network = network
        self.outbound = outbound

    async def fetch(self, request: HttpRequest, *, redirects: int = 0, max_bytes: int = 1 << 18) -> HttpResponse:
        return await self.outbound.fetch(request, redirects=redirects, max_bytes=max_bytes)


@asynccontextmanager
async def outside(
    folder: Path,
    answer: Answer,
    *,
    names: tuple[str, ...] = (HOST, "other.utopia.example"),
    addresses: tuple[list[str], ...] = ([PUBLIC],),
    seconds: float = 5.0,
    loopback_origins: frozenset[str] = frozenset(),
) -> AsyncIterator[Outside]:
    roots, tls = web_identity(folder, *names)
    async with serving(answer, tls=tls) as server:
        network = Detour(server.port)
        outbound = HttpOutbound(
            web_authority=roots,
            resolve=answering(*addresses),
            network=network,
            seconds=seconds,
            loopback_origins=loopback_origins,
        )
        try:
            yield Outside(server, network, outbound)
        finally:
            await outbound.aclose()


async def refused(fetching: object, reason: str) -> None:
    """The fetch ends in ``Unavailable`` that names the reason and the host, and nothing of path or query."""
    with pytest.raises(Unavailable, match=reason) as caught:
        await fetching  # type: ignore[misc]
    assert "lists" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_a_page_is_fetched_by_its_name_from_the_address_that_was_checked(tmp_path: Path) -> None:
    async with outside(tmp_path, hello) as world:
        response = await world.fetch(get(PAGE, ("accept", "text/plain")))
        assert response == HttpResponse(status=200, headers=(("content-type", "text/plain"),), body=b"hello")
        assert world.network.opened == [(PUBLIC, 443)]
        (seen,) = world.server.seen
        assert seen.target == "/lists/1?secret=s3cret"
        assert seen.header("host") == HOST
        assert seen.header("accept") == "text/plain"


async def test_nothing_says_which_software_of_which_version_asks(tmp_path: Path) -> None:
    async with outside(tmp_path, hello) as world:
        await world.fetch(get(PAGE, ("user-agent", "python-httpx/0.28")))
        names = {line.partition(":")[0].lower() for line in world.server.seen[0].head.split("\r\n")[1:] if line}
        assert names == {"host", "accept-encoding"}


async def test_a_form_is_posted_with_its_body(tmp_path: Path) -> None:
    async with outside(tmp_path, hello) as world:
        request = HttpRequest(method="POST", url=PAGE, headers=(("content-type", "text/plain"),), body=b"vp_token=x")
        assert (await world.fetch(request)).status == 200
        assert world.server.seen[0].body == b"vp_token=x"


async def test_no_cookie_is_shown_or_kept(tmp_path: Path) -> None:
    async with outside(tmp_path, hello) as world:
        assert (await world.fetch(get(PAGE))).header("set-cookie") is None
        await world.fetch(get(PAGE, ("cookie", "id=2")))
        assert [seen.header("cookie") for seen in world.server.seen] == [None, None]


async def test_no_proxy_is_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(hello) as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with outside(tmp_path, hello) as world:
            await world.fetch(get(PAGE))
        assert proxy.seen == []


async def test_a_name_that_resolves_elsewhere_a_moment_later_gains_nothing(tmp_path: Path) -> None:
    """Rebinding: the first answer is checked and used; the second, for the next connection, is checked too."""
    async with outside(tmp_path, hello, addresses=([PUBLIC], ["127.0.0.1"])) as world:
        assert (await world.fetch(get(PAGE))).status == 200
        await world.outbound.aclose()
        await refused(world.fetch(get(PAGE)), "resolves to an address that is not public")
        assert world.network.opened == [(PUBLIC, 443)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["::ffff:169.254.169.254"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::1"],
        ["fe80::1%eth0"],
        ["fd00::1"],
        [PUBLIC, "127.0.0.1"],
        [OTHER_PUBLIC, "::1"],
        ["not an address"],
    ],
)
async def test_a_name_that_leads_inside_is_refused(tmp_path: Path, addresses: list[str]) -> None:
    async with outside(tmp_path, hello, addresses=(addresses,)) as world:
        await refused(world.fetch(get(PAGE)), "not public")
        assert world.network.opened == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/lists/1",
        "https://[::1]/lists/1",
        "https://[::ffff:127.0.0.1]/lists/1",
        "https://[::ffff:7f00:1]/lists/1",
        "https://169.254.169.254/lists/1",
        "https://0.0.0.0/lists/1",
        "https://100.64.0.1/lists/1",
    ],
)
async def test_an_address_of_ours_in_a_url_is_refused(tmp_path: Path, url: str) -> None:
    async with outside(tmp_path, hello) as world:
        await refused(world.fetch(get(url)), "not public")
        assert world.network.opened == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "url",
    [
        "http://status.utopia.example/lists/1",
        "http://localhost/lists/1",
        "ftp://status.utopia.example/lists/1",
        "file:///etc/lists",
        "//status.utopia.example/lists/1",
        "https://user:s3cret@status.utopia.example/lists/1",
        "https://status.utopia.example\\@127.0.0.1/lists/1",
        "https:///lists/1",
        "",
    ],
)
async def test_only_https_is_fetched(tmp_path: Path, url: str) -> None:
    async with outside(tmp_path, hello) as world:
        await refused(world.fetch(get(url)), "expected")
        assert world.network.opened == []


@pytest.mark.parametrize("name", ["127.1", "0x7f.0.0.1", "2130706433", "localhost"])
async def test_another_spelling_of_this_machine_is_refused_by_the_systems_resolver_too(name: str) -> None:
    outbound = HttpOutbound(resolve=resolve_by_system)
    await refused(outbound.fetch(get(f"https://{name}/lists/1")), "not public|does not resolve")


@pytest.mark.slow
async def test_a_name_that_does_not_resolve_is_unavailable() -> None:
    async def unknown(name: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    await refused(HttpOutbound(resolve=unknown).fetch(get(PAGE)), "does not resolve")
    await refused(HttpOutbound(resolve=answering([])).fetch(get(PAGE)), "does not resolve")


async def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    async with outside(tmp_path, hello, names=("evil.utopia.example",)) as world:
        await refused(world.fetch(get(PAGE)), "its certificate is not accepted: hostname mismatch")
        assert world.server.seen == []


async def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    _, tls = web_identity(tmp_path, HOST)
    async with serving(hello, tls=tls) as server:
        outbound = HttpOutbound(resolve=answering([PUBLIC]), network=Detour(server.port))
        await refused(outbound.fetch(get(PAGE)), "its certificate is not accepted")
        assert server.seen == []


async def test_a_server_without_tls_is_refused() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 welcome to the mail\r\n")
        writer.close()

    listening = await asyncio.start_server(greet, "127.0.0.1", 0)
    outbound = HttpOutbound(resolve=answering([PUBLIC]), network=Detour(listening.sockets[0].getsockname()[1]))
    await refused(outbound.fetch(get(PAGE)), "does not speak TLS")
    listening.close()


@pytest.mark.slow
async def test_a_file_without_roots_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(Unavailable, match="expected a PEM file"):
            HttpOutbound(web_authority=tmp_path / name)


@pytest.mark.slow
async def test_the_handshake_of_a_host_can_be_looked_at_under_the_same_rules(tmp_path: Path) -> None:
    async with outside(tmp_path, hello) as world:
        peer = await world.outbound.look(f"https://{HOST}")
        assert peer.version in ("TLSv1.2", "TLSv1.3")
        assert peer.not_after > 0
        assert [seen.target for seen in world.server.seen] == ["/"]
    async with outside(tmp_path, hello, names=("evil.utopia.example",)) as world:
        await refused(world.outbound.look(f"https://{HOST}"), "its certificate is not accepted: hostname mismatch")
    async with outside(tmp_path, hello, addresses=(["127.0.0.1"],)) as world:
        with pytest.raises(Unavailable):
            await world.outbound.look(f"https://{HOST}")


async def test_a_handshake_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    async def silent(exchange: Exchange) -> None:
        await asyncio.Event().wait()

    async with outside(tmp_path, silent, seconds=0.2) as world:
        await refused(world.outbound.look(f"https://{HOST}"), r"no answer within 0\.2 seconds")


# --- redirects ------------------------------------------------------------------------------------------------


def redirecting(status: int, *targets: str) -> Answer:
    left = list(targets)

    async def answer(exchange: Exchange) -> None:
        if left:
            await exchange.send(status, headers=[("Location", left.pop(0))])
        else:
            await hello(exchange)

    return answer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_response_is_never_posted_to_another_target(tmp_path: Path, status: int) -> None:
    async with outside(tmp_path, redirecting(status, "https://other.utopia.example/")) as world:
        request = HttpRequest(method="POST", url=PAGE, body=b"response=secret")
        response = await world.fetch(request)
        assert response.status == status
        assert len(world.server.seen) == 1
        with pytest.raises(ValueError, match="only a GET is redirected"):
            await world.fetch(request, redirects=1)


async def test_a_redirect_that_is_not_allowed_is_returned_as_it_is(tmp_path: Path) -> None:
    async with outside(tmp_path, redirecting(302, "https://other.utopia.example/")) as world:
        assert (await world.fetch(get(PAGE))).status == 302
        assert len(world.server.seen) == 1


async def test_redirects_are_followed_three_times_with_nothing_but_what_is_accepted(tmp_path: Path) -> None:
    targets = ("https://other.utopia.example/a", "/b", "../c?d#e")
    async with outside(tmp_path, redirecting(302, *targets)) as world:
        request = get(PAGE, ("accept", "text/plain"), ("authorization", "Bearer s3cret"), ("dpop", "s3cret"))
        assert (await world.fetch(request, redirects=3)).body == b"hello"
        assert [seen.target for seen in world.server.seen] == ["/lists/1?secret=s3cret", "/a", "/b", "/c?d"]
        assert {seen.header("accept") for seen in world.server.seen} == {"text/plain"}
        for seen in world.server.seen[1:]:
            assert seen.header("authorization") is None
            assert seen.header("dpop") is None
            assert seen.header("host") == "other.utopia.example"


async def test_a_fourth_redirect_is_not_followed(tmp_path: Path) -> None:
    async with outside(tmp_path, redirecting(302, *["/next"] * 9)) as world:
        assert (await world.fetch(get(PAGE), redirects=3)).status == 302
        assert len(world.server.seen) == 4
        with pytest.raises(ValueError, match="at most 3"):
            await world.fetch(get(PAGE), redirects=4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("https://127.0.0.1/admin", "not public"),
        ("https://[::ffff:127.0.0.1]/admin", "not public"),
        ("https://169.254.169.254/latest/meta-data", "not public"),
        ("http://other.utopia.example/", "expected https"),
        ("http://issuer.localhost:7101/", "it redirects to this machine"),
        ("https://issuer.localhost:7101/", "expected https, or an origin of this machine"),
        ("ftp://other.utopia.example/", "expected"),
        ("https://user@other.utopia.example/", "expected"),
    ],
)
async def test_a_redirect_inside_is_refused(tmp_path: Path, target: str, reason: str) -> None:
    own = frozenset({"http://issuer.localhost:7101"})
    async with outside(tmp_path, redirecting(302, target), loopback_origins=own) as world:
        await refused(world.fetch(get(PAGE), redirects=3), reason)
        assert len(world.server.seen) == 1


@pytest.mark.parametrize("location", [None, "https://[broken/"])
async def test_a_redirect_to_nowhere_is_returned_as_it_is(tmp_path: Path, location: str | None) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(302, headers=[] if location is None else [("Location", location)])

    async with outside(tmp_path, answer) as world:
        assert (await world.fetch(get(PAGE), redirects=3)).status == 302


# --- time, size and number ------------------------------------------------------------------------------------


async def test_a_slow_body_is_given_up(tmp_path: Path) -> None:
    async def drip(exchange: Exchange) -> None:
        await exchange.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while True:
            await exchange.raw(b"x")
            await asyncio.sleep(0.01)

    async with outside(tmp_path, drip, seconds=0.3) as world:
        await refused(world.fetch(get(PAGE)), "no answer within 0.3 seconds")


async def test_slow_headers_are_given_up(tmp_path: Path) -> None:
    async def drip(exchange: Exchange) -> None:
        await exchange.raw(b"HTTP/1.1 200 OK\r\n")
        while True:
            await exchange.raw(b"x: y\r\n")
            await asyncio.sleep(0.01)

    async with outside(tmp_path, drip, seconds=0.3) as world:
        await refused(world.fetch(get(PAGE)), "no answer within 0.3 seconds")


async def test_redirects_share_one_time_limit(tmp_path: Path) -> None:
    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.15)
        await exchange.send(302, headers=[("Location", "/next")])

    async with outside(tmp_path, slow, seconds=0.4) as world:
        await refused(world.fetch(get(PAGE), redirects=3), "no answer within 0.4 seconds")


async def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.raw(b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n")

    async with outside(tmp_path, endless) as world:
        await refused(world.fetch(get(PAGE)), "headers are too large")


@pytest.mark.parametrize("framing", ["content-length: 5000", "transfer-encoding: chunked", "connection: close"])
async def test_a_body_over_the_limit_is_refused(tmp_path: Path, framing: str) -> None:
    async def much(exchange: Exchange) -> None:
        body = b"1388\r\n" + b"x" * 5_000 + b"\r\n0\r\n\r\n" if "chunked" in framing else b"x" * 5_000
        await exchange.raw(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode() + body)
        if "close" in framing:
            exchange.writer.close()

    async with outside(tmp_path, much) as world:
        await refused(world.fetch(get(PAGE), max_bytes=4_999), "more than 4999 bytes")
        assert len((await world.fetch(get(PAGE), max_bytes=5_000)).body) == 5_000


async def test_a_compressed_body_is_opened(tmp_path: Path) -> None:
    async def packed(exchange: Exchange) -> None:
        assert exchange.header("accept-encoding") == "gzip"
        await exchange.send(body=gzip.compress(b"hello" * 1_000), headers=[("Content-Encoding", "gzip")])

    async with outside(tmp_path, packed) as world:
        response = await world.fetch(get(PAGE))
        assert response.body == b"hello" * 1_000
        assert response.header("content-encoding") is None


@pytest.mark.slow
async def test_a_gzip_bomb_does_not_go_off(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(100 << 20))

    async def explode(exchange: Exchange) -> None:
        await exchange.send(body=bomb, headers=[("Content-Encoding", "gzip")])

    async with outside(tmp_path, explode) as world:
        tracemalloc.start()
        await refused(world.fetch(get(PAGE), max_bytes=1 << 18), "more than 262144 bytes")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4 << 20


async def test_a_compressed_body_has_its_limit_on_the_wire_too(tmp_path: Path) -> None:
    """A comment in its head (RFC 1952 section 2.3) may be of any length, and nothing comes out of it."""
    plain = gzip.compress(b"hello")
    commented = plain[:3] + b"\x10" + plain[4:10] + b"c" * 2_000 + b"\0" + plain[10:]
    assert gzip.decompress(commented) == b"hello"

    async def talk(exchange: Exchange) -> None:
        await exchange.send(body=commented, headers=[("Content-Encoding", "gzip")])

    async with outside(tmp_path, talk) as world:
        assert (await world.fetch(get(PAGE))).body == b"hello"
        await refused(world.fetch(get(PAGE), max_bytes=1_000), "more than 1000 bytes")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"hello"),
        ("deflate", b"hello"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"hello"))),
        ("gzip", b"hello"),
        ("gzip", gzip.compress(b"hello")[:-4]),
        ("gzip", gzip.compress(b"hello") + b"more"),
    ],
)
async def test_an_encoding_that_was_not_asked_for_or_is_broken_is_refused(
    tmp_path: Path, encoding: str, body: bytes
) -> None:
    async def odd(exchange: Exchange) -> None:
        await exchange.send(body=body, headers=[("Content-Encoding", encoding)])

    async with outside(tmp_path, odd) as world:
        await refused(world.fetch(get(PAGE)), "encoding that was not asked for, or broken")


async def test_what_is_not_http_is_refused(tmp_path: Path) -> None:
    async def babble(exchange: Exchange) -> None:
        await exchange.raw(b"SSH-2.0-whatever\r\n\r\n")
        exchange.writer.close()

    async with outside(tmp_path, babble) as world:
        await refused(world.fetch(get(PAGE)), "does not answer in HTTP/1.1")


async def test_a_connection_that_breaks_is_unavailable(tmp_path: Path) -> None:
    async def cut(exchange: Exchange) -> None:
        await exchange.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        exchange.writer.close()

    async with outside(tmp_path, cut) as world:
        await refused(world.fetch(get(PAGE)), "connection broke|does not answer in HTTP")


@pytest.mark.slow
async def test_so_many_fetches_run_at_once_and_no_more(tmp_path: Path) -> None:
    together, most, all_there = 0, 0, asyncio.Event()

    async def wait(exchange: Exchange) -> None:
        nonlocal together, most
        together += 1
        most = max(most, together)
        if together == 32:
            all_there.set()
        await all_there.wait()
        together -= 1
        await exchange.send()

    async with outside(tmp_path, wait) as world:
        await asyncio.gather(*(world.fetch(get(PAGE)) for _ in range(40)))
        assert len(world.server.seen) == 40
        assert most == 32


# --- this machine ---------------------------------------------------------------------------------------------


async def test_an_origin_of_this_machine_is_fetched_when_it_is_named() -> None:
    async with serving(hello) as server:
        origin = f"http://issuer.localhost:{server.port}"
        outbound = HttpOutbound(loopback_origins=frozenset({origin}))
        assert (await outbound.fetch(get(f"{origin}/lists/1"))).body == b"hello"
        assert server.seen[0].header("host") == f"issuer.localhost:{server.port}"
        await refused(outbound.fetch(get(f"http://verifier.localhost:{server.port}/lists/1")), "expected https")
        await refused(outbound.fetch(get(f"http://issuer.localhost:{server.port + 1}/lists/1")), "expected https")
        await refused(outbound.fetch(get(f"https://issuer.localhost:{server.port}/lists/1")), "expected https")
        await outbound.aclose()


async def test_a_role_of_this_machine_may_redirect_to_another() -> None:
    async def redirect(exchange: Exchange) -> None:
        if exchange.target == "/first":
            await exchange.send(302, headers=[("Location", f"http://b.localhost:{server.port}/second")])
        else:
            await hello(exchange)

    async with serving(redirect) as server:
        origins = frozenset({f"http://a.localhost:{server.port}", f"http://b.localhost:{server.port}"})
        outbound = HttpOutbound(loopback_origins=origins)
        response = await outbound.fetch(get(f"http://a.localhost:{server.port}/first"), redirects=1)
        assert response.body == b"hello"
        await outbound.aclose()


async def test_this_machine_speaks_tls_too(tmp_path: Path) -> None:
    roots, tls = web_identity(tmp_path, "issuer.localhost")
    async with serving(hello, tls=tls) as server:
        origin = f"https://issuer.localhost:{server.port}"
        outbound = HttpOutbound(loopback_origins=frozenset({origin}), web_authority=roots)
        assert (await outbound.fetch(get(f"{origin}/lists/1"))).body == b"hello"
        await outbound.aclose()


async def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{closed.getsockname()[1]}"
        outbound = HttpOutbound(loopback_origins=frozenset({origin}))
        await refused(outbound.fetch(get(f"{origin}/lists/1")), "it refuses the connection")


@pytest.mark.parametrize("origin", ["http://issuer.example", "http://10.0.0.1", "http://localhost.example", "nonsense"])
async def test_only_this_machine_is_named_as_this_machine(origin: str) -> None:
    with pytest.raises(Unavailable, match="not an origin of this machine"):
        HttpOutbound(loopback_origins=frozenset({origin}))


async def test_the_next_address_is_tried_when_one_does_not_answer(tmp_path: Path) -> None:
    class Flaky(Detour):
        async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):  # noqa: ASYNC109
            if host == PUBLIC:
                self.port, working = 1, self.port
                try:
                    return await super().connect_tcp(host, port, timeout, local_address, socket_options)
                finally:
                    self.port = working
            return await super().connect_tcp(host, port, timeout, local_address, socket_options)

    roots, tls = web_identity(tmp_path, HOST)
    async with serving(hello, tls=tls) as server:
        network = Flaky(server.port)
        addresses = [PUBLIC, PUBLIC, OTHER_PUBLIC]
        outbound = HttpOutbound(web_authority=roots, resolve=answering(addresses), network=network)
        assert (await outbound.fetch(get(PAGE))).body == b"hello"
        assert network.opened == [(PUBLIC, 443), (OTHER_PUBLIC, 443)]
        await outbound.aclose()
