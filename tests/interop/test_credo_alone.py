"""Credo against Credo: the harness itself is known good before zegel takes either side."""

import httpx2
import pytest
from zegel_testing.authorities import CertifiedSigner
from zegel_testing.foreign import Foreign, ForeignError
from zegel_testing.queries import QUERIES
from zegel_testing.web_authority import WebAuthority

from zegel.primitives.keys import parse_jwk
from zegel.trust.attestation import WalletDescription, sign_wallet_attestation

pytestmark = pytest.mark.slow

REDIRECT_URI = "https://wallet.example/cb"
BOTH = ["pid-sd-jwt", "pid-mdoc"]


def received(outcome: dict) -> list[tuple[str, str, int]]:
    return [(one["format"], one["type"], one["copies"]) for one in outcome["received"]]


def receive_both(issuer: Foreign, wallet: Foreign) -> None:
    offer = issuer.tell("offer", configurations=BOTH, grant="pre-authorized_code")
    wallet.tell("receive", offer=offer["offer"])


def test_a_pre_authorized_offer_with_a_transaction_code(credo_issuer: Foreign, credo_wallet: Foreign) -> None:
    offer = credo_issuer.tell("offer", configurations=BOTH, grant="pre-authorized_code", tx_code=True)
    with pytest.raises(ForeignError):
        credo_wallet.tell("receive", offer=offer["offer"], tx_code="000000x")
    outcome = credo_wallet.tell("receive", offer=offer["offer"], tx_code=offer["tx_code"], copies=3)
    assert outcome["token_type"] == "DPoP"
    assert received(outcome) == [("dc+sd-jwt", "urn:eudi:pid:1", 3), ("mso_mdoc", "eu.europa.ec.eudi.pid.1", 3)]
    assert credo_issuer.tell("session", session=offer["session"])["state"] == "Completed"


def redirected(url: str, web_authority: WebAuthority) -> str:
    """Follow redirects until one leads to the wallet, and say where."""
    with httpx2.Client(verify=web_authority.context) as browser:
        while not url.startswith(REDIRECT_URI):
            url = browser.get(url).headers["location"]
    return url


def test_an_authorization_code(credo_issuer: Foreign, credo_wallet: Foreign, web_authority: WebAuthority) -> None:
    offer = credo_issuer.tell("offer", configurations=["pid-sd-jwt"], grant="authorization_code")
    begun = credo_wallet.tell("authorize", offer=offer["offer"], client_id="wallet", redirect_uri=REDIRECT_URI)
    outcome = credo_wallet.tell("redeem", session=begun["session"], location=redirected(begun["url"], web_authority))
    assert received(outcome) == [("dc+sd-jwt", "urn:eudi:pid:1", 1)]


def test_attestations_of_our_wallet_provider(
    credo_issuer: Foreign,
    credo_wallet: Foreign,
    wallet_provider: CertifiedSigner,
    web_authority: WebAuthority,
    now: int,
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
    offer = credo_issuer.tell(
        "offer", configurations=["pid-sd-jwt-attested"], grant="authorization_code", wallet_attestation=True
    )
    begun = credo_wallet.tell(
        "authorize",
        offer=offer["offer"],
        client_id="wallet",
        redirect_uri=REDIRECT_URI,
        wallet_attestation=attestation.decode(),
    )
    outcome = credo_wallet.tell(
        "redeem", session=begun["session"], location=redirected(begun["url"], web_authority), copies=3
    )
    assert received(outcome) == [("dc+sd-jwt", "urn:eudi:pid:1", 3)]
    assert credo_issuer.tell("session", session=offer["session"]) == {
        "state": "Completed",
        "dpop": True,
        "wallet_attestation": True,
    }


@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns"])
@pytest.mark.parametrize("response_mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("format_", QUERIES)
def test_a_presentation(
    credo_issuer: Foreign,
    credo_wallet: Foreign,
    credo_verifier: Foreign,
    format_: str,
    response_mode: str,
    prefix: str,
) -> None:
    receive_both(credo_issuer, credo_wallet)
    request = credo_verifier.tell(
        "request", query={"credentials": [QUERIES[format_]]}, response_mode=response_mode, prefix=prefix
    )
    assert credo_wallet.tell("present", request=request["link"])["ok"]
    result = credo_verifier.tell("result", session=request["session"])
    assert result["state"] == "ResponseVerified"
    assert "Voorbeeld" in str(result["presentations"])
    assert "Noor" not in str(result["presentations"])
