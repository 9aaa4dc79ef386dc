"""``zegel demo``: every role on this machine, in a sandbox of its own; or the walk, which tells the whole story."""

import logging
import os
import shutil
import socket
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import uvloop

from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.logs import configure_logs
from zegel.adapters.sandbox.create import Sandbox, create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, ROLES, SandboxPlan
from zegel.cli.configuration import announce_demo, withdraw_demo
from zegel.cli.output import ACCEPTED, REJECTED, print_data, print_text, say
from zegel.cli.walk.script import walk
from zegel.cli.walk.story import Listening, Step, Story
from zegel.config.roles import Config
from zegel.errors import Unavailable
from zegel.profiles import PROFILES
from zegel.web.app.all import OPENERS, open_roles
from zegel.web.app.serve import bind, serving, until_told_to_end
from zegel.web.app.world import open_world

FIRST_PORT: Final = 7101
_ADDRESS: Final = "127.0.0.1"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--profile", choices=list(PROFILES), default="haip", help="default: haip")
    parser.add_argument("--tls", action="store_true", help="serve TLS from the sandbox's own web authority")
    parser.add_argument("--walk", action="store_true", help="tell the whole story without a browser, and end")
    parser.add_argument("--headless", action="store_true", help="free ports, no words; ends on SIGTERM")
    parser.add_argument("--folder", metavar="DIR", type=Path, help="keep the sandbox there, and what is in it")
    parser.add_argument("--json", action="store_true", help="JSON on stdout: a line when ready, or a line a step")


def run(args: Namespace) -> int:
    """Run the demo until it is told to end, or the walk to its end."""
    with _folder(args.folder) as folder, _sockets(args) as sockets:
        began = time.perf_counter()
        sandbox = _sandbox(folder, args, sockets)
        config = load_config(sandbox.config)
        _configure_logs(args, folder)
        if args.walk:
            story = Story(lambda step: _tell(step, as_json=args.json))
            story.add("sandbox", ok=True, ms=round((time.perf_counter() - began) * 1000))
            return uvloop.run(_walk(config, sandbox, sockets, story))
        return uvloop.run(_demo(config, sandbox, sockets, args))


async def _demo(config: Config, sandbox: Sandbox, sockets: dict[str, socket.socket], args: Namespace) -> int:
    world = open_world(config)
    roles = await open_roles(list(OPENERS), world)
    async with serving(roles, world=world, sockets=sockets):
        announce_demo(sandbox.config)
        try:
            _announce(config, sandbox, args)
            await until_told_to_end()
        finally:
            withdraw_demo(sandbox.config)
    return ACCEPTED


async def _walk(config: Config, sandbox: Sandbox, sockets: dict[str, socket.socket], story: Story) -> int:
    world = open_world(config)
    listening = Listening(story)
    logging.getLogger("zegel").addHandler(listening)
    try:
        roles = await open_roles(list(OPENERS), world)
        async with serving(roles, world=world, sockets=sockets):
            await walk(config, story, roles=roles, web_ca=sandbox.web_ca if config.issuer.tls_certificate else None)
    except Unavailable as error:
        say(str(error))
        story.add("walk", ok=False, ms=0, check=error.check.id)
    finally:
        logging.getLogger("zegel").removeHandler(listening)
    return ACCEPTED if story.went_well else REJECTED


def _sandbox(folder: Path, args: Namespace, sockets: dict[str, socket.socket]) -> Sandbox:
    existing = folder / "zegel.toml"
    if existing.exists():
        return Sandbox(config=existing, trust_folder=folder / "trust", web_ca=folder / "web-ca.pem")
    plan = SandboxPlan(
        profile=args.profile,
        tls=args.tls,
        ports={role: _port(sockets[_listener(role)]) for role in ROLES},
        operator_ports={role: _port(sockets[_listener(role) + " operator"]) for role in OPERATED},
        brisk=True,
    )
    return create_sandbox(folder, plan, now=SystemClock().now(), random=system_random)


def _announce(config: Config, sandbox: Sandbox, args: Namespace) -> None:
    origins = {
        "issuer": config.issuer.origin,
        "authorization_server": config.issuer.origin,
        "verifier": config.verifier.origin,
        "provider": config.provider.origin,
        "service": config.service.origin,
        "wallet": config.wallet.origin,
        "wallet_provider": config.wallet_provider.origin,
    }
    paths = {
        "trust_folder": str(sandbox.trust_folder),
        "web_ca": str(sandbox.web_ca),
        "config": str(sandbox.config),
    }
    if args.json:
        print_data({"ready": True, **origins, **paths})
        return
    print_text(_WELCOME.format(profile=args.profile, **origins, **paths))


_WELCOME: Final = """
zegel is running, profile {profile}. Everything is on this machine; nothing is real.

  1  {wallet}        your wallet: make it, with a passphrase of your own
  2  {issuer}        the identity office: get your identity (log in as erika, password: erika keeps bees)
  3  {service}           Tax online: sign in with your wallet

  The wallet asks for a code; it has one shown here, in this terminal.
  More people and their passwords: docs/demo-people.md.  More commands: zegel --help.
  The sandbox is in {config}. Ctrl-C ends it.
"""


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    """The folder of the sandbox; a temporary one is gone afterwards."""
    if chosen is not None:
        yield chosen
        return
    made = Path(tempfile.mkdtemp(prefix="zegel-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _sockets(args: Namespace) -> Iterator[dict[str, socket.socket]]:
    """A listening socket for each listener: on the usual ports where they are free, and on free ones otherwise."""
    usual = {_listener(role): FIRST_PORT + at for at, role in enumerate(ROLES)}
    usual |= {f"{_listener(role)} operator": FIRST_PORT + 10 + at for at, role in enumerate(OPERATED)}
    bound: dict[str, socket.socket] = {}
    try:
        for name, port in usual.items():
            bound[name] = _bind(0 if args.walk or args.headless else port)
        yield bound
    finally:
        for one in bound.values():
            one.close()


def _bind(port: int) -> socket.socket:
    try:
        return bind(_ADDRESS, port)
    except Unavailable:
        return bind(_ADDRESS, 0)


def _configure_logs(args: Namespace, folder: Path) -> None:
    """The log goes to a file of the sandbox; a terminal has the words for people."""
    if args.headless and not args.walk:
        configure_logs(sys.stderr, level=logging.INFO)
        return
    owner_only = partial(os.open, mode=0o600)
    log = open(folder / "zegel.log", "a", encoding="utf-8", opener=owner_only)  # noqa: SIM115 it is open to the end
    configure_logs(log, level=logging.INFO)


def _tell(step: Step, *, as_json: bool) -> None:
    if as_json:
        print_data(step.members())
    else:
        mark = "ok" if step.ok else "FAILED"
        print_text(f"{mark:<7}{step.ms:>6} ms  {step.name}{'' if step.check is None else f'  ({step.check})'}")


def _listener(role: str) -> str:
    return role.replace("_", "-")


def _port(one: socket.socket) -> int:
    port: int = one.getsockname()[1]
    return port
