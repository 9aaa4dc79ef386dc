"""Status as a reader sees it: whole lists, fetched ahead of their use, and never more often than they promise.

A reader fetches a list that a *verified* credential names, and never one that an unverified token names. Which
credential it is that it looks up stays with the reader, and when: lists that were in use are fetched again by a timer,
and with them the others of their provider, so that hardly a presentation is followed by a fetch (ARF 3.0 VCR_15).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, final, overload

from zegel.checks import Check
from zegel.errors import Rejected, Unavailable, ZegelError
from zegel.formats.credential import IdentifierReference, Reference, StatusReference
from zegel.formats.status.check import VerifiedList, check_signer
from zegel.formats.status.entries import MAX_LARGE_LIST
from zegel.formats.status.identifiers import (
    IDENTIFIER_LIST,
    VerifiedIdentifierList,
    parse_identifier_list,
    verify_identifier_list,
)
from zegel.formats.status.reference import parse_aggregation
from zegel.formats.status.token import (
    StatusListFormat,
    VerifiedStatusList,
    parse_status_list,
    verify_status_list,
)
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.services.ports import Clock, Outbound
from zegel.services.trust import Trust
from zegel.services.turns import Turns
from zegel.trust.anchors import Purpose

MAX_LIST_TOKEN: Final = MAX_LARGE_LIST * 2 // 3  # what the largest list that is read may have as a token
RETRY: Final = 10  # seconds until a host that did not answer is asked again; meanwhile the grace runs
UNUSED: Final = 86_400  # a list that nobody asked for in a day is fetched ahead no longer
_REDIRECTS: Final = 3  # status list draft 20 section 8.1 allows them; each target is checked again
_REMEMBERED: Final = 64  # lists; an issuer has a few, and a verifier believes a few issuers
_MAX_REMEMBERED_BYTES: Final = 1 << 25  # 32 MB: a worker is to stay below 120
_BYTES_PER_IDENTIFIER: Final = 100  # of an identifier of 16 bytes, in a set
_ACCEPT: Final = f"{StatusListFormat.JWT}, {StatusListFormat.CWT};q=0.9"


@final
class _Key(NamedTuple):
    """Which list it is: one address that is named as an identifier list too, or for another purpose, is two lists."""

    of_identifiers: bool
    uri: str
    purpose: Purpose


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    status_list: VerifiedList
    since: int
    until: int  # it is asked for again, if that fails until the list itself is too old
    used: int


@final
class StatusReader:
    """Status lists as they were last fetched and verified.

    A list is fetched again after ``keep`` seconds, or when its own time is over. Where that fails the old one is
    returned, with its age, for as long as it is in force: ``check_status`` says what may still be said from it. Each
    time its signer is judged by the anchors of that moment, so that whoever has left them, or was revoked, is believed
    no longer, and what else changes in them takes no list away.
    ``aggregations`` are addresses at which providers name all of their lists, to be fetched before the first use.
    ``fetches`` counts lists, ``failures`` the times that one could not be had.
    """

    def __init__(
        self, *, outbound: Outbound, trust: Trust, clock: Clock, keep: int, aggregations: tuple[str, ...] = ()
    ) -> None:
        self._outbound = outbound
        self._trust = trust
        self._clock = clock
        self._keep = keep
        self._aggregations = aggregations
        self._kept: dict[_Key, _Kept] = {}
        self._turns = Turns()
        self.fetches = 0
        self.failures = 0

    @overload
    async def fetch_status_list(
        self, reference: StatusReference | None, *, purpose: Purpose = Purpose.STATUS
    ) -> VerifiedStatusList | None: ...
    @overload
    async def fetch_status_list(self, reference: Reference | None) -> VerifiedList | None: ...
    async def fetch_status_list(
        self, reference: Reference | None, *, purpose: Purpose = Purpose.STATUS
    ) -> VerifiedList | None:
        """The list that a verified credential names; None for a credential that names none.

        ``purpose`` says whose statuses it holds.

        ``Unavailable`` when it cannot be fetched and none is at hand that is in force, ``Malformed`` or ``Rejected``
        when it cannot be trusted.
        """
        if reference is None:
            return None
        key = _Key(isinstance(reference, IdentifierReference), reference.uri, purpose)
        return await self._renewed(key, used=self._clock.now(), ahead=0)

    async def refresh(self, ahead: int) -> tuple[ZegelError, ...]:
        """Fetch every list that is in use and would be asked for anew within ``ahead`` seconds, and its neighbours.

        What failed is returned; it is tried again the next time.
        """
        now = self._clock.now()
        failed: list[ZegelError] = []
        self._kept = {key: kept for key, kept in self._kept.items() if now - kept.used < UNUSED}
        for key in [*self._kept, *await self._neighbours(failed)]:
            kept = self._kept.get(key)
            try:
                await self._renewed(key, used=now if kept is None else kept.used, ahead=ahead)
            except ZegelError as error:
                failed.append(error)
        return tuple(failed)

    async def _neighbours(self, failed: list[ZegelError]) -> Iterable[_Key]:
        """Lists that are named beside those in use; as many as there is room for."""
        named = {_Key(False, uri, Purpose.STATUS) for uri in self._aggregations}
        for key, kept in self._kept.items():
            if kept.status_list.aggregation_uri is not None:
                named.add(key._replace(uri=kept.status_list.aggregation_uri))
        found: dict[_Key, None] = {}
        for aggregation in named:
            try:
                response = await self._fetch(aggregation.uri, JSON)
                found |= {aggregation._replace(uri=uri): None for uri in parse_aggregation(response.body)}
            except ZegelError as error:
                failed.append(error)
        new = [key for key in found if key not in self._kept]
        return new[: max(0, _REMEMBERED - len(self._kept))]

    async def _renewed(self, key: _Key, *, used: int, ahead: int) -> VerifiedList:
        async with self._turns.of(f"{key.purpose} {key.uri}"):  # a crowd that presents at once asks once
            now = self._clock.now()
            kept = self._believed(key, now)
            if kept is not None and now + ahead < kept.until:
                self._kept[key] = replace(kept, used=max(kept.used, used))
                return kept.status_list
            try:
                status_list = await self._verified(key)
            except Unavailable:
                self.failures += 1
                kept = self._believed(key, now)  # the anchors may have changed while the host was waited for
                if kept is None or now >= kept.status_list.expires:
                    raise
                until = max(kept.until, min(now + RETRY, kept.status_list.expires))
                self._kept[key] = replace(kept, until=until, used=max(kept.used, used))
                return kept.status_list
            until = min(status_list.stale_at, now + self._keep)
            self._remember(key, _Kept(status_list=status_list, since=now, until=until, used=used))
            return status_list

    def _believed(self, key: _Key, now: int) -> _Kept | None:
        """What is at hand, unless the anchors of now refuse its signer, or it is of a clock that was ahead."""
        kept = self._kept.get(key)
        if kept is None or now < kept.since:  # it would be kept for as long as the clock was ahead
            return None
        try:
            judged = check_signer(kept.status_list, anchors=self._trust.anchors, now=now, purpose=key.purpose)
        except Rejected:
            return None
        return replace(kept, status_list=judged)

    def forget(self) -> None:
        """Fetch every list anew when it is next asked for."""
        self._kept.clear()

    async def _verified(self, key: _Key) -> VerifiedList:
        response = await self._fetch(key.uri, IDENTIFIER_LIST if key.of_identifiers else _ACCEPT)
        content_type, anchors, now = response.header("content-type"), self._trust.anchors, self._clock.now()
        self.fetches += 1
        if key.of_identifiers:
            identifiers = parse_identifier_list(response.body, content_type=content_type)
            return verify_identifier_list(identifiers, uri=key.uri, anchors=anchors, now=now)
        unverified = parse_status_list(response.body, content_type=content_type, max_bytes=MAX_LARGE_LIST)
        return verify_status_list(unverified, uri=key.uri, anchors=anchors, now=now, purpose=key.purpose)

    async def _fetch(self, uri: str, accept: str) -> HttpResponse:
        request = HttpRequest(method="GET", url=uri, headers=(("accept", accept),))
        response = await self._outbound.fetch(request, redirects=_REDIRECTS, max_bytes=MAX_LIST_TOKEN)
        if response.status >= 500:  # RFC 9110 section 15.6: the host says itself that it does not work
            raise Unavailable("status list", f"its host answers with status {response.status}")
        if response.status != 200:
            raise Rejected(Check.STATUS_LIST, f"expected status 200, got {response.status}", field="status_list.uri")
        return response

    def _remember(self, key: _Key, kept: _Kept) -> None:
        """Forget those that were used least recently, until there is room."""
        self._kept.pop(key, None)
        size = _size(kept.status_list)
        while self._kept and (
            len(self._kept) >= _REMEMBERED
            or size + sum(_size(known.status_list) for known in self._kept.values()) > _MAX_REMEMBERED_BYTES
        ):
            del self._kept[min(self._kept, key=lambda known: self._kept[known].used)]
        self._kept[key] = kept


def _size(status_list: VerifiedList) -> int:
    chain = sum(map(len, status_list.chain))
    if isinstance(status_list, VerifiedIdentifierList):
        return chain + len(status_list.identifiers) * _BYTES_PER_IDENTIFIER
    return chain + len(status_list.statuses.data)
