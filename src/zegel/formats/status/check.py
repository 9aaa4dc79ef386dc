"""A credential's status in its list: looked up, and accepted only when it is valid.

Token Status List draft 20 section 8.3; ISO/IEC 18013-5 (second edition) section 12.3.6.4.
"""

from dataclasses import replace
from typing import Final, TypeAlias, overload

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import (
    CurrentCredential,
    CurrentPresentation,
    CurrentUnboundPresentation,
    IdentifierReference,
    Reference,
    Status,
    StatusReference,
    UnboundPresentation,
    VerifiedCredential,
    VerifiedPresentation,
)
from zegel.formats.status.entries import INVALID, SUSPENDED, VALID
from zegel.formats.status.identifiers import VerifiedIdentifierList
from zegel.formats.status.terms import check_age
from zegel.formats.status.token import VerifiedStatusList
from zegel.trust.anchors import Purpose, TrustAnchors

VerifiedList: TypeAlias = VerifiedStatusList | VerifiedIdentifierList

_VALID: Final = Status.VALID  # an attribute of an enumeration's class takes ten times as long to read
_REVOKED: Final = "invalid: it was revoked"
_MEANINGS: Final = {INVALID: _REVOKED, SUSPENDED: "suspended for the time being"}


@overload
def check_status(
    subject: VerifiedPresentation, status_list: VerifiedList | None, *, now: int, grace: int
) -> CurrentPresentation: ...
@overload
def check_status(
    subject: UnboundPresentation, status_list: VerifiedList | None, *, now: int, grace: int
) -> CurrentUnboundPresentation: ...
@overload
def check_status(
    subject: VerifiedCredential, status_list: VerifiedList | None, *, now: int, grace: int
) -> CurrentCredential: ...
def check_status(
    subject: VerifiedPresentation | UnboundPresentation | VerifiedCredential,
    status_list: VerifiedList | None,
    *,
    now: int,
    grace: int,
) -> CurrentPresentation | CurrentUnboundPresentation | CurrentCredential:
    """Find that the credential is not revoked.

    A credential that names no list needs none. ``grace`` is for how long a list that could not be had anew is still
    answered from, in seconds (``Profile.status_grace``); the status then is STALE. ``Rejected`` with STATUS_LIST for
    another list than the one it names, STATUS_ISSUER for another issuer's, STATUS_FRESHNESS for one that has expired,
    STATUS_STALE for one beyond the grace, STATUS for every status but valid.
    """
    if isinstance(subject, VerifiedPresentation):
        return CurrentPresentation(subject.credential, _status(subject.credential, status_list, now, grace))
    if isinstance(subject, UnboundPresentation):
        return CurrentUnboundPresentation(subject.credential, _status(subject.credential, status_list, now, grace))
    return CurrentCredential(subject, _status(subject, status_list, now, grace))


def check_signer(
    status_list: VerifiedList, *, anchors: TrustAnchors, now: int, purpose: Purpose = Purpose.STATUS
) -> VerifiedList:
    """Find that who signed a list, verified some time ago, is still trusted for it; ``entity`` is its name by now.

    The chain is judged whole, as at first. The signature is not verified again: it is that of the chain's own leaf,
    over bytes that have not changed. Nor do the list's times change: it was fetched no later. ``Rejected`` as
    ``TrustAnchors.verify_chain``.
    """
    chain = anchors.verify_chain(status_list.chain, purpose=purpose, now=now)
    entity = chain.anchor.entity
    return status_list if entity == status_list.entity else replace(status_list, entity=entity)


def _status(credential: VerifiedCredential, status_list: VerifiedList | None, now: int, grace: int) -> Status:
    reference = credential.status
    if reference is None:
        return Status.NO_STATUS
    if status_list is None or status_list.uri != reference.uri:
        raise Rejected(Check.STATUS_LIST, "expected the list that the credential names", field="status_list.uri")
    # The signer is trusted for status lists, but for its own: another issuer's must not revive a revoked credential.
    if status_list.entity != credential.issuer.entity:
        detail = f"the list is signed by {status_list.entity}, the credential by {credential.issuer.entity}"
        raise Rejected(Check.STATUS_ISSUER, detail, field="status_list")
    if now < status_list.stale_at:
        age = _VALID
    else:
        age = check_age(stale_at=status_list.stale_at, expires=status_list.expires, now=now, grace=grace)
    _look_up(reference, status_list)
    return age


def _look_up(reference: Reference, status_list: VerifiedList) -> None:
    """Nothing but ``Rejected`` with STATUS comes of an entry that is not valid, and STATUS_LIST of the other kind."""
    if isinstance(reference, StatusReference) and isinstance(status_list, VerifiedStatusList):
        _refuse_other_entry(reference, status_list)
    elif isinstance(reference, IdentifierReference) and isinstance(status_list, VerifiedIdentifierList):
        if reference.identifier in status_list.identifiers:
            raise Rejected(Check.STATUS, f"the credential's status is {_REVOKED}", field="identifier_list.id")
    else:
        raise Rejected(Check.STATUS_LIST, "expected a list of the kind that the credential names", field="status")


def _refuse_other_entry(reference: StatusReference, status_list: VerifiedStatusList) -> None:
    try:
        value = status_list.statuses.get(reference.index)
    except IndexError:
        detail = "the credential's index is beyond the end of its list"
        raise Rejected(Check.STATUS, detail, field="status_list.idx") from None
    if value != VALID:
        meaning = _MEANINGS.get(value, f"{value:#04x}, which is not valid")
        raise Rejected(Check.STATUS, f"the credential's status is {meaning}", field="status_list.idx")
