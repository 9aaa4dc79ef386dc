"""A transaction: a role's records, each sealed and found by the hash of its key."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, TypeVar, final

from sqlalchemy import bindparam, delete, select, update

from zegel.adapters.codec import Codec, UnreadableError
from zegel.adapters.sealing import Seal, place_of, record_id
from zegel.adapters.sql.access import SqlAccessCertificates
from zegel.adapters.sql.database import Database
from zegel.adapters.sql.dialect import upsert
from zegel.adapters.sql.issuances import SqlIssuances
from zegel.adapters.sql.register import SqlRegister
from zegel.adapters.sql.tables import records, used
from zegel.adapters.sql.watches import SqlWatches
from zegel.errors import Unavailable
from zegel.services.access_ports import AccessCertificates
from zegel.services.ports import Issuances, Kind, Stored, Watches
from zegel.services.register_ports import Register
from zegel.services.status_ports import StatusLists

T = TypeVar("T")

_ALIVE: Final = (
    records.c.kind == bindparam("kind_"),
    records.c.id == bindparam("id_"),
    records.c.expires > bindparam("now_"),
)
_ROW: Final = (records.c.version, records.c.expires, records.c.value)
_LOAD: Final = select(*_ROW).where(*_ALIVE)
_SCAN: Final = (
    select(records.c.id, *_ROW)
    .where(
        records.c.kind == bindparam("kind_"), records.c.id > bindparam("after_"), records.c.expires > bindparam("now_")
    )
    .order_by(records.c.id)
    .limit(bindparam("limit_"))
)
_TAKE: Final = delete(records).where(*_ALIVE).returning(*_ROW)
_SWAP: Final = (
    update(records)
    .where(*_ALIVE, records.c.version == bindparam("version_"))
    .values(version=bindparam("next_"), expires=bindparam("expires_"), value=bindparam("value_"))
)


@final
class SqlTransaction:
    """An ``IssuerTransaction``, a ``RegistrarTransaction`` and an ``AccessTransaction``, and so a ``Transaction``."""

    def __init__(self, database: Database, *, seal: Seal, now: int, statuses: StatusLists) -> None:
        self._database = database
        self._seal = seal
        self._now = now
        self._statuses = statuses

    @property
    def statuses(self) -> StatusLists:
        """See ``IssuerTransaction``."""
        return self._statuses

    @property
    def issuances(self) -> Issuances:
        """See ``IssuerTransaction``."""
        return SqlIssuances(self._database, seal=self._seal, now=self._now)

    @property
    def watches(self) -> Watches:
        """See ``IssuerTransaction``."""
        return SqlWatches(self._database, seal=self._seal, now=self._now)

    @property
    def register(self) -> Register:
        """See ``RegistrarTransaction``."""
        return SqlRegister(self._database, seal=self._seal)

    @property
    def access(self) -> AccessCertificates:
        """See ``AccessTransaction``."""
        return SqlAccessCertificates(self._database)

    async def put(self, kind: Kind[T], key: str, value: T, *, expires: int) -> None:
        """See ``Transaction``."""
        id_ = record_id(kind.name, key)
        sealed = self._sealed(kind, id_, value, version=1, expires=expires)
        row = {"kind": kind.name, "id": id_, "version": 1, "expires": expires, "value": sealed, "now_": self._now}
        statement = upsert(self._database.dialect, records, "version", "expires", "value", if_expired=True)
        if self._database.run(statement, row).rowcount != 1:
            raise RuntimeError(f"a record of kind {kind.name} is stored under this key already")

    async def load(self, kind: Kind[T], key: str) -> Stored[T] | None:
        """See ``Transaction``."""
        where = self._where(kind, key)
        row = self._database.run(_LOAD, where).fetchone()
        if row is None:
            return None
        return Stored(value=self._opened(kind, where["id_"], row), version=row[0], expires=row[1])

    async def swap(self, kind: Kind[T], key: str, value: T, *, version: int, expires: int) -> bool:
        """See ``Transaction``."""
        where = self._where(kind, key)
        sealed = self._sealed(kind, where["id_"], value, version=version + 1, expires=expires)
        new = {"version_": version, "next_": version + 1, "expires_": expires, "value_": sealed}
        swapped: bool = self._database.run(_SWAP, where | new).rowcount == 1
        return swapped

    async def take(self, kind: Kind[T], key: str) -> T | None:
        """See ``Transaction``."""
        where = self._where(kind, key)
        row = self._database.run(_TAKE, where).fetchone()
        return None if row is None else self._opened(kind, where["id_"], row)

    async def scan(self, kind: Kind[T], *, after: str, limit: int) -> tuple[tuple[str, T], ...]:
        """See ``Transaction``."""
        where = {"kind_": kind.name, "after_": bytes.fromhex(after), "now_": self._now, "limit_": limit}
        rows = self._database.run(_SCAN, where).fetchall()
        return tuple((id_.hex(), self._opened(kind, id_, row)) for id_, *row in rows)

    async def claim(self, purpose: str, key: str, *, expires: int) -> bool:
        """See ``Transaction``."""
        row = {"purpose": purpose, "id": record_id(purpose, key), "expires": expires, "now_": self._now}
        statement = upsert(self._database.dialect, used, "expires", if_expired=True)
        first: bool = self._database.run(statement, row).rowcount == 1
        return first

    def _where(self, kind: Kind[T], key: str) -> dict[str, Any]:
        return {"kind_": kind.name, "id_": record_id(kind.name, key), "now_": self._now}

    def _sealed(self, kind: Kind[T], id_: bytes, value: T, *, version: int, expires: int) -> bytes:
        place = place_of(kind.name, id_, version=version, expires=expires)
        return self._seal.seal(_codec(kind.states).encode(value), place=place)

    def _opened(self, kind: Kind[T], id_: bytes, row: Sequence[Any]) -> T:
        version, expires, sealed = row
        data = self._seal.open_(sealed, place=place_of(kind.name, id_, version=version, expires=expires))
        try:
            value: T = _codec(kind.states).decode(data)
        except UnreadableError:
            raise Unavailable("stored record", f"another version of zegel wrote this {kind.name}") from None
        return value


@cache
def _codec(states: tuple[type[T], ...]) -> Codec[T]:
    return Codec(states)
