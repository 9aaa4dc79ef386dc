"""Pieces of Markdown."""

from collections.abc import Iterable, Iterator, Sequence

_ACTIVE = str.maketrans({"|": "\\|", "<": "&lt;", "[": "\\[", "]": "\\]", "*": "\\*", "_": "\\_"})


def text(value: str) -> str:
    """Text as it is, whatever characters it has: on one line, none of it Markdown."""
    return " ".join(value.split()).translate(_ACTIVE)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table, with an empty one before it."""
    yield from ("", _row(head), "|" + "---|" * len(head))
    for row in rows:
        yield _row(row)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
