"""``zegel demo``: every role on this machine, in a sandbox of its own; or the walk, which tells the whole story."""

import asyncio
import logging
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import Final

from zegel.adapters.logs import configure_logs
from zegel.adapters.sandbox.health import CODES
from zegel.cli.configuration import announce_demo, withdraw_demo
from zegel.cli.demo_ground import DEFAULT_PROFILE, Ground, prepared
from zegel.cli.output import ACCEPTED, REJECTED, UNAVAILABLE, print_data, print_text, say
from zegel.cli.walk.door_view import open_noted_door
from zegel.cli.walk.script import walk
from zegel.cli.walk.story import Listening, Step, Story
from zegel.errors import Unavailable
from zegel.profiles import PROFILES
from zegel.web.app.all import ROLE_NAMES, open_roles
from zegel.web.app.serve import run_unless_told_to_end, serving, until_told_to_end
from zegel.web.app.world import open_world


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--profile", choices=list(PROFILES), help=f"default: {DEFAULT_PROFILE}")
    parser.add_argument("--tls", action="store_true", help="serve TLS from the sandbox's own web authority")
    parser.add_argument("--walk", action="store_true", help="tell the whole story without a browser, and end")
    parser.add_argument("--headless", action="store_true", help="free ports, a line of JSON, no words; ends on SIGTERM")
    parser.add_argument("--folder", metavar="DIR", type=Path, help="keep the sandbox there, and what is in it")
    parser.add_argument("--json", action="store_true", help="JSON on stdout: a line when ready, or a line a step")


def run(args: Namespace) -> int:
    """Run the demo until it is told to end, or the walk to its end."""
    began = time.perf_counter()
    with prepared(args) as ground:
        _configure_logs(args, ground.folder)
        if args.walk:
            story = Story(lambda step: _tell(step, as_json=args.json))
            story.add("sandbox", ok=True, ms=round((time.perf_counter() - began) * 1000))
            return run_unless_told_to_end(partial(_walk, ground, story))
        return run_unless_told_to_end(partial(_demo, ground, args))


async def _demo(ground: Ground, args: Namespace) -> int:
    world = open_world(ground.config)
    roles = await open_roles(list(ROLE_NAMES), world)
    async with serving(roles, world=world, sockets=ground.sockets):
        _point_to(ground.sandbox.config)
        try:
            ending = asyncio.create_task(until_told_to_end())
            await asyncio.sleep(0)  # whoever is told that it answers may end it
            _announce(ground, args)
            await ending
        finally:
            withdraw_demo(ground.sandbox.config)
    return ACCEPTED


def _point_to(config: Path) -> None:
    """Let other commands find the demo; where there is no home to write to, they are told where it is."""
    try:
        announce_demo(config)
    except Unavailable as error:
        say(f"other commands need --config {config}: {error.detail}")


async def _walk(ground: Ground, story: Story) -> int:
    world = open_world(ground.config)
    listening = Listening(story)
    logging.getLogger("zegel").addHandler(listening)
    try:
        others = await open_roles([name for name in ROLE_NAMES if name != "door"], world)
        door, view = await open_noted_door(world)
        roles = (*others, door)
        async with serving(roles, world=world, sockets=ground.sockets):
            codes = ground.folder / CODES
            await walk(ground.config, story, roles=roles, door=view, codes=codes, web_ca=_web_ca(ground))
    except Unavailable as error:
        say(str(error))
        story.add("walk", ok=False, ms=0, check=error.check.id)
        return UNAVAILABLE
    finally:
        logging.getLogger("zegel").removeHandler(listening)
    return ACCEPTED if story.went_well else REJECTED


def _web_ca(ground: Ground) -> Path | None:
    return ground.sandbox.web_ca if ground.config.issuer.tls_certificate else None


def _announce(ground: Ground, args: Namespace) -> None:
    if args.json or args.headless:
        print_data(_places(ground))
    else:
        print_text(_welcome(ground, kept=args.folder is not None))


def _places(ground: Ground) -> dict[str, object]:
    """Where everything is, for whoever drives the demo from outside."""
    config, sandbox = ground.config, ground.sandbox
    return {
        "ready": True,
        "issuer": config.issuer.origin,
        "authorization_server": config.issuer.origin,
        "verifier": config.verifier.origin,
        "provider": config.provider.origin,
        "service": config.service.origin,
        "wallet": config.wallet.origin,
        "wallet_provider": config.wallet_provider.origin,
        "door": config.door.origin,
        "registrar": config.registrar.origin,
        "trust_folder": str(sandbox.trust_folder),
        "web_ca": str(sandbox.web_ca),
    }


def _welcome(ground: Ground, *, kept: bool) -> str:
    config, web_ca = ground.config, _web_ca(ground)
    pages = {
        "wallet": config.wallet.origin,
        "issuer": config.issuer.origin,
        "service": config.service.origin,
        "door": config.door.origin,
    }
    width = max(map(len, pages.values()))
    return _WELCOME.format(
        profile=config.issuer.profile,
        certificates="" if web_ca is None else _CERTIFICATES.format(web_ca=web_ca),
        codes=ground.folder / CODES,
        folder=f"{ground.folder}{'' if kept else ', until it ends'}",
        **{name: origin.ljust(width) for name, origin in pages.items()},
    )


_WELCOME: Final = """
zegel is running, profile {profile}. Everything is on this machine; nothing is real. Open in a browser, in this order:

  1  {wallet}  your wallet: open it with a code, and give it a passphrase
  2  {issuer}  the identity office: get your identity; log in as erika, password: erika keeps bees
  3  {service}  Tax online: sign in with your wallet
  4  {wallet}  add health certificates: belgium.png, which has expired, and erika.png
  5  {issuer}  have it attested that erika.png is valid: Vaccination valid
  6  {door}  a door: ask the next one, and show that, and nothing else

  The pictures for 4 and 5 are in {codes}
  The code for the wallet appears here, in this terminal, when you press the button on its page.
{certificates}
  More people and their passwords: docs/demo-people.md      More commands: zegel --help
  Logs, databases and keys are in {folder}
  Ctrl-C ends it.
"""
_CERTIFICATES: Final = """\
  Your browser does not know the web authority of this sandbox, and warns of its certificates: go on in spite of that,
  or import {web_ca}
"""


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
