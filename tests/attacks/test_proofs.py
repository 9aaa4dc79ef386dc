"""Attacks on proofs of possession: of DPoP keys, of the keys that credentials are bound to, and on their nonces.

They are played against the issuer as it is run; the wallet that was robbed, or that cheated, can go on honestly.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.attacks import last, refusal
from zegel_testing.authorities import DAY, NOW
from zegel_testing.issuance import with_header
from zegel_testing.issuing_world import BATCH, IssuingWorld, TestWallet, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.formats.credential import Format
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.keys import PrivateKey, random_private_key
from zegel.profiles import Proof
from zegel.protocols.oauth.dpop import sign_dpop
from zegel.protocols.openid4vci.proofs import sign_key_proof
from zegel.protocols.openid4vci.wallet.authorization import return_from_browser
from zegel.protocols.openid4vci.wallet.issuance import Done, ProofPause, _credential_step, prove

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

EACH_PROFILE = pytest.mark.parametrize("profile", ["haip", "plain"])
SPOILED = -2  # the place of the bad proof: neither the first nor the last


@pytest.fixture
async def haip(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as world:
        yield world


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path, profile="plain")) as world:
        yield world


async def at_proofs(wallet: TestWallet) -> ProofPause:
    """A wallet with a token, which is to prove keys for an SD-JWT."""
    pause = await wallet.push(await wallet.world.offer(formats=[Format.SD_JWT_VC]))
    proofs = await wallet.come_back(pause, await wallet.log_in(pause.url))
    assert isinstance(proofs, ProofPause)
    return proofs


def by_key_of(wallet: TestWallet, pause: ProofPause) -> ProofPause:
    """The pause as a thief has it, who got everything but the key."""
    session = pause.session
    return replace(pause, session=replace(session, client=replace(session.client, dpop=wallet.dpop)))


# --- DPoP: replay and key swap ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/par", "/token", "/credential"])
@EACH_PROFILE
@pytest.mark.refuses(Check.REPLAY)
async def test_a_request_with_its_dpop_proof_is_not_replayed(tmp_path: Path, profile: str, path: str) -> None:
    """Nor does the replay of a token request, whose code was used, take back what the code gave."""
    async with issuing_world(sandbox_at(tmp_path, profile=profile)) as world:
        wallet = world.wallet()
        offer = await world.offer(formats=[Format.SD_JWT_VC])
        done = await wallet.receive(offer)
        assert refusal(await world.send(last(world, path)))[1] == Check.REPLAY.id
        assert (await wallet.renew(done, offer)).received, "the wallet that was overheard goes on"


@pytest.mark.refuses(Check.REPLAY)
async def test_a_wrong_transaction_code_that_is_replayed_costs_no_second_try(plain: IssuingWorld) -> None:
    """Else whoever overheard one mistake could use the five tries up."""
    offer = await plain.offer(grant="pre-authorized", person="max", tx_code=True)
    wallet, wrong = plain.wallet(), f"{(int(offer['tx_code']) + 1) % 10**6:06d}"
    with pytest.raises(Denied, match="4 tries left"):
        await wallet.redeem(offer, tx_code=wrong)
    for _ in range(5):
        assert refusal(await plain.send(last(plain, "/token"))) == ("invalid_dpop_proof", Check.REPLAY.id)
    with pytest.raises(Denied, match="3 tries left"):
        await wallet.redeem(offer, tx_code=wrong)
    assert isinstance(await wallet.finish(await wallet.redeem(offer, tx_code=offer["tx_code"])), Done)


@pytest.mark.refuses(Check.DPOP_BINDING)
async def test_swapping_the_dpop_key_at_the_token_endpoint_gives_no_token(plain: IssuingWorld) -> None:
    """The thief has the code, the verifier, everything; the code is bound to the key of the pushed request."""
    wallet, thief = plain.wallet(), plain.wallet()
    pause = await wallet.push(await plain.offer())
    back = await wallet.log_in(pause.url)
    client = replace(pause.session.client, dpop=thief.dpop)
    with pytest.raises(Denied):
        await thief.come_back(replace(pause, session=replace(pause.session, client=client)), back)
    assert refusal(plain.answers("/token")[-1]) == ("invalid_grant", Check.DPOP_BINDING.id)
    assert isinstance(await wallet.finish(await wallet.come_back(pause, back)), Done)


@EACH_PROFILE
@pytest.mark.refuses(Check.DPOP_BINDING)
async def test_swapping_the_dpop_key_at_the_credential_endpoint_gives_no_credential(
    tmp_path: Path, profile: str
) -> None:
    async with issuing_world(sandbox_at(tmp_path, profile=profile)) as world:
        wallet, thief = world.wallet(), world.wallet()
        pause = await at_proofs(wallet)
        with pytest.raises(Denied):
            await thief.prove(by_key_of(thief, pause))
        assert refusal(world.answers("/credential")[-1])[1] == Check.DPOP_BINDING.id
        assert isinstance(await wallet.finish(pause), Done)


@pytest.mark.refuses(Check.DPOP_BINDING)
async def test_swapping_the_dpop_key_renews_nothing(plain: IssuingWorld) -> None:
    wallet, thief = plain.wallet(), plain.wallet()
    offer = await plain.offer(formats=[Format.SD_JWT_VC])
    done = await wallet.receive(offer)
    with pytest.raises(Denied):
        await thief.renew(done, offer)
    assert refusal(plain.answers("/token")[-1])[1] == Check.DPOP_BINDING.id
    assert (await wallet.renew(done, offer)).received


@pytest.mark.parametrize("header", ["none", "another key's", "for another place", "for another token", "a bearer"])
@pytest.mark.refuses(Check.DPOP_PROOF)
async def test_a_dpop_proof_is_for_its_request_and_its_token_alone(haip: IssuingWorld, header: str) -> None:
    """Whoever sits between wallet and issuer takes a proof from one request and puts it beside another."""
    wallet = haip.wallet()
    pause = await at_proofs(wallet)
    token = pause.session.tokens.access_token
    url = haip.issuer + "/credential"
    proof: dict[str, Any] = {"method": "POST", "url": url, "now": haip.clock.now(), "random": system_random}
    proof |= {"nonce": pause.session.issuer_nonce or pause.session.server_nonce, "access_token": token}
    forged = {
        "none": lambda request: with_header(request, "dpop", None),
        "another key's": lambda request: with_header(
            request, "dpop", sign_dpop(random_private_key(system_random), **proof)
        ),
        "for another place": lambda request: with_header(
            request, "dpop", sign_dpop(wallet.dpop, **proof | {"url": haip.issuer + "/notification"})
        ),
        "for another token": lambda request: with_header(
            request, "dpop", sign_dpop(wallet.dpop, **proof | {"access_token": token[::-1]})
        ),
        "a bearer": lambda request: with_header(request, "authorization", f"Bearer {token}"),
    }[header]
    wallet.edit = lambda request: forged(request) if request.url == url else request
    with suppress(Denied):  # a wallet that is told of a bad token gets another, and comes to the next pause
        await wallet.prove(pause)
    expected = {"another key's": Check.DPOP_BINDING, "a bearer": Check.ACCESS_TOKEN}.get(header, Check.DPOP_PROOF)
    assert [refusal(answer)[1] for answer in haip.answers("/credential")] == [expected.id]
    wallet.edit = lambda request: request
    assert isinstance(await wallet.finish(pause), Done)


# --- a credential request with another's proof ------------------------------------------------------------------------


async def sent_with(wallet: TestWallet, pause: ProofPause, proofs: Mapping[str, Any]) -> Any:
    """The credential request of a wallet at the pause, with any proofs in it."""
    wanted = pause.session.wanted[0]
    body = {"credential_configuration_id": wanted.configuration, "proofs": proofs}
    step = _credential_step(pause.session, body, BATCH, 1, now=wallet.world.clock.now(), random=system_random)
    return await wallet.drive(step)


def key_proof(key: PrivateKey, pause: ProofPause, **changes: Any) -> str:
    """A proof of a key for the request at the pause; changes are arguments of ``sign_key_proof``."""
    made: dict[str, Any] = {
        "credential_issuer": pause.session.issuer.credential_issuer,
        "client_id": pause.session.client.client_id,
        "nonce": pause.nonce,
        "now": NOW,
        "attestation": None,
    }
    return sign_key_proof(key, **made | changes)


def new_keys(count: int) -> list[PrivateKey]:
    return [random_private_key(system_random) for _ in range(count)]


STOLEN: dict[str, tuple[Check, Callable[[ProofPause, PrivateKey], str]]] = {
    "to another client": (Check.KEY_PROOF, lambda pause, key: key_proof(key, pause, client_id="another-wallet")),
    "for another issuer": (
        Check.KEY_PROOF,
        lambda pause, key: key_proof(key, pause, credential_issuer="https://issuer.evil.example"),
    ),
    "under another key": (
        Check.SIGNATURE,
        lambda pause, key: re_headed(key_proof(key, pause), jwk=new_keys(1)[0].public_key.jwk()),
    ),
    "of a DPoP key, for another purpose": (
        Check.TOKEN_TYPE,
        lambda pause, key: sign_dpop(
            key, method="POST", url=pause.session.issuer.credential_endpoint, now=NOW, random=system_random,
            nonce=pause.nonce,
        ),
    ),
}  # fmt: skip


def re_headed(compact: str, **members: Any) -> str:
    """The token with other members in its header, under the signature that it had."""
    head, rest = compact.split(".", 1)
    changed = json.loads(parse_base64url(head, what="test")) | members
    return base64url(json.dumps(changed).encode()) + "." + rest


@pytest.mark.parametrize("stolen", STOLEN.values(), ids=STOLEN)
@pytest.mark.refuses(Check.KEY_PROOF)
@pytest.mark.refuses(Check.SIGNATURE)
@pytest.mark.refuses(Check.TOKEN_TYPE)
async def test_a_credential_request_with_a_proof_that_was_made_for_somebody_else_is_refused(
    plain: IssuingWorld, stolen: tuple[Check, Callable[[ProofPause, PrivateKey], str]]
) -> None:
    check, make = stolen
    assert check in (Check.KEY_PROOF, Check.SIGNATURE, Check.TOKEN_TYPE)
    wallet = plain.wallet()
    pause = await at_proofs(wallet)
    with pytest.raises(Denied):
        await sent_with(wallet, pause, {"jwt": [make(pause, new_keys(1)[0])]})
    assert refusal(plain.answers("/credential")[-1]) == ("invalid_proof", check.id)
    assert isinstance(await wallet.finish(pause, Proof.JWT), Done)


@pytest.mark.refuses(Check.PROOF_NONCE)
async def test_a_credential_request_with_another_wallets_proofs_comes_too_late(plain: IssuingWorld) -> None:
    """The proofs of a request that was overheard: their nonce is used up, whoever brings them."""
    victim, thief = plain.wallet(), plain.wallet()
    mine, thiefs = await at_proofs(victim), await at_proofs(thief)
    keys = new_keys(2)
    proofs = {"jwt": [key_proof(key, mine) for key in keys]}
    received = await sent_with(victim, mine, proofs)
    assert isinstance(received, Done)
    again = await sent_with(thief, thiefs, proofs)
    assert refusal(plain.answers("/credential")[-1]) == ("invalid_nonce", Check.PROOF_NONCE.id)
    assert isinstance(await thief.finish(again, Proof.JWT), Done), "with keys of its own"


async def test_whoever_is_first_with_another_wallets_proofs_gets_what_only_that_wallet_could_show(
    plain: IssuingWorld,
) -> None:
    """OpenID4VCI 1.0 section 13.9 binds no nonce to a token: the thief's credential is bound to the victim's key."""
    victim, thief = plain.wallet(), plain.wallet()
    mine, thiefs = await at_proofs(victim), await at_proofs(thief)
    (key,) = new_keys(1)
    taken = await sent_with(thief, thiefs, {"jwt": [key_proof(key, mine)]})
    assert {copy.holder_key for copy in thief.verify(taken.received[0], taken)} == {key.public_key}
    again = await sent_with(victim, mine, {"jwt": [key_proof(key, mine)]})
    assert refusal(plain.answers("/credential")[-1]) == ("invalid_nonce", Check.PROOF_NONCE.id)
    assert isinstance(await victim.finish(again, Proof.JWT), Done)


@pytest.mark.refuses(Check.KEY_PROOF)
async def test_a_proof_by_a_key_that_nobody_attested_does_not_go_with_anothers_attestation(haip: IssuingWorld) -> None:
    """The thief has somebody's key attestation, which is no secret, and none of its keys."""
    wallet = haip.wallet()
    pause = await at_proofs(wallet)
    attestation = await wallet.attest(new_keys(2), pause.nonce)
    with pytest.raises(Denied):
        await sent_with(wallet, pause, {"jwt": [key_proof(new_keys(1)[0], pause, attestation=attestation)]})
    assert refusal(haip.answers("/credential")[-1]) == ("invalid_proof", Check.KEY_PROOF.id)
    assert isinstance(await wallet.finish(pause), Done)


# --- a batch with one bad proof ---------------------------------------------------------------------------------------


BAD: dict[str, tuple[str, Check, Callable[[ProofPause, list[str]], str]]] = {
    "forged": (
        "invalid_proof",
        Check.SIGNATURE,
        lambda pause, proofs: re_headed(proofs[SPOILED], jwk=new_keys(1)[0].public_key.jwk()),
    ),
    "for another issuer": (
        "invalid_proof",
        Check.KEY_PROOF,
        lambda pause, proofs: key_proof(new_keys(1)[0], pause, credential_issuer="https://issuer.evil.example"),
    ),
    "of another nonce": (
        "invalid_nonce",
        Check.PROOF_NONCE,
        lambda pause, proofs: key_proof(new_keys(1)[0], pause, nonce="A" * 43),
    ),
    "without a nonce": (
        "invalid_proof",
        Check.PROOF_NONCE,
        lambda pause, proofs: key_proof(new_keys(1)[0], pause, nonce=None),
    ),
    "of yesterday": (
        "invalid_proof",
        Check.KEY_PROOF,
        lambda pause, proofs: key_proof(new_keys(1)[0], pause, now=NOW - DAY),
    ),
    "of a key that is there": ("invalid_proof", Check.KEY_BATCH, lambda pause, proofs: proofs[0]),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.refuses(Check.SIGNATURE)
@pytest.mark.refuses(Check.KEY_PROOF)
@pytest.mark.refuses(Check.PROOF_NONCE)
@pytest.mark.refuses(Check.KEY_BATCH)
async def test_a_batch_with_one_bad_proof_gives_no_credential_at_all(
    plain: IssuingWorld, bad: tuple[str, Check, Callable[[ProofPause, list[str]], str]]
) -> None:
    """Appendix F: all of them hold or none does; and nothing is used up but what the wallet can have again."""
    code, check, spoil = bad
    assert check in (Check.SIGNATURE, Check.KEY_PROOF, Check.PROOF_NONCE, Check.KEY_BATCH)
    wallet = plain.wallet()
    pause = await at_proofs(wallet)
    good = [key_proof(key, pause) for key in new_keys(BATCH)]
    proofs = [*good[:SPOILED], spoil(pause, good), *good[SPOILED + 1 :]]
    if code == "invalid_proof":
        with pytest.raises(Denied):
            await sent_with(wallet, pause, {"jwt": proofs})
    else:
        assert isinstance(await sent_with(wallet, pause, {"jwt": proofs}), ProofPause)
    said = plain.answers("/credential")[-1]
    assert refusal(said) == (code, check.id)
    assert b"credentials" not in said.body
    done = await sent_with(wallet, pause, {"jwt": good})
    assert len(done.received[0].credentials) == BATCH


# --- nonces -----------------------------------------------------------------------------------------------------------


@EACH_PROFILE
@pytest.mark.refuses(Check.PROOF_NONCE)
async def test_a_c_nonce_that_was_used_is_refused_also_for_other_keys_and_to_another_wallet(
    tmp_path: Path, profile: str
) -> None:
    async with issuing_world(sandbox_at(tmp_path, profile=profile)) as world:
        first, second = world.wallet(), world.wallet()
        used, fresh = await at_proofs(first), await at_proofs(second)
        assert isinstance(await first.prove(used), Done)
        for wallet, pause in ((first, used), (second, replace(fresh, nonce=used.nonce))):
            again = await wallet.prove(pause)
            assert refusal(world.answers("/credential")[-1]) == ("invalid_nonce", Check.PROOF_NONCE.id)
            assert isinstance(await wallet.finish(again), Done)


@pytest.mark.refuses(Check.ATTESTATION_CHALLENGE)
async def test_a_challenge_or_a_nonce_of_one_purpose_is_none_of_another(haip: IssuingWorld) -> None:
    """A nonce that is given to anybody, for one thing, must not open another."""
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer(formats=[Format.SD_JWT_VC]))
    back = await wallet.log_in(pause.url)
    dpop_nonce = pause.session.server_nonce
    crossed = replace(pause, session=replace(pause.session, challenge=dpop_nonce))
    wallet.edit = lambda request: request
    sent = return_from_browser(crossed, back, now=haip.clock.now(), random=system_random)
    answer = await haip.send(sent.request)
    assert refusal(answer) == ("use_attestation_challenge", Check.ATTESTATION_CHALLENGE.id)
    proofs = await wallet.come_back(pause, back)
    again = await wallet.prove(replace(proofs, nonce=dpop_nonce))
    assert refusal(haip.answers("/credential")[-1]) == ("invalid_nonce", Check.PROOF_NONCE.id)
    assert isinstance(await wallet.finish(again), Done)


# --- encryption to a key of before ------------------------------------------------------------------------------------


@pytest.mark.parametrize("relabelled", [False, True])
@pytest.mark.refuses(Check.ENCRYPTION)
async def test_a_credential_request_that_is_encrypted_to_an_old_key_of_the_issuer_does_not_open(
    haip: IssuingWorld, relabelled: bool
) -> None:
    """A key that is out of use may have leaked; under the name of the one in use it opens nothing either."""
    wallet = haip.wallet()
    pause = await at_proofs(wallet)
    recipient = pause.session.issuer.recipient
    assert recipient is not None
    (key,) = new_keys(1)
    old = replace(recipient, key=key.public_key, kid=recipient.kid if relabelled else "old")
    session = replace(pause.session, issuer=replace(pause.session.issuer, recipient=old))
    with pytest.raises(Denied):
        await wallet.prove(replace(pause, session=session))
    assert refusal(haip.answers("/credential")[-1])[1] == Check.ENCRYPTION.id
    assert isinstance(await wallet.finish(pause), Done)


@pytest.mark.refuses(Check.ENCRYPTION)
async def test_credentials_that_are_encrypted_to_the_key_of_an_old_request_are_not_taken(haip: IssuingWorld) -> None:
    """Somebody in between answers with what the wallet was sent before, or what another wallet was."""
    other, wallet = haip.wallet(), haip.wallet()
    assert isinstance(await other.prove(await at_proofs(other)), Done)
    old = haip.answers("/credential")[-1]
    pause = await at_proofs(wallet)
    keys = new_keys(1)
    attestation = await wallet.attest(keys, pause.nonce)
    now = haip.clock.now()
    step = prove(pause, pause.choices[0], keys=keys, attestation=attestation, now=now, random=system_random)
    with pytest.raises(Rejected) as caught:
        step.receive(old, now=now, random=system_random)
    assert caught.value.check is Check.ENCRYPTION
    assert isinstance(await wallet.drive(step), Done)
