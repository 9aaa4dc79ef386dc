"""Trust lists of health, fetched when there is a network, and believed as they were kept when there is none.

What does not parse, what has nobody on it, and what goes back behind the kept list takes the place of none. A list is
as good as where it comes from: its operator's address is configured, and is asked over TLS.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final, Protocol, TypeAlias, final
from urllib.parse import urlsplit

from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.formats.hcert.believed import BelievedList, believed_for_its_source
from zegel.formats.hcert.gateway import check_vouched
from zegel.formats.hcert.list_change import check_replaces
from zegel.formats.hcert.lists import MAX_TRUST_LIST, UnverifiedTrustList, parse_trust_list
from zegel.primitives.http import HttpRequest
from zegel.primitives.x509 import DAY
from zegel.services.health import HealthDesk, HealthFolder, HealthList
from zegel.services.ports import Clock, Outbound

_REDIRECTS: Final = 3  # as for the lists of trusted entities; each target is checked again


class HealthShelf(Protocol):
    """Where fetched lists are kept over a restart."""

    def load(self, url: str) -> bytes | None:
        """A list as it was kept last; None where none is that can be read."""
        ...

    def keep(self, url: str, body: bytes, *, at: int) -> None:
        """Keep a list in place of the one of before; ``Unavailable`` where that cannot be written."""
        ...


Anchors: TypeAlias = Collection[bytes] | None
"""The gateway's trust anchors, as DER; None where none is known, and a list is believed for its source."""


async def fetch_health_list(url: str, *, outbound: Outbound, anchors: Anchors) -> tuple[bytes, BelievedList]:
    """A list, as it came and read; ``Unavailable``, or ``Malformed`` for what is none and for one without signers.

    With ``anchors`` it has to be the gateway's, or is ``Rejected``, and those are on it that they vouch for.
    """
    request = HttpRequest(method="GET", url=url, headers=(("accept", "application/json"),))
    response = await outbound.fetch(request, redirects=_REDIRECTS, max_bytes=MAX_TRUST_LIST)
    if response.status != 200:
        raise Unavailable(urlsplit(url).hostname or url, f"expected status 200, got {response.status}")
    read = partial(read_health_list, response.body, anchors=anchors)
    believed = await asyncio.to_thread(read)  # hundreds of certificates take a while
    if not believed.signers:
        raise Malformed("trust list", "", f"expected somebody on it; {len(believed.left_out)} entries cannot be read")
    return response.body, believed


async def take_health_list(
    url: str,
    *,
    shelf: HealthShelf,
    outbound: Outbound,
    at: int,
    may_lose: int,
    accepted: bool = False,
    anchors: Anchors,
) -> BelievedList:
    """Fetch a list and keep it; as ``fetch_health_list``, and ``Rejected`` as ``check_replaces``."""
    body, fetched = await fetch_health_list(url, outbound=outbound, anchors=anchors)
    before = shelf.load(url)
    kept = None if before in (None, body) else await asyncio.to_thread(_kept, before, anchors)
    check_replaces(fetched, kept=kept, may_lose=may_lose, accepted=accepted, now=at)
    shelf.keep(url, body, at=at)
    return fetched


def read_health_list(data: bytes, *, anchors: Anchors) -> BelievedList:
    """A list, with those alone that the gateway's ``anchors`` vouch for, where they are known; ``Malformed`` for what
    is none, and ``Rejected`` as ``check_vouched``."""
    return believe(parse_trust_list(data), anchors=anchors)


def believe(parsed: UnverifiedTrustList, *, anchors: Anchors) -> BelievedList:
    """Of a list, those that the anchors vouch for, or all where there are none."""
    return believed_for_its_source(parsed) if anchors is None else check_vouched(parsed, anchors=anchors)


def _kept(before: bytes, anchors: Anchors) -> BelievedList | None:
    """What is kept; what a disk has broken, or is of the time before the anchor, keeps no list out."""
    with suppress(Malformed, Rejected):
        return read_health_list(before, anchors=anchors)
    return None


@final
class HealthLists:
    """Keeps a desk's lists fresh. ``reopen`` makes a desk of what is kept, and of the other files, as they are now;
    ``anchors`` reads the gateway's, as its file is now."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        desk: HealthDesk,
        reopen: Callable[[], HealthDesk],
        shelf: HealthShelf,
        outbound: Outbound,
        clock: Clock,
        may_lose: int,
        anchors: Callable[[], Anchors],
    ) -> None:
        self._urls = urls
        self._desk = desk
        self._reopen = reopen
        self._clock = clock
        self._take_list = partial(take_health_list, shelf=shelf, outbound=outbound, may_lose=may_lose)
        self._anchors = anchors
        self._held_back: dict[str, str] = {}

    async def refresh(self) -> tuple[ZegelError, ...]:
        """Fetch each list and read everything again; what went wrong, for which the desk goes on with what it had."""
        failed: list[ZegelError] = []
        for url in self._urls:
            try:
                await self._take(url)
            except (Unavailable, Malformed, Rejected) as error:
                failed.append(error)
        grounds = self._desk.grounds
        try:
            grounds = (await asyncio.to_thread(self._reopen)).grounds
        except (Unavailable, Malformed) as error:
            failed.append(error)
        lists = tuple(replace(each, held_back=self._held_back.get(each.url, "")) for each in grounds.lists)
        self._desk.grounds = replace(grounds, lists=lists)
        return tuple(failed)

    async def _take(self, url: str) -> None:
        """Take one list; that it was held back is said until another one is taken."""
        try:
            await self._take_list(url, at=self._clock.now(), anchors=self._anchors())
        except Rejected as error:
            self._held_back[url] = error.detail
            raise
        self._held_back.pop(url, None)


def list_age(each: HealthList, *, now: int) -> str:
    """How many signers a list has, and how old it is, as far as that is known; of one that is passed over, why."""
    if each.unread:
        return f"{each.name} cannot be read, and is passed over: {each.unread}"
    said = f"{each.name}: {each.signers} signer{'' if each.signers == 1 else 's'}"
    if each.as_of is not None:
        said += f", as of {datetime.fromtimestamp(each.as_of, UTC).date().isoformat()}"
    if each.fetched_at is not None:
        said += f", fetched {_ago(each.fetched_at, now=now)}"
    return f"{said}; another one is held back: {each.held_back}" if each.held_back else said


def list_ages(lists: Sequence[HealthList], *, now: int) -> tuple[str, ...]:
    """The same for those whose age is known."""
    return tuple(list_age(each, now=now) for each in lists if (each.fetched_at, each.as_of) != (None, None))


def old_lists(lists: Sequence[HealthList], *, now: int, old: int) -> tuple[HealthList, ...]:
    """Those that were fetched so long ago that it has to be said, those that never were, and those that another list is
    held back for."""

    def is_old(each: HealthList) -> bool:
        return each.fetched_at is not None and now - each.fetched_at >= old

    lists = [each for each in lists if not each.unread]
    return tuple(each for each in lists if not each.signers or each.held_back or is_old(each))


def folder_ages(folders: Sequence[HealthFolder], *, now: int) -> tuple[str, ...]:
    """How many files there are, and when the newest was written: a batch, a slice or a rule does not say of itself when
    it was handed out."""
    return tuple(_folder_age(each, now=now) for each in folders)


def old_folders(folders: Sequence[HealthFolder], *, now: int, old: int) -> tuple[HealthFolder, ...]:
    """Of those that have to be new, the ones whose newest file was written so long ago that it has to be said, or that
    have none."""
    return tuple(each for each in folders if each.ages and (each.newest is None or now - each.newest >= old))


def _folder_age(each: HealthFolder, *, now: int) -> str:
    if each.newest is None:
        return f"{each.name}: no file"
    day, ago = datetime.fromtimestamp(each.newest, UTC).date().isoformat(), _ago(each.newest, now=now)
    if each.files == 1:
        return f"{each.name}: 1 file, written on {day}, {ago}"
    return f"{each.name}: {each.files} files, the newest written on {day}, {ago}"


def _ago(then: int, *, now: int) -> str:
    days = max(0, now - then) // DAY
    return "today" if days == 0 else "a day ago" if days == 1 else f"{days} days ago"
