"""The vault while it is open: one tree, changed by one move at a time, on the disk before it counts.

It locks itself when nobody has used it for a while. What needs it then is told so by name.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, TypeVar, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.services.ports import Clock
from zegel.services.wallet.contents import WalletContents

MIN_PASSPHRASE: Final = 8  # NIST SP 800-63B section 3.1.1.2, of a secret that the person chose

T = TypeVar("T")
Move = Callable[[WalletContents], tuple[WalletContents, T]]
"""From the contents to the next ones, and what the caller wants to know of that."""


class Vault(Protocol):
    """An open vault. ``save`` raises ``Unavailable`` when the disk refuses, and then nothing has changed."""

    @property
    def value(self) -> WalletContents:
        """What it holds."""
        ...

    def save(self, value: WalletContents) -> None:
        """Replace what it holds."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class VaultFile(Protocol):
    """Where the vault is. Both ways in take a tenth of a second of work on purpose."""

    def exists(self) -> bool:
        """Whether there is a vault."""
        ...

    def create(self, passphrase: str) -> Vault:
        """Make an empty one and open it."""
        ...

    def open(self, passphrase: str) -> Vault:
        """Open it; ``Rejected(PASSPHRASE)`` when the passphrase is another."""
        ...


@final
class Safe:
    """The vault, open or locked. ``idle`` is after how many seconds without use it locks; None for never."""

    def __init__(self, file: VaultFile, *, clock: Clock, idle: int | None) -> None:
        self._file = file
        self._clock = clock
        self._idle = idle
        self._vault: Vault | None = None
        self._used_at = clock.now()
        self._turn = asyncio.Lock()

    @property
    def exists(self) -> bool:
        """Whether there is a vault to unlock."""
        return self._file.exists()

    @property
    def is_open(self) -> bool:
        """Whether it is unlocked; asking is no use."""
        return self._vault is not None

    @property
    def contents(self) -> WalletContents:
        """What the vault holds; ``Rejected(WALLET_LOCKED)`` while it is locked."""
        return self._opened().value

    async def create(self, passphrase: str) -> None:
        """Make a vault and open it; ``Malformed`` for a passphrase that is soon guessed."""
        secret = check_new_passphrase(passphrase)
        async with self._turn:
            self._vault = await asyncio.to_thread(self._file.create, secret)
        self._used_at = self._clock.now()

    async def unlock(self, passphrase: str) -> None:
        """Open the vault, if it is not open; ``Rejected(PASSPHRASE)`` otherwise."""
        async with self._turn:
            if self._vault is None:
                self._vault = await asyncio.to_thread(self._file.open, passphrase)
        self._used_at = self._clock.now()

    async def change(self, move: Move[T]) -> T:
        """Make a move; it is on the disk when this returns, or nothing has changed."""
        async with self._turn:
            vault = self._opened()
            contents, answer = move(vault.value)
            if contents is not vault.value:
                await asyncio.to_thread(vault.save, contents)
        return answer

    async def lock(self) -> None:
        """Close the vault, and forget its key and all that was in it."""
        async with self._turn:
            self.close()

    async def lock_if_idle(self) -> None:
        """Lock when nobody has used the wallet for too long; after a clock was set back, that counts from now on."""
        self._used_at = min(self._used_at, self._clock.now())
        if self._idle is not None and self._vault is not None and self._clock.now() - self._used_at >= self._idle:
            await self.lock()

    def used(self) -> None:
        """Somebody uses the wallet."""
        self._used_at = self._clock.now()

    def close(self) -> None:
        """Close the vault at the end of the program."""
        if self._vault is not None:
            self._vault.close()
            self._vault = None

    def _opened(self) -> Vault:
        if self._vault is None:
            raise Rejected(Check.WALLET_LOCKED, "the wallet is locked")
        return self._vault


def check_new_passphrase(passphrase: str) -> str:
    """Return a passphrase that may guard a vault; ``Malformed`` for one that is too short."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise Malformed("new passphrase", "passphrase", f"expected at least {MIN_PASSPHRASE} characters")
    return passphrase
