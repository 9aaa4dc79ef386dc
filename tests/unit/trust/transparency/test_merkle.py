"""The tree: any size, any leaf, both proofs; and a proof that is changed proves nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zegel_testing.transparency import Tree

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.trust.transparency.merkle import (
    EMPTY_ROOT,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    nodes_of_append,
    peaks_after,
    root_of,
    root_of_peaks,
    verify_beginning,
    verify_consistency,
    verify_inclusion,
)

LARGEST = 130
ENTRIES = tuple(b"entry %d" % number for number in range(LARGEST))
TREE = Tree(ENTRIES)


def by_the_book(entries: tuple[bytes, ...]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, as it is written there."""
    if len(entries) < 2:
        return leaf_hash(entries[0]) if entries else EMPTY_ROOT
    half = 1
    while half * 2 < len(entries):
        half *= 2
    return node_hash(by_the_book(entries[:half]), by_the_book(entries[half:]))


ROOTS = [by_the_book(ENTRIES[:size]) for size in range(LARGEST + 1)]


def test_the_root_of_any_size_is_the_one_of_the_book() -> None:
    assert [root_of(size, TREE.read) for size in range(LARGEST + 1)] == ROOTS


def test_the_peaks_lead_to_the_same_roots_whatever_is_appended_at_once() -> None:
    leaves = tuple(map(leaf_hash, ENTRIES))
    for first in range(0, LARGEST, 7):
        size, peaks = peaks_after(0, (), leaves[:first])
        assert (size, root_of_peaks(peaks)) == (first, ROOTS[first])
        size, peaks = peaks_after(size, peaks, leaves[first:])
        assert (size, root_of_peaks(peaks), len(peaks)) == (LARGEST, ROOTS[LARGEST], LARGEST.bit_count())


@pytest.mark.slow
def test_any_first_leaves_are_shown_to_be_the_beginning_of_a_tree_and_others_are_not() -> None:
    """Whatever has one of the leaves before the last changed has other peaks."""
    leaves = tuple(map(leaf_hash, ENTRIES))
    for size in range(1, 40):
        for index in range(size):
            _, peaks = peaks_after(0, (), leaves[:index])
            path = inclusion_path(index, size, TREE.read)
            known = {"index": index, "size": size, "path": path, "root": ROOTS[size]}
            assert verify_beginning(leaves[index], peaks=peaks, **known) == ROOTS[size]
            for changed in range(index):
                _, others = peaks_after(0, (), (*leaves[:changed], bytes(32), *leaves[changed + 1 : index]))
                with pytest.raises(Rejected, match="does not begin"):
                    verify_beginning(leaves[index], peaks=others, **known)
            with pytest.raises(Rejected):
                verify_beginning(bytes(32), peaks=peaks, **known)


def test_another_root_begins_with_nothing_that_was_shown() -> None:
    leaf, known = leaf_hash(ENTRIES[2]), {"index": 2, "size": 5, "path": inclusion_path(2, 5, TREE.read)}
    _, peaks = peaks_after(0, (), tuple(map(leaf_hash, ENTRIES[:2])))
    assert verify_beginning(leaf, peaks=peaks, root=ROOTS[5], **known) == ROOTS[5]
    with pytest.raises(Rejected):
        verify_beginning(leaf, peaks=peaks, root=ROOTS[6], **known)


def test_every_leaf_of_every_tree_is_proven() -> None:
    for size in range(1, 40):
        for index in range(size):
            leaf = leaf_hash(ENTRIES[index])
            path = inclusion_path(index, size, TREE.read)
            assert verify_inclusion(leaf, index=index, size=size, path=path, root=ROOTS[size]) == leaf
            assert len(path) <= (size - 1).bit_length()


def test_every_tree_is_proven_to_begin_every_later_one() -> None:
    for second in range(40):
        for first in range(second + 1):
            path = consistency_path(first, second, TREE.read)
            proven = verify_consistency(
                first=first, first_root=ROOTS[first], second=second, second_root=ROOTS[second], path=path
            )
            assert proven == ROOTS[second]
            assert len(path) <= second.bit_length() + 1


def spoiled(path: tuple[bytes, ...], at: int) -> tuple[bytes, ...]:
    """A node changed, left out, or put in."""
    kind, at = at % 3, at // 3 % (len(path) + 1)
    if kind == 0 and at < len(path):
        return (*path[:at], bytes(32), *path[at + 1 :])
    if kind == 1 and at < len(path):
        return (*path[:at], *path[at + 1 :])
    return (*path[:at], bytes(32), *path[at:])


@settings(max_examples=150)
@given(st.integers(1, LARGEST), st.data())
def test_a_changed_proof_or_another_place_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(index, size, TREE.read)
    leaf, root = leaf_hash(ENTRIES[index]), ROOTS[size]
    wrong = spoiled(path, data.draw(st.integers(0, 60)))
    for changes in (
        {"path": wrong},
        {"index": data.draw(st.integers(0, 200).filter(lambda other: other != index))},
        {"root": ROOTS[size - 1]},
    ):
        with pytest.raises(Rejected) as refused:
            verify_inclusion(leaf, **{"index": index, "size": size, "path": path, "root": root} | changes)
        assert refused.value.check is Check.LOG_PROOF
    with pytest.raises(Rejected):
        verify_inclusion(leaf_hash(b"another"), index=index, size=size, path=path, root=root)


@settings(max_examples=150)
@given(st.integers(2, LARGEST), st.data())
def test_a_changed_proof_or_another_root_shows_no_growth(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second - 1))
    path = consistency_path(first, second, TREE.read)
    known = {"first": first, "first_root": ROOTS[first], "second": second, "second_root": ROOTS[second], "path": path}
    for changes in (
        {"path": spoiled(path, data.draw(st.integers(0, 60)))},
        {"first_root": ROOTS[first - 1]},
        {"second_root": ROOTS[second - 1]},
        {"first": second + 1},
    ):
        with pytest.raises(Rejected) as refused:
            verify_consistency(**known | changes)
        assert refused.value.check is Check.LOG_PROOF


def test_a_tree_of_the_same_size_has_the_same_root_and_needs_no_path() -> None:
    with pytest.raises(Rejected):
        verify_consistency(first=3, first_root=ROOTS[3], second=3, second_root=ROOTS[4], path=())
    with pytest.raises(Rejected):
        verify_consistency(first=3, first_root=ROOTS[3], second=3, second_root=ROOTS[3], path=(bytes(32),))


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_nothing_is_proven_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="leaf"):
        inclusion_path(index, size, TREE.read)
    with pytest.raises(Rejected):
        verify_inclusion(leaf_hash(b""), index=index, size=size, path=(), root=EMPTY_ROOT)


def test_nothing_is_proven_backwards() -> None:
    with pytest.raises(ValueError, match="older"):
        consistency_path(4, 3, TREE.read)
    with pytest.raises(Rejected, match="not smaller"):
        verify_consistency(first=4, first_root=ROOTS[4], second=3, second_root=ROOTS[4], path=())


@pytest.mark.parametrize("size", [1, 2, 100, (1 << 20) - 1, 1 << 20, (1 << 40) + 12_345])
def test_appending_and_proving_reads_some_log2_of_the_size(size: int) -> None:
    read: list[tuple[int, int]] = []

    def node(level: int, index: int) -> bytes:
        assert (index + 1) << level <= size  # complete nodes alone
        read.append((level, index))
        return bytes(32)

    height = size.bit_length()
    for work, most in (
        (lambda: nodes_of_append(size, bytes(32), node), height),
        (lambda: root_of(size, node), height),
        (lambda: inclusion_path(size // 3, size, node), 2 * height),
        (lambda: consistency_path(size // 3, size, node), 2 * height),
    ):
        read.clear()
        work()
        assert len(read) <= most + 1
