"""``zegel db``: the databases of roles, looked after from outside."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from zegel.adapters.clock import SystemClock
from zegel.adapters.files import make_owner_only_folder
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.tables import SCHEMA
from zegel.adapters.sql.upkeep import DatabaseState, back_up, database_file, look_at, restore, upgrade
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.output import ACCEPTED, UNAVAILABLE, in_text, print_data, print_text
from zegel.config.roles import Config
from zegel.errors import Malformed, Unavailable

STORED: Final = ("issuer", "verifier", "provider", "wallet-provider", "registrar", "access-authority")
"""The roles that keep a database. The wallet has a vault, which is a file to be copied while the wallet is closed."""

Work = Callable[[str, Path], DatabaseState]


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel db``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    for name, meaning in (
        (
            "check",
            "see that databases are whole, of this zegel's schema and under the role's key; roles may run on them",
        ),
        ("upgrade", "bring schemas up to date, with no role running; a role that starts does the same"),
        ("backup", "copy databases while roles run on them, each to a new file for its owner alone"),
        ("restore", "put a backup in a database's place, with no role running on it"),
    ):
        command = commands.add_parser(name, help=meaning)
        _add_roles(command, name)
        if name == "backup":
            command.add_argument("--to", metavar="DIR", type=Path, required=True, help="the folder for ROLE.db")
        if name == "restore":
            command.add_argument("backup", metavar="FILE", type=Path, help="what backup has written")
            command.add_argument("--replace", action="store_true", help="give up the database that is there")
        command.add_argument("--json", action="store_true", help="one JSON object a role on stdout")
        add_config_option(command)


def run(args: Namespace) -> int:
    """Do it to each database that is meant; all of them are tried, and one that fails makes the command fail."""
    config = find_config(args)
    paths = _databases(config, args.action, args.roles if args.action != "restore" else [args.role])
    if args.action == "backup":
        make_owner_only_folder(args.to)
    work = _works(args, config)[args.action]
    return max([_report(role, path, work, as_json=args.json) for role, path in paths.items()], default=ACCEPTED)


def _works(args: Namespace, config: Config) -> Mapping[str, Work]:
    def found(path: Path) -> Path:
        if not args.roles and not _may_be_there(path):
            detail = f"there is none at {path}; find it, or where the role has never run, name those that have"
            raise Unavailable("database", detail)
        return path

    def at_hand(role: str) -> tuple[bytes, ...] | None:
        """None for who looks after the databases and may not read the keys."""
        path = _table(config, role).sealing_key
        return _keys(path) if os.access(path, os.R_OK) else None

    def restored(role: str, path: Path) -> DatabaseState:
        keys = _keys(_table(config, role).sealing_key)
        return restore(path, args.backup, keys=keys, replace=args.replace, now=SystemClock().now())

    return {
        "check": lambda role, path: look_at(found(path), keys=at_hand(role)).check_current(),
        "upgrade": lambda _, path: upgrade(path),
        "backup": lambda role, path: back_up(found(path), args.to / f"{role}.db", keys=at_hand(role)),
        "restore": restored,
    }


def _keys(path: Path) -> tuple[bytes, ...]:
    sealing = load_sealing_keys(path)
    return (sealing.current, *sealing.earlier())


def _add_roles(command: ArgumentParser, action: str) -> None:
    names = ", ".join(STORED)
    if action == "restore":
        command.add_argument("role", metavar="ROLE", help=f"one of {names}")
    else:
        meant = "those whose database is there" + ("" if action == "upgrade" else ", or has to be: the sealing key is")
        command.add_argument("roles", metavar="ROLE", nargs="*", help=f"of {names}; without one {meant}")


def _databases(config: Config, action: str, roles: list[str]) -> Mapping[str, Path]:
    """Of the roles that are named; else of those that have one, and, where one that is gone must not be passed over in
    silence, of those with a sealing key: without that no role has ever run."""
    for role in roles:
        if role not in STORED:
            raise Malformed("command line", "ROLE", f"expected some of {', '.join(STORED)}")
    paths = {role: database_file(_table(config, role).database) for role in roles or STORED}
    if not roles and not any(map(_may_be_there, paths.values())):
        folders = ", ".join(sorted({str(path.parent) for path in paths.values()}))
        raise Unavailable("database", f"no role has one in {folders}; it is made when the role starts")

    def is_meant(role: str, path: Path) -> bool:
        return _may_be_there(path) or (action != "upgrade" and _may_be_there(_table(config, role).sealing_key))

    return {role: path for role, path in paths.items() if roles or is_meant(role, path)}


def _may_be_there(path: Path) -> bool:
    """Also where a folder does not let us look: what is to be done there says so."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _table(config: Config, role: str) -> Any:
    return getattr(config, role.replace("-", "_"))


def _report(role: str, path: Path, work: Work, *, as_json: bool) -> int:
    try:
        state = work(role, path)
    except Unavailable as error:
        if as_json:
            print_data({"role": role, "ok": False, "detail": error.detail})
        else:
            print_text(f"{role}  {in_text(error.detail)}")
        return UNAVAILABLE
    if as_json:
        print_data({"role": role, "ok": True, "revision": state.revision, "schema": SCHEMA, "bytes": state.size})
    else:
        print_text(f"{role}  ok, revision {state.revision or 'none'} of {SCHEMA}, {state.size} bytes")
    return ACCEPTED
