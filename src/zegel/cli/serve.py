"""``zegel serve``: roles of a configuration, each at its own origin, until SIGTERM."""

import asyncio
import logging
import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from typing import Final

from zegel.adapters.logs import configure_logs
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.output import ACCEPTED, say
from zegel.config.roles import Config
from zegel.web.app.all import OPENERS, open_roles
from zegel.web.app.serve import run_unless_told_to_end, serving, until_told_to_end
from zegel.web.app.world import open_world

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("roles", metavar="ROLE", nargs="*", help=f"of {', '.join(OPENERS)}; all of them without one")
    add_config_option(parser)


def run(args: Namespace) -> int:
    """Serve."""
    unknown = [role for role in args.roles if role not in OPENERS]
    if unknown:
        say(f"there is no role {unknown[0]}; expected {', '.join(OPENERS)}")
        return 2
    config = find_config(args)
    configure_logs(sys.stderr, level=_LEVELS[config.log])
    run_unless_told_to_end(partial(_serve, args.roles or list(OPENERS), config))
    return ACCEPTED


async def _serve(names: list[str], config: Config) -> None:
    world = open_world(config)
    roles = await open_roles(names, world)
    async with serving(roles, world=world, sockets={}):
        ending = asyncio.create_task(until_told_to_end())
        await asyncio.sleep(0)  # whoever is told that a role answers may end it
        for role in roles:
            for listener in role.listeners:
                say(f"{listener.name} answers at {listener.origin}")
        await ending
