"""Driving an issuance: the steps of the engine through the one way out, with keys and attestations where it pauses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Denied, Rejected, Unavailable, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse, media_type
from zegel.primitives.keys import PrivateKey, Signer, random_private_key
from zegel.profiles import HAIP, ClientAuthentication, Profile, Proof
from zegel.protocols.oauth.metadata import ServerMetadata
from zegel.protocols.openid4vci.encryption import JWT, MAX_RESPONSE
from zegel.protocols.openid4vci.offer import CredentialOffer, OfferReference
from zegel.protocols.openid4vci.states import Event
from zegel.protocols.openid4vci.wallet.authorization import Beginning, BrowserPause, PushStep
from zegel.protocols.openid4vci.wallet.issuance import (
    CredentialStep,
    DeferredStep,
    Done,
    NonceStep,
    ProofPause,
    Step,
    TokenStep,
    can_refresh,
    needs_token,
    prove,
    refresh_step,
    withhold,
)
from zegel.protocols.openid4vci.wallet.notification import NotificationStep, notification_step
from zegel.protocols.openid4vci.wallet.session import Received, Session, WalletClient, retry_after_of
from zegel.protocols.openid4vci.wallet.start import (
    IssuerMetadataStep,
    Ready,
    ServerMetadataStep,
    fetch_step,
    start,
)
from zegel.services.ports import Clock, Outbound, Random
from zegel.services.trust import Trust
from zegel.services.wallet.instance import InstanceService
from zegel.services.wallet.journal import host_of

PUBLIC_CLIENT: Final = "zegel-wallet"  # the client_id where nobody attests the wallet
_MAX_ANSWER: Final = MAX_RESPONSE * 4 // 3 + 4_096  # a response inside a JWE is in base64 once more

Sent: TypeAlias = Beginning | PushStep | TokenStep | NonceStep | CredentialStep | DeferredStep
Driven: TypeAlias = BrowserPause | Done
ProvenKeys: TypeAlias = dict[str, tuple[PrivateKey, ...]]
"""The keys that were made for each configuration."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuanceHabits:
    """What the wallet wants of every issuer: its profile, and how many copies at once if the issuer gives as many.

    It asks nothing of an issuer that does not show that it is registered for what it offers (RPRC_22a), unless its
    owner is to decide: not ``refuses_unregistered``.
    """

    profile: Profile
    copies: int
    refuses_unregistered: bool = True


@final
class IssuanceDriver:
    """Goes through the steps of an issuance up to the next pause for a person."""

    def __init__(
        self,
        habits: IssuanceHabits,
        *,
        instance: InstanceService,
        trust: Trust,
        outbound: Outbound,
        clock: Clock,
        random: Random,
    ) -> None:
        self.habits: Final = habits
        self._instance = instance
        self._trust = trust
        self._outbound = outbound
        self._clock = clock
        self._random = random

    async def read_offer(self, offer: CredentialOffer | OfferReference, *, certified: str | None) -> Ready:
        """All that is public of an offer, fetched and verified; kept is what the offer is about.

        ``certified`` is who signed the issuer's metadata when there was something of it before: then it still does.
        """
        if isinstance(offer, OfferReference):
            step = fetch_step(offer)
            response = await self._fetch(step.request)
            offer = step.receive(response, now=self._clock.now(), random=self._random)
        answered: IssuerMetadataStep | ServerMetadataStep | Ready = await self._read_issuer(offer, certified)
        while not isinstance(answered, Ready):
            response = await self._fetch(answered.request)
            answered = answered.receive(response, now=self._clock.now(), random=self._random)
        wanted = {configuration.id: configuration for configuration in answered.configurations}
        return replace(answered, issuer=replace(answered.issuer, configurations=wanted, unusable={}))

    async def _read_issuer(
        self, offer: CredentialOffer, certified: str | None
    ) -> IssuerMetadataStep | ServerMetadataStep:
        """Signed metadata where the issuer has it: then its signature decides. Plain metadata otherwise."""
        profile = self.habits.profile
        grants, required = profile.grants, profile.timestamps_required
        step = start(offer, grants=grants, anchors=self._trust.anchors, timestamps_required=required)
        response = await self._fetch(step.request)
        if certified is None and not _is_signed(response):
            return start(offer, grants=grants, anchors=None, timestamps_required=required)
        read = step.receive(response, now=self._clock.now(), random=self._random)
        if certified not in (None, read.issuer.signer):
            raise Rejected(Check.SERVER_METADATA, f"expected metadata signed by {certified}", field="header.x5c")
        return read

    async def client(self, server: ServerMetadata, *, redirect_uri: str) -> WalletClient:
        """Who the wallet is to an issuer: new keys, and an attestation where the server wants one."""
        client = WalletClient(
            client_id=PUBLIC_CLIENT,
            redirect_uri=redirect_uri,
            profile=self.habits.profile,
            dpop=random_private_key(self._random),
            attestation=None,
        )
        if not self._is_attested(server):
            return client
        return await self._attested(client, random_private_key(self._random))

    async def known_client(self, *, client_id: str | None, dpop: Signer, instance: Signer | None) -> WalletClient:
        """Who the wallet was to an issuer: the same keys, and a fresh attestation of the one that was attested."""
        client = WalletClient(
            client_id=client_id, redirect_uri="", profile=self.habits.profile, dpop=dpop, attestation=None
        )
        return client if instance is None else await self._attested(client, instance)

    async def _attested(self, client: WalletClient, key: Signer) -> WalletClient:
        attested = await self._instance.attest_wallet(key)
        return replace(client, client_id=attested.client_id, attestation=attested.attestation)

    async def drive(self, step: Sent | Step, keys: ProvenKeys) -> Driven:
        """Go on to the person's log-in or to the end; ``keys`` grows by those that are made on the way.

        What came before somebody said no, or did not answer, stays, and the rest is withheld. What came before any
        other failure is told to the issuer as failed: nothing of it is kept.
        """
        at: Sent | Step | BrowserPause = step
        while not isinstance(at, BrowserPause | Done):
            try:
                at = await self._prove(at, keys) if isinstance(at, ProofPause) else await self._send(at)
            except ZegelError as error:
                came = at.session.received or at.session.pending
                if came and isinstance(error, Denied | Unavailable):
                    session = withhold(at.session, error, *at.session.wanted)
                    return Done(session=session, received=session.received, pending=session.pending)
                await self.notify(at.session, at.session.received, Event.FAILURE)
                raise
        return at

    async def refresh(self, session: Session) -> Session:
        """The session with another access token; ``Denied`` and what else a server may answer.

        What was said of the wallet is over within a day or so, so it is attested anew.
        """
        client, attestation = session.client, session.client.attestation
        if attestation is not None:
            client = await self.known_client(client_id=client.client_id, dpop=client.dpop, instance=attestation.signer)
        bare = replace(session, client=client, wanted=(), received=(), pending=())
        done = await self.drive(refresh_step(bare, now=self._clock.now(), random=self._random), {})
        return replace(done.session, wanted=session.wanted, received=session.received, pending=session.pending)

    async def notify(self, session: Session, received: Sequence[Received], event: Event) -> Session:
        """Tell the issuer what became of its credentials, with an access token that is valid (section 11).

        The session as it is then. An issuer that cannot be told changes nothing.
        """
        told = [] if session.issuer.notification_endpoint is None else received
        for each in [one for one in told if one.notification_id is not None]:
            refused = False
            while True:
                try:
                    if refused or needs_token(session, now=self._clock.now()):
                        session = await self.refresh(session)
                    session = await self._tell(session, each, event)
                except ZegelError as error:
                    if not refused and is_refused_token(error) and can_refresh(session):
                        refused = True
                        continue
                break
        return session

    async def _tell(self, session: Session, received: Received, event: Event) -> Session:
        step = notification_step(session, received, event, now=self._clock.now(), random=self._random)
        while isinstance(step, NotificationStep):
            response = await self._outbound.fetch(step.request)
            step = step.receive(response, now=self._clock.now(), random=self._random)
        return step.session

    async def _send(self, step: Sent) -> Sent | Step | BrowserPause:
        response = await self._fetch(step.request, max_bytes=_MAX_ANSWER)
        return step.receive(response, now=self._clock.now(), random=self._random)

    async def _fetch(self, request: HttpRequest, *, max_bytes: int = 1 << 18) -> HttpResponse:
        """What a server answers; ``Unavailable`` where it says itself that it does not work (RFC 9110 section 15.6)."""
        response = await self._outbound.fetch(request, max_bytes=max_bytes)
        if response.status >= 500:
            detail = f"it answers with status {response.status}"
            raise Unavailable(host_of(request.url), detail, retry_after=retry_after_of(response))
        return response

    async def _prove(self, pause: ProofPause, keys: ProvenKeys) -> CredentialStep:
        """A new key for each copy, and the provider's word for them all where it is asked for."""
        # a plain proof where the issuer asks for no more, and otherwise that which tells the provider least comes first
        choice = Proof.JWT if Proof.JWT in pause.choices else pause.choices[0]
        count = min(pause.batch_size, self.habits.copies)
        made = tuple(random_private_key(self._random) for _ in range(count))
        attestation = None
        if choice is not Proof.JWT:
            attestation = await self._instance.attest_keys(made, nonce=pause.attested_nonce(choice))
        id_ = pause.configuration.id
        keys[id_] = (*keys.get(id_, ()), *made)
        return prove(pause, choice, keys=made, attestation=attestation, now=self._clock.now(), random=self._random)

    def _is_attested(self, server: ServerMetadata) -> bool:
        if self.habits.profile == HAIP:
            return True
        offered = server.client_authentication
        return ClientAuthentication.ATTESTATION in offered and ClientAuthentication.NONE not in offered


def is_refused_token(error: ZegelError) -> bool:
    """Whether a server says that the access token is worth nothing (RFC 6750 section 3.1)."""
    return isinstance(error, Denied) and error.code == "invalid_token"


def _is_signed(response: HttpResponse) -> bool:
    return response.status == 200 and media_type(response.header("content-type")) == JWT
