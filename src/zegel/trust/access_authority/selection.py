"""Which access certificates are meant by a revocation: one, those of a party, or all that were issued in a time."""

from dataclasses import dataclass
from typing import final

from zegel.checks import Check
from zegel.errors import Rejected


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OneCertificate:
    """The certificate of a serial number."""

    serial: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesOf:
    """All of a party, by its identifier."""

    party: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesIssued:
    """All that were issued from ``since`` on and before ``until``, in seconds since the epoch; None has no bound."""

    since: int | None = None
    until: int | None = None


Selection = OneCertificate | CertificatesOf | CertificatesIssued


def check_confirmed(selection: Selection, *, count: int, confirm: int | None) -> int:
    """Return how many are meant, if there are any, and whoever means many says how many.

    What a party has is revoked without being counted: that is urgent, and few. ``Rejected(ACCESS_REVOCATION)``.
    """
    if count == 0:
        raise Rejected(Check.ACCESS_REVOCATION, "no certificate that is in force is meant", field="certificate")
    if isinstance(selection, CertificatesIssued) and confirm != count:
        detail = f"{count} certificates would be revoked for good: repeat it with confirm as {count}"
        raise Rejected(Check.ACCESS_REVOCATION, detail, field="confirm")
    return count
