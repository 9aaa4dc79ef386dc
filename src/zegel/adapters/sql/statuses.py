"""Status lists on SQL, in pages, so that an allocation reads and writes a few rows of a list of a million.

An index is drawn at random and kept if its bit is free; the bit is set in the same transaction. A list is closed when
seven entries of eight are taken, so that a draw succeeds within eight tries on average, and never opened again.
"""

from collections.abc import Callable, Sequence
from typing import Final, final

from sqlalchemy import bindparam, select, update

from zegel.adapters.sql.database import Database
from zegel.adapters.sql.dialect import upsert
from zegel.adapters.sql.identifiers import SqlIdentifierLists
from zegel.adapters.sql.list_rows import ListRow, ListRows
from zegel.adapters.sql.tables import status_pages
from zegel.errors import Unavailable
from zegel.formats.status.entries import INVALID
from zegel.services.status_ports import Herd, Listed, ListedIdentifier, RevokedIdentifiers, StatusBits, StatusEntry

PAGE: Final = 4_096  # entries: 512 bytes of taken bits, and as many for each status bit
_DRAW_BYTES: Final = 8  # 64 bits of chance: the bias of the remainder is beyond measure

_OF_LIST: Final = status_pages.c.list == bindparam("list_")
_OF_PAGE: Final = (_OF_LIST, status_pages.c.page == bindparam("page_"))
_PAGES: Final = select(status_pages.c.page, status_pages.c.statuses).where(_OF_LIST)
_TAKEN: Final = select(status_pages.c.taken).where(*_OF_PAGE)
_STATUSES: Final = select(status_pages.c.statuses).where(*_OF_PAGE)
_MARK: Final = update(status_pages).where(*_OF_PAGE).values(statuses=bindparam("statuses_"))


@final
class SqlStatusLists:
    """``StatusLists`` within a transaction. ``size`` is the entries of a new list: a multiple of ``PAGE``."""

    def __init__(self, database: Database, *, random: Callable[[int], bytes], size: int, now: int) -> None:
        self._database = database
        self._random = random
        self._size = size
        self._rows = ListRows(database, random=random, now=now)
        self._identifiers = SqlIdentifierLists(database, rows=self._rows, random=random)

    async def allocate(self, *, bits: int, count: int, expires: int) -> tuple[StatusEntry, ...]:
        """See ``StatusLists``; ``ValueError`` for more than an eighth of a list at once."""
        if not 0 < count <= self._size // 8:
            raise ValueError(f"a list of {self._size} entries does not give {count} at once")
        found = self._rows.open_list(bits) or self._rows.create(bits=bits, size=self._size)
        pages: dict[int, bytearray] = {}
        drawn: list[int] = []
        while len(drawn) < count:
            index = int.from_bytes(self._random(_DRAW_BYTES)) % found.size
            page = index // PAGE
            if page not in pages:
                pages[page] = self._taken(found, page)
            if _take(pages[page], index % PAGE):
                drawn.append(index)
        zeros = bytes(PAGE * found.bits // 8)
        rows = [{"list": found.id, "page": page, "taken": bits, "statuses": zeros} for page, bits in pages.items()]
        self._database.run_each(upsert(self._database.dialect, status_pages, "taken", if_expired=False), rows)
        self._rows.give(found, count=count, expires=expires)
        return tuple(StatusEntry(list_id=found.id, index=index) for index in drawn)

    async def allocate_identifiers(self, *, count: int, expires: int) -> tuple[ListedIdentifier, ...]:
        """See ``StatusLists``."""
        return self._identifiers.allocate(count=count, expires=expires)

    async def mark(self, listed: Sequence[Listed], status: int) -> None:
        """See ``StatusLists``: a page of each entry is read and written, whatever the list's size."""
        for list_id in dict.fromkeys(each.list_id for each in listed):
            found = self._rows.find(list_id)
            if found is None:
                raise Unavailable("status list", "it is not one of this issuer's, or has expired")
            for each in listed:
                if each.list_id == list_id:
                    self._mark_one(found, each, status)
            self._rows.change(list_id)

    async def load(self, list_id: str) -> StatusBits | None:
        """See ``StatusLists``."""
        found = self._rows.find(list_id)
        if found is None or not found.bits:
            return None
        length = PAGE * found.bits // 8
        packed = bytearray(found.size * found.bits // 8)
        for page, statuses in self._database.run(_PAGES, {"list_": list_id}):
            packed[page * length : (page + 1) * length] = statuses
        return StatusBits(
            list_id=list_id, bits=found.bits, entries=bytes(packed), expires=found.expires, version=found.version
        )

    async def load_identifiers(self, list_id: str) -> RevokedIdentifiers | None:
        """See ``StatusLists``."""
        return self._identifiers.load(list_id)

    async def list_ids(self) -> tuple[str, ...]:
        """See ``StatusLists``."""
        return tuple(herd.list_id for herd in self._rows.herds() if not herd.of_identifiers)

    async def herds(self) -> tuple[Herd, ...]:
        """See ``StatusLists``."""
        return self._rows.herds()

    def _taken(self, found: ListRow, page: int) -> bytearray:
        row = self._database.run(_TAKEN, {"list_": found.id, "page_": page}).fetchone()
        return bytearray(PAGE // 8) if row is None else bytearray(row[0])

    def _mark_one(self, found: ListRow, listed: Listed, status: int) -> None:
        if isinstance(listed, ListedIdentifier):
            self._identifiers.mark(listed, status)
        elif 0 <= status < 1 << found.bits:
            self._mark_entry(found, listed.index, status)
        else:
            raise ValueError(f"a status of {found.bits} bits cannot be {status}")

    def _mark_entry(self, found: ListRow, index: int, status: int) -> None:
        page = {"list_": found.id, "page_": index // PAGE}
        row = self._database.run(_STATUSES, page).fetchone()
        if row is None:
            raise Unavailable("status list", f"its entry {index} was never given out")
        statuses, at = bytearray(row[0]), index % PAGE
        if _read_status(statuses, at, bits=found.bits) == INVALID != status:
            raise ValueError("a revocation is final")  # ARF 3.0 VCR_04; 18013-5 second edition section 12.3.6.1
        marked = _write_status(statuses, at, status, bits=found.bits)
        self._database.run(_MARK, page | {"statuses_": marked})


def _take(taken: bytearray, at: int) -> bool:
    """Set the bit; False when it was set."""
    free = not taken[at >> 3] & 1 << (at & 7)
    taken[at >> 3] |= 1 << (at & 7)
    return free


def _read_status(statuses: bytearray, at: int, *, bits: int) -> int:
    return statuses[at * bits >> 3] >> (at * bits & 7) & (1 << bits) - 1


def _write_status(statuses: bytearray, at: int, status: int, *, bits: int) -> bytearray:
    """Token Status List draft 20 section 4.1: entries from the least significant bit of each byte upwards."""
    byte, shift = at * bits >> 3, at * bits & 7
    statuses[byte] = statuses[byte] & ~(((1 << bits) - 1) << shift) & 0xFF | status << shift
    return statuses
