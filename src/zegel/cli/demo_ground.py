"""What a demo stands on: a folder, a sandbox in it, and a listening socket for each listener.

A sandbox that is made anew has the usual ports where they are free, and free ones otherwise; one that is there already
has its own.
"""

import shutil
import signal
import socket
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.sandbox.create import CONFIG_FILE, TRUST_FOLDER, WEB_CA_FILE, Sandbox, create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, PORTS, ROLES, SandboxPlan
from zegel.cli.output import say
from zegel.config.roles import Config
from zegel.errors import Malformed, Unavailable
from zegel.web.app.serve import bind

FIRST_PORT: Final = 7101
FIRST_OPERATOR_PORT: Final = 7111
FIRST_METRICS_PORT: Final = 7121
DEFAULT_PROFILE: Final = "haip"
_ADDRESS: Final = "127.0.0.1"
_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """``sockets`` are by the listener's name; a listener without one is bound as its configuration says."""

    sandbox: Sandbox
    config: Config
    sockets: Mapping[str, socket.socket]

    @property
    def folder(self) -> Path:
        """The sandbox's folder."""
        return self.sandbox.config.parent


@contextmanager
def prepared(args: Namespace) -> Iterator[Ground]:
    """A sandbox as the options have it. What was made for the time being is gone afterwards, however it ends.

    ``Malformed`` for options that the sandbox in the folder does not have.
    """
    with _ended_by_exception(), ExitStack() as stack:
        folder = stack.enter_context(_folder(args.folder))
        if (folder / CONFIG_FILE).exists():
            yield _found(folder, args)
        else:
            sockets = stack.enter_context(_listening(free=args.walk or args.headless))
            sandbox = _made(folder, args, sockets)
            yield Ground(sandbox=sandbox, config=load_config(sandbox.config), sockets=sockets)


def _found(folder: Path, args: Namespace) -> Ground:
    if args.walk:
        raise Malformed("command line", "the folder", f"{folder} is in use; a walk begins in a new or empty folder")
    config = load_config(folder / CONFIG_FILE)
    own = config.issuer.profile
    if args.profile not in (None, own):
        raise Malformed("command line", "--profile", f"expected {own}, as the sandbox in {folder} was made")
    if args.tls and config.issuer.tls_certificate is None:
        raise Malformed("command line", "--tls", f"expected another folder: the sandbox in {folder} was made without")
    sandbox = Sandbox(config=folder / CONFIG_FILE, trust_folder=folder / TRUST_FOLDER, web_ca=folder / WEB_CA_FILE)
    return Ground(sandbox=sandbox, config=config, sockets={})


def _made(folder: Path, args: Namespace, sockets: Mapping[str, socket.socket]) -> Sandbox:
    plan = SandboxPlan(
        profile=args.profile or DEFAULT_PROFILE,
        tls=args.tls,
        ports={role: _port(sockets[_listener(role)]) for role in ROLES},
        operator_ports={role: _port(sockets[_operator(role)]) for role in OPERATED},
        metrics_ports={role: _port(sockets[_metrics(role)]) for role in ROLES},
        brisk=True,
    )
    return create_sandbox(folder, plan, now=SystemClock().now(), random=system_random)


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen.resolve()
        return
    made = Path(tempfile.mkdtemp(prefix="zegel-"))
    try:
        yield made
    finally:
        with _undisturbed():
            shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _listening(*, free: bool) -> Iterator[Mapping[str, socket.socket]]:
    usual = {_listener(role): FIRST_PORT + at for role, at in PORTS.items()}
    usual |= {_operator(role): FIRST_OPERATOR_PORT + at for at, role in enumerate(OPERATED)}
    usual |= {_metrics(role): FIRST_METRICS_PORT + at for at, role in enumerate(ROLES)}
    with ExitStack() as stack:
        bound: dict[str, socket.socket] = {}
        taken: list[str] = []
        for name, port in usual.items():
            try:
                one = bind(_ADDRESS, 0 if free else port)
            except Unavailable:
                taken.append(str(port))
                one = bind(_ADDRESS, 0)
            bound[name] = stack.enter_context(one)
        if taken:
            say(f"another program has port {', '.join(taken)} (a demo that runs already?); free ones are taken instead")
        yield bound


@contextmanager
def _ended_by_exception() -> Iterator[None]:
    """SIGTERM and SIGHUP act as Ctrl-C does, so that whatever was begun is tidied up."""
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """What ends in a moment anyway is not told to end."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listener(role: str) -> str:
    return role.replace("_", "-")


def _operator(role: str) -> str:
    return f"{_listener(role)} operator"


def _metrics(role: str) -> str:
    return f"{_listener(role)} metrics"


def _port(one: socket.socket) -> int:
    port: int = one.getsockname()[1]
    return port
