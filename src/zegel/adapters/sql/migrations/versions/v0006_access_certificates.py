"""The access certificates that an authority issued."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "access_certificates",
        Column("id", Integer, primary_key=True),
        Column("order_id", String(64), nullable=False),
        Column("serial", String(40), nullable=False),
        Column("party", String(200), nullable=False),
        Column("issuer", String(64), nullable=False),
        Column("issued_at", BigInteger, nullable=False),
        Column("expires", BigInteger, nullable=False),
        Column("revoked_at", BigInteger),
        Column("reason", String(400)),
        Column("value", LargeBinary, nullable=False),
    )
    op.create_index("access_certificates_order", "access_certificates", ["order_id"], unique=True)
    op.create_index("access_certificates_serial", "access_certificates", ["serial"], unique=True)
    op.create_index("access_certificates_party", "access_certificates", ["party"])
    op.create_index("access_certificates_issued", "access_certificates", ["issued_at"])
    op.create_index("access_certificates_revoked", "access_certificates", ["issuer", "revoked_at"])
