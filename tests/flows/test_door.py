"""What a door gets to know: yes or no, and nothing that tells one person from another. Every byte that it receives, all
that it can open of that, and all that it ever stores.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.door_world import RULES, DoorWorld, door_world, everything
from zegel_testing.erika import personal_values
from zegel_testing.hand_wallet import Copy
from zegel_testing.leaks import views_of
from zegel_testing.revocations import FolderRevocations
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.shared_values import values_in

from zegel.adapters.kept_revocations import KeptRevocations
from zegel.adapters.memory import ManualClock
from zegel.errors import ZegelError
from zegel.formats.credential import Format
from zegel.protocols.openid4vp.verifier import Requested

pytestmark = pytest.mark.anyio
FORMATS = pytest.mark.parametrize("format_", list(Format))
# What the health certificate says from which the attestation was made, and the wallet's owner besides.
OF_THE_CERTIFICATE = {
    "VOORBEELD",
    "ERIKA",
    "1986-03-14",
    "EU/1/20/1528",
    "ORG-100030215",
    "840539006",
    "1119349007",
    "URN:UVCI:01:UT:4711ABCDEFGHIJKLMNOP",
}
HIDDEN = ("VOORBEELD", "1986-03-14", "EU/1/20/1528", "URN:UVCI:01:UT:4711ABCDEFGHIJKLMNOP")
"""Of those, what an issuer hides in the name of the rules."""


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[DoorWorld]:
    config = sandbox_at(tmp_path)
    counting = tuple(RULES + hidden for hidden in ("", *(f"/{word}" for word in HIDDEN)))
    async with door_world(replace(config, door=replace(config.door, rule_sets=counting))) as world:
        yield world


async def present(door: DoorWorld, copy: Copy) -> bytes:
    """Somebody presents a copy across devices; the presentation as the door opens it."""
    before = len(list(door.opened()))
    keeper = door.browser()
    page = await keeper.open(door.origin + "/")
    await keeper.follow(await keeper.submit(page, "/ask"))
    link = [value for value in door.store.noted if isinstance(value, Requested)][-1].link("haip-vp://")
    await door.wallet(copy).present(link)
    assert "<h1>Yes</h1>" in (await keeper.open("/")).body.decode()
    (opened,) = list(door.opened())[before:]
    return opened


def mentioned(door: DoorWorld, words: set[str]) -> set[tuple[str, str]]:
    """Which of the words stand where in the door's view, in whatever encoding and case."""
    return {
        (place, word)
        for place, seen in everything(door).items()
        for view in views_of(seen)
        for word in words
        if word.lower().encode() in view.lower()
    }


@pytest.mark.slow
@FORMATS
async def test_the_doors_whole_view_has_no_name_no_birth_date_no_product_and_no_uci(
    door: DoorWorld, format_: Format
) -> None:
    (copy,) = await door.issue(format_)
    await present(door, copy)
    told = everything(door)
    assert all(len(seen) > 1_000 for seen in told.values()), "there is something to look at"
    assert mentioned(door, {"vaccination_valid", "UT/2026-11"}) >= {
        ("opened", "UT/2026-11"),
        ("opened", "vaccination_valid"),
    }
    assert mentioned(door, OF_THE_CERTIFICATE | personal_values("pid")) == set()


@pytest.mark.slow
@FORMATS
async def test_two_presentations_share_nothing_but_what_everybodys_have(door: DoorWorld, format_: Format) -> None:
    mine, mine_again = await door.issue(format_, count=2)
    (somebody_elses,) = await door.issue(format_)
    first, second, other = [
        values_in(await present(door, copy), format_) for copy in (mine, mine_again, somebody_elses)
    ]
    assert len(first) > 15
    assert first & second <= other
    assert (first & second) == (first & other) == (second & other)


@FORMATS
async def test_whatever_of_a_visit_is_stored_is_gone_with_its_verdict(door: DoorWorld, format_: Format) -> None:
    (copy,) = await door.issue(format_)
    opened = await present(door, copy)
    own = {value for value in values_in(opened, format_) if len(value) > 20}
    kept = repr(door.store.kept)
    assert not [value for value in own if value.strip("b'\"") in kept]
    assert "Answered" in kept
    assert "verdict=Verdict(reason=None, failure=None)" in kept


@pytest.mark.slow
@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not kept"])
async def test_a_door_that_starts_without_a_network_has_what_was_kept(tmp_path: Path, kept: bool) -> None:
    config = sandbox_at(tmp_path / "utopia")
    morning, down = FolderRevocations(config.trust.folder), FolderRevocations(config.trust.folder, down=True)
    clock = ManualClock(NOW)
    async with door_world(config, revocations=KeptRevocations(morning, tmp_path / "kept", clock=clock)) as door:
        (copy,) = await door.issue(Format.SD_JWT_VC)
        await present(door, copy)
    folder = tmp_path / ("kept" if kept else "nothing")
    async with door_world(config, revocations=KeptRevocations(down, folder, clock=clock)) as door:
        (copy,) = await door.issue(Format.SD_JWT_VC)
        if kept:
            await present(door, copy)
        else:
            with pytest.raises(ZegelError):
                await present(door, copy)
        assert door.network.asked == []
    assert len(morning.asked) > 3


# --- bad twins: what would tell too much is found ---------------------------------------------------------------------


@pytest.mark.slow
@FORMATS
async def test_a_copy_that_is_shown_twice_is_found(door: DoorWorld, format_: Format) -> None:
    (mine,) = await door.issue(format_)
    (somebody_elses,) = await door.issue(format_)
    first, second, other = [values_in(await present(door, copy), format_) for copy in (mine, mine, somebody_elses)]
    linking = (first & second) - other
    assert len(linking) >= 5, "salts, digests, the key, the issuer's signature"


@pytest.mark.slow
@FORMATS
@pytest.mark.parametrize("word", HIDDEN)
async def test_an_issuer_that_hides_something_in_the_name_of_the_rules_is_found(
    door: DoorWorld, format_: Format, word: str
) -> None:
    (copy,) = await door.issue(format_, rule_set=f"{RULES}/{word}")
    await present(door, copy)
    assert ("opened", word) in mentioned(door, OF_THE_CERTIFICATE)


async def test_a_wallet_that_says_more_than_it_is_asked_for_is_found(door: DoorWorld) -> None:
    (copy,) = await door.issue(Format.SD_JWT_VC)
    await present(door, copy)
    request = door.received[-1]
    door.received.append(replace(request, headers=(*request.headers, ("x-name", "Voorbeeld"))))
    assert mentioned(door, OF_THE_CERTIFICATE) == {("received", "VOORBEELD")}
