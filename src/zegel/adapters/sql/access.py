"""Access certificates on SQL: what was issued, and what of it is revoked. All of it stands in a log, for all to see."""

from collections.abc import Mapping
from typing import Any, Final, final

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, select, update

from zegel.adapters.codec import Codec, UnreadableError
from zegel.adapters.sql.database import Database
from zegel.adapters.sql.tables import access_certificates
from zegel.errors import Unavailable
from zegel.trust.access_authority.orders import AccessOrder
from zegel.trust.access_authority.selection import CertificatesIssued, CertificatesOf, OneCertificate, Selection

_CODEC: Final = Codec((AccessOrder,))
_table: Final = access_certificates.c
_ROW: Final = (_table.id, _table.revoked_at, _table.reason, _table.value)
_FIELDS: Final = ("order_id", "serial", "party", "issuer", "issued_at", "expires", "value")
_ADD: Final = insert(access_certificates).values({name: bindparam(name) for name in _FIELDS})
_LOAD: Final = select(*_ROW).where(_table.order_id == bindparam("order_"))
_PAGE: Final = select(*_ROW).where(_table.id > bindparam("after_")).order_by(_table.id).limit(bindparam("limit_"))
_IN_FORCE: Final = and_(_table.revoked_at.is_(None), _table.expires > bindparam("now_"))
_OF_PARTY: Final = select(*_ROW).where(_table.party == bindparam("party_"), _IN_FORCE).order_by(_table.id)
_REVOKED: Final = select(_table.serial, _table.revoked_at).where(
    _table.issuer == bindparam("issuer_"), _table.revoked_at.is_not(None), _table.expires > bindparam("since_")
)
_HAVING: Final = (
    select(_table.party)
    .where(_table.party > bindparam("after_"), _IN_FORCE)
    .distinct()
    .order_by(_table.party)
    .limit(bindparam("limit_"))
)
_MEANT: Final[Mapping[type[Selection], ColumnElement[bool]]] = {
    OneCertificate: _table.serial == bindparam("serial_"),
    CertificatesOf: _table.party == bindparam("party_"),
    CertificatesIssued: and_(_table.issued_at >= bindparam("from_"), _table.issued_at < bindparam("until_")),
}
_COUNT: Final = {
    kind: select(func.count()).select_from(access_certificates).where(_IN_FORCE, meant)
    for kind, meant in _MEANT.items()
}
_REVOKE: Final = {
    kind: update(access_certificates)
    .where(_IN_FORCE, meant)
    .values(revoked_at=bindparam("at_"), reason=bindparam("reason_"))
    for kind, meant in _MEANT.items()
}
_EVER: Final = 1 << 62


@final
class SqlAccessCertificates:
    """``AccessCertificates`` within a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, order: AccessOrder) -> None:
        """See ``AccessCertificates``."""
        row = {
            "order_id": order.id,
            "serial": f"{order.certificate.serial_number:x}",
            "party": order.party,
            "issuer": order.issuer,
            "issued_at": order.since,
            "expires": order.until,
            "value": _CODEC.encode(order),
        }
        self._database.run(_ADD, row)

    async def load(self, order_id: str) -> AccessOrder | None:
        """See ``AccessCertificates``."""
        row = self._database.run(_LOAD, {"order_": order_id}).fetchone()
        return None if row is None else _opened(row)[1]

    async def count(self, selection: Selection, *, now: int) -> int:
        """See ``AccessCertificates``."""
        row = self._database.run(_COUNT[type(selection)], {"now_": now, **_values(selection)}).fetchone()
        return int(row[0])

    async def revoke(self, selection: Selection, *, now: int, reason: str) -> int:
        """See ``AccessCertificates``."""
        values = {"now_": now, "at_": now, "reason_": reason, **_values(selection)}
        count: int = self._database.run(_REVOKE[type(selection)], values).rowcount
        return count

    async def revoked(self, issuer: str, *, since: int) -> dict[int, int]:
        """See ``AccessCertificates``."""
        rows = self._database.run(_REVOKED, {"issuer_": issuer, "since_": since}).fetchall()
        return {int(serial, 16): at for serial, at in rows}

    async def page(self, *, after: int, limit: int) -> tuple[tuple[int, AccessOrder], ...]:
        """See ``AccessCertificates``."""
        return tuple(map(_opened, self._database.run(_PAGE, {"after_": after, "limit_": limit}).fetchall()))

    async def of_party(self, party: str, *, now: int) -> tuple[AccessOrder, ...]:
        """See ``AccessCertificates``."""
        rows = self._database.run(_OF_PARTY, {"party_": party, "now_": now}).fetchall()
        return tuple(_opened(row)[1] for row in rows)

    async def parties(self, *, after: str, limit: int, now: int) -> tuple[str, ...]:
        """See ``AccessCertificates``."""
        rows = self._database.run(_HAVING, {"after_": after, "limit_": limit, "now_": now}).fetchall()
        return tuple(party for (party,) in rows)


def _values(selection: Selection) -> dict[str, Any]:
    match selection:
        case OneCertificate():
            return {"serial_": f"{selection.serial:x}"}
        case CertificatesOf():
            return {"party_": selection.party}
        case CertificatesIssued():
            until = _EVER if selection.until is None else selection.until
            return {"from_": selection.since or 0, "until_": until}


def _opened(row: Any) -> tuple[int, AccessOrder]:
    cursor, revoked_at, reason, value = row
    try:
        order = _CODEC.decode(value)
    except UnreadableError:
        raise Unavailable("access certificate", "another version of zegel wrote this one") from None
    return cursor, order if revoked_at is None else order.revoke(now=revoked_at, reason=reason)
