"""Registration certificates of the roles: files that the registrar gave out, read again as it gives out others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from zegel.adapters.registration_files import load_registration
from zegel.config.roles import Config
from zegel.web.app.roles import Timer, World


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRegistration:
    """A setting that names a registration certificate, and the role whose access certificate it is shown with."""

    name: str
    role: str
    path: Path


def shown_registrations(config: Config) -> Iterator[ShownRegistration]:
    """Those that the roles show, by the paths of their settings."""
    clients = enumerate(config.provider.clients)
    settings = {
        "issuer.registration": config.issuer.registration,
        "issuer.source.registration": config.issuer.source.registration,
        "verifier.registration": config.verifier.registration,
        "provider.registration": config.provider.registration,
        **{f"provider.clients[{at}].registration": client.registration for at, client in clients},
        "door.registration": config.door.registration,
    }
    for name, path in settings.items():
        if path is not None:
            yield ShownRegistration(name=name, role=name.partition(".")[0], path=path)


@final
class RegistrationFiles:
    """The files of a role, by a name of its own for each. Whoever sends one is told when there is another."""

    def __init__(self, role: str, world: World) -> None:
        self._role = role
        self._world = world
        self._sent: dict[Path, str] = {}
        self._followers: list[tuple[Path, Callable[[str], None]]] = []

    def text(self, path: Path | None) -> str | None:
        """A certificate as it is sent, None without a file; ``Unavailable`` or ``Malformed`` for one that is none."""
        if path is None:
            return None
        if path not in self._sent:
            self._sent[path] = load_registration(path)
        return self._sent[path]

    def follow(self, path: Path | None, follower: Callable[[str], None]) -> None:
        """Call ``follower`` with each certificate that takes the present one's place in the file."""
        if path is not None:
            self._followers.append((path, follower))

    def timers(self) -> Iterator[Timer]:
        """Reads them again, where there are any."""
        if self._sent:
            seconds = self._world.config.keys
            yield Timer(name=f"{self._role}: registration certificates", seconds=seconds, act=self._refresh)

    async def _refresh(self) -> None:
        for path, known in tuple(self._sent.items()):
            text = load_registration(path)
            if text != known:
                self._sent[path] = text
                for followed, follower in self._followers:
                    if followed == path:
                        follower(text)
