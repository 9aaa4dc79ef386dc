"""A database sealed anew, when its role's sealing key was rotated: every value, and every name that the key hides."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, final

from sqlalchemy import ColumnElement, Select, Table, bindparam, select, tuple_, update

from zegel.adapters.sealing import Seal, place_of
from zegel.adapters.sql.database import Database
from zegel.adapters.sql.issuances import sealed_again
from zegel.adapters.sql.register import entry_sealed_again
from zegel.adapters.sql.tables import issuances, records, register_parties, watches
from zegel.adapters.sql.watches import watch_sealed_again
from zegel.errors import Unavailable

_ROWS: Final = 1_000  # at a time: each is under a few kB
_RECORD: Final = (
    update(records)
    .where(records.c.kind == bindparam("kind_"), records.c.id == bindparam("id_"))
    .values(value=bindparam("value_"))
)
_ISSUANCE: Final = (
    update(issuances)
    .where(issuances.c.id == bindparam("id_"))
    .values(value=bindparam("value_"), person=bindparam("person_"))
)
_WATCH: Final = (
    update(watches)
    .where(watches.c.issuance == bindparam("issuance_"), watches.c.place == bindparam("place_"))
    .values(value=bindparam("value_"))
)
_PARTY: Final = register_parties.c.id
_ENTRY: Final = (
    update(register_parties)
    .where(bindparam("id_") == _PARTY)
    .values(value=bindparam("value_"), owner=bindparam("owner_"))
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Paged:
    """A table in the order of its key, by the page: two statements, which are made once, for they are compiled once."""

    first: Select[Any]
    following: Select[Any]
    last: tuple[str, ...]


def _paged(table: Table, *key: ColumnElement[Any]) -> _Paged:
    last = tuple(f"last{position}_" for position in range(len(key)))
    first: Select[Any] = select(*table.columns).order_by(*key).limit(_ROWS)
    return _Paged(first=first, following=first.where(tuple_(*key) > tuple_(*map(bindparam, last))), last=last)


_RECORDS: Final = _paged(records, records.c.kind, records.c.id)
_ISSUANCES: Final = _paged(issuances, issuances.c.id)
_WATCHES: Final = _paged(watches, watches.c.issuance, watches.c.place)
_PARTIES: Final = _paged(register_parties, register_parties.c.id)


def reseal(database: Database, *, old: Seal, new: Seal) -> int:
    """Open with ``old`` and seal with ``new``, all in the caller's transaction; how many rows.

    What does not open was damaged before, and stays as it is: whoever needs it is told then.
    """
    count = 0
    for kind, id_, version, expires, value in _pages(database, _RECORDS):
        place = place_of(kind, id_, version=version, expires=expires)
        try:
            sealed = new.seal(old.open_(value, place=place), place=place)
        except Unavailable:
            continue
        database.run(_RECORD, {"kind_": kind, "id_": id_, "value_": sealed})
        count += 1
    for id_, person, _, expires, _, value in _pages(database, _ISSUANCES):
        try:
            person, sealed = sealed_again(id_, expires, value, old=old, new=new)
        except Unavailable:
            continue
        database.run(_ISSUANCE, {"id_": id_, "person_": person, "value_": sealed})
        count += 1
    for row in _pages(database, _WATCHES):
        try:
            sealed = watch_sealed_again(row, old=old, new=new)
        except Unavailable:
            continue
        database.run(_WATCH, {"issuance_": row[0], "place_": row[1], "value_": sealed})
        count += 1
    return count + _reseal_register(database, old=old, new=new)


def _reseal_register(database: Database, *, old: Seal, new: Seal) -> int:
    count = 0
    for party, identifier, *_, version, _change, _public, value in _pages(database, _PARTIES):
        try:
            owner, sealed = entry_sealed_again(identifier, version, value, old=old, new=new)
        except Unavailable:
            continue
        database.run(_ENTRY, {"id_": party, "owner_": owner, "value_": sealed})
        count += 1
    return count


def _pages(database: Database, paged: _Paged) -> Iterator[tuple[Any, ...]]:
    """Every row, read by the page, for rows change meanwhile."""
    rows = database.run(paged.first, {}).fetchall()
    while rows:
        yield from rows
        last = dict(zip(paged.last, rows[-1], strict=False))  # the key's columns come first
        rows = database.run(paged.following, last).fetchall()
