"""A wallet in the hand of a test: the protocol engine and both formats, with no vault, no page and no caution.

Whoever holds it agrees to everything, so that what is stopped is stopped by the other side.
"""

from dataclasses import dataclass

from zegel.formats.credential import Format, VerifiedCredential
from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.formats.mdoc.present import present_mdoc
from zegel.formats.mdoc.transcript import redirect_transcript
from zegel.formats.presentation import parse_credential, verify_credential
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.present import present_sdjwt
from zegel.primitives.keys import PrivateKey
from zegel.profiles import HAIP, Profile
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.matching import HeldCredential, default_choice
from zegel.protocols.openid4vp.request import Challenge
from zegel.protocols.openid4vp.wallet import Consent, Fetching, PlannedPresentation, Sending, WalletPolicy, begin
from zegel.services.ports import Clock, Outbound
from zegel.services.trust import Trust
from zegel_testing.authorities import fixed_random


@dataclass(frozen=True)
class Copy:
    """One copy of a credential, as it was issued, and its key."""

    format: Format
    data: bytes
    key: PrivateKey


class HandWallet:
    """A wallet. ``copies`` are presented in the order of the query's choice, the first that fits."""

    def __init__(
        self, *copies: Copy, outbound: Outbound, trust: Trust, clock: Clock, origin: str, profile: Profile = HAIP
    ) -> None:
        self.copies = list(copies)
        self._outbound = outbound
        self._trust = trust
        self._clock = clock
        self._plain = frozenset({origin})
        self._profile = profile

    async def open(self, link: str) -> Consent:
        """Fetch the request behind a link, up to the consent."""
        policy = WalletPolicy(
            profile=self._profile, anchors=self._trust.anchors, plain_origins=self._plain, transaction_types={}
        )
        step = begin(parse_link(link), policy=policy, random=fixed_random("hand wallet"))
        assert isinstance(step, Fetching)
        response = await self._outbound.fetch(step.request)
        consent = step.receive(response, policy=policy, now=self._clock.now())
        assert isinstance(consent, Consent), consent
        return consent

    async def present(self, link: str) -> str | None:
        """Agree, and present; where the verifier sends the browser, if it does."""
        return await self.send(self.answer(await self.open(link)))

    async def refuse(self, link: str) -> str | None:
        """Do not agree."""
        return await self.send((await self.open(link)).refuse())

    async def send(self, sending: Sending) -> str | None:
        """Send the answer."""
        return sending.receive(await self._outbound.fetch(sending.request)).redirect_uri

    def answer(self, consent: Consent) -> Sending:
        """The answer with the first copy that fits."""
        held = [HeldCredential(id=str(at), credential=self._verified(copy)) for at, copy in enumerate(self.copies)]
        match = consent.match(held)
        presentations: dict[str, list[bytes]] = {}
        for planned in consent.plan(match, default_choice(match)):
            copy = self.copies[int(planned.disclosure.held.id)]
            made = self._presented(copy, planned, consent.request.challenge)
            presentations.setdefault(planned.disclosure.query_id, []).append(made)
        return consent.accept(presentations)

    def _verified(self, copy: Copy) -> VerifiedCredential:
        parsed = parse_credential(copy.format, copy.data)
        return verify_credential(parsed, anchors=self._trust.anchors, now=self._clock.now())

    def _presented(self, copy: Copy, planned: PlannedPresentation, challenge: Challenge) -> bytes:
        if copy.format is Format.MDOC:
            transcript = redirect_transcript(
                client_id=challenge.client_id,
                nonce=challenge.nonce,
                response_uri=challenge.response_uri,
                encryption_key_thumbprint=challenge.jwk_thumbprint,
            )
            issued = parse_issuer_signed(copy.data)
            return present_mdoc(issued, paths=planned.disclosure.paths, holder=copy.key, transcript=transcript)
        return present_sdjwt(
            parse_sdjwt(copy.data),
            paths=planned.disclosure.paths,
            holder=copy.key,
            audience=challenge.client_id,
            nonce=challenge.nonce,
            now=self._clock.now(),
        )
