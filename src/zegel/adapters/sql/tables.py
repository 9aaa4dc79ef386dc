"""The tables of a role's database. Each role has its own database, and all have this one schema.

Nothing here is readable without the role key but kinds, times, versions and status bits, what a log publishes, and of
the register what it gives out, under which identifiers somebody applied, and the log of changes; and the access
certificates that were issued, which stand in a log for all to see.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table

SCHEMA: Final = "0007"
"""The migration that makes these tables."""

METADATA: Final = MetaData()

records: Final = Table(
    "records",
    METADATA,
    Column("kind", String(64), primary_key=True),
    Column("id", LargeBinary(32), primary_key=True),  # SHA-256 of kind and key
    Column("version", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),  # sealed
    Index("records_expires", "expires"),
)

used: Final = Table(
    "used",
    METADATA,
    Column("purpose", String(64), primary_key=True),
    Column("id", LargeBinary(32), primary_key=True),
    Column("expires", BigInteger, nullable=False),
    Index("used_expires", "expires"),
)

status_lists: Final = Table(
    "status_lists",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("bits", Integer, nullable=False),  # of an entry; 0 for an identifier list
    Column("size", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
)

status_pages: Final = Table(
    "status_pages",
    METADATA,
    Column("list", String(32), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("taken", LargeBinary, nullable=False),  # a bit an entry, lowest first
    Column("statuses", LargeBinary, nullable=False),  # packed as in Token Status List section 4.1
)

status_identifiers: Final = Table(
    "status_identifiers",
    METADATA,
    Column("list", String(32), primary_key=True),
    Column("identifier", LargeBinary(64), primary_key=True),  # of what is revoked, or of nothing
)

status_herds: Final = Table(
    "status_herds",
    METADATA,
    Column("list", String(32), primary_key=True),
    Column("expires", BigInteger, primary_key=True),
    Column("live", BigInteger, nullable=False),  # how many that end then were given out
)

issuances: Final = Table(
    "issuances",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("person", LargeBinary(32), nullable=False),  # the reference under the role key
    Column("day", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("value", LargeBinary, nullable=False),  # sealed
    Index("issuances_person", "person"),
    Index("issuances_expires", "expires"),
)

watches: Final = Table(
    "watches",
    METADATA,
    Column("issuance", String(64), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("due", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),  # sealed
    Index("watches_due", "due"),
    Index("watches_expires", "expires"),
)

log_entries: Final = Table(
    "log_entries",
    METADATA,
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary(32), nullable=False),
    Column("submission_hash", LargeBinary(32), nullable=False),
    Column("timestamp", BigInteger, nullable=False),  # milliseconds
    Column("entry", LargeBinary, nullable=False),
    Column("sct", LargeBinary, nullable=False),
    Column("submitted", LargeBinary, nullable=False),
    Index("log_entries_leaf", "leaf"),
    Index("log_entries_submission", "submission_hash", unique=True),
)

log_nodes: Final = Table(
    "log_nodes",
    METADATA,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
)

log_heads: Final = Table(
    "log_heads",
    METADATA,
    Column("timestamp", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Index("log_heads_size", "size"),
)
register_parties: Final = Table(
    "register_parties",
    METADATA,
    Column("id", Integer, primary_key=True),  # in the order of application: the cursor of every page
    Column("identifier", String(200), nullable=False),
    Column("owner", LargeBinary(32), nullable=False),  # the person who registered, under the role key
    Column("standing", String(16), nullable=False),
    Column("waiting", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),  # the last one in the log
    Column("public", LargeBinary),  # what the register gives out
    Column("value", LargeBinary, nullable=False),  # sealed
    Index("register_parties_identifier", "identifier", unique=True),
    Index("register_parties_owner", "owner"),
    Index("register_parties_waiting", "waiting", "id"),
)

register_postings: Final = Table(
    "register_postings",
    METADATA,
    Column("term", LargeBinary(16), primary_key=True),  # a hash
    Column("chunk", Integer, primary_key=True),  # of 8,192 parties that follow one another
    Column("members", LargeBinary, nullable=False),  # those of them that the term finds: ``adapters.sql.postings``
    sqlite_with_rowid=False,
)

register_changes: Final = Table(
    "register_changes",
    METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("deed", String(16), nullable=False),
    Column("identifier", String(200), nullable=False),
    Column("by", String(255), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("previous", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

access_certificates: Final = Table(
    "access_certificates",
    METADATA,
    Column("id", Integer, primary_key=True),  # in the order of issue: the cursor of every page
    Column("order_id", String(64), nullable=False),
    Column("serial", String(40), nullable=False),  # in hexadecimal
    Column("party", String(200), nullable=False),
    Column("issuer", String(64), nullable=False),  # the key identifier of who issued it
    Column("issued_at", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("reason", String(400)),
    Column("value", LargeBinary, nullable=False),
    Index("access_certificates_order", "order_id", unique=True),
    Index("access_certificates_serial", "serial", unique=True),
    Index("access_certificates_party", "party"),
    Index("access_certificates_issued", "issued_at"),
    Index("access_certificates_revoked", "issuer", "revoked_at"),
)

REGISTER_WORDS: Final = (
    "CREATE VIRTUAL TABLE register_words USING fts5(names, tokenize='unicode61 remove_diacritics 2', prefix='2 3 4')"
)
"""SQLite's own index of the words in names (FTS5)."""
