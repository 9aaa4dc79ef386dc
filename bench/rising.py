"""Something that is begun at a rate, whether or not what was begun before has ended, as people do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from over_http import Client
from zegel.primitives.http import HttpRequest, HttpResponse

PATIENCE_SECONDS: Final = 10  # who has waited for so long is gone
TRIES: Final = 5  # how often somebody comes again who was told when


class Turned(Exception):
    """What was begun did not come to its end: it was refused, or took too long."""


class PatientClient(Client):
    """A client that comes again when it is told to; ``turned_away`` counts how often it was."""

    def __init__(self) -> None:
        super().__init__()
        self.turned_away = 0

    async def send(self, request: HttpRequest, *, status: int | None = None) -> HttpResponse:
        """The answer, at the latest of five tries."""
        for _ in range(TRIES):
            answer = await super().send(request)
            if answer.status != 503:
                break
            self.turned_away += 1
            await asyncio.sleep(int(answer.header("retry-after") or PATIENCE_SECONDS))
        if answer.status == 503 or status not in (None, answer.status):
            raise Turned(f"{request.method} {request.path}: {answer.status}")
        return answer


@dataclass
class Step:
    """What came of a rate that was held for a while; times are in seconds."""

    elapsed: float = 0.0
    taken: list[float] = field(default_factory=list)
    errors: int = 0


async def hold(task: Callable[[], Awaitable[object]], *, rate: float, seconds: float) -> Step:
    """Begin a task so often a second, and wait for the last of them. A time counts from when it was due."""
    step, begun = Step(), time.perf_counter()

    async def one(due: float) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await task()
        except (Turned, TimeoutError):
            step.errors += 1
        else:
            step.taken.append(time.perf_counter() - due)

    async with asyncio.TaskGroup() as tasks:
        for number in range(max(1, round(rate * seconds))):
            due = begun + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(one(due))
    step.elapsed = time.perf_counter() - begun
    return step


def percentile(taken: list[float], part: int) -> float:
    """In milliseconds; -1 of nothing."""
    if not taken:
        return -1.0
    ordered = sorted(taken)
    return round(ordered[min(len(ordered) - 1, len(ordered) * part // 100)] * 1000, 1)
