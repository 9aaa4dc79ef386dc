"""A log, watched: each time it has to have grown from what it showed before, by entries that can all be seen.

RFC 9162 sections 8.2 and 8.3; ARF 3.0 CT_03. What is kept between two visits is the last tree head, and the peaks of
the entries that were seen: from them and those that follow comes the root. An entry is handed over as it comes, and
nothing of it is held: what was handed over is proven when the visit has come to its end.

A visit looks at so much and no more, for a log may be long, or claim to be without an end. The next one goes on where
it stopped; that what was seen until there is the beginning of the tree is proven each time.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import quote, urlsplit

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.primitives.der import encode_oid
from zegel.primitives.encoding import base64, parse_base64
from zegel.primitives.http import HttpRequest
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.members import read_text
from zegel.protocols.transparency.answers import MAX_ANSWER, LogAnswer, parse_log_answer
from zegel.services.ports import Clock, Outbound
from zegel.trust.transparency.extensions import SCT_LIST, TRANSPARENCY_INFORMATION, without_extensions
from zegel.trust.transparency.heads import (
    VerifiedTreeHead,
    check_begun,
    check_grown,
    check_recent,
    verify_tree_head,
)
from zegel.trust.transparency.items import LogEntry, SignedTreeHead, parse_trans_item
from zegel.trust.transparency.logs import TransparencyLog
from zegel.trust.transparency.merkle import HASH_SIZE, MAX_PATH, leaf_hash, peaks_after, root_of_peaks
from zegel.trust.transparency.precertificate import unsigned_certificate

MAX_STATE: Final = 16_384  # a tree head and 64 hashes
MERGE_DELAY: Final = 86_400  # seconds; what zegel's own log promises, and most others
MAX_SEEN: Final = 100_000  # entries of a visit: a year of a Member State's access certificates, or more
MAX_SEEN_BYTES: Final = 1 << 27  # of entries; so many as that are, 1.3 kB each, whatever they are padded with
SEEN_SECONDS: Final = 600  # of asking for entries; whoever answers one at a time is left before the next visit is due
_WHAT: Final = "state of a watch"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WatchState:
    """What a watch has seen: the last tree head, None before the first, how many of its entries, and their peaks."""

    sth: SignedTreeHead | None = None
    seen: int = 0
    peaks: tuple[bytes, ...] = ()

    @property
    def left(self) -> int:
        """How many entries of the last tree are still to be seen."""
        return 0 if self.sth is None else self.sth.head.tree_size - self.seen

    def encode(self) -> bytes:
        """It as JSON."""
        sth = None if self.sth is None else base64(self.sth.encode())
        return encode_json({"sth": sth, "seen": self.seen, "peaks": [base64(peak) for peak in self.peaks]})


See = Callable[[int, LogEntry | None], None]
"""Is given each new entry with its index; None is an entry of another type."""


def parse_watch_state(data: bytes) -> WatchState:
    """Parse what an earlier visit kept; ``Malformed`` otherwise."""
    members = parse_object(data, what=_WHAT, max_bytes=MAX_STATE)
    sth, peaks = members.get("sth"), members.get("peaks")
    if not isinstance(peaks, list) or len(peaks) > MAX_PATH:
        raise Malformed(_WHAT, "peaks", f"expected an array of at most {MAX_PATH}")
    decoded = tuple(
        parse_base64(read_text(each, what=_WHAT, where="peaks"), what=_WHAT, where="peaks") for each in peaks
    )
    if any(len(each) != HASH_SIZE for each in decoded):
        raise Malformed(_WHAT, "peaks", f"expected hashes of {HASH_SIZE} bytes")
    if sth is None:
        return WatchState(peaks=decoded)
    item = parse_trans_item(
        parse_base64(read_text(sth, what=_WHAT, where="sth", limit=MAX_STATE), what=_WHAT, where="sth")
    )
    if not isinstance(item, SignedTreeHead):
        raise Malformed(_WHAT, "sth", "expected a tree head")
    seen = members.get("seen", item.head.tree_size)  # a visit of before saw all that there was
    if not isinstance(seen, int) or isinstance(seen, bool) or not 0 <= seen <= item.head.tree_size:
        raise Malformed(_WHAT, "seen", "expected how many entries of the tree were seen")
    if len(decoded) != seen.bit_count():
        raise Malformed(_WHAT, "peaks", "expected a hash for each bit that is set in the number of entries seen")
    return WatchState(sth=item, seen=seen, peaks=decoded)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """So many entries and their peaks; the last one's leaf hash, and the peaks of those before it."""

    count: int
    peaks: tuple[bytes, ...]
    last: bytes = b""
    before: tuple[bytes, ...] = ()

    def followed_by(self, leaves: Sequence[bytes]) -> "_Seen":
        """With those that come next, one at least."""
        count, before = peaks_after(self.count, self.peaks, leaves[:-1])
        count, peaks = peaks_after(count, before, leaves[-1:])
        return _Seen(count=count, peaks=peaks, last=leaves[-1], before=before)


@final
class LogWatch:
    """Watches one log at its base URL."""

    def __init__(self, log: TransparencyLog, *, url: str, outbound: Outbound, clock: Clock) -> None:
        self._log = log
        self._url = url
        self._outbound = outbound
        self._clock = clock

    async def visit(self, state: WatchState, *, see: See) -> WatchState:
        """Look at what is new, or at so much of it, and return what to keep; before that nothing seen is proven.

        ``Rejected`` with TREE_HEAD or LOG_PROOF when the log contradicts what it has signed.
        """
        head = await self._grown(state)
        seen = _Seen(count=state.seen, peaks=state.peaks)
        async for some in self._entries(seen.count, head.head.tree_size):
            for index, (_, entry) in enumerate(some, seen.count):
                see(index, entry)
            seen = seen.followed_by([leaf_hash(encoded) for encoded, _ in some])
        if seen.count < head.head.tree_size:
            await self._check_begun(seen, head)
        elif root_of_peaks(seen.peaks) != head.head.root_hash:
            detail = "the entries that it shows do not make the tree that it signed"
            raise Rejected(Check.LOG_PROOF, detail, field="entries")
        return WatchState(sth=head.signed, seen=seen.count, peaks=seen.peaks)

    async def _grown(self, state: WatchState) -> VerifiedTreeHead:
        """The latest head, which follows the one that was seen."""
        now = self._clock.now()
        head = self._verified((await self._ask("get-sth")).sth)
        check_recent(head, merge_delay=MERGE_DELAY, now=now)
        if state.sth is None:
            if state.peaks or state.seen:
                raise Malformed(_WHAT, "peaks", "expected none before the first tree head")
            return head
        before = verify_tree_head(state.sth, log=self._log, now=now)
        size, proof = before.head.tree_size, None
        if 0 < size < head.head.tree_size:
            query = f"get-sth-consistency?first={size}&second={head.head.tree_size}"
            proof = (await self._ask(query)).consistency
        return check_grown(head, seen=before, proof=proof)

    async def _entries(self, start: int, end: int) -> AsyncIterator[Sequence[tuple[bytes, LogEntry | None]]]:
        """An answer after the other, until it is enough: no more than one is in memory."""
        end, read, until = min(end, start + MAX_SEEN), 0, self._clock.now() + SEEN_SECONDS
        while start < end and read < MAX_SEEN_BYTES and self._clock.now() < until:
            some = (await self._ask(f"get-entries?start={start}&end={end - 1}")).entries[: end - start]
            if not some:
                raise Unavailable("log", f"it does not show entry {start}, which it has signed for")
            yield some
            start, read = start + len(some), read + sum(len(encoded) for encoded, _ in some)

    async def _check_begun(self, seen: "_Seen", head: VerifiedTreeHead) -> VerifiedTreeHead:
        """RFC 9162 section 5.4: of any leaf there is a proof, but of consistency between the trees of heads alone."""
        query = f"get-proof-by-hash?hash={quote(base64(seen.last), safe='')}&tree_size={head.head.tree_size}"
        proof = (await self._ask(query)).inclusion
        if proof is None:
            raise Rejected(Check.LOG_PROOF, "expected the proof of the last entry that was seen", field="inclusion")
        return check_begun(seen.last, index=seen.count - 1, peaks=seen.before, proof=proof, head=head)

    def _verified(self, sth: SignedTreeHead | None) -> VerifiedTreeHead:
        if sth is None:
            raise Rejected(Check.TREE_HEAD, "expected a tree head", field="sth")
        return verify_tree_head(sth, log=self._log, now=self._clock.now())

    async def _ask(self, query: str) -> LogAnswer:
        request = HttpRequest(method="GET", url=f"{self._url}/ct/v2/{query}", headers=(("accept", "application/json"),))
        response = await self._outbound.fetch(request, max_bytes=MAX_ANSWER)
        if response.status != 200:
            raise Unavailable("log", f"expected status 200 of {query.partition('?')[0]}, got {response.status}")
        return parse_log_answer(response.body)


def names_of(entry: LogEntry) -> frozenset[str]:
    """What an entry's certificate is about, in lower case; ``Malformed`` for one that cannot be read."""
    certificate = unsigned_certificate(entry.tbs_certificate)
    hosts = map(_host, certificate.uris)
    named = (certificate.names.get("O", ""), certificate.names.get("organizationIdentifier", ""))
    return frozenset(name.lower() for name in (*certificate.dns_names, *hosts, *named) if name)


def _host(uri: str) -> str:
    """The host of a URI in a certificate, which may be any text; "" for none."""
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""


def without_timestamps(tbs: bytes) -> bytes:
    """A TBSCertificate as it was announced, whichever of the two a log has."""
    return without_extensions(tbs, (encode_oid(SCT_LIST), encode_oid(TRANSPARENCY_INFORMATION)))


def nobody_expected(entry: LogEntry | None, *, names: frozenset[str], known: frozenset[bytes]) -> bool:
    """Whether an entry is about one of the ``names``, or anybody where there are none, and not ``known``.

    ``known`` are TBSCertificates without timestamps. A name is a DNS name, a host, an organisation or its identifier.
    What cannot be read may be about anybody.
    """
    if entry is None:
        return True
    try:
        if without_timestamps(entry.tbs_certificate) in known:
            return False
        return not names or not names.isdisjoint(names_of(entry))
    except Malformed:
        return True
