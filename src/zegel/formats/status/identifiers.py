"""Identifier lists: the mdocs that are revoked, by the identifiers that their issuer gave them, and no others.

ISO/IEC 18013-5 (second edition) section 12.3.6.4, which CIR 2024/2979 annex 2 repeats; CWT alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.formats.status.reference import MAX_IDENTIFIER
from zegel.formats.status.terms import (
    EXP,
    IAT,
    SUB,
    TTL,
    Terms,
    check_terms,
    read_cwt_terms,
    read_tagged_sign1,
    verify_cwt_signer,
)
from zegel.primitives.cbor import (
    Tag,
    encode_cbor,
    encode_integer,
    encode_text,
    parse_cbor,
    split_byte_string,
    split_map,
)
from zegel.primitives.cose import TAG_SIGN1, UnverifiedSign1, sign_sign1
from zegel.primitives.http import media_type
from zegel.primitives.keys import Signer
from zegel.trust.anchors import Purpose, TrustAnchors

IDENTIFIER_LIST: Final = "application/identifierlist+cwt"
"""Its media type, and its typ."""
MAX_IDENTIFIER_LIST: Final = 1 << 20  # bytes: 58,000 identifiers of 16 bytes, each with the empty map that is its info
_WHAT: Final = "identifier list"
_IDENTIFIER_LIST: Final = 65530
_STATUS_LIST: Final = 65533
_MAX_MEMBERS: Final = 32  # five claims are known, and there is room for those that are not


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedIdentifierList:
    """A token that parses; nothing in it is proven."""

    token: UnverifiedSign1
    unverified_terms: Terms
    unverified_identifiers: frozenset[bytes]
    unverified_aggregation_uri: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedIdentifierList:
    """A list whose signer is trusted for status lists; ``identifiers`` are those of revoked mdocs. Otherwise as
    ``VerifiedStatusList``."""

    uri: str
    identifiers: frozenset[bytes]
    issued_at: int
    expires: int
    ttl: int | None
    stale_at: int
    entity: str
    chain: tuple[bytes, ...]
    aggregation_uri: str | None


def parse_identifier_list(data: bytes, *, content_type: str | None) -> UnverifiedIdentifierList:
    """Parse a token; ``Malformed`` otherwise. ``content_type`` is the response's; None for a file."""
    if content_type is not None and media_type(content_type) != IDENTIFIER_LIST:
        raise Malformed(_WHAT, "content-type", f"expected {IDENTIFIER_LIST}")
    token, payload = read_tagged_sign1(data, _WHAT, MAX_IDENTIFIER_LIST)
    claims = split_map(payload, _WHAT, _MAX_MEMBERS)
    listed = claims.get(encode_integer(_IDENTIFIER_LIST))
    if listed is None or encode_integer(_STATUS_LIST) in claims:
        raise Malformed(_WHAT, "identifier_list", "expected an identifier list, and no status list")
    members = split_map(listed, _WHAT, _MAX_MEMBERS)
    terms = read_cwt_terms({label: _parsed(claims.get(encode_integer(label))) for label in (SUB, IAT, EXP, TTL)}, _WHAT)
    if terms.expires is None:  # section 12.3.6.3
        raise Malformed(_WHAT, "exp", "expected seconds since the epoch")
    aggregation_uri = _parsed(members.get(encode_text("aggregation_uri")))
    if aggregation_uri is not None and type(aggregation_uri) is not str:
        raise Malformed(_WHAT, "identifier_list.aggregation_uri", "expected text")
    return UnverifiedIdentifierList(
        token=token,
        unverified_terms=terms,
        unverified_identifiers=_identifiers(members.get(encode_text("identifiers"), b"")),
        unverified_aggregation_uri=aggregation_uri,
    )


def verify_identifier_list(
    identifier_list: UnverifiedIdentifierList, *, uri: str, anchors: TrustAnchors, now: int
) -> VerifiedIdentifierList:
    """Verify the list that an mdoc names by ``uri``; ``Rejected`` as ``verify_status_list``."""
    chain = verify_cwt_signer(
        identifier_list.token, typ=IDENTIFIER_LIST, anchors=anchors, now=now, purpose=Purpose.STATUS
    )
    terms = identifier_list.unverified_terms
    period = check_terms(terms, uri=uri, now=now)
    return VerifiedIdentifierList(
        uri=uri,
        identifiers=identifier_list.unverified_identifiers,
        issued_at=period.issued_at,
        expires=period.expires,
        ttl=terms.ttl,
        stale_at=period.stale_at,
        entity=chain.anchor.entity,
        chain=identifier_list.token.x5chain,
        aggregation_uri=identifier_list.unverified_aggregation_uri,
    )


def sign_identifier_list(
    identifiers: Iterable[bytes],
    *,
    uri: str,
    signer: Signer,
    chain: tuple[bytes, ...],
    now: int,
    expires: int,
    ttl: int,
    aggregation_uri: str | None = None,
) -> bytes:
    """Sign the identifiers of revoked mdocs; ``chain`` is DER, leaf first, without the anchor.

    They stand in the order of their bytes, which says nothing of who was revoked before whom.
    """
    held: dict[str, object] = {"identifiers": {identifier: {} for identifier in sorted(identifiers)}}
    if aggregation_uri is not None:
        held["aggregation_uri"] = aggregation_uri
    claims = encode_cbor({SUB: uri, EXP: expires, IAT: now, TTL: ttl, _IDENTIFIER_LIST: held})
    signed = sign_sign1(claims, signer=signer, protected_x5chain=chain, typ=IDENTIFIER_LIST)
    return encode_cbor(Tag(TAG_SIGN1, signed))


def _identifiers(encoded: bytes) -> frozenset[bytes]:
    """The keys of the map. Their values are reserved for what is to come, and are not looked at."""
    where = "identifier_list.identifiers"
    try:
        listed = split_map(encoded, _WHAT, len(encoded))
        identifiers = frozenset(split_byte_string(identifier, _WHAT) for identifier in listed)
    except Malformed:
        raise Malformed(_WHAT, where, "expected a map of identifiers, each once") from None
    if len(identifiers) != len(listed) or any(len(each) > MAX_IDENTIFIER for each in identifiers):
        raise Malformed(_WHAT, where, f"expected identifiers of at most {MAX_IDENTIFIER} bytes, each once")
    return identifiers


def _parsed(encoded: bytes | None) -> object:
    return None if encoded is None else parse_cbor(encoded, _WHAT)
