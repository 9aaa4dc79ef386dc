"""A log on SQL: its entries, the complete nodes of its tree, and the heads that were signed. None of it is secret."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Final, final

from sqlalchemy import bindparam, func, insert, select

from zegel.adapters.sql import schema
from zegel.adapters.sql.database import Database, open_database
from zegel.adapters.sql.dialect import file_of
from zegel.adapters.sql.tables import log_entries, log_heads, log_nodes
from zegel.adapters.sql.use import in_use
from zegel.errors import Unavailable
from zegel.services.log import StoredEntry
from zegel.trust.transparency.items import SignedTreeHead
from zegel.trust.transparency.merkle import Node

_FIELDS: Final = ("index", "leaf", "submission_hash", "timestamp", "entry", "sct", "submitted")
_COLUMNS: Final = tuple(log_entries.c[name] for name in _FIELDS)
_ADD: Final = insert(log_entries).values({name: bindparam(name) for name in _FIELDS})
_ADD_NODE: Final = insert(log_nodes).values({name: bindparam(name) for name in ("level", "index", "hash")})
_ADD_HEAD: Final = insert(log_heads).values({name: bindparam(name) for name in ("timestamp", "size", "head")})
_LAST: Final = select(log_entries.c.index).order_by(log_entries.c.index.desc()).limit(1)
_YOUNGEST: Final = select(func.max(log_entries.c.timestamp)).where(log_entries.c.index >= bindparam("start_"))
_NODE: Final = select(log_nodes.c.hash).where(
    log_nodes.c.level == bindparam("level_"), log_nodes.c.index == bindparam("index_")
)
_BY_SUBMISSION: Final = select(*_COLUMNS).where(log_entries.c.submission_hash == bindparam("hash_"))
_INDEX_OF: Final = select(log_entries.c.index).where(log_entries.c.leaf == bindparam("leaf_"))
_RANGE: Final = (
    select(*_COLUMNS)
    .where(log_entries.c.index >= bindparam("start_"), log_entries.c.index < bindparam("end_"))
    .order_by(log_entries.c.index)
)
_LATEST: Final = select(log_heads.c.head).order_by(log_heads.c.timestamp.desc()).limit(1)
_HEAD_OF: Final = select(log_heads.c.head).where(log_heads.c.size == bindparam("size_")).limit(1)
_HEADS: Final = select(func.count()).select_from(log_heads)


@final
class SqlLogTransaction:
    """A ``LogTransaction``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def size(self) -> int:
        """See ``LogTransaction``."""
        row = self._database.run(_LAST, {}).fetchone()
        return 0 if row is None else int(row[0]) + 1

    def node(self, level: int, index: int) -> bytes:
        """See ``LogTransaction``; ``Unavailable`` for one that is missing."""
        row = self._database.run(_NODE, {"level_": level, "index_": index}).fetchone()
        if row is None:
            raise Unavailable("log", f"node {index} of level {level} of its tree is missing")
        return bytes(row[0])

    def append(self, entry: StoredEntry, nodes: tuple[Node, ...]) -> None:
        """See ``LogTransaction``."""
        self._database.run(_ADD, {name: getattr(entry, name) for name in _FIELDS})
        rows = [{"level": level, "index": index, "hash": node} for level, index, node in nodes]
        self._database.run_each(_ADD_NODE, rows)

    def by_submission(self, submission_hash: bytes) -> StoredEntry | None:
        """See ``LogTransaction``."""
        row = self._database.run(_BY_SUBMISSION, {"hash_": submission_hash}).fetchone()
        return None if row is None else _stored(row)

    def index_of(self, leaf: bytes) -> int | None:
        """See ``LogTransaction``."""
        row = self._database.run(_INDEX_OF, {"leaf_": leaf}).fetchone()
        return None if row is None else int(row[0])

    def entries(self, start: int, end: int) -> tuple[StoredEntry, ...]:
        """See ``LogTransaction``."""
        return tuple(map(_stored, self._database.run(_RANGE, {"start_": start, "end_": end}).fetchall()))

    def youngest(self, start: int) -> int:
        """See ``LogTransaction``."""
        (latest,) = self._database.run(_YOUNGEST, {"start_": start}).fetchone()
        return latest or 0

    def latest_head(self) -> bytes | None:
        """See ``LogTransaction``."""
        return self._one(_LATEST, {})

    def head_of(self, size: int) -> bytes | None:
        """See ``LogTransaction``."""
        return self._one(_HEAD_OF, {"size_": size})

    def add_head(self, head: SignedTreeHead) -> None:
        """See ``LogTransaction``."""
        row = {"timestamp": head.head.timestamp, "size": head.head.tree_size, "head": head.encode()}
        self._database.run(_ADD_HEAD, row)

    def _one(self, statement: Any, values: dict[str, Any]) -> bytes | None:
        row = self._database.run(statement, values).fetchone()
        return None if row is None else bytes(row[0])


@final
class SqlLog:
    """A ``LogStore`` on SQLite; close it at the end."""

    def __init__(self, database: Database, *, close: Callable[[], None] | None = None) -> None:
        self._database = database
        self._close = close or database.close

    @property
    def failures(self) -> int:
        """How often the database has failed since it was opened."""
        return self._database.failures

    def transaction(self) -> AbstractContextManager[SqlLogTransaction]:
        """See ``LogStore``."""
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[SqlLogTransaction]:
        # a timestamp is given out after this: what it promises has to be on the disk
        with self._database.transaction(durable=True):
            yield SqlLogTransaction(self._database)

    def close(self) -> None:
        """Close the database."""
        self._close()


def open_log(url: str) -> SqlLog:
    """Open a log's database, and bring its schema up to date; ``Unavailable`` when that fails."""
    opened = ExitStack()
    try:
        opened.enter_context(in_use(file_of(url)))
        database = open_database(url)
        opened.callback(database.close)
        with database.transaction(durable=True):
            schema.migrate(database.connection)
    except BaseException:
        opened.close()
        raise
    return SqlLog(database, close=opened.close)


def open_memory_log() -> SqlLog:
    """A log that nobody keeps."""
    database = open_database("sqlite://")
    with database.transaction():
        schema.create(database.connection)
    return SqlLog(database)


def _stored(row: tuple[Any, ...]) -> StoredEntry:
    return StoredEntry(**dict(zip(_FIELDS, row, strict=True)))
