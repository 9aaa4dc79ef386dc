"""What is wrong with a request costs its sender a refusal and nobody else anything: the right request still succeeds.

At each endpoint of the issuer where a session goes on, something wrong of every kind comes first: garbage, what another
key signed, another nonce, what belongs to another session. Then comes what is right; and it comes once. The verifier's
sessions are shown so in ``unit/web/test_verifier.py``, the provider's in ``spec/test_openid_connect_core.py``.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.issuance import with_form, with_header
from zegel_testing.issuing_world import BATCH, IssuingWorld, TestWallet, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.errors import Denied, ZegelError
from zegel.primitives.http import HttpRequest
from zegel.protocols.oauth.pkce import create_code_verifier
from zegel.protocols.openid4vci.wallet.authorization import BrowserPause
from zegel.protocols.openid4vci.wallet.issuance import Done, ProofPause, poll

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

Spoil = Callable[[HttpRequest], HttpRequest]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path), delayed_types=("diploma",), delay=60) as opened:
        yield opened


def body(data: bytes) -> Spoil:
    return lambda request: replace(request, body=data)


def header(name: str, value: str | None) -> Spoil:
    return lambda request: with_header(request, name, value)


def form(**fields: str | None) -> Spoil:
    return lambda request: with_form(request, **fields)


GARBAGE: dict[str, Spoil] = {
    "nothing": body(b""),
    "no text": body(b"\xff\xfe\x00"),
    "no form and no message": body(b"{"),
    "too much": body(b"a=" + b"A" * 60_000),
    "no proof of possession": header("dpop", None),
    "a proof of possession that is none": header("dpop", "a.b.c"),
}


async def refused(act: Callable[[], Awaitable[object]], wallet: TestWallet, spoil: Spoil, path: str) -> None:
    """Do what the wallet does next, with its requests to an endpoint spoiled; it may ask for a new token or nonce."""
    wallet.edit = lambda request: spoil(request) if request.path == path else request
    with suppress(ZegelError):
        assert isinstance(await act(), ProofPause)
    wallet.edit = lambda request: request
    assert {response.status for response in wallet.world.answers(path)[-1:]} <= {400, 401}
    assert wallet.world.answers(path)


# --- the token endpoint ---------------------------------------------------------------------------------------------


async def logged_in(world: IssuingWorld, wallet: TestWallet, type_: str = "residence") -> tuple[BrowserPause, str]:
    pause = await wallet.push(await world.offer(type_, formats=["mso_mdoc"]))
    return pause, await wallet.log_in(pause.url)


WRONG_TOKEN_REQUESTS: dict[str, Spoil] = GARBAGE | {
    "another's client id": form(client_id="https://wallet.evil.example"),
    "another redirect URI": form(redirect_uri="https://wallet.utopia.example/other"),
    "another verifier": form(code_verifier=create_code_verifier(system_random)),
    "no verifier": form(code_verifier=None),
    "a code that is a guess": form(code="guess"),
    "no code": form(code=None),
    "another grant": form(grant_type="refresh_token", refresh_token="guess"),
    "no attestation": header("oauth-client-attestation", None),
    "an attestation that is none": header("oauth-client-attestation", "a.b.c"),
    "a proof of the attestation's key that is none": header("oauth-client-attestation-pop", "a.b.c"),
}


@pytest.mark.parametrize("kind", WRONG_TOKEN_REQUESTS)
async def test_a_wrong_token_request_leaves_the_code_to_the_right_one(world: IssuingWorld, kind: str) -> None:
    wallet = world.wallet()
    pause, back = await logged_in(world, wallet)
    await refused(lambda: wallet.come_back(pause, back), wallet, WRONG_TOKEN_REQUESTS[kind], "/token")
    done = await wallet.finish(await wallet.come_back(pause, back))
    assert len(done.received[0].credentials) == BATCH


async def test_the_key_and_the_code_of_another_session_leave_both_sessions_to_their_own(world: IssuingWorld) -> None:
    mine, other = world.wallet(), world.wallet()
    pause, back = await logged_in(world, mine)
    others_pause, others_back = await logged_in(world, other)
    stolen = replace(others_pause, session=pause.session)
    with pytest.raises(ZegelError):  # with its own key and attestation, for the code of another
        await mine.come_back(replace(stolen, url=pause.url), others_back)
    crossed = replace(pause, verifier=others_pause.verifier)
    with pytest.raises(ZegelError):
        await mine.come_back(crossed, back)
    for wallet, own, url in ((mine, pause, back), (other, others_pause, others_back)):
        done = await wallet.finish(await wallet.come_back(own, url))
        assert len(done.received[0].credentials) == BATCH


# --- the credential endpoint ----------------------------------------------------------------------------------------


async def proving(world: IssuingWorld, wallet: TestWallet, type_: str = "residence") -> ProofPause:
    pause, back = await logged_in(world, wallet, type_)
    proofs = await wallet.come_back(pause, back)
    assert isinstance(proofs, ProofPause)
    return proofs


WRONG_CREDENTIAL_REQUESTS: dict[str, Spoil] = GARBAGE | {
    "a message to nobody": body(b"a.b.c.d.e"),
    "no token": header("authorization", None),
    "a token that is a guess": header("authorization", "DPoP guess"),
    "a token without its key": header("authorization", "Bearer guess"),
    "another content type": header("content-type", "application/json"),
}


@pytest.mark.parametrize("kind", WRONG_CREDENTIAL_REQUESTS)
async def test_a_wrong_credential_request_leaves_the_token_to_the_right_one(world: IssuingWorld, kind: str) -> None:
    wallet = world.wallet()
    proofs = await proving(world, wallet)
    await refused(lambda: wallet.prove(proofs), wallet, WRONG_CREDENTIAL_REQUESTS[kind], "/credential")
    done = await wallet.finish(proofs)
    assert len(done.received[0].credentials) == BATCH


@pytest.mark.parametrize("nonce", ["guess", "A" * 40, None])
async def test_another_nonce_leaves_the_right_one_unused(world: IssuingWorld, nonce: str | None) -> None:
    wallet = world.wallet()
    proofs = await proving(world, wallet)
    with suppress(Denied):
        again = await wallet.prove(replace(proofs, nonce=nonce))
        assert isinstance(again, ProofPause)  # a nonce that is refused is replaced, and the wallet may go on
    assert world.answers("/credential")[-1].status == 400
    assert isinstance(await wallet.finish(proofs), Done)


async def test_keys_that_another_wallet_provider_attests_leave_the_nonce_to_those_of_ours(world: IssuingWorld) -> None:
    wallet = world.wallet()
    proofs = await proving(world, wallet)
    attest = wallet.attest

    async def forged(keys: Any, nonce: str | None) -> str:
        genuine = await attest(keys, nonce)
        return genuine.rpartition(".")[0] + "." + "A" * 86

    wallet.attest = forged  # type: ignore[method-assign]
    with pytest.raises(Denied):
        await wallet.prove(proofs)
    wallet.attest = attest  # type: ignore[method-assign]
    assert isinstance(await wallet.finish(proofs), Done)


async def test_the_token_of_another_session_is_worth_nothing_here_and_everything_there(world: IssuingWorld) -> None:
    mine, other = world.wallet(), world.wallet()
    my_proofs, others_proofs = await proving(world, mine), await proving(world, other)
    crossed = replace(my_proofs, session=replace(my_proofs.session, tokens=others_proofs.session.tokens))
    with pytest.raises(Denied):
        await mine.prove(crossed)
    assert isinstance(await mine.finish(my_proofs), Done)
    assert isinstance(await other.finish(others_proofs), Done)


async def test_the_same_request_twice_gives_one_batch_and_the_wallet_goes_on_with_another_nonce(
    world: IssuingWorld,
) -> None:
    wallet = world.wallet()
    proofs = await proving(world, wallet)
    assert isinstance(await wallet.prove(proofs), Done)
    again = await wallet.prove(proofs)
    assert isinstance(again, ProofPause)
    assert isinstance(await wallet.finish(again), Done)


# --- the deferred credential endpoint ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WRONG_CREDENTIAL_REQUESTS)
async def test_a_wrong_deferred_request_leaves_the_transaction_to_the_right_one(world: IssuingWorld, kind: str) -> None:
    wallet = world.wallet()
    waiting = await wallet.finish(await proving(world, wallet, "diploma"))
    (pending,) = waiting.pending
    world.clock.advance(60)

    def fetch() -> Awaitable[Any]:
        return wallet.drive(poll(waiting.session, pending, now=world.clock.now(), random=system_random))

    await refused(fetch, wallet, WRONG_CREDENTIAL_REQUESTS[kind], "/deferred-credential")
    done = await fetch()
    assert len(wallet.verify(done.received[0], done)) == BATCH


async def test_the_transaction_of_another_is_not_handed_over_and_not_lost(world: IssuingWorld) -> None:
    mine, other = world.wallet(), world.wallet()
    my_wait = await mine.finish(await proving(world, mine, "diploma"))
    others_wait = await other.finish(await proving(world, other, "diploma"))
    world.clock.advance(60)
    now = world.clock.now()
    with pytest.raises(Denied) as refusal:
        await mine.drive(poll(my_wait.session, others_wait.pending[0], now=now, random=system_random))
    assert refusal.value.code == "invalid_transaction_id"
    for wallet, waiting in ((mine, my_wait), (other, others_wait)):
        done = await wallet.drive(poll(waiting.session, waiting.pending[0], now=now, random=system_random))
        assert len(done.received[0].credentials) == BATCH
