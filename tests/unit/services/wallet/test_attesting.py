"""The wallet provider's answers, good and bad: what the wallet asks, and what it does not take for an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.wallet_office import OFFICE, ORIGIN, Phone, identity, open_office

from zegel.adapters.memory import Loopback, ManualClock
from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import parse_object
from zegel.primitives.jws import parse_jws
from zegel.services.wallet.attesting import InstanceKey, WalletProviderClient
from zegel.services.wallet_instances import code_digest
from zegel.services.wallet_provider import WalletAttestation
from zegel.trust.attestation import sign_wallet_attestation
from zegel.trust.attestation_claims import AttestationStatus

KEY = fixed_key("instance")
KEYS = [fixed_key("first"), fixed_key("second")]

Answer = Callable[[HttpRequest, Phone], Awaitable[Any]]


def described(made: WalletAttestation) -> dict[str, Any]:
    return {"client_id": made.client_id, "wallet_attestation": made.attestation, "expires": made.expires}


async def honest(request: HttpRequest, phone: Phone) -> Any:
    body, provider = parse_object(request.body, what="test"), phone.office.provider
    match request.path:
        case "/instances":
            made = await provider.activate(body["possession"])
            members = described(made.wallet) | {"instance": made.instance, "key_attestation": made.key_attestation}
            return json_response(members, status=201)
        case "/wallet-attestations":
            return described(await provider.attest_wallet(body["instance"], body["possession"]))
        case "/key-attestations":
            attested = await provider.attest_keys(body["instance"], body["possessions"], nonce=body.get("nonce"))
            return {"key_attestation": attested}
        case _:
            revoked = await phone.office.revocations.revoke_by_code(body["code"])
            return {"state": "revoked", "since": revoked.revoked_at, "reason": str(revoked.reason)}


def with_client(
    act: Callable[[WalletProviderClient, InstanceKey, Phone], Awaitable[Any]],
    answer: Answer = honest,
    seen: list[HttpRequest] | None = None,
) -> Any:
    """Act as the wallet of a phone whose office answers so."""

    async def run() -> Any:
        phone = Phone(await open_office())
        await phone.activate()

        async def handle(request: HttpRequest) -> HttpResponse:
            (seen if seen is not None else []).append(request)
            value = await answer(request, phone)
            return value if isinstance(value, HttpResponse) else json_response(value)

        client = WalletProviderClient(ORIGIN, outbound=Loopback({ORIGIN: handle}), clock=ManualClock(NOW))
        return await act(client, InstanceKey(instance=phone.id, key=phone.key), phone)

    return asyncio.run(run())


def always(value: Any) -> Answer:
    async def answer(_request: HttpRequest, _phone: Phone) -> Any:
        return value

    return answer


def refused(act: Any, answer: Answer) -> Rejected:
    with pytest.raises(Rejected) as caught:
        with_client(act, answer)
    return caught.value


def attest(client: WalletProviderClient, own: InstanceKey, _phone: Phone) -> Awaitable[Any]:
    return client.attest_wallet(own, KEY)


def attest_keys(client: WalletProviderClient, own: InstanceKey, _phone: Phone) -> Awaitable[Any]:
    return client.attest_keys(own, KEYS, nonce=None)


def activate(client: WalletProviderClient, _own: InstanceKey, phone: Phone) -> Awaitable[Any]:
    return client.activate(phone.key, code=code_digest(phone.code))


def revoke(client: WalletProviderClient, _own: InstanceKey, phone: Phone) -> Awaitable[Any]:
    return client.revoke(phone.code)


def test_a_wallet_and_its_keys_are_attested() -> None:
    seen: list[HttpRequest] = []
    wallet = with_client(attest, seen=seen)
    assert wallet.client_id == ORIGIN + "/wallet"
    assert wallet.attestation.signer is KEY
    attestation = with_client(lambda client, own, _: client.attest_keys(own, KEYS, nonce="of the issuer"), seen=seen)
    claims = parse_jws(attestation, what="test").unverified_claims
    assert claims["nonce"] == "of the issuer"
    assert claims["attested_keys"] == [key.public_key.jwk() for key in KEYS]
    # nothing says which issuer it is for
    assert all(b"issuer.utopia" not in request.body for request in seen)


@pytest.mark.requirement("WIAM_12a")
def test_keys_without_a_nonce_are_attested_as_well() -> None:
    assert "nonce" not in parse_jws(with_client(attest_keys), what="test").unverified_claims


def test_a_wallet_is_activated_and_knows_where_to_look_whether_it_is_revoked() -> None:
    active = with_client(activate)
    assert active.instance
    assert active.status.uri.startswith(ORIGIN + "/status/")


def test_a_wallet_is_revoked_by_its_code() -> None:
    assert with_client(revoke) == "owner"


async def of_another_key(_request: HttpRequest, phone: Phone) -> Any:
    return described(await phone.attest(fixed_key("another's")))


async def of_other_keys(_request: HttpRequest, phone: Phone) -> Any:
    return {"key_attestation": await phone.attest_keys(*reversed(KEYS))}


async def of_another_client(request: HttpRequest, phone: Phone) -> Any:
    return await honest(request, phone) | {"client_id": "another wallet"}


@pytest.mark.parametrize(
    "answer",
    [
        of_another_key,
        of_another_client,
        always(HttpResponse(status=503, body=b"away")),
        always(json_response({"detail": "not you", "check": "syntax"}, status=400)),
    ],
)
@pytest.mark.refuses(Check.WALLET_PROVIDER)
def test_an_attestation_of_something_else_is_refused(answer: Answer) -> None:
    assert refused(attest, answer).check is Check.WALLET_PROVIDER


def test_an_attestation_of_other_keys_is_refused() -> None:
    assert refused(attest_keys, of_other_keys).check is Check.WALLET_PROVIDER


@pytest.mark.parametrize("check", [Check.WALLET_INSTANCE, Check.WALLET_REVOKED, Check.REVOCATION_CODE])
def test_what_a_provider_says_of_the_wallet_is_passed_on(check: Check) -> None:
    words = json_response({"check": check.id, "detail": "this wallet was revoked: by its owner"}, status=400)
    error = refused(attest, always(words))
    assert (error.check, error.detail) == (check, "this wallet was revoked: by its owner")
    without = refused(attest, always(json_response({"check": check.id}, status=400)))
    assert (without.check, without.detail) == (check, "the wallet provider refuses")


def activated(status: str | None) -> Answer:
    async def answer(_request: HttpRequest, phone: Phone) -> Any:
        made = sign_wallet_attestation(
            signer=OFFICE.signer,
            chain=OFFICE.chain,
            provider=ORIGIN,
            client_id=ORIGIN,
            key=phone.key.public_key,
            wallet=identity().wallet,
            now=NOW,
            expires=NOW + 60,
            status=None if status is None else AttestationStatus(uri=status, index=1),
        )
        members = {"client_id": ORIGIN, "wallet_attestation": made.decode(), "instance": "x"}
        return json_response(members, status=201)

    return answer


@pytest.mark.parametrize(
    "status", [None, "https://elsewhere.utopia.example/status/1", ORIGIN + ".evil.example/status/1"]
)
def test_a_wallet_watches_itself_at_its_providers_own_address(status: str | None) -> None:
    assert refused(activate, activated(status)).check is Check.WALLET_PROVIDER
    assert with_client(activate, activated(ORIGIN + "/status/1")).instance == "x"


def test_a_revocation_that_did_not_happen_is_none() -> None:
    assert refused(revoke, always({"state": "active"})).check is Check.WALLET_PROVIDER


@pytest.mark.parametrize("body", [{}, {"client_id": 7, "wallet_attestation": "x"}, {"client_id": "a"}])
def test_an_answer_of_another_shape_is_malformed(body: Any) -> None:
    with pytest.raises(Malformed):
        with_client(attest, always(body))
