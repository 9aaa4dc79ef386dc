"""When a page that waits is loaded again: soon, and later where so many wait that they would take all the time."""

from typing import Final, final

from zegel.services.ports import Clock

SOON_SECONDS: Final = 3  # whoever has answered on a telephone looks up by then
LATE_SECONDS: Final = 30  # a code is good for two minutes; whoever has answered waits for this long at most
_A_SECOND: Final = 200  # pages that are loaded again; at 2 ms each under half of a worker's time


@final
class Pace:
    """Gives each page a place of its own in time, so many a second, as long as there is one that is soon enough."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._last = 0  # in as many parts of a second since the epoch as it has places

    def next(self) -> int:
        """After how many seconds a page is to be loaded again that is loaded now."""
        now = self._clock.now() * _A_SECOND
        place = max(now + SOON_SECONDS * _A_SECOND, self._last + 1)
        self._last = min(place, now + LATE_SECONDS * _A_SECOND)
        return -(-(self._last - now) // _A_SECOND)
