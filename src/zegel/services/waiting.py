"""Who waits for something to happen to a record: woken when this process changes it, and else looking now and then.

Another process that changes it tells nobody. So whoever waits looks again, the more seldom the more are waiting, and
however many they are, looking takes a worker no more than a fraction of its time.
"""

import asyncio
from contextlib import suppress
from typing import Final, final

_SOON: Final = 0.2  # seconds; nobody sees that something took so long
_LOOKS: Final = 500  # a second; each takes some 200 us, a tenth of a worker's time together


@final
class Waiting:
    """Those who wait, by the record's name."""

    def __init__(self) -> None:
        self._events: dict[str, tuple[asyncio.Event, int]] = {}
        self._count = 0
        self.ended = False

    @property
    def pause(self) -> float:
        """For how many seconds to wait before one looks again."""
        return max(_SOON, self._count / _LOOKS)

    async def wait(self, name: str, *, seconds: float) -> None:
        """Return when something happened to it here, and after so many seconds; at once where all has ended."""
        if self.ended:
            return
        event, others = self._events.get(name, (asyncio.Event(), 0))
        self._events[name] = event, others + 1
        self._count += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
        finally:
            self._count -= 1
            if self._events.get(name, (None, 0))[0] is event:
                _, here = self._events.pop(name)
                if here > 1:
                    self._events[name] = event, here - 1

    def wake(self, name: str) -> None:
        """Something happened to it."""
        event, _ = self._events.pop(name, (None, 0))
        if event is not None:
            event.set()

    def end(self) -> None:
        """The process ends: nobody waits any more."""
        self.ended = True
        for name in tuple(self._events):
            self.wake(name)
