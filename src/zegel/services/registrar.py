"""The registrar: parties apply, officers decide, and what is registered is certified at once.

Each move is loaded, made, logged and stored in one transaction, with the registration certificates that follow from it:
issued for what is registered now, revoked for what is not any more.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected, ZegelError
from zegel.formats.status.entries import INVALID
from zegel.primitives.json import encode_json
from zegel.primitives.x509 import DAY
from zegel.services.issuing import STATUS_BITS, STATUS_PATH
from zegel.services.ports import Clock, Random
from zegel.services.register_ports import Entry, IssuedRegistration, RegistrarStore, RegistrarTransaction
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.register.certificates import Certifiable, certifiable, certificate_of
from zegel.trust.register.changes import Change, registration_digest
from zegel.trust.register.states import Actor, Deed, Duty, Registration, apply
from zegel.trust.register.values import WalletRelyingParty
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.sign import build_registration, sign_registration_cwt, sign_registration_jwt
from zegel.trust.registration.values import RegistrationFormat
from zegel.trust.signing import CertifiedSigner

WRP_PATH: Final = "/wrp"
VALID_DAYS: Final = 365  # GEN-5.2.4-08: at most twelve months
RENEWED_DAYS: Final = 30  # a party is warned a fortnight before the end, and needs time to ask
PAGE: Final = 50  # entries that an officer is shown at a time
ITSELF: Final = Actor(subject="registrar", duty=Duty.OFFICER)
"""In whose name the registrar renews. Nobody is invited under it, and no provider has a subject that can be guessed."""
Move = Callable[[Registration], Registration]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A page of entries that wait for a decision, and where the next one begins; None at the end."""

    entries: tuple[Entry, ...]
    after: int | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """How many registrations of a page were certified for longer, and after which cursor to go on; zero at the end.

    ``failed`` is what went wrong first: one registration keeps no other from being renewed.
    """

    count: int
    after: int
    failed: ZegelError | None = None


@final
class RegistrarService:
    """Keeps the register. ``signer`` signs registration certificates, ``origin`` is the registrar's own."""

    def __init__(
        self, origin: str, *, signer: CertifiedSigner, store: RegistrarStore, clock: Clock, random: Random
    ) -> None:
        self._origin = origin
        self._signer = signer
        self._store = store
        self._clock = clock
        self._random = random

    def sign_with(self, signer: CertifiedSigner) -> None:
        """From now on this one signs registration certificates."""
        self._signer = signer

    async def apply(self, party: WalletRelyingParty, *, by: Actor) -> Entry:
        """A party applies; ``Rejected`` with REGISTER_DUTY, or REGISTER_MOVE when the identifier is somebody's."""
        now = self._clock.now()
        async with self._store.transaction(durable=True) as transaction:
            stored = await transaction.register.load(party.identifier)
            before = None if stored is None else stored.entry
            registration = apply(party, None if before is None else before.registration, by=by, now=now)
            kept = () if before is None else before.certificates
            return await self._save(
                transaction, Entry(registration=registration, certificates=kept), Deed.APPLIED, by=by
            )

    async def change(self, party: WalletRelyingParty, *, by: Actor) -> Entry:
        """A party asks for a change of what is registered under its identifier."""
        now = self._clock.now()
        return await self._move(party.identifier, lambda known: known.change(party, by=by, now=now), Deed.CHANGED, by)

    async def approve(self, identifier: str, *, by: Actor, seen: str | None = None) -> Entry:
        """An officer approves what waits; certificates are issued without delay (RPRC_09, RPRC_13).

        ``seen`` is the digest of the proposal that the officer was shown: no other is approved in its place.
        """
        now = self._clock.now()
        today = datetime.fromtimestamp(now, UTC).date().isoformat()

        def move(known: Registration) -> Registration:
            registry = self._origin + WRP_PATH
            approved = known.approve(by=by, now=now, today=today, registry=registry, random=self._random)
            _check_seen(known, seen)
            return approved

        return await self._move(identifier, move, Deed.APPROVED, by)

    async def reject(self, identifier: str, *, by: Actor, reason: str, seen: str | None = None) -> Entry:
        """An officer refuses what waits; ``seen`` as for an approval."""
        now = self._clock.now()

        def move(known: Registration) -> Registration:
            rejected = known.reject(by=by, now=now, reason=reason)
            _check_seen(known, seen)
            return rejected

        return await self._move(identifier, move, Deed.REJECTED, by)

    async def suspend(self, identifier: str, *, by: Actor, reason: str) -> Entry:
        """An officer suspends; the certificates are revoked."""
        now = self._clock.now()
        return await self._move(
            identifier, lambda known: known.suspend(by=by, now=now, reason=reason), Deed.SUSPENDED, by
        )

    async def resume(self, identifier: str, *, by: Actor) -> Entry:
        """An officer ends a suspension; certificates are issued anew."""
        now = self._clock.now()
        return await self._move(identifier, lambda known: known.resume(by=by, now=now), Deed.RESUMED, by)

    async def cancel(self, identifier: str, *, by: Actor, reason: str) -> Entry:
        """The party or an officer cancels; the certificates are revoked."""
        now = self._clock.now()
        return await self._move(
            identifier, lambda known: known.cancel(by=by, now=now, reason=reason), Deed.CANCELLED, by
        )

    async def renew(self, identifier: str, *, by: Actor) -> Entry:
        """An officer has those certificates issued anew that end within ``RENEWED_DAYS``; both are valid until then.

        What was issued in one format alone is issued in the other, too. ``Rejected`` with REGISTER_DUTY, FOUR_EYES for
        who registered it, or REGISTER_MOVE where none ends so soon.
        """
        async with self._store.transaction(durable=True) as transaction:
            entry = await _loaded(transaction, identifier)
            entry.registration.renew(by=by)
            renewed = await self._renew(transaction, entry, by=by)
        if renewed is None:
            detail = f"expected a certificate that ends within {RENEWED_DAYS} days"
            raise Rejected(Check.REGISTER_MOVE, detail, field="decision")
        return renewed

    async def renew_due(self, *, after: int) -> Renewed:
        """Do the same of a page of the register, and whatever of it ends so soon, in the registrar's own name."""
        async with self._store.transaction() as transaction:
            page = await transaction.register.entries(after=after, limit=PAGE)
        now, renewed = self._clock.now(), 0
        failed: ZegelError | None = None
        for name in [each.entry.registration.identifier for _, each in page if _due(each.entry, now=now)]:
            await asyncio.sleep(0)  # who comes meanwhile waits for one of them, and not for the page
            try:
                async with self._store.transaction(durable=True) as transaction:
                    renewed += await self._renew(transaction, await _loaded(transaction, name), by=ITSELF) is not None
            except ZegelError as error:
                failed = failed or error
        return Renewed(count=renewed, after=page[-1][0] if len(page) == PAGE else 0, failed=failed)

    async def certificate(
        self,
        identifier: str,
        *,
        service: str | None,
        use: str | None,
        through: str | None,
        format_: RegistrationFormat = RegistrationFormat.JWT,
    ) -> bytes:
        """The certificate in force that ends last, of this Service, intended use and intermediary: None for none.

        ``Rejected(REGISTER_ENTRY)`` where there is none, or none in this format yet.
        """
        async with self._store.transaction() as transaction:
            entry = await _loaded(transaction, identifier)
        now = self._clock.now()
        found = [each for each in entry.certificates if _counts(each, now=now)]
        asked: tuple[tuple[str, str, Callable[[IssuedRegistration], bool]], ...] = (
            ("identifier", "a party", lambda _: True),
            ("service", "a Service", lambda each: each.service == service),
            ("intendeduseidentifier", "an intended use", lambda each: each.intended_use == use),
            ("intermediary", "an intermediary", lambda each: _through(each) == through),
        )
        for field, what, fits in asked:
            found = list(filter(fits, found))
            if not found:
                raise Rejected(Check.REGISTER_ENTRY, f"expected {what} that is certified", field=field)
        data = max(found, key=lambda each: each.expires).data(format_)
        if data is None:
            raise Rejected(Check.REGISTER_ENTRY, "expected jwt: as cwt it is not issued yet", field="format")
        return data

    async def entry(self, identifier: str, *, by: Actor) -> Entry:
        """An entry, for an officer or the person who registered it; ``Rejected(REGISTER_ENTRY)`` when there is none."""
        async with self._store.transaction() as transaction:
            entry = await _loaded(transaction, identifier)
        if by.duty is Duty.PARTY and by.subject != entry.registration.owner:
            raise Rejected(Check.REGISTER_DUTY, "expected the person who registered this party")
        return entry

    async def owned(self, *, by: Actor) -> tuple[Entry, ...]:
        """What a person registered."""
        async with self._store.transaction() as transaction:
            return await transaction.register.of_owner(by.subject)

    async def waiting(self, *, by: Actor, after: int = 0) -> Waiting:
        """What waits for an officer, the longest first."""
        if by.duty is not Duty.OFFICER:
            raise Rejected(Check.REGISTER_DUTY, "expected somebody signed in as officer")
        async with self._store.transaction() as transaction:
            found = await transaction.register.waiting(after=after, limit=PAGE)
        entries = tuple(entry for _, entry in found)
        return Waiting(entries=entries, after=found[-1][0] if len(found) == PAGE else None)

    async def _move(self, identifier: str, move: Move, deed: Deed, by: Actor) -> Entry:
        async with self._store.transaction(durable=True) as transaction:
            entry = await _loaded(transaction, identifier)
            moved = replace(entry, registration=move(entry.registration))
            return await self._save(transaction, moved, deed, by=by)

    async def _save(self, transaction: RegistrarTransaction, entry: Entry, deed: Deed, *, by: Actor) -> Entry:
        entry = await self._certified(transaction, entry)
        head = await transaction.register.head()
        change = Change(
            sequence=head.size + 1,
            at=self._clock.now(),
            deed=deed,
            identifier=entry.registration.identifier,
            by=by.subject,
            digest=registration_digest(entry.registration),
            previous=head.hash,
        )
        await transaction.register.save(entry, change)
        return entry

    async def _renew(self, transaction: RegistrarTransaction, entry: Entry, *, by: Actor) -> Entry | None:
        """The entry with its new certificates; None where none is due."""
        if not _due(entry, now=self._clock.now()):
            return None
        renewed = await self._certified(transaction, entry, ahead=RENEWED_DAYS * DAY)
        return await self._save(transaction, renewed, Deed.RENEWED, by=by)

    async def _certified(self, transaction: RegistrarTransaction, entry: Entry, *, ahead: int = 0) -> Entry:
        """With a certificate for all that is registered, for ``ahead`` seconds at least, and the others revoked."""
        now = self._clock.now()
        party, wanted = entry.registration.public, _wanted(entry)
        kept = {each.content for each in entry.certificates if _counts(each, now=now)} & wanted.keys()
        lasting = {each.content for each in entry.certificates if _counts(each, now=now + ahead)}
        gone = [each for each in entry.certificates if each.revoked_at is None and each.content not in kept]
        if gone:
            # the list of one whose time is over may have ended with it
            await transaction.statuses.mark([each.entry for each in gone if each.expires > now], INVALID)
        known = tuple(
            replace(each, revoked_at=now)
            if each.revoked_at is None and each.content not in kept
            else self._in_both_formats(each, now=now)
            for each in entry.certificates
        )
        issued = []
        for content, about in wanted.items():
            if party is not None and content not in lasting:
                issued.append(await self._issue(transaction, party, about, content))
        return replace(entry, certificates=(*known, *issued))

    def _in_both_formats(self, issued: IssuedRegistration, *, now: int) -> IssuedRegistration:
        if not _lacks_cwt(issued, now=now):
            return issued
        certificate = parse_registration(issued.token).unverified_certificate  # we signed it, and kept it sealed
        return replace(issued, cwt=sign_registration_cwt(certificate, signer=self._signer))

    async def _issue(
        self, transaction: RegistrarTransaction, party: WalletRelyingParty, about: Certifiable, content: bytes
    ) -> IssuedRegistration:
        now = self._clock.now()
        expires = now + VALID_DAYS * DAY
        (entry,) = await transaction.statuses.allocate(bits=STATUS_BITS, count=1, expires=expires)
        status = AttestationStatus(uri=self._origin + STATUS_PATH + entry.list_id, index=entry.index)
        certificate = certificate_of(party, about, issued_at=now, expires=expires, status=status)
        return IssuedRegistration(
            service=about.service.identifier,
            intended_use=None if about.use is None else about.use.identifier,
            content=content,
            token=sign_registration_jwt(certificate, signer=self._signer).decode(),
            cwt=sign_registration_cwt(certificate, signer=self._signer),
            entry=entry,
            issued_at=now,
            expires=expires,
        )


async def _loaded(transaction: RegistrarTransaction, identifier: str) -> Entry:
    stored = await transaction.register.load(identifier)
    if stored is None:
        raise Rejected(Check.REGISTER_ENTRY, "expected an identifier that is registered here", field="identifier")
    return stored.entry


def _check_seen(known: Registration, seen: str | None) -> Registration:
    if seen is not None and (known.proposal is None or known.proposal.digest != seen):
        raise Rejected(Check.REGISTER_MOVE, "what is asked for has changed since it was looked at", field="seen")
    return known


def _wanted(entry: Entry) -> dict[bytes, Certifiable]:
    """What is to be certified, by the digest of what is said."""
    party = entry.registration.public
    return {} if party is None else {_content(party, about): about for about in certifiable(party)}


def _due(entry: Entry, *, now: int) -> bool:
    """Whether something that is registered is certified for ``RENEWED_DAYS`` no more, or not in both formats."""
    until = now + RENEWED_DAYS * DAY
    if any(_lacks_cwt(each, now=now) for each in entry.certificates):
        return True
    if all(each.revoked_at is not None or each.expires > until for each in entry.certificates):
        return False  # whatever is registered was certified when it was; to look for what each says costs more
    lasting = {each.content for each in entry.certificates if _counts(each, now=until)}
    return not _wanted(entry).keys() <= lasting


def _through(issued: IssuedRegistration) -> str | None:
    """The identifier of the intermediary that it names."""
    intermediary = parse_registration(issued.token).unverified_certificate.intermediary
    return None if intermediary is None else intermediary.identifier


def _content(party: WalletRelyingParty, about: Certifiable) -> bytes:
    """The digest of what a certificate says, but for its times and its status."""
    certificate = certificate_of(party, about, issued_at=0, expires=0, status=None)
    return sha256(encode_json(build_registration(certificate))).digest()


def _counts(issued: IssuedRegistration, *, now: int) -> bool:
    return issued.revoked_at is None and issued.expires > now


def _lacks_cwt(issued: IssuedRegistration, *, now: int) -> bool:
    return issued.cwt is None and _counts(issued, now=now)
