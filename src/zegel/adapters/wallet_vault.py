"""A wallet's vault on the disk: the vault's file, holding ``WalletContents``."""

from pathlib import Path
from typing import final

from zegel.adapters.files import make_owner_only_folder
from zegel.adapters.vault import Cost, Vault, create_vault, open_vault
from zegel.services.ports import Random
from zegel.services.wallet.contents import WalletContents


@final
class WalletVaultFile:
    """A ``VaultFile``. ``cost`` is what a guess at the passphrase of a new vault costs; None for the usual."""

    def __init__(self, path: Path, *, random: Random, cost: Cost | None = None) -> None:
        self.path = path
        self._random = random
        self._cost = cost

    def exists(self) -> bool:
        """See ``VaultFile``."""
        return self.path.exists()

    def create(self, passphrase: str) -> Vault[WalletContents]:
        """See ``VaultFile``; ``Unavailable`` when there is one."""
        make_owner_only_folder(self.path.parent)
        return create_vault(
            self.path, passphrase, WalletContents(), states=(WalletContents,), random=self._random, cost=self._cost
        )

    def open(self, passphrase: str) -> Vault[WalletContents]:
        """See ``VaultFile``; ``Unavailable`` when it is in use, ``Malformed`` when it is no vault."""
        return open_vault(self.path, passphrase, states=(WalletContents,), random=self._random)
