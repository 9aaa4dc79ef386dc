"""The register: its entries, what finds them, and the log of their changes."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, String

revision = "0005"
down_revision = "0004"

WORDS = (
    "CREATE VIRTUAL TABLE register_words USING fts5(names, tokenize='unicode61 remove_diacritics 2', prefix='2 3 4')"
)


def upgrade() -> None:
    """Make the tables; the index of words is SQLite's own."""
    op.create_table(
        "register_parties",
        Column("id", Integer, primary_key=True),
        Column("identifier", String(200), nullable=False),
        Column("owner", LargeBinary(32), nullable=False),
        Column("standing", String(16), nullable=False),
        Column("waiting", Boolean, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("change", BigInteger, nullable=False),
        Column("public", LargeBinary),
        Column("value", LargeBinary, nullable=False),
    )
    op.create_index("register_parties_identifier", "register_parties", ["identifier"], unique=True)
    op.create_index("register_parties_owner", "register_parties", ["owner"])
    op.create_index("register_parties_waiting", "register_parties", ["waiting", "id"])
    op.create_table(
        "register_terms",
        Column("term", LargeBinary(16), primary_key=True),
        Column("party", Integer, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "register_changes",
        Column("sequence", Integer, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("deed", String(16), nullable=False),
        Column("identifier", String(200), nullable=False),
        Column("by", String(255), nullable=False),
        Column("digest", LargeBinary(32), nullable=False),
        Column("previous", LargeBinary(32), nullable=False),
        Column("hash", LargeBinary(32), nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(WORDS)
