"""The wallet with a real issuer, verifier and wallet provider, over the loopback: what it receives, shows, keeps to
itself, and what it refuses."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jsonschema
import pytest
from zegel_testing.authorities import DAY, NOW, authority, signer
from zegel_testing.cheap_vault import CheapVaultFile
from zegel_testing.issuance import resigned
from zegel_testing.wallet_world import (
    MDOC_QUERY,
    NAME_QUERY,
    PASSPHRASE,
    Edit,
    WalletWorld,
    open_test_wallet,
    register_of,
    wallet_world,
)

from zegel.adapters.keyfiles import load_private_key, load_signer
from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected, Unavailable, explain
from zegel.formats.credential import Format
from zegel.primitives.encoding import base64, base64url
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.jwe import open_jwe, parse_jwe
from zegel.primitives.jws import parse_jws
from zegel.protocols.openid4vci.encryption import MAX_REQUEST
from zegel.protocols.openid4vci.publication import sign_issuer_metadata
from zegel.protocols.openid4vci.wallet.session import Pending
from zegel.protocols.openid4vp.verifier import SAME_DEVICE_SECONDS
from zegel.services.wallet.contents import (
    Answering,
    Arrived,
    Asked,
    Brought,
    Deferred,
    Finished,
    Happening,
    LoggingIn,
    Offered,
    Outcome,
    Unanswerable,
)
from zegel.services.wallet.flows import FLOW_SECONDS, check_step
from zegel.services.wallet.holdings import find_holding, put_holding
from zegel.services.wallet.renewing import can_be_renewed
from zegel.services.wallet.wallet import LOOK_SECONDS
from zegel.trust.anchors import Purpose

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SCHEMAS = Path(__file__).parents[1] / "vectors" / "oidf-conformance" / "json-schemas"
CREDENTIAL_REQUEST = json.loads((SCHEMAS / "oid4vci" / "credential_request-1_0.json").read_text())
PID = "eu.europa.ec.eudi.pid.1"
ALL_OF_IT = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [
                {"path": ["address"]},
                {"path": ["nationalities", None]},
                {"path": ["place_of_birth", "country"]},
            ],
        },
        {
            "id": "mdoc",
            "format": "mso_mdoc",
            "meta": {"doctype_value": "eu.europa.ec.eudi.pid.1"},
            "claims": [{"path": ["eu.europa.ec.eudi.pid.1", "portrait"]}],
        },
    ]
}
DIPLOMA_QUERY = {
    "credentials": [
        {
            "id": "diploma",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:zegel:diploma:1"]},
            "claims": [{"path": ["degree"]}],
        }
    ]
}
PAYMENT = {
    "type": "urn:eudi:sca:payment:1",
    "credential_ids": ["pay"],
    "payload": {
        "transaction_id": "T-1",
        "payee": {"name": "Garden shop", "id": "UT99ZEGL1"},
        "amount": 12.5,
        "currency": "EUR",
    },
}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path) as made:
        yield made


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path, profile="plain") as made:
        yield made


def events_of(world: WalletWorld) -> list[str]:
    """What the wallet told the issuer."""
    said = [request for request in world.traffic if request.path == "/notification"]
    return [str(parse_object(request.body, what="test")["event"]) for request in said]


def answering(status: int, body: Any) -> Edit:
    """Something else in the place of an answer."""
    return lambda request, response: json_response(body, status=status)


def only_flow(world: WalletWorld, kind: type) -> str:
    (flow_id,) = (id_ for id_, flow in world.contents.flows.items() if isinstance(flow, kind))
    return flow_id


# --- receiving --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("ISSU_11a")
@pytest.mark.requirement("ISSU_61")
@pytest.mark.requirement("ISSU_12a")
@pytest.mark.requirement("ISSU_43")
async def test_both_formats_come_in_one_go_ten_copies_each(world: WalletWorld) -> None:
    await world.receive()
    sdjwt, mdoc = world.contents.holdings
    assert [(held.credential.format, held.unused) for held in (sdjwt, mdoc)] == [
        (Format.SD_JWT_VC, 10),
        (Format.MDOC, 10),
    ]
    keys = [copy.key.public_key for held in (sdjwt, mdoc) for copy in held.batch.copies]
    assert len(set(keys)) == 20
    assert sdjwt.credential.claims["family_name"] == "Voorbeeld"
    assert events_of(world) == ["credential_accepted", "credential_accepted"]


async def test_plain_takes_a_code_and_asks_no_wallet_provider(plain: WalletWorld) -> None:
    await plain.receive(grant="pre-authorized", person="erika", tx_code=True)
    assert [held.unused for held in plain.contents.holdings] == [10, 10]
    assert not [request for request in plain.traffic if "wallet-provider" in request.url]


@pytest.mark.parametrize("profile", ["haip", "plain"])
async def test_what_the_wallet_asks_for_is_what_the_conformance_suite_expects(tmp_path: Path, profile: str) -> None:
    async with wallet_world(tmp_path, profile=profile) as world:
        await world.receive()
        key = load_private_key(world.config.issuer.encryption_key)
        sent = [request for request in world.traffic if request.path == "/credential"]
        assert len(sent) == 2
        for request in sent:
            message = parse_jwe(request.body, what="test", max_bytes=MAX_REQUEST)
            plaintext = open_jwe(message, key=key, kid=base64url(key.public_key.thumbprint()))
            jsonschema.validate(json.loads(plaintext), CREDENTIAL_REQUEST)


async def test_plain_also_logs_in(plain: WalletWorld) -> None:
    await plain.receive()
    assert (await plain.present())["state"] == "accepted"


@pytest.mark.requirement("ISSU_11")
async def test_an_offer_says_who_vouches_for_the_issuer(world: WalletWorld) -> None:
    offer = await world.offer()
    flow = await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
    offered = world.wallet.receiving.look(flow)
    assert isinstance(offered, Offered)
    assert offered.provider.certified == "Utopia identity office"
    assert (offered.vetting.findings, offered.provider.identifier) == ((), "GOVUT-0001")
    # only public documents were fetched
    assert [path.partition("/")[2].partition("/")[0] for path in world.paths()] == [
        "offers",
        ".well-known",
        ".well-known",
        "status",
    ]


async def test_an_issuer_without_signed_metadata_is_named_by_its_address(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, signed_metadata=False) as world:
        offer = await world.offer()
        flow = await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
        offered = world.wallet.receiving.look(flow)
        assert isinstance(offered, Offered)
        assert offered.provider.certified is None
        assert offered.provider.name == "Utopia identity office"


@pytest.mark.requirement("ISSU_24")
async def test_signed_metadata_of_a_stranger_is_refused(world: WalletWorld) -> None:
    def spoil(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        return replace(response, body=response.body[:-8] + b"AAAAAAAA")

    world.outbound.edits["/.well-known/openid-credential-issuer"] = spoil
    offer = await world.offer()
    with pytest.raises(Rejected) as caught:
        await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
    assert caught.value.check is Check.SIGNATURE


async def test_who_signs_metadata_and_is_not_trusted_is_not_asked_for_unsigned_ones(world: WalletWorld) -> None:
    asked: list[str | None] = []

    def by_a_stranger(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        asked.append(request.header("accept"))
        stranger = signer(authority("Somebody"), "A stranger", Purpose.ACCESS)
        header = {"x5c": [base64(certificate) for certificate in stranger.chain]}
        return replace(response, body=resigned(response.body.decode(), stranger.key, header=header).encode())

    world.outbound.edits["/.well-known/openid-credential-issuer"] = by_a_stranger
    offer = await world.offer()
    with pytest.raises(Rejected) as caught:
        await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
    assert caught.value.check is Check.ANCHOR
    assert asked == ["application/jwt"]


async def test_an_offer_by_value_is_read_as_well(world: WalletWorld) -> None:
    offer = await world.offer()
    text = encode_json(offer["credential_offer"]).decode()
    link = "haip-vci://?" + urlencode({"credential_offer": text})
    flow = await world.wallet.receiving.review(link, brought=Brought.PASTED)
    assert isinstance(world.wallet.receiving.look(flow), Offered)


async def test_haip_refuses_a_pre_authorized_offer_by_name(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, profile="plain") as world:
        offer = await world.offer(grant="pre-authorized", person="erika")
        strict = replace(world.config.wallet, profile="haip")
        wallet = open_test_wallet(
            replace(world.world, config=replace(world.config, wallet=strict)), world.file, world.outbound
        )
        wallet.safe._vault = world.wallet.safe._vault
        with pytest.raises(Rejected) as caught:
            await wallet.receiving.review(offer["link"], brought=Brought.LINK)
    assert (caught.value.check, caught.value.field) == (Check.PROFILE, "profile.grants")


@pytest.mark.requirement("ISSU_35a")
async def test_each_issuer_gets_an_attestation_of_a_key_of_its_own(world: WalletWorld) -> None:
    await world.receive()
    await world.receive(type="diploma", formats=["dc+sd-jwt"])
    keys = [grant.instance.public_key for grant in world.contents.grants.values()]
    dpop = [grant.dpop.public_key for grant in world.contents.grants.values()]
    assert len({*keys, *dpop}) == 4


@pytest.mark.requirement("ISSU_11")
async def test_nothing_is_kept_before_the_person_has_seen_it(world: WalletWorld) -> None:
    flow = await world.arrive()
    arrived = world.wallet.receiving.look(flow)
    assert isinstance(arrived, Arrived)
    assert arrived.batches[0].credential.claims["given_name"] == "Erika"
    assert world.contents.holdings == ()
    assert events_of(world) == []
    await world.wallet.receiving.discard(flow)
    assert world.contents.holdings == ()
    assert world.contents.grants == {}
    assert events_of(world) == ["credential_deleted", "credential_deleted"]
    assert world.contents.log[-1].happening is Happening.DECLINED


async def test_what_arrives_twice_is_held_once(world: WalletWorld) -> None:
    first = await world.receive()
    second = await world.receive()
    assert {held.id for held in world.contents.holdings} == set(second)
    assert set(first).isdisjoint(second)
    assert len(world.contents.grants) == 1


@pytest.mark.requirement("ISSU_62")
async def test_who_receives_again_after_a_change_holds_it_once_and_sees_what_changed(world: WalletWorld) -> None:
    """The personal number says that it is the same person; the name is another."""
    await world.receive()
    register = register_of(world)
    try:
        claims = dict(await register.load_claims("erika", "pid"))
        claims.pop("portrait")
        kept = {name: value for name, value in claims.items() if not name.startswith("age_")}
        await register.change("erika", "pid", kept | {"family_name": "Esempio"})
    finally:
        register.close()
    again = await world.receive()
    assert {held.id for held in world.contents.holdings} == set(again)
    for held in world.contents.holdings:
        assert held.before is not None
        named = held.credential.claims if held.credential.format is Format.SD_JWT_VC else held.credential.claims[PID]
        assert named["family_name"] == "Esempio"
    await world.receive("max")
    assert len(world.contents.holdings) == 4
    await world.wallet.renewal.acknowledge(again[0])
    assert world.wallet.find(again[0]).before is None


async def test_two_people_of_one_type_are_held_beside_each_other(world: WalletWorld) -> None:
    await world.receive("erika")
    await world.receive("max")
    assert len(world.contents.holdings) == 4


@pytest.mark.requirement("ISSU_07")
@pytest.mark.requirement("ISSU_11b")
async def test_a_forged_credential_is_refused_told_and_not_kept(world: WalletWorld) -> None:
    def forge(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        body = parse_object(response.body, what="test", max_bytes=1 << 22)
        first = body["credentials"][0]
        text = first["credential"]
        first["credential"] = text[:200] + ("A" if text[200] != "A" else "B") + text[201:]
        return replace(response, body=encode_json(body))

    world.outbound.edits["/credential"] = forge
    with unencrypted(world), pytest.raises((Rejected, Malformed)):
        await world.arrive()
    assert world.contents.holdings == ()
    assert not [flow for flow in world.contents.flows.values() if isinstance(flow, Arrived | Offered)]
    assert set(events_of(world)) == {"credential_failure"}
    assert (world.contents.log[-1].happening, world.contents.log[-1].outcome) == (Happening.FAILED, Outcome.REFUSED)


@pytest.mark.requirement("ISSU_06")
async def test_credentials_that_were_swapped_are_not_what_was_offered(world: WalletWorld) -> None:
    """The same copy twice: one of them is bound to a key that is not its own."""

    def repeat(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        body = parse_object(response.body, what="test", max_bytes=1 << 22)
        body["credentials"][1] = body["credentials"][0]
        return replace(response, body=encode_json(body))

    world.outbound.edits["/credential"] = repeat
    with unencrypted(world), pytest.raises(Rejected) as caught:
        await world.arrive()
    assert caught.value.check is Check.OFFERED_CREDENTIAL
    assert set(events_of(world)) == {"credential_failure"}


class unencrypted:  # noqa: N801 it reads as a word
    """The issuer's answers as they are, so that a test can edit them: its metadata loses the encryption."""

    def __init__(self, world: WalletWorld) -> None:
        self._world = world

    def __enter__(self) -> None:
        config = self._world.config.issuer
        signer = load_signer(config.access_key, config.access_chain)

        def bare_metadata(request: HttpRequest, response: HttpResponse) -> HttpResponse:
            claims = dict(parse_jws(response.body, what="test").unverified_claims)
            claims.pop("credential_response_encryption", None)
            claims.pop("credential_request_encryption", None)
            return replace(response, body=sign_issuer_metadata(claims, signer=signer, now=NOW))

        self._world.outbound.edits["/.well-known/openid-credential-issuer"] = bare_metadata

    def __exit__(self, *_: object) -> None:
        self._world.outbound.edits.clear()


async def test_a_wrong_transaction_code_leaves_the_offer_open(plain: WalletWorld) -> None:
    offer = await plain.offer(grant="pre-authorized", person="erika", tx_code=True)
    receiving = plain.wallet.receiving
    flow = await receiving.review(offer["link"], brought=Brought.LINK)
    with pytest.raises(Rejected) as short:
        await receiving.redeem(flow, tx_code="12")
    assert short.value.check is Check.TRANSACTION_CODE
    wrong = "111111" if offer["tx_code"] != "111111" else "222222"
    with pytest.raises(Denied) as denied:
        await receiving.redeem(flow, tx_code=wrong)
    assert (denied.value.code, denied.value.check) == ("invalid_grant", Check.TRANSACTION_CODE)
    await receiving.redeem(flow, tx_code=offer["tx_code"])
    assert isinstance(receiving.look(flow), Arrived)


async def test_an_offer_that_was_taken_up_is_named_as_one(plain: WalletWorld) -> None:
    offer = await plain.offer(grant="pre-authorized", person="erika")
    receiving = plain.wallet.receiving
    await receiving.redeem(await receiving.review(offer["link"], brought=Brought.LINK), tx_code=None)
    with pytest.raises(Denied) as used:
        await receiving.review(offer["link"], brought=Brought.LINK)
    assert (used.value.check, used.value.field) == (Check.OFFER_OPEN, "credential_offer_uri")


async def test_the_same_form_twice_redeems_a_code_once(plain: WalletWorld) -> None:
    """A second redemption would take back what the first one gave."""
    offer = await plain.offer(grant="pre-authorized", person="erika")
    receiving = plain.wallet.receiving
    flow = await receiving.review(offer["link"], brought=Brought.LINK)
    both = [receiving.redeem(flow, tx_code=None) for _ in range(2)]
    assert await asyncio.gather(*both) == [flow, flow]
    # the first of the two requests fetches the DPoP nonce
    assert len([request for request in plain.traffic if request.path == "/token"]) == 2
    first, second = await asyncio.gather(receiving.keep(flow), receiving.keep(flow))
    assert first == second
    assert len(plain.contents.holdings) == 2


async def test_a_log_in_that_is_refused_can_be_begun_again(world: WalletWorld) -> None:
    offer = await world.offer()
    receiving = world.wallet.receiving
    flow = await receiving.review(offer["link"], brought=Brought.LINK)
    url = await receiving.log_in(flow, redirect_uri=world.callback, browser="browser")
    back = await world.log_in(url, decision="refuse")
    with pytest.raises(Denied) as denied:
        await receiving.come_back(back, browsers=["browser"])
    assert denied.value.code == "access_denied"
    assert isinstance(receiving.look(flow), Offered)
    url = await receiving.log_in(flow, redirect_uri=world.callback, browser="browser")
    await receiving.come_back(await world.log_in(url), browsers=["browser"])
    assert isinstance(receiving.look(flow), Arrived)


async def test_only_the_browser_that_began_comes_back(world: WalletWorld) -> None:
    offer = await world.offer()
    receiving = world.wallet.receiving
    flow = await receiving.review(offer["link"], brought=Brought.LINK)
    back = await world.log_in(await receiving.log_in(flow, redirect_uri=world.callback, browser="mine"))
    with pytest.raises(Rejected) as caught:
        await receiving.come_back(back, browsers=["another's"])
    assert caught.value.check is Check.WALLET_STEP
    assert isinstance(receiving.look(flow), LoggingIn)
    await receiving.come_back(back, browsers=["mine"])
    with pytest.raises(Rejected) as again:
        await receiving.come_back(back, browsers=["mine"])
    assert again.value.check is Check.WALLET_STEP


async def test_an_answer_of_another_server_is_not_taken(world: WalletWorld) -> None:
    offer = await world.offer()
    receiving = world.wallet.receiving
    flow = await receiving.review(offer["link"], brought=Brought.LINK)
    back = await world.log_in(await receiving.log_in(flow, redirect_uri=world.callback, browser="mine"))
    with pytest.raises(Rejected) as caught:
        await receiving.come_back(back.replace("iss=", "iss=x"), browsers=["mine"])
    assert caught.value.check is Check.AUTHORIZATION_RESPONSE
    await receiving.come_back(back, browsers=["mine"])


async def test_what_waits_for_its_person_survives_a_restart(world: WalletWorld) -> None:
    offer = await world.offer()
    flow = await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
    url = await world.wallet.receiving.log_in(flow, redirect_uri=world.callback, browser="mine")
    world.wallet.safe.close()
    later = open_test_wallet(world.world, world.file, world.outbound)
    await later.safe.unlock(PASSPHRASE)
    await later.receiving.come_back(await world.log_in(url), browsers=["mine"])
    later.safe.close()
    again = open_test_wallet(world.world, world.file, world.outbound)
    await again.safe.unlock(PASSPHRASE)
    assert len(await again.receiving.keep(flow)) == 2
    again.safe.close()


async def test_a_flow_is_over_after_an_hour(world: WalletWorld) -> None:
    offer = await world.offer()
    flow = await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
    world.clock.advance(FLOW_SECONDS)
    with pytest.raises(Rejected) as caught:
        world.wallet.receiving.look(flow)
    assert caught.value.check is Check.WALLET_STEP


async def test_what_is_deferred_comes_when_its_time_has_come(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, delayed_types=("diploma",), delay=30) as world:
        flow = await world.arrive(type="diploma", formats=["dc+sd-jwt"])
        receiving = world.wallet.receiving
        waiting = receiving.look(flow)
        assert isinstance(waiting, Deferred)
        assert waiting.pending == Pending(
            configuration="diploma-sd-jwt", transaction_id=waiting.pending.transaction_id, ready_at=NOW + 30
        )
        assert receiving.waiting() == ()
        world.paths()
        assert isinstance(await receiving.fetch_deferred(flow), Deferred)
        assert world.paths() == []  # it is no use asking before
        world.clock.advance(FLOW_SECONDS)  # longer than a page waits, and than a token lives
        assert receiving.waiting() == (flow,)
        await world.wallet.keep_fresh()
        assert isinstance(receiving.look(flow), Arrived)
        (held,) = await receiving.keep(flow)
        assert world.wallet.find(held).unused == 10


async def test_what_is_deferred_can_be_given_up(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, delayed_types=("diploma",), delay=30) as world:
        flow = await world.arrive(type="diploma", formats=["dc+sd-jwt"])
        await world.wallet.receiving.discard(flow)
        assert world.contents.flows == {}
        with pytest.raises(Rejected):
            await world.wallet.receiving.discard(flow)


async def test_an_issuer_that_cannot_be_reached_leaves_the_offer_open(world: WalletWorld) -> None:
    offer = await world.offer()
    receiving = world.wallet.receiving
    flow = await receiving.review(offer["link"], brought=Brought.LINK)
    world.outbound.down.add("issuer.localhost")
    with pytest.raises(Unavailable):
        await receiving.log_in(flow, redirect_uri=world.callback, browser="mine")
    assert isinstance(receiving.look(flow), Offered)


async def test_a_wallet_provider_that_refuses_is_named(world: WalletWorld) -> None:
    world.outbound.edits["/wallet-attestations"] = lambda request, response: HttpResponse(
        status=400, headers=(("content-type", "application/problem+json"),), body=b'{"detail":"not today"}'
    )
    offer = await world.offer()
    flow = await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
    with pytest.raises(Rejected) as caught:
        await world.wallet.receiving.log_in(flow, redirect_uri=world.callback, browser="mine")
    assert caught.value.check is Check.WALLET_PROVIDER
    assert explain(caught.value).detail == "it answers with status 400: not today"


async def test_an_issuer_that_cannot_be_told_changes_nothing(world: WalletWorld) -> None:
    flow = await world.arrive()
    world.outbound.edits["/notification"] = lambda request, response: HttpResponse(status=500)
    assert len(await world.wallet.receiving.keep(flow)) == 2


# --- presenting -------------------------------------------------------------------------------------------------------


async def test_both_formats_are_presented_and_accepted(world: WalletWorld) -> None:
    await world.receive()
    result = await world.present(ALL_OF_IT)
    assert result["state"] == "accepted"
    sdjwt, mdoc = result["credentials"]
    assert sdjwt["claims"] == {
        "address": {
            "street_address": "Voorbeeldstraat 12",
            "formatted": "Voorbeeldstraat 12, 1234 AB Utrecht",
            "country": "NL",
            "region": "Utrecht",
            "locality": "Utrecht",
            "postal_code": "1234 AB",
            "house_number": "12",
        },
        "nationalities": ["NL"],
        "place_of_birth": {"country": "NL"},
    }
    assert list(mdoc["claims"]["eu.europa.ec.eudi.pid.1"]) == ["portrait"]


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns"])
@pytest.mark.parametrize("method", ["get", "post"])
async def test_plain_presents_in_every_way(plain: WalletWorld, mode: str, prefix: str, method: str) -> None:
    await plain.receive(grant="pre-authorized", person="erika")
    for query in (NAME_QUERY, MDOC_QUERY):
        result = await plain.present(query, response_mode=mode, client_id_prefix=prefix, request_uri_method=method)
        assert result["state"] == "accepted", result


@pytest.mark.requirement("RPA_07")
async def test_nothing_is_asked_of_anybody_before_the_person_says_so(world: WalletWorld) -> None:
    await world.receive()
    world.paths()
    request = await world.request()
    assert world.paths() == []
    flow = await world.wallet.presenting.begin(request["link"], brought=Brought.LINK)
    assert [path.split("/")[1] for path in world.paths()] == ["request"]
    assert isinstance(world.wallet.presenting.look(flow), Asked)
    assert world.paths() == []  # looking at the page asks nobody


@pytest.mark.requirement("ISSU_47")
@pytest.mark.requirement("ISSU_44")
async def test_each_copy_is_shown_once_and_then_the_wallet_says_that_it_repeats(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, copies=3) as world:
        await world.receive(formats=["dc+sd-jwt"])
        (held,) = world.contents.holdings
        assert held.unused == 3
        for left in (2, 1, 0):
            assert (await world.present())["state"] == "accepted"
            assert world.contents.holdings[0].unused == left
            assert world.contents.log[-1].mentions[0].repeated is False
        assert (await world.present())["state"] == "accepted"
        assert world.contents.log[-1].mentions[0].repeated is True
        assert sorted(copy.uses for copy in world.contents.holdings[0].batch.copies) == [1, 1, 2]


async def test_what_has_unused_copies_is_offered_before_what_has_none(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, copies=2) as world:
        (erika,) = await world.receive("erika", formats=["dc+sd-jwt"])
        (max_,) = await world.receive("max", formats=["dc+sd-jwt"])

        async def offered() -> list[str]:
            flow, _ = await world.asked()
            consent = check_step(world.wallet.presenting.look(flow), Asked).consent
            return [candidate.held.id for candidate in world.wallet.presenting.match(consent).candidates("pid")]

        assert await offered() == [max_, erika]
        for _ in range(2):
            assert (await world.present())["state"] == "accepted"
        assert await offered() == [erika, max_]


async def test_a_copy_is_used_even_when_the_answer_does_not_arrive(world: WalletWorld) -> None:
    await world.receive(formats=["dc+sd-jwt"])
    flow, session = await world.asked()
    world.outbound.down.add("verifier.localhost")
    with pytest.raises(Unavailable):
        await world.accept(flow)
    assert world.contents.holdings[0].unused == 9
    assert world.contents.log[-1].outcome is Outcome.UNKNOWN
    waiting = world.wallet.presenting.look(flow)
    assert isinstance(waiting, Answering)
    with pytest.raises(Rejected):
        await world.accept(flow)
    world.outbound.down.clear()
    finished = await world.wallet.presenting.send_again(flow)
    assert await world.wallet.presenting.send_again(flow) == finished
    assert world.contents.holdings[0].unused == 9
    assert world.contents.log[-1].outcome is Outcome.DONE
    await world.browser().open(finished.redirect_uri)
    assert (await world.result(session))["state"] == "accepted"


async def test_an_answer_waits_where_the_verifier_says_itself_that_it_does_not_work(world: WalletWorld) -> None:
    await world.receive(formats=["dc+sd-jwt"])
    flow, _ = await world.asked()
    world.outbound.edits["/response/"] = lambda request, response: HttpResponse(status=503)
    with pytest.raises(Unavailable, match="it answers with status 503"):
        await world.accept(flow)
    assert isinstance(world.wallet.presenting.look(flow), Answering)
    assert (world.contents.log[-1].outcome, world.contents.log[-1].check) == (Outcome.UNKNOWN, "")


async def test_a_request_of_a_verifier_that_does_not_work_is_no_wrong_one(world: WalletWorld) -> None:
    asked = await world.request()
    world.outbound.edits["/request/"] = lambda request, response: HttpResponse(status=503)
    before = world.contents.log
    with pytest.raises(Unavailable, match="it answers with status 503"):
        await world.wallet.presenting.begin(asked["link"], brought=Brought.LINK)
    assert world.contents.log == before
    world.outbound.edits.clear()
    await world.wallet.presenting.begin(asked["link"], brought=Brought.LINK)


async def test_a_request_that_ran_out_while_the_person_thought_is_not_answered(world: WalletWorld) -> None:
    await world.receive(formats=["dc+sd-jwt"])
    flow, _ = await world.asked()
    world.clock.advance(SAME_DEVICE_SECONDS + 60)
    world.paths()
    with pytest.raises(Rejected) as caught:
        await world.accept(flow)
    assert caught.value.check is Check.REQUEST_TIME
    assert (world.paths(), world.contents.holdings[0].unused) == ([], 10)
    assert world.contents.log[-1].happening is Happening.RECEIVED
    await world.wallet.presenting.forget(flow)


async def test_an_answer_that_cannot_be_sent_can_be_given_up(world: WalletWorld) -> None:
    await world.receive(formats=["dc+sd-jwt"])
    flow, _ = await world.asked()
    world.outbound.down.add("verifier.localhost")
    with pytest.raises(Unavailable):
        await world.wallet.presenting.refuse(flow)
    await world.wallet.presenting.forget(flow)
    assert world.contents.flows.get(flow) is None
    assert (world.contents.log[-1].happening, world.contents.log[-1].outcome) == (Happening.DECLINED, Outcome.UNKNOWN)


async def test_two_clicks_send_one_answer(world: WalletWorld) -> None:
    await world.receive(formats=["dc+sd-jwt"])
    flow, _ = await world.asked()
    world.paths()
    first, second = await asyncio.gather(*(world.accept(flow) for _ in range(2)))
    assert first == second
    assert len([path for path in world.paths() if "/response/" in path]) == 1
    assert world.contents.holdings[0].unused == 9
    assert await world.wallet.presenting.refuse(flow) == first  # the other tab is too late
    assert await world.wallet.presenting.forget(flow) == first


@pytest.mark.requirement("RPA_07")
async def test_a_refusal_tells_nothing_but_no(world: WalletWorld) -> None:
    await world.receive()
    flow, session = await world.asked()
    await world.wallet.presenting.refuse(flow)
    result = await world.result(session)
    assert result["state"] == "refused"
    assert result["error"]["error"] == "access_denied"
    entry = world.contents.log[-1]
    assert (entry.happening, entry.outcome) == (Happening.DECLINED, Outcome.DONE)
    assert world.contents.holdings[0].unused == 10


async def test_a_link_that_was_answered_is_refused_in_the_words_of_its_verifier(world: WalletWorld) -> None:
    await world.receive()
    request = await world.request()
    presenting = world.wallet.presenting
    await presenting.refuse(await presenting.begin(request["link"], brought=Brought.LINK))
    with pytest.raises(Rejected) as refused:
        await presenting.begin(request["link"], brought=Brought.LINK)
    assert (refused.value.check, refused.value.said) == (Check.ANSWERED_ONCE, "the request was answered before")


async def test_a_wallet_that_has_nothing_refuses_in_the_same_words(world: WalletWorld) -> None:
    flow, session = await world.asked(DIPLOMA_QUERY)
    asked = world.wallet.presenting.look(flow)
    assert isinstance(asked, Asked)
    assert world.wallet.presenting.match(asked.consent).missing == ("diploma",)
    with pytest.raises(Rejected) as caught:
        await world.accept(flow)
    assert caught.value.check is Check.HELD
    await world.wallet.presenting.refuse(flow)
    assert (await world.result(session))["error"]["error"] == "access_denied"


async def test_a_request_can_be_left_without_a_word(world: WalletWorld) -> None:
    flow, session = await world.asked()
    world.paths()
    await world.wallet.presenting.forget(flow)
    assert world.paths() == []
    assert (await world.result(session))["state"] == "pending"
    assert (world.contents.log[-1].happening, world.contents.log[-1].outcome) == (Happening.DECLINED, Outcome.UNKNOWN)


@pytest.mark.requirement("SUA_04")
async def test_a_payment_is_confirmed_in_both_formats(world: WalletWorld) -> None:
    await world.receive(type="payment")
    for format_, meta in (
        ("dc+sd-jwt", {"vct_values": ["urn:zegel:payment:1"]}),
        ("mso_mdoc", {"doctype_value": "zegel.payment.1"}),
    ):
        path = ["iban"] if format_ == "dc+sd-jwt" else ["zegel.payment.1", "iban"]
        query = {"credentials": [{"id": "pay", "format": format_, "meta": meta, "claims": [{"path": path}]}]}
        result = await world.present(query, transaction_data=[PAYMENT])
        assert result["state"] == "accepted", result
        assert world.contents.log[-1].transactions == ("urn:eudi:sca:payment:1",)


async def test_a_request_that_is_wrong_is_refused_and_its_verifier_told(plain: WalletWorld) -> None:
    """A PID for somebody whom nobody vouches for: the engine refuses before any consent."""
    await plain.receive(grant="pre-authorized", person="erika")
    request = await plain.ask_unsigned()
    plain.paths()
    flow = await plain.wallet.presenting.begin(request["link"], brought=Brought.LINK)
    assert plain.paths() == []  # an unsigned request stands in the link
    refused = plain.wallet.presenting.look(flow)
    assert isinstance(refused, Unanswerable)
    assert refused.refusal.check is Check.UNAUTHENTICATED_PARTY
    await plain.wallet.presenting.tell(flow)
    assert (await plain.result(request["session"]))["error"]["error"] == "invalid_request"
    entry = plain.contents.log[-1]
    assert (entry.happening, entry.check) == (Happening.REFUSED, Check.UNAUTHENTICATED_PARTY.id)
    assert entry.counterpart.certified is False


async def test_a_wrong_request_can_be_left_without_a_word(plain: WalletWorld) -> None:
    request = await plain.ask_unsigned()
    flow = await plain.wallet.presenting.begin(request["link"], brought=Brought.LINK)
    await plain.wallet.presenting.forget(flow)
    assert plain.contents.log[-1].check == Check.UNAUTHENTICATED_PARTY.id
    assert (await plain.result(request["session"]))["state"] == "pending"


async def test_a_request_of_nobody_who_is_known_is_noted_and_nobody_told(world: WalletWorld) -> None:
    request = await world.request()

    def cut(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        return replace(response, body=response.body[:-4] + b"AAAA")

    world.outbound.edits["/request/"] = cut
    with pytest.raises(Rejected) as caught:
        await world.wallet.presenting.begin(request["link"], brought=Brought.LINK)
    assert caught.value.check is Check.SIGNATURE
    entry = world.contents.log[-1]
    assert (entry.happening, entry.check, entry.counterpart.certified) == (Happening.REFUSED, "signature", False)
    assert world.contents.flows == {}


async def test_a_verifier_that_does_not_take_the_answer_is_noted(world: WalletWorld) -> None:
    await world.receive(formats=["dc+sd-jwt"])
    flow, _ = await world.asked()
    world.outbound.edits["/response/"] = lambda request, response: HttpResponse(
        status=307, headers=(("location", "https://elsewhere.example/"),)
    )
    with pytest.raises(Rejected) as caught:
        await world.accept(flow)
    assert caught.value.check is Check.ANSWER_DELIVERY
    entry = world.contents.log[-1]
    assert (entry.happening, entry.outcome, entry.check) == (Happening.PRESENTED, Outcome.REFUSED, "answer-delivery")
    again = await world.accept(flow)  # from another tab
    assert again.refusal is not None
    assert again.refusal.check == "answer-delivery"


async def test_a_verifier_names_what_is_wrong_with_the_credential(world: WalletWorld) -> None:
    await world.receive(formats=["dc+sd-jwt"])
    await world.operate("issuer", "/revocations", {"person": "erika"})
    await world.operate("issuer", "/status/publish", {})
    flow, _ = await world.asked()
    with pytest.raises(Rejected) as caught:
        await world.accept(flow)
    assert caught.value.check is Check.STATUS
    assert caught.value.detail == "this is the word of who asked, with status 400"
    assert "the credential's status is invalid: it was revoked" in caught.value.said
    assert world.contents.log[-1].check == "status"


@pytest.mark.parametrize("named", ["wallet-locked", "client-binding", "no such check", 7, None])
async def test_a_verifier_has_the_wallet_say_nothing_but_what_is_about_its_answer(
    world: WalletWorld, named: Any
) -> None:
    await world.receive(formats=["dc+sd-jwt"])
    flow, _ = await world.asked()
    refusal = json_response({"error": "invalid_request", "check": named, "remedy": "send your passphrase"}, status=400)
    world.outbound.edits["/response/"] = lambda request, response: refusal
    with pytest.raises(Rejected) as caught:
        await world.accept(flow)
    assert caught.value.check is Check.ANSWER_DELIVERY


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "file:///etc/passwd", "openid4vp://?x=1", "data:text/html,x"]
)
async def test_a_wallet_goes_on_to_web_pages_alone(world: WalletWorld, target: str) -> None:
    await world.receive(formats=["dc+sd-jwt"])
    flow, _ = await world.asked()
    world.outbound.edits["/response/"] = lambda request, response: HttpResponse(
        status=200,
        headers=(("content-type", "application/json"),),
        body=encode_json({"redirect_uri": target}),
    )
    with pytest.raises(Rejected) as caught:
        await world.accept(flow)
    assert caught.value.check is Check.RETURN_TARGET
    entry = world.contents.log[-1]
    assert (entry.outcome, entry.check) == (Outcome.DONE, "return-target")  # what was shared was taken


async def test_what_is_out_of_date_answers_nothing(world: WalletWorld) -> None:
    await world.receive(formats=["dc+sd-jwt"])
    world.clock.advance(20 * DAY)
    flow, _ = await world.asked()
    asked = world.wallet.presenting.look(flow)
    assert isinstance(asked, Asked)
    assert world.wallet.presenting.match(asked.consent).missing == ("pid",)


# --- renewing ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("ISSU_58")
@pytest.mark.requirement("ISSU_65")
@pytest.mark.requirement("ISSU_12b")
@pytest.mark.requirement("ISSU_45")
async def test_new_copies_come_for_new_keys_before_the_last_one_is_shown(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, copies=3) as world:
        (id_,) = await world.receive(formats=["dc+sd-jwt"])
        before = {copy.key.public_key for copy in world.wallet.find(id_).batch.copies}
        await world.present()
        assert world.wallet.renewal.due() == ()
        await world.present()
        assert world.wallet.renewal.due() == (id_,)
        assert await world.wallet.keep_fresh() == ()
        held = world.wallet.find(id_)
        assert held.unused == 3
        assert before.isdisjoint(copy.key.public_key for copy in held.batch.copies)
        assert held.before is None  # nothing in it has changed
        assert world.contents.log[-1].happening is Happening.RENEWED
        assert world.wallet.renewal.due() == ()
        assert (await world.present())["state"] == "accepted"


async def test_the_end_of_validity_is_a_reason_to_renew_once_a_day(world: WalletWorld) -> None:
    (id_,) = await world.receive(formats=["dc+sd-jwt"])
    world.clock.advance(11 * DAY)  # four days before the end, as the catalogue has it, and a day rounded
    assert world.wallet.renewal.due() == (id_,)
    await world.wallet.keep_fresh()
    assert world.wallet.find(id_).credential.valid_until == NOW + 25 * DAY
    assert world.wallet.renewal.due() == ()


@pytest.mark.requirement("ISSU_59")
@pytest.mark.requirement("ISSU_62")
async def test_claims_that_changed_are_shown_once_and_the_old_copies_are_gone(world: WalletWorld) -> None:
    (id_,) = await world.receive(formats=["dc+sd-jwt"])
    register = register_of(world)
    try:
        claims = dict(await register.load_claims("erika", "pid"))
        claims.pop("portrait")
        kept = {name: value for name, value in claims.items() if not name.startswith("age_")}
        await register.change("erika", "pid", kept | {"family_name": "Esempio", "resident_city": "Amaurot"})
    finally:
        register.close()
    before = world.wallet.find(id_)
    await world.wallet.renewal.renew(id_)
    held = world.wallet.find(id_)
    assert held.before == before.credential
    assert held.credential.claims["family_name"] == "Esempio"
    entry = world.contents.log[-1]
    assert set(entry.mentions[0].paths) == {("family_name",), ("address", "locality")}
    assert "Esempio" not in repr(entry)
    assert (await world.present())["credentials"][0]["claims"]["family_name"] == "Esempio"
    await world.wallet.renewal.acknowledge(id_)
    assert world.wallet.find(id_).before is None


@pytest.mark.requirement("ISSU_60")
async def test_a_renewal_that_fails_is_tried_again_later_and_nothing_is_lost(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, copies=2) as world:
        (id_,) = await world.receive(formats=["dc+sd-jwt"])
        await world.present()
        world.outbound.down.add("issuer.localhost")
        errors = await world.wallet.keep_fresh()
        assert list(map(type, errors)) == [Unavailable, Unavailable], "nor could its status be looked up"
        assert world.wallet.find(id_).unused == 1
        assert world.contents.log[-1].happening is Happening.FAILED
        assert await world.wallet.keep_fresh() == ()  # not in a circle
        world.outbound.down.clear()
        world.clock.advance(900)
        assert await world.wallet.keep_fresh() == ()
        assert world.wallet.find(id_).unused == 2


async def test_what_the_issuer_will_not_issue_again_is_not_asked_for_again(world: WalletWorld) -> None:
    """After a revocation the person logs in again; the wallet does not knock every quarter of an hour."""
    sdjwt, mdoc = await world.receive()
    world.clock.advance(11 * DAY)
    await world.operate("issuer", "/revocations", {"person": "erika", "type": "pid"})
    world.clock.advance(1)
    first, second = await world.wallet.keep_fresh()
    assert [error.code for error in (first, second) if isinstance(error, Denied)] == ["credential_request_denied"] * 2
    world.clock.advance(DAY)
    assert world.wallet.renewal.due() == ()
    assert not can_be_renewed(world.contents, world.wallet.find(mdoc))
    with pytest.raises(Rejected) as caught:
        await world.wallet.renewal.renew(sdjwt)
    assert caught.value.check is Check.HELD
    again, _ = await world.receive()
    assert world.wallet.find(again).renewable


async def test_a_refresh_token_that_is_worth_nothing_ends_every_renewal_by_it(world: WalletWorld) -> None:
    sdjwt, mdoc = await world.receive()
    world.outbound.edits["/token"] = answering(400, {"error": "invalid_grant"})
    with pytest.raises(Denied):
        await world.wallet.renewal.renew(sdjwt)
    assert not world.wallet.find(mdoc).renewable


async def test_a_deferred_renewal_that_is_declined_is_the_last_one(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, delayed_types=("diploma",), delay=30) as world:
        flow = await world.arrive(type="diploma", formats=["dc+sd-jwt"])
        world.clock.advance(30)
        await world.wallet.receiving.fetch_deferred(flow)
        (id_,) = await world.wallet.receiving.keep(flow)
        await world.wallet.renewal.renew(id_)
        await world.operate("issuer", "/revocations", {"person": "erika", "type": "diploma"})
        world.clock.advance(30)
        (error,) = await world.wallet.keep_fresh()
        assert isinstance(error, Denied)
        assert not world.wallet.find(id_).renewable
        assert not [flow for flow in world.contents.flows.values() if isinstance(flow, Deferred)]


async def test_a_refresh_token_is_shown_to_the_server_that_gave_it_alone(tmp_path: Path) -> None:
    thief = "https://thief.utopia.example"
    stolen: list[HttpRequest] = []

    async def thieving(request: HttpRequest) -> HttpResponse:
        stolen.append(request)
        return json_response({"issuer": thief, "token_endpoint": f"{thief}/token"})

    def misled(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        members = {**parse_object(response.body, what="test"), "authorization_servers": [thief]}
        return replace(response, body=encode_json(members))

    async with wallet_world(tmp_path, signed_metadata=False) as world:
        (id_,) = await world.receive(formats=["dc+sd-jwt"])
        world.handlers[thief] = thieving
        world.outbound.edits["/.well-known/openid-credential-issuer"] = misled
        with pytest.raises(Rejected) as caught:
            await world.wallet.renewal.renew(id_)
        assert (caught.value.check, caught.value.field) == (Check.SERVER_METADATA, "authorization_servers")
        assert [request.path for request in stolen] == ["/.well-known/oauth-authorization-server"]
        assert world.wallet.find(id_).renewable


async def test_metadata_that_was_signed_when_it_was_received_is_signed_when_it_is_renewed(world: WalletWorld) -> None:
    """Who takes over the issuer's host has not its access certificate."""
    (id_,) = await world.receive(formats=["dc+sd-jwt"])
    world.outbound.edits["/.well-known/openid-credential-issuer"] = answering(200, {"credential_issuer": "x"})
    with pytest.raises(Rejected) as caught:
        await world.wallet.renewal.renew(id_)
    assert (caught.value.check, caught.value.field) == (Check.SERVER_METADATA, "header.content-type")
    world.outbound.edits.clear()
    named = replace(world.wallet.find(id_).provider, certified="Laputa identity office")
    await world.wallet.safe.change(
        lambda contents: (put_holding(contents, replace(find_holding(contents, id_), provider=named)), None)
    )
    with pytest.raises(Rejected) as caught:
        await world.wallet.renewal.renew(id_)
    assert (caught.value.check, caught.value.field) == (Check.SERVER_METADATA, "header.x5c")


async def test_an_issuer_that_is_out_of_order_loses_nothing_of_what_was_deferred(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, delayed_types=("diploma",), delay=30) as world:
        flow = await world.arrive(type="diploma", formats=["dc+sd-jwt"])
        world.clock.advance(30)
        origin = world.config.issuer.origin
        works = world.handlers[origin]

        async def fails(request: HttpRequest) -> HttpResponse:
            return json_response({"error": "temporarily_unavailable"}, status=503)

        world.handlers[origin] = fails
        with pytest.raises(Unavailable):
            await world.wallet.receiving.fetch_deferred(flow)
        assert isinstance(world.wallet.receiving.look(flow), Deferred)
        world.handlers[origin] = works
        assert isinstance(await world.wallet.receiving.fetch_deferred(flow), Arrived)


async def test_a_renewal_that_takes_time_replaces_when_it_comes(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, delayed_types=("diploma",), delay=30) as world:
        flow = await world.arrive(type="diploma", formats=["dc+sd-jwt"])
        world.clock.advance(30)
        await world.wallet.receiving.fetch_deferred(flow)
        (id_,) = await world.wallet.receiving.keep(flow)
        await world.wallet.renewal.renew(id_)
        waiting = only_flow(world, Deferred)
        assert world.wallet.renewal.due() == ()
        world.clock.advance(30)
        await world.wallet.keep_fresh()
        finished = world.wallet.receiving.look(waiting)
        assert isinstance(finished, Finished)
        assert finished.holdings == (id_,)
        assert world.wallet.find(id_).renewed_at == NOW + 60
        assert events_of(world)[-1] == "credential_accepted"


@pytest.mark.requirement("PAD_02")
async def test_what_was_deleted_does_not_come_back_by_a_renewal_that_was_under_way(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, delayed_types=("diploma",), delay=30) as world:
        flow = await world.arrive(type="diploma", formats=["dc+sd-jwt"])
        world.clock.advance(30)
        await world.wallet.receiving.fetch_deferred(flow)
        (id_,) = await world.wallet.receiving.keep(flow)
        await world.wallet.renewal.renew(id_)
        await world.wallet.delete(id_)
        world.clock.advance(30)
        world.paths()
        await world.wallet.keep_fresh()
        assert not [path for path in world.paths() if "credential" in path]
        assert (world.contents.holdings, world.contents.grants) == ((), {})
        assert not [flow for flow in world.contents.flows.values() if isinstance(flow, Arrived | Deferred)]


async def test_without_a_grant_there_is_nothing_to_renew_by(world: WalletWorld) -> None:
    (id_,) = await world.receive(formats=["dc+sd-jwt"])
    await world.wallet.safe.change(lambda contents: (replace(contents, grants={}), None))
    with pytest.raises(Rejected) as caught:
        await world.wallet.renewal.renew(id_)
    assert caught.value.check is Check.HELD
    assert world.wallet.renewal.due() == ()


# --- holding ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("PAD_02")
@pytest.mark.requirement("PAD_03")
@pytest.mark.requirement("PAD_04")
async def test_deletion_takes_every_copy_with_its_key(world: WalletWorld) -> None:
    sdjwt, mdoc = await world.receive()
    world.paths()
    await world.wallet.delete(sdjwt)
    assert [held.id for held in world.contents.holdings] == [mdoc]
    assert len(world.contents.grants) == 1
    await world.wallet.delete(mdoc)
    assert world.contents.grants == {}
    assert world.paths() == []  # the issuer is not told of it
    assert [entry.happening for entry in world.contents.log[-2:]] == [Happening.DELETED] * 2
    with pytest.raises(Rejected) as caught:
        await world.wallet.delete(mdoc)
    assert caught.value.check is Check.HELD


async def test_a_persons_own_status_is_looked_up_on_demand(world: WalletWorld) -> None:
    (id_,) = await world.receive(formats=["dc+sd-jwt"])
    world.paths()
    standing = await world.wallet.look_up_status(id_)
    assert (standing.word, standing.check) == ("valid", "")
    assert len(world.paths()) == 1  # one list for all copies
    await world.operate("issuer", "/revocations", {"person": "erika"})
    await world.operate("issuer", "/status/publish", {})
    world.clock.advance(61)
    standing = await world.wallet.look_up_status(id_)
    assert standing.check == "status"
    assert world.wallet.find(id_).standing == standing


async def test_a_status_that_cannot_be_had_says_nothing_of_the_credential(world: WalletWorld) -> None:
    (id_,) = await world.receive(formats=["dc+sd-jwt"])
    world.outbound.edits["/status/"] = lambda request, response: HttpResponse(status=404)
    with pytest.raises(Rejected) as caught:
        await world.wallet.look_up_status(id_)
    assert caught.value.check is Check.STATUS_LIST
    assert world.wallet.find(id_).standing is None


@pytest.mark.requirement("VCR_10")
@pytest.mark.requirement("VCR_19")
@pytest.mark.parametrize(
    ("type_", "format_", "path"), [("pid", "dc+sd-jwt", "/status/"), ("mdl", "mso_mdoc", "/identifiers/")]
)
async def test_a_wallet_looks_twice_a_day_whether_what_it_holds_was_revoked(
    tmp_path: Path, type_: str, format_: str, path: str
) -> None:
    async with wallet_world(tmp_path) as world:
        (id_,) = await world.receive(type=type_, formats=[format_])
        world.paths()
        assert await world.wallet.keep_fresh() == ()
        issuer = urlsplit(world.config.issuer.origin).netloc + path
        assert sum(asked.startswith(issuer) for asked in world.paths()) == 1, "one list for ten copies"
        standing = world.wallet.find(id_).standing
        assert standing is not None
        assert (standing.word, standing.check) == ("valid", "")
        await world.operate("issuer", "/revocations", {"person": "erika"})
        await world.operate("issuer", "/status/publish", {})
        world.clock.advance(LOOK_SECONDS - 1)
        await world.wallet.keep_fresh()
        assert world.wallet.find(id_).standing == standing
        world.clock.advance(1)
        await world.wallet.keep_fresh()
        found = world.wallet.find(id_).standing
        assert found is not None
        assert found.check == "status"
        world.paths()
        world.clock.advance(LOOK_SECONDS)
        await world.wallet.keep_fresh()
        assert not any(asked.startswith(issuer) for asked in world.paths()), "it is final"


@pytest.mark.requirement("DASH_02")
@pytest.mark.requirement("DASH_03a")
async def test_the_log_has_names_and_never_a_value(world: WalletWorld) -> None:
    await world.receive()
    await world.present(ALL_OF_IT)
    flow, _ = await world.asked(DIPLOMA_QUERY)
    await world.wallet.presenting.refuse(flow)
    happenings = [entry.happening for entry in world.contents.log]
    assert happenings == [Happening.RECEIVED, Happening.PRESENTED, Happening.DECLINED]
    shared = world.contents.log[1]
    assert shared.counterpart.name == "Utopia verifier"
    assert shared.counterpart.identifier == "GOVUT-0002"
    assert ("place_of_birth", "country") in shared.mentions[0].paths
    text = repr(world.contents.log)
    assert [value for value in values_of(world) if value in text] == []


@pytest.mark.requirement("DASH_06")
async def test_nothing_stands_in_the_vault_in_the_clear(world: WalletWorld, tmp_path: Path) -> None:
    await world.receive()
    await world.present(ALL_OF_IT)
    flow, _ = await world.asked()
    await world.arrive(type="diploma", formats=["dc+sd-jwt"])
    data = world.file.path.read_bytes()
    secrets = [value.encode() for value in values_of(world)]
    for held in world.contents.holdings:
        secrets += [copy.data[:40] for copy in held.batch.copies]
        secrets += [copy.key.secret_jwk()["d"].encode() for copy in held.batch.copies]
    secrets += [grant.refresh_token.encode() for grant in world.contents.grants.values()]
    secrets += [b"urn:eudi:pid:1", b"family_name", b"verifier.localhost", flow.encode()]
    assert [secret for secret in secrets if secret in data] == []
    assert world.file.path.stat().st_mode & 0o777 == 0o600


def values_of(world: WalletWorld) -> list[str]:
    """Every text of four characters and more that a credential in the wallet says of its holder."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, str) and len(value) > 3 and not value.startswith(("urn:", "PID", "https:", "Utopia")):
            found.append(value)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
            walk(inner)

    for held in world.contents.holdings:
        walk(dict(held.credential.claims))
    return found


async def test_a_locked_wallet_fetches_nothing(world: WalletWorld) -> None:
    offer, request = await world.offer(), await world.request()
    world.paths()
    await world.wallet.safe.lock()
    for begin in (
        world.wallet.receiving.review(offer["link"], brought=Brought.LINK),
        world.wallet.presenting.begin(request["link"], brought=Brought.LINK),
    ):
        with pytest.raises(Rejected) as caught:
            await begin
        assert caught.value.check is Check.WALLET_LOCKED
    assert await world.wallet.keep_fresh() == ()
    assert world.paths() == []


async def test_another_wallet_on_the_same_vault_is_kept_out(world: WalletWorld) -> None:
    other = open_test_wallet(world.world, CheapVaultFile(world.file.path, random=bytes), world.outbound)
    with pytest.raises(Unavailable):
        await other.safe.unlock(PASSPHRASE)
