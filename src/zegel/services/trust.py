"""Trust, kept fresh: the lists of trusted entities are fetched, verified and turned into the anchors that roles use.

A list that cannot be fetched or verified leaves the last good one in place until its next update is overdue, or for a
day, whichever is sooner; from then on its entities are trusted no longer. An entity that is gone from a list is gone
from the anchors with the next fetch. What was fetched is kept over a restart, and so is the highest number that a list
had.

The lists of revoked certificates are fetched along with them, side by side and ahead of their use: whoever serves them
learns that somebody trusts the authority, and nothing of which certificate was looked at. One that cannot be had again
for a day says nothing of what is not on it, whatever its next update, once the grace is over.
"""

from asyncio import to_thread
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Final, final

from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.services.ports import Clock
from zegel.services.revocation_turns import RevocationTurns
from zegel.services.revocation_visit import VISIT_SECONDS
from zegel.services.trust_ports import (
    MAX_AGE,
    KeptList,
    ListHealth,
    ListShelf,
    ListSource,
    QualifiedTrust,
    RevocationSource,
    TrustedTerritory,
)
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import CRL_POINT, PURPOSES
from zegel.trust.lists.verify import VerifiedTrustedList, verify_trusted_list
from zegel.trust.revocation import GRACE, SERVED_FOR, RevocationLists, ServedLists
from zegel.trust.transparency.logs import TransparencyLog

_LARGE: Final = 1 << 20  # bytes; a list that is longer is verified in a thread, for tens of milliseconds are too long


@final
class Trust:
    """The anchors of a role, and the logs. ``fixed`` are those that the operator vouches for by hand.

    Without ``revocations`` nothing more is learnt of revocation than ``revocation`` has, and a certificate that says
    where its own is published is not believed. ``grace`` is for how many seconds a list of revoked certificates is
    answered from after its next update was due. ``shelves`` are where each source's list is kept, None for nowhere.
    ``qualified`` are the lists in XML. ``visit`` is for how many seconds lists of revoked certificates are fetched in a
    turn, and ``RevocationTurns`` says which come first.
    """

    def __init__(
        self,
        sources: Sequence[ListSource],
        *,
        fixed: Sequence[TrustAnchor | TransparencyLog],
        clock: Clock,
        revocations: RevocationSource | None = None,
        grace: int = GRACE,
        revocation: RevocationLists | None = None,
        shelves: Sequence[ListShelf | None] = (),
        qualified: Sequence[QualifiedTrust] = (),
        visit: float = VISIT_SECONDS,
    ) -> None:
        self._sources = tuple(sources)
        self._qualified = tuple(qualified)
        self._fixed = tuple(fixed)
        self._clock = clock
        self._lists: dict[int, VerifiedTrustedList] = {}
        self._errors: dict[int, ZegelError] = {}
        self._fetched: dict[int, int] = {}
        self._seen: dict[int, int] = {}
        self._shelves: list[ListShelf | None] = [*shelves, *([None] * (len(self._sources) - len(shelves)))]
        self._unpacked = False
        self._revocations = None if revocations is None else RevocationTurns(revocations, clock=clock, seconds=visit)
        self._grace = grace
        self._revoked: Mapping[str, ServedLists] = {}
        self._ages: tuple[tuple[bool, bool], ...] = ()
        self._aged_at = 0
        self._anchors = TrustAnchors(self._fixed, revocation=revocation or RevocationLists(grace=grace))
        self._in_force: tuple[VerifiedTrustedList, ...] = ()
        self._territories: tuple[TrustedTerritory, ...] = ()

    @property
    def anchors(self) -> TrustAnchors:
        """The anchors in force now: the same set until a list changes or is overdue, so that it may be remembered."""
        if self._revocations is not None and self._aged_at != self._clock.now():  # once a second: there may be many
            self._serve(self._revocations.served)
        in_force, territories = self._not_overdue(), self._trusted_territories()
        # by identity: to compare a list with another takes longer than all else that a presentation needs of it
        if list(map(id, (*in_force, *territories))) != list(map(id, (*self._in_force, *self._territories))):
            self._in_force, self._territories = in_force, territories
            self._anchors = self._gathered()
        return self._anchors

    async def refresh(self) -> tuple[ListHealth, ...]:
        """Fetch and verify every list again; says of each how it stands."""
        await self._unpack()
        for position, source in enumerate(self._sources):
            try:
                body = await source.fetch()
                await self._replace(position, body, fetched_at=self._clock.now())
                self._errors.pop(position, None)
                self._keep(position, body)
            except (Malformed, Rejected, Unavailable) as error:
                self._errors[position] = error
        for qualified in self._qualified:
            await qualified.refresh()
        await self._refresh_revocations()
        return self.health()

    def revocation_errors(self) -> Mapping[str, ZegelError]:
        """Why the last fetch of a list of revoked certificates failed, by its address."""
        return {} if self._revocations is None else dict(self._revocations.errors)

    def next_due(self) -> int | None:
        """The second, still to come, at which a list that is believed has to be fetched again; None without any."""
        now = self._clock.now()
        ends = [health.until for health in self.health() if health.until is not None]
        ends += [] if self._revocations is None else self._revocations.due()
        return min((end for end in ends if end > now), default=None)

    async def _refresh_revocations(self) -> None:
        """Fetch what the lists and the certificates seen so far name; what is named no more is forgotten."""
        if self._revocations is None:
            return
        visit = self._revocations.visit(
            self._revocation_addresses(),
            wanted=frozenset(self.anchors.revocation.wanted),
            issuers=lambda name: self.anchors.named(name),
        )
        async with aclosing(visit) as changes:
            async for served in changes:
                self._serve(served)

    def _serve(self, served: Mapping[str, ServedLists]) -> None:
        ages = tuple(each.is_old(before=self._too_old()) for each in served.values())
        changed = ages != self._ages or (served is not self._revoked and served != self._revoked)
        self._revoked, self._ages, self._aged_at = served, ages, self._clock.now()
        if changed:
            self._anchors = self._gathered()

    def _too_old(self) -> int:
        """What was served last before this second is."""
        return self._clock.now() - SERVED_FOR - self._grace + 1

    def _revocation_addresses(self) -> Iterator[str]:
        # a trusted list may name none; a chain that led to an anchor then has said where to look
        yield from self.anchors.revocation.wanted
        for listed in self._lists.values():
            for entity in listed.entities:
                for service in entity.services:
                    if service.active:
                        yield from (point.url for point in service.supply_points if point.type == CRL_POINT)
        for anchor in (each for each in self._fixed if isinstance(each, TrustAnchor)):
            yield from anchor.certificate.parse().revocation_points

    def _gathered(self) -> TrustAnchors:
        anchors = [anchor for listed in self._in_force for anchor in listed.anchors()]
        anchors += [anchor for territory in self._territories for anchor in territory.anchors]
        logs = [log for listed in self._in_force for log in listed.logs()]
        lists = [crl for served in self._revoked.values() for crl in served.lists()]
        old = [crl for served in self._revoked.values() for crl in served.old(before=self._too_old())]
        revocation = RevocationLists(lists, old=old, grace=self._grace, wanted=self._anchors.revocation.wanted)
        lapsed = {
            purpose: f"the {listed.type.rpartition('/')[2]} is overdue"
            for listed in self._lists.values()
            if listed not in self._in_force
            for purpose in PURPOSES[listed.type].values()
        }
        for named in (each for qualified in self._qualified for each in qualified.overdue()):
            lapsed |= dict.fromkeys((Purpose.ISSUER, Purpose.STATUS), f"the {named} is overdue")
        return TrustAnchors([*self._fixed, *anchors, *logs], revocation=revocation, lapsed=lapsed)

    def health(self) -> tuple[ListHealth, ...]:
        """How each list stands since it was fetched last: those in JSON, in their order, then those in XML."""
        own = (self._health(position) for position in range(len(self._sources)))
        return (*own, *(listed for qualified in self._qualified for listed in qualified.health()))

    def check_fresh(self) -> tuple[ListHealth, ...]:
        """Return how the lists stand if each that is needed is in force; ``Unavailable`` with the reason otherwise."""
        health, now = self.health(), self._clock.now()
        for listed in (each for each in health if each.needed):
            if listed.until is None or now >= listed.until:
                state = "never fetched" if listed.until is None else "overdue"
                why = "" if listed.error is None else f": {listed.error.detail}"
                raise Unavailable(listed.title, f"{state}{why}")
        return health

    async def _unpack(self) -> None:
        """Once, take from the shelves what is still in force; what is not bars those that are older all the same."""
        if self._unpacked:
            return
        self._unpacked = True
        for position, shelf in enumerate(self._shelves):
            kept = None if shelf is None else shelf.load()
            if kept is not None:
                self._seen[position] = kept.sequence
                with suppress(Malformed, Rejected):
                    # by a clock that was ahead it would be believed for as long as that
                    fetched_at = min(kept.fetched_at, self._clock.now())
                    await self._replace(position, kept.body, fetched_at=fetched_at)

    async def _replace(self, position: int, body: bytes, *, fetched_at: int) -> None:
        judge = partial(_judged, body, self._sources[position], self._clock.now(), self._seen.get(position, 0))
        verified = judge() if len(body) < _LARGE else await to_thread(judge)
        self._seen[position] = verified.sequence
        if verified != self._lists.get(position):
            self._lists[position] = verified
        self._fetched[position] = fetched_at

    def _keep(self, position: int, body: bytes) -> None:
        """``Unavailable`` for a disk that is full, say: no reason to forget who is trusted, but one to say so."""
        shelf = self._shelves[position]
        if shelf is not None:
            shelf.keep(KeptList(sequence=self._seen[position], fetched_at=self._fetched[position], body=body))

    def _until(self, position: int) -> int:
        return min(self._lists[position].next_update, self._fetched[position] + MAX_AGE)

    def _not_overdue(self) -> tuple[VerifiedTrustedList, ...]:
        now = self._clock.now()
        return tuple(listed for position, listed in self._lists.items() if now < self._until(position))

    def _trusted_territories(self) -> tuple[TrustedTerritory, ...]:
        return tuple(territory for qualified in self._qualified for territory in qualified.in_force())

    def _health(self, position: int) -> ListHealth:
        verified = self._lists.get(position)
        return ListHealth(
            type=self._sources[position].type,
            sequence=None if verified is None else verified.sequence,
            fetched_at=self._fetched.get(position),
            next_update=None if verified is None else verified.next_update,
            until=None if verified is None else self._until(position),
            error=self._errors.get(position),
        )


def _judged(body: bytes, source: ListSource, now: int, seen: int) -> VerifiedTrustedList:
    anchors = TrustAnchors(source.operators)
    return verify_trusted_list(parse_trusted_list(body), expected=source.type, anchors=anchors, now=now, seen=seen)
