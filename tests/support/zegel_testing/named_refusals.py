"""No role says no without saying which rule: each refusal that is logged names its check, whoever words the answer."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from zegel.adapters.logs import Event

REFUSALS = frozenset(range(400, 500)) - {404, 405, 406}
"""The statuses of what a rule refuses; the other three say that there is nothing of the kind."""


class _Unnamed(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.found: list[Event] = []

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, Event) and event.status in REFUSALS and event.check is None:
            self.found.append(event)


@contextmanager
def refusals_named() -> Iterator[None]:
    """Hear what the roles of this process log in the block, and fail at its end where one refused without a name."""
    logger, unnamed = logging.getLogger("zegel"), _Unnamed()
    level = logger.level
    logger.addHandler(unnamed)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(unnamed)
        logger.setLevel(level)
    assert unnamed.found == []
