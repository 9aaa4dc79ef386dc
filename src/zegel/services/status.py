"""Status, on both sides: the issuer's lists, signed once a period, and the reader's look at somebody else's.

A reader fetches a list that a *verified* credential names, at most once while it is fresh, and never one that an
unverified token names. Which credential it is that it looks up stays with the reader.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.formats.credential import StatusReference
from zegel.formats.status.token import StatusListFormat, VerifiedStatusList, parse_status_list, verify_status_list
from zegel.primitives.http import HttpRequest
from zegel.services.ports import Clock, Outbound
from zegel.services.trust import Trust
from zegel.services.turns import Turns
from zegel.trust.anchors import Purpose, TrustAnchors

MAX_LIST_TOKEN: Final = 1 << 20  # a million entries of two bits, a tenth of them set, make a token of 120 kB
_REDIRECTS: Final = 3  # status list draft 20 section 8.1 allows them; each target is checked again
_REMEMBERED: Final = 64
_ACCEPT: Final = f"{StatusListFormat.JWT}, {StatusListFormat.CWT};q=0.9"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    status_list: VerifiedStatusList
    since: int
    until: int
    anchors: TrustAnchors  # the set that it was verified with; what has left the lists since counts no more


@final
class StatusReader:
    """Status lists as they were last fetched and verified.

    A list is used again for at most ``keep`` seconds, and never beyond the time that it gives itself.
    """

    def __init__(self, *, outbound: Outbound, trust: Trust, clock: Clock, keep: int) -> None:
        self._outbound = outbound
        self._trust = trust
        self._clock = clock
        self._keep = keep
        self._kept: dict[str, _Kept] = {}
        self._turns = Turns()

    async def fetch_status_list(
        self, reference: StatusReference | None, *, purpose: Purpose = Purpose.STATUS
    ) -> VerifiedStatusList | None:
        """The list that a verified credential names, fresh; None for a credential that names none.

        ``purpose`` says whose statuses it holds.

        ``Unavailable`` when it cannot be fetched, ``Malformed`` or ``Rejected`` when it cannot be trusted.
        """
        if reference is None:
            return None
        key = f"{purpose} {reference.uri}"
        async with self._turns.of(key):  # a crowd that presents at once asks once
            kept = self._kept.get(key)
            anchors, now = self._trust.anchors, self._clock.now()
            # what was fetched by a clock that was ahead would be kept for as long as that
            if kept is None or kept.anchors is not anchors or not kept.since <= now < kept.until:
                status_list = await self._fetch(reference.uri, purpose)
                until = min(status_list.stale_at, now + self._keep)
                kept = _Kept(status_list=status_list, since=now, until=until, anchors=anchors)
                self._remember(key, kept)
            return kept.status_list

    async def _fetch(self, uri: str, purpose: Purpose) -> VerifiedStatusList:
        request = HttpRequest(method="GET", url=uri, headers=(("accept", _ACCEPT),))
        response = await self._outbound.fetch(request, redirects=_REDIRECTS, max_bytes=MAX_LIST_TOKEN)
        if response.status >= 500:  # RFC 9110 section 15.6: the host says itself that it does not work
            raise Unavailable("status list", f"its host answers with status {response.status}")
        if response.status != 200:
            raise Rejected(Check.STATUS_LIST, f"expected status 200, got {response.status}", field="status_list.uri")
        unverified = parse_status_list(response.body, content_type=response.header("content-type"))
        anchors, now = self._trust.anchors, self._clock.now()
        return verify_status_list(unverified, uri=uri, anchors=anchors, now=now, purpose=purpose)

    def _remember(self, key: str, kept: _Kept) -> None:
        if len(self._kept) >= _REMEMBERED:
            oldest = min(self._kept, key=lambda known: self._kept[known].status_list.stale_at)
            del self._kept[oldest]
        self._kept[key] = kept
