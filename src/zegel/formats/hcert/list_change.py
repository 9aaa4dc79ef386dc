"""Whether a trust list that was fetched may take the place of the one that is kept.

WHO's says when it was signed: it never goes back behind that, and none is of the future, behind which every later one
would be. The gateway's says of each entry when that was added, and nothing of itself, so that one of before cannot be
told from one that somebody was taken off. Of both, what loses many of its signers at once is for the operator to look
at: a part of a list reads like a whole one.
"""

from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.hcert.believed import BelievedList
from zegel.primitives.times import TOLERATED_EARLY

_ALWAYS: Final = 1  # signer that may go: whoever lost a key is off a short list at once, too
_SIGNED: Final = "proof.created"


def check_replaces(
    fetched: BelievedList, *, kept: BelievedList | None, may_lose: int, accepted: bool, now: int
) -> BelievedList:
    """Return the list that may be kept in place of another, or of none; ``Rejected(HEALTH_LIST)`` otherwise.

    ``may_lose`` is in percent of the signers. ``accepted``: the operator wants the list that loses more, or no longer
    says when it was signed; an older one nobody wants. A kept one of the future holds none out by its age.
    """
    latest = now + TOLERATED_EARLY
    if fetched.signed_at is not None and fetched.signed_at > latest:
        raise _refused(f"expected none that was signed after now, {_day(now)}, got {_day(fetched.signed_at)}", _SIGNED)
    if kept is None:
        return fetched
    before = kept.signed_at if kept.signed_at is not None and kept.signed_at <= latest else None
    if before is not None and fetched.signed_at is not None and fetched.signed_at < before:
        raise _refused(f"expected none that was signed before the kept one, {_day(before)}", _SIGNED)
    if accepted:
        return fetched
    if before is not None and fetched.signed_at is None:
        raise _refused("expected to be told when it was signed, as of the kept one", _SIGNED)
    signers = _signers(kept)
    lost = len(signers - _signers(fetched))
    if lost > _ALWAYS and lost * 100 > may_lose * len(signers):
        raise _refused(f"expected at most {may_lose} % of {len(signers)} signers gone at once, got {lost}", "")
    return fetched


def _signers(of: BelievedList) -> frozenset[tuple[bytes, bytes]]:
    """By what they are called and by their key: one that is called as another was is somebody else."""
    return frozenset(
        (each.kid, each.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)) for each in of.signers
    )


def _refused(detail: str, field: str) -> Rejected:
    return Rejected(Check.HEALTH_LIST, detail, field=field)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
