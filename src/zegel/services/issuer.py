"""The credential issuer's use cases: issue, defer, take note, revoke."""

import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from zegel.formats.catalogue.types import AttestationType
from zegel.formats.credential import Format
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import Json
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.errors import FreshNonces, denying
from zegel.protocols.oauth.lifetimes import PRE_AUTHORIZED_SECONDS, REFRESH_TOKEN_SECONDS
from zegel.protocols.openid4vci.credential import CredentialCall, decline, issued, read_credential_request
from zegel.protocols.openid4vci.deferred import defer, read_deferred_request, resume, unknown_transaction
from zegel.protocols.openid4vci.encryption import IssuerEncryption
from zegel.protocols.openid4vci.issuer import CredentialIssuer, answer_nonce
from zegel.protocols.openid4vci.notification import Notification, notify, read_notification
from zegel.protocols.openid4vci.publication import build_issuer_metadata
from zegel.protocols.openid4vci.states import DeferredTransaction, NotifiedIssuance
from zegel.services.authorization import AuthorizationService, claim
from zegel.services.issuer_policy import IssuerPolicy
from zegel.services.issuing import CheckedStatus, CredentialPress, Order, revoke_batch
from zegel.services.ports import (
    Clock,
    Issuance,
    IssuerStore,
    IssuerTransaction,
    Kind,
    PersonSource,
    Random,
    Watched,
)
from zegel.services.trust import Trust
from zegel.services.wallet_watch import WalletWatch
from zegel.trust.attestation_claims import AttestationStatus, check_maintained
from zegel.trust.signing import CertifiedSigner


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingIssuance:
    """A deferred transaction, and from when its credentials can be had, in seconds since the epoch."""

    transaction: DeferredTransaction
    ready_at: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """When what a person holds was last revoked, of one type or of all. Grants from before give nothing more of it."""

    at: int


GRANT_SECONDS: Final = PRE_AUTHORIZED_SECONDS + REFRESH_TOKEN_SECONDS  # by then no grant from before is left

DEFERRED: Final = Kind(name="deferred transaction", states=(WaitingIssuance,))
REVOCATION: Final = Kind(name="revocation", states=(Revocation,))
NOTIFIED: Final = Kind(name="notified issuance", states=(NotifiedIssuance,))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A credential that a wallet asks for, and whether there is anything of its person to issue."""

    credential: GrantedCredential
    type: AttestationType
    format: Format
    available: bool


@final
class IssuerService:
    """A credential issuer at work. The wallet providers that ``trust`` has at the time are those whose word counts.

    ``key`` makes references of persons, which can be guessed, into keys of records that cannot; what stands under the
    ``earlier`` keys is found there. ``batches`` and ``copies`` count what was issued since the start, by format.
    """

    def __init__(
        self,
        issuer: CredentialIssuer,
        *,
        trust: Trust,
        policy: IssuerPolicy,
        press: CredentialPress,
        authorization: AuthorizationService,
        watch: WalletWatch,
        source: PersonSource,
        store: IssuerStore,
        key: bytes,
        earlier: tuple[bytes, ...] = (),
        clock: Clock,
        random: Random,
    ) -> None:
        self._configured = issuer
        self._trust = trust
        self._policy = policy
        self._press = press
        self._authorization = authorization
        self._watch = watch
        self._source = source
        self._store = store
        self._key = key
        self._earlier = earlier
        self._clock = clock
        self._random = random
        self.batches: Final[Counter[str]] = Counter(dict.fromkeys(Format, 0))
        self.copies: Final[Counter[str]] = Counter(dict.fromkeys(Format, 0))

    @property
    def _issuer(self) -> CredentialIssuer:
        anchors = self._trust.anchors
        if self._configured.anchors is not anchors:
            self._configured = replace(self._configured, anchors=anchors)
        return self._configured

    def sign_with(self, signer: CertifiedSigner) -> None:
        """From now on this is the document signer."""
        self._press.sign_with(signer)

    def register_as(self, registration: str) -> None:
        """From now on the metadata carries this registration certificate."""
        self._configured = replace(self._configured, registration=registration)

    def open_with(self, encryption: IssuerEncryption) -> None:
        """From now on requests are encrypted to these keys, and opened with those that they came after."""
        self._configured = replace(self._configured, encryption=encryption)

    def fresh(self) -> FreshNonces:
        """The nonce that a refusal brings along, for the retry."""
        return self._issuer.fresh(now=self._clock.now(), random=self._random)

    def nonce(self) -> HttpResponse:
        """Answer at the nonce endpoint."""
        return answer_nonce(self._issuer, now=self._clock.now(), random=self._random)

    def metadata(self) -> dict[str, Json]:
        """The issuer's metadata."""
        return build_issuer_metadata(self._issuer)

    async def look_at(self, credentials: Sequence[GrantedCredential], *, person: str) -> tuple[Wanted, ...]:
        """What a wallet asks for, in the terms of the catalogue."""
        found = [(credential, *self._policy.find(credential.configuration)) for credential in credentials]
        known = await self._known({type_.id for _, type_, _ in found}, person)
        return tuple(
            Wanted(credential=credential, type=type_, format=format_, available=type_.id in known)
            for credential, type_, format_ in found
        )

    def types_wanted(self, credentials: Iterable[GrantedCredential]) -> frozenset[str]:
        """The ids of the types that a wallet asks for."""
        return frozenset(self._policy.find(credential.configuration)[0].id for credential in credentials)

    async def types_of(self, person: str) -> tuple[str, ...]:
        """The ids of the types on offer under which something is known of the person."""
        return await self._known(self._policy.types, person)

    async def issue(self, request: HttpRequest) -> HttpResponse:
        """Answer at the credential endpoint: credentials, or a transaction to come back with."""
        authorized = await self._authorization.authorize(request)
        call = read_credential_request(self._issuer, request, authorized=authorized, now=self._clock.now())
        statuses = await self._check_wallet(call)
        delay = self._policy.delays.get(self._type(call).id, 0)
        if not delay:
            return await self._issue(call, statuses)
        async with self._store.transaction(durable=True) as transaction:
            await claim(transaction, call.once)
            return await self._defer(transaction, call, wait=delay, ready_at=self._clock.now() + delay)

    async def issue_deferred(self, request: HttpRequest) -> HttpResponse:
        """Answer at the deferred credential endpoint."""
        authorized = await self._authorization.authorize(request)
        asked = read_deferred_request(self._issuer, request, authorized=authorized)
        async with self._store.transaction() as transaction:
            stored = await transaction.load(DEFERRED, asked.transaction_id)
        call = resume(self._issuer, asked, None if stored is None else stored.value.transaction)
        assert stored is not None
        wait = stored.value.ready_at - self._clock.now()
        if wait <= 0:
            return await self._issue(call, await self._check_wallet(call))
        async with self._store.transaction(durable=True) as transaction:
            await claim(transaction, call.once)
            await _take(transaction, call)
            ready_at, until = stored.value.ready_at, stored.expires
            return await self._defer(transaction, call, wait=wait, ready_at=ready_at, until=until)

    async def take_note(self, request: HttpRequest) -> HttpResponse:
        """Answer at the notification endpoint."""
        authorized = await self._authorization.authorize(request)
        notification = read_notification(request, authorized=authorized)
        async with self._store.transaction(durable=True) as transaction:
            await claim(transaction, (authorized.once,))
            return await _note(transaction, notification)

    async def revoke(self, *, person: str, type_: str | None) -> tuple[Issuance, ...]:
        """Revoke every copy that a person holds, of one type or of all; final. Returns the batches revoked by this.

        A batch without status entries cannot be revoked: it ends by itself. Neither is renewed any more: whoever has
        the wallet has its refresh token, so that the person has to log in again.
        """
        now = self._clock.now()
        async with self._store.transaction(durable=True) as transaction:
            batches = await transaction.issuances.of_person(person)
            alive = [batch for batch in batches if batch.revoked_at is None and batch.listed]
            chosen = [batch for batch in alive if type_ in (None, batch.type)]
            revoked = [await revoke_batch(transaction, batch, now=now) for batch in chosen]
            key = _revocation_key(self._key, person, type_)
            await transaction.take(REVOCATION, key)
            await transaction.put(REVOCATION, key, Revocation(at=now), expires=now + GRANT_SECONDS)
        return tuple(batch for batch in revoked if batch is not None)

    async def statuses_of(self, person: str) -> tuple[AttestationStatus, ...]:
        """By which the wallets of a person can be revoked: of all that is valid and hangs on one."""
        async with self._store.transaction() as transaction:
            batches = await transaction.issuances.of_person(person)
            watches = [watch for batch in batches for watch in await transaction.watches.of_issuance(batch.id)]
        return tuple(dict.fromkeys(watch.status for watch in watches if watch.what is Watched.WALLET))

    async def _check_wallet(self, call: CredentialCall) -> tuple[CheckedStatus, ...]:
        """The statuses of the wallet and of its key storage, valid now; ``Denied`` when one is revoked.

        By TS3 1.5, what ends with its wallet goes to no wallet without a status that is maintained (ARF 3.0 WUA_30).
        """
        wallet = await self._watch.check_wallet(call.wallet_status, code="credential_request_denied")
        keys = await self._watch.check_keys(call.key_statuses)
        if self._type(call).id in self._policy.chained and self._issuer.status_period is not None:
            with denying("credential_request_denied"):
                check_maintained(call.wallet_status, now=self._clock.now(), what="wallet attestation")
        return (*wallet, *keys)

    async def _issue(self, call: CredentialCall, statuses: tuple[CheckedStatus, ...]) -> HttpResponse:
        """One durable transaction: what serves once is claimed, the batch is noted, the credentials exist."""
        type_, person = self._type(call), call.grant.subject
        now = self._clock.now()  # before the record is looked for: what is there still, may be issued as of then
        record = await self._source.load_claims(person, type_.id)
        if record is None:
            raise decline("nothing is known of this person under this type")
        # OpenID4VCI 1.0 section 8.3: the issuer may issue fewer than there are keys
        keys = call.keys[: type_.batch_size]
        order = Order(
            person=person,
            type=type_,
            format=call.configuration.format,
            record=record,
            keys=keys,
            hangs_on=_maintained(statuses) if type_.id in self._policy.chained else (),
        )
        async with self._store.transaction(durable=True) as transaction:
            await claim(transaction, call.once)
            await _take(transaction, call)
            await self._refuse_revoked(transaction, call)
            with denying("credential_request_denied"):  # what our own source says of the person does not fit the type
                credentials = await self._press.issue(order, now=now, transaction=transaction)
            answer = issued(self._issuer, call, credentials, now=now, random=self._random)
            await transaction.put(NOTIFIED, answer.notification_id, answer.state, expires=answer.kept_until)
        self.batches[order.format] += 1
        self.copies[order.format] += len(credentials)
        return answer.response

    async def _defer(
        self,
        transaction: IssuerTransaction,
        call: CredentialCall,
        *,
        wait: int,
        ready_at: int,
        until: int | None = None,
    ) -> HttpResponse:
        """Keep the proven keys until ``until``: asking again makes a transaction no longer-lived."""
        deferred = defer(self._issuer, call, interval=max(wait, 1), now=self._clock.now(), random=self._random)
        waiting = WaitingIssuance(transaction=deferred.state, ready_at=ready_at)
        await transaction.put(DEFERRED, deferred.transaction_id, waiting, expires=until or deferred.kept_until)
        return deferred.response

    async def _known(self, types: Iterable[str], person: str) -> tuple[str, ...]:
        return tuple([id_ for id_ in types if await self._source.load_claims(person, id_) is not None])

    async def _refuse_revoked(self, transaction: IssuerTransaction, call: CredentialCall) -> None:
        """``Denied`` for a grant from before a revocation of what it is asked for."""
        for type_ in (None, self._type(call).id):
            for key in (self._key, *self._earlier):
                stored = await transaction.load(REVOCATION, _revocation_key(key, call.grant.subject, type_))
                if stored is not None and call.grant.approved <= stored.value.at:
                    raise decline("it was revoked since the person logged in; a new log-in is needed")

    def _type(self, call: CredentialCall) -> AttestationType:
        return self._policy.find(call.configuration.id)[0]


def _revocation_key(key: bytes, person: str, type_: str | None) -> str:
    return base64url(hmac.digest(key, f"{type_ or ''}\0{person}".encode(), "sha256"))


def _maintained(statuses: Iterable[CheckedStatus]) -> tuple[CheckedStatus, ...]:
    """Those whose end is known."""
    return tuple(each for each in statuses if each.status.maintained_until is not None)


async def _note(transaction: IssuerTransaction, notification: Notification) -> HttpResponse:
    stored = await transaction.load(NOTIFIED, notification.notification_id)
    noted, response = notify(notification, None if stored is None else stored.value)
    assert stored is not None  # notify has looked
    id_ = notification.notification_id
    if not await transaction.swap(NOTIFIED, id_, noted, version=stored.version, expires=stored.expires):
        return await _note(transaction, notification)  # beside what was noted meanwhile
    return response


async def _take(transaction: IssuerTransaction, call: CredentialCall) -> CredentialCall:
    """Return the call with its deferred transaction taken, where it has one; ``Denied`` when somebody was first."""
    if call.transaction_id is not None and await transaction.take(DEFERRED, call.transaction_id) is None:
        raise unknown_transaction()
    return call
