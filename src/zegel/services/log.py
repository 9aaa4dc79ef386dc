"""The log: it takes in what leads to an access authority, keeps it for good, and proves it (RFC 9162 sections 4 and 5).

An entry is in the tree before its timestamp is given out: nothing that was promised can be lost on the way. What a tree
head signs is the tree as it stands, and each head is younger than the one before.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Protocol, final

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.json import encode_json
from zegel.primitives.times import TOLERATED_EARLY
from zegel.primitives.x509 import Certificate
from zegel.protocols.transparency.submission import (
    CERTIFICATE,
    PRECERTIFICATE,
    AcceptedSubmission,
    UnverifiedSubmission,
    accept_submission,
)
from zegel.services.ports import Clock
from zegel.trust.anchors import TrustAnchors
from zegel.trust.authority import Draft
from zegel.trust.transparency.issuance import announce, complete
from zegel.trust.transparency.items import (
    ConsistencyProof,
    InclusionProof,
    SignedCertificateTimestamp,
    SignedTreeHead,
    TreeHead,
    parse_trans_item,
)
from zegel.trust.transparency.logs import LogSigner, TransparencyLog
from zegel.trust.transparency.merkle import Node, consistency_path, inclusion_path, nodes_of_append, root_of
from zegel.trust.transparency.timestamps import entry_of


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """A leaf with all that has to be kept of it. ``leaf`` is its hash, ``submission_hash`` what it was made of.

    ``entry`` and ``sct`` are ``TransItem``s; ``submitted`` is the submission with its whole chain, as JSON.
    """

    index: int
    leaf: bytes
    submission_hash: bytes
    timestamp: int
    entry: bytes
    sct: bytes
    submitted: bytes


class LogTransaction(Protocol):
    """What happens to a log together, or not at all. Nothing in it waits for anything."""

    def size(self) -> int:
        """How many entries there are."""
        ...

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete node of the tree."""
        ...

    def append(self, entry: StoredEntry, nodes: tuple[Node, ...]) -> None:
        """Keep an entry and the nodes that are complete with it."""
        ...

    def by_submission(self, submission_hash: bytes) -> StoredEntry | None:
        """The entry of a submission that came before."""
        ...

    def index_of(self, leaf: bytes) -> int | None:
        """Where a leaf hash stands."""
        ...

    def entries(self, start: int, end: int) -> tuple[StoredEntry, ...]:
        """The entries from ``start`` to before ``end``."""
        ...

    def youngest(self, start: int) -> int:
        """The latest timestamp of the entries from ``start``, in milliseconds; zero where there are none."""
        ...

    def latest_head(self) -> bytes | None:
        """The tree head that was signed last."""
        ...

    def head_of(self, size: int) -> bytes | None:
        """A tree head of a tree of that size, where one was signed."""
        ...

    def add_head(self, head: SignedTreeHead) -> None:
        """Keep a tree head."""
        ...


class LogStore(Protocol):
    """A log's database. ``Unavailable`` when it fails."""

    def transaction(self) -> AbstractContextManager[LogTransaction]:
        """Begin; commit at the end so that it outlives a power cut, roll back on an exception."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LogIdentity:
    """A log as configured. ``merge_delay`` is in seconds; up to ``at_once`` entries each is proven in the answer."""

    signer: LogSigner
    merge_delay: int
    at_once: int
    open: bool = True


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What a submitter gets: a promise, and where it is kept already the proof (section 5.1)."""

    sct: SignedCertificateTimestamp
    sth: SignedTreeHead | None = None
    inclusion: InclusionProof | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Proofs and the tree head that they lead to, as far as there are any."""

    sth: SignedTreeHead | None = None
    inclusion: InclusionProof | None = None
    consistency: ConsistencyProof | None = None


@final
class LogService:
    """A log. ``anchors`` are the authorities whose certificates it takes; ``taken`` counts what it took."""

    def __init__(
        self, identity: LogIdentity, *, store: LogStore, anchors: Callable[[], TrustAnchors], clock: Clock
    ) -> None:
        self._identity = identity
        self._store = store
        self._anchors = anchors
        self._clock = clock
        self.taken = 0

    @property
    def known(self) -> TransparencyLog:
        """What a list says of it."""
        signer = self._identity.signer
        return TransparencyLog(id=signer.id, key=signer.signer.public_key, entity="this log")

    @property
    def anchors(self) -> TrustAnchors:
        """The authorities that are accepted now."""
        return self._anchors()

    def submit(self, submission: UnverifiedSubmission) -> Submitted:
        """Take something in, or say again what was said of it; ``Denied`` as ``accept_submission``, or shutdown."""
        if not self._identity.open:
            raise Denied("shutdown", Check.LOG_SUBMISSION, "this log takes nothing in any more")
        accepted = accept_submission(submission, anchors=self._anchors(), now=self._clock.now())
        with self._store.transaction() as tree:
            known = tree.by_submission(_hash(accepted))
            stored = self._append(tree, accepted) if known is None else known
            head = self._head(tree, grown=stored.index < self._identity.at_once)
            sct = parse_trans_item(stored.sct)
            assert isinstance(sct, SignedCertificateTimestamp)
            # nobody believes yet what was signed by a clock that was ahead; the promise stands by itself
            is_early = head.head.timestamp > (self._clock.now() + TOLERATED_EARLY) * 1000
            if stored.index >= head.head.tree_size or is_early:
                return Submitted(sct=sct)
            return Submitted(sct=sct, sth=head, inclusion=self._inclusion(tree, stored.index, head.head.tree_size))

    def sign_head(self) -> SignedTreeHead:
        """Sign the tree where it has grown, or where the last head comes to its age; the head in force."""
        with self._store.transaction() as tree:
            return self._head(tree, grown=True)

    def latest_head(self) -> SignedTreeHead:
        """The head in force: no older than the merge delay (section 5.2)."""
        with self._store.transaction() as tree:
            return self._head(tree, grown=False)

    def consistency(self, first: int, second: int | None) -> Proven:
        """From one head's tree to another's, or to the latest where the second is unknown (section 5.3)."""
        if second is not None and second < first:
            raise _unknown("secondBeforeFirst", "second is smaller than first", "second")
        with self._store.transaction() as tree:
            latest = self._head(tree, grown=False)
            size = latest.head.tree_size
            if first > size:
                return Proven(sth=latest)
            if first and tree.head_of(first) is None:
                raise _unknown("firstUnknown", "first is before the latest tree head, and is of none", "first")
            if second is None or second > size:
                return Proven(sth=latest, consistency=self._consistency(tree, first, size))
            if second and tree.head_of(second) is None:
                raise _unknown("secondUnknown", "second is before the latest tree head, and is of none", "second")
            return Proven(consistency=self._consistency(tree, first, second))

    def inclusion(self, leaf: bytes, size: int) -> Proven:
        """From a leaf to a head's tree, or to the latest where that one is unknown (section 5.4)."""
        with self._store.transaction() as tree:
            latest = self._head(tree, grown=False)
            index = self._index(tree, leaf, latest)
            if size > latest.head.tree_size:
                return Proven(sth=latest, inclusion=self._inclusion(tree, index, latest.head.tree_size))
            self._check_size(tree, size)
            if index >= size:
                raise _unknown("hashUnknown", "the leaf is in no tree of that size", "hash")
            return Proven(inclusion=self._inclusion(tree, index, size))

    def everything(self, leaf: bytes, size: int) -> Proven:
        """Head, consistency with the head that is known, and inclusion in the latest (section 5.5)."""
        with self._store.transaction() as tree:
            latest = self._head(tree, grown=False)
            index, latest_size = self._index(tree, leaf, latest), latest.head.tree_size
            proven = Proven(inclusion=self._inclusion(tree, index, latest_size))
            if size == latest_size:
                return proven
            if size < latest_size:
                self._check_size(tree, size)
                proven = replace(proven, consistency=self._consistency(tree, size, latest_size))
            return replace(proven, sth=latest)

    def entries(self, start: int, end: int, *, most: int) -> tuple[SignedTreeHead, tuple[StoredEntry, ...]]:
        """The latest head, and its entries from ``start`` to ``end``, both counted, ``most`` of them (section 5.6)."""
        if start > end:
            raise _unknown("endBeforeStart", "start cannot be greater than end", "end")
        with self._store.transaction() as tree:
            latest = self._head(tree, grown=False)
            size = latest.head.tree_size
            if start > size:
                raise _unknown("startUnknown", "start is greater than the number of entries", "start")
            return latest, tree.entries(start, min(end + 1, size, start + most))

    def _append(self, tree: LogTransaction, accepted: AcceptedSubmission) -> StoredEntry:
        now = self._clock.now() * 1000
        entry = entry_of(
            accepted.tbs,
            issuer=accepted.issuer,
            timestamp=now,
            precertificate=accepted.precertificate,
            extensions=b"",
        )
        index, leaf = tree.size(), entry.leaf()
        kind = PRECERTIFICATE if accepted.precertificate else CERTIFICATE
        whole = UnverifiedSubmission(type=kind, submission=accepted.submission, chain=accepted.chain)
        stored = StoredEntry(
            index=index,
            leaf=leaf,
            submission_hash=_hash(accepted),
            timestamp=now,
            entry=entry.encode(),
            sct=self._identity.signer.sign_timestamp(entry).encode(),
            submitted=encode_json(whole.members()),
        )
        tree.append(stored, nodes_of_append(index, leaf, tree.node))
        self.taken += 1
        return stored

    def _head(self, tree: LogTransaction, *, grown: bool) -> SignedTreeHead:
        """The head in force, signed anew where there is none, where it is old, or where the tree is to have its own."""
        known, now, size = tree.latest_head(), self._clock.now() * 1000, tree.size()
        last = None if known is None else parse_trans_item(known)
        if isinstance(last, SignedTreeHead):
            is_young = now - last.head.timestamp < self._identity.merge_delay * 500
            if is_young and (not grown or last.head.tree_size == size):
                return last
        # section 4.10: younger than the head before, and no older than the youngest entry
        before, covered = (0, 0)
        if isinstance(last, SignedTreeHead):
            before, covered = last.head.timestamp + 1, last.head.tree_size
        timestamp = max(now, before, tree.youngest(covered))
        head = self._identity.signer.sign_head(
            TreeHead(timestamp=timestamp, tree_size=size, root_hash=root_of(size, tree.node))
        )
        tree.add_head(head)
        return head

    def _index(self, tree: LogTransaction, leaf: bytes, latest: SignedTreeHead) -> int:
        index = tree.index_of(leaf)
        if index is None or index >= latest.head.tree_size:
            raise _unknown("hashUnknown", "hash is not that of a leaf of the latest tree", "hash")
        return index

    def _check_size(self, tree: LogTransaction, size: int) -> int:
        if tree.head_of(size) is None:
            raise _unknown("treeSizeUnknown", "tree_size is before the latest tree head, and is of none", "tree_size")
        return size

    def _inclusion(self, tree: LogTransaction, index: int, size: int) -> InclusionProof:
        path = inclusion_path(index, size, tree.node)
        return InclusionProof(log_id=self._identity.signer.id, tree_size=size, leaf_index=index, path=path)

    def _consistency(self, tree: LogTransaction, first: int, second: int) -> ConsistencyProof:
        path = consistency_path(first, second, tree.node)
        return ConsistencyProof(log_id=self._identity.signer.id, tree_size_1=first, tree_size_2=second, path=path)


def issue_logged(draft: Draft, *, log: LogService, above: tuple[Certificate, ...] = (), now: int) -> Certificate:
    """Issue an access certificate by way of a log at hand: announced, taken in, and signed with what the log said.

    ``above`` are the certificates from the draft's authority up to an anchor of the log, which is left out.
    ``Denied`` when the log refuses it, ``Rejected`` when wallets would (ARF 3.0 CT_01, CT_04).
    """
    chain = tuple(each.der for each in above)
    announced = UnverifiedSubmission(type=PRECERTIFICATE, submission=announce(draft), chain=chain)
    taken = log.submit(announced)
    items = tuple(item for item in (taken.sct, taken.sth, taken.inclusion) if item is not None)
    return complete(draft, items, logs=(log.known,), now=now)


def _hash(accepted: AcceptedSubmission) -> bytes:
    """A pre-certificate's signature is another each time; what it announces is the same (section 11.3)."""
    kind = b"\x02" if accepted.precertificate else b"\x01"
    return sha256(kind + sha256(accepted.issuer.key.spki()).digest() + accepted.tbs).digest()


def _unknown(code: str, detail: str, field: str) -> Denied:
    return Denied(code, Check.LOG_QUERY, detail, field=field)
