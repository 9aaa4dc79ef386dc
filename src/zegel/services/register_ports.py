"""The register as the registrar's service sees it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, final

from zegel.services.ports import IssuerTransaction
from zegel.services.status_ports import StatusEntry
from zegel.trust.register.changes import Change, LogHead
from zegel.trust.register.states import Registration
from zegel.trust.register.terms import Term
from zegel.trust.registration.values import RegistrationFormat


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedRegistration:
    """A registration certificate that was issued: its token as ``rc-wrp+jwt``, and by what it is revoked.

    ``content`` is the digest of what it says, so that one that still says what is registered is kept. ``cwt`` says the
    same as ``rc-wrp+cwt``, with the same times and the same status entry; None until the registrar's next turn, for
    one from when there was none.
    """

    service: str
    intended_use: str | None
    content: bytes
    token: str
    entry: StatusEntry
    issued_at: int
    expires: int
    revoked_at: int | None = None
    cwt: bytes | None = None

    def data(self, format_: RegistrationFormat) -> bytes | None:
        """The certificate as a file has it; None where it was not issued in this format."""
        return self.token.encode() if format_ is RegistrationFormat.JWT else self.cwt


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A registration with the certificates that were issued on it, all of them."""

    registration: Registration
    certificates: tuple[IssuedRegistration, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry as it was loaded; ``change`` is the sequence of the last one in the log that is about it.

    ``changes`` is how many of them are, and ``document`` the public JSON that is given out, None for nothing.
    """

    entry: Entry
    change: int
    changes: int
    document: bytes | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search finds: a party's public JSON, and the cursor to go on after it."""

    cursor: int
    identifier: str
    document: bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What was found, and after which cursor to go on; None where nothing more is found.

    There may be fewer than were asked for, or none, where it took too long to look through all at once.
    """

    found: tuple[Found, ...]
    after: int | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Findable:
    """How many ``terms`` find some entries together, and what is ``astray`` of the first that is not found as it should
    be: nothing where there is none."""

    terms: int
    astray: str = ""


class Register(Protocol):
    """The entries, what finds them, and the log of their changes."""

    async def load(self, identifier: str) -> StoredEntry | None:
        """One entry."""
        ...

    async def save(self, entry: Entry, change: Change) -> None:
        """Put an entry as it now stands, with the change that made it so, which is appended to the log."""
        ...

    async def append(self, change: Change) -> None:
        """Append a change to the log that is about no entry."""
        ...

    async def search(self, terms: Sequence[Term], *, text: str, after: int, limit: int) -> Hits:
        """Parties that all terms find, and whose names hold words that begin as those of ``text``; oldest first."""
        ...

    async def of_owner(self, owner: str) -> tuple[Entry, ...]:
        """What a person registered, oldest first."""
        ...

    async def waiting(self, *, after: int, limit: int) -> tuple[tuple[int, Entry], ...]:
        """Entries that wait for an officer, each with its cursor."""
        ...

    async def entries(self, *, after: int, limit: int) -> tuple[tuple[int, StoredEntry], ...]:
        """All entries by the page, each with its cursor."""
        ...

    async def findable(self, page: Sequence[tuple[int, StoredEntry]]) -> Findable:
        """Look whether what is kept beside each entry, to find it by, is as the entry says."""
        ...

    async def finds(self, *, after: bytes) -> tuple[int, bytes | None]:
        """How many parties the terms behind ``after`` find together, by the page, and the last one; None at the end."""
        ...

    async def head(self) -> LogHead:
        """Where the log stands."""
        ...

    async def changes(self, *, after: int, limit: int) -> tuple[Change, ...]:
        """The log by the page."""
        ...


class RegistrarTransaction(IssuerTransaction, Protocol):
    """A transaction that also holds the register."""

    @property
    def register(self) -> Register:
        """The register."""
        ...


class RegistrarStore(Protocol):
    """The registrar's database; an ``IssuerStore`` too."""

    def transaction(self, *, durable: bool = False) -> AbstractAsyncContextManager[RegistrarTransaction]:
        """As in ``Store``."""
        ...

    async def purge(self) -> int:
        """As in ``Store``."""
        ...
