"""Lists of trusted entities that are fetched again when the clock of a test moves on, as a role's timer does it."""

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor

from zegel.adapters.memory import ManualClock
from zegel.services.trust import Trust
from zegel.trust.lists.values import ListType
from zegel.web.app.roles import Timer


def keep_lists_fresh(trust: Trust, clock: ManualClock) -> None:
    """Fetch the lists whenever time has passed beyond what those in JSON are believed for."""

    def refresh() -> None:
        lists = [listed for listed in trust.health() if isinstance(listed.type, ListType)]
        if any(listed.until is not None and clock.now() >= listed.until for listed in lists):
            _run(trust.refresh())

    clock.watch(refresh)


def keep_time(timer: Timer, clock: ManualClock) -> None:
    """Have a role's timer act as it would where roles run: after its pause, which it says after each time.

    It has acted just now.
    """
    at = [clock.now() + timer.pause()]

    def look() -> None:
        if clock.now() >= at[0]:
            _run(timer.act())
            at[0] = clock.now() + timer.pause()

    clock.watch(look)


def _run(act: Awaitable[object]) -> None:
    """To its end, before anything else happens: in a loop of its own, for the test's own one stands still meanwhile."""

    async def acted() -> None:
        await act

    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, acted()).result()
