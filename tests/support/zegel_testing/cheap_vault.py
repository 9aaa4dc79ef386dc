"""A wallet's vault on the disk, whose key costs as little as a vault's may; a process derives each but once.

The least is still 64 MiB of memory, in each test that has a wallet, for the same passphrase and the same salt.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

from zegel.adapters import vault
from zegel.adapters.vault import Cost, Vault
from zegel.adapters.wallet_vault import WalletVaultFile
from zegel.services.ports import Random
from zegel.services.wallet.contents import WalletContents

_CHEAP: Final = Cost(iterations=1, lanes=1)
_DERIVED: Final = cache(vault._derive)
_ONE_AT_A_TIME: Final = Lock()  # wallets open their vaults in threads


class CheapVaultFile:
    """A ``VaultFile``: the wallet's own. Whatever else makes or opens a vault derives its key each time."""

    def __init__(self, path: Path, *, random: Random) -> None:
        self.path = path
        self._file = WalletVaultFile(path, random=random, cost=_CHEAP)

    def exists(self) -> bool:
        """See ``VaultFile``."""
        return self._file.exists()

    def create(self, passphrase: str) -> Vault[WalletContents]:
        """See ``VaultFile``."""
        with _derived_once():
            return self._file.create(passphrase)

    def open(self, passphrase: str) -> Vault[WalletContents]:
        """See ``VaultFile``."""
        with _derived_once():
            return self._file.open(passphrase)


@contextmanager
def _derived_once() -> Iterator[None]:
    with _ONE_AT_A_TIME:
        derive, vault._derive = vault._derive, _DERIVED
        try:
            yield
        finally:
            vault._derive = derive
