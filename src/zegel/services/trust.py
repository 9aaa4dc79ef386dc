"""Trust, kept fresh: the lists of trusted entities are fetched, verified and turned into the anchors that roles use.

A list that cannot be fetched or verified leaves the last good one in place until its next update is overdue; from then
on its entities are trusted no longer. An entity that is gone from a list is gone from the anchors with the next fetch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final

from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.services.ports import Clock
from zegel.trust.anchors import TrustAnchor, TrustAnchors
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType
from zegel.trust.lists.verify import VerifiedTrustedList, verify_trusted_list


class ListSource(Protocol):
    """Where one list of trusted entities comes from: an address or a file."""

    @property
    def type(self) -> ListType:
        """The type of list that is expected there."""
        ...

    @property
    def operators(self) -> tuple[TrustAnchor, ...]:
        """The anchors that the list's signer must lead to."""
        ...

    async def fetch(self) -> bytes:
        """The list as it stands now; ``Unavailable`` when it cannot be had."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListHealth:
    """How a list stands: when its next update is due, and why the last fetch failed, if it did."""

    type: ListType
    sequence: int | None
    next_update: int | None
    error: ZegelError | None


@final
class Trust:
    """The anchors of a role. ``fixed`` are those that the operator vouches for by hand."""

    def __init__(self, sources: Sequence[ListSource], *, fixed: Sequence[TrustAnchor], clock: Clock) -> None:
        self._sources = tuple(sources)
        self._fixed = tuple(fixed)
        self._clock = clock
        self._lists: dict[int, VerifiedTrustedList] = {}
        self._errors: dict[int, ZegelError] = {}
        self._anchors = TrustAnchors(self._fixed)
        self._in_force: tuple[tuple[int, int], ...] = ()

    @property
    def anchors(self) -> TrustAnchors:
        """The anchors in force now."""
        in_force = self._sequences()
        if in_force != self._in_force:
            self._rebuild(in_force)
        return self._anchors

    async def refresh(self) -> tuple[ListHealth, ...]:
        """Fetch and verify every list again; says of each how it stands."""
        for position, source in enumerate(self._sources):
            try:
                self._lists[position] = await self._fetch(position, source)
                self._errors.pop(position, None)
            except (Malformed, Rejected, Unavailable) as error:
                self._errors[position] = error
        self._rebuild(self._sequences())
        return tuple(self._health(position) for position in range(len(self._sources)))

    async def _fetch(self, position: int, source: ListSource) -> VerifiedTrustedList:
        seen = self._lists[position].sequence if position in self._lists else 0
        return verify_trusted_list(
            parse_trusted_list(await source.fetch()),
            expected=source.type,
            anchors=TrustAnchors(source.operators),
            now=self._clock.now(),
            seen=seen,
        )

    def _sequences(self) -> tuple[tuple[int, int], ...]:
        now = self._clock.now()
        return tuple((at, verified.sequence) for at, verified in self._lists.items() if now < verified.next_update)

    def _rebuild(self, in_force: tuple[tuple[int, int], ...]) -> None:
        listed = [anchor for position, _ in in_force for anchor in self._lists[position].anchors()]
        self._anchors = TrustAnchors([*self._fixed, *listed])
        self._in_force = in_force

    def _health(self, position: int) -> ListHealth:
        verified = self._lists.get(position)
        return ListHealth(
            type=self._sources[position].type,
            sequence=None if verified is None else verified.sequence,
            next_update=None if verified is None else verified.next_update,
            error=self._errors.get(position),
        )
