"""Registration certificates of the roles: files that the registrar gave out, read again as it gives out others."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import final

from zegel.adapters.files import read_file
from zegel.trust.registration.parse import MAX_CERTIFICATE, parse_registration
from zegel.trust.registration.transport import certificate_text
from zegel.web.app.roles import Timer, World


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


def load_registration(path: Path) -> str:
    """Read a certificate of either format, as JSON carries it; what it says is left to whoever it is shown to."""
    data = read_file(path, max_bytes=MAX_CERTIFICATE)
    if data.isascii():  # a JWT; of a CWT every byte counts
        data = data.strip()
    parse_registration(data)
    return certificate_text(data)
