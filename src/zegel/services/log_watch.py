"""A log, watched: each time it has to have grown from what it showed before, by entries that can all be seen.

RFC 9162 sections 8.2 and 8.3; ARF 3.0 CT_03. What is kept between two visits is the last tree head, and the peaks of
its tree: from them and the new entries follows the next root. An entry is handed over as it comes, and nothing of it
is held: what was handed over is proven when the visit has come to its end.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import urlsplit

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
from zegel.trust.transparency.heads import VerifiedTreeHead, check_grown, check_recent, verify_tree_head
from zegel.trust.transparency.items import LogEntry, SignedTreeHead, parse_trans_item
from zegel.trust.transparency.logs import TransparencyLog
from zegel.trust.transparency.merkle import HASH_SIZE, MAX_PATH, leaf_hash, peaks_after, root_of_peaks
from zegel.trust.transparency.precertificate import unsigned_certificate

MAX_STATE: Final = 16_384  # a tree head and 64 hashes
MERGE_DELAY: Final = 86_400  # seconds; what zegel's own log promises, and most others
_WHAT: Final = "state of a watch"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WatchState:
    """What a watch has seen: the last tree head, None before the first, and the peaks of its tree."""

    sth: SignedTreeHead | None = None
    peaks: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """It as JSON."""
        sth = None if self.sth is None else base64(self.sth.encode())
        return encode_json({"sth": sth, "peaks": [base64(peak) for peak in self.peaks]})


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
    if len(decoded) != item.head.tree_size.bit_count():
        raise Malformed(_WHAT, "peaks", "expected a hash for each bit that is set in the size of the tree")
    return WatchState(sth=item, peaks=decoded)


@final
class LogWatch:
    """Watches one log at its base URL."""

    def __init__(self, log: TransparencyLog, *, url: str, outbound: Outbound, clock: Clock) -> None:
        self._log = log
        self._url = url
        self._outbound = outbound
        self._clock = clock

    async def visit(self, state: WatchState, *, see: See) -> WatchState:
        """Look at what is new, and return what to keep; before that nothing that was seen is proven.

        ``Rejected`` with TREE_HEAD or LOG_PROOF when the log contradicts what it has signed.
        """
        now = self._clock.now()
        head = self._verified((await self._ask("get-sth")).sth)
        check_recent(head, merge_delay=MERGE_DELAY, now=now)
        size = 0
        if state.sth is not None:
            seen = verify_tree_head(state.sth, log=self._log, now=now)
            size = seen.head.tree_size
            proof = None
            if 0 < size < head.head.tree_size:
                query = f"get-sth-consistency?first={size}&second={head.head.tree_size}"
                proof = (await self._ask(query)).consistency
            check_grown(head, seen=seen, proof=proof)
        elif state.peaks:
            raise Malformed(_WHAT, "peaks", "expected none before the first tree head")
        count, peaks = size, state.peaks
        async for some in self._entries(size, head.head.tree_size):
            for index, (_, entry) in enumerate(some, count):
                see(index, entry)
            count, peaks = peaks_after(count, peaks, (leaf_hash(encoded) for encoded, _ in some))
        if count != head.head.tree_size or root_of_peaks(peaks) != head.head.root_hash:
            detail = "the entries that it shows do not make the tree that it signed"
            raise Rejected(Check.LOG_PROOF, detail, field="entries")
        return WatchState(sth=head.signed, peaks=peaks)

    async def _entries(self, start: int, end: int) -> AsyncIterator[Sequence[tuple[bytes, LogEntry | None]]]:
        """An answer after the other: no more than one is in memory."""
        while start < end:
            some = (await self._ask(f"get-entries?start={start}&end={end - 1}")).entries[: end - start]
            if not some:
                raise Unavailable("log", f"it does not show entry {start}, which it has signed for")
            yield some
            start += len(some)

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
    hosts = (urlsplit(uri).hostname or "" for uri in certificate.uris)
    named = (certificate.names.get("O", ""), certificate.names.get("organizationIdentifier", ""))
    return frozenset(name.lower() for name in (*certificate.dns_names, *hosts, *named) if name)


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
