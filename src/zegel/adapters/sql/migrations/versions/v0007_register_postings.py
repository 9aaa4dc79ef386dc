"""What finds a party of the register: a set of parties by the term, in place of a row for each."""

from collections.abc import Iterator
from itertools import groupby

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, text

revision = "0007"
down_revision = "0006"

_CHUNK = 8_192
_BITMAP_BYTES = 1_024
_AT_ONCE = 10_000
_PAGE = text(
    "SELECT term, party FROM register_terms WHERE (term, party) > (:term, :party) ORDER BY term, party LIMIT :limit"
)


def upgrade() -> None:
    """Make the table, and carry over what the old one had."""
    postings = op.create_table(
        "register_postings",
        Column("term", LargeBinary(16), primary_key=True),
        Column("chunk", Integer, primary_key=True),
        Column("members", LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    bind = op.get_bind()
    for (term, chunk), rows in groupby(_rows(), key=lambda row: (row[0], row[1] // _CHUNK)):
        values = {"term": term, "chunk": chunk, "members": _pack([party % _CHUNK for _, party in rows])}
        bind.execute(postings.insert(), values)
    op.drop_table("register_terms")


def _rows() -> Iterator[tuple[bytes, int]]:
    term, party = b"", -1
    while page := op.get_bind().execute(_PAGE, {"term": term, "party": party, "limit": _AT_ONCE}).fetchall():
        for term, party in page:
            yield term, party


def _pack(numbers: list[int]) -> bytes:
    if 2 * len(numbers) < _BITMAP_BYTES:
        return b"".join(number.to_bytes(2, "little") for number in numbers)
    return sum(1 << number for number in numbers).to_bytes(_BITMAP_BYTES, "little")
