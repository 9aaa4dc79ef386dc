"""OpenID4VCI between zegel's engines and Credo, over real sockets."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from os import urandom
from ssl import SSLContext
from typing import Any

import httpx2
import pytest
from zegel_testing.authorities import CertifiedSigner, anchor, signer, trusting
from zegel_testing.foreign import Foreign, ForeignError
from zegel_testing.issuer import EngineIssuer
from zegel_testing.queries import DOCTYPE, VCT
from zegel_testing.sockets import Answer, listening, send
from zegel_testing.web_authority import WebAuthority

from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.formats.mdoc.verify import verify_issued_mdoc
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt
from zegel.primitives.keys import parse_jwk, random_private_key
from zegel.profiles import HAIP, PLAIN, Proof
from zegel.protocols.openid4vci.offer import OfferReference, parse_offer_link
from zegel.protocols.openid4vci.wallet.authorization import (
    BrowserPause,
    begin_authorization,
    begin_pre_authorized,
    return_from_browser,
)
from zegel.protocols.openid4vci.wallet.issuance import Done, ProofPause, prove
from zegel.protocols.openid4vci.wallet.session import WalletAttestation, WalletClient
from zegel.protocols.openid4vci.wallet.start import Ready, fetch_step, start
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import WalletDescription, sign_wallet_attestation
from zegel.trust.authority import Authority

pytestmark = pytest.mark.slow

Roots = dict[Purpose, Authority]
REDIRECT_URI = "https://wallet.example/cb"
CLAIMS = {"family_name": "Voorbeeld", "given_name": "Noor", "nationalities": ["NL"], "address": {"country": "UT"}}


@contextmanager
def issuing(roots: Roots, now: int, **options: Any) -> Iterator[EngineIssuer]:
    provider = signer(roots[Purpose.ISSUER], "PID provider", Purpose.ISSUER, now=now)
    anchors = trusting(*(anchor(root, purpose) for purpose, root in roots.items()))
    made: list[EngineIssuer] = []

    def make(origin: str) -> Answer:
        made.append(EngineIssuer(origin, signer=provider, anchors=anchors, claims=CLAIMS, **options))
        return made[0].answer

    with listening("issuer.localhost", make):
        yield made[0]


def log_in(url: str, context: SSLContext) -> str:
    with httpx2.Client(verify=context) as browser:
        return browser.get(url).headers["location"]


def test_a_credo_wallet_receives_with_a_transaction_code(credo_wallet: Foreign, roots: Roots, now: int) -> None:
    with issuing(roots, now, profile=PLAIN) as issuer:
        offer = issuer.offer(tx_code="493536")
        with pytest.raises(ForeignError, match="invalid_grant"):
            credo_wallet.tell("receive", offer=offer, tx_code="000000")
        outcome = credo_wallet.tell("receive", offer=offer, tx_code="493536", copies=3)
    assert outcome["token_type"] == "DPoP"
    assert [(received["type"], received["copies"]) for received in outcome["received"]] == [(VCT, 3), (DOCTYPE, 3)]
    sd_jwt, mdoc = outcome["received"]
    assert sd_jwt["claims"]["address"] == {"country": "UT"}
    assert mdoc["claims"] == {DOCTYPE: CLAIMS}
    assert issuer.events == ["credential_accepted", "credential_accepted"]


def test_a_credo_wallet_receives_after_a_log_in(
    credo_wallet: Foreign, roots: Roots, web_authority: WebAuthority, now: int
) -> None:
    with issuing(roots, now, profile=PLAIN) as issuer:
        begun = credo_wallet.tell(
            "authorize", offer=issuer.offer_log_in(), client_id="a Credo wallet", redirect_uri=REDIRECT_URI
        )
        outcome = credo_wallet.tell(
            "redeem", session=begun["session"], location=log_in(begun["url"], web_authority.context)
        )
    assert [received["copies"] for received in outcome["received"]] == [1, 1]


def test_a_credo_wallet_receives_under_haip(
    credo_wallet: Foreign, wallet_provider: CertifiedSigner, roots: Roots, web_authority: WebAuthority, now: int
) -> None:
    key = credo_wallet.tell("key")
    attestation = sign_wallet_attestation(
        signer=wallet_provider.key,
        chain=wallet_provider.chain,
        provider="https://wallet-provider.example",
        client_id="wallet",
        key=parse_jwk(key, what="wallet's key"),
        kid=key["kid"],
        wallet=WalletDescription(name="Credo"),
        now=now,
        expires=now + 3_600,
    )
    with issuing(roots, now, profile=HAIP, key_attestation=True) as issuer:
        begun = credo_wallet.tell(
            "authorize",
            offer=issuer.offer_log_in(),
            client_id="wallet",
            redirect_uri=REDIRECT_URI,
            wallet_attestation=attestation.decode(),
        )
        outcome = credo_wallet.tell(
            "redeem", session=begun["session"], location=log_in(begun["url"], web_authority.context), copies=10
        )
    assert [received["copies"] for received in outcome["received"]] == [10, 10]


def drive(step: Any, context: SSLContext) -> Any:
    """Send what a step wants to send, and hand it the answer, until there is nothing to send."""
    while hasattr(step, "request"):
        step = step.receive(send(step.request, context=context), now=int(time.time()), random=urandom)
    return step


def wallet_client(*, attestation: WalletAttestation | None = None) -> WalletClient:
    return WalletClient(
        client_id="wallet",
        redirect_uri=REDIRECT_URI,
        profile=PLAIN,
        dpop=random_private_key(urandom),
        attestation=attestation,
    )


def ready_for(link: str, context: SSLContext) -> Ready:
    offer = parse_offer_link(link)
    if isinstance(offer, OfferReference):
        offer = drive(fetch_step(offer), context)
    return drive(start(offer, anchors=None), context)


def finish(pause: Any, context: SSLContext, roots: Roots, copies: int) -> Done:
    """Prove keys until all credentials have come, and verify each."""
    anchors = trusting(*(anchor(root, purpose) for purpose, root in roots.items()))
    while isinstance(pause, ProofPause):
        keys = [random_private_key(urandom) for _ in range(copies)]
        now = int(time.time())
        pause = drive(prove(pause, Proof.JWT, keys=keys, attestation=None, now=now, random=urandom), context)
    for received in pause.received:
        for credential in received.credentials:
            now = int(time.time())
            if received.configuration == "pid-sd-jwt":
                verified = verify_issued_sdjwt(parse_sdjwt(credential), anchors=anchors, now=now)
                assert verified.claims["address"] == {"locality": "Utopia", "country": "UT"}
            else:
                verified = verify_issued_mdoc(parse_issuer_signed(credential), anchors=anchors, now=now)
                assert verified.claims[DOCTYPE]["birth_date"] == "1990-01-01"
    return pause


def test_our_wallet_receives_from_credo_with_a_transaction_code(
    credo_issuer: Foreign, roots: Roots, web_authority: WebAuthority
) -> None:
    context = web_authority.context
    offer = credo_issuer.tell(
        "offer", configurations=["pid-sd-jwt", "pid-mdoc"], grant="pre-authorized_code", tx_code=True
    )
    ready = ready_for(offer["offer"], context)
    step = begin_pre_authorized(
        ready, client=wallet_client(), tx_code=offer["tx_code"], now=int(time.time()), random=urandom
    )
    done = finish(drive(step, context), context, roots, copies=3)
    assert [(each.configuration, len(each.credentials)) for each in done.received] == [
        ("pid-sd-jwt", 3),
        ("pid-mdoc", 3),
    ]
    assert credo_issuer.tell("session", session=offer["session"])["state"] == "Completed"


def test_our_wallet_receives_from_credo_after_a_log_in(
    credo_issuer: Foreign, roots: Roots, web_authority: WebAuthority
) -> None:
    context = web_authority.context
    offer = credo_issuer.tell("offer", configurations=["pid-sd-jwt"], grant="authorization_code")
    ready = ready_for(offer["offer"], context)
    pause = drive(begin_authorization(ready, client=wallet_client(), now=int(time.time()), random=urandom), context)
    assert isinstance(pause, BrowserPause)
    url = pause.url
    while not url.startswith(REDIRECT_URI):
        url = log_in(url, context)
    step = return_from_browser(pause, url, now=int(time.time()), random=urandom)
    done = finish(drive(step, context), context, roots, copies=1)
    assert [each.configuration for each in done.received] == ["pid-sd-jwt"]
