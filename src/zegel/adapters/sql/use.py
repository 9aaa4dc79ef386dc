"""Who uses a database: roles that serve hold a lock beside it together, whoever replaces the database holds it alone.

The lock is the process's, and gone with it, however it ends. It is a file of its own: SQLite's locks are on the
database itself, and are lost when somebody else in the process closes it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from zegel.adapters.files import OWNER_ONLY
from zegel.errors import Unavailable

_SUFFIX: Final = ".lock"


def lock_of(path: Path) -> Path:
    """The file of the lock of a database."""
    return path.with_name(path.name + _SUFFIX)


@contextmanager
def in_use(path: Path | None) -> Iterator[None]:
    """Use a database beside others; ``Unavailable`` while somebody needs it alone. None has no file, and no lock."""
    with _locked(path, fcntl.LOCK_SH, "it is being restored or upgraded"):
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Use a database without others; ``Unavailable`` while a role runs on it."""
    with _locked(path, fcntl.LOCK_EX, "a role runs on it; end it first"):
        yield


@contextmanager
def _locked(path: Path | None, how: int, why_not: str) -> Iterator[None]:
    if path is None:
        yield
        return
    try:
        descriptor = os.open(lock_of(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
    except OSError as error:
        raise Unavailable(f"database {path.name}", (error.strerror or "it cannot be used").lower()) from None
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"database {path.name}", why_not) from None
        yield
    finally:
        os.close(descriptor)
