"""A process that is timed from outside: it says what it can run, then runs it as often as it is told.

Reads {"run": name, "times": n} and answers {"seconds": s, "processor_seconds": p}; reads {} and answers
{"peak_mb": m}. Imports nothing but the standard library, for the peers have environments of their own.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, process_time


def serve(subjects: Mapping[str, Callable[[], object]]) -> None:
    """Run each subject once, so that a broken one is seen at once, and then take orders until the input ends."""
    for subject in subjects.values():
        subject()
    print(json.dumps(list(subjects)), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        answer = _timed(subjects[order["run"]], order["times"]) if order else {"peak_mb": _peak_mb()}
        print(json.dumps(answer), flush=True)


def _peak_mb() -> float:
    """This program's own: what getrusage says is also that of whoever started it, until then."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _timed(subject: Callable[[], object], times: int) -> dict[str, float]:
    rounds = range(times)
    begun, used = perf_counter(), process_time()
    for _ in rounds:
        subject()
    return {"seconds": perf_counter() - begun, "processor_seconds": process_time() - used}
