"""States and kinds such as services store, for tests of the stores."""

from dataclasses import dataclass
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
