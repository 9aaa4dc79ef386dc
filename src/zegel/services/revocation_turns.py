"""Which lists of revoked certificates are fetched when: all that are named, in turn, those needed soonest first.

A visit asks until its time is over. Every second place goes to an address that somebody was just refused for, or whose
list ends next; the others go round, so that each is asked after a bounded number of visits, however many there are and
however many of them hang.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from itertools import chain, islice
from typing import Final, final

from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.crl import UnverifiedCrl, parse_crl
from zegel.primitives.x509 import Certificate
from zegel.services.ports import Clock
from zegel.services.revocation_visit import fetch_side_by_side
from zegel.services.trust_ports import RevocationList, RevocationSource
from zegel.trust.revocation import ServedLists

MAX_ADDRESSES: Final = 4_096  # of lists; a Member State has a handful of authorities, some with a list in parts
MAX_SERVED_BYTES: Final = 1 << 24  # of lists that an anchor signed, and of others; in memory they take three times that
_WHAT: Final = "list of revoked certificates"
_NEVER: Final = float("inf")

Issuers = Callable[[str], Iterable[Certificate]]
"""The anchors that bear a name."""


@final
class RevocationTurns:
    """The lists as their addresses served them last; ``errors`` says why the last fetch of some failed."""

    def __init__(self, source: RevocationSource, *, clock: Clock, seconds: float) -> None:
        self._source = source
        self._clock = clock
        self._seconds = seconds
        self._turn = 0
        self._asked: dict[str, int] = {}
        self._taken: tuple[int, ...] = (0, 0)
        self.served: Mapping[str, ServedLists] = {}
        self.errors: dict[str, ZegelError] = {}

    def lists(self) -> Iterator[UnverifiedCrl]:
        """Those that there are."""
        return chain.from_iterable(served.lists() for served in self.served.values())

    def due(self) -> Iterator[int]:
        """When each is to be fetched again at the latest."""
        return chain.from_iterable(served.due() for served in self.served.values())

    async def fetch(self, url: str) -> RevocationList:
        """See ``RevocationSource``: it is noted that the address had its turn."""
        self._asked[url] = self._turn
        return await self._source.fetch(url)

    async def visit(
        self, named: Iterable[str], *, wanted: frozenset[str], issuers: Issuers
    ) -> AsyncGenerator[Mapping[str, ServedLists]]:
        """Fetch what is ``named``; what is so no more is forgotten. Yields what there is when that may have changed.

        ``wanted`` are addresses that a chain to an anchor has named, and whose list was not there.
        """
        addresses = tuple(islice(dict.fromkeys(named), MAX_ADDRESSES))
        self.served = {url: self.served.get(url, ServedLists()) for url in addresses}
        self._asked = {url: self._asked.get(url, 0) for url in addresses}
        self._taken = tuple(map(sum, zip((0, 0), *(served.sizes for served in self.served.values()), strict=True)))
        yield self.served
        self._turn += 1
        self.errors, left = {}, set(addresses)
        visit = fetch_side_by_side(self, self._in_turn(addresses, wanted), seconds=self._seconds)
        async with aclosing(visit) as fetched:
            async for come in fetched:
                left -= come.keys()
                served = dict(self.served)
                for url, each in come.items():
                    self._take(served, url, each, issuers)
                self.served = served
                yield served
        for url in left:
            detail = f"not fetched within the {self._seconds:g} seconds that there are for all of them"
            self.errors[url] = Unavailable(_WHAT, detail)

    def _in_turn(self, addresses: tuple[str, ...], wanted: frozenset[str]) -> list[str]:
        by_need = sorted(addresses, key=lambda url: self._needed_at(url, wanted))
        by_turn = sorted(addresses, key=lambda url: self._asked[url])
        return list(dict.fromkeys(chain.from_iterable(zip(by_need, by_turn, strict=True))))

    def _needed_at(self, url: str, wanted: frozenset[str]) -> float:
        ends = [each.unverified_next_update for each in self.served[url].lists()]
        return min(ends, default=0 if url in wanted else _NEVER)

    def _take(
        self,
        served: dict[str, ServedLists],
        url: str,
        come: RevocationList | ZegelError,
        issuers: Issuers,
    ) -> None:
        """What an address serves now; it stays as it was where what came is nothing to be believed."""
        now = self._clock.now()
        try:
            if isinstance(come, ZegelError):
                raise come
            crl, before = parse_crl(come.body), served[url]
            # by a clock that was ahead it would be believed for as long as that
            served_at = now if come.kept_since is None else min(come.kept_since, now)
            after = before.followed_by(crl, issuers=issuers(crl.unverified_issuer), now=now, served_at=served_at)
            self._take_room(before, after)
            served[url] = after
        except (Malformed, Rejected, Unavailable) as error:
            self.errors[url] = error

    def _take_room(self, before: ServedLists, after: ServedLists) -> None:
        """What is unproven takes no room from what an anchor signed: whoever stands between could bring any of it."""
        taken = tuple(there + new - old for there, new, old in zip(self._taken, after.sizes, before.sizes, strict=True))
        if max(taken) > MAX_SERVED_BYTES:
            raise Unavailable(_WHAT, f"there is room for {MAX_SERVED_BYTES} bytes of lists, and others have them")
        self._taken = taken
