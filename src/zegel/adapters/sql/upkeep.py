"""A role's database from outside: looked at, brought up to date, copied while it is in use, and put back.

What is SQLite's own about it stands here; another database has tools of its own.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final
from urllib.parse import quote

from sqlalchemy import delete, update

from zegel.adapters.files import OWNER_ONLY, os_errors, remove_drafts, sync_folder
from zegel.adapters.sealing import Seal, place_of
from zegel.adapters.sql import schema
from zegel.adapters.sql.database import Database, open_database
from zegel.adapters.sql.dialect import file_of, parse_supported
from zegel.adapters.sql.tables import SCHEMA, records, status_lists
from zegel.adapters.sql.use import alone, lock_of
from zegel.errors import Unavailable

_MEANWHILE: Final = 3_600
"""Seconds: codes, nonces, offers, access tokens and sessions are over by then (``protocols.oauth.lifetimes``)."""

_BESIDE: Final = ("-wal", "-shm")

_KEY_ROW: Final = "SELECT id, version, expires, value FROM records WHERE kind = 'key-check'"
_Row = tuple[bytes, int, int, bytes]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """A database that is whole: the revision of its schema, None before the first, and its size in bytes."""

    revision: str | None
    size: int

    def check_current(self) -> "DatabaseState":
        """Return the state if this is the schema of this zegel; ``Unavailable`` otherwise."""
        if self.revision != SCHEMA:
            raise Unavailable("database", f"expected schema {SCHEMA}, got {self.revision or 'none'}")
        return self


def look_at(path: Path, *, keys: tuple[bytes, ...] | None = None) -> DatabaseState:
    """Read every page of a database, on which a role may run; with ``keys``, see that one of them seals it.

    ``Unavailable`` when it is missing or damaged, lacks a table, or another key seals it.
    """
    state = _look_at_tables(path, name=path.name)
    if keys is not None and state.revision is not None:
        row = _key_check(path)
        if row is not None:
            _try_keys(keys, row, name=path.name)
    return state


def _look_at_tables(path: Path, *, name: str) -> DatabaseState:
    """``name`` is the one that it is told of by: a copy that is made goes by the original's."""
    with _failures(path), closing(_open(path)) as connection:
        faults = [str(fault) for (fault,) in connection.execute("PRAGMA integrity_check(1)")]
        if faults != ["ok"]:
            raise Unavailable(f"database {name}", f"it is damaged: {_told(faults[0])}")
        tables = {table for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        found = None
        if schema.VERSION_TABLE in tables:
            found = connection.execute(f"SELECT version_num FROM {schema.VERSION_TABLE}").fetchone()  # noqa: S608 a constant
        (pages,), (page,) = (connection.execute(f"PRAGMA {n}").fetchone() for n in ("page_count", "page_size"))
    state = DatabaseState(revision=None if found is None else found[0], size=pages * page)
    missing = sorted(schema.TABLES - tables) if state.revision == SCHEMA else []
    if missing:
        raise Unavailable(f"database {name}", f"it lacks the table {missing[0]}; put a backup in its place")
    return state


def check_sealed(path: Path, *, key: bytes) -> Path:
    """Return the database if ``key`` seals it, or none is there; ``Unavailable`` when another does, or it fails."""
    row = _key_check(path) if path.exists() else None
    if row is not None:
        _open_key_check(row, key)
    return path


def upgrade(path: Path) -> DatabaseState:
    """Bring the schema up to date; the state as it was before.

    ``Unavailable`` when a role runs on it, when it is another user's, missing or damaged, or newer than this zegel.
    """
    _refuse_anothers(path, "upgrade it as that user")
    with alone(path):
        before = look_at(path)
        with _opened(path) as database, database.transaction():
            schema.migrate(database.connection)
    return before


def back_up(path: Path, to: Path, *, keys: tuple[bytes, ...] | None = None) -> DatabaseState:
    """Copy a database as it stands at one moment into a new file, for its owner alone; roles go on meanwhile.

    ``Unavailable`` when there is a file by that name, or when the copy could not be restored: when it is not whole, or,
    with ``keys``, when no role has run on it or none of them seals it.
    """
    with _draft(to) as draft:
        _copy(path, draft)
        state = _look_at_copy(draft, keys, name=path.name)
        with os_errors(to):
            os.link(draft, to)
    sync_folder(to.parent)
    return state


def restore(path: Path, backup: Path, *, keys: tuple[bytes, ...], replace: bool, now: int) -> DatabaseState:
    """Put a backup in a database's place; ``replace`` gives up the one that is there.

    ``keys`` are the role's sealing keys, the retired ones too: the role seals what they open anew when it starts.
    What happened since the backup is unknown to it. So what is over within the hour is left out, or a code that was
    used since would work once more; and lists of which entries may have been given since give no more of them.
    ``Unavailable`` when a role runs on the database, when one is there and is not to be replaced, when it would not be
    its role's, or when the backup is damaged, newer than this zegel, none of a role, or sealed with none of the keys.
    """
    _refuse_anothers(path, "restore it as that user")
    with alone(path):
        if path.exists() and not replace:
            raise Unavailable(f"database {path.name}", "it is there already; --replace gives it up")
        remove_drafts(path)  # what a crash has left of a database would outlive what the role forgets
        state = _look_at_copy(backup, keys, name=backup.name)
        with _draft(path) as draft:
            _copy(backup, draft)
            with _opened(draft) as database:
                with database.transaction():
                    schema.migrate(database.connection)
                    database.connection.execute(delete(records).where(records.c.expires <= now + _MEANWHILE))
                    database.connection.execute(update(status_lists).values(open=False))
                database.forget()
            with os_errors(path):
                for suffix in _BESIDE:  # the log of the one that is given up would be played into this one
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
                draft.replace(path)
        sync_folder(path.parent)
    return state


def check_usable(url: str) -> str:
    """Return the URL if a role could start on its database, as far as that is seen without opening or making any.

    ``Unavailable`` when it does not parse, has no driver, or when its file or folder cannot be read and written.
    """
    parse_supported(url)
    path = file_of(url)
    if path is None:
        return url
    with os_errors(path.parent):
        if not path.parent.is_dir():
            raise Unavailable(str(path.parent), "there is no such folder; make it, as the user of the role")
        for each in (path.parent, *_files_of(path)):
            if each != path.parent and not each.is_file():
                raise Unavailable(str(each), "expected a file")
            if not os.access(each, os.R_OK | os.W_OK):
                raise Unavailable(str(each), "it cannot be read and written; give it to the user of the role")
    return url


def database_file(url: str) -> Path:
    """The file of a database; ``Unavailable`` for one that has none."""
    path = file_of(url)
    if path is None:
        raise Unavailable("database", "it is no file of SQLite; use the tools of its own server")
    return path


def _files_of(path: Path) -> list[Path]:
    """What there is of a database: itself, its log and index, and its lock."""
    beside = [path.with_name(path.name + suffix) for suffix in _BESIDE]
    return [each for each in (path, *beside, lock_of(path)) if each.exists()]


def _refuse_anothers(path: Path, remedy: str) -> None:
    """``Unavailable`` when what is written there would not be whose the role is: it could use it no more."""
    with os_errors(path):
        owners = {each: each.stat().st_uid for each in (path.parent, *_files_of(path))}
    for each, owner in owners.items():
        if owner != os.geteuid() and not (each == path.parent and owner == 0):  # root's may be open to a group
            raise Unavailable(str(each), f"it is another user's; {remedy}")


def _look_at_copy(path: Path, keys: tuple[bytes, ...] | None, *, name: str) -> DatabaseState:
    state = _look_at_tables(path, name=name)
    if keys is None:
        return state
    row = None if state.revision is None else _key_check(path)
    if row is None:
        detail = "no role has run on it, so there is nothing to put back; give one that a role has run on"
        raise Unavailable(f"database {name}", detail)
    _try_keys(keys, row, name=name)
    return state


def _try_keys(keys: tuple[bytes, ...], row: _Row, *, name: str) -> None:
    if not any(_seals(key, row) for key in keys):
        detail = "none of the role's sealing keys opens it; give the key that sealed it, or a database of this role"
        raise Unavailable(f"database {name}", detail)


def _key_check(path: Path) -> _Row | None:
    """What a role seals when it makes its database."""
    with _failures(path), closing(_open(path)) as connection:
        row: _Row | None = connection.execute(_KEY_ROW).fetchone()
    return row


def _open_key_check(row: _Row, key: bytes) -> None:
    id_, version, expires, value = row
    Seal(key, random=os.urandom).open_(value, place=place_of("key-check", id_, version=version, expires=expires))


def _seals(key: bytes, row: _Row) -> bool:
    try:
        _open_key_check(row, key)
    except Unavailable:
        return False
    return True


def _open(path: Path) -> sqlite3.Connection:
    with os_errors(path):
        os.stat(path)  # SQLite says of a missing file that it is unable to open it
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{path}")
    try:
        yield database
    finally:
        database.close()


def _copy(path: Path, to: Path) -> None:
    """As of one moment, whoever writes meanwhile (SQLite's online backup); one file, without a log beside it."""
    with _failures(path), closing(_open(path)) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    with os_errors(to), to.open("rb") as written:
        os.fsync(written.fileno())


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """An empty file beside ``path``, for its owner alone, that is gone at the end unless it was moved."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    with os_errors(path):
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY))
    try:
        yield draft
    finally:
        for suffix in ("", "-journal", *_BESIDE):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def _told(fault: str) -> str:
    """Of what the check of the integrity says the first line that is no heading."""
    lines = fault.splitlines()
    return next((line for line in lines if not line.startswith("***")), fault)[:120]


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    """SQLite's own words, which hold no values."""
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(f"database {path.name}", (str(error).splitlines() or ["it fails"])[0][:120]) from None
