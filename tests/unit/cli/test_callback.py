"""Where a browser comes back to: what else comes there is answered and forgotten."""

import asyncio

import pytest

from zegel.cli.callback import ADDRESS, Callback, listening

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def asked(callback: Callback, target: str) -> bytes:
    """The first line of the answer."""
    host = callback.redirect_uri.split("/")[2]
    reader, writer = await asyncio.open_connection(ADDRESS, int(host.rpartition(":")[2]))
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n")[0]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("//[x", b"400 Bad Request"),
        ("/elsewhere?state=s", b"404 Not Found"),
        ("/callback?state=s&state=s", b"400 Bad Request"),
        ("/callback?state=other", b"400 Bad Request"),
    ],
    ids=["no address", "another page", "twice", "another state"],
)
async def test_what_nothing_waits_for_is_answered_and_the_wait_goes_on(target: str, status: bytes) -> None:
    async with listening() as callback:
        waiting = asyncio.create_task(callback.wait("s", seconds=10))
        assert status in await asked(callback, target)
        assert b"200 OK" in await asked(callback, "/callback?state=s&code=c")
        assert await waiting == callback.redirect_uri + "?state=s&code=c"
