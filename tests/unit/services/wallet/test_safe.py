"""The vault while it is open: one move at a time, on the disk before it counts, locked when nobody uses it."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from zegel_testing.authorities import NOW

from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.services.wallet.contents import Finished, WalletContents
from zegel.services.wallet.flows import put_flow
from zegel.services.wallet.safe import Safe

pytestmark = pytest.mark.anyio
PASSPHRASE = "long enough"


@dataclass
class MemoryVault:
    value: WalletContents = WalletContents()  # noqa: RUF009 a frozen value
    closed: int = 0
    full: bool = False

    def save(self, value: WalletContents) -> None:
        if self.full:
            raise Unavailable("vault", "no space left on device")
        self.value = value

    def close(self) -> None:
        self.closed += 1


class MemoryFile:
    """A ``VaultFile`` without a disk."""

    def __init__(self) -> None:
        self.vault: MemoryVault | None = None
        self.passphrase = ""

    def exists(self) -> bool:
        return self.vault is not None

    def create(self, passphrase: str) -> MemoryVault:
        self.vault, self.passphrase = MemoryVault(), passphrase
        return self.vault

    def open(self, passphrase: str) -> MemoryVault:
        if passphrase != self.passphrase or self.vault is None:
            raise Rejected(Check.PASSPHRASE, "the passphrase does not open the vault")
        return self.vault


def safe(*, idle: int | None = None) -> tuple[Safe, MemoryFile, ManualClock]:
    file, clock = MemoryFile(), ManualClock(NOW)
    return Safe(file, clock=clock, idle=idle), file, clock


async def test_a_vault_is_made_locked_and_opened_again() -> None:
    made, file, _ = safe()
    assert not made.exists
    await made.create(PASSPHRASE)
    assert made.exists
    assert made.is_open
    await made.lock()
    assert not made.is_open
    assert file.vault is not None
    assert file.vault.closed == 1
    with pytest.raises(Rejected) as caught:
        _ = made.contents
    assert caught.value.check is Check.WALLET_LOCKED
    with pytest.raises(Rejected) as wrong:
        await made.unlock("something else")
    assert wrong.value.check is Check.PASSPHRASE
    await made.unlock(PASSPHRASE)
    assert made.contents == WalletContents()
    await made.unlock("what is open is open")


async def test_a_short_passphrase_is_refused() -> None:
    made, file, _ = safe()
    with pytest.raises(Malformed, match="at least 8 characters") as caught:
        await made.create("1234567")
    assert caught.value.field == "passphrase"
    assert not file.exists()


async def test_moves_follow_each_other_and_none_is_lost() -> None:
    made, file, _ = safe()
    await made.create(PASSPHRASE)

    async def add(number: int) -> int:
        return await made.change(lambda now: (put_flow(now, str(number), Finished(at=NOW)), number))

    assert await asyncio.gather(*(add(number) for number in range(20))) == list(range(20))
    assert file.vault is not None
    assert len(file.vault.value.flows) == 20


async def test_a_move_that_fails_changes_nothing() -> None:
    made, file, _ = safe()
    await made.create(PASSPHRASE)

    def fail(contents: WalletContents) -> tuple[WalletContents, None]:
        raise Rejected(Check.HELD, "no")

    with pytest.raises(Rejected):
        await made.change(fail)
    assert file.vault is not None
    file.vault.full = True
    with pytest.raises(Unavailable):
        await made.change(lambda contents: (put_flow(contents, "f", Finished(at=NOW)), None))
    assert made.contents == WalletContents()
    # what changes nothing is not written either
    assert await made.change(lambda contents: (contents, "seen")) == "seen"
    file.vault.full = False
    await made.change(lambda contents: (replace(contents, log=()), None))


@pytest.mark.requirement("WIAM_16a")
async def test_a_wallet_that_nobody_uses_locks_itself() -> None:
    made, _, clock = safe(idle=600)
    await made.lock_if_idle()
    await made.create(PASSPHRASE)
    clock.advance(599)
    await made.lock_if_idle()
    assert made.is_open
    made.used()
    clock.advance(599)
    await made.lock_if_idle()
    assert made.is_open
    clock.advance(1)
    await made.lock_if_idle()
    assert not made.is_open
    with pytest.raises(Rejected) as caught:
        await made.change(lambda contents: (contents, None))
    assert caught.value.check is Check.WALLET_LOCKED


async def test_a_clock_that_was_set_back_keeps_no_wallet_open_for_as_long() -> None:
    made, _, clock = safe(idle=600)
    await made.create(PASSPHRASE)
    clock.advance(-3_600)
    await made.lock_if_idle()
    clock.advance(599)
    await made.lock_if_idle()
    assert made.is_open
    clock.advance(1)
    await made.lock_if_idle()
    assert not made.is_open


async def test_a_wallet_without_a_limit_stays_open() -> None:
    made, _, clock = safe()
    await made.create(PASSPHRASE)
    clock.advance(10**9)
    await made.lock_if_idle()
    assert made.is_open
    made.close()
    made.close()
    assert not made.is_open
