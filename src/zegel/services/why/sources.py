"""The trust that a path is followed by: what of it could not be relied on, as the first step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from zegel.checks import Check
from zegel.errors import ZegelError
from zegel.services.why.tree import Branch, Standing, breaks

_FOR_WANT_OF_A_LIST: Final = frozenset(
    check.id
    for check in (
        Check.ANCHOR, Check.ENTITLEMENT, Check.CERTIFICATE_TIMESTAMP, Check.REVOCATION_STALE, Check.REVOCATION_LIST,
    )
)  # fmt: skip


def with_sources(path: Branch, refused: Sequence[tuple[str, ZegelError]]) -> Branch:
    """The path with the files that were refused as its first step, each by its name; the path itself where none was.

    That a list is refused breaks a path which breaks for want of what is on such lists. Any other stands as it does.
    """
    if not refused:
        return path
    wanting = any(
        branch.explanation is not None and branch.explanation.check in _FOR_WANT_OF_A_LIST for branch in path.walk()
    )
    top = Branch(name="trust", said=f"{len(refused)} of its files cannot be relied on")
    files = [breaks(name, error) if wanting else _left_out(name, error) for name, error in refused]
    return replace(path, below=(top.with_below(*files), *path.below))


def _left_out(name: str, error: ZegelError) -> Branch:
    return Branch(name=name, said=f"left out, and not needed: {error.detail}", standing=Standing.NOT_REACHED)
