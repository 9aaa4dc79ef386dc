"""The status of a registration certificate: found valid in a list of the very provider that signed it (RPRC_01a)."""

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.status.entries import VALID
from zegel.formats.status.terms import check_age
from zegel.formats.status.token import VerifiedStatusList
from zegel.trust.registration.values import BoundRegistration, CurrentRegistration


def check_registration_status(
    registration: BoundRegistration, status_list: VerifiedStatusList | None, *, now: int
) -> CurrentRegistration:
    """Find that the certificate is not revoked; one that names no list is too short-lived for that.

    ``Rejected`` with STATUS_LIST for another list than the one it names, STATUS_ISSUER for another provider's,
    STATUS_FRESHNESS or STATUS_STALE for one too old, REGISTRATION_STATUS for every status but valid.
    """
    status = registration.certificate.status
    current = CurrentRegistration(
        certificate=registration.certificate,
        provider=registration.provider,
        chain=registration.chain,
        intermediated=registration.intermediated,
        status_until=None if status is None or status_list is None else status_list.stale_at,
    )
    if status is None:
        return current
    if status_list is None or status_list.uri != status.uri:
        raise Rejected(Check.STATUS_LIST, "expected the list that the certificate names", field="status_list.uri")
    # The signer is trusted for status lists, but for its own: another's must not revive a revoked registration.
    if status_list.entity != registration.provider:
        detail = f"the list is signed by {status_list.entity}, the certificate by {registration.provider}"
        raise Rejected(Check.STATUS_ISSUER, detail, field="status_list")
    # nobody vouches for who asks beyond the list's own ttl: no grace
    check_age(stale_at=status_list.stale_at, expires=status_list.expires, now=now, grace=0)
    try:
        value = status_list.statuses.get(status.index)
    except IndexError:
        detail = "the certificate's index is beyond the end of its list"
        raise Rejected(Check.REGISTRATION_STATUS, detail, field="status_list.idx") from None
    if value != VALID:
        detail = "the registration certificate is revoked or suspended"
        raise Rejected(Check.REGISTRATION_STATUS, detail, field="status_list.idx")
    return current
