"""What was issued, as revocation needs it: sealed, and found by its id or by the person under the role key."""

from dataclasses import replace
from typing import Final, final

from sqlalchemy import bindparam, insert, select, update

from zegel.adapters.codec import Codec
from zegel.adapters.sealing import Seal, place_of
from zegel.adapters.sql.database import Database
from zegel.adapters.sql.tables import issuances
from zegel.services.ports import Issuance

_CODEC: Final = Codec((Issuance,))
_KIND: Final = "issuance"
_ALIVE: Final = issuances.c.expires > bindparam("now_")
_COLUMNS: Final = (issuances.c.id, issuances.c.expires, issuances.c.revoked_at, issuances.c.value)
_ADD: Final = insert(issuances).values({column.name: bindparam(column.name) for column in issuances.columns})
_BY_ID: Final = select(*_COLUMNS).where(issuances.c.id == bindparam("id_"), _ALIVE)
_BY_PERSON: Final = (
    select(*_COLUMNS)
    .where(issuances.c.person == bindparam("person_"), _ALIVE)
    .order_by(issuances.c.day, issuances.c.id)
)
_PAGE: Final = (
    select(*_COLUMNS)
    .where(issuances.c.id > bindparam("after_"), _ALIVE)
    .order_by(issuances.c.id)
    .limit(bindparam("limit_"))
)
_REVOKE: Final = (
    update(issuances)
    .where(issuances.c.id == bindparam("id_"), issuances.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at_"))
)


@final
class SqlIssuances:
    """``Issuances`` within a transaction."""

    def __init__(self, database: Database, *, seal: Seal, now: int) -> None:
        self._database = database
        self._seal = seal
        self._now = now

    async def add(self, issuance: Issuance) -> None:
        """See ``Issuances``."""
        row = {
            "id": issuance.id,
            "person": self._seal.pseudonym("person", issuance.person),
            "day": issuance.day,
            "expires": issuance.expires,
            "revoked_at": issuance.revoked_at,
            "value": self._seal.seal(_CODEC.encode(issuance), place=_place(issuance.id, issuance.expires)),
        }
        self._database.run(_ADD, row)

    async def load(self, issuance_id: str) -> Issuance | None:
        """See ``Issuances``."""
        row = self._database.run(_BY_ID, {"id_": issuance_id, "now_": self._now}).fetchone()
        return None if row is None else self._opened(row)

    async def of_person(self, person: str) -> tuple[Issuance, ...]:
        """See ``Issuances``."""
        values = {"person_": self._seal.pseudonym("person", person), "now_": self._now}
        return tuple(map(self._opened, self._database.run(_BY_PERSON, values).fetchall()))

    async def page(self, *, after: str, limit: int) -> tuple[Issuance, ...]:
        """See ``Issuances``."""
        values = {"after_": after, "limit_": limit, "now_": self._now}
        return tuple(map(self._opened, self._database.run(_PAGE, values).fetchall()))

    async def revoke(self, issuance_id: str, *, now: int) -> Issuance | None:
        """See ``Issuances``; a second call changes nothing."""
        self._database.run(_REVOKE, {"id_": issuance_id, "at_": now})
        return await self.load(issuance_id)

    def _opened(self, row: tuple[str, int, int | None, bytes]) -> Issuance:
        issuance_id, expires, revoked_at, sealed = row
        value = _CODEC.decode(self._seal.open_(sealed, place=_place(issuance_id, expires)))
        return replace(value, revoked_at=revoked_at)


def sealed_again(issuance_id: str, expires: int, sealed: bytes, *, old: Seal, new: Seal) -> tuple[bytes, bytes]:
    """The person's column and the value under a new key; ``Unavailable`` when it does not open under the old one."""
    place = _place(issuance_id, expires)
    value = old.open_(sealed, place=place)
    return new.pseudonym("person", _CODEC.decode(value).person), new.seal(value, place=place)


def _place(issuance_id: str, expires: int) -> bytes:
    return place_of(_KIND, issuance_id.encode(), version=1, expires=expires)
