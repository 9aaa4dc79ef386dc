"""The faults of a disk, a database, a host and a clock: what a role says while they last, and that they leave no trace.

Each comes over a role at the moments at which its person waits for it, and is gone again before she goes on: what she
did then is refused by name and for the time being, nothing is lost of what was acknowledged, and nobody is restarted.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

from zegel.cli.output import UNAVAILABLE
from zegel.errors import ZegelError
from zegel_drill.ground import KEEPERS, disk_of, filled, locked, may_mount, no_more_bytes, read_only, small_disk
from zegel_drill.judge import faults_of, said_wrongly
from zegel_drill.scenarios import Planned, Result, becomes_ready, judged, walked
from zegel_drill.town import OUTBOUND, DrillError, Exchange, Town
from zegel_drill.walk import OFFICES, Walk

MOMENTS: Mapping[str, tuple[str, ...]] = {
    "issuer": ("log-in", "password", "approve"),
    "verifier": ("accept",),
    "provider": ("accept", "onward"),
    "wallet": ("create", "log-in", "keep", "accept"),
    "wallet-provider": ("create",),
    "registrar": ("/applications", "/decisions", "order"),
    "transparency-log": ("submit", "finish"),
    "access-authority": ("order", "finish", "/revocations"),
}
"""When a role is needed: what the person presses then, or asks for at an office.

The publisher of trust and the door are not among them: they have no database and write nothing, so that no fault of
these is theirs. When the publisher dies or hangs, while others start too, is ``scenarios.kill_trust``, the kills at its
own points and ``hanging_lists``.
"""

_STEPS: Mapping[str, tuple[str, ...]] = {
    "issuer": ("wallet", "receive"),
    "verifier": ("wallet", "receive", "present"),
    "provider": ("wallet", "receive", "sign-in"),
    "wallet": ("wallet", "receive", "present"),
    "wallet-provider": ("wallet", "receive"),
    **dict.fromkeys(("registrar", "transparency-log", "access-authority"), OFFICES),
    "door": ("door",),
}
"""As much of the walk as comes by there."""

HOUR = 3_600
_HEALTHY = 1.5  # seconds: a role that waits for somebody answers others within this time, under its own limit
_UNAVAILABLE = '"check":"availability"'

Fault = Callable[[Town, str], AbstractContextManager[None]]


# --- disks and databases ----------------------------------------------------------------------------------------------


async def full_disk(town: Town, role: str) -> Result:
    """Not one byte more can be written: on a small disk that is full, or where no disk can be had by a limit."""
    if not may_mount():
        return await _through(town, role, "full disk (limit)", lambda town, role: no_more_bytes(town[role]))

    async def work() -> list[str]:
        town[role].kill()
        with small_disk(disk_of(town, role), megabytes=8):
            town.start()
            faults = await _walk_through(town, role, lambda town, role: filled(disk_of(town, role)))
            town[role].kill()
        town.start()
        return faults

    return await judged(role, "full disk", "during", work)


async def no_writes(town: Town, role: str) -> Result:
    """What is open cannot be written any more, as on a disk that has become read-only."""
    return await _through(town, role, "no writes", lambda town, role: no_more_bytes(town[role]))


async def locked_database(town: Town, role: str) -> Result:
    """Somebody else has the database for himself."""
    return await _through(town, role, "locked database", locked)


async def read_only_disk(town: Town, role: str) -> Result:
    """Nothing can be opened for writing: who keeps a database does not start, and says why; a wallet keeps nothing."""
    if role == "wallet":
        return await _through(town, role, "read-only disk", lambda town, role: read_only(disk_of(town, role)))

    async def work() -> list[str]:
        town[role].kill()
        with read_only(disk_of(town, role)):
            if town[role].start():
                return [f"{role} starts on a disk that it cannot write"]
            said, status = town[role].said(), town[role].ended
        faults = [] if "database" in said and "Traceback" not in said else [f"{role} says {said[-300:]}"]
        if status != UNAVAILABLE:
            faults.append(f"{role} ends with {status}")
        if not town[role].start():
            return [*faults, f"{role} does not start again: {town[role].said()[-300:]}"]
        return [*faults, *await walked(town, only=_STEPS[role])]

    return await judged(role, "read-only disk", "at its start", work)


async def _through(town: Town, role: str, name: str, fault: Fault) -> Result:
    return await judged(role, name, "during", lambda: _walk_through(town, role, fault))


async def _walk_through(town: Town, role: str, fault: Fault) -> list[str]:
    """A walk in which the fault comes over the role at each of its moments, once."""
    town.begin()
    walk, come = Walk(town, only=_STEPS[role]), set[str]()
    walk.offices.troubled = True
    started = town[role].pid

    @asynccontextmanager
    async def weather(moment: str) -> AsyncIterator[None]:
        if moment not in MOMENTS[role] or moment in come or not _concerns(role, walk):
            yield
            return
        come.add(moment)
        with fault(town, role):
            yield

    walk.person.weather = weather
    try:
        await walk.fresh()
        town.begin()
        acknowledged = await walk.go()
        faults = [*_refusals(town, role, town.exchanges()), *await faults_of(walk, acknowledged)]
        if come != set(MOMENTS[role]):
            faults.append(f"the fault came at {sorted(come)} alone")
        if town[role].pid != started or town[role].ended is not None:
            faults.append(f"{role} was not left running")
        return faults
    finally:
        await walk.close()


def _concerns(role: str, walk: Walk) -> bool:
    """Whether the walk is where this role is needed: a wallet shows something to the provider and to the verifier."""
    if role == "provider":
        return walk.now == "sign-in"
    return role != "verifier" or walk.now == "present"


def _refusals(town: Town, role: str, exchanges: list[Exchange]) -> list[str]:
    """What is wrong with how a role said that it cannot work."""
    refused = [each for each in exchanges if each.role == role and each.status is not None and each.status >= 500]
    faults = [f"{role} {each.work} is answered {each.status}" for each in refused if each.status != 503]
    faults += [f"{role} {each.work} says 503 without when to come again" for each in refused if not each.retry_after]
    named = sum(_UNAVAILABLE in line for line in town.lines(role))
    if not refused:
        faults.append(f"{role} noticed nothing of it")
    if named < len(refused):
        faults.append(f"{role} answered 503 {len(refused)} times, and named availability {named} times")
    return faults


# --- a host that hangs ------------------------------------------------------------------------------------------------


async def hanging_status_host(town: Town) -> Result:
    """Who serves the status list takes connections and says nothing: the verifier gives up in time, and works on."""
    return await _hanging(town, "verifier", "issuer", "status host hangs", "accept")


async def hanging_log(town: Town) -> Result:
    """The log takes connections and says nothing: the access authority gives up in time, and works on."""
    return await _hanging(town, "access-authority", "transparency-log", "log hangs", "finish")


async def hanging_register(town: Town) -> Result:
    """The registrar's operator API takes connections and says nothing, when somebody orders."""
    return await _hanging(town, "access-authority", "registrar", "registrar hangs", "order")


async def hanging_host(town: Town) -> Result:
    """The host that is to be certified takes connections and says nothing, when it is asked for its token."""
    return await _hanging(town, "access-authority", "verifier", "host hangs", "finish")


async def _hanging(town: Town, role: str, neighbour: str, name: str, moment: str) -> Result:
    """A role waits for a neighbour that takes connections and says nothing: it gives up in time, and works on."""

    async def work() -> list[str]:
        town.begin()
        if role == "verifier":
            town[role].kill()
            if not town[role].start():  # it has kept no list that it could do with
                return [f"the {role} does not start: {town[role].said()[-500:]}"]
        walk, faults, hung = Walk(town, only=_STEPS[role]), list[str](), list[str]()
        walk.offices.troubled = True

        @asynccontextmanager
        async def weather(now: str) -> AsyncIterator[None]:
            if now != moment or not _concerns(role, walk) or hung:
                yield
                return
            hung.append(now)
            town[neighbour].signal(signal.SIGSTOP)
            looking, began = asyncio.create_task(_slowest_look(town, role)), time.monotonic()
            try:
                yield
            finally:
                town[neighbour].signal(signal.SIGCONT)
                took = time.monotonic() - began
                slowest = await looking
            if took > OUTBOUND:
                faults.append(f"the {role} took {took:.1f} seconds to give up")
            if slowest > _HEALTHY:
                faults.append(f"meanwhile the {role} let others wait {slowest:.1f} seconds")

        walk.person.weather = weather
        try:
            await walk.fresh()
            town.begin()
            acknowledged = await walk.go()
            faults += [*_refusals(town, role, town.exchanges()), *await faults_of(walk, acknowledged)]
            return faults if hung else ["nothing hung"]
        finally:
            town[neighbour].signal(signal.SIGCONT)
            await walk.close()

    return await judged(role, name, "during", work)


async def hanging_lists(town: Town) -> Result:
    """Who serves the lists takes connections and says nothing while the door starts: it is not ready, and is alive; it
    is ready as soon as they are served again."""

    async def work() -> list[str]:
        town.begin()
        town["trust"].signal(signal.SIGSTOP)
        try:
            town["door"].kill()
            if not town["door"].start():
                return [f"the door does not start: {town['door'].said()[-500:]}"]
            slowest = await _slowest_look(town, "door")
        finally:
            town["trust"].signal(signal.SIGCONT)
        faults = [f"meanwhile the door let others wait {slowest:.1f} seconds"] if slowest > _HEALTHY else []
        if not await becomes_ready(town, "door"):
            faults.append("the door is not ready, though the lists are served again")
        return [*faults, *await walked(town, only=_STEPS["door"])]

    return await judged("door", "list host hangs", "at its start", work)


async def _slowest_look(town: Town, role: str) -> float:
    """How long the slowest of some looks at a role took, in seconds, while it waits for somebody."""
    at = urlsplit(getattr(town.config, role.replace("-", "_")).origin)
    slowest = 0.0
    for _ in range(8):
        began = time.monotonic()
        await asyncio.to_thread(_look, at.port or 0, at.netloc)
        slowest = max(slowest, time.monotonic() - began)
        await asyncio.sleep(0.1)
    return slowest


def _look(port: int, host: str) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=OUTBOUND * 2)
    try:
        connection.request("GET", "/healthz", headers={"host": host})
        if connection.getresponse().status != 200:
            raise DrillError(f"{host} is not alive")
    finally:
        connection.close()


# --- clocks -----------------------------------------------------------------------------------------------------------


async def wrong_clock(town: Town, role: str, seconds: int) -> Result:
    """A role's clock jumps in the middle of what is under way, and later it is right again."""

    async def work() -> list[str]:
        faults = await _jumping(town, role, seconds)
        town[role].tell(clock=seconds)
        try:
            await _as_far_as_it_goes(town)
        finally:
            town[role].tell(clock=0)
        return [*faults, *said_wrongly(town), *await walked(town, troubled=True)]

    return await judged(role, f"clock {seconds:+d} s", "during", work)


async def clock_there_and_back(town: Town) -> Result:
    """After a walk every clock is ahead for as long as it takes to remove what is over, and right again: nothing that
    served serves again."""

    async def work() -> list[str]:
        town.begin()
        walk = Walk(town)
        try:
            await walk.fresh()
            town.begin()
            acknowledged = await walk.go()
            for role in KEEPERS:
                town[role].tell(clock=HOUR)
            await asyncio.sleep(2 * PURGE + 0.5)
            for role in KEEPERS:
                town[role].tell(clock=0)
            return await faults_of(walk, acknowledged)
        finally:
            await walk.close()

    return await judged("all", f"clock {HOUR:+d} s", "and back", work)


PURGE = 1
"""Seconds between two purges in a town whose clocks are set."""


async def _jumping(town: Town, role: str, seconds: int) -> list[str]:
    """The clock jumps at each moment; ahead by so much, nothing that was under way is good any more."""
    town.begin()
    walk, come, faults = Walk(town, only=_STEPS.get(role)), set[str](), list[str]()
    walk.offices.troubled = True

    @asynccontextmanager
    async def weather(moment: str) -> AsyncIterator[None]:
        if moment not in _TIMED.get(role, ()) or moment in come or not _concerns(role, walk):
            yield
            return
        come.add(moment)
        town[role].tell(clock=seconds)
        known = len(_of(town, role))
        try:
            yield
        finally:
            town[role].tell(clock=0)
        if seconds > 0:
            went_well = [each for each in _of(town, role)[known:] if each.work in _EXPIRING and _granted(each)]
            faults.extend(f"{role} {each.work} was granted an hour too late" for each in went_well)

    walk.person.weather = weather
    try:
        await walk.fresh()
        town.begin()
        acknowledged = await walk.go()
        return [*faults, *await faults_of(walk, acknowledged)]
    finally:
        await walk.close()


_TIMED: Mapping[str, tuple[str, ...]] = {
    "issuer": ("log-in", "password", "approve"),
    "verifier": ("accept",),
    "provider": ("accept", "onward"),
    "wallet": ("accept",),
    "registrar": ("/applications", "/decisions", "order"),
    "transparency-log": ("submit", "finish"),
    "access-authority": ("finish", "/revocations"),
    "door": ("code", "next"),
}
_EXPIRING = frozenset(
    {
        "POST /par",
        "POST /consent",
        "POST /token",
        "POST /credential",
        "POST /response/{session}",
        "GET /return/{session}",
        "POST /orders/{order}/certificate",
    }
)
"""What an hour later is refused whatever it brings: what it refers to, or what it proves, is over by then."""


def _granted(exchange: Exchange) -> bool:
    return exchange.status is not None and exchange.status < 400 and "error=" not in exchange.location


def _of(town: Town, role: str) -> list[Exchange]:
    return [each for each in town.exchanges() if each.role == role]


async def _as_far_as_it_goes(town: Town) -> None:
    """A walk under a wrong clock, of which nothing is expected but that it is refused by name."""
    walk = Walk(town)
    town.begin()
    try:
        await walk.fresh()
        await walk.go()
    except (DrillError, ZegelError):
        pass
    finally:
        await walk.close()


def all_faults(town: Town) -> list[Planned]:
    """Every fault of a disk, a database and a host; disks of one's own where the machine lets us have some."""
    planned: list[Planned] = []
    for role in (*KEEPERS, "wallet"):
        planned.append((f"{role} full disk", lambda r=role: full_disk(town, r)))
        planned.append((f"{role} no writes", lambda r=role: no_writes(town, r)))
        if role in KEEPERS:
            planned.append((f"{role} locked database", lambda r=role: locked_database(town, r)))
        if may_mount():
            planned.append((f"{role} read-only disk", lambda r=role: read_only_disk(town, r)))
    return [
        *planned,
        ("verifier status host hangs", lambda: hanging_status_host(town)),
        ("access-authority log hangs", lambda: hanging_log(town)),
        ("access-authority registrar hangs", lambda: hanging_register(town)),
        ("access-authority host hangs", lambda: hanging_host(town)),
        ("door list host hangs", lambda: hanging_lists(town)),
    ]


def all_clocks(town: Town) -> list[Planned]:
    """Every clock that jumps, and back."""
    jumps: list[Planned] = [
        (f"{role} clock {seconds:+d} s", lambda r=role, s=seconds: wrong_clock(town, r, s))
        for role in (*KEEPERS, "wallet", "door")
        for seconds in (HOUR, -HOUR)
    ]
    return [*jumps, (f"all clock {HOUR:+d} s and back", lambda: clock_there_and_back(town))]
