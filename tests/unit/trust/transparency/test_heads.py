"""Tree heads: signed by the log on the list, of now, never behind one that was seen, and each leads to the next."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.transparency import LOG, LOG_SIGNER, Tree

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.der import encode_oid
from zegel.trust.transparency.heads import (
    VerifiedTreeHead,
    check_begun,
    check_grown,
    check_included,
    check_recent,
    verify_tree_head,
)
from zegel.trust.transparency.items import ConsistencyProof, InclusionProof, SignedTreeHead, TreeHead
from zegel.trust.transparency.logs import LogSigner, TransparencyLog
from zegel.trust.transparency.merkle import consistency_path, inclusion_path, leaf_hash, peaks_after, root_of

ENTRIES = tuple(b"entry %d" % number for number in range(10))
TREE = Tree(ENTRIES)


def signed(size: int, *, at: int = NOW, root: bytes | None = None, signer: LogSigner = LOG_SIGNER) -> SignedTreeHead:
    return signer.sign_head(TreeHead(timestamp=at * 1000, tree_size=size, root_hash=root or root_of(size, TREE.read)))


def head(size: int, *, at: int = NOW, root: bytes | None = None, now: int = NOW + 100) -> VerifiedTreeHead:
    return verify_tree_head(signed(size, at=at, root=root), log=LOG, now=now)


def consistency(first: int, second: int) -> ConsistencyProof:
    path = consistency_path(first, second, TREE.read)
    return ConsistencyProof(log_id=LOG.id, tree_size_1=first, tree_size_2=second, path=path)


def refused_by(check: Check, call) -> str:
    with pytest.raises(Rejected) as refused:
        call()
    assert refused.value.check is check
    return refused.value.detail


def test_a_head_is_the_logs_own() -> None:
    assert head(3).head.tree_size == 3
    impostor = LogSigner(id=LOG.id, signer=fixed_key("impostor"))
    refused_by(Check.TREE_HEAD, lambda: verify_tree_head(signed(3, signer=impostor), log=LOG, now=NOW))
    another: TransparencyLog = replace(LOG, id=encode_oid("2.25.9"))
    assert "log 2.25.9" in refused_by(Check.TREE_HEAD, lambda: verify_tree_head(signed(3), log=another, now=NOW))


def test_a_head_is_not_of_the_future() -> None:
    assert head(3, at=NOW + 10, now=NOW)
    refused_by(Check.TREE_HEAD, lambda: head(3, at=NOW + 11, now=NOW))


def test_a_head_is_no_older_than_the_merge_delay() -> None:
    assert check_recent(head(3), merge_delay=60, now=NOW + 60)
    assert "60 seconds" in refused_by(Check.TREE_HEAD, lambda: check_recent(head(3), merge_delay=60, now=NOW + 61))


def test_a_tree_grows_by_its_proof() -> None:
    seen, grown = head(3), head(7, at=NOW + 1)
    assert check_grown(grown, seen=seen, proof=consistency(3, 7)) is grown
    assert check_grown(seen, seen=seen, proof=None) is seen
    assert check_grown(grown, seen=head(0, at=NOW - 1), proof=None) is grown


def test_a_tree_that_was_signed_again_is_the_same_tree() -> None:
    again = head(3, at=NOW + 5)
    assert check_grown(again, seen=head(3), proof=None) is again


def test_a_fork_a_step_back_and_an_older_head_are_refused() -> None:
    fork = head(7, at=NOW + 1, root=bytes(32))
    refused_by(Check.LOG_PROOF, lambda: check_grown(fork, seen=head(3), proof=consistency(3, 7)))
    refused_by(Check.LOG_PROOF, lambda: check_grown(head(2, at=NOW + 1), seen=head(3), proof=None))
    refused_by(Check.LOG_PROOF, lambda: check_grown(head(3, at=NOW + 1, root=bytes(32)), seen=head(3), proof=None))
    older = "an older tree than it has shown"
    assert older in refused_by(Check.TREE_HEAD, lambda: check_grown(head(7), seen=head(3), proof=consistency(3, 7)))


def test_a_proof_is_for_these_two_trees_of_this_log() -> None:
    grown = head(7, at=NOW + 1)
    for wrong in (consistency(2, 7), consistency(3, 6), replace(consistency(3, 7), log_id=b"xx")):
        refused_by(Check.LOG_PROOF, lambda wrong=wrong: check_grown(grown, seen=head(3), proof=wrong))
    refused_by(Check.LOG_PROOF, lambda: check_grown(grown, seen=head(3), proof=None))


def test_a_leaf_is_shown_under_a_head() -> None:
    proof = InclusionProof(log_id=LOG.id, tree_size=7, leaf_index=4, path=inclusion_path(4, 7, TREE.read))
    assert check_included(leaf_hash(ENTRIES[4]), proof=proof, head=head(7)).head.tree_size == 7
    for leaf, wrong, under in (
        (leaf_hash(ENTRIES[5]), proof, head(7)),
        (leaf_hash(ENTRIES[4]), proof, head(8)),
        (leaf_hash(ENTRIES[4]), replace(proof, log_id=b"xx"), head(7)),
    ):
        refused_by(
            Check.LOG_PROOF,
            lambda leaf=leaf, wrong=wrong, under=under: check_included(leaf, proof=wrong, head=under),
        )


def test_a_tree_begins_with_the_leaves_before_the_one_that_is_shown_under_its_head() -> None:
    proof = InclusionProof(log_id=LOG.id, tree_size=7, leaf_index=4, path=inclusion_path(4, 7, TREE.read))
    leaf = leaf_hash(ENTRIES[4])
    _, peaks = peaks_after(0, (), map(leaf_hash, ENTRIES[:4]))
    assert check_begun(leaf, index=4, peaks=peaks, proof=proof, head=head(7)).head.tree_size == 7
    for wrong, under, index in (
        (proof, head(8), 4),
        (replace(proof, log_id=b"xx"), head(7), 4),
        (replace(proof, leaf_index=3), head(7), 4),
        (proof, head(7), 3),
    ):
        refused_by(
            Check.LOG_PROOF,
            lambda wrong=wrong, under=under, index=index: check_begun(
                leaf, index=index, peaks=peaks, proof=wrong, head=under
            ),
        )


def test_a_log_is_named_by_its_object_identifier() -> None:
    assert LOG.name == "2.25.1"
