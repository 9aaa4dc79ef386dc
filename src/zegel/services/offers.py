"""Offers: the issuer's invitations, each for whoever logs in or for one person, and gone when their time is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format
from zegel.profiles import Grant
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.openid4vci.offer import (
    AuthorizationCodeOffer,
    CredentialOffer,
    PreAuthorizedOffer,
    TransactionCodePrompt,
)
from zegel.services.authorization import AuthorizationService
from zegel.services.issuer_policy import IssuerPolicy
from zegel.services.ports import Clock, Kind, PersonSource, Random, Store

OFFER_PATH: Final = "/offers/"
TX_CODE_DIGITS: Final = 6  # OpenID4VCI 1.0 section 13.6.3: with five tries, one guess in 200,000 succeeds
_ID_BYTES: Final = 24


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOffer:
    """An offer that a wallet may fetch. ``person`` is whom it is for, None for whoever logs in."""

    offer: CredentialOffer
    person: str | None


OFFER: Final = Kind(name="offer", states=(OpenOffer,))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade:
    """An offer with the address at which it stands. ``tx_code`` goes to the person by another way."""

    id: str
    offer: CredentialOffer
    uri: str
    tx_code: str | None


@final
class OfferService:
    """Makes the offers of the credential issuer at ``origin``, and serves them."""

    def __init__(
        self,
        origin: str,
        *,
        policy: IssuerPolicy,
        authorization: AuthorizationService,
        source: PersonSource,
        store: Store,
        clock: Clock,
        random: Random,
    ) -> None:
        self._origin = origin
        self._policy = policy
        self._authorization = authorization
        self._source = source
        self._store = store
        self._clock = clock
        self._random = random

    async def offer(self, type_: str, formats: Sequence[Format] = (), *, person: str | None = None) -> OfferMade:
        """Offer a type, in these formats or in all; its person logs in at the authorization server.

        ``Rejected`` as ``IssuerPolicy.choose``, and with PERSON for somebody of whom the source does not know the type,
        where it knows that before a log-in.
        """
        configurations = self._policy.choose(type_, formats)
        if person is not None and self._source.foresees(type_):
            await self._check_known(person, type_)
        id_ = self._random(_ID_BYTES).hex()
        grant = AuthorizationCodeOffer(issuer_state=id_)
        offer = CredentialOffer(credential_issuer=self._origin, configurations=configurations, authorization_code=grant)
        return await self._put(id_, offer, person=person, tx_code=None)

    def check_grant(self, grant: Grant) -> Grant:
        """Return the grant if offers may have it; ``Rejected(PROFILE)`` otherwise."""
        return self._authorization.check_grant(grant)

    async def offer_pre_authorized(
        self, type_: str, formats: Sequence[Format] = (), *, person: str, with_code: bool
    ) -> OfferMade:
        """Offer a type to a person who is known already, with a transaction code or without.

        ``Rejected`` also with PROFILE, which comes first, and PERSON for somebody of whom the source does not know the
        type.
        """
        self.check_grant(Grant.PRE_AUTHORIZED_CODE)
        configurations = self._policy.choose(type_, formats)
        await self._check_known(person, type_)
        tx_code = self._transaction_code() if with_code else None
        granted = tuple(GrantedCredential(configuration=id_, datasets=(id_,), detailed=False) for id_ in configurations)
        code = await self._authorization.pre_authorize(subject=person, credentials=granted, tx_code=tx_code)
        prompt = TransactionCodePrompt(length=TX_CODE_DIGITS) if with_code else None
        grant = PreAuthorizedOffer(code=code, tx_code=prompt)
        offer = CredentialOffer(credential_issuer=self._origin, configurations=configurations, pre_authorized=grant)
        return await self._put(self._random(_ID_BYTES).hex(), offer, person=person, tx_code=tx_code)

    async def look_up(self, id_: str) -> CredentialOffer | None:
        """An offer (OpenID4VCI 1.0 section 4.1.3); None for one that is unknown or over.

        With the code in it an offer is over too: whoever scans it later would only take back what the code gave.
        """
        stored = await self._load(id_)
        if stored is None:
            return None
        code = stored.offer.pre_authorized
        return stored.offer if code is None or await self._authorization.waits(code.code) else None

    async def check_person(self, issuer_state: str | None, person: str) -> str:
        """Return the person if the offer that brought the wallet here, if any, is for them; ``Rejected(PERSON)``."""
        stored = None if issuer_state is None else await self._load(issuer_state)
        if stored is not None and stored.person not in (None, person):
            raise Rejected(Check.PERSON, "the offer is for somebody else", field="issuer_state")
        return person

    def uri(self, id_: str) -> str:
        """Where an offer stands."""
        return self._origin + OFFER_PATH + id_

    async def _check_known(self, person: str, type_: str) -> str:
        if await self._source.load_claims(person, type_) is None:
            raise Rejected(Check.PERSON, f"nothing is known of this person under {type_}", field="person")
        return person

    async def _put(self, id_: str, offer: CredentialOffer, *, person: str | None, tx_code: str | None) -> OfferMade:
        expires = self._clock.now() + self._policy.offer_seconds
        async with self._store.transaction() as transaction:
            await transaction.put(OFFER, id_, OpenOffer(offer=offer, person=person), expires=expires)
        return OfferMade(id=id_, offer=offer, uri=self.uri(id_), tx_code=tx_code)

    async def _load(self, id_: str) -> OpenOffer | None:
        async with self._store.transaction() as transaction:
            stored = await transaction.load(OFFER, id_)
        return None if stored is None else stored.value

    def _transaction_code(self) -> str:
        return f"{int.from_bytes(self._random(8)) % 10**TX_CODE_DIGITS:0{TX_CODE_DIGITS}d}"
