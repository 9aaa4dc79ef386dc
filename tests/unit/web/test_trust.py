"""The publisher of trust over HTTP."""

from pathlib import Path

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.published_lists import PublishedLists
from zegel.errors import Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.trust import Trust
from zegel.web.app.roles import World
from zegel.web.app.trust import open_trust

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> World:
    clock = ManualClock(NOW)
    trust = Trust((), fixed=(), clock=clock)
    config = sandbox_at(tmp_path)
    return World(config=config, clock=clock, random=system_random, outbound=Loopback({}), trust=trust)


async def get(world: World, path: str, *headers: tuple[str, str]) -> HttpResponse:
    role = await open_trust(world)
    (listener,) = role.listeners
    response = await listener.handle(HttpRequest(method="GET", url=listener.origin + path, headers=headers))
    role.close()
    return response


@pytest.mark.requirement("TLPub_04")
@pytest.mark.requirement("TLPub_05")
async def test_a_list_is_served_byte_for_byte(world: World) -> None:
    response = await get(world, "/lists/pid-providers.jwt")
    assert response.body == (world.config.trust.folder / "pid-providers.jwt").read_bytes()
    assert response.header("content-type") == "application/jose"
    assert response.header("cache-control") == "public, max-age=300"
    assert response.header("access-control-allow-origin") == "*"


async def test_a_reader_that_has_it_is_not_sent_it_again(world: World) -> None:
    tag = (await get(world, "/lists/pid-providers.jwt")).header("etag") or ""
    assert (await get(world, "/lists/pid-providers.jwt", ("if-none-match", tag))).status == 304
    assert (await get(world, "/lists/pid-providers.jwt", ("if-none-match", "*"))).status == 304
    assert (await get(world, "/lists/pid-providers.jwt", ("if-none-match", '"other"'))).status == 200


async def test_what_an_authority_revoked_is_served_byte_for_byte(world: World) -> None:
    response = await get(world, "/crl/access.crl")
    assert response.body == (world.config.trust.folder / "crl" / "access.crl").read_bytes()
    assert response.header("content-type") == "application/pkix-crl"
    assert response.header("cache-control") == "public, max-age=300"
    for name in ("nothing.crl", "..%2Foperator.pem", "web.crl"):
        assert (await get(world, f"/crl/{name}")).status == 404


async def test_a_list_in_xml_is_served_byte_for_byte_and_nothing_beside_it(world: World) -> None:
    folder = world.config.trust.folder / "qualified"
    response = await get(world, "/qualified/utopia.xml")
    assert (response.status, response.header("content-type")) == (200, "application/vnd.etsi.tsl+xml")
    assert response.body == (folder / "utopia.xml").read_bytes()
    for name in ("journal.pem", "qualified.toml", "other.xml"):
        assert (await get(world, f"/qualified/{name}")).status == 404
    folder.rename(folder.with_name("elsewhere"))
    assert (await get(world, "/qualified/utopia.xml")).status == 404, "where there are none"


async def test_whoever_replaces_a_file_has_published_it(world: World) -> None:
    file = world.config.trust.folder / "pid-providers.jwt"
    file.write_bytes(b"another")
    assert (await get(world, "/lists/pid-providers.jwt")).body == b"another"


@pytest.mark.parametrize(
    "name", ["nothing.jwt", "operator.pem", "..%2Fzegel.toml", "..%2Fkeys%2Fissuer.key.pem", "%2Fetc%2Fpasswd"]
)
async def test_nothing_else_is_served(world: World, name: str) -> None:
    assert (await get(world, f"/lists/{name}")).status == 404


@pytest.mark.requirement("TLPub_05")
async def test_the_page_says_what_each_list_says_of_itself(world: World) -> None:
    text = (await get(world, "/")).body.decode()
    for words in ("Providers of PIDs", "Wallet providers", "/lists/wallet-providers.jwt", "2026-11-22"):
        assert words in text


async def test_a_file_that_cannot_be_read_is_said_to_be_so(world: World) -> None:
    (world.config.trust.folder / "broken.jwt").write_text("nonsense")
    text = (await get(world, "/")).body.decode()
    assert "broken.jwt" in text
    assert "it cannot be read" in text


async def test_an_empty_folder_has_a_page_too(world: World) -> None:
    for file in world.config.trust.folder.glob("*.jwt"):
        file.unlink()
    assert "No list has been published" in (await get(world, "/")).body.decode()


async def test_the_page_has_its_style(world: World) -> None:
    assert (await get(world, "/static/zegel.css")).status == 200


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        PublishedLists(tmp_path / "missing").names()
