"""From a fresh certificate of the sandbox's health authority to the door, with zegel's own wallet on every step; and
Member States' certificates of before, at their own clock and today.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.browser import text_of
from zegel_testing.business_rules import rules_for_whatever
from zegel_testing.door_world import door_world, show_old
from zegel_testing.health import payload
from zegel_testing.pictures import vector
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.scan import scan
from zegel_testing.vaccination_path import ask_at_door, bring, code_of, present, receive_valid
from zegel_testing.wallet_pages import wallet_pages
from zegel_testing.wallet_world import WalletWorld, wallet_world

from zegel.adapters.health_trust import open_health_desk
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.sandbox.health import CODES, TRUST
from zegel.checks import Check
from zegel.config.health import HealthConfig
from zegel.errors import Denied, Rejected
from zegel.formats.hcert.issue import HealthAuthority
from zegel.formats.hcert.keys import parse_signer
from zegel.services.sources import lifetime
from zegel.web.app.door import open_door

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path) as opened:
        door = await open_door(opened.world)
        opened.roles["door"] = door
        opened.handlers.update({listener.origin: listener.handle for listener in door.listeners})
        yield opened


async def test_a_fresh_certificate_opens_the_door(world: WalletWorld, tmp_path: Path) -> None:
    await world.receive()
    kept = await receive_valid(world, code_of(tmp_path, "erika"))
    assert len(kept) == 2
    for holding in world.contents.holdings:
        if holding.id in kept:
            said = json.dumps(holding.credential.claims, default=str)
            assert "UT/2026-11" in said
            assert not [word for word in ("Erika", "Voorbeeld", "1986", "EU/1/20/1528", "UVCI") if word in said]
    keeper = world.browser()
    asking = await ask_at_door(world, keeper)
    back = await present(world, asking, "Open another wallet on this device")
    assert "The rules are met" in text_of(await keeper.open(back))


async def test_at_the_eleventh_door_a_copy_is_shown_again_unless_the_certificate_was_brought_again(
    world: WalletWorld, tmp_path: Path
) -> None:
    def copies() -> list[int]:
        return [copy.uses for holding in world.contents.holdings if holding.id in kept for copy in holding.batch.copies]

    async def show() -> bool:
        """Show it at a door; whether the wallet says that somebody has seen that copy."""
        back = await present(world, await ask_at_door(world, keeper), "Open another wallet on this device")
        assert "The rules are met" in text_of(await keeper.open(back))
        return world.contents.log[-1].mentions[0].repeated

    await world.receive()
    keeper = world.browser()
    kept = await receive_valid(world, code_of(tmp_path, "erika"), formats=["dc+sd-jwt"])
    assert [await show() for _ in range(10)] == [False] * 10
    assert copies() == [1] * 10
    world.clock.advance(lifetime(0) + 1)
    with pytest.raises(Denied, match="nothing is known of this person"):
        await world.wallet.renewal.renew(kept[0])
    assert await show()
    assert sorted(copies()) == [1] * 9 + [2]
    kept = await receive_valid(world, code_of(tmp_path, "erika"), formats=["dc+sd-jwt"])
    assert not await show()
    assert sorted(copies()) == [0] * 9 + [1]


async def test_a_wallet_that_reaches_the_door_and_nothing_else_is_let_in(world: WalletWorld, tmp_path: Path) -> None:
    """A local Wi-Fi without the Internet: no issuer, no status list, no list of trust is there."""
    await world.receive()
    await receive_valid(world, code_of(tmp_path, "erika"))
    door = world.config.door.origin
    for origin in set(world.handlers) - {door}:
        del world.handlers[origin]
    world.paths()
    keeper = world.browser()
    back = await present(world, await ask_at_door(world, keeper), "Open another wallet on this device")
    assert "The rules are met" in text_of(await keeper.open(back))
    assert {path.partition("/")[0] for path in world.paths()} == {door.removeprefix("http://")}


@pytest.mark.parametrize(("kind", "said"), [("v", None), ("t", "needed"), ("r", "needed")])
async def test_the_sandboxes_rules_ask_for_a_vaccination(
    world: WalletWorld, tmp_path: Path, kind: str, said: str | None
) -> None:
    (certificate,) = load_certificates(tmp_path / "keys" / "health.pem")
    key = load_private_key(tmp_path / "keys" / "health.key.pem")
    office = HealthAuthority(signer=key, document_signer=parse_signer(certificate.der), country="UT")
    code = office.issue(payload(kind), issued_at=NOW - DAY, expires=NOW + DAY).encode()
    desk = open_health_desk(world.config.health)
    if said is None:
        assert desk.judge(code, at=NOW).kind == kind
        return
    with pytest.raises(Rejected, match=said) as refusal:
        desk.judge(code, at=NOW)
    assert refusal.value.check is Check.BUSINESS_RULE


async def test_the_certificate_of_somebody_else_opens_nothing(world: WalletWorld, tmp_path: Path) -> None:
    await world.receive()
    _, refusal, _ = await bring(world, code_of(tmp_path, "max"))
    assert "health-holder" in text_of(refusal)


@pytest.mark.parametrize(("country", "name"), [("BE", "Peter Paul Maria Ebraert"), ("HU", "APOLLÓNIA SPECIMEN")])
async def test_a_member_states_certificate_walks_at_its_own_clock_and_no_longer_today(
    tmp_path: Path, country: str, name: str
) -> None:
    picture = tmp_path / "door" / CODES / {"BE": "belgium.png", "HU": "hungary.png"}[country]
    then = int(datetime.fromisoformat(vector(country)["TESTCTX"]["VALIDATIONCLOCK"]).timestamp())
    config, rules = sandbox_at(tmp_path / "door"), rules_for_whatever(tmp_path / "rules")
    config = replace(config, health=HealthConfig(trust=(tmp_path / "door" / TRUST,), rules=rules))
    async with wallet_pages(tmp_path / "wallet") as pages, door_world(config) as door:
        for at, said, word in ((then, "Today: valid", "Yes"), (NOW, "Today: expired", "No")):
            for clock in (pages.world.clock, door.clock):
                clock.advance(at - clock.now())
            await (await pages.enter()).open("/certificates/add")
            await pages.upload("/certificates/add", {"picture": picture.read_bytes()})
            await pages.go("/certificates/keep")
            assert name in pages.text
            assert said in pages.text
            (held,) = pages.contents.certificates
            await pages.go(f"/certificates/{held.id}/code")
            page = text_of(await show_old(door, code=scan(pages.response)))
            assert f"<h1>{word}</h1>" in page
            assert (name in page, "it has expired" in page) == (word == "Yes", word == "No")
