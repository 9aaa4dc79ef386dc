"""How a role is watched: it answers, it is ready, and what it has counted."""

import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, final

from zegel.errors import ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.version import __version__
from zegel.web.load import Priority
from zegel.web.metrics import CONTENT_TYPE, Family, Kind, Sample, of_role, render, single
from zegel.web.routing import Route
from zegel.web.traffic import Traffic

HEALTH: Final = "/healthz"
READY: Final = "/readyz"
METRICS: Final = "/metrics"

Condition = Callable[[], Awaitable[object]]
"""Returns when something that the role needs is there; raises ``ZegelError`` with the reason otherwise."""


@final
class Monitor:
    """What is watched of one role. ``conditions`` are by name; ``families`` gives what the role counts by itself.

    ``notices`` are for its operator to look at, while the role does its work all the same.
    """

    def __init__(
        self,
        role: str,
        *,
        conditions: Mapping[str, Condition],
        families: Callable[[], Iterable[Family]] = tuple,
        notices: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.role: Final = role
        self._conditions = dict(conditions)
        self._families = families
        self._notices = notices
        self._traffic: list[Traffic] = []
        self._started = time.time()

    def traffic(self, listener: str) -> Traffic:
        """New counts for a listener of this role."""
        traffic = Traffic(listener)
        self._traffic.append(traffic)
        return traffic

    async def failing(self) -> Mapping[str, str | None]:
        """Each condition with why it does not hold, None where it does."""
        return {name: await _reason(condition) for name, condition in self._conditions.items()}

    def notices(self) -> list[str]:
        """What its operator should look at."""
        return list(self._notices())

    def render(self) -> bytes:
        """Everything that is counted, as text."""
        traffic = [family for one in self._traffic for family in one.families()]
        return render([*of_role(self.role, self._process()), *traffic, *of_role(self.role, self._families())])

    def _process(self) -> tuple[Family, ...]:
        spent, version = os.times(), Sample(labels={"version": __version__}, value=1)
        return (
            Family(name="zegel_info", kind=Kind.GAUGE, meaning="The version that runs.", samples=(version,)),
            single("process_start_time_seconds", Kind.GAUGE, "When the role began, since the epoch.", self._started),
            single("process_cpu_seconds_total", Kind.COUNTER, "Processor time.", spent.user + spent.system),
        )


def probes(monitor: Monitor) -> tuple[Route[Any], ...]:
    """The routes that say whether the role answers and is ready; whatever site they stand on."""

    async def health(_site: object, _request: HttpRequest) -> HttpResponse:
        return json_response({"status": "ok"})

    async def ready(_site: object, _request: HttpRequest) -> HttpResponse:
        failing = await monitor.failing()
        is_ready = not any(failing.values())
        conditions = {name: "ok" if why is None else why for name, why in failing.items()}
        said: dict[str, object] = {"ready": is_ready, "conditions": conditions}
        if notices := monitor.notices():
            said["notices"] = notices
        return json_response(said, status=200 if is_ready else 503)

    return (
        Route("GET", HEALTH, health, priority=Priority.ALWAYS),
        Route("GET", READY, ready, priority=Priority.ALWAYS),
    )


async def show_metrics(monitor: Monitor, _request: HttpRequest) -> HttpResponse:
    """What was counted."""
    headers = (("content-type", CONTENT_TYPE), ("cache-control", "no-store"))
    return HttpResponse(status=200, headers=headers, body=monitor.render())


async def _reason(condition: Condition) -> str | None:
    try:
        await condition()
    except ZegelError as error:
        return error.detail
    return None
