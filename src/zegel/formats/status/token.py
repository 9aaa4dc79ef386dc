"""Status List Tokens as JWT and as CWT: parsed, verified, signed (status list draft 20 section 5)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final, cast, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.status.entries import MAX_LIST, CompressedStatusList, StatusList, inflate
from zegel.primitives.cbor import Tag, encode_cbor, parse_cbor, parse_map
from zegel.primitives.cose import TAG_SIGN1, UnverifiedSign1, parse_sign1, sign_sign1, verify_sign1
from zegel.primitives.encoding import base64url, encode_base64url, parse_base64url
from zegel.primitives.http import media_type
from zegel.primitives.json import Json
from zegel.primitives.jws import UnverifiedJws, parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import Signer
from zegel.primitives.times import TOLERATED_EARLY, parse_numeric_date
from zegel.trust.anchors import Purpose, TrustAnchors

JWT_TYPE: Final = "statuslist+jwt"  # section 5.1
CWT_TYPE: Final = "application/statuslist+cwt"  # section 5.2
DAY: Final = 86_400
MAX_AGE: Final = DAY  # of a list that names no end: ARF 3.0 asks for a look at least every 24 hours
MIN_TTL: Final = 60  # section 11.5: a small ttl must not turn its readers against the provider
_WHAT: Final = "status list"
_LST: Final = re.compile(rb'"lst"\s*:\s*"([A-Za-z0-9_-]*)"')
_SUB, _EXP, _IAT, _TTL, _STATUS_LIST = 2, 4, 6, 65534, 65533


class StatusListFormat(StrEnum):
    """The two formats, as media types (section 8.2)."""

    JWT = "application/statuslist+jwt"
    CWT = "application/statuslist+cwt"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedStatusList:
    """A Status List Token that parses and inflates; nothing in it is proven."""

    token: UnverifiedJws | UnverifiedSign1
    unverified_uri: str
    unverified_issued_at: int
    unverified_expires: int | None
    unverified_ttl: int | None
    unverified_statuses: StatusList
    unverified_aggregation_uri: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedStatusList:
    """A list whose signer is trusted for status lists. Times are seconds since the epoch.

    ``entity`` is the signer's name on the list of trusted entities. Until ``stale_at`` the list may be answered from;
    it is the earlier of ``expires`` and the time of its verification plus ``ttl``.
    """

    uri: str
    statuses: StatusList
    issued_at: int
    expires: int
    ttl: int | None
    stale_at: int
    entity: str
    aggregation_uri: str | None


def parse_status_list(data: bytes, *, content_type: str | None, max_bytes: int = MAX_LIST) -> UnverifiedStatusList:
    """Parse and inflate a token; ``Malformed`` otherwise.

    ``content_type`` is the response's; None, for a file, tells the formats apart by the first byte. The list may have
    ``max_bytes``, the token two thirds of it.
    """
    max_token = max_bytes * 2 // 3  # a JWT of ten million entries, a tenth of them set, is half as large as its list
    if len(data) > max_token:
        raise Malformed(_WHAT, "", f"expected at most {max_token} bytes, got {len(data)}")
    if _format(data, content_type) is StatusListFormat.JWT:
        return _parse_jwt(data, max_bytes)
    return _parse_cwt(data, max_bytes)


def verify_status_list(
    status_list: UnverifiedStatusList,
    *,
    uri: str,
    anchors: TrustAnchors,
    now: int,
    purpose: Purpose = Purpose.STATUS,
) -> VerifiedStatusList:
    """Verify the list that a credential names by ``uri`` (section 8.3 steps 3 and 4).

    ``purpose`` says whose statuses it holds: who signs those of wallets signs none of attestations.
    ``Rejected`` with CHAIN, CERTIFICATE_VALIDITY, ANCHOR, CERTIFICATE_PROFILE, TOKEN_TYPE, ALGORITHM, SIGNATURE,
    STATUS_LIST or STATUS_FRESHNESS.
    """
    # 1. the signer is trusted for status lists, and signed these bytes as a status list
    token = status_list.token
    if isinstance(token, UnverifiedJws):
        chain = anchors.verify_chain(token.unverified_header.x5c, purpose=purpose, now=now)
        verify_jws(token, key=chain.leaf.key, typ=JWT_TYPE)
    else:
        chain = anchors.verify_chain(token.x5chain, purpose=purpose, now=now)
        if token.typ != CWT_TYPE:
            raise Rejected(Check.TOKEN_TYPE, f"expected {CWT_TYPE}", field="header.typ")
        verify_sign1(token, key=chain.leaf.key, payload=token.payload or b"")
    # 2. it is the list that the credential names
    if status_list.unverified_uri != uri:
        raise Rejected(Check.STATUS_LIST, "expected the list that the credential names", field="sub")
    # 3. it is issued already, and not expired
    issued_at = status_list.unverified_issued_at
    if issued_at > now + TOLERATED_EARLY:
        raise Rejected(Check.STATUS_FRESHNESS, "the status list is issued in the future", field="iat")
    expires = status_list.unverified_expires
    expires = issued_at + MAX_AGE if expires is None else expires
    if now >= expires:
        raise Rejected(Check.STATUS_FRESHNESS, "the status list is expired", field="exp")
    ttl = status_list.unverified_ttl
    return VerifiedStatusList(
        uri=uri,
        statuses=status_list.unverified_statuses,
        issued_at=issued_at,
        expires=expires,
        ttl=ttl,
        stale_at=min(expires, now + (MAX_AGE if ttl is None else min(max(ttl, MIN_TTL), MAX_AGE))),
        entity=chain.anchor.entity,
        aggregation_uri=status_list.unverified_aggregation_uri,
    )


def sign_status_list_jwt(
    status_list: CompressedStatusList,
    *,
    uri: str,
    signer: Signer,
    chain: tuple[bytes, ...],
    now: int,
    expires: int,
    ttl: int,
    aggregation_uri: str | None = None,
) -> bytes:
    """Sign as JWT; ``chain`` is DER, leaf first, without the anchor."""
    members: dict[str, object] = {"bits": status_list.bits, "lst": base64url(status_list.lst)}
    if aggregation_uri is not None:
        members["aggregation_uri"] = aggregation_uri
    claims = {"sub": uri, "iat": now, "exp": expires, "ttl": ttl, "status_list": members}
    return sign_jws(claims, signer=signer, typ=JWT_TYPE, x5c=chain)


def sign_status_list_cwt(
    status_list: CompressedStatusList,
    *,
    uri: str,
    signer: Signer,
    chain: tuple[bytes, ...],
    now: int,
    expires: int,
    ttl: int,
    aggregation_uri: str | None = None,
) -> bytes:
    """Sign as CWT, under the COSE_Sign1 tag and not the CWT tag (section 5.2)."""
    members: dict[str, object] = {"bits": status_list.bits, "lst": status_list.lst}
    if aggregation_uri is not None:
        members["aggregation_uri"] = aggregation_uri
    claims = encode_cbor({_SUB: uri, _IAT: now, _EXP: expires, _TTL: ttl, _STATUS_LIST: members})
    return encode_cbor(Tag(TAG_SIGN1, sign_sign1(claims, signer=signer, x5chain=chain, typ=CWT_TYPE)))


def _format(data: bytes, content_type: str | None) -> StatusListFormat:
    if content_type is None:
        return StatusListFormat.CWT if data[:1] == b"\xd2" else StatusListFormat.JWT
    try:
        return StatusListFormat(media_type(content_type))
    except ValueError:
        raise Malformed(_WHAT, "content-type", f"expected {' or '.join(StatusListFormat)}") from None


def _parse_jwt(data: bytes, max_bytes: int) -> UnverifiedStatusList:
    token, lst = _set_aside(data)
    claims = token.unverified_claims
    members = claims.get("status_list")
    if not isinstance(members, Mapping):
        raise Malformed(_WHAT, "status_list", "expected an object")
    if members.get("lst") != "":
        raise Malformed(_WHAT, "status_list.lst", "expected text")
    return UnverifiedStatusList(
        token=token,
        unverified_uri=_text(claims.get("sub"), "sub"),
        unverified_issued_at=_time(claims.get("iat"), "iat"),
        unverified_expires=_optional_time(claims.get("exp"), "exp"),
        unverified_ttl=_optional_time(claims.get("ttl"), "ttl"),
        unverified_statuses=inflate(members.get("bits"), lst, what=_WHAT, max_bytes=max_bytes),
        unverified_aggregation_uri=_optional_text(members.get("aggregation_uri"), "status_list.aggregation_uri"),
    )


def _set_aside(data: bytes) -> tuple[UnverifiedJws, bytes]:
    """Take the long text out before the rest is parsed as JSON, which costs thirteen times a text's size in memory.

    The bytes that were signed are kept as they came; in the claims that are parsed, ``lst`` is empty.
    """
    signing_input, _, signature = data.rpartition(b".")
    header, _, payload = signing_input.partition(b".")
    text = parse_base64url(payload, what=_WHAT, where="payload")
    found = tuple(islice(_LST.finditer(text), 2))
    if len(found) != 1 or text[found[0].start() - 1] == ord("\\"):  # a quote inside a text is escaped
        raise Malformed(_WHAT, "status_list.lst", "expected base64url text, once")
    start, end = found[0].span(1)
    short = encode_base64url(text[:start] + text[end:])
    token = parse_jws(b".".join((header, short, signature)), what=_WHAT)
    return token._replace(signing_input=signing_input), parse_base64url(
        text[start:end], what=_WHAT, where="status_list.lst"
    )


def _parse_cwt(data: bytes, max_bytes: int) -> UnverifiedStatusList:
    tagged = parse_cbor(data, what=_WHAT, max_bytes=max_bytes)
    if type(tagged) is not Tag or tagged.tag != TAG_SIGN1:
        raise Malformed(_WHAT, "", "expected a tagged COSE_Sign1")
    token = parse_sign1(tagged, what=_WHAT)
    if token.payload is None:
        raise Malformed(_WHAT, "payload", "expected an attached payload")
    claims = parse_map(token.payload, what=_WHAT, max_bytes=max_bytes)
    members = claims.get(_STATUS_LIST)
    if type(members) is not dict:
        raise Malformed(_WHAT, "status_list", "expected a map")
    lst = members.get("lst")
    if type(lst) is not bytes:
        raise Malformed(_WHAT, "status_list.lst", "expected bytes")
    return UnverifiedStatusList(
        token=token,
        unverified_uri=_text(claims.get(_SUB), "sub"),
        unverified_issued_at=_time(claims.get(_IAT), "iat"),
        unverified_expires=_optional_time(claims.get(_EXP), "exp"),
        unverified_ttl=_optional_time(claims.get(_TTL), "ttl"),
        unverified_statuses=inflate(members.get("bits"), lst, what=_WHAT, max_bytes=max_bytes),
        unverified_aggregation_uri=_optional_text(members.get("aggregation_uri"), "status_list.aggregation_uri"),
    )


def _text(value: object, where: str) -> str:
    if type(value) is not str:
        raise Malformed(_WHAT, where, "expected text")
    return value


def _optional_text(value: object, where: str) -> str | None:
    return None if value is None else _text(value, where)


def _time(value: object, where: str) -> int:
    seconds = _optional_time(value, where)
    if seconds is None:
        raise Malformed(_WHAT, where, "expected seconds since the epoch")
    return seconds


def _optional_time(value: object, where: str) -> int | None:
    return parse_numeric_date(cast("Json", value), what=_WHAT, where=where)
