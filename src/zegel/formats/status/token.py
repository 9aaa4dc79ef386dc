"""Status List Tokens as JWT and as CWT: parsed, verified, signed (status list draft 20 section 5)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final, final

from msgspec.structs import replace

from zegel.errors import Malformed
from zegel.formats.status.entries import MAX_LIST, CompressedStatusList, StatusList, inflate
from zegel.formats.status.terms import (
    EXP,
    IAT,
    SUB,
    TTL,
    Terms,
    check_terms,
    read_cwt_terms,
    read_tagged_sign1,
    read_terms,
    verify_cwt_signer,
)
from zegel.primitives.cbor import Tag, encode_cbor, parse_map
from zegel.primitives.cose import TAG_SIGN1, UnverifiedSign1, sign_sign1
from zegel.primitives.encoding import base64url, encode_base64url, parse_base64url
from zegel.primitives.http import media_type
from zegel.primitives.jws import UnverifiedJws, parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import Signer
from zegel.trust.anchors import Purpose, TrustAnchors

JWT_TYPE: Final = "statuslist+jwt"  # section 5.1
CWT_TYPE: Final = "application/statuslist+cwt"  # section 5.2
_WHAT: Final = "status list"
_LST: Final = re.compile(rb'"lst"\s*:\s*"([A-Za-z0-9_-]*)"')
_STATUS_LIST: Final = 65533


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

    @property
    def unverified_terms(self) -> Terms:
        """What it says of itself."""
        return Terms(self.unverified_uri, self.unverified_issued_at, self.unverified_expires, self.unverified_ttl)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedStatusList:
    """A list whose signer is trusted for status lists. Times are seconds since the epoch.

    ``entity`` is the signer's name on the list of trusted entities, and ``chain`` what led to it: DER, leaf first.
    Until ``stale_at`` the list may be answered from; it is the earlier of ``expires`` and the time of its verification
    plus ``ttl``.
    """

    uri: str
    statuses: StatusList
    issued_at: int
    expires: int
    ttl: int | None
    stale_at: int
    entity: str
    chain: tuple[bytes, ...]
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
        shown = token.unverified_header.x5c
        chain = anchors.verify_chain(shown, purpose=purpose, now=now)
        verify_jws(token, key=chain.leaf.key, typ=JWT_TYPE)
    else:
        shown = token.x5chain
        chain = verify_cwt_signer(token, typ=CWT_TYPE, anchors=anchors, now=now, purpose=purpose)
    # 2. it is the list that the credential names, issued already, and not expired
    period = check_terms(status_list.unverified_terms, uri=uri, now=now)
    return VerifiedStatusList(
        uri=uri,
        statuses=status_list.unverified_statuses,
        issued_at=period.issued_at,
        expires=period.expires,
        ttl=status_list.unverified_ttl,
        stale_at=period.stale_at,
        entity=chain.anchor.entity,
        chain=shown,
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
    """Sign as CWT, under the COSE_Sign1 tag and not the CWT tag (section 5.2).

    The chain is in the protected header: 18013-5 (second edition) section 12.3.6.3 wants it there.
    """
    members: dict[str, object] = {"bits": status_list.bits, "lst": status_list.lst}
    if aggregation_uri is not None:
        members["aggregation_uri"] = aggregation_uri
    claims = encode_cbor({SUB: uri, IAT: now, EXP: expires, TTL: ttl, _STATUS_LIST: members})
    return encode_cbor(Tag(TAG_SIGN1, sign_sign1(claims, signer=signer, protected_x5chain=chain, typ=CWT_TYPE)))


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
    return _parsed(token, read_terms(claims, _WHAT), members, lst, max_bytes)


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
    return replace(token, signing_input=signing_input), parse_base64url(
        text[start:end], what=_WHAT, where="status_list.lst"
    )


def _parse_cwt(data: bytes, max_bytes: int) -> UnverifiedStatusList:
    token, payload = read_tagged_sign1(data, _WHAT, max_bytes)
    claims = parse_map(payload, what=_WHAT, max_bytes=max_bytes)
    members = claims.get(_STATUS_LIST)
    if type(members) is not dict:
        raise Malformed(_WHAT, "status_list", "expected a map")
    lst = members.get("lst")
    if type(lst) is not bytes:
        raise Malformed(_WHAT, "status_list.lst", "expected bytes")
    return _parsed(token, read_cwt_terms(claims, _WHAT), members, lst, max_bytes)


def _parsed(
    token: UnverifiedJws | UnverifiedSign1, terms: Terms, members: Mapping[str, object], lst: bytes, max_bytes: int
) -> UnverifiedStatusList:
    aggregation_uri = members.get("aggregation_uri")
    if aggregation_uri is not None and type(aggregation_uri) is not str:
        raise Malformed(_WHAT, "status_list.aggregation_uri", "expected text")
    return UnverifiedStatusList(
        token=token,
        unverified_uri=terms.uri,
        unverified_issued_at=terms.issued_at,
        unverified_expires=terms.expires,
        unverified_ttl=terms.ttl,
        unverified_statuses=inflate(members.get("bits"), lst, what=_WHAT, max_bytes=max_bytes),
        unverified_aggregation_uri=aggregation_uri,
    )
