"""An access authority that has revoked many: as many rows in its store as it takes, without a key for each."""

from typing import Any

from sqlalchemy import insert

from zegel.adapters.sql.store import SqlStore
from zegel.adapters.sql.tables import access_certificates
from zegel.services.access_authority import IssuingAuthority
from zegel.services.access_ports import AccessStore


def crowd(store: AccessStore, issuing: IssuingAuthority, count: int, *, at: int, until: int, revoked: bool) -> None:
    """Certificates that an authority issued ``at`` a second and that end at another, all of them of nobody's.

    Their serial numbers are as long as real ones, and those of each moment of issue differ.
    """
    assert isinstance(store, SqlStore)
    rows: list[dict[str, Any]] = [
        {
            "order_id": f"{issuing.key_id} {at} {number}",
            "serial": f"{(1 << 158) + (at << 32) + number:x}",
            "party": "NTRUT-0000000",
            "issuer": issuing.key_id,
            "issued_at": at,
            "expires": until,
            "revoked_at": at if revoked else None,
            "reason": "lost" if revoked else "",
            "value": b"",
        }
        for number in range(count)
    ]
    database = store._database
    with database.transaction():
        database.connection.execute(insert(access_certificates), rows)
