"""Files, written whole or not at all: those that only their owner reads, and those that are published."""

import fcntl
import os
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Final

from zegel.errors import Unavailable

OWNER_ONLY: Final = 0o600
_PUBLISHED: Final = 0o644
_FOLDER_OWNER_ONLY: Final = 0o700
_OTHERS: Final = 0o077


def create_owner_only(path: Path, data: bytes) -> None:
    """Make a new file, complete at once; ``Unavailable`` when there is one by that name."""
    _publish(path, data, os.link)


def replace_owner_only(path: Path, data: bytes) -> None:
    """Put a new file in an old one's place. After a crash there is the old one or the new one, whole."""
    _publish(path, data, os.replace)


def replace_published(path: Path, data: bytes) -> None:
    """The same with a file that everybody may read, whatever the umask is."""
    _publish(path, data, os.replace, mode=_PUBLISHED)


@contextmanager
def holding(folder: Path, *, taken: str) -> Generator[None]:
    """Work in a folder while nobody else holds it; ``Unavailable`` with ``taken`` when somebody does."""
    with os_errors(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(str(folder), taken) from None
        yield
    finally:
        os.close(descriptor)


def remove_drafts(path: Path) -> None:
    """Remove what a crash has left of files that were to take this one's place; nobody writes it meanwhile.

    One that cannot be removed is no reason not to use the file.
    """
    for draft in path.parent.glob(f".{escape(path.name)}.*.draft*"):  # a database has a log beside it
        with suppress(OSError):
            draft.unlink()


def read_owner_only(path: Path, *, max_bytes: int) -> bytes:
    """Read a secret; ``Unavailable`` when it is missing, too long, or open to others than its owner."""
    with os_errors(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            _refuse_others(path, os.fstat(descriptor))
            data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise Unavailable(str(path), f"expected at most {max_bytes} bytes")
    return data


def read_file(path: Path, *, max_bytes: int) -> bytes:
    """Read what is no secret; ``Unavailable`` when it is missing or too long."""
    with os_errors(path), path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise Unavailable(str(path), f"expected at most {max_bytes} bytes")
    return data


def make_owner_only_folder(path: Path) -> None:
    """Make a folder and those above it, if they are missing; ``Unavailable`` when that fails."""
    with os_errors(path):
        path.mkdir(mode=_FOLDER_OWNER_ONLY, parents=True, exist_ok=True)


@contextmanager
def os_errors(path: Path, name: str = "") -> Generator[None]:
    """The system's refusals as ``Unavailable``, with the path, or its ``name``, and the system's own words."""
    try:
        yield
    except OSError as error:
        raise Unavailable(name or str(path), (error.strerror or "it cannot be used").lower()) from None


def _publish(path: Path, data: bytes, place: Callable[[Path, Path], None], *, mode: int = OWNER_ONLY) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    with os_errors(path):
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
        try:
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, mode)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            place(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """A rename is on the disk when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_others(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Unavailable(str(path), "expected a file")
    if status.st_mode & _OTHERS:
        raise Unavailable(str(path), "others than its owner may read or write it; chmod it to 600")
