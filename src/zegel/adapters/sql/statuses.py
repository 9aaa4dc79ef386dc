"""Status lists on SQL, in pages, so that an allocation reads and writes a few rows of a list of a million.

An index is drawn at random and kept if its bit is free; the bit is set in the same transaction. A list is closed when
seven entries of eight are taken, so that a draw succeeds within eight tries on average, and never opened again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from sqlalchemy import bindparam, select, update

from zegel.adapters.sql.database import Database
from zegel.adapters.sql.dialect import upsert
from zegel.adapters.sql.tables import status_lists, status_pages
from zegel.errors import Unavailable
from zegel.primitives.encoding import base64url
from zegel.services.ports import StatusBits, StatusEntry

PAGE: Final = 4_096  # entries: 512 bytes of taken bits, and as many for each status bit
_FULL: Final = (7, 8)
_ID_BYTES: Final = 9
_DRAW_BYTES: Final = 8  # 64 bits of chance: the bias of the remainder is beyond measure

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
_IDS: Final = select(status_lists.c.id).order_by(status_lists.c.id)
_GIVE: Final = (
    update(status_lists)
    .where(status_lists.c.id == bindparam("id_"))
    .values(taken=bindparam("taken_"), open=bindparam("open_"), expires=bindparam("expires_"))
)
_CHANGE: Final = (
    update(status_lists).where(status_lists.c.id == bindparam("id_")).values(version=status_lists.c.version + 1)
)
_OF_LIST: Final = status_pages.c.list == bindparam("list_")
_OF_PAGE: Final = (_OF_LIST, status_pages.c.page == bindparam("page_"))
_PAGES: Final = select(status_pages.c.page, status_pages.c.statuses).where(_OF_LIST)
_TAKEN: Final = select(status_pages.c.taken).where(*_OF_PAGE)
_STATUSES: Final = select(status_pages.c.statuses).where(*_OF_PAGE)
_MARK: Final = update(status_pages).where(*_OF_PAGE).values(statuses=bindparam("statuses_"))


@final
@dataclass(frozen=True, slots=True)
class _List:
    """A row of ``_LIST``."""

    id: str
    bits: int
    size: int
    taken: int
    expires: int
    version: int


@final
class SqlStatusLists:
    """``StatusLists`` within a transaction. ``size`` is the entries of a new list: a multiple of ``PAGE``."""

    def __init__(self, database: Database, *, random: Callable[[int], bytes], size: int) -> None:
        self._database = database
        self._random = random
        self._size = size

    async def allocate(self, *, bits: int, count: int, expires: int) -> tuple[StatusEntry, ...]:
        """See ``StatusLists``; ``ValueError`` for more than an eighth of a list at once."""
        if not 0 < count <= self._size // 8:
            raise ValueError(f"a list of {self._size} entries does not give {count} at once")
        row = self._database.run(_BY_WIDTH, {"bits_": bits}).fetchone()
        found = self._create(bits) if row is None else _List(*row)
        pages: dict[int, bytearray] = {}
        drawn: list[int] = []
        while len(drawn) < count:
            index = int.from_bytes(self._random(_DRAW_BYTES)) % found.size
            page = index // PAGE
            if page not in pages:
                pages[page] = self._taken(found, page)
            if _take(pages[page], index % PAGE):
                drawn.append(index)
        self._write(found, pages, taken=found.taken + count, expires=max(found.expires, expires))
        return tuple(StatusEntry(list_id=found.id, index=index) for index in drawn)

    async def mark(self, entries: tuple[StatusEntry, ...], status: int) -> None:
        """See ``StatusLists``; ``ValueError`` for a status that the list's width cannot hold."""
        for list_id in {entry.list_id for entry in entries}:
            found = self._find(list_id)
            if found is None:
                raise Unavailable("status list", "it is not one of this issuer's, or has expired")
            if not 0 <= status < 1 << found.bits:
                raise ValueError(f"a status of {found.bits} bits cannot be {status}")
            for entry in entries:
                if entry.list_id == list_id:
                    self._mark(found, entry.index, status)
            self._database.run(_CHANGE, {"id_": list_id})

    async def load(self, list_id: str) -> StatusBits | None:
        """See ``StatusLists``."""
        found = self._find(list_id)
        if found is None:
            return None
        length = PAGE * found.bits // 8
        packed = bytearray(found.size * found.bits // 8)
        for page, statuses in self._database.run(_PAGES, {"list_": list_id}):
            packed[page * length : (page + 1) * length] = statuses
        return StatusBits(
            list_id=list_id, bits=found.bits, entries=bytes(packed), expires=found.expires, version=found.version
        )

    async def list_ids(self) -> tuple[str, ...]:
        """See ``StatusLists``."""
        return tuple(list_id for (list_id,) in self._database.run(_IDS, {}))

    def _find(self, list_id: str) -> _List | None:
        row = self._database.run(_BY_ID, {"id_": list_id}).fetchone()
        return None if row is None else _List(*row)

    def _create(self, bits: int) -> _List:
        new = _List(base64url(self._random(_ID_BYTES)), bits, self._size, 0, 0, 1)
        values = {name: getattr(new, name) for name in _List.__slots__}
        statement = upsert(self._database.dialect, status_lists, "open", if_expired=False)
        self._database.run(statement, values | {"open": True})
        return new

    def _taken(self, found: _List, page: int) -> bytearray:
        row = self._database.run(_TAKEN, {"list_": found.id, "page_": page}).fetchone()
        return bytearray(PAGE // 8) if row is None else bytearray(row[0])

    def _write(self, found: _List, pages: dict[int, bytearray], *, taken: int, expires: int) -> None:
        zeros = bytes(PAGE * found.bits // 8)
        rows = [{"list": found.id, "page": page, "taken": bits, "statuses": zeros} for page, bits in pages.items()]
        self._database.run_each(upsert(self._database.dialect, status_pages, "taken", if_expired=False), rows)
        open_ = taken * _FULL[1] < found.size * _FULL[0]
        self._database.run(_GIVE, {"id_": found.id, "taken_": taken, "open_": open_, "expires_": expires})

    def _mark(self, found: _List, index: int, status: int) -> None:
        page = {"list_": found.id, "page_": index // PAGE}
        row = self._database.run(_STATUSES, page).fetchone()
        if row is None:
            raise Unavailable("status list", f"its entry {index} was never given out")
        marked = _write_status(bytearray(row[0]), index % PAGE, status, bits=found.bits)
        self._database.run(_MARK, page | {"statuses_": marked})


def _take(taken: bytearray, at: int) -> bool:
    """Set the bit; False when it was set."""
    free = not taken[at >> 3] & 1 << (at & 7)
    taken[at >> 3] |= 1 << (at & 7)
    return free


def _write_status(statuses: bytearray, at: int, status: int, *, bits: int) -> bytearray:
    """Token Status List draft 20 section 4.1: entries from the least significant bit of each byte upwards."""
    byte, shift = at * bits >> 3, at * bits & 7
    statuses[byte] = statuses[byte] & ~(((1 << bits) - 1) << shift) & 0xFF | status << shift
    return statuses
