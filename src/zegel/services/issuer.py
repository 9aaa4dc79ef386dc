"""The credential issuer's use cases: offer, issue, defer, take note, revoke."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.catalogue.types import AttestationType
from zegel.formats.credential import Format
from zegel.formats.status.entries import INVALID
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import JsonObject
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.errors import denying
from zegel.protocols.openid4vci.credential import (
    NOTIFICATION_SECONDS,
    CredentialCall,
    decline,
    issued,
    read_credential_request,
)
from zegel.protocols.openid4vci.deferred import DeferredCall, defer, read_deferred_request, resume
from zegel.protocols.openid4vci.issuer import CredentialIssuer, answer_nonce
from zegel.protocols.openid4vci.notification import notify, read_notification
from zegel.protocols.openid4vci.offer import (
    AuthorizationCodeOffer,
    CredentialOffer,
    PreAuthorizedOffer,
    TransactionCodePrompt,
    build_offer,
)
from zegel.protocols.openid4vci.states import DeferredTransaction, NotifiedIssuance
from zegel.services.authorization import AuthorizationService, claim
from zegel.services.issuing import CredentialPress, Order
from zegel.services.ports import Clock, Issuance, IssuerStore, IssuerTransaction, Kind, PersonSource, Random

OFFER_PATH: Final = "/offers/"
TX_CODE_DIGITS: Final = 6  # OpenID4VCI 1.0 section 13.6.3: with five tries, one guess in 200,000 succeeds
_ID_BYTES: Final = 24


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOffer:
    """An offer that a wallet may fetch. ``person`` is whom it is for, None for whoever logs in."""

    offer: CredentialOffer
    person: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingIssuance:
    """A deferred transaction, and from when its credentials can be had, in seconds since the epoch."""

    transaction: DeferredTransaction
    ready_at: int


OFFER: Final = Kind(name="offer", states=(OpenOffer,))
DEFERRED: Final = Kind(name="deferred transaction", states=(WaitingIssuance,))
NOTIFIED: Final = Kind(name="notified issuance", states=(NotifiedIssuance,))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade:
    """An offer with the address at which it stands. ``tx_code`` goes to the person by another way."""

    id: str
    offer: CredentialOffer
    uri: str
    tx_code: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerPolicy:
    """What of the catalogue is on offer, by configuration id, and which types take time (seconds, by type id)."""

    types: Mapping[str, AttestationType]
    delays: Mapping[str, int]
    offer_seconds: int


@final
class IssuerService:
    """A credential issuer at work."""

    def __init__(
        self,
        issuer: CredentialIssuer,
        *,
        policy: IssuerPolicy,
        press: CredentialPress,
        authorization: AuthorizationService,
        source: PersonSource,
        store: IssuerStore,
        clock: Clock,
        random: Random,
    ) -> None:
        self._issuer = issuer
        self._policy = policy
        self._press = press
        self._authorization = authorization
        self._source = source
        self._store = store
        self._clock = clock
        self._random = random

    def nonce(self) -> HttpResponse:
        """Answer at the nonce endpoint."""
        return answer_nonce(self._issuer, now=self._clock.now(), random=self._random)

    async def offer(
        self, configurations: tuple[str, ...], *, person: str | None, pre_authorized: bool, tx_code: bool
    ) -> OfferMade:
        """Offer credentials; a pre-authorised offer needs to know for whom. ``Rejected`` otherwise."""
        self._check_on_offer(configurations)
        id_, code = base64url(self._random(_ID_BYTES)), self._transaction_code() if tx_code else None
        if pre_authorized:
            if person is None:
                raise Rejected(Check.PERSON, "a pre-authorized offer is for a person who is named", field="person")
            grants = await self._pre_authorized(configurations, person, code)
            offer = CredentialOffer(
                credential_issuer=self._issuer.identifier, configurations=configurations, pre_authorized=grants
            )
        else:
            offer = CredentialOffer(
                credential_issuer=self._issuer.identifier,
                configurations=configurations,
                authorization_code=AuthorizationCodeOffer(issuer_state=id_),
            )
        expires = self._clock.now() + self._policy.offer_seconds
        async with self._store.transaction() as transaction:
            await transaction.put(OFFER, id_, OpenOffer(offer=offer, person=person), expires=expires)
        return OfferMade(id=id_, offer=offer, uri=self._issuer.identifier + OFFER_PATH + id_, tx_code=code)

    async def look_up_offer(self, id_: str) -> JsonObject | None:
        """An offer as a wallet fetches it (OpenID4VCI 1.0 section 4.1.3); None for one that is unknown or over."""
        stored = await self._stored_offer(id_)
        return None if stored is None else build_offer(stored.offer)

    async def check_person(self, issuer_state: str | None, person: str) -> str:
        """Return the person if the offer that brought the wallet here, if any, is for them; ``Rejected(PERSON)``."""
        stored = None if issuer_state is None else await self._stored_offer(issuer_state)
        if stored is not None and stored.person not in (None, person):
            raise Rejected(Check.PERSON, "the offer is for somebody else", field="issuer_state")
        return person

    async def issue(self, request: HttpRequest) -> HttpResponse:
        """Answer at the credential endpoint: credentials, or a transaction to come back with."""
        authorized = await self._authorization.authorize(request)
        call = read_credential_request(self._issuer, request, authorized=authorized, now=self._clock.now())
        delay = self._policy.delays.get(self._type(call).id, 0)
        if not delay:
            return await self._issue(call)
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
            return await self._issue(call)
        async with self._store.transaction(durable=True) as transaction:
            await claim(transaction, call.once)
            await self._take_deferred(transaction, asked)
            return await self._defer(transaction, call, wait=wait, ready_at=stored.value.ready_at)

    async def take_note(self, request: HttpRequest) -> HttpResponse:
        """Answer at the notification endpoint."""
        authorized = await self._authorization.authorize(request)
        notification = read_notification(request, authorized=authorized)
        async with self._store.transaction() as transaction:
            stored = await transaction.load(NOTIFIED, notification.notification_id)
            noted, response = notify(notification, None if stored is None else stored.value)
            await claim(transaction, (authorized.once,))
            assert stored is not None
            await transaction.swap(
                NOTIFIED,
                notification.notification_id,
                noted,
                version=stored.version,
                expires=self._clock.now() + NOTIFICATION_SECONDS,
            )
        return response

    async def revoke(self, *, person: str, type_: str | None) -> tuple[Issuance, ...]:
        """Revoke every copy that a person holds, of one type or of all; final. Returns the batches revoked by this."""
        now = self._clock.now()
        async with self._store.transaction(durable=True) as transaction:
            batches = await transaction.issuances.of_person(person)
            chosen = [batch for batch in batches if batch.revoked_at is None and type_ in (None, batch.type)]
            revoked = [await transaction.issuances.revoke(batch.id, now=now) for batch in chosen]
            for batch in chosen:
                await transaction.statuses.mark(batch.entries, INVALID)
        return tuple(batch for batch in revoked if batch is not None)

    async def _issue(self, call: CredentialCall) -> HttpResponse:
        """One durable transaction: what serves once is claimed, the batch is noted, the credentials exist."""
        type_, person = self._type(call), call.grant.subject
        record = await self._source.load_claims(person, type_.id)
        if record is None:
            raise decline("nothing is known of this person under this type")
        order = Order(person=person, type=type_, format=call.configuration.format, record=record, keys=call.keys)
        async with self._store.transaction(durable=True) as transaction:
            await claim(transaction, call.once)
            if call.transaction_id is not None:
                await transaction.take(DEFERRED, call.transaction_id)
            with denying("credential_request_denied"):  # what our own source says of the person does not fit the type
                credentials = await self._press.issue(order, transaction=transaction)
            answer = issued(self._issuer, call, credentials, now=self._clock.now(), random=self._random)
            await transaction.put(NOTIFIED, answer.notification_id, answer.state, expires=answer.kept_until)
        return answer.response

    async def _defer(
        self, transaction: IssuerTransaction, call: CredentialCall, *, wait: int, ready_at: int
    ) -> HttpResponse:
        deferred = defer(self._issuer, call, interval=max(wait, 1), now=self._clock.now(), random=self._random)
        waiting = WaitingIssuance(transaction=deferred.state, ready_at=ready_at)
        await transaction.put(DEFERRED, deferred.transaction_id, waiting, expires=deferred.kept_until)
        return deferred.response

    async def _take_deferred(self, transaction: IssuerTransaction, asked: DeferredCall) -> WaitingIssuance | None:
        return await transaction.take(DEFERRED, asked.transaction_id)

    async def _pre_authorized(
        self, configurations: tuple[str, ...], person: str, tx_code: str | None
    ) -> PreAuthorizedOffer:
        credentials = tuple(
            GrantedCredential(configuration=id_, datasets=(id_,), detailed=False) for id_ in configurations
        )
        code = await self._authorization.pre_authorize(subject=person, credentials=credentials, tx_code=tx_code)
        prompt = None if tx_code is None else TransactionCodePrompt(length=TX_CODE_DIGITS)
        return PreAuthorizedOffer(code=code, tx_code=prompt)

    async def _stored_offer(self, id_: str) -> OpenOffer | None:
        async with self._store.transaction() as transaction:
            stored = await transaction.load(OFFER, id_)
        return None if stored is None else stored.value

    def _check_on_offer(self, configurations: tuple[str, ...]) -> tuple[str, ...]:
        for id_ in configurations:
            if id_ not in self._policy.types:
                raise Rejected(Check.CREDENTIAL_CHOICE, f"{id_[:80]} is not on offer", field="configurations")
        return configurations

    def _type(self, call: CredentialCall) -> AttestationType:
        return self._policy.types[call.configuration.id]

    def _transaction_code(self) -> str:
        return f"{int.from_bytes(self._random(8)) % 10**TX_CODE_DIGITS:0{TX_CODE_DIGITS}d}"


def configuration_id(type_: AttestationType, format_: Format) -> str:
    """The id of a type in a format, in the metadata: ``pid-sd-jwt``, ``pid-mdoc``."""
    return f"{type_.id}-{'sd-jwt' if format_ is Format.SD_JWT_VC else 'mdoc'}"
