"""A credential's entry in its status list: looked up, and accepted only when it is valid (draft 20 section 8.3)."""

from typing import Final, overload

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import (
    CurrentCredential,
    CurrentPresentation,
    CurrentUnboundPresentation,
    Status,
    UnboundPresentation,
    VerifiedCredential,
    VerifiedPresentation,
)
from zegel.formats.status.entries import INVALID, SUSPENDED, VALID
from zegel.formats.status.token import VerifiedStatusList

_VALID: Final = Status.VALID  # an attribute of an enumeration's class takes ten times as long to read
_MEANINGS: Final = {INVALID: "invalid: it was revoked", SUSPENDED: "suspended for the time being"}


@overload
def check_status(
    subject: VerifiedPresentation, status_list: VerifiedStatusList | None, *, now: int
) -> CurrentPresentation: ...
@overload
def check_status(
    subject: UnboundPresentation, status_list: VerifiedStatusList | None, *, now: int
) -> CurrentUnboundPresentation: ...
@overload
def check_status(
    subject: VerifiedCredential, status_list: VerifiedStatusList | None, *, now: int
) -> CurrentCredential: ...
def check_status(
    subject: VerifiedPresentation | UnboundPresentation | VerifiedCredential,
    status_list: VerifiedStatusList | None,
    *,
    now: int,
) -> CurrentPresentation | CurrentUnboundPresentation | CurrentCredential:
    """Find that the credential is not revoked.

    A credential that names no list needs none. ``Rejected`` with STATUS_LIST for another list than the one it names,
    STATUS_ISSUER for another issuer's, STATUS_FRESHNESS for one too old, STATUS for every status but valid.
    """
    if isinstance(subject, VerifiedPresentation):
        return CurrentPresentation(subject.credential, _status(subject.credential, status_list, now))
    if isinstance(subject, UnboundPresentation):
        return CurrentUnboundPresentation(subject.credential, _status(subject.credential, status_list, now))
    return CurrentCredential(subject, _status(subject, status_list, now))


def _status(credential: VerifiedCredential, status_list: VerifiedStatusList | None, now: int) -> Status:
    reference = credential.status
    if reference is None:
        return Status.NO_STATUS
    if status_list is None or status_list.uri != reference.uri:
        raise Rejected(Check.STATUS_LIST, "expected the list that the credential names", field="status_list.uri")
    # The signer is trusted for status lists, but for its own: another issuer's must not revive a revoked credential.
    if status_list.entity != credential.issuer.entity:
        detail = f"the list is signed by {status_list.entity}, the credential by {credential.issuer.entity}"
        raise Rejected(Check.STATUS_ISSUER, detail, field="status_list")
    if now >= status_list.stale_at:
        raise Rejected(Check.STATUS_FRESHNESS, "the status list is out of date", field="status_list")
    try:
        value = status_list.statuses.get(reference.index)
    except IndexError:
        detail = "the credential's index is beyond the end of its list"
        raise Rejected(Check.STATUS, detail, field="status_list.idx") from None
    if value != VALID:
        meaning = _MEANINGS.get(value, f"{value:#04x}, which is not valid")
        raise Rejected(Check.STATUS, f"the credential's status is {meaning}", field="status_list.idx")
    return _VALID
