"""The lists of revoked certificates, fetched side by side: so many at a time, fewer of one host, within one deadline.

Who hangs holds up nobody but who stands at the same host. What comes is handed over as it comes.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final

from zegel.errors import Malformed, Unavailable
from zegel.primitives.http import origin_of
from zegel.services.trust_ports import RevocationList, RevocationSource

VISIT_SECONDS: Final = 180.0  # nearly three hundred lists, if each host takes the ten seconds that it has
_SIDE_BY_SIDE: Final = 16  # half of what there may be on the one way out, so that others get through meanwhile
_OF_ONE_HOST: Final = 4  # one that hangs holds up a quarter of them, and the others go on
_TOGETHER: Final = 1.0  # seconds, after which what has come is handed over: new anchors are worth so much work


Fetched = Mapping[str, RevocationList | Malformed | Unavailable]


async def fetch_side_by_side(
    source: RevocationSource, urls: Sequence[str], *, seconds: float
) -> AsyncGenerator[Fetched]:
    """Fetch each address once, those first that stand first; what is not there after so many ``seconds`` is left out.

    Yields what has come, or why it did not, by address.
    """
    clock = asyncio.get_running_loop()
    end, every = clock.time() + seconds, asyncio.Semaphore(_SIDE_BY_SIDE)
    hosts = {_host(url): asyncio.Semaphore(_OF_ONE_HOST) for url in urls}
    tasks = {asyncio.create_task(_fetch(source, url, hosts[_host(url)], every)): url for url in urls}
    waiting = set(tasks)
    try:
        while waiting and (left := end - clock.time()) > 0:
            come, waiting = await asyncio.wait(waiting, timeout=min(left, _TOGETHER))
            if come:
                yield {tasks[task]: task.result() for task in come}
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _host(url: str) -> str:
    """Whose turn an address takes: a certificate may name anything, and what is no address is refused when it is asked
    for."""
    try:
        return origin_of(url, what="URL")
    except Malformed:
        return ""


async def _fetch(
    source: RevocationSource, url: str, host: asyncio.Semaphore, every: asyncio.Semaphore
) -> RevocationList | Malformed | Unavailable:
    async with host, every:  # who waits for its own host takes nobody's place
        try:
            return await source.fetch(url)
        except (Malformed, Unavailable) as error:
            return error
