"""The world as the services see it. Adapters implement these; only ``web/app.py`` and ``cli/main.py`` choose them."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeVar, final

from zegel.formats.claims import Claims
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.status_ports import Listed, ListedIdentifier, StatusEntry, StatusLists
from zegel.trust.attestation_claims import AttestationStatus

T = TypeVar("T")
S = TypeVar("S")

Random = Callable[[int], bytes]
"""As many unpredictable bytes as asked for."""


class Clock(Protocol):
    """The time."""

    def now(self) -> int:
        """Seconds since the epoch."""
        ...


class CodeReader(Protocol):
    """What reads the codes that stand in pictures and documents."""

    async def read(self, data: bytes) -> tuple[str, ...]:
        """The texts of the QR and Aztec codes in a PNG, a JPEG or a PDF, each once; ``Malformed`` for another file."""
        ...


@final
@dataclass(frozen=True, kw_only=True)  # with slots, Python 3.11 cannot make a Kind[A | B](...)
class Kind(Generic[T]):
    """What a stored record is: its name, and the dataclasses that its value may be."""

    name: str
    states: tuple[type[T], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Generic[S]):
    """A value as it was loaded, with the version to swap it against, and when it expires."""

    value: S
    version: int
    expires: int


class Transaction(Protocol):
    """What happens to a role's records together, or not at all.

    Keys are hashed and values are sealed by the adapter: keys must be unguessable. Nothing but this transaction is
    awaited inside it. Any method raises ``Unavailable`` when the database fails or a value does not open.
    """

    async def put(self, kind: Kind[T], key: str, value: T, *, expires: int) -> None:
        """Store a new record. The key must be new, or its record expired; ``RuntimeError`` otherwise."""
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

    async def scan(self, kind: Kind[T], *, after: str, limit: int) -> tuple[tuple[str, T], ...]:
        """At most ``limit`` records of a kind, in an order of their own, each with the cursor to go on after it.

        ``after`` is such a cursor; empty, to begin.
        """
        ...

    async def claim(self, purpose: str, key: str, *, expires: int) -> bool:
        """Mark a value as used until it expires; False when it was used before."""
        ...


FOR_EVER: Final = 1 << 62
"""The ``expires`` of what is kept until it is taken."""


class Store(Protocol):
    """A role's database."""

    def transaction(self, *, durable: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Begin; commit at the end, roll back on an exception. ``durable`` survives a power cut."""
        ...

    async def purge(self) -> int:
        """Remove what has expired, for good; the number of records removed."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """One batch as the issuer remembers it: what revocation needs and no more.

    ``person`` is the source's reference, not a name. ``day`` is the day of issue in seconds since the epoch. A batch
    has ``entries``, or ``identifiers``, or is too short-lived to be revoked. ``policy`` is the digest of the disclosure
    policy that it was issued under, empty for none.
    """

    id: str
    person: str
    type: str
    format: Format
    entries: tuple[StatusEntry, ...]
    day: int
    expires: int
    revoked_at: int | None = None
    identifiers: tuple[ListedIdentifier, ...] = ()
    policy: str = ""

    @property
    def listed(self) -> tuple[Listed, ...]:
        """By what its copies are revoked, one each; none where it cannot be."""
        return (*self.entries, *self.identifiers)


class Issuances(Protocol):
    """The issuer's memory of what it issued."""

    async def add(self, issuance: Issuance) -> None:
        """Remember a batch until it expires."""
        ...

    async def load(self, issuance_id: str) -> Issuance | None:
        """One batch."""
        ...

    async def of_person(self, person: str) -> tuple[Issuance, ...]:
        """The batches of a person, oldest first."""
        ...

    async def page(self, *, after: str, limit: int) -> tuple[Issuance, ...]:
        """Batches that have not ended, in the order of their ids, from the one after ``after``."""
        ...

    async def revoke(self, issuance_id: str, *, now: int) -> Issuance | None:
        """Note that it is revoked, once and for good; its entries are the caller's to mark."""
        ...


class Watched(StrEnum):
    """What of a wallet may be found revoked."""

    WALLET = "wallet"
    KEYS = "keys"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A status that an issuer looks at for as long as a batch is valid, next time when it is ``due``."""

    issuance: str
    place: int
    what: Watched
    status: AttestationStatus
    due: int
    expires: int


class Watches(Protocol):
    """What the issuer watches, so that what it issued ends with the wallet that holds it."""

    async def add(self, watch: Watch) -> None:
        """Watch until it expires."""
        ...

    async def due(self, *, before: int, limit: int) -> tuple[Watch, ...]:
        """Those that are due at that time or earlier, the longest due first."""
        ...

    async def postpone(self, watch: Watch, *, due: int) -> None:
        """Look again at that time."""
        ...

    async def hasten(self, *, due: int) -> None:
        """Have none due later than that."""
        ...

    async def of_issuance(self, issuance_id: str) -> tuple[Watch, ...]:
        """The statuses that a batch hangs on."""
        ...

    async def drop(self, issuance_id: str) -> None:
        """Watch nothing of a batch any more."""
        ...


class IssuerTransaction(Transaction, Protocol):
    """A transaction that also holds what an issuer keeps."""

    @property
    def statuses(self) -> StatusLists:
        """The status lists."""
        ...

    @property
    def issuances(self) -> Issuances:
        """The issued batches."""
        ...

    @property
    def watches(self) -> Watches:
        """What these hang on."""
        ...


class IssuerStore(Protocol):
    """An issuer's database; a ``Store`` too."""

    def transaction(self, *, durable: bool = False) -> AbstractAsyncContextManager[IssuerTransaction]:
        """As in ``Store``."""
        ...

    async def purge(self) -> int:
        """As in ``Store``."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in a source. ``id`` is the source's reference; ``name`` is to greet by."""

    id: str
    name: str


class PersonSource(Protocol):
    """Where an issuer finds what it knows of a person."""

    async def load_claims(self, person: str, type_: str) -> Claims | None:
        """The person's record for a catalogue type, by data identifiers; None when the person has no such attestation.

        ``formats.catalogue.records.check_record`` takes from it what the type attests.
        """
        ...

    def foresees(self, type_: str) -> bool:
        """Whether who has a type is known before they log in."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """Somebody who was identified elsewhere, and the claims that came along, by data identifiers.

    After ``until`` nothing may be issued of them, where something is known of that.
    """

    person: Person
    claims: Claims
    until: int | None = None


class PasswordSource(PersonSource, Protocol):
    """A source whose people log in with a password."""

    async def people(self) -> tuple[Person, ...]:
        """Everyone, for the operator."""
        ...

    async def verify_password(self, login: str, password: str) -> Person:
        """Who logs in; ``Rejected(LOG_IN)`` otherwise."""
        ...


class Outbound(Protocol):
    """The one way out: https, pinned addresses, limits, no cookies. ``Unavailable`` when it fails or may not."""

    async def fetch(self, request: HttpRequest, *, redirects: int = 0, max_bytes: int = 1 << 18) -> HttpResponse:
        """Send and receive. At most ``redirects`` (up to 3, of a GET) are followed, each target checked again.

        A redirect beyond them is returned as the response that it is.
        """
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPeer:
    """What a host shows in its handshake: the protocol's version as OpenSSL names it, and until when its certificate is
    valid, in seconds since the epoch."""

    version: str
    not_after: int


class TlsProbe(Protocol):
    """A look at the TLS of a host, under the rules of ``Outbound``."""

    async def look(self, origin: str) -> TlsPeer:
        """What the host of an https origin shows; ``Unavailable`` where there is no handshake that browsers accept."""
        ...


class ListFolder(Protocol):
    """The signed lists that a publisher of trust serves. ``Unavailable`` when they cannot be read."""

    def names(self) -> tuple[str, ...]:
        """The names of all lists."""
        ...

    def read(self, name: str) -> bytes | None:
        """One list as it stands; None for a name that is not there."""
        ...

    def read_revocations(self, name: str) -> bytes | None:
        """One list of revoked certificates as it stands; None for a name that is not there."""
        ...


Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""What answers a request: a role, or a peer in a test."""
