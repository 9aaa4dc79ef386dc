"""A process that is timed from outside: it says what it can run, then runs it as often as it is told.

Reads {"run": name, "times": n} and answers {"seconds": s, "processor_seconds": p}; reads {} and answers
{"peak_mb": m}. Imports nothing but the standard library, for the peers have environments of their own.
"""

import json
import sys
from collections.abc import Callable, Mapping
from resource import RUSAGE_SELF, getrusage
from time import perf_counter, process_time


def serve(subjects: Mapping[str, Callable[[], object]]) -> None:
    """Run each subject once, so that a broken one is seen at once, and then take orders until the input ends."""
    for subject in subjects.values():
        subject()
    print(json.dumps(list(subjects)), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order:
            answer = _timed(subjects[order["run"]], order["times"])
        else:
            answer = {"peak_mb": getrusage(RUSAGE_SELF).ru_maxrss / 1024}
        print(json.dumps(answer), flush=True)


def _timed(subject: Callable[[], object], times: int) -> dict[str, float]:
    rounds = range(times)
    begun, used = perf_counter(), process_time()
    for _ in rounds:
        subject()
    return {"seconds": perf_counter() - begun, "processor_seconds": process_time() - used}
