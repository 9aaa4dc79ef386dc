"""The path as a tree: what holds, the first step that breaks, and what was not reached behind it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import final

from zegel.errors import Explanation, ZegelError, explain


class Standing(StrEnum):
    """How a step stands. ``SAID`` is what a file says of itself, and no step at all."""

    HOLDS = "holds"
    BREAKS = "breaks"
    NOT_REACHED = "not reached"
    SAID = "said"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A step and what hangs on it. ``explanation`` is there where the step breaks."""

    name: str
    said: str
    standing: Standing = Standing.SAID
    explanation: Explanation | None = None
    below: tuple["Branch", ...] = field(default=())

    def with_below(self, *branches: "Branch") -> "Branch":
        """The same step with more that hangs on it."""
        return replace(self, below=(*self.below, *branches))

    def walk(self) -> Iterator["Branch"]:
        """Every step, from the top."""
        yield self
        for branch in self.below:
            yield from branch.walk()

    @property
    def broken(self) -> "Branch | None":
        """The first step that breaks, if any does."""
        return next((branch for branch in self.walk() if branch.standing is Standing.BREAKS), None)


def holds(name: str, said: str) -> Branch:
    """A step that holds."""
    return Branch(name=name, said=said, standing=Standing.HOLDS)


def breaks(name: str, error: ZegelError) -> Branch:
    """A step that breaks, and why."""
    explanation = explain(error)
    return Branch(name=name, said=explanation.detail, standing=Standing.BREAKS, explanation=explanation)


def not_reached(name: str) -> Branch:
    """A step behind one that breaks: nobody knows how it stands."""
    return Branch(name=name, said="not reached", standing=Standing.NOT_REACHED)


def name_day(seconds: int) -> str:
    """A time as its day."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
