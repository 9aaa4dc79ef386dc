"""The measure for hostile bytes: ``Malformed`` within 50 ms and 10 MB, whatever they are."""

import sys
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from time import perf_counter, thread_time

import pytest

from zegel.errors import Malformed

MAX_SECONDS = 0.050
MAX_BYTES = 10_000_000


_MORE = 25  # what else the machine does only adds to a time, so that a busy one is asked more often


def assert_malformed_cheaply(parse: Callable[[], object]) -> None:
    """Call five times: each ends in ``Malformed``, the best within the time, and one more within the memory."""
    best = min(_seconds(parse) for _ in range(5))
    if best >= MAX_SECONDS:
        best = min(_seconds(parse) for _ in range(_MORE))
    assert best < MAX_SECONDS
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            parse()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MAX_BYTES


def assert_soon(call: Callable[[], object]) -> None:
    """Call five times: the best is within the time, whatever comes of it."""
    best = min(_seconds(call, malformed=False) for _ in range(5))
    if best >= MAX_SECONDS:
        best = min(_seconds(call, malformed=False) for _ in range(_MORE))
    assert best < MAX_SECONDS


def _seconds(parse: Callable[[], object], *, malformed: bool = True) -> float:
    """What the call takes; where the machine has more to do than it has cores for, the part that was the call's."""
    tracer = sys.gettrace()
    sys.settrace(None)  # what coverage adds to each call is not the parser's
    try:
        begun, began = perf_counter(), thread_time()
        with pytest.raises(Malformed) if malformed else nullcontext():
            parse()
        return min(perf_counter() - begun, thread_time() - began)
    finally:
        sys.settrace(tracer)
