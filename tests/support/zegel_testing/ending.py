"""What a test opened and leaves to be closed when it is over, which ``tests/conftest.py`` sees to."""

from collections.abc import Callable

_CLOSINGS: list[Callable[[], None]] = []


def close_at_end(close: Callable[[], None]) -> None:
    """Call this when the test is over that runs now, or the first that comes."""
    _CLOSINGS.append(close)


def close_all() -> None:
    """The test is over."""
    while _CLOSINGS:
        _CLOSINGS.pop()()
