"""What a verifier says of an answer that it does not take: its word, in the terms of our own table of checks."""

from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import HttpResponse
from zegel.primitives.json import parse_object

# What may be wrong with what the person holds, or came too late. Of any other check a verifier's word changes nothing:
# that its own request or the proof is wrong is for whoever looks into it, and ``ANSWER_DELIVERY`` says so.
SAID_OF_ANSWERS: Final = {
    check.id: check
    for check in (
        Check.ANCHOR,
        Check.CERTIFICATE_REVOKED,
        Check.ENTITLEMENT,
        Check.CREDENTIAL_VALIDITY,
        Check.STATUS_LIST,
        Check.STATUS_ISSUER,
        Check.STATUS_FRESHNESS,
        Check.STATUS_STALE,
        Check.STATUS,
        Check.ANSWERED_ONCE,
        Check.TRUSTED_AUTHORITY,
    )
}


def not_taken(error: Malformed | Rejected, response: HttpResponse) -> Rejected:
    """The refusal of an answer, as the person reads it.

    Where the verifier names the check that failed (RFC 6749 section 5.2: an error has members beside its two), the
    refusal is by that check: rule, side at fault and remedy are our table's, and what it says is said to be its word.
    What does not parse is an answer that was not taken, either.
    """
    if isinstance(error, Malformed):
        return Rejected(Check.ANSWER_DELIVERY, error.detail, field=error.field)
    named = _named(response) if error.check is Check.ANSWER_DELIVERY and 400 <= response.status < 500 else None
    if named is None:
        return error
    detail = f"this is the word of who asked, with status {response.status}"
    return Rejected(named, detail, said=error.said)


def _named(response: HttpResponse) -> Check | None:
    try:
        name = parse_object(response.body, what="error").get("check")
    except Malformed:
        return None
    return SAID_OF_ANSWERS.get(name) if isinstance(name, str) else None
