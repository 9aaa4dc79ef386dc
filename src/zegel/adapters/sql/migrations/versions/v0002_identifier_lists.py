"""Identifier lists, and how many each list is about."""

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, String

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of revoked identifiers and of herds; what was given out before is not counted."""
    op.create_table(
        "status_identifiers",
        Column("list", String(32), primary_key=True),
        Column("identifier", LargeBinary(64), primary_key=True),
    )
    op.create_table(
        "status_herds",
        Column("list", String(32), primary_key=True),
        Column("expires", BigInteger, primary_key=True),
        Column("live", BigInteger, nullable=False),
    )
