"""Whether a trust list that was fetched may take the place of the one that is kept.

WHO's says when it was signed: it never goes back behind that. The gateway's says of each entry when that was added, and
nothing of itself, so that one of before cannot be told from one that somebody was taken off. Of both, what loses many
of its signers at once is for the operator to look at: a part of a list reads like a whole one.
"""

from datetime import UTC, datetime
from typing import Final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.hcert.lists import TrustList

_ALWAYS: Final = 1  # signer that may go: whoever lost a key is off a short list at once, too


def check_replaces(fetched: TrustList, *, kept: TrustList, may_lose: int, accepted: bool) -> TrustList:
    """Return the list that may be kept in place of another; ``Rejected(HEALTH_LIST)`` otherwise.

    ``may_lose`` is in percent of the signers. ``accepted``: the operator wants the list that loses more, or no longer
    says when it was signed; an older one nobody wants.
    """
    if kept.signed_at is not None and fetched.signed_at is not None and fetched.signed_at < kept.signed_at:
        raise _refused(f"expected none that was signed before the kept one, {_day(kept.signed_at)}", "proof.created")
    if accepted:
        return fetched
    if kept.signed_at is not None and fetched.signed_at is None:
        raise _refused("expected to be told when it was signed, as of the kept one", "proof.created")
    before = {signer.kid for signer in kept.signers}
    lost = len(before - {signer.kid for signer in fetched.signers})
    if lost > _ALWAYS and lost * 100 > may_lose * len(before):
        raise _refused(f"expected at most {may_lose} % of {len(before)} signers gone at once, got {lost}", "")
    return fetched


def _refused(detail: str, field: str) -> Rejected:
    return Rejected(Check.HEALTH_LIST, detail, field=field)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
