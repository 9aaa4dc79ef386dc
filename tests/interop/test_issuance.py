"""OpenID4VCI between zegel's engines and Credo, over real sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from zegel_testing.authorities import CertifiedSigner, anchor, signer, trusting
from zegel_testing.foreign import Foreign, ForeignError
from zegel_testing.issuer import EngineIssuer
from zegel_testing.sockets import Answer, listening

from zegel.primitives.keys import parse_jwk
from zegel.profiles import HAIP, PLAIN
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


def log_in(url: str) -> str:
    with httpx.Client() as browser:
        return browser.get(url).headers["location"]


def test_a_credo_wallet_receives_with_a_transaction_code(credo_wallet: Foreign, roots: Roots, now: int) -> None:
    with issuing(roots, now, profile=PLAIN) as issuer:
        offer = issuer.offer(tx_code="493536")
        with pytest.raises(ForeignError, match="invalid_grant"):
            credo_wallet.tell("receive", offer=offer, tx_code="000000")
        outcome = credo_wallet.tell("receive", offer=offer, tx_code="493536", copies=3)
    assert outcome["token_type"] == "DPoP"
    (received,) = outcome["received"]
    assert (received["type"], received["copies"], received["notified"]) == ("urn:eudi:pid:1", 3, True)
    assert received["claims"]["address"] == {"country": "UT"}
    assert issuer.events == ["credential_accepted"]


def test_a_credo_wallet_receives_after_a_log_in(credo_wallet: Foreign, roots: Roots, now: int) -> None:
    with issuing(roots, now, profile=PLAIN) as issuer:
        begun = credo_wallet.tell(
            "authorize", offer=issuer.offer_log_in(), client_id="a Credo wallet", redirect_uri=REDIRECT_URI
        )
        outcome = credo_wallet.tell("redeem", session=begun["session"], location=log_in(begun["url"]))
    assert [received["copies"] for received in outcome["received"]] == [1]


def test_a_credo_wallet_receives_under_haip(
    credo_wallet: Foreign, wallet_provider: CertifiedSigner, roots: Roots, now: int
) -> None:
    attestation = sign_wallet_attestation(
        signer=wallet_provider.key,
        chain=wallet_provider.chain,
        provider="https://wallet-provider.example",
        client_id="wallet",
        key=parse_jwk(credo_wallet.tell("key"), what="wallet's key"),
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
        outcome = credo_wallet.tell("redeem", session=begun["session"], location=log_in(begun["url"]), copies=10)
    assert [received["copies"] for received in outcome["received"]] == [10]
