"""``zegel serve``: roles of a configuration, each at its own origin, until SIGTERM."""

import asyncio
import json
import logging
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from zegel.adapters.logs import configure_logs
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.output import ACCEPTED, print_text, say
from zegel.config.roles import Config
from zegel.web.app.all import ROLE_NAMES, load_role, open_roles
from zegel.web.app.roles import OpenRole
from zegel.web.app.serve import ToldToEnd, run_unless_told_to_end, serving, until_told_to_end
from zegel.web.app.workers import Worker, bind_shared, config_of, part_of, roles_of, supervise, workers_of
from zegel.web.app.world import open_world

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("roles", metavar="ROLE", nargs="*", help=f"of {', '.join(ROLE_NAMES)}; all of them without one")
    add_json_option(parser)
    add_config_option(parser)


def add_json_option(parser: ArgumentParser) -> None:
    """Add the option that is of each command that serves."""
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout when all of it answers")


def run(args: Namespace) -> int:
    """Serve."""
    unknown = [role for role in args.roles if role not in ROLE_NAMES]
    if unknown:
        say(f"there is no role {unknown[0]}; expected {', '.join(ROLE_NAMES)}")
        return 2
    config, names = find_config(args, demo=False), args.roles or list(ROLE_NAMES)
    configure_logs(sys.stderr, level=_LEVELS[config.log])
    count = max(workers_of(config, name) for name in names)
    if count > 1:
        for name in names:
            load_role(name)  # once, before there are workers: they share it
        tell = print_text if args.json else say
        return supervise(count, partial(_work, names, config, as_json=args.json), say=tell)
    return _until_told(partial(_serve, names, config, as_json=args.json))


def _work(names: list[str], config: Config, worker: Worker, *, as_json: bool) -> int:
    return _until_told(partial(_serve_beside_others, names, config, worker, as_json=as_json))


def _until_told(work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Serve until a signal. A service is stopped by SIGTERM also while it starts, and then has not failed; Ctrl-C ends
    this start as it does any command."""
    try:
        run_unless_told_to_end(work)
    except ToldToEnd as told:
        if told.number == signal.SIGINT:
            raise
    return ACCEPTED


async def _serve(names: list[str], config: Config, *, as_json: bool) -> None:
    world = open_world(config, roles=names)
    roles = await open_roles(names, world)
    async with serving(roles, world=world, sockets={}):
        ending = asyncio.create_task(until_told_to_end())
        await asyncio.sleep(0)  # whoever is told that a role answers may end it
        for line in _where(roles, as_json=as_json):
            (print_text if as_json else say)(line)
        await ending


async def _serve_beside_others(names: list[str], config: Config, worker: Worker, *, as_json: bool = False) -> None:
    world = open_world(config_of(config, worker=worker.number), roles=names)
    opened = await open_roles(roles_of(names, config, worker=worker.number), world)
    roles = [part_of(role, worker=worker.number) for role in opened]
    if worker.number or worker.again:  # others answer meanwhile; what goes wrong here, the timer says of its own turn
        await world.trust.refresh()
    sockets = bind_shared(roles, config, worker)
    async with serving(roles, world=world, sockets=sockets):
        ends = [asyncio.create_task(until_told_to_end()), asyncio.create_task(worker.parent_gone())]
        await asyncio.sleep(0)
        worker.say_ready(_where(roles, as_json=as_json))
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()


def _where(roles: Sequence[OpenRole], *, as_json: bool = False) -> list[str]:
    origins = {listener.name: listener.origin for role in roles for listener in role.listeners}
    if as_json:
        return [json.dumps({"ready": True, "origins": origins})]
    return [f"{name} answers at {origin}" for name, origin in origins.items()]
