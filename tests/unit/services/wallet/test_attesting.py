"""The wallet provider's answers, good and bad: what the wallet asks, and what it does not take for an answer."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from zegel_testing.authorities import NOW, authority, fixed_key, signer
from zegel_testing.issuance import certified

from zegel.adapters.memory import Loopback, ManualClock
from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import parse_object
from zegel.primitives.jws import parse_jws
from zegel.services.wallet.attesting import WalletProviderClient
from zegel.services.wallet_provider import WalletProviderIdentity, WalletProviderService
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import WalletDescription

ORIGIN = "https://wallet-provider.utopia.example"
KEY = fixed_key("instance")
KEYS = [fixed_key("first"), fixed_key("second")]
PROVIDER = WalletProviderService(
    WalletProviderIdentity(
        origin=ORIGIN,
        client_id=ORIGIN + "/wallet",
        wallet=WalletDescription(name="wallet"),
        signer=certified(signer(authority("Wallets"), "Attester", Purpose.WALLET_PROVIDER)),
        lifetime=3_600,
    ),
    clock=ManualClock(NOW),
)


def honest(request: HttpRequest) -> Any:
    body = parse_object(request.body, what="test")
    if request.path == "/wallet-attestations":
        made = PROVIDER.attest_wallet(body["possession"])
        return {"client_id": made.client_id, "wallet_attestation": made.attestation, "expires": made.expires}
    return {"key_attestation": PROVIDER.attest_keys(body["possessions"], nonce=body.get("nonce"))}


def client(answer: Callable[[HttpRequest], Any], seen: list[HttpRequest] | None = None) -> WalletProviderClient:
    async def handle(request: HttpRequest) -> HttpResponse:
        (seen if seen is not None else []).append(request)
        value = answer(request)
        return value if isinstance(value, HttpResponse) else json_response(value)

    return WalletProviderClient(ORIGIN, outbound=Loopback({ORIGIN: handle}), clock=ManualClock(NOW))


def test_a_wallet_and_its_keys_are_attested() -> None:
    seen: list[HttpRequest] = []
    asked = client(honest, seen)
    wallet = asyncio.run(asked.attest_wallet(KEY))
    assert wallet.client_id == ORIGIN + "/wallet"
    assert wallet.attestation.signer is KEY
    attestation = asyncio.run(asked.attest_keys(KEYS, nonce="nonce of the issuer"))
    claims = parse_jws(attestation, what="test").unverified_claims
    assert claims["nonce"] == "nonce of the issuer"
    assert claims["attested_keys"] == [key.public_key.jwk() for key in KEYS]
    # nothing says which issuer it is for
    assert all(b"issuer.utopia" not in request.body for request in seen)


def test_keys_without_a_nonce_are_attested_as_well() -> None:
    attestation = asyncio.run(client(honest).attest_keys(KEYS, nonce=None))
    assert "nonce" not in parse_jws(attestation, what="test").unverified_claims


def of_another_key(request: HttpRequest) -> Any:
    made = PROVIDER.attest_wallet_key(fixed_key("another's").public_key)
    return {"client_id": made.client_id, "wallet_attestation": made.attestation, "expires": made.expires}


def of_other_keys(request: HttpRequest) -> Any:
    keys = [key.public_key for key in reversed(KEYS)]
    return {"key_attestation": PROVIDER.attest_public_keys(keys, nonce=None)}


@pytest.mark.parametrize(
    "answer",
    [
        of_another_key,
        lambda request: HttpResponse(status=503, body=b"away"),
        lambda request: json_response({"error_description": "not you"}, status=400),
        lambda request: honest(request) | {"client_id": "another wallet"},
    ],
)
@pytest.mark.refuses(Check.WALLET_PROVIDER)
def test_an_attestation_of_something_else_is_refused(answer: Callable[[HttpRequest], Any]) -> None:
    with pytest.raises(Rejected) as caught:
        asyncio.run(client(answer).attest_wallet(KEY))
    assert caught.value.check is Check.WALLET_PROVIDER


def test_an_attestation_of_other_keys_is_refused() -> None:
    with pytest.raises(Rejected) as caught:
        asyncio.run(client(of_other_keys).attest_keys(KEYS, nonce=None))
    assert caught.value.check is Check.WALLET_PROVIDER


@pytest.mark.parametrize("body", [{}, {"client_id": 7, "wallet_attestation": "x"}, {"client_id": "a"}])
def test_an_answer_of_another_shape_is_malformed(body: Any) -> None:
    with pytest.raises(Malformed):
        asyncio.run(client(lambda request: body).attest_wallet(KEY))
