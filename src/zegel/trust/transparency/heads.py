"""Tree heads, verified: signed by the log, of now, and never behind one that was seen (RFC 9162 sections 4.10, 8.3)."""

from dataclasses import dataclass
from typing import final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.times import TOLERATED_EARLY
from zegel.trust.transparency.items import ConsistencyProof, InclusionProof, SignedTreeHead, TreeHead
from zegel.trust.transparency.logs import TransparencyLog
from zegel.trust.transparency.merkle import verify_beginning, verify_consistency, verify_inclusion


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedTreeHead:
    """A tree head that the log signed. ``signed`` is what it was read from."""

    log: TransparencyLog
    signed: SignedTreeHead

    @property
    def head(self) -> TreeHead:
        """The state of the tree."""
        return self.signed.head


def verify_tree_head(signed: SignedTreeHead, *, log: TransparencyLog, now: int) -> VerifiedTreeHead:
    """Verify that a log signed a head; ``Rejected(TREE_HEAD)`` otherwise, or for one of the future."""
    if signed.log_id != log.id:
        raise Rejected(Check.TREE_HEAD, f"expected the tree head of log {log.name}", field="log_id")
    log.verify(signed.signature, signed.head.encode(), Check.TREE_HEAD)
    if signed.head.timestamp > (now + TOLERATED_EARLY) * 1000:
        raise Rejected(Check.TREE_HEAD, "the tree head is signed in the future", field="timestamp")
    return VerifiedTreeHead(log=log, signed=signed)


def check_recent(head: VerifiedTreeHead, *, merge_delay: int, now: int) -> VerifiedTreeHead:
    """Return the head if it is no older than the log may serve it (section 4.10); ``Rejected(TREE_HEAD)`` otherwise.

    ``merge_delay`` is in seconds.
    """
    if head.head.timestamp < (now - merge_delay) * 1000:
        detail = f"the log's latest tree head is older than its merge delay of {merge_delay} seconds"
        raise Rejected(Check.TREE_HEAD, detail, field="timestamp")
    return head


def check_grown(head: VerifiedTreeHead, *, seen: VerifiedTreeHead, proof: ConsistencyProof | None) -> VerifiedTreeHead:
    """Return a head if the tree that was seen is the beginning of its own; ``Rejected`` with TREE_HEAD or LOG_PROOF.

    ``proof`` is needed where the tree has grown, and there was something in it.
    """
    old, new = seen.head, head.head
    if (new.tree_size, new.root_hash) != (old.tree_size, old.root_hash) and new.timestamp <= old.timestamp:
        raise Rejected(Check.TREE_HEAD, "the log offers an older tree than it has shown before", field="timestamp")
    path: tuple[bytes, ...] = ()
    if proof is not None:
        if (proof.tree_size_1, proof.tree_size_2) != (old.tree_size, new.tree_size) or proof.log_id != head.log.id:
            raise Rejected(Check.LOG_PROOF, "expected the proof for these two trees of this log", field="tree_size_1")
        path = proof.path
    verify_consistency(
        first=old.tree_size, first_root=old.root_hash, second=new.tree_size, second_root=new.root_hash, path=path
    )
    return head


def check_included(leaf: bytes, *, proof: InclusionProof, head: VerifiedTreeHead) -> VerifiedTreeHead:
    """Return the head if the proof leads from a leaf hash to its root; ``Rejected(LOG_PROOF)`` otherwise."""
    _check_of(proof, head)
    verify_inclusion(leaf, index=proof.leaf_index, size=proof.tree_size, path=proof.path, root=head.head.root_hash)
    return head


def check_begun(
    leaf: bytes, *, index: int, peaks: tuple[bytes, ...], proof: InclusionProof, head: VerifiedTreeHead
) -> VerifiedTreeHead:
    """Return the head if its tree begins with that of ``peaks`` and then the leaf; ``Rejected(LOG_PROOF)`` otherwise.

    ``peaks`` are those of the ``index`` leaves before it.
    """
    _check_of(proof, head)
    if proof.leaf_index != index:
        raise Rejected(Check.LOG_PROOF, "the entry stands elsewhere in the tree that it signed", field="leaf_index")
    verify_beginning(leaf, peaks=peaks, index=index, size=proof.tree_size, path=proof.path, root=head.head.root_hash)
    return head


def _check_of(proof: InclusionProof, head: VerifiedTreeHead) -> InclusionProof:
    if proof.tree_size != head.head.tree_size or proof.log_id != head.log.id:
        raise Rejected(Check.LOG_PROOF, "expected a proof for the tree of this head", field="tree_size")
    return proof
