"""The access authority's store, the register and the log as its service sees them."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from zegel.primitives.json import JsonObject
from zegel.protocols.transparency.submission import UnverifiedSubmission
from zegel.services.ports import Transaction
from zegel.trust.access_authority.orders import AccessOrder
from zegel.trust.access_authority.selection import Selection
from zegel.trust.register.values import WalletRelyingParty
from zegel.trust.transparency.items import TransItem


class AccessCertificates(Protocol):
    """The certificates that were issued, for good: whoever looks one up years later finds it."""

    async def add(self, order: AccessOrder) -> None:
        """Remember an order that is issued."""
        ...

    async def load(self, order_id: str) -> AccessOrder | None:
        """One order."""
        ...

    async def count(self, selection: Selection, *, now: int) -> int:
        """How many of those that are meant are in force."""
        ...

    async def revoke(self, selection: Selection, *, now: int, reason: str) -> int:
        """Revoke those that are meant and in force; how many they were."""
        ...

    async def revoked(self, issuer: str, *, since: int) -> Mapping[int, int]:
        """When each serial number of an issuer was revoked, without those that were over before ``since``."""
        ...

    async def page(self, *, after: int, limit: int) -> tuple[tuple[int, AccessOrder], ...]:
        """Orders in the order of their issue, each with its cursor."""
        ...

    async def of_party(self, party: str, *, now: int) -> tuple[AccessOrder, ...]:
        """The orders of a party whose certificates are in force, oldest first."""
        ...

    async def parties(self, *, after: str, limit: int, now: int) -> tuple[str, ...]:
        """The identifiers of parties that have a certificate in force, from the one after ``after``."""
        ...


class AccessTransaction(Transaction, Protocol):
    """A transaction that also holds the access certificates."""

    @property
    def access(self) -> AccessCertificates:
        """The certificates."""
        ...


class AccessStore(Protocol):
    """The access authority's database; a ``Store`` too."""

    def transaction(self, *, durable: bool = False) -> AbstractAsyncContextManager[AccessTransaction]:
        """As in ``Store``."""
        ...

    async def purge(self) -> int:
        """As in ``Store``."""
        ...


class Registry(Protocol):
    """The register, asked by an authority that certifies what stands in it."""

    async def party(self, identifier: str) -> WalletRelyingParty:
        """A party as it is registered; ``Rejected(ACCESS_REGISTRATION)`` unless that is in force."""
        ...

    async def report(self, identifier: str, record: JsonObject) -> None:
        """Tell of an access certificate.

        ``Unavailable`` where that has to be tried again, ``Rejected(ACCESS_REPORT)`` for what the register refuses.
        """
        ...


class CertificateLog(Protocol):
    """A log of certificates, to which an authority submits."""

    @property
    def origin(self) -> str:
        """Its base URL."""
        ...

    async def submit(self, submission: UnverifiedSubmission) -> tuple[TransItem, ...]:
        """What it says of a submission; ``Unavailable`` when it cannot be had, or refuses."""
        ...
