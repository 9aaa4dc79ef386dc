"""What the access authority revokes: one certificate, those of a party, or all of a time; and the lists that say so.

Each key that issued signs a list of its own, for as long as it is kept: whoever looks a certificate up believes no
other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.crl import MAX_REVOKED, check_room, sign_crl
from zegel.primitives.x509 import DAY
from zegel.services.access_authority import CERTIFICATE_SUFFIX, CRL_SUFFIX, IssuingAuthority
from zegel.services.access_ports import AccessStore, AccessTransaction, Registry
from zegel.services.ports import FOR_EVER, Clock, Kind
from zegel.trust.access_authority.orders import check_reason
from zegel.trust.access_authority.profile import check_certifiable, check_named
from zegel.trust.access_authority.selection import CertificatesOf, OneCertificate, Selection, check_confirmed

_PARTIES: Final = 100  # of which the register is asked in one transaction's page
_CROWDED: Final = MAX_REVOKED * 4 // 5  # entries; what is left is for whoever certifies another authority meanwhile

_Revoked = Mapping[str, Mapping[int, int]]
"""When each serial number was revoked, by the issuer's key identifier."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListNumber:
    """The number of the last list of an issuer; it rises with each (RFC 5280 section 5.2.3)."""

    number: int


NUMBERS: Final = Kind(name="access revocation list", states=(ListNumber,))


@final
class AccessRevocationService:
    """Revokes, and signs the lists. ``valid`` is for how many seconds a list is, until its next update is due."""

    def __init__(
        self,
        *,
        issuing: tuple[IssuingAuthority, ...],
        valid: int,
        store: AccessStore,
        registry: Registry,
        clock: Clock,
    ) -> None:
        self._issuing = issuing
        self._valid = valid
        self._store = store
        self._registry = registry
        self._clock = clock
        self._lists: Mapping[str, bytes] = {}
        self._entries: Mapping[str, int] = {}
        self._signed_at = 0
        self._until = 0
        self.revoked = 0

    def sign_with(self, issuing: tuple[IssuingAuthority, ...]) -> None:
        """From now on these sign lists: whoever issues, and those who did."""
        self._issuing = issuing

    async def revoke(self, selection: Selection, *, reason: str, confirm: int | None = None) -> int:
        """Revoke what is meant, for good, and publish that at once (Reg_12); how many they were.

        ``Rejected`` with ACCESS_REVOCATION where nothing is meant, or many and nobody said how many; with ACCESS_ORDER
        for a reason that is none; with REVOCATION_LIST_FULL where the list that says so would have no readers.
        """
        check_reason(reason)
        now = self._clock.now()
        async with self._store.transaction(durable=True) as transaction:
            before = await self._revoked(transaction)
            count = check_confirmed(
                selection, count=await transaction.access.count(selection, now=now), confirm=confirm
            )
            await transaction.access.revoke(selection, now=now, reason=reason)
            revoked = await self._revoked(transaction)
            self._check_room(before, revoked)
            lists = await self._signed(transaction, revoked)  # what is answered for is published, or none of it stands
        self.revoked += count
        self._serve(lists, revoked, now)
        return count

    async def follow_register(self) -> int:
        """Revoke what would not be issued any more (Reg_13): the registration is in force no longer, has the Service or
        a host no more, or names party or Service otherwise (Reg_32a); how many certificates.

        ``Rejected(REVOCATION_LIST_FULL)``, after everybody else, where a list has no room for somebody's.
        """
        gone, after, refused = 0, "", None
        while True:
            async with self._store.transaction() as transaction:
                parties = await transaction.access.parties(after=after, limit=_PARTIES, now=self._clock.now())
            for party in parties:
                try:
                    gone += await self._follow(party)
                except Rejected as refusal:
                    refused = refusal
            if not parties and refused is not None:
                raise refused
            if not parties:
                return gone
            after = parties[-1]

    async def _follow(self, identifier: str) -> int:
        try:
            party = await self._registry.party(identifier)
        except Rejected as refusal:
            return await self.revoke(CertificatesOf(party=identifier), reason=refusal.detail)
        async with self._store.transaction() as transaction:
            orders = await transaction.access.of_party(identifier, now=self._clock.now())
        gone = 0
        for order in orders:
            try:
                certified = check_certifiable(party, service=order.service, key=order.key, hosts=order.hosts)
                check_named(certified, order.certificate)
            except Rejected as refusal:
                one = OneCertificate(serial=order.certificate.serial_number)
                gone += await self.revoke(one, reason=refusal.detail)
        return gone

    async def publish(self) -> None:
        """Sign every list anew."""
        now = self._clock.now()
        async with self._store.transaction(durable=True) as transaction:
            revoked = await self._revoked(transaction)
            lists = await self._signed(transaction, revoked)
        self._serve(lists, revoked, now)

    async def look_up(self, name: str) -> bytes | None:
        """A list by its name; what was signed by a clock that was ahead, and is right again, is signed anew first."""
        if self._signed_at > self._clock.now():
            await self.publish()
        return self.read(name)

    def read(self, name: str) -> bytes | None:
        """A list by its name, as it was signed last; None for one that is not there."""
        return self._lists.get(name)

    def certificate(self, name: str) -> bytes | None:
        """The certificate of an issuer by its name; None for one that is not there."""
        served = {each.key_id + CERTIFICATE_SUFFIX: each.authority.certificate.der for each in self._issuing}
        return served.get(name)

    def check_published(self) -> Mapping[str, bytes]:
        """Return the lists by name, if their next update is not overdue; ``Rejected(REVOCATION_STALE)`` otherwise."""
        if self._clock.now() >= self._until:
            raise Rejected(Check.REVOCATION_STALE, "no list of revoked certificates that is in force is signed")
        return self._lists

    @property
    def longest(self) -> int:
        """The entries of the list that has most."""
        return max(self._entries.values(), default=0)

    def crowded(self) -> Mapping[str, int]:
        """The lists that are four fifths full, or fuller: how many entries each has, by its name."""
        return {name: entries for name, entries in self._entries.items() if entries >= _CROWDED}

    def _serve(self, lists: Mapping[str, bytes], revoked: _Revoked, now: int) -> None:
        self._lists, self._signed_at, self._until = lists, now, now + self._valid
        self._entries = {key_id + CRL_SUFFIX: len(entries) for key_id, entries in revoked.items()}

    async def _revoked(self, transaction: AccessTransaction) -> dict[str, Mapping[int, int]]:
        # RFC 5280 section 3.3: one stays until the first list after its time
        since = self._clock.now() - DAY
        return {each.key_id: await transaction.access.revoked(each.key_id, since=since) for each in self._issuing}

    def _check_room(self, before: _Revoked, after: _Revoked) -> None:
        for each in self._issuing:
            entries = len(after[each.key_id])
            if entries > len(before[each.key_id]):
                check_room(entries, issuer=each.authority.certificate)

    async def _signed(self, transaction: AccessTransaction, revoked: _Revoked) -> dict[str, bytes]:
        """The lists by name, without one that was too long already: it would have no reader, and holds up no other."""
        return {
            each.key_id + CRL_SUFFIX: await self._sign(transaction, each, revoked[each.key_id])
            for each in self._issuing
            if len(revoked[each.key_id]) <= MAX_REVOKED
        }

    async def _sign(
        self, transaction: AccessTransaction, issuing: IssuingAuthority, revoked: Mapping[int, int]
    ) -> bytes:
        now = self._clock.now()
        stored = await transaction.load(NUMBERS, issuing.key_id)
        number = ListNumber(number=1 if stored is None else stored.value.number + 1)
        if stored is None:
            await transaction.put(NUMBERS, issuing.key_id, number, expires=FOR_EVER)
        else:
            swapped = await transaction.swap(NUMBERS, issuing.key_id, number, version=stored.version, expires=FOR_EVER)
            assert swapped  # loaded in this very transaction
        authority = issuing.authority
        return sign_crl(
            authority.certificate,
            key=authority.key,
            revoked=revoked,
            number=number.number,
            now=now,
            next_update=now + self._valid,
        )
