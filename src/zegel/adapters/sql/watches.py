"""What an issuer watches: sealed, and found by when it is due or by the batch that hangs on it."""

from dataclasses import replace
from typing import Any, Final, final

from sqlalchemy import bindparam, delete, insert, select, update

from zegel.adapters.codec import Codec
from zegel.adapters.sealing import Seal, place_of
from zegel.adapters.sql.database import Database
from zegel.adapters.sql.tables import watches
from zegel.services.ports import Watch

_CODEC: Final = Codec((Watch,))
_KIND: Final = "watch"
_OF_ISSUANCE: Final = watches.c.issuance == bindparam("issuance_")
_ALIVE: Final = watches.c.expires > bindparam("now_")
_COLUMNS: Final = (watches.c.issuance, watches.c.place, watches.c.due, watches.c.expires, watches.c.value)
_ADD: Final = insert(watches).values({column.name: bindparam(column.name) for column in watches.columns})
_DUE: Final = (
    select(*_COLUMNS)
    .where(watches.c.due <= bindparam("before_"), _ALIVE)
    .order_by(watches.c.due)
    .limit(bindparam("limit_"))
)
_BY_ISSUANCE: Final = select(*_COLUMNS).where(_OF_ISSUANCE, _ALIVE).order_by(watches.c.place)
_POSTPONE: Final = (
    update(watches).where(_OF_ISSUANCE, watches.c.place == bindparam("place_")).values(due=bindparam("due_"))
)
_HASTEN: Final = update(watches).where(watches.c.due > bindparam("due_")).values(due=bindparam("due_"))
_DROP: Final = delete(watches).where(_OF_ISSUANCE)


@final
class SqlWatches:
    """``Watches`` within a transaction."""

    def __init__(self, database: Database, *, seal: Seal, now: int) -> None:
        self._database = database
        self._seal = seal
        self._now = now

    async def add(self, watch: Watch) -> None:
        """See ``Watches``."""
        place = _place(watch.issuance, watch.place, watch.expires)
        row = {
            "issuance": watch.issuance,
            "place": watch.place,
            "due": watch.due,
            "expires": watch.expires,
            "value": self._seal.seal(_CODEC.encode(watch), place=place),
        }
        self._database.run(_ADD, row)

    async def due(self, *, before: int, limit: int) -> tuple[Watch, ...]:
        """See ``Watches``."""
        values = {"before_": before, "limit_": limit, "now_": self._now}
        return tuple(map(self._opened, self._database.run(_DUE, values).fetchall()))

    async def postpone(self, watch: Watch, *, due: int) -> None:
        """See ``Watches``."""
        self._database.run(_POSTPONE, {"issuance_": watch.issuance, "place_": watch.place, "due_": due})

    async def hasten(self, *, due: int) -> None:
        """See ``Watches``."""
        self._database.run(_HASTEN, {"due_": due})

    async def of_issuance(self, issuance_id: str) -> tuple[Watch, ...]:
        """See ``Watches``."""
        values = {"issuance_": issuance_id, "now_": self._now}
        return tuple(map(self._opened, self._database.run(_BY_ISSUANCE, values).fetchall()))

    async def drop(self, issuance_id: str) -> None:
        """See ``Watches``."""
        self._database.run(_DROP, {"issuance_": issuance_id})

    def _opened(self, row: Any) -> Watch:
        issuance, place, due, expires, sealed = row
        watch = _CODEC.decode(self._seal.open_(sealed, place=_place(issuance, place, expires)))
        return replace(watch, due=due)


def watch_sealed_again(row: Any, *, old: Seal, new: Seal) -> bytes:
    """The value of a row under a new key; ``Unavailable`` when it does not open under the old one."""
    issuance, place, _due, expires, sealed = row
    where = _place(issuance, place, expires)
    return new.seal(old.open_(sealed, place=where), place=where)


def _place(issuance: str, place: int, expires: int) -> bytes:
    return place_of(_KIND, f"{issuance}/{place}".encode(), version=1, expires=expires)
