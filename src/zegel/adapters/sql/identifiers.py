"""Identifier lists on SQL: a row for each identifier that is revoked, and none for the others.

What is given out stands with the issued batch alone, sealed. So that a short list does not tell how many were revoked
of it, it begins with identifiers that nobody was given.
"""

from collections.abc import Callable
from typing import Final, final

from sqlalchemy import bindparam, select

from zegel.adapters.sql.database import Database
from zegel.adapters.sql.dialect import upsert
from zegel.adapters.sql.list_rows import ListRows
from zegel.adapters.sql.tables import status_identifiers
from zegel.formats.status.entries import INVALID
from zegel.services.status_ports import ListedIdentifier, RevokedIdentifiers

SIZE: Final = 1 << 15
"""Identifiers that a list gives: three times the 10,000 that a list has to be about (TS3 1.5), and were they all
revoked, 590 kB, which every reader takes."""
DECOYS: Final = 32
_BYTES: Final = 16  # of chance: unique for good, and no mark by which two copies are known for one batch
_NO_BITS: Final = 0
_REVOKED: Final = (
    select(status_identifiers.c.identifier)
    .where(status_identifiers.c.list == bindparam("list_"))
    .order_by(status_identifiers.c.identifier)
)


@final
class SqlIdentifierLists:
    """The identifier lists of ``SqlStatusLists``."""

    def __init__(self, database: Database, *, rows: ListRows, random: Callable[[int], bytes]) -> None:
        self._database = database
        self._rows = rows
        self._random = random

    def allocate(self, *, count: int, expires: int) -> tuple[ListedIdentifier, ...]:
        """See ``StatusLists``; ``ValueError`` for more than an eighth of a list at once."""
        if not 0 < count <= SIZE // 8:
            raise ValueError(f"a list of {SIZE} identifiers does not give {count} at once")
        found = self._rows.open_list(_NO_BITS)
        if found is None:
            found = self._rows.create(bits=_NO_BITS, size=SIZE)
            self._insert(found.id, DECOYS)
        self._rows.give(found, count=count, expires=expires)
        return tuple(ListedIdentifier(list_id=found.id, identifier=self._random(_BYTES)) for _ in range(count))

    def mark(self, listed: ListedIdentifier, status: int) -> None:
        """Put an identifier on its list, for good; ``ValueError`` for a status that a list cannot say."""
        if status != INVALID:
            raise ValueError("an identifier list says that something is revoked, and nothing else")
        self._run({"list": listed.list_id, "identifier": listed.identifier})

    def load(self, list_id: str) -> RevokedIdentifiers | None:
        """See ``StatusLists``."""
        found = self._rows.find(list_id)
        if found is None or found.bits:
            return None
        identifiers = tuple(identifier for (identifier,) in self._database.run(_REVOKED, {"list_": list_id}))
        return RevokedIdentifiers(
            list_id=list_id, identifiers=identifiers, expires=found.expires, version=found.version
        )

    def _insert(self, list_id: str, count: int) -> None:
        for _ in range(count):
            self._run({"list": list_id, "identifier": self._random(_BYTES)})

    def _run(self, row: dict[str, object]) -> None:
        # one that is there is put there once more, so that the statement has something to say
        self._database.run(upsert(self._database.dialect, status_identifiers, "identifier", if_expired=False), row)
