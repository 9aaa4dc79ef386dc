# ruff: noqa: RUF009 each call declares a field
"""When a worker turns requests away, rather than answer all of them late."""

from dataclasses import dataclass
from typing import final

from zegel.config.setting import Count, setting


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OverloadConfig:
    """What one worker takes on. Where something new would begin, half of it, so that what has begun comes to its end.

    A worker answers a few hundred requests a second, so that a second of waiting is a few hundred of them. Beyond it
    people press the button again, which makes the load heavier still.
    """

    wait: Count = setting(Count(1_000), "milliseconds that a request waits for its turn at most")
    at_once: Count = setting(Count(500), "requests that are being answered at a time at most, whatever they wait for")
