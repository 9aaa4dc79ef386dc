"""The store: a role's database, in transactions that never suspend.

SQLite is called synchronously: a transaction takes less than a signature, and a hop to a thread ten times as long.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, final

from sqlalchemy import bindparam, delete, insert, select

from zegel.adapters.sealing import KEY_BYTES, Seal, place_of
from zegel.adapters.sql import schema
from zegel.adapters.sql.database import Database, open_database
from zegel.adapters.sql.dialect import file_of
from zegel.adapters.sql.reseal import reseal
from zegel.adapters.sql.statuses import SqlStatusLists
from zegel.adapters.sql.tables import (
    issuances,
    records,
    status_herds,
    status_identifiers,
    status_lists,
    status_pages,
    used,
    watches,
)
from zegel.adapters.sql.transaction import SqlTransaction
from zegel.adapters.sql.use import alone, in_use
from zegel.errors import Unavailable
from zegel.services.ports import Clock, Kind

STATUS_LIST_SIZE: Final = 1 << 20  # a verifier fetches 13 kB for it when one entry in a hundred is set
_NEVER: Final = 1 << 62
_REMEMBERED: Final = 7_200
"""Seconds for which a used value is remembered beyond its time: a clock that was an hour ahead, or two by a mistaken
time zone, and is right again, would otherwise find a proof fresh and unused that was used a minute ago."""


@final
class SqlStore:
    """An ``IssuerStore``, and so a ``Store``, on SQLite. One a process and role; close it at the end.

    ``key`` is the one that seals it. ``purged`` counts the records that were removed since it was opened.
    """

    def __init__(
        self,
        database: Database,
        *,
        key: bytes,
        clock: Clock,
        random: Callable[[int], bytes],
        status_list_size: int = STATUS_LIST_SIZE,
        close: Callable[[], None] | None = None,
    ) -> None:
        self.key: Final = key
        self._database = database
        self._seal = Seal(key, random=random)
        self._clock = clock
        self._random = random
        self._status_list_size = status_list_size
        self._close = close or database.close
        self.purged = 0

    @property
    def failures(self) -> int:
        """How often the database has failed since it was opened."""
        return self._database.failures

    def transaction(self, *, durable: bool = False) -> AbstractAsyncContextManager[SqlTransaction]:
        """See ``Store``; ``RuntimeError`` when something else was awaited inside another transaction."""
        return self._transaction(durable=durable)

    @asynccontextmanager
    async def _transaction(self, *, durable: bool) -> AsyncGenerator[SqlTransaction]:
        with self._database.transaction(durable=durable):
            statuses = SqlStatusLists(
                self._database, random=self._random, size=self._status_list_size, now=self._clock.now()
            )
            yield SqlTransaction(self._database, seal=self._seal, now=self._clock.now(), statuses=statuses)

    async def purge(self) -> int:
        """See ``Store``."""
        now = self._clock.now()
        gone = select(status_lists.c.id).where(status_lists.c.expires <= now)
        with self._database.transaction():
            execute = self._database.connection.execute
            for table in (status_pages, status_identifiers):
                execute(delete(table).where(table.c.list.in_(gone)))
            execute(delete(status_herds).where(status_herds.c.expires <= now))
            over = {records: now, used: now - _REMEMBERED, issuances: now, status_lists: now, watches: now}
            removed = sum(execute(delete(t).where(t.c.expires <= until)).rowcount for t, until in over.items())
        self.purged += removed
        self._database.forget()
        return removed

    async def check_key(self) -> "SqlStore":
        """Return the store if all its tables can be read and its key opens it; ``Unavailable`` otherwise.

        After a failure it has to be seen to take a write again, of as much as a request writes and more; one that was
        found damaged stays so, for no look that is cheap would find it whole.
        """
        if self._database.damaged:
            raise Unavailable("database", "it was found damaged; end the role, and restore a backup")
        async with self.transaction() as transaction:
            schema.read_tables(self._database)
            if self._database.troubled:
                _try_room(self._database)
            await _confirm_key(transaction)
        self._database.troubled = False
        return self

    def close(self) -> None:
        """Close the database."""
        self._close()


async def open_store(
    url: str,
    *,
    key: bytes,
    earlier: tuple[bytes, ...] = (),
    clock: Clock,
    random: Callable[[int], bytes],
    status_list_size: int = STATUS_LIST_SIZE,
) -> SqlStore:
    """Open a role's database, bring its schema up to date, and see that ``key`` is the one that seals it.

    One that an ``earlier`` key seals is sealed anew, all of it or nothing; while another process runs on it, which
    knows that key alone, it stays, and is used with it. ``Unavailable`` when it cannot be opened, is newer than zegel,
    belongs to another key, or is being restored.
    """
    opened = ExitStack()
    try:
        _seal_anew(url, key=key, earlier=earlier, random=random)
        opened.enter_context(in_use(file_of(url)))
        database = open_database(url)
        opened.callback(database.close)
        with database.transaction():
            schema.migrate(database.connection)
            sealing = _sealing_key(database, (key, *earlier), random=random) or key
        store = SqlStore(
            database, key=sealing, clock=clock, random=random, status_list_size=status_list_size, close=opened.close
        )
        async with store.transaction() as transaction:
            await _confirm_key(transaction)
    except BaseException:
        opened.close()
        raise
    return store


async def open_memory_store(
    *, clock: Clock, random: Callable[[int], bytes], status_list_size: int = STATUS_LIST_SIZE
) -> SqlStore:
    """A store that lives in memory, for tests and for a library's use: the same code, and gone at the end."""
    database = open_database("sqlite://")
    with database.transaction():
        schema.create(database.connection)
    return SqlStore(database, key=random(KEY_BYTES), clock=clock, random=random, status_list_size=status_list_size)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _KeyCheck:
    """Sealed when the database is made. If it opens, the key is the same."""


_KEY_CHECK: Final = Kind(name="key-check", states=(_KeyCheck,))
_KEY_ROW: Final = select(records.c.id, records.c.version, records.c.expires, records.c.value).where(
    records.c.kind == _KEY_CHECK.name
)

_ROOM: Final = bytes(1 << 16)
"""More than the transaction of a request writes. Of a change to one row the log of a full disk may still have the room,
left by a transaction that failed. What is overwritten as it is deleted is written (``secure_delete``)."""

_FILL: Final = insert(records)
_EMPTY: Final = delete(records).where(records.c.kind == bindparam("kind"))


def _try_room(database: Database) -> None:
    """Write, and delete again, in the transaction that is open."""
    row = {"kind": "room", "id": b"", "version": 0, "expires": _NEVER, "value": _ROOM}
    for statement in (_FILL, _EMPTY):
        database.run(statement, row)


def _seal_anew(url: str, *, key: bytes, earlier: tuple[bytes, ...], random: Callable[[int], bytes]) -> None:
    """Seal with ``key`` what one of the ``earlier`` keys seals, unless another process runs on the database."""
    file = file_of(url)
    if not earlier or file is None or not file.exists():
        return
    with ExitStack() as opened:
        try:
            opened.enter_context(alone(file))
        except Unavailable:
            return
        database = open_database(url)
        opened.callback(database.close)
        with database.transaction(durable=True):
            schema.migrate(database.connection)
            found = _sealing_key(database, (key, *earlier), random=random)
            if found not in (None, key):
                reseal(database, old=Seal(found, random=random), new=Seal(key, random=random))
        with suppress(Unavailable):  # a backup reads from the log; the next purge empties it
            database.forget()


def _sealing_key(database: Database, keys: tuple[bytes, ...], *, random: Callable[[int], bytes]) -> bytes | None:
    """The key of these that seals a database; None when none does, or nothing is in it."""
    row = database.run(_KEY_ROW, {}).fetchone()
    return next((key for key in keys if row is not None and _opens(Seal(key, random=random), row)), None)


def _opens(seal: Seal, row: tuple[bytes, int, int, bytes]) -> bool:
    id_, version, expires, value = row
    try:
        seal.open_(value, place=place_of(_KEY_CHECK.name, id_, version=version, expires=expires))
    except Unavailable:
        return False
    return True


async def _confirm_key(transaction: SqlTransaction) -> None:
    try:
        known = await transaction.load(_KEY_CHECK, "")
    except Unavailable:
        raise Unavailable("database", "it was sealed with another key than the role's sealing key") from None
    if known is None:
        await transaction.put(_KEY_CHECK, "", _KeyCheck(), expires=_NEVER)
