"""The lists of statuses that an issuer keeps, as the services see them; adapters implement them, as in ``ports``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEntry:
    """One entry of a status list. ``list_id`` is what the list's URI ends in."""

    list_id: str
    index: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListedIdentifier:
    """What an mdoc is revoked by where that is an identifier list. ``list_id`` is what the list's URI ends in."""

    list_id: str
    identifier: bytes


Listed = StatusEntry | ListedIdentifier
"""By what a credential is revoked."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StatusBits:
    """A status list as it stands: ``entries`` packed as in Token Status List section 4.1.

    ``expires`` is when the last credential that refers to it does; ``version`` rises with every change.
    """

    list_id: str
    bits: int
    entries: bytes
    expires: int
    version: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedIdentifiers:
    """An identifier list as it stands, with its decoys. Otherwise as ``StatusBits``."""

    list_id: str
    identifiers: tuple[bytes, ...]
    expires: int
    version: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Herd:
    """Among how many a credential of a list is: those that are given out and have not ended (ARF 3.0 VCR_18)."""

    list_id: str
    of_identifiers: bool
    live: int


class StatusLists(Protocol):
    """The issuer's status lists. Indexes and identifiers are random, and none is ever given out twice."""

    async def allocate(self, *, bits: int, count: int, expires: int) -> tuple[StatusEntry, ...]:
        """Fresh entries of the open list of that width; ``expires`` is when their credentials do."""
        ...

    async def allocate_identifiers(self, *, count: int, expires: int) -> tuple[ListedIdentifier, ...]:
        """Fresh identifiers of the open identifier list; ``expires`` as for ``allocate``."""
        ...

    async def mark(self, listed: Sequence[Listed], status: int) -> None:
        """Set the status of entries, and put identifiers on their list; it costs the same however long a list is.

        ``Unavailable`` when a list is not ours, ``ValueError`` for what a list cannot say, and for taking a revocation
        back.
        """
        ...

    async def load(self, list_id: str) -> StatusBits | None:
        """The whole list, to be compressed and signed."""
        ...

    async def load_identifiers(self, list_id: str) -> RevokedIdentifiers | None:
        """The whole identifier list, to be signed."""
        ...

    async def list_ids(self) -> tuple[str, ...]:
        """The identifiers of every status list."""
        ...

    async def herds(self) -> tuple[Herd, ...]:
        """Every list that there is, and how many each is about."""
        ...
