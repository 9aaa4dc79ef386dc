"""Issuance from the offer to the status list: a wallet's engine against the issuer that a sandbox configures."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from zegel_testing.authorities import DAY
from zegel_testing.issuance import with_form
from zegel_testing.issuing_world import BATCH, IssuingWorld, TestWallet, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.entropy import system_random
from zegel.adapters.register import open_register
from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.formats.credential import CurrentCredential, Format
from zegel.formats.status.check import check_status
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.jws import parse_jws
from zegel.primitives.keys import PrivateKey
from zegel.profiles import HAIP, PLAIN, Proof
from zegel.protocols.oauth.lifetimes import ACCESS_TOKEN_SECONDS
from zegel.protocols.oauth.pkce import create_code_verifier
from zegel.protocols.openid4vci.metadata import MAX_METADATA
from zegel.protocols.openid4vci.offer import OfferScheme, offer_link, parse_offer
from zegel.protocols.openid4vci.states import Event
from zegel.protocols.openid4vci.wallet.issuance import Done, ProofPause, poll
from zegel.protocols.openid4vci.wallet.notification import notification_step
from zegel.services.status import StatusReader
from zegel.trust.disclosure_policy.parse import parse_disclosure_policy
from zegel.trust.key_attestation import sign_key_attestation
from zegel.web.app.keys import RoleKeys

pytestmark = pytest.mark.anyio

CATALOGUE = load_catalogue().types
MADE_OF_OTHERS = "vaccination_valid"  # no register has it: tests/flows/test_health_certificates.py
ERIKAS = [
    (type_.id, format_) for type_ in CATALOGUE.values() if type_.id != MADE_OF_OTHERS for format_ in type_.formats
]

PROTECTED = ("/credential", "/deferred-credential", "/notification")


@pytest.fixture
async def haip(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as world:
        yield world


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path, profile="plain")) as world:
        yield world


@pytest.fixture(params=["haip", "plain"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path, profile=request.param)) as opened:
        yield opened


def error_of(response: HttpResponse) -> dict[str, str]:
    assert response.status >= 400, response.body
    members: dict[str, str] = json.loads(response.body)
    return members


async def status_of(world: IssuingWorld, wallet: TestWallet, done: Done) -> list[CurrentCredential]:
    """Every copy, with its status looked up as a verifier would."""
    reader = StatusReader(outbound=world.world.outbound, trust=world.world.trust, clock=world.clock, keep=1)
    return [
        check_status(copy, await reader.fetch_status_list(copy.status), now=world.clock.now(), grace=0)
        for received in done.received
        for copy in wallet.verify(received, done)
    ]


# --- what comes ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.requirement("ISSU_01a")
@pytest.mark.requirement("ISSU_12")
@pytest.mark.requirement("ISSU_15")
@pytest.mark.requirement("WUA_09a")
@pytest.mark.requirement("PPNot_03")
@pytest.mark.requirement("PPNot_03a")
async def test_a_wallet_receives_its_pid_in_both_formats_in_ten_copies(world: IssuingWorld) -> None:
    wallet = world.wallet()
    done = await wallet.receive(await world.offer("pid"))
    assert [received.configuration for received in done.received] == ["pid-sd-jwt", "pid-mdoc"]
    copies = [copy for received in done.received for copy in wallet.verify(received, done)]
    assert len(copies) == 2 * BATCH
    assert {copy.holder_key for copy in copies} == {key.public_key for key in wallet.keys}
    assert copies[0].claims["family_name"] == "Voorbeeld"
    assert copies[-1].claims["eu.europa.ec.eudi.pid.1"]["family_name"] == "Voorbeeld"
    assert len(await status_of(world, wallet, done)) == 2 * BATCH


@pytest.mark.slow
@pytest.mark.parametrize(("type_", "format_"), ERIKAS, ids=[f"{type_}-{format_}" for type_, format_ in ERIKAS])
@pytest.mark.requirement("ISSU_26")
@pytest.mark.requirement("PuBPNot_04")
async def test_erika_has_every_type_in_each_of_its_formats(haip: IssuingWorld, type_: str, format_: Format) -> None:
    wallet = haip.wallet()
    wallet.copies = 2
    done = await wallet.receive(await haip.offer(type_, formats=[format_]))
    (received,) = done.received
    assert {copy.type for copy in wallet.verify(received, done)} == {CATALOGUE[type_].identifier(format_)}


@pytest.mark.slow
@pytest.mark.parametrize("choice", [Proof.ATTESTATION, Proof.JWT_WITH_KEY_ATTESTATION, Proof.JWT])
async def test_every_kind_of_proof_is_taken_under_plain(plain: IssuingWorld, choice: Proof) -> None:
    wallet = plain.wallet()
    done = await wallet.receive(await plain.offer("residence", formats=[Format.SD_JWT_VC]), choice=choice)
    assert len(done.received[0].credentials) == BATCH


@pytest.mark.slow
@pytest.mark.parametrize("choice", [Proof.ATTESTATION, Proof.JWT_WITH_KEY_ATTESTATION])
@pytest.mark.requirement("WUA_05")
async def test_both_kinds_of_attested_proof_are_taken_under_haip(haip: IssuingWorld, choice: Proof) -> None:
    wallet = haip.wallet()
    done = await wallet.receive(await haip.offer("residence", formats=[Format.MDOC]), choice=choice)
    assert len(done.received[0].credentials) == BATCH


async def test_under_haip_the_metadata_is_signed_by_the_access_certificate(haip: IssuingWorld) -> None:
    ready = await haip.wallet().ready(await haip.offer())
    assert ready.issuer.signer == "Utopia identity office"


@pytest.mark.slow
async def test_a_wallet_says_what_became_of_the_credentials(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    done = await wallet.receive(await haip.offer("diploma"))
    for received in done.received:
        step = notification_step(
            done.session,
            received,
            Event.ACCEPTED,
            now=haip.clock.now(),
            random=system_random,
        )
        await wallet.drive(step)
    assert [response.status for response in haip.answers("/notification")] == [204, 204]


@pytest.mark.slow
async def test_what_takes_time_is_fetched_later_and_once(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path), delayed_types=("diploma",), delay=60) as world:
        wallet = world.wallet()
        waiting = await wallet.receive(await world.offer("diploma", formats=[Format.SD_JWT_VC]))
        (pending,) = waiting.pending
        assert waiting.received == ()
        assert pending.ready_at == world.clock.now() + 60

        world.clock.advance(20)
        early = await wallet.drive(poll(waiting.session, pending, now=world.clock.now(), random=system_random))
        assert early.pending == (pending,)

        world.clock.advance(40)
        done = await wallet.drive(poll(early.session, pending, now=world.clock.now(), random=system_random))
        assert len(wallet.verify(done.received[0], done)) == BATCH

        with pytest.raises(Denied) as refusal:
            await wallet.drive(poll(done.session, pending, now=world.clock.now(), random=system_random))
        assert refusal.value.code == "invalid_transaction_id"
        assert error_of(world.answers("/deferred-credential")[-1])["check"] == "deferred-transaction"


@pytest.mark.slow
async def test_of_two_who_fetch_what_was_deferred_at_once_one_gets_it(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path), delayed_types=("diploma",), delay=1) as world:
        wallet = world.wallet()
        waiting = await wallet.receive(await world.offer("diploma", formats=[Format.MDOC]))
        world.clock.advance(2)
        now, (pending,) = world.clock.now(), waiting.pending
        both = [wallet.drive(poll(waiting.session, pending, now=now, random=system_random)) for _ in range(2)]
        results = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["Denied", "Done"]


@pytest.mark.slow
@pytest.mark.requirement("ISSU_42")
async def test_a_renewal_has_new_keys_and_what_has_changed_since(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    first = await wallet.receive(await haip.offer("residence", formats=[Format.SD_JWT_VC]))
    haip.clock.advance(25 * DAY)
    register = open_register(f"sqlite:///{haip.config.issuer.source.register}", clock=haip.clock, random=system_random)
    shared = dict(await register.load_claims("erika", "residence") or {}) | {"resident_city": "Amaurot"}
    kept = {name: value for name, value in shared.items() if name != "portrait" and not name.startswith("age_")}
    await register.change("erika", "", kept)
    register.close()

    second = await wallet.renew(first, await haip.offer("residence", formats=[Format.SD_JWT_VC]))
    before = wallet.verify(second.received[0], second)[0]
    assert before.claims["address"]["locality"] == "Amaurot"
    assert len({key.public_key for key in wallet.keys}) == 2 * BATCH


@pytest.mark.slow
@pytest.mark.parametrize("stolen", ["dpop", "instance"])
async def test_a_renewal_is_for_the_wallet_that_received_and_no_other(haip: IssuingWorld, stolen: str) -> None:
    """The refresh token is bound to both keys: with either of them alone it is worth nothing."""
    wallet, thief = haip.wallet(), haip.wallet()
    done = await wallet.receive(await haip.offer("residence"))
    setattr(thief, stolen, getattr(wallet, stolen))
    with pytest.raises(Denied) as refusal:
        await thief.renew(done, await haip.offer("residence"))
    assert refusal.value.code == "invalid_grant"
    assert (await wallet.renew(done, await haip.offer("residence"))).received


@pytest.mark.slow
async def test_responses_are_encrypted_where_the_issuer_asks_for_it(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path), encrypted_responses=True) as world:
        wallet = world.wallet()
        done = await wallet.receive(await world.offer("pid"))
        assert [len(received.credentials) for received in done.received] == [BATCH, BATCH]
        assert {response.header("content-type") for response in world.answers("/credential")} == {"application/jwt"}


@pytest.mark.slow
async def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path)
    async with issuing_world(config) as before:
        wallet = before.wallet()
        pause = await wallet.push(await before.offer("role"))
        back = await wallet.log_in(pause.url)
    async with issuing_world(config) as after:
        wallet.world = after
        done = await wallet.finish(await wallet.come_back(pause, back))
        assert len(done.received) == 2


# --- pre-authorised -----------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_known_person_needs_the_transaction_code_alone(plain: IssuingWorld) -> None:
    offer = await plain.offer("pid", grant="pre-authorized", person="max", tx_code=True)
    wallet = plain.wallet()
    done = await wallet.finish(await wallet.redeem(offer, tx_code=offer["tx_code"]))
    assert wallet.verify(done.received[0], done)[0].claims["family_name"] == "Beispiel"


def by_value(offer: dict[str, Any]) -> dict[str, Any]:
    """The same offer, in the link itself."""
    made = parse_offer(json.dumps(offer["credential_offer"]))
    return offer | {"link": offer_link(made, scheme=OfferScheme.OPENID)}


@pytest.mark.slow
async def test_an_offer_is_over_with_its_code(plain: IssuingWorld) -> None:
    """Whoever scans the picture again, or over a shoulder, gets no code, and takes nothing back by it."""
    offer = await plain.offer("pid", grant="pre-authorized", person="max")
    path = offer["credential_offer_uri"].removeprefix(plain.issuer)
    assert [(await plain.get(path)).status for _ in range(2)] == [200, 200]
    wallet = plain.wallet()
    pause = await wallet.redeem(offer)
    assert (await plain.get(path)).status == 404
    assert (await plain.get("/offer/" + path.rpartition("/")[2])).status == 404
    assert isinstance(await wallet.finish(pause), Done)


@pytest.mark.slow
async def test_an_offer_for_whoever_logs_in_lasts_its_time(haip: IssuingWorld) -> None:
    offer = await haip.offer("residence")
    for person in ("erika", "max"):
        assert (await haip.wallet().receive(offer, person=person)).received


@pytest.mark.slow
async def test_five_wrong_transaction_codes_are_the_end(plain: IssuingWorld) -> None:
    offer = by_value(await plain.offer("pid", grant="pre-authorized", person="max", tx_code=True))
    wrong = f"{(int(offer['tx_code']) + 1) % 10**6:06d}"
    for left in range(4, -1, -1):
        with pytest.raises(Denied, match=f"{left} tries left"):
            await plain.wallet().redeem(offer, tx_code=wrong)
    with pytest.raises(Denied, match="died of wrong transaction codes"):
        await plain.wallet().redeem(offer, tx_code=offer["tx_code"])
    assert (await plain.get(offer["credential_offer_uri"].removeprefix(plain.issuer))).status == 404


@pytest.mark.slow
async def test_a_pre_authorised_code_serves_once_and_its_replay_takes_everything_back(plain: IssuingWorld) -> None:
    offer = by_value(await plain.offer("pid", grant="pre-authorized", person="max"))
    wallet = plain.wallet()
    pause = await wallet.redeem(offer)
    with pytest.raises(Denied, match="used before"):
        await plain.wallet().redeem(offer)
    with pytest.raises(Denied) as refusal:
        await wallet.finish(pause)
    assert refusal.value.code in ("invalid_token", "invalid_grant")


# --- what is refused, and what a refusal leaves -------------------------------------------------------------------


@pytest.mark.slow
async def test_a_c_nonce_serves_one_request_and_the_wallet_goes_on_with_another(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer("pid", formats=[Format.SD_JWT_VC]))
    proofs = await wallet.come_back(pause, await wallet.log_in(pause.url))
    assert isinstance(await wallet.prove(proofs), Done)
    again = await wallet.prove(proofs)
    assert error_of(haip.answers("/credential")[-1])["error"] == "invalid_nonce"
    assert isinstance(again, ProofPause)
    assert again.nonce != proofs.nonce
    assert isinstance(await wallet.finish(again), Done)


@pytest.mark.slow
async def test_a_code_that_comes_twice_takes_back_what_it_gave(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer("pid"))
    back = await wallet.log_in(pause.url)
    proofs = await wallet.come_back(pause, back)
    with pytest.raises(Denied, match="used before"):
        await wallet.come_back(pause, back)
    with pytest.raises(Denied):
        await wallet.finish(proofs)
    assert error_of(haip.answers("/credential")[0])["error"] == "invalid_token"


@pytest.mark.slow
async def test_a_code_is_late_after_a_minute(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer("pid"))
    back = await wallet.log_in(pause.url)
    haip.clock.advance(60)
    with pytest.raises(Denied, match="unknown or expired"):
        await wallet.come_back(pause, back)


@pytest.mark.slow
async def test_a_wrong_verifier_or_redirect_leaves_the_code_to_the_right_request(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer("pid", formats=[Format.MDOC]))
    back = await wallet.log_in(pause.url)
    with pytest.raises(Denied) as refusal:
        await wallet.come_back(replace(pause, verifier=create_code_verifier(system_random)), back)
    assert error_of(haip.answers("/token")[-1])["check"] == "pkce"
    assert refusal.value.code == "invalid_grant"

    wallet.edit = lambda request: (
        with_form(request, redirect_uri="https://wallet.utopia.example/other")
        if request.url.endswith("/token")
        else request
    )
    with pytest.raises(Denied):
        await wallet.come_back(pause, back)
    assert error_of(haip.answers("/token")[-1])["check"] == "redirect-uri"

    wallet.edit = lambda request: request
    assert isinstance(await wallet.finish(await wallet.come_back(pause, back)), Done)


@pytest.mark.slow
async def test_a_token_that_was_seen_on_the_way_is_worth_nothing_without_its_key(haip: IssuingWorld) -> None:
    wallet, thief = haip.wallet(), haip.wallet()
    pause = await wallet.push(await haip.offer("pid"))
    proofs = await wallet.come_back(pause, await wallet.log_in(pause.url))
    stolen = replace(proofs, session=replace(proofs.session, client=replace(proofs.session.client, dpop=thief.dpop)))
    with pytest.raises(Denied):
        await thief.prove(stolen)
    assert error_of(haip.answers("/credential")[-1])["check"] == "dpop-binding"


@pytest.mark.slow
async def test_an_expired_token_is_renewed_on_the_way(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer("pid", formats=[Format.SD_JWT_VC]))
    proofs = await wallet.come_back(pause, await wallet.log_in(pause.url))
    haip.clock.advance(ACCESS_TOKEN_SECONDS)
    done = await wallet.finish(proofs)
    assert len(done.received[0].credentials) == BATCH
    assert error_of(haip.answers("/credential")[0])["error"] in ("invalid_token", "use_dpop_nonce")


async def test_a_proof_of_possession_serves_once(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    await wallet.push(await haip.offer("pid"))
    (pushed,) = [request for request, _ in haip.seen if request.url.endswith("/par")]
    assert error_of(await haip.send(pushed))["check"] == "replay"


async def test_every_refusal_of_an_endpoint_says_rule_clause_fault_and_remedy(haip: IssuingWorld) -> None:
    for path in ("/par", "/token", *PROTECTED):
        headers = (("authorization", "DPoP nonsense"),) if path in PROTECTED else ()
        response = await haip.send(
            HttpRequest(method="POST", url=haip.issuer + path, headers=headers, body=b"nonsense")
        )
        body = error_of(response)
        assert {"error", "error_description", "check", "rule", "clause", "field", "fault", "remedy"} <= set(body), path
        assert response.header("cache-control") == "no-store"
        assert response.header("dpop-nonce")


@pytest.mark.parametrize("path", PROTECTED)
async def test_who_brings_no_token_is_told_how_to(haip: IssuingWorld, path: str) -> None:
    response = await haip.send(HttpRequest(method="POST", url=haip.issuer + path, body=b"nonsense"))
    assert (response.status, response.header("www-authenticate")) == (401, 'DPoP algs="ES256 ES384 ES512"')
    assert error_of(response)["check"] == "access-token"
    assert response.header("dpop-nonce")


# --- what is plain's alone is refused by name ---------------------------------------------------------------------


async def test_haip_makes_no_pre_authorised_offer(haip: IssuingWorld) -> None:
    response = await haip.call_operator("/offers", {"type": "pid", "grant": "pre-authorized", "person": "erika"})
    assert error_of(response)["check"] == "profile"
    assert error_of(response)["field"] == "profile.grants"


@pytest.mark.slow
async def test_haip_redeems_no_pre_authorised_code(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer("pid"))
    back = await wallet.log_in(pause.url)
    wallet.edit = lambda request: (
        with_form(
            request,
            grant_type="urn:ietf:params:oauth:grant-type:pre-authorized_code",
            **{"pre-authorized_code": "guess"},
        )
        if request.url.endswith("/token")
        else request
    )
    with pytest.raises(Denied):
        await wallet.come_back(pause, back)
    refused = error_of(haip.answers("/token")[-1])
    assert (refused["error"], refused["field"]) == ("unsupported_grant_type", "profile.grants")


async def test_haip_knows_no_public_client(haip: IssuingWorld) -> None:
    with pytest.raises(Denied) as refusal:
        await haip.wallet(PLAIN).push(await haip.offer("pid"))
    assert refusal.value.code == "invalid_client"
    assert error_of(haip.answers("/par")[-1])["field"] == "profile.client_authentication"


@pytest.mark.slow
async def test_keys_that_are_guarded_too_little_are_refused(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path), key_resistance=("iso_18045_high",)) as world:
        with pytest.raises(Denied):
            await world.wallet().receive(await world.offer("pid"))
        assert error_of(world.answers("/credential")[-1])["check"] == "key-storage"


class WalletWithoutStatus(TestWallet):
    """Its provider attests keys by OpenID4VCI 1.0 appendix D.1, which has a status optional, and gives none."""

    async def attest(self, keys: Sequence[PrivateKey], nonce: str | None) -> str:
        by, now = RoleKeys("wallet-provider", self.world.world).signer("key"), self.world.clock.now()
        return sign_key_attestation(
            signer=by.signer,
            chain=by.chain,
            provider=self.world.config.wallet_provider.origin,
            keys=[key.public_key for key in keys],
            key_storage=["iso_18045_high"],
            user_authentication=["iso_18045_high"],
            nonce=nonce,
            now=now,
            expires=now + 600,
        ).decode()


@pytest.mark.slow
@pytest.mark.parametrize("choice", [Proof.ATTESTATION, Proof.JWT_WITH_KEY_ATTESTATION])
@pytest.mark.refuses(Check.ATTESTATION_STATUS)
async def test_keys_without_a_status_get_nothing_that_ends_with_the_wallet_and_all_else(
    haip: IssuingWorld, choice: Proof
) -> None:
    """A PID is revoked with its wallet, a residence is not."""
    wallet = WalletWithoutStatus(haip, haip.profile)
    done = await wallet.receive(await haip.offer("residence", formats=[Format.MDOC]), choice=choice)
    assert len(done.received[0].credentials) == BATCH
    with pytest.raises(Denied):
        await wallet.receive(await haip.offer("pid"), choice=choice)
    refused = error_of(haip.answers("/credential")[-1])
    assert (refused["error"], refused["check"]) == ("invalid_proof", Check.ATTESTATION_STATUS.id)


@pytest.mark.slow
async def test_haip_takes_no_proof_without_key_attestation(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer("pid", formats=["mso_mdoc"]))
    proofs = await wallet.come_back(pause, await wallet.log_in(pause.url))
    with pytest.raises(Denied):
        await wallet.prove(proofs, Proof.JWT)
    refused = error_of(haip.answers("/credential")[-1])
    assert (refused["error"], refused["field"]) == ("invalid_proof", "profile.proofs")


async def test_haip_and_plain_offer_under_their_own_scheme(world: IssuingWorld) -> None:
    scheme = "haip-vci://?" if world.profile is HAIP else "openid-credential-offer://?"
    assert (await world.offer("pid"))["link"].startswith(scheme)


# --- revocation ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.requirement("VCR_04")
@pytest.mark.requirement("VCR_01")
@pytest.mark.requirement("VCR_01b")
async def test_what_is_revoked_is_marked_in_the_next_list(haip: IssuingWorld) -> None:
    wallet, other = haip.wallet(), haip.wallet()
    done = await wallet.receive(await haip.offer("pid"))
    others = await other.receive(await haip.offer("pid"), person="max")
    assert len(await status_of(haip, wallet, done)) == 2 * BATCH

    answer = await haip.operate("/revocations", {"person": "erika", "type": "pid"})
    assert sorted((batch["format"], batch["copies"]) for batch in answer["revoked"]) == [
        ("dc+sd-jwt", BATCH),
        ("mso_mdoc", BATCH),
    ]
    assert (await haip.operate("/revocations", {"person": "erika"})) == {"revoked": []}
    await haip.operate("/status/publish")
    haip.clock.advance(2)

    with pytest.raises(Rejected) as refusal:
        await status_of(haip, wallet, done)
    assert refusal.value.check is Check.STATUS
    assert len(await status_of(haip, other, others)) == 2 * BATCH


@pytest.mark.slow
async def test_one_type_is_revoked_and_the_rest_stays(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    residence = await wallet.receive(await haip.offer("residence"))
    diploma = await wallet.receive(await haip.offer("diploma"))
    await haip.operate("/revocations", {"person": "erika", "type": "diploma"})
    await haip.operate("/status/publish")
    assert len(await status_of(haip, wallet, residence)) == 2 * BATCH
    with pytest.raises(Rejected):
        await status_of(haip, wallet, diploma)


# --- the OpenID Foundation's schemas --------------------------------------------------------------------------------

SCHEMAS = Path(__file__).parents[1] / "vectors" / "oidf-conformance" / "json-schemas"


def faults(schema: str, body: bytes) -> list[str]:
    """What a schema of the conformance suite has against a document."""
    validator = Draft202012Validator(json.loads((SCHEMAS / schema).read_text()))
    return [error.message for error in validator.iter_errors(json.loads(body))]


def without_ts12(body: bytes) -> bytes:
    """A type's document without the members of TS12, which the schema does not know."""
    members = json.loads(body)
    return json.dumps(
        {name: members[name] for name in members.keys() - {"category", "transaction_data_types"}}
    ).encode()


def without_ts3(members: dict[str, Any]) -> bytes:
    """TS3 1.5 section 2.4 adds a member at the top, for HAIP alone here, and TS 119 472-3 another: no schema's."""
    assert members.get("preferred_client_status_period") in (None, 31 * 86_400)
    assert [each["format"] for each in members["issuer_info"]] == ["registration_cert"]
    added = {"preferred_client_status_period", "issuer_info"}
    return json.dumps({name: value for name, value in members.items() if name not in added}).encode()


def without_policies(members: dict[str, Any]) -> dict[str, Any]:
    """TS 119 472-3 section 4.2.5 adds a member to the metadata of a credential, which the schema does not know."""
    offered = {
        id_: configuration
        | {
            "credential_metadata": {
                name: value
                for name, value in configuration["credential_metadata"].items()
                if name != "embedded_disclosure_policy"
            }
        }
        for id_, configuration in members["credential_configurations_supported"].items()
    }
    return members | {"credential_configurations_supported": offered}


@pytest.mark.requirement("EDP_01")
@pytest.mark.requirement("EDP_09")
async def test_a_policy_of_the_catalogue_stands_by_value_in_the_metadata(world: IssuingWorld) -> None:
    metadata = json.loads((await world.get("/.well-known/openid-credential-issuer")).body)
    with_policy = {
        id_: configuration["credential_metadata"]["embedded_disclosure_policy"]
        for id_, configuration in metadata["credential_configurations_supported"].items()
        if "embedded_disclosure_policy" in configuration["credential_metadata"]
    }
    assert set(with_policy) == {"role-sd-jwt", "role-mdoc"}
    for policy in with_policy.values():
        assert parse_disclosure_policy(policy, where="") == CATALOGUE["role"].policy


@pytest.mark.slow
async def test_what_the_issuer_publishes_is_what_the_conformance_suite_expects(world: IssuingWorld) -> None:
    metadata = await world.get("/.well-known/openid-credential-issuer")
    assert (
        faults("oid4vci/credential_issuer_metadata-1_0.json", without_ts3(without_policies(json.loads(metadata.body))))
        == []
    )
    server = await world.get("/.well-known/oauth-authorization-server")
    assert faults("rfc8414/oauth_authorization_server_metadata.json", server.body) == []
    for type_ in world.config.issuer.types:
        made = await world.offer(type_)
        served = await world.get(made["credential_offer_uri"].removeprefix(world.issuer))
        assert faults("oid4vci/credential_offer-1_0.json", served.body) == []
        described = await world.get(f"/type-metadata/{type_}")
        if CATALOGUE[type_].vct is None:
            assert described.status == 404
        else:
            assert faults("sdjwtvc/type_metadata.json", without_ts12(described.body)) == []
    offered = json.loads(metadata.body)["credential_configurations_supported"].values()
    identifiers = {each.get("vct") or each["doctype"] for each in offered}
    assert identifiers == {type_.identifier(format_) for type_ in CATALOGUE.values() for format_ in type_.formats}


@pytest.mark.slow
async def test_signed_metadata_says_what_the_conformance_suite_expects_and_who_says_it(haip: IssuingWorld) -> None:
    signed = await haip.get("/.well-known/openid-credential-issuer", ("accept", "application/jwt"))
    claims = dict(parse_jws(signed.body, what="test", max_bytes=MAX_METADATA).unverified_claims)
    own = {name: claims.pop(name) for name in ("sub", "iat", "exp")}  # section 12.2.3, which the schema does not know
    assert own["sub"] == haip.issuer
    assert faults("oid4vci/credential_issuer_metadata-1_0.json", without_ts3(without_policies(claims))) == []


@pytest.mark.parametrize("with_code", [True, False])
async def test_pre_authorised_offers_are_what_the_conformance_suite_expects(
    plain: IssuingWorld, with_code: bool
) -> None:
    made = await plain.offer("pid", grant="pre-authorized", person="erika", tx_code=with_code)
    served = await plain.get(made["credential_offer_uri"].removeprefix(plain.issuer))
    assert faults("oid4vci/credential_offer-1_0.json", served.body) == []
    assert json.loads(served.body) == made["credential_offer"]
