"""The credential issuer's decisions beyond the protocol: who gets what, when, and what is taken back."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY
from zegel_testing.issuing_world import BATCH, IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.formats.claims import Claims
from zegel.formats.credential import Format
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.openid4vci.credential import NOTIFICATION_SECONDS
from zegel.protocols.openid4vci.deferred import DEFERRED_SECONDS
from zegel.protocols.openid4vci.states import Event
from zegel.protocols.openid4vci.wallet.issuance import poll, refresh_step
from zegel.protocols.openid4vci.wallet.notification import notification_step
from zegel.services.issuer import DEFERRED, NOTIFIED
from zegel.services.issuer_policy import IssuerPolicy
from zegel.services.trust import Trust

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as opened:
        yield opened


class Source:
    """A source with one answer."""

    def __init__(self, claims: Claims | None) -> None:
        self.claims = claims

    async def load_claims(self, person: str, type_: str) -> Claims | None:
        return self.claims


async def refused(world: IssuingWorld, source: Source) -> dict[str, str]:
    """What the credential endpoint says when the source has changed since the consent."""
    wallet = world.wallet()
    pause = await wallet.push(await world.offer("pid", formats=["mso_mdoc"]))
    proofs = await wallet.come_back(pause, await wallet.log_in(pause.url))
    known = world.site.issuer._source
    world.site.issuer._source = source
    with pytest.raises(Denied):
        await wallet.finish(proofs)
    world.site.issuer._source = known
    members: dict[str, str] = json.loads(world.answers("/credential")[-1].body)
    return members


@pytest.mark.slow
async def test_what_the_source_no_longer_knows_is_not_issued(world: IssuingWorld) -> None:
    answer = await refused(world, Source(None))
    assert (answer["error"], answer["check"]) == ("credential_request_denied", "issuer-decision")


@pytest.mark.slow
async def test_a_record_of_ours_that_does_not_fit_is_our_fault(world: IssuingWorld) -> None:
    record = await world.site.issuer._source.load_claims("erika", "pid")
    answer = await refused(world, Source({**(record or {}), "sex": "unknown"}))
    assert (answer["error"], answer["check"], answer["fault"]) == ("credential_request_denied", "record", "issuer")
    assert answer["field"] == "sex"


@pytest.mark.slow
async def test_a_refusal_of_ours_leaves_the_c_nonce_for_another_try(world: IssuingWorld) -> None:
    """The claim of the nonce and the issuance are one transaction."""
    wallet = world.wallet()
    pause = await wallet.push(await world.offer("pid", formats=["mso_mdoc"]))
    proofs = await wallet.come_back(pause, await wallet.log_in(pause.url))
    known = world.site.issuer._source
    record = await known.load_claims("erika", "pid")
    world.site.issuer._source = Source({**(record or {}), "sex": "unknown"})
    with pytest.raises(Denied):
        await wallet.prove(proofs)
    world.site.issuer._source = known
    assert len((await wallet.finish(proofs)).received[0].credentials) == BATCH


@pytest.mark.slow
async def test_of_some_types_there_are_fewer_copies_than_keys(world: IssuingWorld) -> None:
    policy = world.site.issuer._policy
    few = replace(policy.types["residence"], batch_size=3)
    world.site.issuer._policy = replace(policy, types={**policy.types, "residence": few})
    wallet = world.wallet()
    done = await wallet.receive(await world.offer("residence"))
    assert [len(received.credentials) for received in done.received] == [3, 3]
    assert len(wallet.keys) == 2 * BATCH
    copies = [copy for received in done.received for copy in wallet.verify(received, done)]
    assert {copy.holder_key for copy in copies} <= {key.public_key for key in wallet.keys}


@pytest.mark.slow
async def test_the_person_is_told_beforehand_what_there_is(world: IssuingWorld) -> None:
    asked = [GrantedCredential(configuration=id_, datasets=(id_,), detailed=False) for id_ in ("pid-mdoc", "mdl-mdoc")]
    wanted = await world.site.issuer.look_at(asked, person="janos")
    assert [(each.type.id, each.format, each.available) for each in wanted] == [
        ("pid", Format.MDOC, True),
        ("mdl", Format.MDOC, False),
    ]


async def test_a_configuration_that_is_gone_is_refused(world: IssuingWorld) -> None:
    gone = [GrantedCredential(configuration="passport-mdoc", datasets=("x",), detailed=False)]
    with pytest.raises(Rejected) as refusal:
        await world.site.issuer.look_at(gone, person="erika")
    assert refusal.value.check is Check.CREDENTIAL_CHOICE


@pytest.mark.slow
async def test_revocation_reaches_every_renewal_that_still_lives(world: IssuingWorld) -> None:
    for _ in range(2):
        await world.wallet().receive(await world.offer("residence", formats=["mso_mdoc"]))
        world.clock.advance(20 * DAY)
    revoked = await world.site.issuer.revoke(person="erika", type_=None)
    assert len(revoked) == 1  # the first batch lived for thirty days
    assert revoked[0].revoked_at == world.clock.now()


@pytest.mark.slow
async def test_after_a_revocation_a_wallet_renews_nothing_and_the_person_logs_in_again(world: IssuingWorld) -> None:
    """Whoever has the wallet has its refresh token: it must not undo what was revoked."""
    wallet = world.wallet()
    done = await wallet.receive(await world.offer("pid"))
    world.clock.advance(DAY)
    await world.site.issuer.revoke(person="erika", type_="pid")
    world.clock.advance(1)
    with pytest.raises(Denied) as refusal:
        await wallet.renew(done, await world.offer("pid"))
    assert refusal.value.code == "credential_request_denied"
    assert json.loads(world.answers("/credential")[-1].body)["check"] == "issuer-decision"
    assert (await wallet.receive(await world.offer("pid"))).received


@pytest.mark.slow
@pytest.mark.parametrize("type_", ["pid", None])
async def test_a_revocation_ends_the_renewal_of_what_was_revoked_alone(world: IssuingWorld, type_: str | None) -> None:
    wallet, other = world.wallet(), world.wallet()
    done = await wallet.receive(await world.offer("residence"))
    others = await other.receive(await world.offer("residence"), person="max")
    world.clock.advance(DAY)
    await world.site.issuer.revoke(person="erika", type_=type_)
    assert (await other.renew(others, await world.offer("residence"))).received
    if type_ == "pid":
        assert (await wallet.renew(done, await world.offer("residence"))).received
        return
    with pytest.raises(Denied):
        await wallet.renew(done, await world.offer("residence"))


@pytest.mark.slow
async def test_what_cannot_be_revoked_is_renewed_no_more_either(world: IssuingWorld) -> None:
    wallet = world.wallet()
    done = await wallet.receive(await world.offer("proof_of_age"))
    assert await world.site.issuer.revoke(person="erika", type_="proof_of_age") == ()
    with pytest.raises(Denied):
        await wallet.renew(done, await world.offer("proof_of_age"))


@pytest.mark.slow
async def test_an_offer_from_before_a_revocation_gives_nothing_afterwards(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path, profile="plain")) as world:
        wallet = world.wallet()
        offer = await world.offer("pid", grant="pre-authorized", person="erika")
        world.clock.advance(1)
        await world.site.issuer.revoke(person="erika", type_=None)
        pause = await wallet.redeem(offer)
        with pytest.raises(Denied):
            await wallet.finish(pause)
        world.clock.advance(1)
        again = await world.offer("pid", grant="pre-authorized", person="erika")
        assert (await wallet.finish(await wallet.redeem(again))).received


@pytest.mark.slow
async def test_what_was_revoked_while_it_took_its_time_is_not_issued(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path), delayed_types=("diploma",), delay=60) as world:
        wallet = world.wallet()
        done = await wallet.receive(await world.offer("diploma", formats=["mso_mdoc"]))
        world.clock.advance(60)
        await world.site.issuer.revoke(person="erika", type_="diploma")
        step = poll(done.session, done.pending[0], now=world.clock.now(), random=system_random)
        with pytest.raises(Denied) as refusal:
            await wallet.drive(step)
        assert refusal.value.code == "credential_request_denied"


@pytest.mark.slow
async def test_whoever_asks_early_makes_a_deferred_transaction_no_longer_lived(tmp_path: Path) -> None:
    """The proven keys wait in it: they are forgotten thirty days after they were proven."""
    async with issuing_world(sandbox_at(tmp_path), delayed_types=("diploma",), delay=40 * DAY) as world:
        wallet = world.wallet()
        done = await wallet.receive(await world.offer("diploma", formats=["mso_mdoc"]))
        (pending,) = done.pending
        for day in (10, 20):
            world.clock.advance(10 * DAY)
            client = await wallet.client()  # with an attestation of the day
            session, now = replace(done.session, client=client), world.clock.now()
            fresh = await wallet.drive(refresh_step(session, now=now, random=system_random))
            done = await wallet.drive(poll(fresh.session, pending, now=now, random=system_random))
            async with world.site.issuer._store.transaction() as transaction:
                stored = await transaction.load(DEFERRED, pending.transaction_id)
            assert stored is not None
            assert stored.expires == world.clock.now() - day * DAY + DEFERRED_SECONDS


@pytest.mark.slow
async def test_what_was_noted_is_remembered_for_a_day_however_often_it_is_said(world: IssuingWorld) -> None:
    wallet = world.wallet()
    done = await wallet.receive(await world.offer("residence", formats=["mso_mdoc"]))
    (received,) = done.received
    began = world.clock.now()
    world.clock.advance(100)
    for event in (Event.ACCEPTED, Event.ACCEPTED, Event.DELETED):
        now = world.clock.now()
        await wallet.drive(notification_step(done.session, received, event, now=now, random=system_random))
    async with world.site.issuer._store.transaction() as transaction:
        stored = await transaction.load(NOTIFIED, str(received.notification_id))
    assert stored is not None
    assert stored.value.events == (Event.ACCEPTED, Event.DELETED)
    assert stored.expires == began + NOTIFICATION_SECONDS


@pytest.mark.slow
async def test_of_two_notifications_at_once_both_are_noted(world: IssuingWorld) -> None:
    wallet = world.wallet()
    done = await wallet.receive(await world.offer("residence", formats=["mso_mdoc"]))
    (received,), now = done.received, world.clock.now()
    said = [Event.ACCEPTED, Event.DELETED]
    steps = [notification_step(done.session, received, event, now=now, random=system_random) for event in said]
    await asyncio.gather(*map(wallet.drive, steps))
    async with world.site.issuer._store.transaction() as transaction:
        stored = await transaction.load(NOTIFIED, str(received.notification_id))
    assert stored is not None
    assert set(stored.value.events) == set(said)


@pytest.mark.slow
@pytest.mark.requirement("ISSU_30")
async def test_keys_are_held_against_the_wallet_providers_of_the_moment(world: IssuingWorld) -> None:
    wallet = world.wallet()
    pause = await wallet.push(await world.offer("pid", formats=["mso_mdoc"]))
    proofs = await wallet.come_back(pause, await wallet.log_in(pause.url))
    world.site.issuer._trust = Trust((), fixed=(), clock=world.clock)
    with pytest.raises(Denied):
        await wallet.prove(proofs)
    assert json.loads(world.answers("/credential")[-1].body)["check"] == "anchor"


# --- what is on offer -----------------------------------------------------------------------------------------------


@pytest.fixture
def policy(world: IssuingWorld) -> IssuerPolicy:
    return world.site.policy


@pytest.mark.slow
async def test_a_type_is_chosen_with_its_formats_in_their_order(policy: IssuerPolicy) -> None:
    assert policy.choose("pid") == ("pid-sd-jwt", "pid-mdoc")
    assert policy.choose("pid", (Format.MDOC, Format.SD_JWT_VC)) == ("pid-sd-jwt", "pid-mdoc")
    assert policy.choose("pid", (Format.MDOC,)) == ("pid-mdoc",)
    assert policy.find("pid-mdoc") == (policy.types["pid"], Format.MDOC)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("type_", "formats", "check"),
    [
        ("passport", (), Check.CREDENTIAL_CHOICE),
        ("mdl", (Format.SD_JWT_VC,), Check.TYPE_FORMAT),
        ("proof_of_age", (Format.MDOC, Format.SD_JWT_VC), Check.TYPE_FORMAT),
    ],
)
async def test_what_there_is_not_cannot_be_chosen(
    policy: IssuerPolicy, type_: str, formats: tuple[Format, ...], check: Check
) -> None:
    with pytest.raises(Rejected) as refusal:
        policy.choose(type_, formats)
    assert refusal.value.check is check


async def test_an_offer_is_for_whom_it_names(world: IssuingWorld) -> None:
    offers = world.site.offers
    made = await offers.offer("pid", person="max")
    assert await offers.check_person(made.id, "max") == "max"
    assert await offers.check_person(None, "erika") == "erika"
    assert await offers.check_person("of another issuer", "erika") == "erika"
    assert await offers.check_person((await offers.offer("pid")).id, "erika") == "erika"
    with pytest.raises(Rejected) as refusal:
        await offers.check_person(made.id, "erika")
    assert refusal.value.check is Check.PERSON


@pytest.mark.slow
async def test_an_offer_ends_with_its_time(world: IssuingWorld) -> None:
    made = await world.site.offers.offer("pid")
    assert await world.site.offers.look_up(made.id) == made.offer
    world.clock.advance(world.config.issuer.offer)
    assert await world.site.offers.look_up(made.id) is None
