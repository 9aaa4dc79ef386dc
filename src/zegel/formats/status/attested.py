"""The status of a wallet or of its key storage, in a list of the very provider that vouches for it (TS3 1.5 2.5)."""

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.status.entries import VALID
from zegel.formats.status.terms import check_age
from zegel.formats.status.token import VerifiedStatusList
from zegel.trust.attestation_claims import AttestationStatus


def check_attestation_status(
    status: AttestationStatus, status_list: VerifiedStatusList, *, what: str, now: int, grace: int
) -> AttestationStatus:
    """Return the status if its entry is valid; ``what`` is whose it is, in words, ``grace`` that of the profile.

    ``Rejected`` with STATUS_LIST for another list than the one that it names, STATUS_ISSUER for another provider's,
    STATUS_FRESHNESS or STATUS_STALE for one too old, ATTESTATION_REVOKED for every status but valid.
    """
    if status_list.uri != status.uri:
        raise Rejected(Check.STATUS_LIST, "expected the list that the attestation names", field="status_list.uri")
    # The signer is trusted for status lists, but for its own: another's must not revive a revoked wallet.
    if status_list.entity != status.provider:
        detail = f"the list is signed by {status_list.entity}, the attestation by {status.provider}"
        raise Rejected(Check.STATUS_ISSUER, detail, field="status_list")
    check_age(stale_at=status_list.stale_at, expires=status_list.expires, now=now, grace=grace)
    try:
        value = status_list.statuses.get(status.index)
    except IndexError:
        detail = f"the index of the {what} is beyond the end of its list"
        raise Rejected(Check.ATTESTATION_REVOKED, detail, field="status_list.idx") from None
    if value != VALID:  # nothing is suspended here: what is not valid counts as revoked
        raise Rejected(Check.ATTESTATION_REVOKED, f"the {what} is revoked", field="status_list.idx")
    return status
