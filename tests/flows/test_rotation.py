"""Keys rotated while things are under way: what was begun under the old key ends well, what it signed still counts, and
what it signs after its end does not. Over the loopback, with a sandbox's own keys, lists and databases."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.browser import link_of
from zegel_testing.issuing_world import (
    PASSWORDS,
    IssuingWorld,
    TestWallet,
    hidden_fields,
    issuing_world,
    location_of,
)
from zegel_testing.rotation import picked_up, role_key, rotated
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.sign_in_world import SignInWorld, another_client, sign_in_world
from zegel_testing.wallet_world import MDOC_QUERY, WalletWorld, wallet_world

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.keyrings import load_ring
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.rotation import rotate_sealing_key, tidy_key, tidy_sealing_keys
from zegel.adapters.sealing_keys import SealingKeys, load_sealing_keys
from zegel.adapters.sql.upkeep import back_up, database_file, restore
from zegel.checks import Check
from zegel.config.roles import Config
from zegel.config.setting import Count
from zegel.errors import Denied, Rejected, Unavailable
from zegel.primitives.jws import parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import PrivateKey, PublicKey
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces
from zegel.protocols.oauth.pkce import code_challenge
from zegel.protocols.oidc.provider import key_id
from zegel.protocols.oidc.sign_in import ID_TOKEN_SECONDS
from zegel.protocols.oidc.upstream import parse_keys
from zegel.protocols.openid4vci.deferred import DEFERRED_SECONDS
from zegel.protocols.openid4vci.offer import parse_offer
from zegel.protocols.openid4vci.publication import SIGNED_SECONDS
from zegel.protocols.openid4vci.wallet.authorization import begin_pre_authorized
from zegel.protocols.openid4vci.wallet.start import Ready
from zegel.protocols.openid4vp.verifier import SAME_DEVICE_SECONDS
from zegel.services.issuer import GRANT_SECONDS
from zegel.services.trust import Trust
from zegel.services.wallet.contents import Arrived, Brought
from zegel.trust.access import certificate_client_id
from zegel.web.app.issuer import open_issuer
from zegel.web.app.keys import RoleKeys, other_generations, sealing_keys
from zegel.web.app.roles import OpenRole, World, secrets_of
from zegel.web.app.roles import role_key as role_secret
from zegel.web.app.verifier import open_verifier
from zegel.web.issuer import METADATA_SECONDS
from zegel.web.provider import PUBLISHED_SECONDS

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

VERIFIER = "v" * 43
NOBODY = Trust([], fixed=(), clock=ManualClock(NOW))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# --- ID Tokens ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def sign_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    config = sandbox_at(tmp_path / "sandbox")
    clients = (*config.provider.clients, another_client())
    config = replace(config, provider=replace(config.provider, clients=clients))
    async with sign_in_world(config, database=tmp_path / "provider.db") as world:
        monkeypatch.setattr(time, "time", lambda: float(world.clock.now()))  # Authlib reads the clock itself
        yield world


class Library:
    """A service that keeps the keys that it has fetched, and fetches them again for a token whose key it misses."""

    def __init__(self, world: SignInWorld) -> None:
        self.world = world
        self.kept: dict[str | None, PublicKey] = {}
        self.fetched = 0

    async def published(self) -> dict[str | None, PublicKey]:
        """The keys as they are published now."""
        self.fetched += 1
        return dict(parse_keys(await self.world.browser().get(f"{self.world.provider}/jwks")))

    async def verify(self, id_token: str) -> dict[str, Any]:
        """The claims of a token; ``Rejected`` when its key is not published."""
        jws = parse_jws(id_token, what="ID Token")
        kid = jws.unverified_header.kid
        if kid not in self.kept:
            self.kept = await self.published()
        if kid not in self.kept:
            raise Rejected(Check.KEY_SOURCE, "expected a key that the provider publishes", field="header.kid")
        return dict(verify_jws(jws, key=self.kept[kid], typ="JWT").claims)

    async def code(self) -> str:
        """A person signs in: the code that comes of it."""
        request = {
            "response_type": "code",
            "client_id": "library",
            "redirect_uri": "https://library.utopia.example/back",
            "scope": "openid profile",
            "code_challenge": code_challenge(VERIFIER),
            "code_challenge_method": "S256",
        }
        browser, (copy,) = self.world.browser(), await self.world.office.issue()
        page = await browser.open(f"{self.world.provider}/authorize?{urlencode(request)}")
        answer = await browser.get(await self.world.wallet(copy).present(link_of(page, "Open my wallet")))
        return re.search(r"[?&]code=([\w-]+)", answer.header("location"))[1]

    async def redeem(self, code: str) -> str:
        """The ID Token that a code is good for."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": "library",
            "redirect_uri": "https://library.utopia.example/back",
            "code_verifier": VERIFIER,
        }
        answer = await self.world.browser().post(f"{self.world.provider}/token", form, page=self.world.service)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)["id_token"]


async def announced(world: SignInWorld) -> None:
    """The provider's successor is published, for as long as anybody keeps a key set."""
    rotated(world.world.config, "provider.key", now=world.clock.now())
    await picked_up(world.roles)
    world.clock.advance(world.world.config.keys + PUBLISHED_SECONDS)


async def handed_over(world: SignInWorld) -> None:
    """The successor signs."""
    rotated(world.world.config, "provider.key", now=world.clock.now())
    await picked_up(world.roles)


async def test_a_successor_is_published_before_it_signs(sign_ins: SignInWorld) -> None:
    library = Library(sign_ins)
    (first,) = await library.published()
    await announced(sign_ins)
    assert next(iter(await library.published())) == first
    (successor,) = set(await library.published()) - {first}
    assert parse_jws(await library.redeem(await library.code()), what="ID Token").unverified_header.kid == first
    await handed_over(sign_ins)
    assert parse_jws(await library.redeem(await library.code()), what="ID Token").unverified_header.kid == successor
    assert {first, successor} < set(await library.published())  # and the next successor


async def test_a_successor_that_not_everybody_knows_yet_does_not_sign(sign_ins: SignInWorld) -> None:
    config, now = sign_ins.world.config, sign_ins.clock.now()
    rotated(config, "provider.key", now=now)
    last = now + config.keys + PUBLISHED_SECONDS - 1
    with pytest.raises(Unavailable, match="its successor may sign in 1 seconds"):
        rotated(config, "provider.key", now=last)
    assert rotated(config, "provider.key", now=last + 1).retired


async def test_a_sign_in_across_a_rotation_gives_a_token_that_fresh_and_old_key_sets_verify(
    sign_ins: SignInWorld,
) -> None:
    before, fresh = Library(sign_ins), Library(sign_ins)
    await before.verify(await before.redeem(await before.code()))
    await announced(sign_ins)
    code = await before.code()
    await handed_over(sign_ins)
    token = await before.redeem(code)
    assert (await before.verify(token))["aud"] == "library"
    assert (await fresh.verify(token))["aud"] == "library"
    assert (before.fetched, fresh.fetched) == (2, 1)  # whoever had the old set fetched it once more


async def test_a_token_from_before_a_rotation_verifies_until_it_is_over(sign_ins: SignInWorld) -> None:
    library = Library(sign_ins)
    await announced(sign_ins)
    token = await library.redeem(await library.code())
    await handed_over(sign_ins)
    sign_ins.clock.advance(ID_TOKEN_SECONDS)
    await picked_up(sign_ins.roles)
    assert (await Library(sign_ins).verify(token))["aud"] == "library"


@pytest.mark.refuses(Check.KEY_SOURCE)
async def test_what_a_retired_key_signs_after_its_end_is_refused(sign_ins: SignInWorld) -> None:
    config = sign_ins.world.config
    stolen = load_private_key(config.provider.key)
    forged = sign_jws({"aud": "library"}, signer=stolen, typ="JWT", header={"kid": kid_of(stolen)}).decode()
    await announced(sign_ins)
    await handed_over(sign_ins)
    sign_ins.clock.advance(role_key(config, "provider.key").practice.trails - 1)
    await picked_up(sign_ins.roles)
    assert await Library(sign_ins).verify(forged)
    sign_ins.clock.advance(1)
    await picked_up(sign_ins.roles)
    with pytest.raises(Rejected) as refusal:
        await Library(sign_ins).verify(forged)
    assert refusal.value.check is Check.KEY_SOURCE


async def test_a_stock_library_signs_in_before_during_and_after(sign_ins: SignInWorld) -> None:
    """Tax online's library keeps the key set of its first sign-in, and looks for a key that it misses."""
    assert await at_tax_online(sign_ins) == 200
    await announced(sign_ins)
    assert await at_tax_online(sign_ins) == 200
    await handed_over(sign_ins)
    assert await at_tax_online(sign_ins) == 200


async def at_tax_online(world: SignInWorld) -> int:
    browser, (copy,) = world.browser(), await world.office.issue()
    page = await browser.open(f"{world.service}/sign-in")
    back = await world.wallet(copy).present(link_of(page, "Open my wallet"))
    return (await browser.open(back)).status


async def test_a_request_that_was_opened_before_its_certificate_was_replaced_is_signed_under_its_name(
    sign_ins: SignInWorld,
) -> None:
    browser, (copy,) = sign_ins.browser(), await sign_ins.office.issue()
    page = await browser.open(f"{sign_ins.service}/sign-in")
    rotated(sign_ins.world.config, "provider.access_key", now=sign_ins.clock.now())
    await picked_up(sign_ins.roles)
    back = await sign_ins.wallet(copy).present(link_of(page, "Open my wallet"))
    assert (await browser.open(back)).status == 200


def kid_of(key: PrivateKey) -> str:
    return key_id(key.public_key)


# --- issuance and presentation --------------------------------------------------------------------------------------

KEYS = ("issuer.key", "issuer.access_key", "issuer.encryption_key", "verifier.access_key", "wallet-provider.key")


@pytest.fixture
async def world(tmp_path: Path):
    async with wallet_world(tmp_path / "sandbox") as opened:
        yield opened


async def all_rotated(world: WalletWorld) -> None:
    """Every key of every role is another one, and every role knows."""
    for name in KEYS:
        assert rotated(world.config, name, now=world.clock.now()).retired
    await picked_up(world.roles.values())


async def test_an_issuance_that_was_begun_before_a_rotation_ends_after_it(world: WalletWorld) -> None:
    offer = await world.offer()
    receiving = world.wallet.receiving
    flow = await receiving.review(offer["link"], brought=Brought.LINK)
    url = await receiving.log_in(flow, redirect_uri=world.callback, browser="browser")
    callback = await world.log_in(url)
    await all_rotated(world)
    await receiving.come_back(callback, browsers=["browser"])
    assert await receiving.keep(flow)
    assert (await world.present())["state"] == "accepted"


async def test_what_is_issued_after_a_rotation_is_signed_by_the_new_key_under_the_same_anchor(
    world: WalletWorld,
) -> None:
    """No list of trusted entities has to change: the anchor is the authority, which stays."""
    old = load_certificates(world.config.issuer.chain)[0]
    await all_rotated(world)
    new = load_certificates(world.config.issuer.chain)[0]
    assert (old.key != new.key, old.subject, old.authority_key_id) == (True, new.subject, new.authority_key_id)
    await world.receive(formats=["mso_mdoc"])
    assert all(new.der in copy.data for holding in world.contents.holdings for copy in holding.batch.copies)
    assert (await world.present(MDOC_QUERY))["state"] == "accepted"


async def test_a_credential_from_before_a_rotation_verifies_after_it(world: WalletWorld) -> None:
    await world.receive()
    await all_rotated(world)
    await all_rotated(world)
    assert (await world.present())["state"] == "accepted"


async def test_a_revocation_of_what_was_issued_before_a_rotation_is_signed_by_the_new_key(world: WalletWorld) -> None:
    (id_,) = await world.receive(formats=["dc+sd-jwt"])
    assert (await world.wallet.look_up_status(id_)).word == "valid"
    await all_rotated(world)
    await world.operate("issuer", "/revocations", {"person": "erika"})
    await world.operate("issuer", "/status/publish", {})
    world.clock.advance(61)
    assert (await world.wallet.look_up_status(id_)).check == "status"


async def test_a_request_that_was_made_before_a_rotation_is_answered_after_it(world: WalletWorld) -> None:
    await world.receive()
    request = await world.request()
    await all_rotated(world)
    flow = await world.wallet.presenting.begin(request["link"], brought=Brought.LINK)
    finished = await world.accept(flow)
    await world.browser().open(finished.redirect_uri)
    assert (await world.result(request["session"]))["state"] == "accepted"


async def test_a_request_that_was_fetched_before_a_rotation_is_answered_after_it(world: WalletWorld) -> None:
    await world.receive()
    flow, session = await world.asked()
    await all_rotated(world)
    finished = await world.accept(flow)
    await world.browser().open(finished.redirect_uri)
    assert (await world.result(session))["state"] == "accepted"


async def test_a_retired_access_key_signs_for_as_long_as_a_request_may_be_open(world: WalletWorld) -> None:
    practice = role_key(world.config, "verifier.access_key").practice
    assert practice.trails == world.config.keys + SAME_DEVICE_SECONDS
    await all_rotated(world)
    (retired,) = load_ring(role_key(world.config, "verifier.access_key").files).retired
    assert retired.private is not None
    world.clock.advance(practice.trails)
    files = role_key(world.config, "verifier.access_key").files
    assert tidy_key(files, now=world.clock.now()).retired == ()
    assert retired.private.secret_pem() not in files.ring.read_bytes()


async def test_what_was_deferred_before_a_rotation_is_fetched_weeks_after_it(tmp_path: Path) -> None:
    """The wallet asks with the metadata that it has read at the beginning."""
    async with wallet_world(tmp_path / "sandbox", delayed_types=("diploma",), delay=30) as world:
        flow = await world.arrive(type="diploma", formats=["dc+sd-jwt"])
        rotated(world.config, "issuer.encryption_key", now=world.clock.now())
        await picked_up(world.roles.values())
        world.clock.advance(DEFERRED_SECONDS - 1)
        await picked_up(world.roles.values())
        assert isinstance(await world.wallet.receiving.fetch_deferred(flow), Arrived)


async def test_a_request_is_opened_with_a_retired_key_until_metadata_that_names_it_is_over(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path / "sandbox", profile="plain")) as world:
        wallet, offer = world.wallet(), await world.offer(**PRE_AUTHORIZED)
        ready = await wallet.ready(offer)
        practice = role_key(world.config, "issuer.encryption_key").practice
        assert practice.trails == world.config.keys + DEFERRED_SECONDS
        assert practice.trails > METADATA_SECONDS + SIGNED_SECONDS
        rotated(world.config, "issuer.encryption_key", now=world.clock.now())
        await picked_up(world.roles)
        world.clock.advance(practice.trails - 1)
        assert (await wallet.finish(await asked(wallet, ready, await world.offer(**PRE_AUTHORIZED)))).received
        await picked_up(world.roles)
        world.clock.advance(1)
        await picked_up(world.roles)
        with pytest.raises(Denied) as refusal:
            await wallet.finish(await asked(wallet, ready, await world.offer(**PRE_AUTHORIZED)))
        assert refusal.value.code == "invalid_encryption_parameters"


PRE_AUTHORIZED = {"grant": "pre-authorized", "person": "erika", "tx_code": False}


async def asked(wallet: TestWallet, ready: Ready, offer: dict[str, Any]) -> Any:
    """An offer taken up with metadata that was fetched for another one: the pause for proofs."""
    taken = replace(ready, offer=parse_offer(json.dumps(offer["credential_offer"])))
    now = wallet.world.clock.now()
    step = begin_pre_authorized(taken, client=await wallet.client(), tx_code=None, now=now, random=system_random)
    return await wallet.drive(step)


# --- several workers ------------------------------------------------------------------------------------------------

WORKED = ("verifier.access_key", "issuer.access_key", "issuer.encryption_key")


@pytest.mark.parametrize("name", WORKED)
@pytest.mark.parametrize("behind", [1, 30, 59])
async def test_no_worker_uses_a_key_that_another_has_not_read(tmp_path: Path, name: str, behind: int) -> None:
    """Each looks every ``keys`` seconds, and never both at once. The key is rotated again before all have read it."""
    config = two_workers(sandbox_at(tmp_path))
    world = World(config=config, clock=ManualClock(NOW), random=system_random, outbound=Loopback({}), trust=NOBODY)
    role, _, setting = name.partition(".")
    workers = [RoleKeys(role, world) for _ in range(2)]
    used = [workers[0].ring(setting).current.id, workers[1].ring(setting).current.id]
    for turn in range(8):
        if turn in (1, 2):
            used.append(rotated(config, name, now=world.clock.now()).current.id)
        for at, wait in ((0, behind), (1, config.keys - behind)):
            await workers[at].timer().act()
            rings = [worker.ring(setting) for worker in workers]
            for ring, other in (rings, rings[::-1]):
                assert ring.current.id in {each.id for each in (other.current, *other_generations(other))}
                assert ring.current.private is not None
            world.clock.advance(wait)
    assert {worker.ring(setting).current.id for worker in workers} == {used[-1]}


async def test_a_request_that_one_worker_begins_under_a_new_name_is_signed_by_another_under_it(tmp_path: Path) -> None:
    async with wallet_world(tmp_path / "sandbox") as world:
        await world.receive()
        shared = replace(world.world, config=two_workers(world.config))
        world.roles["verifier"].close()
        workers = [await open_verifier(shared) for _ in range(2)]
        world.roles["verifier"] = workers[0]
        old = load_certificates(world.config.verifier.access_chain)[0]
        rotated(shared.config, "verifier.access_key", now=world.clock.now())
        for worker in (*workers, workers[0]):  # the second looks once less
            await picked_up([worker])
            world.clock.advance(world.config.keys)
        for here, there in ((0, 1), (1, 0)):
            answers_at(world, workers[here])
            request = await world.request()
            answers_at(world, workers[there])
            flow = await world.wallet.presenting.begin(request["link"], brought=Brought.LINK)
            finished = await world.accept(flow)
            await world.browser().open(finished.redirect_uri)
            assert (await world.result(request["session"]))["state"] == "accepted"
            assert (certificate_client_id(old) in unquote(request["link"])) is (here == 1)
        workers[1].close()


def two_workers(config: Config) -> Config:
    roles = (config.issuer, config.verifier, config.provider)
    issuer, verifier, provider = (replace(role, workers=Count(2)) for role in roles)
    return replace(config, issuer=issuer, verifier=verifier, provider=provider)


def answers_at(world: WalletWorld, worker: OpenRole) -> None:
    """The kernel gives the next connections to this one."""
    world.handlers |= {listener.origin: listener.handle for listener in worker.listeners}


# --- sealing keys ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def issuing(tmp_path: Path):
    async with issuing_world(sandbox_at(tmp_path / "sandbox")) as opened:
        yield opened


async def sealed_anew(world: IssuingWorld) -> None:
    """The issuer's sealing key is another one, and the issuer was started again."""
    sealing_rotated(world)
    await started_again(world)


def sealing_rotated(world: IssuingWorld) -> None:
    """The issuer's sealing key is another one, and the issuer that runs knows nothing of it."""
    path, databases, trails = issuer_seal(world)
    rotate_sealing_key(path, databases=databases, trails=trails, random=system_random, now=world.clock.now())


def tidied(world: IssuingWorld) -> SealingKeys:
    """What is over of the issuer's sealing keys is removed."""
    path, databases, trails = issuer_seal(world)
    return tidy_sealing_keys(path, databases=databases, trails=trails, now=world.clock.now())


def issuer_seal(world: IssuingWorld) -> tuple[Path, list[Path], int]:
    key = next(each for each in sealing_keys(world.config) if each.name == "issuer.sealing_key")
    return key.path, [database_file(each) for each in key.databases], key.trails


async def started_again(world: IssuingWorld) -> None:
    """The issuer is another process."""
    world.roles[0].close()
    issuer = await open_issuer(world.world)
    world.handlers |= {listener.origin: listener.handle for listener in issuer.listeners}
    world.roles = (issuer, *world.roles[1:])


async def test_an_issuance_goes_on_after_the_sealing_key_was_rotated(issuing: IssuingWorld) -> None:
    wallet, offer = issuing.wallet(), await issuing.offer()
    pause = await wallet.push(offer)
    page = await wallet.browser.open(pause.url)
    await sealed_anew(issuing)
    fields = hidden_fields(page) | {"login": "erika", "password": PASSWORDS["erika"]}
    consent = await wallet.browser.follow(await wallet.browser.post("/log-in", fields))  # a form from before
    await sealed_anew(issuing)
    proofs = await wallet.come_back(pause, location_of(await wallet.decide(consent)))
    await sealed_anew(issuing)
    done = await wallet.finish(proofs)  # with a c_nonce from before
    await sealed_anew(issuing)
    assert (await wallet.renew(done, offer)).received


async def test_a_nonce_of_a_retired_key_is_refused_after_its_end(issuing: IssuingWorld) -> None:
    """Five minutes are over long before the key is; whoever has the old key makes nonces until then and no longer."""
    keys = load_sealing_keys(issuing.config.issuer.sealing_key)
    old = Nonces(key=role_secret(keys.current, "nonces"))
    await sealed_anew(issuing)
    (retired,) = tidied(issuing).retired
    assert retired.until is not None
    issuing.clock.advance(retired.until - issuing.clock.now() - 1)
    assert secrets_of(load_sealing_keys(issuing.config.issuer.sealing_key), issuing.world).earlier == (keys.current,)
    issuing.clock.advance(1)
    secrets = secrets_of(load_sealing_keys(issuing.config.issuer.sealing_key), issuing.world)
    new, earlier = secrets.derive("nonces")
    value = old.issue(NoncePurpose.DPOP, now=issuing.clock.now(), random=system_random)
    with pytest.raises(Rejected) as refusal:
        Nonces(key=new, earlier=earlier).verify(
            value, purpose=NoncePurpose.DPOP, now=issuing.clock.now(), check=Check.PROOF_NONCE
        )
    assert refusal.value.check is Check.PROOF_NONCE


async def test_a_revocation_is_still_known_after_the_sealing_key_was_rotated(issuing: IssuingWorld) -> None:
    """Whoever has the wallet has its refresh token; a revocation holds whichever key it was noted under."""
    wallet, offer = issuing.wallet(), await issuing.offer()
    done = await wallet.receive(offer)
    await issuing.operate("/revocations", {"person": "erika"})
    await sealed_anew(issuing)
    await sealed_anew(issuing)
    issuing.clock.advance(1)
    with pytest.raises(Denied) as refusal:
        await wallet.renew(done, offer)
    assert refusal.value.code == "credential_request_denied"


async def test_a_revocation_is_found_for_its_time_however_late_the_role_was_started_again(
    issuing: IssuingWorld,
) -> None:
    """A role that runs notes revocations under the key that it began with, long after that was rotated."""
    old = load_sealing_keys(issuing.config.issuer.sealing_key).current
    sealing_rotated(issuing)
    issuing.clock.advance(GRANT_SECONDS - 1)
    tidied(issuing)
    await issuing.operate("/revocations", {"person": "erika"})
    await started_again(issuing)
    tidied(issuing)
    issuing.clock.advance(GRANT_SECONDS - 1)
    assert secrets_of(tidied(issuing), issuing.world).earlier == (old,)
    issuing.clock.advance(1)
    assert secrets_of(tidied(issuing), issuing.world).earlier == ()


async def test_a_transaction_code_is_right_after_the_sealing_key_was_rotated(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path / "sandbox", profile="plain")) as world:
        wallet, offer = world.wallet(), await world.offer(**(PRE_AUTHORIZED | {"tx_code": True}))
        await sealed_anew(world)
        wrong = "".join(str(9 - int(digit)) for digit in offer["tx_code"])
        with pytest.raises(Denied) as refusal:
            await wallet.redeem(offer, tx_code=wrong)
        assert refusal.value.code == "invalid_grant"
        await sealed_anew(world)
        assert (await wallet.finish(await wallet.redeem(offer, tx_code=offer["tx_code"]))).received


async def test_a_person_is_found_for_a_revocation_after_the_sealing_key_was_rotated(issuing: IssuingWorld) -> None:
    await issuing.wallet().receive(await issuing.offer())
    await sealed_anew(issuing)
    assert (await issuing.operate("/revocations", {"person": "erika"}))["revoked"]


async def test_a_retired_sealing_key_stays_while_the_database_needs_it(issuing: IssuingWorld) -> None:
    path, databases, trails = issuer_seal(issuing)
    sealing_rotated(issuing)
    issuing.clock.advance(2 * trails)
    assert len(tidied(issuing).retired) == 1
    sealing_rotated(issuing)
    assert [each.until for each in load_sealing_keys(path).retired] == [None, None]
    issuing.roles[0].close()
    back_up(databases[0], path.with_name("backup"))
    (await open_issuer(issuing.world)).close()
    assert {each.until for each in tidied(issuing).retired} == {issuing.clock.now() + trails}
    sealing = load_sealing_keys(path)
    keys = (sealing.current, *sealing.earlier())
    restore(databases[0], path.with_name("backup"), keys=keys, replace=True, now=issuing.clock.now())
    issuing.clock.advance(trails)
    with pytest.raises(Unavailable, match="sealed by another key"):
        tidied(issuing)
    (await open_issuer(issuing.world)).close()
    assert tidied(issuing).retired == ()
    (await open_issuer(issuing.world)).close()


async def test_a_sealing_key_of_two_roles_stays_while_either_database_needs_it(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path / "sandbox")
    config = replace(config, verifier=replace(config.verifier, sealing_key=config.issuer.sealing_key))
    async with issuing_world(config) as world:
        verifier = await open_verifier(world.world)
        sealing_rotated(world)
        await started_again(world)
        world.clock.advance(2 * GRANT_SECONDS)
        assert [each.until for each in tidied(world).retired] == [None]
        verifier.close()
        (await open_verifier(world.world)).close()
        assert [each.until for each in tidied(world).retired] == [world.clock.now() + GRANT_SECONDS]
