"""The Merkle tree of a log: its hashes, the root, and both kinds of proof, made and verified (RFC 9162 section 2.1).

A tree is known by its *complete* nodes: the node (level, index) is the hash over the ``2**level`` leaves from
``index * 2**level`` on. Such a node never changes once its leaves are there, so that whoever keeps them appends a leaf,
and makes a root or a proof, by reading some log2(size) of them.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final

from zegel.checks import Check
from zegel.errors import Rejected

HASH_SIZE: Final = 32  # SHA-256 is the one hash of the registry, section 10.2.1
MAX_PATH: Final = 64  # a tree size is a uint64: no tree is higher

EMPTY_ROOT: Final = sha256(b"").digest()

ReadNode = Callable[[int, int], bytes]
"""The hash of a complete node by level and index."""

Node = tuple[int, int, bytes]
"""A complete node: level, index and hash."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf. The prefixes keep a leaf from being taken for a node."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node above two others."""
    return sha256(b"\x01" + left + right).digest()


def nodes_of_append(size: int, leaf: bytes, read: ReadNode) -> tuple[Node, ...]:
    """The nodes that are complete once a leaf hash is appended to a tree of this size, the leaf's own first."""
    level, index, current = 0, size, leaf
    nodes = [(level, index, current)]
    while index & 1:
        current = node_hash(read(level, index - 1), current)
        level, index = level + 1, index >> 1
        nodes.append((level, index, current))
    return tuple(nodes)


def root_of(size: int, read: ReadNode) -> bytes:
    """The root of a tree of this size."""
    return _range(0, size, read) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, read: ReadNode) -> tuple[bytes, ...]:
    """The nodes that lead from a leaf to the root (section 2.1.3.1); ``ValueError`` for a leaf that is not there."""
    if not 0 <= index < size:
        raise ValueError("a proof is about a leaf of the tree")
    return tuple(reversed(_inclusion(index, 0, size, read)))


def consistency_path(first: int, second: int, read: ReadNode) -> tuple[bytes, ...]:
    """The nodes that lead from an older root to a newer one (section 2.1.4.1); none from the empty tree or to itself.

    ``ValueError`` unless the first tree is not larger than the second.
    """
    if not 0 <= first <= second:
        raise ValueError("a proof leads from the older tree to the newer")
    if first in (0, second):
        return ()
    return tuple(reversed(_consistency(first, second, read)))


def verify_inclusion(leaf: bytes, *, index: int, size: int, path: tuple[bytes, ...], root: bytes) -> bytes:
    """Return the leaf hash if ``path`` shows it under ``root`` (section 2.1.3.2); ``Rejected(LOG_PROOF)`` otherwise."""
    if not 0 <= index < size or len(leaf) != HASH_SIZE:
        raise Rejected(Check.LOG_PROOF, "expected the hash and the index of a leaf of the tree", field="leaf_index")
    sides = _on_the_left(index, size)
    if len(path) > len(sides):
        raise Rejected(Check.LOG_PROOF, "the path is too long", field="inclusion_path")
    current = leaf
    for left, node in zip(sides, path, strict=False):
        current = node_hash(node, current) if left else node_hash(current, node)
    if len(path) < len(sides) or current != root:
        raise Rejected(Check.LOG_PROOF, "the path does not lead to the root", field="inclusion_path")
    return leaf


def verify_consistency(
    *, first: int, first_root: bytes, second: int, second_root: bytes, path: tuple[bytes, ...]
) -> bytes:
    """Return the second root if the first tree is its beginning (section 2.1.4.2); ``Rejected(LOG_PROOF)`` otherwise.

    Every tree begins with the empty one, which needs no path; so does a tree with itself.
    """
    if not 0 <= first <= second:
        raise Rejected(Check.LOG_PROOF, "expected a tree that is not smaller than the first", field="tree_size")
    if first in (0, second):
        same = first != second or first_root == second_root
        if path or not same or (first == 0 and first_root != EMPTY_ROOT):
            raise Rejected(Check.LOG_PROOF, "a tree of the same size has another root", field="root_hash")
        return second_root
    # what a first tree of 2**n leaves has for a root is itself the node at which the path would begin
    nodes = path if first & (first - 1) else (first_root, *path)
    if not nodes:
        raise Rejected(Check.LOG_PROOF, "the path is too short", field="consistency_path")
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    sides, (old, *rest) = _on_the_left(at, last + 1), nodes
    if len(rest) > len(sides):
        raise Rejected(Check.LOG_PROOF, "the path is too long", field="consistency_path")
    new = old
    for left, node in zip(sides, rest, strict=False):
        old, new = (node_hash(node, old), node_hash(node, new)) if left else (old, node_hash(new, node))
    if len(rest) < len(sides) or old != first_root or new != second_root:
        raise Rejected(Check.LOG_PROOF, "the path does not lead from the first root to the second", field="root_hash")
    return second_root


def peaks_after(size: int, peaks: tuple[bytes, ...], leaves: Iterable[bytes]) -> tuple[int, tuple[bytes, ...]]:
    """The size and the peaks of a tree to which leaf hashes are appended.

    The peaks of a tree are its largest complete nodes from left to right: one for each bit that is set in its size.
    Who follows a log keeps these alone.
    """
    kept = list(peaks)
    for leaf in leaves:
        at, current = size, leaf
        while at & 1:
            current = node_hash(kept.pop(), current)
            at >>= 1
        kept.append(current)
        size += 1
    return size, tuple(kept)


def root_of_peaks(peaks: tuple[bytes, ...]) -> bytes:
    """The root of the tree with these peaks."""
    if not peaks:
        return EMPTY_ROOT
    *others, current = peaks
    for peak in reversed(others):
        current = node_hash(peak, current)
    return current


def verify_beginning(
    leaf: bytes, *, peaks: tuple[bytes, ...], index: int, size: int, path: tuple[bytes, ...], root: bytes
) -> bytes:
    """Return the root if its tree begins with that of the peaks and then the leaf; ``Rejected(LOG_PROOF)`` otherwise.

    ``path`` is the leaf's own of section 2.1.3. What stands to the left of it are the peaks of all that came before:
    so a log shows for any number of leaves, for which it has signed no head, that they are the first of a tree.
    """
    verify_inclusion(leaf, index=index, size=size, path=path, root=root)
    if tuple(node for left, node in zip(_on_the_left(index, size), path, strict=True) if left) != peaks[::-1]:
        detail = "the tree that it signed does not begin with the entries that it showed"
        raise Rejected(Check.LOG_PROOF, detail, field="inclusion_path")
    return root


def _on_the_left(index: int, size: int) -> tuple[bool, ...]:
    """Of each node of a leaf's path, whether it stands to the left (section 2.1.3.2, steps 3 and 4)."""
    sides: list[bool] = []
    at, last = index, size - 1
    while last:
        left = bool(at & 1) or at == last
        sides.append(left)
        while left and at and not at & 1:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    return tuple(sides)


def _inclusion(index: int, start: int, end: int, read: ReadNode) -> list[bytes]:
    """The path within the leaves from ``start`` to ``end``, the node next to the root first."""
    path: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(middle, end, read))
            end = middle
        else:
            path.append(_range(start, middle, read))
            start = middle
    return path


def _consistency(first: int, second: int, read: ReadNode) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1, the node next to the root first."""
    path: list[bytes] = []
    start, end = 0, second
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(_range(middle, end, read))
            end = middle
        else:
            path.append(_range(start, middle, read))
            start = middle
    if start:  # the first tree is not a node by itself: the path begins with what completes it
        path.append(_range(start, end, read))
    return path


def _range(start: int, end: int, read: ReadNode) -> bytes:
    """The hash over leaves as section 2.1.1 splits them; ``start`` is a multiple of the largest power of two in it."""
    peaks: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(read(level, start >> level))
        start += 1 << level
    return root_of_peaks(tuple(peaks))


def _split(size: int) -> int:
    """The largest power of two below ``size``, which is over one."""
    return 1 << (size - 1).bit_length() - 1
