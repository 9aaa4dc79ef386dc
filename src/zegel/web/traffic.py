"""What a listener counts of every request: its route and status, how long it took, and the check that refused it."""

from collections import Counter, defaultdict
from typing import Final, final

from zegel.errors import ZegelError
from zegel.web.metrics import Durations, Family, Kind, Sample, counted, of_role, single


@final
class Traffic:
    """The counts of one listener. A route is its template, and ``-`` where none takes the request."""

    def __init__(self, listener: str) -> None:
        self.listener: Final = listener
        self._requests: Counter[tuple[str, int]] = Counter()
        self._durations: defaultdict[str, Durations] = defaultdict(Durations)
        self._refusals: Counter[str] = Counter()
        self._faults = 0

    def note(self, *, route: str, status: int, seconds: float, error: Exception | None) -> None:
        """Count a request that was answered; ``error`` is why it was refused, or a bug of ours."""
        self._requests[route, status] += 1
        self._durations[route].note(seconds)
        if isinstance(error, ZegelError):
            self._refusals[error.check.id] += 1
        elif error is not None:
            self._faults += 1

    def families(self) -> tuple[Family, ...]:
        """The counts so far."""
        requests = tuple(
            Sample(labels={"route": route, "status": str(status)}, value=count)
            for (route, status), count in sorted(self._requests.items())
        )
        durations = tuple(
            sample for route, spent in sorted(self._durations.items()) for sample in spent.samples({"route": route})
        )
        families = (
            Family(name="zegel_requests_total", kind=Kind.COUNTER, meaning="Requests answered.", samples=requests),
            Family(
                name="zegel_request_duration_seconds",
                kind=Kind.HISTOGRAM,
                meaning="How long an answer took, in seconds; long polling waits on purpose.",
                samples=durations,
            ),
            counted("zegel_refusals_total", "Requests refused, by check.", self._refusals, by="check"),
            single("zegel_faults_total", Kind.COUNTER, "Answers 500: faults of zegel's own.", self._faults),
        )
        return of_role(self.listener, families)
