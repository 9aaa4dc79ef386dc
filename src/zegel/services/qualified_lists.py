"""Trusted lists in XML, kept fresh: the list of the lists, its pivots, and the national lists that it points to.

What holds for every list holds here: one that cannot be had or is refused leaves the last good one in place until its
next update, or for a day. A national list counts for as long as the list of the lists does, and points to it with the
certificate that it is signed with. Reading one takes tens of milliseconds, and is done in a thread.
"""

from asyncio import Lock, Semaphore, gather, to_thread
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, TypeAlias, final

from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.services.ports import Clock
from zegel.services.trust_ports import MAX_AGE, KeptList, ListHealth, ListShelf, TrustedTerritory
from zegel.trust.lists.xml.parse import UnverifiedXmlList, parse_xml_list
from zegel.trust.lists.xml.values import QualifiedService, XmlListPointer, XmlListType
from zegel.trust.lists.xml.verify import (
    MAX_PIVOTS,
    VerifiedXmlList,
    pivots_of,
    pointer_by_hand,
    verify_list_of_lists,
    verify_national_list,
)

MAX_NATIONAL_LISTS: Final = 64  # the list of the lists points to thirty-one
_AT_ONCE: Final = 2  # lists that are fetched and read: one is four million bytes, and ten times that as a tree

Fetch: TypeAlias = Callable[[], Awaitable[bytes]]
Judge: TypeAlias = Callable[[bytes, int], Awaitable[TrustedTerritory]]
"""Parses and verifies a list; the number is the highest that was seen of it."""


class QualifiedSource(Protocol):
    """Where lists in XML begin, and for what those on them are trusted."""

    @property
    def signers(self) -> tuple[bytes, ...]:
        """The certificates, as DER, one of which signs the first list."""
        ...

    @property
    def territories(self) -> frozenset[str]:
        """Whose national lists count; none stands for all."""
        ...

    @property
    def types(self) -> frozenset[str]:
        """The attestation types that those on the lists may issue."""
        ...

    @property
    def services(self) -> frozenset[QualifiedService]:
        """The services that make somebody an issuer."""
        ...

    async def fetch(self) -> bytes:
        """The first list as it stands now; ``Unavailable`` when it cannot be had."""
        ...

    async def follow(self, url: str) -> bytes:
        """A list that another one names; ``Unavailable`` when it cannot be had."""
        ...

    def shelf(self, url: str | None) -> ListShelf | None:
        """Where a list is kept, the first one by None; None for nowhere."""
        ...


@final
@dataclass(slots=True, kw_only=True)
class _Place:
    """A list, and what was taken last from its address. ``territory`` is whose it is said to be before it is there."""

    type: XmlListType
    territory: str
    shelf: ListShelf | None
    taken: TrustedTerritory | None = None
    fetched_at: int = 0
    seen: int = 0
    error: ZegelError | None = None

    @property
    def until(self) -> int:
        return 0 if self.taken is None else min(self.taken.next_update, self.fetched_at + MAX_AGE)


@final
class QualifiedLists:
    """A ``QualifiedTrust`` from one list of lists, or from one national list."""

    def __init__(self, source: QualifiedSource, *, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._first = _Place(type=XmlListType.LIST_OF_LISTS, territory="", shelf=source.shelf(None))
        self._national: dict[str, _Place] = {}
        self._pivots: dict[str, UnverifiedXmlList] = {}
        self._unpacked = False
        self._turn = Lock()  # of two that overtake each other, the older list would be the later to be taken
        self._gate = Semaphore(_AT_ONCE)

    async def refresh(self) -> None:
        """See ``QualifiedTrust``."""
        async with self._turn:
            if not self._unpacked:
                self._unpacked = True
                await self.unpack()
            await self._renew(self._first, self._source.fetch, self._judge_first)
            await gather(*(self._renew(place, fetch, judge) for place, fetch, judge in self._followed()))

    async def unpack(self) -> None:
        """Take what was kept; nothing is fetched but a pivot that is not kept."""
        await self._unpack(self._first, self._judge_first)
        await gather(*(self._unpack(place, judge) for place, _, judge in self._followed()))

    def in_force(self) -> tuple[TrustedTerritory, ...]:
        """See ``QualifiedTrust``."""
        now = self._clock.now()
        if now >= self._first.until:
            return ()
        return tuple(each.taken for each in self._places() if each.taken is not None and now < each.until)

    def overdue(self) -> tuple[str, ...]:
        """See ``QualifiedTrust``."""
        now = self._clock.now()
        late = (place for place in self._places() if place.taken is not None and now >= place.until)
        return tuple(self._health(place).title for place in late)

    def health(self) -> tuple[ListHealth, ...]:
        """See ``QualifiedTrust``: the first list, those that it points to, and those that it ought to point to."""
        return tuple(map(self._health, (*self._places(), *self._not_pointed_to())))

    def _places(self) -> tuple[_Place, ...]:
        return (self._first, *self._national.values())

    def _not_pointed_to(self) -> Iterator[_Place]:
        """The territories that are wanted, and that the list of the lists knows nothing of."""
        if self._first.taken is None or self._first.taken.type is XmlListType.NATIONAL:
            return
        for territory in sorted(self._source.territories - {each.territory for each in self._first.taken.pointers}):
            error = Unavailable(f"national list of {territory}", "the list of the lists does not point to it")
            yield _Place(type=XmlListType.NATIONAL, territory=territory, shelf=None, error=error)

    def _followed(self) -> list[tuple[_Place, Fetch, Judge]]:
        """The national lists that the first one points to now; those that it does not are forgotten."""
        pointers = () if self._first.taken is None else self._first.taken.pointers
        pointed_to = {each.location: each for each in pointers[:MAX_NATIONAL_LISTS]}
        self._national = {location: self._place(pointer) for location, pointer in pointed_to.items()}
        return [
            (self._national[location], partial(self._source.follow, location), partial(self._judge_national, pointer))
            for location, pointer in pointed_to.items()
        ]

    def _place(self, pointer: XmlListPointer) -> _Place:
        place = self._national.get(pointer.location)
        if place is None:
            shelf = self._source.shelf(pointer.location)
            place = _Place(type=XmlListType.NATIONAL, territory=pointer.territory, shelf=shelf)
        if place.taken is not None and place.taken.signer not in pointer.certificates:
            place.taken = None  # who signed it may sign no more
        return place

    async def _unpack(self, place: _Place, judge: Judge) -> None:
        """Take what was kept, if it still counts; it bars what is older all the same."""
        kept = None if place.shelf is None else place.shelf.load()
        if kept is None:
            return
        place.seen = kept.sequence
        try:
            place.taken = await judge(kept.body, kept.sequence)
            # by a clock that was ahead it would be believed for as long as that
            place.fetched_at = min(kept.fetched_at, self._clock.now())
        except (Malformed, Rejected, Unavailable) as error:
            place.error = error

    async def _renew(self, place: _Place, fetch: Fetch, judge: Judge) -> None:
        async with self._gate:
            try:
                body = await fetch()
                taken = await judge(body, place.seen)
                place.fetched_at, place.seen, place.error = self._clock.now(), taken.sequence, None
                if taken != place.taken:  # the same object for as long as nothing changes
                    place.taken = taken
                if place.shelf is not None:
                    place.shelf.keep(KeptList(sequence=place.seen, fetched_at=place.fetched_at, body=body))
            except (Malformed, Rejected, Unavailable) as error:
                place.error = error

    async def _judge_first(self, body: bytes, seen: int) -> TrustedTerritory:
        """The list of the lists through its pivots; or a national list, whose signer whoever names it vouches for."""
        document = await to_thread(parse_xml_list, body)
        if document.unverified_type == XmlListType.NATIONAL:
            return await self._judge_alone(document, seen)
        pivots = {url: await self._pivot(url) for url in pivots_of(document)[:MAX_PIVOTS]}
        judge = partial(
            verify_list_of_lists,
            document,
            pivots=tuple(pivot for pivot, _ in pivots.values()),
            signers=self._source.signers,
            now=self._clock.now(),
            seen=seen,
        )
        taken = await to_thread(lambda: self._taken(judge()))
        self._remember(pivots)
        return taken

    async def _judge_alone(self, document: UnverifiedXmlList, seen: int) -> TrustedTerritory:
        pointer = pointer_by_hand(document, signers=self._source.signers, territories=self._source.territories)
        judge = partial(verify_national_list, document, pointer=pointer, now=self._clock.now(), seen=seen)
        return await to_thread(lambda: self._taken(judge()))

    async def _judge_national(self, pointer: XmlListPointer, body: bytes, seen: int) -> TrustedTerritory:
        def judge() -> TrustedTerritory:
            document = parse_xml_list(body)
            return self._taken(verify_national_list(document, pointer=pointer, now=self._clock.now(), seen=seen))

        return await to_thread(judge)

    async def _pivot(self, url: str) -> tuple[UnverifiedXmlList, bytes | None]:
        """A pivot, which says who signed lists in the past and never changes; and its bytes where they are new."""
        if url in self._pivots:
            return self._pivots[url], None
        shelf = self._source.shelf(url)
        kept = None if shelf is None else shelf.load()
        if kept is not None:
            with suppress(Malformed):
                return await to_thread(parse_xml_list, kept.body), None
        body = await self._source.follow(url)
        return await to_thread(parse_xml_list, body), body

    def _remember(self, pivots: Mapping[str, tuple[UnverifiedXmlList, bytes | None]]) -> None:
        """They have led to who signs now."""
        self._pivots = {url: pivot for url, (pivot, _) in pivots.items()}
        for url, (pivot, body) in pivots.items():
            shelf = None if body is None else self._source.shelf(url)
            if shelf is not None and body is not None:
                with suppress(Unavailable):  # whoever keeps the list itself next says so
                    shelf.keep(KeptList(sequence=pivot.unverified_sequence, fetched_at=self._clock.now(), body=body))

    def _taken(self, verified: VerifiedXmlList) -> TrustedTerritory:
        wanted = self._source.territories
        return TrustedTerritory(
            type=verified.type,
            territory=verified.territory,
            sequence=verified.sequence,
            next_update=verified.next_update,
            signer=verified.signer.certificate,
            anchors=verified.anchors(types=self._source.types, services=self._source.services),
            pointers=tuple(each for each in verified.national_pointers() if not wanted or each.territory in wanted),
        )

    def _health(self, place: _Place) -> ListHealth:
        taken = place.taken
        return ListHealth(
            type=place.type if taken is None else taken.type,
            sequence=None if taken is None else taken.sequence,
            fetched_at=None if taken is None else place.fetched_at,
            next_update=None if taken is None else taken.next_update,
            until=None if taken is None else place.until,
            error=place.error,
            territory=place.territory if taken is None else taken.territory,
            # of all lists of the Union one is always late
            needed=place is self._first or bool(self._source.territories),
        )
