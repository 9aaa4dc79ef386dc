"""The log of this process: where it goes for a while, and afterwards to where it went before."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from zegel.adapters.logs import configure_logs


@contextmanager
def logs_restored() -> Iterator[None]:
    """Whatever the block does to loggers is undone at its end."""
    every = logging.getLogger().manager.loggerDict.values()
    loggers = [logging.getLogger(), *(one for one in every if isinstance(one, logging.Logger))]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    try:
        yield
    finally:
        for one, handlers, level, propagate in before:
            one.handlers[:], one.propagate = handlers, propagate
            one.setLevel(level)


@contextmanager
def logging_to(stream: TextIO) -> Iterator[None]:
    """The log goes to ``stream``, in the form that it has for operators."""
    with logs_restored():
        configure_logs(stream)
        yield
