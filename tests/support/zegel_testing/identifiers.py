"""Identifier lists of an issuer, and mdocs that can be revoked by one."""

from collections.abc import Iterable

from msgspec.structs import replace

from zegel.formats.credential import Format, IdentifierReference, VerifiedCredential
from zegel.formats.status.identifiers import (
    IDENTIFIER_LIST,
    VerifiedIdentifierList,
    parse_identifier_list,
    sign_identifier_list,
    verify_identifier_list,
)
from zegel.primitives.cbor import Tag, encode_cbor
from zegel.primitives.cose import TAG_SIGN1, sign_sign1
from zegel_testing.authorities import NOW
from zegel_testing.status import STATUS_ANCHORS, STATUS_SIGNER, credential

IDENTIFIERS_URI = "https://status.utopia.example/identifiers/1"
LISTED, FREE = b"revoked-00000001", b"kept-00000000001"


def identifier_token(
    identifiers: Iterable[bytes] = (LISTED, b"somebody-else-00"), *, typ: str = IDENTIFIER_LIST, **options: object
) -> bytes:
    """A list under its signer's signature, for an hour, to be looked at again after ten minutes."""
    settings = {
        "uri": IDENTIFIERS_URI,
        "signer": STATUS_SIGNER.key,
        "chain": STATUS_SIGNER.chain,
        "now": NOW,
        "expires": NOW + 3_600,
        "ttl": 600,
    } | options
    if typ == IDENTIFIER_LIST:
        return sign_identifier_list(identifiers, **settings)
    return signed_claims(claims_of(identifiers), typ=typ)


def claims_of(identifiers: Iterable[bytes] = (LISTED,)) -> dict[object, object]:
    """What a list says, to be said otherwise by a test."""
    held = {"identifiers": {identifier: {} for identifier in identifiers}}
    return {2: IDENTIFIERS_URI, 4: NOW + 3_600, 6: NOW, 65534: 600, 65530: held}


def signed_claims(claims: object, *, typ: str = IDENTIFIER_LIST) -> bytes:
    """Any claims under the signer's signature; bytes are signed as they are."""
    payload = claims if isinstance(claims, bytes) else encode_cbor(claims)
    signed = sign_sign1(payload, signer=STATUS_SIGNER.key, protected_x5chain=STATUS_SIGNER.chain, typ=typ)
    return encode_cbor(Tag(TAG_SIGN1, signed))


def verified_identifiers(data: bytes, *, uri: str = IDENTIFIERS_URI, now: int = NOW) -> VerifiedIdentifierList:
    """What the signer's list says."""
    parsed = parse_identifier_list(data, content_type=None)
    return verify_identifier_list(parsed, uri=uri, anchors=STATUS_ANCHORS, now=now)


def identified(
    identifier: bytes, *, uri: str = IDENTIFIERS_URI, entity: str = "Utopian Identity Office"
) -> VerifiedCredential:
    """An mdoc that is revoked once its identifier is listed."""
    reference = IdentifierReference(uri=uri, identifier=identifier)
    return replace(credential(None, entity=entity), format=Format.MDOC, status=reference)


IDENTIFIERS = verified_identifiers(identifier_token())
