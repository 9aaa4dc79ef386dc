"""Every target."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache

from zegel_fuzz.endpoints import endpoint_targets
from zegel_fuzz.lines import line_targets
from zegel_fuzz.parsers import parser_targets
from zegel_fuzz.target import Target


@cache
def all_targets() -> tuple[Target, ...]:
    """The parsers, the lines of a batch, and the endpoints."""
    return (*parser_targets(), *line_targets(), *endpoint_targets())


def chosen_targets(patterns: Sequence[str]) -> tuple[Target, ...]:
    """Those whose name fits one of the patterns (``*`` for anything); all without patterns."""
    if not patterns:
        return all_targets()
    return tuple(each for each in all_targets() if any(fnmatchcase(each.name, pattern) for pattern in patterns))
