"""Registration certificates of the roles: files that the registrar gave out, read again as it gives out others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from zegel.adapters.logs import Log
from zegel.adapters.registration_files import LoadedRegistration, load_registration
from zegel.checks import Check
from zegel.config.roles import Config
from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.x509 import DAY
from zegel.web.app.roles import Timer, World
from zegel.web.metrics import Family, Kind, Sample


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
    """The files of a role, by a name of its own for each. Whoever sends one is told when there is another.

    Until then the one that there is goes on, beyond its end too: wallets warn of it, and that is for a person to decide
    (ARF 3.0 RPRC_17). Whoever runs the role is warned once a day from when the next one should be at hand.
    """

    def __init__(self, role: str, world: World) -> None:
        self._role = role
        self._world = world
        self._log = Log(role)
        self._names = {shown.path: shown.name for shown in shown_registrations(world.config) if shown.role == role}
        self._sent: dict[Path, LoadedRegistration] = {}
        self._warned: dict[Path, tuple[str, int]] = {}
        self._followers: list[tuple[Path, Callable[[str], None]]] = []

    def text(self, path: Path | None) -> str | None:
        """A certificate as it is sent, None without a file; ``Unavailable`` or ``Malformed`` for one that is none."""
        if path is None:
            return None
        if path not in self._sent:
            self._sent[path] = load_registration(path)
        return self._sent[path].text

    def follow(self, path: Path | None, follower: Callable[[str], None]) -> None:
        """Call ``follower`` with each certificate that takes the present one's place in the file."""
        if path is not None:
            self._followers.append((path, follower))

    def timers(self) -> Iterator[Timer]:
        """Reads them again, where there are any."""
        if self._sent:
            seconds = self._world.config.keys
            yield Timer(name=f"{self._role}: registration certificates", seconds=seconds, act=self._refresh)

    def families(self) -> tuple[Family, ...]:
        """For how long each is valid, by its setting; below zero from its end on."""
        now = self._world.clock.now()
        samples = tuple(
            Sample(labels={"certificate": self._names[path]}, value=sent.unverified_certificate.valid_until - now)
            for path, sent in self._sent.items()
        )
        meaning = "Until a registration certificate ends, after which wallets warn of whoever shows it."
        return (Family(name="zegel_registration_left_seconds", kind=Kind.GAUGE, meaning=meaning, samples=samples),)

    async def _refresh(self) -> None:
        """One that cannot be read stays as it is, and does not keep the others from being read."""
        failed: ZegelError | None = None
        for path in tuple(self._sent):
            try:
                self._take(path, load_registration(path))
            except (Malformed, Unavailable) as error:
                failed = error
        self._warn()
        if failed is not None:
            raise failed

    def _take(self, path: Path, loaded: LoadedRegistration) -> None:
        if loaded.text != self._sent[path].text:
            self._sent[path] = loaded
            for followed, follower in self._followers:
                if followed == path:
                    follower(loaded.text)

    def _warn(self) -> None:
        now = self._world.clock.now()
        for path, sent in self._sent.items():
            certificate = sent.unverified_certificate  # its times are all that is read of it here
            if now < certificate.renew_from:
                continue
            left = (certificate.valid_until - now) // DAY  # below zero from its end on
            if self._warned.get(path) != (sent.text, left):
                self._warned[path] = sent.text, left
                detail = f"it ends in {left} days" if left >= 0 else "it has ended: wallets warn of whoever shows it"
                error = Rejected(Check.REGISTRATION_VALIDITY, detail, field=self._names[path])
                self._log.write("registration", error=error)
