"""A wallet's life and its end: it is activated, receives, is revoked by whoever may, and its PID ends with it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.issuing_world import IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.wallet_world import PASSPHRASE, WalletWorld, wallet_world

from zegel.adapters.entropy import system_random
from zegel.checks import Check
from zegel.errors import Denied, Rejected, Unavailable, ZegelError
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import parse_object
from zegel.protocols.openid4vci.wallet.authorization import begin_authorization
from zegel.protocols.openid4vci.wallet.session import WalletAttestation
from zegel.services.ports import Watched
from zegel.services.wallet.contents import Brought
from zegel.services.wallet_watch import RETRY_SECONDS
from zegel.trust.attestation import WalletDescription, parse_wallet_attestation, sign_wallet_attestation
from zegel.web.app.issuer import keep_watch
from zegel.web.app.keys import RoleKeys

pytestmark = pytest.mark.anyio
TTL = 43_200  # the default of a list of wallets
DEMO_TTL = 60
PROVIDER = "wallet-provider.localhost"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path) as made:
        yield made


def issuer_site(world: WalletWorld) -> Any:
    return world.roles["issuer"].listeners[0].handle.__self__._role


def provider_site(world: WalletWorld) -> Any:
    return world.roles["wallet-provider"].listeners[0].handle.__self__._role


async def look(world: WalletWorld) -> list[str]:
    """What the issuer's timer does; the formats of the batches that it revoked."""
    return sorted(batch.format for batch in (await keep_watch(issuer_site(world))).revoked)


async def revoked_by_the_verifier(world: WalletWorld) -> bool:
    """Whether a verifier who has no list at hand finds the wallet's PID revoked."""
    holding = world.contents.holdings[0]
    standing = await world.wallet.look_up_status(holding.id)
    return standing.check == Check.STATUS.id


async def end_wallet(world: WalletWorld) -> None:
    """Its owner has lost the device, and enters the code elsewhere."""
    own = world.contents.instance
    assert own is not None
    await provider_site(world).revocations.revoke_by_code(own.code)
    await provider_site(world).statuses.publish()


BOTH = ["dc+sd-jwt", "mso_mdoc"]


@pytest.mark.slow
@pytest.mark.requirement("WIAM_03")
@pytest.mark.requirement("WIAM_07")
async def test_a_wallet_is_activated_before_it_receives_and_only_once(world: WalletWorld) -> None:
    assert world.contents.instance is None
    await world.receive()
    own = world.contents.instance
    assert own is not None
    assert (own.provider, own.activated_at, own.revoked_at) == (world.config.wallet.provider, NOW, None)
    await world.receive()
    assert world.contents.instance == own
    assert sum(path.endswith("/instances") for path in world.paths()) == 1


@pytest.mark.slow
async def test_two_issuances_show_two_keys_and_two_statuses(world: WalletWorld) -> None:
    """TS3 1.5 section 2.2.1.1: no attestation is shown to two issuers, and none of it links them."""
    await world.receive()
    await world.receive()
    sent = [dict(request.headers).get("oauth-client-attestation") for request in world.traffic]
    shown = [compact for compact in dict.fromkeys(sent) if compact is not None]
    assert len(shown) == 2
    claims = [parse_object(_payload(compact), what="test") for compact in shown]
    assert claims[0]["cnf"] != claims[1]["cnf"]
    assert claims[0]["client_status"] != claims[1]["client_status"]


@pytest.mark.slow
@pytest.mark.requirement("WUA_07")
@pytest.mark.requirement("WUA_24")
async def test_no_verifier_is_shown_an_attestation(world: WalletWorld) -> None:
    await world.receive()
    world.traffic.clear()
    assert (await world.present())["state"] == "accepted"
    for request in world.traffic:
        assert all("attestation" not in name for name, _ in request.headers)
        assert b"attestation" not in request.body


@pytest.mark.slow
@pytest.mark.requirement("VCR_07c")
@pytest.mark.requirement("WUA_29")
@pytest.mark.requirement("WURevocation_18")
@pytest.mark.parametrize("ttl", [TTL, DEMO_TTL])
async def test_a_pid_ends_within_the_time_that_a_list_of_wallets_may_be_kept(tmp_path: Path, ttl: int) -> None:
    """The list was fetched at issuance; its time to live is the promise, to the second."""
    async with wallet_world(tmp_path, provider={"status_list_ttl": ttl}) as world:
        await world.receive()
        world.clock.advance(1)
        await end_wallet(world)
        world.clock.advance(ttl - 2)
        assert await look(world) == [], "one second before"
        assert not await revoked_by_the_verifier(world)
        world.clock.advance(1)
        assert await look(world) == BOTH, "when it has to be fetched anew"
        world.clock.advance(60)
        assert await revoked_by_the_verifier(world)
        assert await look(world) == [], "final, and watched no more"


@pytest.mark.slow
@pytest.mark.requirement("WUA_29")
@pytest.mark.requirement("WURevocation_18")
async def test_a_pid_ends_with_the_storage_of_its_keys_at_the_next_daily_check(world: WalletWorld) -> None:
    await world.receive()
    world.clock.advance(1)
    await provider_site(world).service.revoke_key_storage()
    await provider_site(world).statuses.publish()
    world.clock.advance(DAY - 2)
    assert await look(world) == [], "one second before"
    world.clock.advance(1)
    assert await look(world) == BOTH, "a day after the issuance"


@pytest.mark.slow
@pytest.mark.requirement("WUA_29")
async def test_a_daily_check_is_of_a_list_of_that_moment(world: WalletWorld) -> None:
    """The storage is revoked a moment before its check, when a list that may be kept for hours is at hand."""
    await world.receive()
    world.clock.advance(DAY - 10)
    assert await look(world) == []  # the wallet's own check fetches the list
    await provider_site(world).service.revoke_key_storage()
    await provider_site(world).statuses.publish()
    world.clock.advance(10)
    assert await look(world) == BOTH


@pytest.mark.slow
async def test_every_status_is_looked_at_once_a_day_at_least(world: WalletWorld) -> None:
    await world.receive()
    seen = []
    world.handlers[world.config.wallet.provider] = _noting(world, seen)
    for _ in range(3 * 24):
        world.clock.advance(3_600)
        await look(world)
    times = [at for at, path in seen if path.startswith("/status/")]
    gaps = [later - earlier for earlier, later in zip([NOW, *times], times, strict=False)]
    assert max(gaps) <= DAY
    assert len(times) <= 3 * 5, "and not much more often: a list serves every credential"


@pytest.fixture
async def issuing(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as made:
        yield made


@pytest.mark.slow
@pytest.mark.requirement("WUA_25")
@pytest.mark.refuses(Check.ATTESTATION_REVOKED)
async def test_a_revoked_wallet_is_refused_by_the_issuer_whatever_it_still_holds(issuing: IssuingWorld) -> None:
    """An attestation that was fetched before its wallet's end is refused as soon as the list is."""
    wallet, offer = issuing.wallet(), await issuing.offer()
    client = await wallet.client()
    ready = await wallet.ready(offer)
    site = issuing.roles[1].listeners[0].handle.__self__._role
    await site.revocations.revoke_by_code(wallet.code)
    await site.statuses.publish()
    step = begin_authorization(ready, client=client, now=NOW, random=system_random)
    with pytest.raises(Denied) as refusal:
        await wallet.drive(step)
    assert refusal.value.code == "invalid_client_attestation"
    refused = parse_object(issuing.answers("/par")[-1].body, what="test")
    assert refused["check"] == Check.ATTESTATION_REVOKED.id
    assert refused["detail"] == "the wallet attestation is revoked", "and no word of why, or when"


@pytest.mark.slow
@pytest.mark.requirement("WURevocation_14")
@pytest.mark.refuses(Check.WALLET_REVOKED)
async def test_a_revoked_wallet_says_so_and_goes_no_further(world: WalletWorld) -> None:
    await world.receive()
    await end_wallet(world)
    with pytest.raises(Rejected) as refusal:
        await world.receive()
    assert refusal.value.check is Check.WALLET_REVOKED
    assert "its owner asked for it" in refusal.value.detail
    own = world.contents.instance
    assert own is not None
    assert (own.revoked_at, own.reason) == (NOW, "its owner asked for it")
    world.traffic.clear()
    request = await world.request()
    for act in (
        lambda: world.wallet.receiving.review("openid-credential-offer://?credential_offer=x", brought=Brought.LINK),
        lambda: world.wallet.presenting.begin(request["link"], brought=Brought.LINK),
        world.wallet.instance.activate,
    ):
        with pytest.raises(ZegelError):
            await act()
    assert await world.wallet.keep_fresh() == ()
    assert world.traffic == [], "nobody hears of it any more"
    assert len(world.contents.holdings) == 2, "what is in it can be read"


@pytest.mark.slow
@pytest.mark.requirement("VCR_19")
async def test_a_wallet_finds_out_by_itself_that_it_was_revoked(world: WalletWorld) -> None:
    await world.receive()
    await end_wallet(world)
    world.traffic.clear()
    assert await world.wallet.keep_fresh() == ()
    assert (await world.wallet.instance.look()) == world.contents.instance
    assert world.contents.instance.revoked_at == NOW
    (request,) = world.traffic
    assert request.path.startswith("/status/"), "it asks for the public list, which says nothing of who looks"


@pytest.mark.slow
async def test_a_wallet_that_cannot_look_goes_on(world: WalletWorld) -> None:
    await world.receive()
    world.outbound.down.add(PROVIDER)
    (failed,) = await world.wallet.keep_fresh()
    assert isinstance(failed, Unavailable)
    assert (await world.present())["state"] == "accepted"


@pytest.mark.slow
@pytest.mark.requirement("WURevocation_10")
async def test_a_wallet_revokes_itself_at_its_owners_word(world: WalletWorld) -> None:
    await world.receive()
    own = await world.wallet.instance.revoke()
    assert (own.revoked_at, own.reason) == (NOW, "its owner asked for it")
    world.clock.advance(TTL)
    assert await look(world) == BOTH


@pytest.mark.slow
async def test_a_wallet_that_its_provider_has_forgotten_begins_anew(world: WalletWorld) -> None:
    before = await world.wallet.instance.activate()
    world.outbound.edits["/wallet-attestations"] = lambda request, response: json_response(
        {"check": Check.WALLET_INSTANCE.id, "detail": "not activated here"}, status=400
    )
    with pytest.raises(Rejected) as refusal:
        await world.receive()
    assert refusal.value.check is Check.WALLET_INSTANCE
    assert world.contents.instance is None
    world.outbound.edits.clear()
    await world.receive()
    after = world.contents.instance
    assert after is not None
    assert (after.id == before.id, after.code == before.code) == (False, False)


@pytest.mark.slow
async def test_an_activation_whose_answer_is_lost_is_the_same_one_later(world: WalletWorld) -> None:
    lost = lambda request, response: HttpResponse(status=502)  # noqa: E731 an answer that never came
    world.outbound.edits["/instances"] = lost
    with pytest.raises(Rejected):
        await world.wallet.instance.activate()
    begun = world.contents.instance
    assert begun is not None
    assert begun.id is None
    world.outbound.edits.clear()
    active = await world.wallet.instance.activate()
    assert replace(active, id=None, status=None, activated_at=None) == begun
    assert len((await provider_site(world).revocations.instances()).instances) == 1


@pytest.mark.slow
async def test_the_code_is_noted_once_it_is_written_down(world: WalletWorld) -> None:
    await world.wallet.instance.activate()
    await world.wallet.instance.note()
    assert world.contents.instance.noted
    await world.wallet.safe.lock()
    await world.wallet.safe.unlock(PASSPHRASE)
    assert world.contents.instance.noted


@pytest.mark.slow
async def test_what_keys_are_attested_for_a_revoked_wallet_is_remembered_too(world: WalletWorld) -> None:
    """The wallet is revoked between the log-in and the keys."""
    offer = await world.offer()
    flow = await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
    url = await world.wallet.receiving.log_in(flow, redirect_uri=world.callback, browser="browser")
    back = await world.log_in(url)
    await end_wallet(world)
    with pytest.raises(Rejected) as refusal:
        await world.wallet.receiving.come_back(back, browsers=["browser"])
    assert refusal.value.check is Check.WALLET_REVOKED
    assert world.contents.instance.revoked_at == NOW


# --- the issuer -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.requirement("ISSU_12c")
@pytest.mark.requirement("ISSU_12d")
@pytest.mark.requirement("WUA_30")
async def test_nothing_that_ends_with_its_wallet_outlives_what_that_is_maintained_for(tmp_path: Path) -> None:
    """A diploma is issued for sixty days; a PID for fourteen, which is less than any wallet is maintained for."""
    provider = {"maintained": 40 * DAY}
    async with wallet_world(tmp_path, provider=provider, chained_types=("pid", "diploma")) as world:
        await world.receive(type_="diploma", formats=["dc+sd-jwt"])
        await world.receive()
        own = world.contents.instance
        assert own is not None
        assert own.status is not None
        until = own.status.maintained_until
        diploma, *pids = [holding.credential.valid_until for holding in world.contents.holdings]
        assert until is not None
        assert diploma == until - DAY, "the last midnight before, and not a day earlier"
        assert pids == [NOW // DAY * DAY + 14 * DAY] * 2
    async with wallet_world(tmp_path / "other", provider=provider) as world:
        await world.receive(type_="diploma", formats=["dc+sd-jwt"])
        assert world.contents.holdings[0].credential.valid_until == NOW // DAY * DAY + 60 * DAY, "it is not chained"


@pytest.mark.slow
@pytest.mark.requirement("WUA_32")
@pytest.mark.parametrize(
    ("chained", "pid", "diploma", "client"),
    [
        (("pid",), 31 * DAY, None, 31 * DAY),
        (("pid", "diploma"), 31 * DAY, 61 * DAY, 61 * DAY),
        ((), None, None, 31 * DAY),
    ],
)
async def test_the_issuer_says_for_how_long_it_wants_statuses_maintained_of_what_ends_with_the_wallet(
    tmp_path: Path, chained: tuple[str, ...], pid: int | None, diploma: int | None, client: int | None
) -> None:
    async with issuing_world(sandbox_at(tmp_path), chained_types=chained) as world:
        answer = await world.get("/.well-known/openid-credential-issuer")
    members = parse_object(answer.body, what="test", max_bytes=1 << 20)
    assert members.get("preferred_client_status_period") == client
    for type_, period in (("pid", pid), ("diploma", diploma)):
        proofs = members["credential_configurations_supported"][f"{type_}-sd-jwt"]["proof_types_supported"]
        required = [proof["key_attestations_required"] for proof in proofs.values()]
        assert {each.get("preferred_key_storage_status_period") for each in required} == {period}


@pytest.mark.slow
@pytest.mark.refuses(Check.ATTESTATION_STATUS)
async def test_no_pid_goes_to_keys_whose_status_nobody_maintains(tmp_path: Path) -> None:
    """By a provider that promises a status for thirty days, where TS3 asks for thirty-one."""
    async with wallet_world(tmp_path, provider={"maintained": 29 * DAY}) as world:
        with pytest.raises(Denied) as refusal:
            await world.receive()
        assert refusal.value.code == "invalid_proof"
        assert Check.ATTESTATION_STATUS.id in str(refusal.value)
        assert "status in the key attestation" in str(refusal.value)


@pytest.mark.slow
@pytest.mark.parametrize("days", [30, None])
@pytest.mark.refuses(Check.ATTESTATION_STATUS)
async def test_no_pid_goes_to_a_wallet_whose_status_nobody_maintains(issuing: IssuingWorld, days: int | None) -> None:
    """By a provider that maintains the status of keys as it should, and that of wallets for less, or not at all."""
    wallet = issuing.wallet()
    known = await wallet.client()
    assert known.attestation is not None
    status = parse_wallet_attestation(known.attestation.compact).unverified_status
    assert status is not None
    by = RoleKeys("wallet-provider", issuing.world).signer("key")
    shorter = sign_wallet_attestation(
        signer=by.signer,
        chain=by.chain,
        provider=issuing.config.wallet_provider.origin,
        client_id=str(known.client_id),
        key=wallet.instance.public_key,
        wallet=WalletDescription(name="another wallet"),
        now=NOW,
        expires=NOW + 600,
        status=None if days is None else replace(status, maintained_until=NOW + days * DAY),
    ).decode()
    client = replace(known, attestation=WalletAttestation(compact=shorter, signer=wallet.instance))
    step = begin_authorization(await wallet.ready(await issuing.offer()), client=client, now=NOW, random=system_random)
    pause = await wallet.drive(step)
    with pytest.raises(Denied) as refusal:
        await wallet.finish(await wallet.come_back(pause, await wallet.log_in(pause.url)))
    assert refusal.value.code == "credential_request_denied"
    refused = parse_object(issuing.answers("/credential")[-1].body, what="test")
    assert refused["check"] == Check.ATTESTATION_STATUS.id


@pytest.mark.slow
async def test_a_list_that_cannot_be_had_is_asked_for_again_and_nothing_is_issued_meanwhile(world: WalletWorld) -> None:
    await world.receive()
    good = world.handlers[world.config.wallet.provider]

    async def down(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=503) if request.path.startswith("/status/") else await good(request)

    world.handlers[world.config.wallet.provider] = down
    world.clock.advance(TTL + 13 * 300 + 901)  # its list is expired
    with pytest.raises(Unavailable):
        await look(world)
    assert await look(world) == [], "not at once"
    with pytest.raises(ZegelError):
        await world.receive()
    world.handlers[world.config.wallet.provider] = good
    await end_wallet(world)
    world.clock.advance(RETRY_SECONDS)
    assert await look(world) == BOTH


@pytest.mark.slow
async def test_an_old_list_is_enough_for_the_grace_of_the_profile_and_no_longer(world: WalletWorld) -> None:
    await world.receive()
    good = world.handlers.pop(world.config.wallet.provider)
    world.clock.advance(TTL + 899)
    assert await look(world) == []
    world.clock.advance(RETRY_SECONDS)
    with pytest.raises(Rejected) as refusal:
        await look(world)
    assert refusal.value.check is Check.STATUS_STALE
    world.handlers[world.config.wallet.provider] = good
    await end_wallet(world)
    world.clock.advance(RETRY_SECONDS)
    assert await look(world) == BOTH


@pytest.mark.slow
async def test_a_status_that_cannot_be_judged_hides_no_wallet_of_the_same_list(world: WalletWorld) -> None:
    """As when the list of trusted entities has given a provider another name since."""
    await world.receive()
    store = issuer_site(world).wallets._store
    async with store.transaction() as transaction:
        known = next(
            each for each in await transaction.watches.due(before=NOW + DAY, limit=9) if each.what is Watched.WALLET
        )
        renamed = replace(known.status, provider="as it was called before")
        await transaction.watches.add(replace(known, issuance="odd", place=9, due=NOW, status=renamed))
    await end_wallet(world)
    world.clock.advance(TTL)
    looked = await issuer_site(world).wallets.look()
    assert sorted(batch.format for batch in looked.revoked) == BOTH
    assert [error.check for error in looked.failed] == [Check.STATUS_ISSUER]
    assert (await issuer_site(world).wallets.look()).failed == (), "it is tried again, and not at once"
    world.clock.advance(RETRY_SECONDS)
    assert len((await issuer_site(world).wallets.look()).failed) == 1


@pytest.mark.slow
async def test_what_is_watched_for_a_batch_that_is_gone_is_dropped(world: WalletWorld) -> None:
    await world.receive()
    store = issuer_site(world).wallets._store
    async with store.transaction() as transaction:
        known = await transaction.watches.due(before=NOW + DAY, limit=1)
        await transaction.watches.add(replace(known[0], issuance="gone", due=NOW))
    await end_wallet(world)
    world.clock.advance(TTL)
    assert await look(world) == BOTH
    async with store.transaction() as transaction:
        assert await transaction.watches.of_issuance("gone") == ()


@pytest.mark.slow
async def test_what_is_revoked_by_the_operator_is_watched_no_more(world: WalletWorld) -> None:
    await world.receive()
    await world.operate("issuer", "/revocations", {"person": "erika"})
    await end_wallet(world)
    world.clock.advance(TTL)
    assert await look(world) == []


@pytest.mark.slow
async def test_what_nobody_chained_is_not_revoked(tmp_path: Path) -> None:
    """ARF 3.0 WURevocation_19: others may, and the default is that they do not."""
    async with wallet_world(tmp_path, chained_types=()) as world:
        await world.receive()
        await end_wallet(world)
        world.clock.advance(TTL)
        assert await look(world) == []


@pytest.mark.slow
@pytest.mark.requirement("WURevocation_19")
@pytest.mark.requirement("VCR_07d")
async def test_other_attestations_end_with_the_wallet_where_their_issuer_has_it_so(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, chained_types=("pid", "residence")) as world:
        await world.receive(type_="residence", formats=["dc+sd-jwt"])
        await end_wallet(world)
        world.clock.advance(TTL)
        assert await look(world) == ["dc+sd-jwt"]


@pytest.mark.slow
@pytest.mark.requirement("WURevocation_11")
async def test_a_pid_provider_has_the_wallets_of_a_person_revoked(world: WalletWorld) -> None:
    await world.receive()
    answer = await world.operate("issuer", "/revocations", {"person": "erika", "wallet": True})
    assert answer["wallets"] == [{"provider": world.config.wallet.provider, "detail": ""}]
    assert len(answer["revoked"]) == 2
    with pytest.raises(Rejected) as refusal:
        await world.receive()
    assert "the office that issued its owner's identity asked for it" in refusal.value.detail


@pytest.mark.slow
async def test_a_provider_that_does_not_answer_is_named(world: WalletWorld) -> None:
    await world.receive()
    del world.handlers[world.config.wallet.provider]
    answer = await world.operate("issuer", "/revocations", {"person": "erika", "wallet": True})
    assert [each["provider"] for each in answer["wallets"]] == [world.config.wallet.provider]
    assert answer["wallets"][0]["detail"]
    assert len(answer["revoked"]) == 2, "the PID is revoked all the same"


@pytest.mark.slow
async def test_a_provider_that_will_not_is_named(world: WalletWorld) -> None:
    await world.receive()

    async def refusing(_: HttpRequest) -> HttpResponse:
        return HttpResponse(status=400)

    world.handlers[world.config.wallet.provider] = refusing
    answer = await world.operate("issuer", "/revocations", {"person": "erika", "wallet": True})
    assert answer["wallets"][0]["detail"] == "it answers with status 400"


@pytest.mark.slow
async def test_the_operator_has_all_wallets_looked_at_now(world: WalletWorld) -> None:
    await world.receive()
    await end_wallet(world)
    answer = await world.operate("issuer", "/wallets/check", {})
    assert sorted(batch["format"] for batch in answer["revoked"]) == BOTH
    assert {batch["why"] for batch in answer["revoked"]} == {"the wallet attestation is revoked"}
    assert answer["failed"] == []
    assert await revoked_by_the_verifier(world)


@pytest.mark.slow
async def test_the_operator_is_told_what_could_not_be_looked_at(world: WalletWorld) -> None:
    await world.receive()
    del world.handlers[world.config.wallet.provider]
    answer = await world.operate("issuer", "/wallets/check", {})
    assert (answer["revoked"], len(answer["failed"])) == ([], 2)


@pytest.mark.slow
async def test_a_wrong_word_for_the_wallets_is_refused(world: WalletWorld) -> None:
    with pytest.raises(AssertionError, match="expected true or false"):
        await world.operate("issuer", "/revocations", {"person": "erika", "wallet": "yes"})


@pytest.mark.slow
@pytest.mark.requirement("ISSU_65")
async def test_a_renewal_is_refused_when_the_wallet_of_the_first_issuance_is_revoked(world: WalletWorld) -> None:
    """Even by a wallet that has been activated anew with the same keys for this issuer."""
    await world.receive()
    await end_wallet(world)
    await world.wallet.safe.change(lambda contents: (replace(contents, instance=None), None))
    world.clock.advance(TTL)
    with pytest.raises(Denied) as refusal:
        await world.wallet.renewal.renew(world.contents.holdings[0].id)
    assert refusal.value.code == "invalid_client_attestation"


@pytest.mark.slow
async def test_what_an_issuer_watches_stands_sealed_beside_the_batch(world: WalletWorld) -> None:
    await world.receive()
    site = issuer_site(world)
    async with site.wallets._store.transaction() as transaction:
        watches = await transaction.watches.due(before=NOW + DAY, limit=10)
    assert sorted(watch.what for watch in watches) == [Watched.KEYS, Watched.KEYS, Watched.WALLET, Watched.WALLET]
    assert {watch.due - NOW for watch in watches if watch.what is Watched.WALLET} == {TTL}
    assert {watch.due - NOW for watch in watches if watch.what is Watched.KEYS} == {DAY}
    database = Path(world.config.issuer.database.removeprefix("sqlite:///"))
    data = b"".join(path.read_bytes() for path in database.parent.glob(database.name + "*"))
    assert watches[0].status.uri.encode() not in data


def _payload(compact: str) -> bytes:
    return parse_base64url(compact.split(".")[1], what="test")


def _noting(world: WalletWorld, seen: list[tuple[int, str]]) -> Any:
    good = world.handlers[world.config.wallet.provider]

    async def noted(request: HttpRequest) -> HttpResponse:
        seen.append((world.clock.now(), request.path))
        return await good(request)

    return noted
