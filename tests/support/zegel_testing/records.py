"""States and kinds such as services store, for tests of the stores."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import final

from zegel.primitives.keys import PrivateKey
from zegel.services.ports import Kind


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A session that waits."""

    claim: str
    key: PrivateKey | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A session that was answered."""

    names: tuple[str, ...]


SESSION: Kind[Waiting | Answered] = Kind(name="session", states=(Waiting, Answered))
CODE: Kind[Waiting] = Kind(name="code", states=(Waiting,))


def contents_of(folder: Path) -> dict[str, bytes]:
    """What a thief of the folder would read."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def modes_of(folder: Path) -> dict[str, int]:
    """The permissions of each file."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def power_cut() -> None:
    """Something goes wrong in the middle of a transaction."""
    raise ZeroDivisionError
