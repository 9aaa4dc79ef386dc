"""Sandboxes of the fixed present, their databases made: once in a process, and written again for each test."""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from zegel.adapters.memory import ManualClock
from zegel.adapters.register import open_register
from zegel.adapters.sandbox.create import CONFIG_FILE, TRUST_FOLDER, create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, PORTS, SandboxPlan
from zegel.adapters.sql.database import open_database
from zegel.adapters.sql.schema import migrate
from zegel.config.parse import parse_config
from zegel.config.roles import Config
from zegel_testing.authorities import NOW, fixed_random

EMPTY_REGISTER = Path("data", "empty-register.db")
"""A register beside the sandbox's own, in which nobody stands."""


def sandbox_at(folder: Path, *, profile: str = "haip", tls: bool = False) -> Config:
    """A sandbox in an empty folder; its configuration, with the lists read from their files."""
    made = _made(profile, tls)
    for name in dict.fromkeys(os.path.dirname(name) for name in made):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in made.items():
        with open(os.path.join(folder, name), "wb", opener=_owner_only) as file:
            file.write(content)
    config = parse_config((folder / CONFIG_FILE).read_text(), folder=folder)
    lists = tuple(
        replace(listed, location=str(folder / TRUST_FOLDER / listed.location.rpartition("/")[2]))
        for listed in config.trusted_lists
    )
    return replace(config, trusted_lists=lists, qualified_lists=())  # of those in XML nobody's files are followed


@cache
def _made(profile: str, tls: bool) -> dict[str, bytes]:
    plan = SandboxPlan(
        profile=profile,
        tls=tls,
        ports={role: 7101 + at for role, at in PORTS.items()},
        operator_ports={role: 7111 + at for at, role in enumerate(OPERATED)},
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        create_sandbox(folder, plan, now=NOW, random=fixed_random("sandbox"))
        config = parse_config((folder / CONFIG_FILE).read_text(), folder=folder)
        register = f"sqlite:///{config.issuer.source.register}"
        open_register(register, clock=ManualClock(NOW), random=fixed_random("register")).close()
        for role in (
            config.issuer,
            config.verifier,
            config.provider,
            config.wallet_provider,
            config.registrar,
            config.access_authority,
        ):
            _make_database(role.database)
        _make_database(f"sqlite:///{folder / EMPTY_REGISTER}")
        files = [file for file in folder.rglob("*") if file.is_file()]
        return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _make_database(url: str) -> None:
    database = open_database(url)
    with database.transaction():
        migrate(database.connection)
    database.close()
