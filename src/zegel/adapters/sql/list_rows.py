"""The rows of an issuer's lists, whatever their mechanism: which is open, how much of it is given out, and until when.

A list is closed when seven of eight are given out, and never opened again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from sqlalchemy import bindparam, func, select, update

from zegel.adapters.sql.database import Database
from zegel.adapters.sql.dialect import upsert
from zegel.adapters.sql.tables import status_herds, status_lists
from zegel.primitives.encoding import base64url
from zegel.services.status_ports import Herd

_FULL: Final = (7, 8)
_ID_BYTES: Final = 9

_LIST: Final = (
    status_lists.c.id,
    status_lists.c.bits,
    status_lists.c.size,
    status_lists.c.taken,
    status_lists.c.expires,
    status_lists.c.version,
)
_BY_WIDTH: Final = select(*_LIST).where(status_lists.c.open, status_lists.c.bits == bindparam("bits_")).limit(1)
_BY_ID: Final = select(*_LIST).where(status_lists.c.id == bindparam("id_"))
_GIVE: Final = (
    update(status_lists)
    .where(status_lists.c.id == bindparam("id_"))
    .values(taken=bindparam("taken_"), open=bindparam("open_"), expires=bindparam("expires_"))
)
_CHANGE: Final = (
    update(status_lists).where(status_lists.c.id == bindparam("id_")).values(version=status_lists.c.version + 1)
)
_ENDING: Final = select(status_herds.c.live).where(
    status_herds.c.list == bindparam("list_"), status_herds.c.expires == bindparam("expires_")
)
_LIVE: Final = (
    select(func.coalesce(func.sum(status_herds.c.live), 0))
    .where(status_herds.c.list == status_lists.c.id, status_herds.c.expires > bindparam("now_"))
    .scalar_subquery()
)
_HERDS: Final = select(status_lists.c.id, status_lists.c.bits, _LIVE).order_by(status_lists.c.id)


@final
@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of ``_LIST``. An identifier list has no bits; its ``size`` is how many identifiers it gives."""

    id: str
    bits: int
    size: int
    taken: int
    expires: int
    version: int


@final
class ListRows:
    """Within a transaction."""

    def __init__(self, database: Database, *, random: Callable[[int], bytes], now: int) -> None:
        self._database = database
        self._random = random
        self._now = now

    def open_list(self, bits: int) -> ListRow | None:
        """The list of that width from which entries are given."""
        row = self._database.run(_BY_WIDTH, {"bits_": bits}).fetchone()
        return None if row is None else ListRow(*row)

    def find(self, list_id: str) -> ListRow | None:
        """One of this issuer's lists that has not expired."""
        row = self._database.run(_BY_ID, {"id_": list_id}).fetchone()
        return None if row is None else ListRow(*row)

    def create(self, *, bits: int, size: int) -> ListRow:
        """A new list, of which nothing is given out."""
        new = ListRow(base64url(self._random(_ID_BYTES)), bits, size, 0, 0, 1)
        values = {name: getattr(new, name) for name in ListRow.__slots__}
        statement = upsert(self._database.dialect, status_lists, "open", if_expired=False)
        self._database.run(statement, values | {"open": True})
        return new

    def give(self, found: ListRow, *, count: int, expires: int) -> None:
        """Note that so many more are given out, and when they end."""
        taken, until = found.taken + count, max(found.expires, expires)
        open_ = taken * _FULL[1] < found.size * _FULL[0]
        self._database.run(_GIVE, {"id_": found.id, "taken_": taken, "open_": open_, "expires_": until})
        row = self._database.run(_ENDING, {"list_": found.id, "expires_": expires}).fetchone()
        herd = {"list": found.id, "expires": expires, "live": count + (0 if row is None else row[0])}
        self._database.run(upsert(self._database.dialect, status_herds, "live", if_expired=False), herd)

    def change(self, list_id: str) -> None:
        """Note that the list says something else now."""
        self._database.run(_CHANGE, {"id_": list_id})

    def herds(self) -> tuple[Herd, ...]:
        """Every list, and how many of what it gave out have not ended."""
        rows = self._database.run(_HERDS, {"now_": self._now})
        return tuple(Herd(list_id=list_id, of_identifiers=not bits, live=live) for list_id, bits, live in rows)
