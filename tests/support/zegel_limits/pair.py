"""A limit and its pair: what measures as much as it allows passes it, and what measures one more is refused by it."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import pytest

from zegel.checks import Check
from zegel.errors import Malformed, Unavailable, ZegelError

Refusal = Check | type[Malformed] | type[Unavailable] | type[ValueError]


@dataclass(frozen=True)
class Pair:
    """``make`` builds something of a measure and hands it over. ``refused`` is who says no: a check, or the error of
    what is no message at all.

    ``says`` is what the refusal says, the number itself unless it is another. Something that is only long enough may be
    refused by what comes after, which says something else: ``filler``. ``least``: the limit is one from below.
    ``ends``: something is over at the limit itself, so that a second less is the last that passes.
    """

    make: Callable[[int], object]
    refused: Refusal = Malformed
    says: str | None = None
    filler: bool = False
    least: bool = False
    ends: bool = False

    def within(self, limit: int) -> int:
        """The last measure that passes."""
        return limit - 1 if self.ends else limit

    def beyond(self, limit: int) -> int:
        """The first that does not."""
        return limit - 1 if self.least else limit if self.ends else limit + 1


def value_of(limit: str) -> int:
    """The constant by its path, such as ``zegel.primitives.json.MAX_DEPTH``."""
    module, _, name = limit.rpartition(".")
    value = getattr(import_module(module), name)
    assert isinstance(value, int)
    return value


def check_within(limit: str, pair: Pair) -> None:
    """At the limit nothing is refused on its account."""
    measure = pair.within(value_of(limit))
    if not pair.filler:
        pair.make(measure)
        return
    with pytest.raises((ZegelError, ValueError)) as refusal:
        pair.make(measure)
    assert _says(limit, pair) not in str(refusal.value)


def check_beyond(limit: str, pair: Pair) -> None:
    """One beyond it is refused, and by it."""
    beyond = pair.beyond(value_of(limit))
    if isinstance(pair.refused, Check):
        with pytest.raises(ZegelError) as refusal:
            pair.make(beyond)
        assert refusal.value.check is pair.refused
    else:
        with pytest.raises(pair.refused) as refusal:
            pair.make(beyond)
    assert _says(limit, pair) in str(refusal.value)


def _says(limit: str, pair: Pair) -> str:
    return str(value_of(limit)) if pair.says is None else pair.says
