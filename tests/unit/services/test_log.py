"""The log: what it promised it keeps, and it proves whatever it is asked for."""

from pathlib import Path

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.log_world import LogWorld, announced, issued
from zegel_testing.transparency import ACCESS_DRAFT, LOG, LOGGED_ROOT, access_draft

from zegel.adapters.sql.log import open_log
from zegel.checks import Check
from zegel.errors import Denied, Unavailable
from zegel.services.log import issue_logged
from zegel.trust.transparency.heads import check_grown, check_included, verify_tree_head
from zegel.trust.transparency.items import LogEntry, SignedTreeHead, parse_trans_item
from zegel.trust.transparency.merkle import leaf_hash
from zegel.trust.transparency.timestamps import verify_timestamps

NAMES = tuple(f"verifier {number}" for number in range(9))


def refusal(call) -> str:
    with pytest.raises(Denied) as denied:
        call()
    assert denied.value.check is Check.LOG_QUERY
    return denied.value.code


def verified(world: LogWorld, head: SignedTreeHead):
    return verify_tree_head(head, log=LOG, now=world.clock.now())


@pytest.mark.requirement("CT_01")
@pytest.mark.requirement("CT_04")
def test_a_certificate_is_issued_with_its_timestamp_and_the_proof_that_it_is_in_the_log() -> None:
    world = LogWorld()
    world.take(*NAMES)
    certificate = issue_logged(ACCESS_DRAFT, log=world.log, now=world.clock.now())
    (timestamp,) = verify_timestamps(
        certificate, issuer=LOGGED_ROOT.certificate, logs=(LOG,), required=True, now=world.clock.now()
    ).timestamps
    assert timestamp.tree_size == len(NAMES) + 1


def test_the_same_submission_is_taken_once_and_answered_alike() -> None:
    """RFC 9162 section 11.3; the signature of a pre-certificate is another each time."""
    world = LogWorld()
    first = world.log.submit(announced(ACCESS_DRAFT))
    world.clock.advance(60)
    again = world.log.submit(announced(ACCESS_DRAFT))
    assert again.sct == first.sct
    assert world.log.taken == 1
    assert world.log.submit(issued(ACCESS_DRAFT)).sct.precertificate is False
    assert world.log.latest_head().head.tree_size == 2


def test_every_entry_is_proven_in_every_tree_that_was_signed() -> None:
    world = LogWorld()
    world.take(*NAMES)
    latest = verified(world, world.log.latest_head())
    _, entries = world.log.entries(0, 100, most=100)
    assert [entry.index for entry in entries] == list(range(len(NAMES)))
    for entry in entries:
        leaf = leaf_hash(entry.entry)
        proof = world.log.inclusion(leaf, latest.head.tree_size).inclusion
        assert proof is not None
        assert check_included(leaf, proof=proof, head=latest)
        assert proof.leaf_index == entry.index


def test_every_tree_that_was_signed_leads_to_every_later_one() -> None:
    world = LogWorld()
    heads = [verified(world, world.log.sign_head())]
    for name in NAMES:
        world.take(name)
        heads.append(verified(world, world.log.latest_head()))
    for at, seen in enumerate(heads):
        for head in heads[at:]:
            proof = world.log.consistency(seen.head.tree_size, head.head.tree_size).consistency
            assert check_grown(head, seen=seen, proof=proof) is head


def test_a_large_log_answers_with_a_promise_and_keeps_it_by_its_timer() -> None:
    world = LogWorld(at_once=2)
    world.take("one", "two", "three")
    later = world.log.submit(announced(ACCESS_DRAFT))
    assert (later.sth, later.inclusion) == (None, None)
    assert world.log.latest_head().head.tree_size == 2
    leaf = parse_leaf(world, 3)
    assert refusal(lambda: world.log.inclusion(leaf, 2)) == "hashUnknown"
    world.clock.advance(1)
    assert world.log.sign_head().head.tree_size == 4
    assert world.log.inclusion(leaf, 4).inclusion is not None
    assert world.log.submit(announced(ACCESS_DRAFT)).inclusion is not None


def parse_leaf(world: LogWorld, index: int) -> bytes:
    with world.store.transaction() as tree:
        (stored,) = tree.entries(index, index + 1)
    item = parse_trans_item(stored.entry)
    assert isinstance(item, LogEntry)
    return item.leaf()


def test_a_head_is_signed_anew_before_it_is_as_old_as_the_merge_delay() -> None:
    world = LogWorld(merge_delay=100)
    first = world.log.sign_head()
    world.clock.advance(49)
    assert world.log.sign_head() == first
    world.clock.advance(1)
    again = world.log.latest_head()
    assert again.head.timestamp > first.head.timestamp
    assert again.head.root_hash == first.head.root_hash


def test_heads_rise_in_time_whatever_the_clock_does() -> None:
    world = LogWorld()
    world.take("one")
    before = world.log.latest_head().head.timestamp
    world.log.submit(announced(access_draft(name="two")))
    world.clock.advance(-30)
    world.log.submit(announced(access_draft(name="three")))
    head = world.log.latest_head().head
    with world.store.transaction() as tree:
        assert head.timestamp >= tree.youngest(0) > 0
    assert head.timestamp > before


def test_a_log_whose_clock_was_ahead_is_believed_as_soon_as_it_is_right() -> None:
    """RFC 9162 section 4.10: heads go on from the latest one; a timestamp of now is a promise by itself."""
    world = LogWorld()
    world.clock.advance(3_600)
    world.log.submit(announced(access_draft(name="one")))
    world.clock.advance(-3_600)
    later = world.log.submit(announced(access_draft(name="two")))
    assert (later.sct.timestamp, later.sth, later.inclusion) == (world.clock.now() * 1000, None, None)
    head = world.log.latest_head().head
    with world.store.transaction() as tree:
        assert head.timestamp > tree.youngest(0) > world.clock.now() * 1000


def test_what_is_asked_for_has_to_be_there() -> None:
    world = LogWorld(at_once=3)
    world.take(*NAMES[:6])
    world.log.sign_head()
    log, leaf = world.log, parse_leaf(world, 0)
    assert refusal(lambda: log.consistency(4, 3)) == "secondBeforeFirst"
    assert refusal(lambda: log.consistency(5, None)) == "firstUnknown"
    assert refusal(lambda: log.consistency(3, 5)) == "secondUnknown"
    assert refusal(lambda: log.inclusion(bytes(32), 6)) == "hashUnknown"
    assert refusal(lambda: log.inclusion(leaf, 5)) == "treeSizeUnknown"
    assert refusal(lambda: log.inclusion(parse_leaf(world, 4), 3)) == "hashUnknown"
    assert refusal(lambda: log.everything(leaf, 5)) == "treeSizeUnknown"
    assert refusal(lambda: log.entries(3, 2, most=9)) == "endBeforeStart"
    assert refusal(lambda: log.entries(7, 9, most=9)) == "startUnknown"


def test_whoever_knows_more_than_this_process_gets_the_latest_that_it_has() -> None:
    world = LogWorld()
    world.take(*NAMES[:4])
    log, leaf, latest = world.log, parse_leaf(world, 0), world.log.latest_head()
    assert log.consistency(9, 12).sth == latest
    assert log.consistency(9, 12).consistency is None
    beyond = log.consistency(2, 12)
    assert (beyond.sth, beyond.consistency and beyond.consistency.tree_size_2) == (latest, 4)
    assert log.consistency(2, None) == beyond
    assert log.inclusion(leaf, 12).sth == latest
    assert log.everything(leaf, 12) == log.inclusion(leaf, 12)
    assert log.everything(leaf, 4).sth is None
    everything = log.everything(leaf, 2)
    assert (everything.sth, everything.consistency) == (latest, beyond.consistency)


def test_entries_come_in_parts() -> None:
    world = LogWorld()
    world.take(*NAMES)
    head, entries = world.log.entries(2, 100, most=3)
    assert (head.head.tree_size, [entry.index for entry in entries]) == (9, [2, 3, 4])
    assert [entry.index for entry in world.log.entries(7, 7, most=3)[1]] == [7]
    assert world.log.entries(9, 9, most=3)[1] == ()


def test_a_log_that_was_closed_takes_nothing_in_and_serves_what_it_has() -> None:
    world = LogWorld()
    world.take("one")
    closed = LogWorld(store=world.store, open=False)
    with pytest.raises(Denied) as denied:
        closed.log.submit(announced(ACCESS_DRAFT))
    assert denied.value.code == "shutdown"
    assert closed.log.latest_head().head.tree_size == 1


def test_a_log_outlives_its_process_and_says_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    store = open_log(url)
    world = LogWorld(store=store)
    world.take(*NAMES[:5])
    before = world.log.latest_head()
    store.close()
    again = open_log(url)
    log = LogWorld(store=again).log
    assert log.latest_head() == before
    assert log.entries(0, 9, most=9)[1][0].timestamp == (NOW + 1) * 1000
    again.close()


def test_a_tree_with_a_hole_is_not_read_on() -> None:
    world = LogWorld()
    with world.store.transaction() as tree, pytest.raises(Unavailable, match="node 7 of level 0"):
        tree.node(0, 7)
