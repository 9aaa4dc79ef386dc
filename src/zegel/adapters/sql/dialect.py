"""What SQLite and PostgreSQL do each in its own way; beside the ``upkeep`` of files, nothing else here names either."""

import os
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, Executable, Table, bindparam, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from zegel.errors import Unavailable

DRIVER_ERRORS: Final = (sqlite3.Error,)
_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_DRIVERS: Final = ("sqlite", "sqlite+pysqlite")  # two names of one
_EXAMPLE: Final = "sqlite, as in sqlite:///data/role.db"

_BUSY_MILLISECONDS: Final = 2_000  # a transaction takes well under 1 ms; a checkpoint of a full log some 100 ms
_STILL_BUSY_MILLISECONDS: Final = 50  # where one has waited for nothing, all that come after it would wait in turn
_PRAGMAS: Final = (
    f"busy_timeout={_BUSY_MILLISECONDS}",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "secure_delete=ON",  # what is deleted is overwritten with zeros
    "temp_store=MEMORY",
    "trusted_schema=OFF",
    "cell_size_check=ON",
)


def connect(url: str) -> Connection:
    """Open a database; ``Unavailable`` when that fails, or for one that no driver is built in for.

    A new SQLite file is created readable by its owner alone; its log and index files take that over.
    """
    parsed = parse_supported(url)
    if parsed.database:
        _create_owner_only(Path(parsed.database))
    engine = create_engine(parsed, poolclass=StaticPool, hide_parameters=True)
    _tune_sqlite(engine)
    return engine.connect()


def parse_supported(url: str) -> URL:
    """The URL of a database that a driver is built in for; ``Unavailable`` otherwise."""
    parsed = _parse(url)
    if parsed.drivername not in _DRIVERS:
        raise Unavailable("database", f"no driver for {parsed.drivername[:40]} is built in; use {_EXAMPLE}")
    return parsed


def file_of(url: str) -> Path | None:
    """The file of an SQLite database; None for one in memory, or of another kind. ``Unavailable`` as ``connect``."""
    parsed = _parse(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def is_damage(error: BaseException | None) -> bool:
    """Whether the driver says that the database itself is damaged."""
    code = getattr(error, "sqlite_errorcode", None)  # the primary one is its lowest byte
    return code is not None and code & 0xFF in _DAMAGE


def set_durable(connection: Connection, *, durable: bool) -> None:
    """Between transactions: say whether commits wait for the disk. SQLite ignores it within one."""
    driver_of(connection).execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")


def set_patience(connection: Connection, *, patient: bool) -> None:
    """Say how long a transaction waits for a database that somebody else has locked."""
    wait = _BUSY_MILLISECONDS if patient else _STILL_BUSY_MILLISECONDS
    driver_of(connection).execute(f"PRAGMA busy_timeout={wait}")


def forget(connection: Connection) -> None:
    """After a purge: empty the write-ahead log, which still holds the pages as they were.

    ``Unavailable`` while somebody else reads from it: SQLite says so in a row, not by an error.
    """
    ((busy, _, _),) = driver_of(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if busy:
        raise Unavailable("database", "its log is in use, and keeps what was removed for a while longer")


def driver_of(connection: Connection) -> Any:
    """The driver's own connection (PEP 249)."""
    return connection.connection.dbapi_connection


@cache
def upsert(name: str, table: Table, *columns: str, if_expired: bool) -> Executable:
    """Insert a row by its column names, or give ``columns`` of the row with its primary key the new values.

    ``name`` is the dialect's. ``if_expired``: only if the old row has expired at ``now_``; the row count tells.
    """
    insert = (postgresql if name == "postgresql" else sqlite).insert(table)
    values = insert.values({column.name: bindparam(column.name) for column in table.columns})
    statement: Executable = values.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={column: values.excluded[column] for column in columns},
        where=table.c.expires <= bindparam("now_") if if_expired else None,
    )
    return statement


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # the second for a port that is no number
        raise Unavailable("database", f"its URL does not parse; use {_EXAMPLE}") from None


def _create_owner_only(path: Path) -> None:
    """What is there already is not opened: to close it again would end the locks of this process on it (fcntl(2))."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise Unavailable(f"database {path.name}", (error.strerror or "it cannot be opened").lower()) from None


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _(driver: Any, _record: object) -> None:
        driver.isolation_level = None  # the driver begins nothing by itself
        try:
            for pragma in _PRAGMAS:
                driver.execute(f"PRAGMA {pragma}")
        except BaseException:
            driver.close()  # nobody else knows of it yet
            raise

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        driver_of(connection).execute("BEGIN IMMEDIATE")  # a writer waits here, never halfway with what it has read
