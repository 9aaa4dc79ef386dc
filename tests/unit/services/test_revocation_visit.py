"""Lists of revoked certificates are fetched side by side: a host that hangs holds up its own alone."""

import asyncio
from collections import Counter
from urllib.parse import urlsplit

import pytest

from zegel.errors import Malformed, Unavailable
from zegel.services.revocation_visit import VISIT_SECONDS, Fetched, fetch_side_by_side
from zegel.services.trust_ports import RevocationList

pytestmark = pytest.mark.anyio
HANGING = "hanging.example"
BROKEN = "broken.example"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def addresses(host: str, count: int) -> list[str]:
    return [f"https://{host}/{number}.crl" for number in range(count)]


class Hosts:
    """A ``RevocationSource``. A host that hangs never answers; of each is known how many asked it at once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def fetch(self, url: str) -> RevocationList:
        host = urlsplit(url).netloc
        self.asked.append(url)
        for name in (host, "all"):
            self.now[name] += 1
            self.most[name] = max(self.most[name], self.now[name])
        try:
            await (asyncio.Event().wait() if host == HANGING else asyncio.sleep(0))
        finally:
            self.now.subtract((host, "all"))
        if host == BROKEN:
            raise Unavailable(host, "it refuses the connection")
        return RevocationList(url.encode())


async def visit(hosts: Hosts, urls: list[str], *, seconds: float = VISIT_SECONDS) -> dict[str, object]:
    found: dict[str, object] = {}
    fetched: Fetched
    async for fetched in fetch_side_by_side(hosts, urls, seconds=seconds):
        found |= fetched
    return found


async def test_all_are_fetched_once_so_many_at_a_time_and_fewer_of_one_host() -> None:
    hosts = Hosts()
    urls = addresses("one.example", 20) + [f"https://{number}.example/list.crl" for number in range(100)]
    assert await visit(hosts, urls) == {url: RevocationList(url.encode()) for url in urls}
    assert sorted(hosts.asked) == sorted(urls)
    assert (hosts.most["all"], hosts.most["one.example"]) == (16, 4)


async def test_a_host_that_hangs_or_fails_holds_up_nobody_else() -> None:
    hosts = Hosts()
    others = [f"https://{number}.example/list.crl" for number in range(200)]
    broken = f"https://{BROKEN}/1.crl"
    found = await visit(hosts, [*addresses(HANGING, 55), broken, *others], seconds=0.2)
    assert found.keys() == {broken, *others}
    assert isinstance(found[broken], Unavailable)
    assert hosts.most[HANGING] == 4
    assert hosts.now["all"] == 0, "what was asked in vain is asked no more"


async def test_what_is_no_list_is_handed_over_as_what_it_is() -> None:
    class Pages:
        async def fetch(self, url: str) -> RevocationList:
            raise Malformed("list of revoked certificates", "", f"{url} is a page")

    (page,) = [each async for each in fetch_side_by_side(Pages(), ["https://a.example/"], seconds=VISIT_SECONDS)]
    assert isinstance(page["https://a.example/"], Malformed)


async def test_what_is_no_address_keeps_nobody_elses_list_away() -> None:
    hosts = Hosts()
    urls = ["http://[astray/list.crl", "https://one.example/list.crl", "ldap:///CN=list", ""]

    class Askable:
        async def fetch(self, url: str) -> RevocationList:
            if url != urls[1]:
                raise Unavailable("outbound", "expected an absolute http or https URL")
            return await hosts.fetch(url)

    found: dict[str, object] = {}
    async for fetched in fetch_side_by_side(Askable(), urls, seconds=VISIT_SECONDS):
        found |= fetched
    assert found.keys() == set(urls)
    assert [url for url in urls if isinstance(found[url], RevocationList)] == [urls[1]]


async def test_one_host_is_one_however_it_is_spelled() -> None:
    hosts, most = Hosts(), 0

    class Spelled:
        async def fetch(self, url: str) -> RevocationList:
            nonlocal most
            found = await hosts.fetch(url.lower().replace(":443", ""))
            most = max(most, hosts.most["one.example"])
            return found

    urls = [
        f"https://{host}/{number}.crl"
        for host in ("one.example", "ONE.example", "one.example:443")
        for number in range(5)
    ]
    async for _ in fetch_side_by_side(Spelled(), urls, seconds=VISIT_SECONDS):
        pass
    assert most == 4


async def test_nothing_is_fetched_from_nowhere() -> None:
    assert await visit(Hosts(), []) == {}
