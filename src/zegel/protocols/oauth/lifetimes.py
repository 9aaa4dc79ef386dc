"""How long each value of the authorization server lives, in seconds, and when a signed statement is recent.

Each number says where it comes from. None is configured: where a specification allows a range, one value was chosen.
"""

from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.json import JsonObject
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE, parse_numeric_date

NONCE_SECONDS: Final = 300  # RFC 9449 section 8 and OpenID4VCI 1.0 section 7.2 leave it open; time to unlock a key
REQUEST_URI_SECONDS: Final = 300  # FAPI 2.0 section 5.3.2.2: under 600
LOG_IN_SECONDS: Final = 900  # a person finds a password and reads a consent page; the request is held that long
CODE_SECONDS: Final = 60  # FAPI 2.0 section 5.3.2.1: at most 60
PRE_AUTHORIZED_SECONDS: Final = 600  # OpenID4VCI 1.0 section 4.1.1: short-lived; a letter or a second screen away
ACCESS_TOKEN_SECONDS: Final = 300  # OpenID4VCI 1.0 section 13.10: longer than five minutes is long-lived
REFRESH_TOKEN_SECONDS: Final = 31_536_000  # HAIP 1.0 section 4.4: not recommended beyond a year
PAST_SECONDS: Final = NONCE_SECONDS  # a proof is as old as its nonce at most


def check_recent(claims: JsonObject, *, now: int, check: Check) -> int:
    """Return ``iat`` if the statement was just made; ``Rejected(check)`` otherwise.

    ``nbf`` and ``exp`` are optional in every statement that comes here, and hold when they are there (RFC 7519
    sections 4.1.4 and 4.1.5).
    """
    issued_at = _time(claims, "iat", check)
    if issued_at is None or not now - PAST_SECONDS <= issued_at <= now + TOLERATED_EARLY:
        raise Rejected(check, f"expected a time of issue within the last {PAST_SECONDS} seconds", field="iat")
    not_before, expires = _time(claims, "nbf", check), _time(claims, "exp", check)
    if not_before is not None and not_before > now + TOLERATED_EARLY:
        raise Rejected(check, "the statement is not valid yet", field="nbf")
    if expires is not None and expires + TOLERATED_LATE <= now:
        raise Rejected(check, "the statement has expired", field="exp")
    return issued_at


def _time(claims: JsonObject, name: str, check: Check) -> int | None:
    try:
        return parse_numeric_date(claims.get(name), what="statement", where=name)
    except Malformed as error:
        raise Rejected(check, error.detail, field=name) from None
