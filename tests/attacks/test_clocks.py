"""A clock that is off: by what is tolerated, and everything is taken; by a second more, and it is refused by name.

Ten seconds ahead and, for what has an end, sixty late (``primitives.times``). One side's clock is moved; the same flow
with a right clock ends well.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing import mdoc, sdjwt
from zegel_testing.attacks import refusal
from zegel_testing.authorities import DAY, NOW
from zegel_testing.issuance import with_header
from zegel_testing.issuing_world import IssuingWorld, issuing_world
from zegel_testing.relying_party import (
    DOCTYPE,
    HOLDER,
    ISSUER,
    MDOC_QUERY,
    STATUS_SIGNER,
    STATUS_URI,
    VCT,
    Asked,
    RelyingParty,
    json_of,
    open_relying_party,
)
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.wallet_world import PASSPHRASE, WalletWorld, open_test_wallet, wallet_world

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.formats.mdoc.transcript import redirect_transcript
from zegel.formats.sdjwt.key_binding import MAX_AGE
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.token import StatusListFormat, sign_status_list_jwt
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpResponse
from zegel.primitives.keys import parse_jwk
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE
from zegel.profiles import Proof
from zegel.protocols.oauth.client_attestation import _POP_SECONDS
from zegel.protocols.oauth.dpop import sign_dpop
from zegel.protocols.oauth.lifetimes import PAST_SECONDS
from zegel.protocols.openid4vci.wallet.authorization import begin_authorization
from zegel.protocols.openid4vci.wallet.issuance import Done
from zegel.protocols.openid4vp.verifier import SAME_DEVICE_SECONDS
from zegel.services.wallet.contents import Brought

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[RelyingParty]:
    opened = await open_relying_party(tmp_path)
    yield opened
    opened.close()


# --- the wallet's clock, at the issuer --------------------------------------------------------------------------------


def with_clock(world: IssuingWorld, off: int) -> IssuingWorld:
    """The world as a wallet sees it whose clock is off."""
    return replace(world, clock=ManualClock(world.clock.now() + off))


@pytest.mark.parametrize("profile", ["haip", "plain"])
@pytest.mark.parametrize("off", [TOLERATED_EARLY, -TOLERATED_EARLY])
async def test_a_wallet_whose_clock_is_off_by_what_is_tolerated_receives(
    tmp_path: Path, profile: str, off: int
) -> None:
    async with issuing_world(sandbox_at(tmp_path, profile=profile)) as world:
        assert (await with_clock(world, off).wallet().receive(await world.offer())).received


@pytest.mark.parametrize("off", [TOLERATED_EARLY + 1, -PAST_SECONDS - 1])
@pytest.mark.refuses(Check.DPOP_PROOF)
async def test_a_wallet_whose_clock_is_off_by_a_second_more_gets_no_further_than_its_first_proof(
    tmp_path: Path, off: int
) -> None:
    async with issuing_world(sandbox_at(tmp_path, profile="plain")) as world:
        offer = await world.offer()
        with pytest.raises(Denied):
            await with_clock(world, off).wallet().receive(offer)
        assert refusal(world.answers("/par")[-1]) == ("invalid_dpop_proof", Check.DPOP_PROOF.id)
        assert (await world.wallet().receive(offer)).received


@pytest.mark.refuses(Check.SERVER_METADATA)
async def test_a_wallet_whose_clock_is_behind_by_a_second_more_believes_no_metadata(tmp_path: Path) -> None:
    """To it they are signed in the future."""
    async with issuing_world(sandbox_at(tmp_path)) as world:
        offer = await world.offer()
        with pytest.raises(Rejected) as caught:
            await with_clock(world, -TOLERATED_EARLY - 1).wallet().receive(offer)
        assert caught.value.check is Check.SERVER_METADATA
        assert (await world.wallet().receive(offer)).received


@pytest.mark.parametrize(
    ("off", "taken"),
    [
        (TOLERATED_EARLY, True),
        (TOLERATED_EARLY + 1, False),
        (1 - _POP_SECONDS - TOLERATED_LATE, True),
        (-_POP_SECONDS - TOLERATED_LATE, False),
    ],
)
@pytest.mark.refuses(Check.CLIENT_AUTHENTICATION)
async def test_the_clock_of_an_attested_wallet_is_held_to_the_same(tmp_path: Path, off: int, taken: bool) -> None:
    """Its proof of possession at the server, once it has an attestation, which a provider would not have given."""
    async with issuing_world(sandbox_at(tmp_path)) as world:
        wallet, offer = world.wallet(), await world.offer()
        ready, client = await wallet.ready(offer), await wallet.client()
        wallet.world = with_clock(world, off)
        step = begin_authorization(ready, client=client, now=wallet.world.clock.now(), random=system_random)
        if taken:
            assert (await wallet.drive(step)).url
            return
        with pytest.raises(Denied):
            await wallet.drive(step)
        assert refusal(world.answers("/par")[-1]) == ("invalid_client_attestation", Check.CLIENT_AUTHENTICATION.id)
        wallet.world = world
        assert (await wallet.push(offer)).url


@pytest.mark.parametrize(
    ("off", "taken"),
    [
        (TOLERATED_EARLY, True),
        (TOLERATED_EARLY + 1, False),
        (-PAST_SECONDS, True),
        (-PAST_SECONDS - 1, False),
    ],
)
@pytest.mark.refuses(Check.KEY_PROOF)
async def test_a_key_proof_is_held_to_the_same(tmp_path: Path, off: int, taken: bool) -> None:
    """The wallet's clock jumps between its DPoP proof, which is right, and the proof of a key."""
    async with issuing_world(sandbox_at(tmp_path, profile="plain")) as world:
        wallet = world.wallet()
        pause = await wallet.push(await world.offer(formats=["mso_mdoc"]))
        pause = await wallet.come_back(pause, await wallet.log_in(pause.url))
        right = world.clock.now()

        def re_proven(request: Any) -> Any:
            fresh = sign_dpop(
                wallet.dpop,
                method="POST",
                url=request.url,
                now=right,
                random=system_random,
                nonce=pause.session.issuer_nonce or pause.session.server_nonce,
                access_token=pause.session.tokens.access_token,
            )
            return with_header(request, "dpop", fresh)

        wallet.world, wallet.edit = with_clock(world, off), re_proven
        if taken:
            await wallet.prove(pause, Proof.JWT)
            assert world.answers("/credential")[-1].status == 200
            return
        with pytest.raises(Denied):
            await wallet.prove(pause, Proof.JWT)
        assert refusal(world.answers("/credential")[-1]) == ("invalid_proof", Check.KEY_PROOF.id)
        wallet.world, wallet.edit = world, lambda request: request
        assert isinstance(await wallet.finish(pause, Proof.JWT), Done)


# --- the wallet's clock, at the verifier ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off", "taken"),
    [(TOLERATED_EARLY, True), (TOLERATED_EARLY + 1, False), (-MAX_AGE, True), (-MAX_AGE - 1, False)],
)
@pytest.mark.refuses(Check.PROOF_TIME)
async def test_a_holders_proof_is_held_to_the_same(party: RelyingParty, off: int, taken: bool) -> None:
    _, asked = await party.begin()
    response = await party.send(asked.answer(asked.present(now=NOW + off)))
    if taken:
        assert response.status == 200
        return
    assert (response.status, json_of(response)["check"]) == (400, Check.PROOF_TIME.id)
    assert (await party.send(asked.answer())).status == 200


# --- the issuer's clock, at the verifier ------------------------------------------------------------------------------


def sd_jwt_of(asked: Asked, **times: int) -> str:
    """A presentation of an SD-JWT with these times in it."""
    name = sdjwt.disclosure("salt", "family_name", "Voorbeeld")
    place = sdjwt.disclosure("salt", "address", {"locality": "Capital"})
    members = sdjwt.payload(vct=VCT, _sd=[sdjwt.digest(name), sdjwt.digest(place)], **times)
    issued = sdjwt.signed(members, (name, place), chain=ISSUER.chain, key=ISSUER.key)
    return sdjwt.bound(issued, holder=HOLDER, aud=asked.client_id, nonce=asked.nonce).decode()


def mdoc_of(asked: Asked, **times: int) -> str:
    """A presentation of an mdoc with these times in it."""
    assert asked.key is not None
    transcript = redirect_transcript(
        client_id=asked.client_id,
        nonce=asked.nonce,
        response_uri=asked.response_uri,
        encryption_key_thumbprint=parse_jwk(asked.key, what="key", where="", use="enc").thumbprint(),
    )
    item = mdoc.item(0, "family_name", "Voorbeeld")
    at = {"signed": NOW - DAY, "validFrom": NOW - DAY, "validUntil": NOW + DAY} | times
    contents = mdoc.security_object(
        docType=DOCTYPE,
        valueDigests={DOCTYPE: {0: mdoc.digest(item)}},
        validityInfo={name: mdoc.tdate(seconds) for name, seconds in at.items()},
    )
    issued = mdoc.issuer_signed(contents, {DOCTYPE: [item]}, chain=ISSUER.chain, key=ISSUER.key)
    device = mdoc.device_signed(holder=HOLDER, transcript=transcript, doc_type=DOCTYPE)
    return base64url(mdoc.response(mdoc.document(issued, device, doc_type=DOCTYPE)))


TIMES: dict[str, tuple[Any, Callable[..., str], str, int, int]] = {
    "SD-JWT iat": (None, sd_jwt_of, "iat", TOLERATED_EARLY, 1),
    "SD-JWT nbf": (None, sd_jwt_of, "nbf", TOLERATED_EARLY, 1),
    "SD-JWT exp": (None, sd_jwt_of, "exp", 1 - TOLERATED_LATE, -1),
    "mdoc validFrom": (MDOC_QUERY, mdoc_of, "validFrom", TOLERATED_EARLY, 1),
    "mdoc validUntil": (MDOC_QUERY, mdoc_of, "validUntil", 1 - TOLERATED_LATE, -1),
}


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)
@pytest.mark.refuses(Check.CREDENTIAL_VALIDITY)
async def test_the_times_in_a_credential_are_held_to_the_same(
    party: RelyingParty, time: tuple[Any, Callable[..., str], str, int, int]
) -> None:
    query, present, name, off, more = time
    arguments = () if query is None else (query,)
    _, asked = await party.begin(*arguments)
    refused = await party.send(asked.answer(present(asked, **{name: NOW + off + more})))
    assert (refused.status, json_of(refused)["check"]) == (400, Check.CREDENTIAL_VALIDITY.id)
    assert (await party.send(asked.answer(present(asked, **{name: NOW + off})))).status == 200


@pytest.mark.parametrize(
    ("issued", "expires", "taken"),
    [
        (TOLERATED_EARLY, 600, True),
        (TOLERATED_EARLY + 1, 600, False),
        (-600, 1, True),
        (-600, 0, False),
    ],
    ids=["ahead", "too far ahead", "the last second", "over"],
)
@pytest.mark.refuses(Check.STATUS_FRESHNESS)
async def test_a_status_list_is_held_to_the_same_and_has_no_grace_at_its_end(
    party: RelyingParty, issued: int, expires: int, taken: bool
) -> None:
    """What is revoked meanwhile would go on for as long as the grace lasts."""
    made = sign_status_list_jwt(
        compress(empty_status_list(1_000, bits=1)),
        uri=STATUS_URI,
        signer=STATUS_SIGNER.key,
        chain=STATUS_SIGNER.chain,
        now=NOW + issued,
        expires=NOW + expires,
        ttl=600,
    )
    party.status.answer = HttpResponse(status=200, headers=(("content-type", str(StatusListFormat.JWT)),), body=made)
    _, asked = await party.begin()
    response = await party.send(asked.answer())
    if taken:
        assert response.status == 200
        return
    assert (response.status, json_of(response)["check"]) == (400, Check.STATUS_FRESHNESS.id)
    party.status.answer = None
    assert (await party.send(asked.answer())).status == 200


# --- the verifier's clock, at the wallet ------------------------------------------------------------------------------


@pytest.fixture
async def holding(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    """A wallet that has received its PID."""
    async with wallet_world(tmp_path) as world:
        await world.receive()
        yield world


@pytest.mark.parametrize(
    ("off", "taken"),
    [
        (-TOLERATED_EARLY, True),
        (-TOLERATED_EARLY - 1, False),
        (SAME_DEVICE_SECONDS + TOLERATED_LATE - 1, True),
        (SAME_DEVICE_SECONDS + TOLERATED_LATE, False),
    ],
    ids=["behind", "too far behind", "late", "too late"],
)
@pytest.mark.refuses(Check.REQUEST_TIME)
async def test_a_request_is_held_to_the_same_by_the_wallet(holding: WalletWorld, off: int, taken: bool) -> None:
    """The wallet's clock is off against the verifier's, whose request says when it begins and ends."""
    request = await holding.request()
    holding.wallet.safe.close()
    clock = ManualClock(holding.clock.now() + off)
    wallet = open_test_wallet(replace(holding.world, clock=clock), holding.file, holding.outbound)
    await wallet.safe.unlock(PASSPHRASE)
    try:
        if taken:
            assert await wallet.presenting.begin(request["link"], brought=Brought.LINK)
        else:
            with pytest.raises(Rejected) as caught:
                await wallet.presenting.begin(request["link"], brought=Brought.LINK)
            assert caught.value.check is Check.REQUEST_TIME
    finally:
        wallet.safe.close()
    again = open_test_wallet(holding.world, holding.file, holding.outbound)
    await again.safe.unlock(PASSPHRASE)
    assert await again.presenting.begin(request["link"], brought=Brought.LINK)
    again.safe.close()
