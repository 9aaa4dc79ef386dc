"""How much a worker has before it: what it cannot answer in time it refuses at once, and so it is in time for the rest.

Nobody has to tell it that the load has fallen. A refusal takes a fraction of what an answer takes, so that whatever
waits is soon gone, and the next request waits no longer than it may.
"""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Final, final

from zegel.checks import Check
from zegel.config.overload import OverloadConfig
from zegel.errors import Unavailable

ARRIVED: Final = "zegel.arrived"
"""In an ASGI scope, if the server says it: when the head of the request had been read, by ``time.monotonic``."""

RETRY_AFTER_SECONDS: Final = 2  # what waits is gone within the second that it may wait, and a crowd is not back at once
REFRESH_SECONDS: Final = 10  # a browser loads its page again by itself: of ten thousand that wait, a thousand a second
_MILLISECONDS: Final = 1_000


class Priority(StrEnum):
    """Who is refused first when there is too much to do."""

    BEGINS = "begins"  # something new begins with it
    CONTINUES = "continues"  # somebody is halfway through something, who would have to begin again
    WAITS = "waits"  # its answer comes when something happens, and until then it does nothing: it is not counted
    ALWAYS = "always"  # who watches a role wants to know just then


@final
class Load:
    """What one worker has in hand, of all its roles together."""

    def __init__(self, limits: OverloadConfig) -> None:
        self._wait = limits.wait / _MILLISECONDS
        self._at_once = limits.at_once
        self.in_hand = 0

    @contextmanager
    def take(self, priority: Priority, *, waited: float) -> Generator[None]:
        """Have a request in hand that waited for its turn so many seconds; ``Unavailable`` when that is too much."""
        if priority is Priority.ALWAYS:
            yield
            return
        part = 2 if priority is Priority.BEGINS else 1
        if waited * part > self._wait or self.in_hand * part >= self._at_once:
            raise Unavailable(
                "worker",
                f"it has more to do than it can in time; come again in {RETRY_AFTER_SECONDS} s",
                check=Check.OVERLOAD,
                retry_after=RETRY_AFTER_SECONDS,
            )
        counted = priority is not Priority.WAITS
        self.in_hand += counted
        try:
            yield
        finally:
            self.in_hand -= counted


def waited(scope: Mapping[str, Any]) -> float:
    """For how many seconds the request of an ASGI scope has waited for its turn; none where the server does not say."""
    now = time.monotonic()
    seconds: float = now - scope.get(ARRIVED, now)
    return seconds
