"""The world as the services see it. Adapters implement these; only ``web/app.py`` and ``cli/main.py`` choose them."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, final

from zegel.primitives.http import HttpRequest, HttpResponse

T = TypeVar("T")
S = TypeVar("S")

Random = Callable[[int], bytes]
"""As many unpredictable bytes as asked for."""


class Clock(Protocol):
    """The time."""

    def now(self) -> int:
        """Seconds since the epoch."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """What a stored record is: its name, and the dataclasses that its value may be."""

    name: str
    states: tuple[type[T], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Generic[S]):
    """A value as it was loaded, with the version to swap it against."""

    value: S
    version: int


class Transaction(Protocol):
    """What happens to a role's records together, or not at all.

    Keys are hashed and values are sealed by the adapter. Nothing but this transaction is awaited inside it.
    """

    async def put(self, kind: Kind[T], key: str, value: T, *, expires: int) -> None:
        """Store a new record. The key must be new."""
        ...

    async def load(self, kind: Kind[T], key: str) -> Stored[T] | None:
        """Read a record that has not expired."""
        ...

    async def swap(self, kind: Kind[T], key: str, value: T, *, version: int, expires: int) -> bool:
        """Replace the record if it still has ``version``; False when somebody else was first."""
        ...

    async def take(self, kind: Kind[T], key: str) -> T | None:
        """Remove a record that has not expired and return it: the one-time secrets' only read."""
        ...

    async def claim(self, purpose: str, key: str, *, expires: int) -> bool:
        """Mark a value as used until it expires; False when it was used before."""
        ...


class Store(Protocol):
    """A role's database."""

    def transaction(self, *, durable: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Begin; commit at the end, roll back on an exception. ``durable`` survives a power cut."""
        ...


class Outbound(Protocol):
    """The one way out: https, pinned addresses, limits, no cookies. ``Unavailable`` when it fails or may not."""

    async def fetch(self, request: HttpRequest, *, redirects: int = 0, max_bytes: int = 1 << 18) -> HttpResponse:
        """Send and receive. At most ``redirects`` are followed, each target checked again."""
        ...


Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""What answers a request: a role, or a peer in a test."""
