"""The first schema."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, String

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of records, used values, status lists and issuances."""
    op.create_table(
        "records",
        Column("kind", String(64), primary_key=True),
        Column("id", LargeBinary(32), primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("expires", BigInteger, nullable=False),
        Column("value", LargeBinary, nullable=False),
    )
    op.create_index("records_expires", "records", ["expires"])
    op.create_table(
        "used",
        Column("purpose", String(64), primary_key=True),
        Column("id", LargeBinary(32), primary_key=True),
        Column("expires", BigInteger, nullable=False),
    )
    op.create_index("used_expires", "used", ["expires"])
    op.create_table(
        "status_lists",
        Column("id", String(32), primary_key=True),
        Column("bits", Integer, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("taken", BigInteger, nullable=False),
        Column("open", Boolean, nullable=False),
        Column("expires", BigInteger, nullable=False),
        Column("version", BigInteger, nullable=False),
    )
    op.create_table(
        "status_pages",
        Column("list", String(32), primary_key=True),
        Column("page", Integer, primary_key=True),
        Column("taken", LargeBinary, nullable=False),
        Column("statuses", LargeBinary, nullable=False),
    )
    op.create_table(
        "issuances",
        Column("id", String(64), primary_key=True),
        Column("person", LargeBinary(32), nullable=False),
        Column("day", BigInteger, nullable=False),
        Column("expires", BigInteger, nullable=False),
        Column("revoked_at", BigInteger),
        Column("value", LargeBinary, nullable=False),
    )
    op.create_index("issuances_person", "issuances", ["person"])
    op.create_index("issuances_expires", "issuances", ["expires"])
