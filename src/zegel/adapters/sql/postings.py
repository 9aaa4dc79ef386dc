"""Which parties a term finds: a set of numbers by the term, in chunks that are intersected where they stand.

A chunk is about 8,192 parties: a list of the few that there are, or a bit for each. So two terms that half of a
register has are intersected in as many steps as there are chunks, however many parties they find, and a term that finds
one party takes no more room than that.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from sys import byteorder
from typing import Final, final

from sqlalchemy import bindparam, delete, select

from zegel.adapters.sql.database import Database
from zegel.adapters.sql.dialect import upsert
from zegel.adapters.sql.tables import register_postings

CHUNK: Final = 8_192  # parties: a bit for each is a kilobyte, which a page of the database has room for
_BITMAP_BYTES: Final = CHUNK // 8
_FEW: Final = _BITMAP_BYTES // 2  # of two bytes each; as many or more take less room as bits

_columns: Final = register_postings.c
_MEMBERS: Final = select(_columns.members).where(
    _columns.term == bindparam("term_"), _columns.chunk == bindparam("chunk_")
)
_CHUNKS: Final = (
    select(_columns.chunk, _columns.members)
    .where(_columns.term == bindparam("term_"), _columns.chunk >= bindparam("first_"))
    .order_by(_columns.chunk)
)
_COUNTED: Final = (
    select(_columns.term, _columns.members)
    .where(_columns.term > bindparam("after_"))
    .order_by(_columns.term, _columns.chunk)
    .limit(bindparam("limit_"))
)
_OF_TERM: Final = select(_columns.term, _columns.members).where(_columns.term == bindparam("term_"))
_DROP: Final = delete(register_postings).where(
    _columns.term == bindparam("term_"), _columns.chunk == bindparam("chunk_")
)


@final
class Postings:
    """The sets, within a transaction. A term is its hash, a party its number."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = upsert(database.dialect, register_postings, "members", if_expired=False)

    def add(self, terms: Iterable[bytes], party: int) -> None:
        """From now on the terms find the party."""
        chunk, bit = divmod(party, CHUNK)
        for term in terms:
            self._store(term, chunk, self._load(term, chunk) | 1 << bit)

    def forget(self, terms: Iterable[bytes], party: int) -> None:
        """The terms find it no more."""
        chunk, bit = divmod(party, CHUNK)
        for term in terms:
            self._store(term, chunk, self._load(term, chunk) & ~(1 << bit))

    def find(self, terms: Sequence[bytes], *, after: int) -> Iterator[int]:
        """The parties that all ``terms`` find, in their order; the first term is best the one that finds the fewest."""
        first, bit = divmod(after + 1, CHUNK)
        lead, *others = terms
        for chunk, members in self._database.run(_CHUNKS, {"term_": lead, "first_": first}).fetchall():
            found = unpack(members)
            if chunk == first:
                found = found >> bit << bit
            for term in others:
                if not found:
                    break
                found &= self._load(term, chunk)
            while found:
                lowest = found & -found
                yield chunk * CHUNK + lowest.bit_length() - 1
                found ^= lowest

    def among(self, terms: Sequence[bytes], parties: Iterable[int]) -> Iterator[int]:
        """Of parties in their order, those that all ``terms`` find."""
        current, found = -1, b""
        for party in parties:
            chunk, bit = divmod(party, CHUNK)
            if chunk != current:
                current, found = chunk, self._intersect(terms, chunk)
            if found[bit >> 3] >> (bit & 7) & 1:
                yield party

    def missing(self, terms: Mapping[bytes, Sequence[int]]) -> Iterator[tuple[bytes, int]]:
        """The terms that do not find one of their parties, with it."""
        for term, parties in terms.items():
            for chunk, bits in _by_chunk(parties).items():
                missing = bits & ~self._load(term, chunk)
                if missing:
                    yield term, chunk * CHUNK + (missing & -missing).bit_length() - 1

    def count(self, *, after: bytes, limit: int) -> tuple[int, bytes | None]:
        """How many parties the terms behind ``after`` find together, of so many terms and more; the last, None at the
        end."""
        rows = self._database.run(_COUNTED, {"after_": after, "limit_": limit}).fetchall()
        if len(rows) == limit:  # the last term may have more chunks: they are counted with it
            last = rows[-1][0]
            rows = [row for row in rows if row[0] != last]
            rows += self._database.run(_OF_TERM, {"term_": last}).fetchall()
        else:
            last = None
        return sum(map(_size, (members for _, members in rows))), last

    def _intersect(self, terms: Sequence[bytes], chunk: int) -> bytes:
        found = (1 << CHUNK) - 1
        for term in terms:
            found &= self._load(term, chunk)
        return found.to_bytes(_BITMAP_BYTES, "little")

    def _load(self, term: bytes, chunk: int) -> int:
        row = self._database.run(_MEMBERS, {"term_": term, "chunk_": chunk}).fetchone()
        return 0 if row is None else unpack(row[0])

    def _store(self, term: bytes, chunk: int, members: int) -> None:
        if members:
            self._database.run(self._put, {"term": term, "chunk": chunk, "members": pack(members)})
        else:
            self._database.run(_DROP, {"term_": term, "chunk_": chunk})


def _by_chunk(parties: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for party in parties:
        chunk, bit = divmod(party, CHUNK)
        found[chunk] = found.get(chunk, 0) | 1 << bit
    return found


def _size(packed: bytes) -> int:
    return unpack(packed).bit_count() if len(packed) == _BITMAP_BYTES else len(packed) // 2


def pack(members: int) -> bytes:
    """A set of numbers under ``CHUNK``, given as bits: two bytes for each of a few, or the bits themselves."""
    if members.bit_count() >= _FEW:
        return members.to_bytes(_BITMAP_BYTES, "little")
    numbers = array("H")
    while members:
        lowest = members & -members
        numbers.append(lowest.bit_length() - 1)
        members ^= lowest
    return _little(numbers).tobytes()


def unpack(packed: bytes) -> int:
    """What ``pack`` made."""
    if len(packed) == _BITMAP_BYTES:
        return int.from_bytes(packed, "little")
    bits = bytearray(_BITMAP_BYTES)
    for number in _little(array("H", packed)):
        bits[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(bits, "little")


def _little(numbers: "array[int]") -> "array[int]":
    if byteorder == "big":  # a database may be carried to another machine
        numbers.byteswap()
    return numbers
