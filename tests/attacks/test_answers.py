"""Attacks on a wallet's answer: replayed, sent elsewhere, made for somebody else, encrypted to a key of before.

The verifier is played at its public door, the wallet as people use it; the honest answer is taken afterwards.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.relying_party import (
    MDOC_QUERY,
    QUERIES,
    Asked,
    RelyingParty,
    form_to,
    json_of,
    open_relying_party,
)
from zegel_testing.wallet_world import WalletWorld, wallet_world

from zegel.adapters.keyfiles import load_signer
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import encode_json
from zegel.primitives.jwe import Encryption, seal_jwe
from zegel.primitives.jws import sign_jws
from zegel.primitives.keys import parse_jwk
from zegel.protocols.openid4vp.request import REQUEST_TYPE
from zegel.services.wallet.contents import Brought

pytestmark = pytest.mark.anyio

FORMATS = pytest.mark.parametrize("format_", list(Format), ids=str)
ELSEWHERE = "https://collector.example/response/1"


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[RelyingParty]:
    opened = await open_relying_party(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
async def holding(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    """A wallet that has received its PID."""
    async with wallet_world(tmp_path) as world:
        await world.receive()
        yield world


def refused(response: HttpResponse) -> str:
    """The check with which the verifier refused."""
    assert response.status == 400, response.body
    return json_of(response)["check"]


async def goes_on(party: RelyingParty, session: str, asked: Asked) -> None:
    """The right answer is taken after all."""
    await party.get(json_of(await party.send(asked.answer()))["redirect_uri"])
    assert (await party.result(session))["state"] == "accepted"


# --- replay across sessions and verifiers -----------------------------------------------------------------------------


@FORMATS
@pytest.mark.refuses(Check.ENCRYPTION)
async def test_a_response_that_is_replayed_into_another_session_does_not_open(
    party: RelyingParty, format_: Format
) -> None:
    """The whole answer, as it was overheard, posted to a session that the attacker began."""
    session, victims = await party.begin(QUERIES[format_])
    other, attackers = await party.begin(QUERIES[format_])
    answer = victims.answer()
    assert refused(await party.send(replace(answer, url=attackers.response_uri))) == Check.ENCRYPTION.id
    await goes_on(party, session, victims)
    assert refused(await party.send(replace(answer, url=attackers.response_uri))) == Check.ENCRYPTION.id
    await goes_on(party, other, attackers)


@pytest.mark.parametrize(("format_", "check"), [(Format.SD_JWT_VC, Check.NONCE), (Format.MDOC, Check.HOLDER_SIGNATURE)])
@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.refuses(Check.NONCE)
@pytest.mark.refuses(Check.HOLDER_SIGNATURE)
async def test_a_presentation_that_is_replayed_into_another_session_answers_another_nonce(
    party: RelyingParty, format_: Format, check: Check, mode: str
) -> None:
    """What was inside, by whoever could open it: the nonce is the other session's."""
    _, victims = await party.begin(QUERIES[format_], response_mode=mode)
    session, attackers = await party.begin(QUERIES[format_], response_mode=mode)
    assert refused(await party.send(attackers.answer(victims.present()))) == check.id
    await goes_on(party, session, attackers)


@pytest.mark.parametrize(
    ("format_", "check"), [(Format.SD_JWT_VC, Check.AUDIENCE), (Format.MDOC, Check.HOLDER_SIGNATURE)]
)
@pytest.mark.refuses(Check.AUDIENCE)
@pytest.mark.refuses(Check.HOLDER_SIGNATURE)
async def test_a_presentation_that_another_verifier_was_given_is_not_replayed_here(
    party: RelyingParty, format_: Format, check: Check
) -> None:
    """A verifier in the middle asks a wallet with *our* nonce, in its own name, and hands us what it got."""
    session, asked = await party.begin(QUERIES[format_])
    theirs: dict[str, Any] = {"audience": "x509_hash:" + "A" * 43}
    if format_ is Format.MDOC:
        theirs |= {"response_uri": ELSEWHERE, "thumbprint": fixed_key("theirs").public_key.thumbprint()}
    assert refused(await party.send(asked.answer(asked.present(**theirs)))) == check.id
    await goes_on(party, session, asked)


@pytest.mark.refuses(Check.HOLDER_SIGNATURE)
async def test_an_mdoc_that_was_encrypted_to_somebody_in_between_is_refused(party: RelyingParty) -> None:
    """OpenID4VP 1.0 section B.2.6.1: the transcript has the key of the request, so who exchanged it is found out."""
    session, asked = await party.begin(MDOC_QUERY)
    in_between = fixed_key("in between").public_key.thumbprint()
    assert refused(await party.send(asked.answer(asked.present(thumbprint=in_between)))) == Check.HOLDER_SIGNATURE.id
    await goes_on(party, session, asked)


@FORMATS
@pytest.mark.refuses(Check.ANSWERED_ONCE)
async def test_a_nonce_that_was_answered_is_not_answered_again(party: RelyingParty, format_: Format) -> None:
    """Neither the same answer nor a new one: the nonce went with the session that it belonged to."""
    session, asked = await party.begin(QUERIES[format_])
    answer = asked.answer()
    await goes_on(party, session, asked)
    for again in (answer, asked.answer()):
        assert refused(await party.send(again)) == Check.ANSWERED_ONCE.id
    assert (await party.result(session))["state"] == "collected"
    fresh, other = await party.begin(QUERIES[format_])
    assert other.nonce != asked.nonce
    await goes_on(party, fresh, other)


# --- encryption to a key of before ------------------------------------------------------------------------------------


def sealed(asked: Asked, key: dict[str, Any], *, kid: str | None = None) -> HttpRequest:
    """The right answer to a request, encrypted to another key; ``kid`` is what it says of the key."""
    members = {"vp_token": {"pid": [asked.present()]}, "state": asked.claims["state"]}
    recipient = parse_jwk(key, what="key", where="", use="enc")
    response = seal_jwe(encode_json(members), recipient=recipient, kid=kid or key["kid"], enc=Encryption.A256GCM)
    return form_to(asked.response_uri, {"response": response})


@pytest.mark.parametrize("relabelled", [False, True])
@pytest.mark.refuses(Check.ENCRYPTION)
async def test_an_answer_that_is_encrypted_to_the_key_of_an_old_request_does_not_open(
    party: RelyingParty, relabelled: bool
) -> None:
    """HAIP 1.0 section 5: each request has a key of its own; an old one, which may have leaked, opens nothing."""
    old_session, old = await party.begin()
    await goes_on(party, old_session, old)
    session, asked = await party.begin()
    assert old.key is not None
    assert asked.key is not None
    assert old.key != asked.key
    wrong = sealed(asked, old.key, kid=asked.key["kid"] if relabelled else None)
    assert refused(await party.send(wrong)) == Check.ENCRYPTION.id
    await goes_on(party, session, asked)


# --- an answer to a foreign response_uri ------------------------------------------------------------------------------


@contextmanager
def resigned(world: WalletWorld, **claims: Any) -> Iterator[None]:
    """The verifier's request object with other claims, under its own good signature: a verifier that is not honest."""
    config = world.config.verifier
    certified = load_signer(config.access_key, config.access_chain)

    def sign(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        members = json.loads(parse_base64url(response.body.split(b".")[1].decode(), what="test")) | claims
        body = sign_jws(members, signer=certified.signer, typ=REQUEST_TYPE, x5c=certified.chain)
        return replace(response, body=body)

    world.outbound.edits["/request/"] = sign
    yield
    world.outbound.edits.clear()


@pytest.mark.slow
@pytest.mark.refuses(Check.CLIENT_BINDING)
async def test_a_wallet_answers_at_no_foreign_response_uri(tmp_path: Path) -> None:
    """OpenID4VP 1.0 section 5.9.3: with a DNS name for an identity the answer stays on that host."""
    async with wallet_world(tmp_path, profile="plain") as world:
        await world.receive()
        request = await world.request(client_id_prefix="x509_san_dns")
        world.paths()
        with resigned(world, response_uri=ELSEWHERE), pytest.raises(Rejected) as caught:
            await world.wallet.presenting.begin(request["link"], brought=Brought.LINK)
        assert (caught.value.check, caught.value.field) == (Check.CLIENT_BINDING, "response_uri")
        assert not [path for path in world.paths() if "/response/" in path]
        assert (await world.present(client_id_prefix="x509_san_dns"))["state"] == "accepted"


@pytest.mark.parametrize(
    ("format_", "check"), [(Format.SD_JWT_VC, Check.AUDIENCE), (Format.MDOC, Check.HOLDER_SIGNATURE)]
)
@pytest.mark.refuses(Check.AUDIENCE)
@pytest.mark.refuses(Check.HOLDER_SIGNATURE)
async def test_what_a_wallet_sends_to_a_foreign_response_uri_is_of_no_use_there(
    party: RelyingParty, format_: Format, check: Check
) -> None:
    """With a certificate's hash for an identity any URI may be named, an honest verifier's too: it takes nothing."""
    session, honest = await party.begin(QUERIES[format_])
    rogue = Asked(honest.claims | {"client_id": "x509_hash:" + "B" * 43})
    assert refused(await party.send(rogue.answer())) == check.id
    await goes_on(party, session, honest)


@pytest.mark.slow
@pytest.mark.refuses(Check.CLIENT_ID)
async def test_a_wallet_takes_no_request_under_the_name_of_another(holding: WalletWorld) -> None:
    """The link names one verifier, the request is signed by another that is known as well."""
    request = await holding.request()
    with resigned(holding, client_id="x509_hash:" + "A" * 43), pytest.raises(Rejected) as caught:
        await holding.wallet.presenting.begin(request["link"], brought=Brought.LINK)
    assert caught.value.check is Check.CLIENT_ID
    assert (await holding.present())["state"] == "accepted"


@pytest.mark.slow
@pytest.mark.refuses(Check.ANSWER_DELIVERY)
async def test_an_answer_is_not_sent_on_to_where_the_response_uri_leads(holding: WalletWorld) -> None:
    """A redirect that keeps the method (307, 308) would hand the answer to somebody else."""
    flow, _ = await holding.asked()
    holding.paths()
    holding.outbound.edits["/response/"] = lambda request, response: HttpResponse(
        status=308, headers=(("location", ELSEWHERE),)
    )
    with pytest.raises(Rejected) as caught:
        await holding.accept(flow)
    assert caught.value.check is Check.ANSWER_DELIVERY
    assert not [path for path in holding.paths() if "collector.example" in path]
    holding.outbound.edits.clear()
    assert (await holding.present())["state"] == "accepted"
