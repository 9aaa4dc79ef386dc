"""What a sandbox's authorities revoked, read from where the trust role would serve it."""

from dataclasses import dataclass
from pathlib import Path

from zegel.adapters.revocation_files import CRL_FOLDER
from zegel.config.roles import Config
from zegel.errors import Unavailable
from zegel.services.trust_ports import RevocationList


@dataclass
class FolderRevocations:
    """A ``RevocationSource`` without a host in between. ``asked`` are the addresses; ``down``: nobody answers."""

    folder: Path
    down: bool = False

    def __post_init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, url: str) -> RevocationList:
        self.asked.append(url)
        file = self.folder / CRL_FOLDER / url.rpartition("/")[2]
        if self.down or not file.exists():
            raise Unavailable("list of revoked certificates", "nobody answers there")
        return RevocationList(file.read_bytes())


def revocations_of(config: Config) -> FolderRevocations:
    """Those of a sandbox."""
    return FolderRevocations(config.trust.folder)
