"""What an issuer watches: the statuses of wallets and of key storage, beside the batches that hang on them."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table; batches from before have nothing in it, and end by themselves."""
    op.create_table(
        "watches",
        Column("issuance", String(64), primary_key=True),
        Column("place", Integer, primary_key=True),
        Column("due", BigInteger, nullable=False),
        Column("expires", BigInteger, nullable=False),
        Column("value", LargeBinary, nullable=False),
    )
    op.create_index("watches_due", "watches", ["due"])
    op.create_index("watches_expires", "watches", ["expires"])
