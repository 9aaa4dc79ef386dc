"""Where the roles keep things, and what can go wrong with it: the one place of the drill that knows which store it is.

For another store this is what has to be written: where its data is, a copy of it as of one moment, and its faults, each
of which goes when the context is left.
"""

import errno
import resource
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

from zegel_testing.ports import reserved_ports

from zegel.adapters.sandbox.create import LOG_DATABASE
from zegel.adapters.sql.database import Database, open_database
from zegel.adapters.sql.upkeep import back_up, database_file, look_at
from zegel_drill.ledger import Ledger, left_after, read_ledger, sealing_key
from zegel_drill.town import PORTS, Role, Town

SEALED = ("issuer", "verifier", "provider", "wallet-provider", "registrar", "access-authority")
"""The roles that have a database, sealed with a key."""

LOG = "transparency-log"
KEEPERS = (*SEALED, LOG)
"""The roles that have a database; in that of the log nothing is a secret."""

_STORES: Mapping[str, Mapping[str, object]] = {
    **{role: {"database": f"sqlite:///data/{role}/{role}.db"} for role in KEEPERS},
    "wallet": {"vault": "data/wallet/wallet.vault"},
}

_CHUNK = 1 << 16
_REFILL = 0.01  # seconds


@contextmanager
def living_town(
    folder: Path, *, profile: str = "haip", settings: Mapping[str, Mapping[str, object]] | None = None
) -> Iterator[Town]:
    """A town whose roles run and have a disk's folder each, until the context is left; then nothing is left of it."""
    given = settings or {}
    stores = {role.replace("-", "_"): store for role, store in _STORES.items()}
    tables = {name: {**stores.get(name, {}), **given.get(name, {})} for name in stores.keys() | given.keys()}
    with reserved_ports(PORTS) as ports:
        town = Town(folder, ports, profile=profile, settings=tables)
        for role in _STORES:
            disk_of(town, role).mkdir(mode=0o700)
        (folder / LOG_DATABASE).rename(disk_of(town, LOG) / f"{LOG}.db")  # what the sandbox was made with is in it
        try:
            town.start()
            yield town
        finally:
            town.close()
            shutil.rmtree(folder, ignore_errors=True)


def disk_of(town: Town, role: str) -> Path:
    """The folder in which a role keeps what it has, and nothing else."""
    return town.folder / "data" / role


# --- what is there ----------------------------------------------------------------------------------------------------


@contextmanager
def copied(town: Town, role: str) -> Iterator[Database]:
    """A copy of a role's database, of which every page was read; the role goes on."""
    with tempfile.TemporaryDirectory(prefix="zegel-drill-") as folder:
        copy = Path(folder) / "copy.db"
        back_up(database_file(_table(town, role).database), copy)
        database = open_database(f"sqlite:///{copy}")
        try:
            yield database
        finally:
            database.close()


def ledger_of(town: Town, role: str) -> Ledger:
    """What stands in a role's database now."""
    with copied(town, role) as database:
        return read_ledger(database, sealing_key(_table(town, role)))


async def through_time(town: Town, role: str, *times: int) -> list[Ledger]:
    """What stands in a role's database now, and what would be left of it at each later time, in their order."""
    key = sealing_key(_table(town, role))
    with copied(town, role) as database:
        return [read_ledger(database, key), *[await left_after(database, key, now=now) for now in times]]


def forget(town: Town, role: str) -> None:
    """Take away all that a role has, for it to begin anew; it does not run."""
    table = _table(town, role)
    paths = [database_file(table.database)] + ([table.source.register] if role == "issuer" else [])
    for path in paths:
        for each in path.parent.glob(path.name + "*"):
            each.unlink()


def check_whole(town: Town, role: str) -> None:
    """``Unavailable`` when a role's database is damaged, or not of this zegel's schema."""
    look_at(database_file(_table(town, role).database)).check_current()


# --- what goes wrong --------------------------------------------------------------------------------------------------


@contextmanager
def locked(town: Town, role: str) -> Iterator[None]:
    """Another process has the database for itself."""
    with closing(sqlite3.connect(database_file(_table(town, role).database), isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout=10000")
        other.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def may_mount() -> bool:
    """Whether this machine lets us have disks of our own."""
    with tempfile.TemporaryDirectory(prefix="zegel-drill-") as folder:
        try:
            _mount("-t", "tmpfs", "-o", "size=64k", "zegel-drill", folder)
        except (OSError, subprocess.CalledProcessError):
            return False
        _unmount(folder)
        return True


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[None]:
    """What is in the folder is on a disk of its own, of that size; afterwards it is where it was. Nobody uses it."""
    with tempfile.TemporaryDirectory(prefix="zegel-drill-") as aside:
        _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "zegel-drill", aside)
        try:
            shutil.copytree(folder, aside, dirs_exist_ok=True)
            _mount("--bind", aside, str(folder))
            try:
                yield
            finally:
                _unmount(str(folder))
            shutil.copytree(aside, folder, dirs_exist_ok=True)
        finally:
            _unmount(aside)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """The disk of the folder is full to the last byte, and stays so when somebody makes room."""
    ballast, over = folder / "ballast", Event()
    with ballast.open("wb", buffering=0) as file:

        def stay_full() -> None:
            while not over.wait(_REFILL):
                _fill(file)

        _fill(file)
        filling = Thread(target=stay_full)
        filling.start()
        try:
            yield
        finally:
            over.set()
            filling.join()
            ballast.unlink()


def _fill(file: Any) -> None:
    size = _CHUNK
    while size:
        try:
            if file.write(b"\xff" * size) < size:
                size //= 2
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            size //= 2


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Whatever is opened below the folder from now on can be read alone.

    A mount that somebody writes to cannot be made so: it becomes so aside, where nobody looks, and is then put on top.
    """
    with TemporaryDirectory() as aside:
        _mount("--bind", str(folder), aside)
        try:
            _mount("-o", "remount,bind,ro", aside)
            _mount("--bind", aside, str(folder))
            try:
                yield
            finally:
                _unmount(str(folder))
        finally:
            _unmount(aside)


@contextmanager
def no_more_bytes(role: Role) -> Iterator[None]:
    """The system lets the role's process write to no file any more, open or not, whoever runs the drill."""
    soft, hard = resource.prlimit(role.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(role.pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(role.pid, resource.RLIMIT_FSIZE, (soft, hard))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def _unmount(folder: str) -> None:
    subprocess.run(["umount", "--lazy", folder], check=True, capture_output=True)


def _table(town: Town, role: str) -> Any:
    return getattr(town.config, role.replace("-", "_"))
