"""The log of access certificates: entries, the complete nodes of their tree, signed tree heads."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "log_entries",
        Column("index", BigInteger, primary_key=True, autoincrement=False),
        Column("leaf", LargeBinary(32), nullable=False),
        Column("submission_hash", LargeBinary(32), nullable=False),
        Column("timestamp", BigInteger, nullable=False),
        Column("entry", LargeBinary, nullable=False),
        Column("sct", LargeBinary, nullable=False),
        Column("submitted", LargeBinary, nullable=False),
    )
    op.create_index("log_entries_leaf", "log_entries", ["leaf"])
    op.create_index("log_entries_submission", "log_entries", ["submission_hash"], unique=True)
    op.create_table(
        "log_nodes",
        Column("level", Integer, primary_key=True, autoincrement=False),
        Column("index", BigInteger, primary_key=True, autoincrement=False),
        Column("hash", LargeBinary(32), nullable=False),
    )
    op.create_table(
        "log_heads",
        Column("timestamp", BigInteger, primary_key=True, autoincrement=False),
        Column("size", BigInteger, nullable=False),
        Column("head", LargeBinary, nullable=False),
    )
    op.create_index("log_heads_size", "log_heads", ["size"])
