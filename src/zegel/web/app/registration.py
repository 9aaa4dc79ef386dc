"""Registration certificates of the roles: files that the registrar gave out, read again as it gives out others.

A role looks after those that it shows: whether each is still good, and, where a registrar is configured, whether there
is a later one, which then takes the file's place.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from zegel.adapters.files import replace_owner_only
from zegel.adapters.logs import Log
from zegel.adapters.registration_files import load_registration
from zegel.checks import Check
from zegel.config.roles import Config
from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.x509 import DAY
from zegel.services.registration_renewal import Holder, RegistrationDesk
from zegel.trust.access import party_identifier, party_service
from zegel.trust.registration.carried import CarriedRegistration
from zegel.web.app.keys import RoleKeys
from zegel.web.app.roles import Timer, World
from zegel.web.metrics import Family, Kind, Sample

_AGAIN: Final = 300  # seconds until what failed is tried again; the registrar may be asked by all at once
_REPLACED: Final = frozenset({Check.REGISTRATION_STATUS, Check.REGISTRATION_VALIDITY})
"""What a later certificate mends: a change of the registration revokes the one before."""
_UNJUDGED: Final = Unavailable(
    "list of providers of registration certificates", "none is trusted, so that no later certificate could be judged"
)


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


@dataclass(slots=True, kw_only=True)
class _Shown:
    """A certificate as it is shown, and as its file had it last; what is ``wrong`` with it, why there is no later one,
    and when it is to be looked at again."""

    name: str
    loaded: CarriedRegistration
    read: str
    wrong: ZegelError | None = None
    missed: ZegelError | None = None
    due: int | None = None


@final
class RegistrationFiles:
    """The files of a role, by a name of its own for each. Whoever sends one is told when there is another.

    Until then the one that there is goes on, beyond its end too: wallets warn of it, and that is for a person to decide
    (ARF 3.0 RPRC_17). Whoever runs the role is warned once a day from when the next one should be at hand, and of what
    wallets would warn of.
    """

    def __init__(self, role: str, world: World, *, keys: RoleKeys) -> None:
        self._role = role
        self._world = world
        self._keys = keys
        self._log = Log(role)
        self._names = {shown.path: shown.name for shown in shown_registrations(world.config) if shown.role == role}
        self._shown: dict[Path, _Shown] = {}
        self._said: dict[tuple[Path, str], object] = {}
        self._followers: list[tuple[Path, Callable[[str], None]]] = []
        self._started = False
        registrations = world.config.registrations
        self._period = registrations.period
        self._desk = RegistrationDesk(
            registrations.registrar,
            outbound=world.outbound,
            trust=world.trust,
            clock=world.clock,
            keep=registrations.period,
        )

    def text(self, path: Path | None) -> str | None:
        """A certificate as it is sent, None without a file; ``Unavailable`` or ``Malformed`` for one that is none."""
        if path is None:
            return None
        if path not in self._shown:
            loaded = load_registration(path)
            self._shown[path] = _Shown(name=self._names[path], loaded=loaded, read=loaded.text)
        return self._shown[path].loaded.text

    def follow(self, path: Path | None, follower: Callable[[str], None]) -> None:
        """Call ``follower`` with each certificate that takes the present one's place in the file."""
        if path is not None:
            self._followers.append((path, follower))

    def timers(self) -> Iterator[Timer]:
        """Reads them again and looks after them, where there are any."""
        if self._shown:
            seconds = self._world.config.keys
            yield Timer(name=f"{self._role}: registration certificates", seconds=seconds, act=self._take_turn)

    def notices(self) -> tuple[str, ...]:
        """What whoever runs the role is to see to, each with the setting of the certificate."""
        now = self._world.clock.now()
        return tuple(f"{shown.name}: {said}" for shown in self._shown.values() for said in _complaints(shown, now=now))

    def families(self) -> tuple[Family, ...]:
        """For how long each is valid, whether wallets warn of it, and whether a later one could not be had."""
        now = self._world.clock.now()
        left, refused, missed = (
            "Until a registration certificate ends, after which wallets warn of whoever shows it.",
            "Whether a registration certificate was found revoked, or otherwise such that wallets warn of it.",
            "Whether the next registration certificate is due and could not be had.",
        )
        return (
            self._gauge("zegel_registration_left_seconds", left, lambda each: _until(each) - now),
            self._gauge("zegel_registration_refused", refused, lambda each: int(each.wrong is not None)),
            self._gauge("zegel_registration_renewal_missed", missed, lambda each: int(each.missed is not None)),
        )

    def _gauge(self, name: str, meaning: str, value: Callable[[_Shown], int]) -> Family:
        samples = tuple(Sample(labels={"certificate": each.name}, value=value(each)) for each in self._shown.values())
        return Family(name=name, kind=Kind.GAUGE, meaning=meaning, samples=samples)

    async def _take_turn(self) -> None:
        """One that cannot be read stays as it is, and does not keep the others from being read."""
        failed: ZegelError | None = None
        for path, shown in self._shown.items():
            try:
                self._read(path, shown, load_registration(path))
            except (Malformed, Unavailable) as error:
                failed = error
        if self._started:  # the start waits for no other host
            for path, shown in self._shown.items():
                await self._look_after(path, shown)
        self._started = True
        self._warn()
        if failed is not None:
            raise failed

    def _read(self, path: Path, shown: _Shown, loaded: CarriedRegistration) -> None:
        """What somebody put into the file counts, and not what was fetched and could not be put there."""
        if loaded.text != shown.read:
            shown.read = loaded.text
            self._take(path, shown, loaded)

    def _take(self, path: Path, shown: _Shown, loaded: CarriedRegistration) -> None:
        if loaded.text != shown.loaded.text:
            shown.loaded, shown.wrong, shown.missed, shown.due = loaded, None, None, None
            for followed, follower in self._followers:
                if followed == path:
                    follower(loaded.text)

    async def _look_after(self, path: Path, shown: _Shown) -> None:
        """Judge it, and have a later one where it is time; what fails is tried again sooner."""
        now = self._world.clock.now()
        if not self._desk.judges:  # nobody is trusted to say who is registered, neither now nor by a later one
            shown.wrong, shown.missed = None, _UNJUDGED if self._is_due(shown, now=now) else None
            return
        if shown.due is not None and now < shown.due:
            return
        shown.wrong = await self._judged(shown)
        shown.missed = await self._renewed(path, shown) if self._is_due(shown, now=now) else None
        if shown.missed is None and shown.loaded.text != shown.read:
            shown.missed = _kept(path, shown)
        failed = shown.wrong is not None or shown.missed is not None
        shown.due = now + (min(_AGAIN, self._period) if failed else self._period)

    def _is_due(self, shown: _Shown, *, now: int) -> bool:
        replaced = shown.wrong is not None and shown.wrong.check in _REPLACED
        return self._desk.renews and (replaced or now >= shown.loaded.unverified_certificate.renew_from)

    async def _judged(self, shown: _Shown) -> ZegelError | None:
        try:
            await self._desk.judge(shown.loaded.registration, holder=self._holder())
        except ZegelError as error:
            return error
        return None

    async def _renewed(self, path: Path, shown: _Shown) -> ZegelError | None:
        """Why there is no later one; with it, the present one is gone, and None."""
        try:
            later = await self._desk.fetch_later(shown.loaded.registration, holder=self._holder())
        except ZegelError as error:
            return error
        self._take(path, shown, later)  # judged just now, so nothing is wrong with it
        return None

    def _holder(self) -> Holder:
        leaf = self._keys.signer("access_key").leaf
        return Holder(identifier=party_identifier(leaf), service=party_service(leaf))

    def _warn(self) -> None:
        """Once a day of each thing, and at once when it is another."""
        today = self._world.clock.now() // DAY
        for path, shown in self._shown.items():
            self._say(path, "end", self._end(shown))
            for what, error in (("wrong", shown.wrong), ("missed", shown.missed)):
                told = None if error is None else Rejected(error.check, error.detail, field=shown.name)
                self._say(path, what, told, day=today)

    def _end(self, shown: _Shown) -> Rejected | None:
        """That it ends; where it is renewed by itself, only that it has ended."""
        now = self._world.clock.now()
        if not _ends_soon(shown, now=now) or (self._desk.renews and now < _until(shown)):
            return None
        return Rejected(Check.REGISTRATION_VALIDITY, _left(shown, now=now), field=shown.name)

    def _say(self, path: Path, what: str, error: Rejected | None, *, day: int = 0) -> None:
        text = None if error is None else (self._shown[path].loaded.text, error.detail, day)
        if self._said.get((path, what)) != text:
            self._said[path, what] = text
            if error is not None:
                self._log.write("registration", error=error)


def _kept(path: Path, shown: _Shown) -> ZegelError | None:
    """Put what was fetched into the file's place, for the next start."""
    try:
        replace_owner_only(path, shown.loaded.data)
    except Unavailable as error:
        return Unavailable(error.what, f"the next certificate is shown, and cannot be kept: {error.detail}")
    shown.read = shown.loaded.text
    return None


def _complaints(shown: _Shown, *, now: int) -> Iterator[str]:
    if shown.wrong is not None:
        yield shown.wrong.detail
    if shown.missed is not None:
        yield f"the next certificate could not be had: {shown.missed.detail}"
    if _ends_soon(shown, now=now):
        yield _left(shown, now=now)


def _ends_soon(shown: _Shown, *, now: int) -> bool:
    return now >= shown.loaded.unverified_certificate.renew_from  # its times are all that is read of it here


def _until(shown: _Shown) -> int:
    return shown.loaded.unverified_certificate.valid_until


def _left(shown: _Shown, *, now: int) -> str:
    left = (_until(shown) - now) // DAY  # below zero from its end on
    return f"it ends in {left} days" if left >= 0 else "it has ended: wallets warn of whoever shows it"
