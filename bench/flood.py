"""A crowd that asks for one thing over and over, as fast as it is answered, and does not come again later when told to.

    flood.py ORIGIN TARGET STATUS CONNECTIONS SECONDS

Prints {"answered": n, "turned_away": n, "other": n, "told_to_wait": n, "p50_ms": x, "p99_ms": x}: ``answered`` are
answers with that status, of which the times are, and ``told_to_wait`` those of the turned away that were told for how
long.
"""

import asyncio
import json
import sys
import time
from collections import Counter

import uvloop

from crowd import Browser, files_for
from rising import percentile


async def flood(origin: str, target: str, status: int, connections: int, seconds: float) -> dict[str, float]:
    """Ask until the time is over."""
    end, counts, taken = time.perf_counter() + seconds, Counter[str](), list[float]()

    async def ask() -> None:
        async with Browser(origin) as browser:
            while (begun := time.perf_counter()) < end:
                try:
                    reply = await browser.get(target)
                except (OSError, asyncio.IncompleteReadError):
                    counts["other"] += 1
                    continue
                if reply.status == status:
                    counts["answered"] += 1
                    taken.append(time.perf_counter() - begun)
                elif reply.status == 503:
                    counts["turned_away"] += 1
                    counts["told_to_wait"] += "retry-after" in reply.headers
                else:
                    counts["other"] += 1

    async with asyncio.TaskGroup() as crowd:
        for _ in range(connections):
            crowd.create_task(ask())
    names = ("answered", "turned_away", "other", "told_to_wait")
    return {
        **{name: counts[name] for name in names},
        "p50_ms": percentile(taken, 50),
        "p99_ms": percentile(taken, 99),
    }


def main() -> None:
    origin, target, status, connections, seconds = sys.argv[1:]
    there = files_for(int(connections))
    print(json.dumps(uvloop.run(flood(origin, target, int(status), there, float(seconds)))))


if __name__ == "__main__":
    main()
