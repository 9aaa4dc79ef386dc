"""The measure for hostile bytes: ``Malformed`` within 50 ms and 10 MB, whatever they are."""

import os
import sys
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from time import perf_counter, sleep

import pytest

from zegel.errors import Malformed

MAX_SECONDS = 0.050
MAX_BYTES = 10_000_000
_PAUSES = (0.1, 0.5, 2)  # other processes only add to a time: who is late is asked again, ahead of them if that may be


def assert_malformed_cheaply(parse: Callable[[], object]) -> None:
    """Call up to five times: each ends in ``Malformed``, the best within the time, and one more within the memory."""
    assert_soon(lambda: _assert_malformed(parse))
    assert is_small(lambda: _assert_malformed(parse))


def assert_soon(call: Callable[[], object]) -> None:
    """Call up to five times: the best is within the time, whatever comes of it."""
    assert is_soon(call)


def is_small(call: Callable[[], object]) -> bool:
    """Whether one of three calls is within the memory: another thread of this process only adds to what is counted."""
    peaks: list[int] = []
    for _ in range(3):
        with _counting(peaks):
            call()
        if peaks[-1] < MAX_BYTES:
            return True
    return False


async def awaited_peak_bytes(call: Callable[[], Awaitable[object]]) -> int:
    """The most that is allocated at a time: the least of three calls, as ``is_small`` says why."""
    peaks: list[int] = []
    for _ in range(3):
        with _counting(peaks):
            await call()
    return min(peaks)


@contextmanager
def _counting(peaks: list[int]) -> Iterator[None]:
    """Add the most that is allocated at a time within, beyond what was there."""
    tracemalloc.start()
    try:
        yield
        peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def is_soon(call: Callable[[], object]) -> bool:
    """Whether the best of five calls is within the time on the wall, also where the call does nothing but wait."""
    return _is_one_of_five_soon(call) or any(_is_soon_ahead_of_others(call, after=pause) for pause in _PAUSES)


def _is_one_of_five_soon(call: Callable[[], object]) -> bool:
    tracer = sys.gettrace()
    sys.settrace(None)  # what coverage adds to each call is not the parser's
    try:
        return any(_seconds(call) < MAX_SECONDS for _ in range(5))
    finally:
        sys.settrace(tracer)


def _is_soon_ahead_of_others(call: Callable[[], object], *, after: float) -> bool:
    sleep(after)
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        return _is_one_of_five_soon(call)
    finally:
        os.sched_setscheduler(0, policy, priority)


def _seconds(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began


def _assert_malformed(parse: Callable[[], object]) -> None:
    with pytest.raises(Malformed):
        parse()
