"""The scenarios of the drill: what happens in each, and what is found afterwards."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Final, final
from urllib.parse import urlsplit

from zegel_drill.ground import forget
from zegel_drill.judge import faults_of, not_like_new
from zegel_drill.town import DrillError, Point, Town
from zegel_drill.walk import INVITED, OFFICES, Walk

WHENS = ("before", "after")
_SECONDS: Final = 20.0  # a list that could not be had is asked for again after two
Planned = tuple[str, Callable[[], Awaitable["Result"]]]
"""What a scenario is called, and what does it."""


@final
@dataclass(frozen=True)
class Result:
    """How a scenario went: ``faults`` are what was not as it must be."""

    role: str
    point: str
    when: str
    ms: int
    faults: tuple[str, ...]

    def members(self) -> dict[str, object]:
        """The line for it."""
        line = {"role": self.role, "point": self.point, "when": self.when, "ok": not self.faults, "ms": self.ms}
        return line | ({"faults": list(self.faults)} if self.faults else {})


async def judged(role: str, point: str, when: str, work: Callable[[], Awaitable[list[str]]]) -> Result:
    """Do the work, which returns faults; what does not come to its end is one."""
    began = time.perf_counter()
    try:
        faults = await work()
    except Exception as error:  # noqa: BLE001 whatever goes wrong is the scenario's, and the next one begins anew
        faults = [f"{type(error).__name__}: {error}"]
    return Result(role, point, when, round((time.perf_counter() - began) * 1000), tuple(faults))


# --- kills on the way -------------------------------------------------------------------------------------------------


async def count_points(town: Town) -> dict[str, list[Point]]:
    """Walk once, and return where each role could have ended; ``DrillError`` when that walk is not as it must be.

    The turns of timers are left out: they come by the clock, and in the next walk perhaps elsewhere or not at all.
    """
    found: dict[str, list[Point]] = {}

    def note() -> None:
        for role in town.roles:
            found[role] = [point for point in town.points(role) if not point.work.startswith("timer")]

    faults = await walked(town, at_the_end=note)
    if faults:
        raise DrillError(f"without any fault: {faults}")
    return found


async def kill(town: Town, role: str, point: Point, when: str) -> Result:
    """End a role there, and walk to the end, or as far as it leads there."""

    async def work() -> list[str]:
        if role == "trust":  # for a minute a wallet asks nobody what it was told in the walk before
            town["wallet"].kill()
            if not town["wallet"].start():
                return [f"the wallet does not start: {town['wallet'].said()[-500:]}"]
        return await walked(town, role, point, when, only=_STEPS.get(role))

    return await judged(role, str(point), when, work)


_STEPS = {
    **dict.fromkeys(("transparency-log", "access-authority"), OFFICES),
    "registrar": (*OFFICES, INVITED),
    "door": ("door",),
}


async def walked(
    town: Town,
    role: str | None = None,
    point: Point | None = None,
    when: str = "",
    *,
    only: Collection[str] | None = None,
    troubled: bool = False,
    at_the_end: Callable[[], None] = lambda: None,
) -> list[str]:
    """A walk with a new wallet, or as much of it as ``only`` names; its faults.

    ``troubled``: who is told at the offices to come again does. ``at_the_end`` is called before faults are looked for.
    """
    town.mend()
    town.begin()
    walk = Walk(town, only=only)
    walk.offices.troubled = troubled
    try:
        await walk.fresh()
        town.begin(role, point, when)
        acknowledged = await walk.go()
        at_the_end()
        town.calm(role)
        faults = await faults_of(walk, acknowledged)
        if role is not None and town.mended != [role]:
            faults.append(f"expected that {role} dies once, and {town.mended} did")
        return faults
    finally:
        await walk.close()


# --- kills at the start -----------------------------------------------------------------------------------------------


def count_starts(town: Town, role: str) -> Iterator[Point]:
    """Where a role could end when it makes its database, up to where it answers."""
    _begin_anew(town, role, None)
    yield from town.points(role)


async def kill_at_start(town: Town, role: str, point: Point, when: str) -> Result:
    """End a role there, when it has nothing yet; it starts the next time, and is like new."""

    async def work() -> list[str]:
        if _begin_anew(town, role, [point.work, point.kind, point.ordinal, when]):
            return [f"{role} did not end"]
        if not town[role].start():
            return [f"{role} does not start again: {town[role].said()[-500:]}"]
        return list(not_like_new(town, role))

    return await judged(role, str(point), when, work)


def _begin_anew(town: Town, role: str, end: list[object] | None) -> bool:
    town.begin()
    town[role].kill()
    forget(town, role)
    return town[role].start({"begin": end})


# --- kills of whom others need at their start -------------------------------------------------------------------------


async def kill_trust(town: Town, point: Point, when: str) -> Result:
    """End who serves the lists while the verifier starts: it is not ready, and is as soon as they are served again."""

    async def work() -> list[str]:
        town.begin("trust", point, when)
        town["verifier"].kill()
        if not town["verifier"].start():
            return [f"the verifier does not start: {town['verifier'].said()[-500:]}"]
        # it dies after an answer has been sent, and so perhaps a moment after the verifier has it
        if not await _comes_true(lambda: town["trust"].ended is not None):
            return ["expected that trust dies, and it did not"]
        town.mend()
        if town.mended != ["trust"]:
            return [f"expected that trust dies, and {town.mended} did"]
        if not await becomes_ready(town, "verifier"):
            return ["the verifier is not ready, though the lists are served again"]
        return await walked(town)

    return await judged("trust", str(point), when, work)


async def becomes_ready(town: Town, role: str) -> bool:
    """Whether a role says within a moment that it has the lists."""
    return await _comes_true(lambda: _is_ready(town, role))


def _is_ready(town: Town, role: str) -> bool:
    at = urlsplit(getattr(town.config, role.replace("-", "_")).origin)
    connection = HTTPConnection("127.0.0.1", at.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz", headers={"host": at.netloc})
        return connection.getresponse().status == 200
    finally:
        connection.close()


async def _comes_true(what: Callable[[], bool]) -> bool:
    """Whether something is so within a moment that nobody would call long."""
    end = time.monotonic() + _SECONDS
    while not what():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


async def count_trust(town: Town) -> list[Point]:
    """Where who serves the lists could end while the verifier starts."""
    town.begin()
    town["verifier"].kill()
    if not town["verifier"].start():
        raise DrillError("the verifier does not start")
    await asyncio.sleep(0)
    return town.points("trust")
