"""Lists of trusted entities that are fetched again when the clock of a test moves on, as a role's timer does it."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from zegel.adapters.memory import ManualClock
from zegel.services.trust import Trust
from zegel.trust.lists.values import ListType


def keep_lists_fresh(trust: Trust, clock: ManualClock) -> None:
    """Fetch the lists whenever time has passed beyond what those in JSON are believed for."""

    def refresh() -> None:
        lists = [listed for listed in trust.health() if isinstance(listed.type, ListType)]
        if any(listed.until is not None and clock.now() >= listed.until for listed in lists):
            _run(trust.refresh())

    clock.watch(refresh)


def _run(coroutine: Coroutine[Any, Any, object]) -> None:
    """To its end, before anything else happens: in a loop of its own, for the test's own one stands still meanwhile."""
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, coroutine).result()
