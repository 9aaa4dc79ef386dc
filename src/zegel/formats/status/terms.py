"""What every list of statuses says of itself, whatever its mechanism: whose it is, since when, and for how long.

Token Status List draft 20 sections 5 and 8.3; ISO/IEC 18013-5 (second edition) section 12.3.6.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, cast, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Status
from zegel.primitives.cbor import Tag, parse_cbor
from zegel.primitives.cose import TAG_SIGN1, UnverifiedSign1, parse_sign1, verify_sign1
from zegel.primitives.json import Json
from zegel.primitives.times import TOLERATED_EARLY, parse_numeric_date
from zegel.trust.anchors import Purpose, TrustAnchors, VerifiedChain

DAY: Final = 86_400
MAX_AGE: Final = DAY  # of a list that names no end: ARF 3.0 asks for a look at least every 24 hours
MIN_TTL: Final = 60  # section 11.5: a small ttl must not turn its readers against the provider
SUB, EXP, IAT, TTL = 2, 4, 6, 65534  # RFC 8392 section 4, draft 20 section 5.2


@final
class Terms(NamedTuple):
    """What a list's token says of itself; nothing of it is proven. Times are seconds since the epoch."""

    uri: str
    issued_at: int
    expires: int | None
    ttl: int | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """For how long a list that is in force is believed.

    Until ``stale_at`` it is as fresh as its signer promises: the earlier of ``expires`` and the time of its
    verification plus its ttl. From ``expires`` on it says nothing any more.
    """

    issued_at: int
    expires: int
    stale_at: int


def read_terms(claims: Mapping[str, Json], what: str) -> Terms:
    """Parse the claims of a JWT, under their names."""
    return _terms(claims.get("sub"), claims.get("iat"), claims.get("exp"), claims.get("ttl"), what)


def read_cwt_terms(claims: Mapping[object, object], what: str) -> Terms:
    """Parse the claims of a CWT, under their numbers."""
    return _terms(claims.get(SUB), claims.get(IAT), claims.get(EXP), claims.get(TTL), what)


def read_tagged_sign1(data: bytes, what: str, max_bytes: int) -> tuple[UnverifiedSign1, bytes]:
    """Parse a COSE_Sign1 under its own tag and no other (draft 20 section 5.2); returns its payload as well."""
    tagged = parse_cbor(data, what=what, max_bytes=max_bytes)
    if type(tagged) is not Tag or tagged.tag != TAG_SIGN1:
        raise Malformed(what, "", "expected a tagged COSE_Sign1")
    token = parse_sign1(tagged, what=what)
    if token.payload is None:
        raise Malformed(what, "payload", "expected an attached payload")
    return token, token.payload


def verify_cwt_signer(
    token: UnverifiedSign1, *, typ: str, anchors: TrustAnchors, now: int, purpose: Purpose
) -> VerifiedChain:
    """Verify that who is trusted for status lists of this ``purpose`` signed a CWT, as what ``typ`` names."""
    chain = anchors.verify_chain(token.x5chain, purpose=purpose, now=now)
    if token.typ != typ:
        raise Rejected(Check.TOKEN_TYPE, f"expected {typ}", field="header.typ")
    verify_sign1(token, key=chain.leaf.key, payload=token.payload or b"")
    return chain


def check_terms(terms: Terms, *, uri: str, now: int) -> Period:
    """The period of the list at ``uri``, issued already and not expired; ``Rejected`` with STATUS_LIST or
    STATUS_FRESHNESS."""
    if terms.uri != uri:
        raise Rejected(Check.STATUS_LIST, "expected the list that the credential names", field="sub")
    if terms.issued_at > now + TOLERATED_EARLY:
        raise Rejected(Check.STATUS_FRESHNESS, "the status list is issued in the future", field="iat")
    expires = terms.issued_at + MAX_AGE if terms.expires is None else terms.expires
    if now >= expires:
        raise Rejected(Check.STATUS_FRESHNESS, "the status list is expired", field="exp")
    keep = MAX_AGE if terms.ttl is None else min(max(terms.ttl, MIN_TTL), MAX_AGE)
    return Period(issued_at=terms.issued_at, expires=expires, stale_at=min(expires, now + keep))


def check_age(*, stale_at: int, expires: int, now: int, grace: int) -> Status:
    """What may be said at ``now`` from a list that was found good: VALID as promised, STALE within the grace.

    ``grace`` is the profile's, in seconds. ``Rejected`` with STATUS_FRESHNESS for a list that has expired, STATUS_STALE
    for one that is older than promised and has had its grace: what is not known to be good is never silently so.
    """
    if now < stale_at:
        return Status.VALID
    if now >= expires:  # draft 20 section 13.7: it must not be relied upon, whatever the grace
        raise Rejected(Check.STATUS_FRESHNESS, "the status list is expired", field="exp")
    if now >= stale_at + grace:
        detail = f"the status list is {now - stale_at} s older than its ttl allows, and {grace} s are tolerated"
        raise Rejected(Check.STATUS_STALE, detail, field="ttl")
    return Status.STALE


def _terms(sub: object, iat: object, exp: object, ttl: object, what: str) -> Terms:
    if type(sub) is not str:
        raise Malformed(what, "sub", "expected text")
    issued_at = _time(iat, "iat", what)
    if issued_at is None:
        raise Malformed(what, "iat", "expected seconds since the epoch")
    return Terms(sub, issued_at, _time(exp, "exp", what), _time(ttl, "ttl", what))


def _time(value: object, where: str, what: str) -> int | None:
    return parse_numeric_date(cast("Json", value), what=what, where=where)
