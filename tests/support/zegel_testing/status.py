"""Status lists of an issuer, and credentials that refer to them."""

from zegel.formats.credential import Format, Issuer, StatusReference, VerifiedCredential
from zegel.formats.status.entries import StatusList, compress, empty_status_list
from zegel.formats.status.token import (
    StatusListFormat,
    VerifiedStatusList,
    parse_status_list,
    sign_status_list_cwt,
    sign_status_list_jwt,
    verify_status_list,
)
from zegel.primitives.cbor import encode_cbor
from zegel.trust.anchors import Purpose
from zegel_testing.authorities import DAY, NOW, anchor, authority, signer, trusting

URI = "https://status.utopia.example/1"
STATUS_ROOT = authority("status root")
STATUS_SIGNER = signer(STATUS_ROOT, "status signer", Purpose.STATUS)
STATUS_ANCHORS = trusting(anchor(STATUS_ROOT, Purpose.STATUS, entity="Utopian Identity Office"))
REVOKED, SUSPENDED = 3, 5
LIST = empty_status_list(1_000, bits=2).updated({REVOKED: 1, SUSPENDED: 2, 7: 3})
BOTH = (StatusListFormat.JWT, StatusListFormat.CWT)


def token(format_: StatusListFormat, status_list: StatusList = LIST, **options: object) -> bytes:
    """A list under its signer's signature, for an hour, to be looked at again after ten minutes."""
    sign = sign_status_list_jwt if format_ is StatusListFormat.JWT else sign_status_list_cwt
    settings = {
        "uri": URI,
        "signer": STATUS_SIGNER.key,
        "chain": STATUS_SIGNER.chain,
        "now": NOW,
        "expires": NOW + 3_600,
        "ttl": 600,
    } | options
    return sign(compress(status_list), **settings)


def verified(data: bytes, *, uri: str = URI, now: int = NOW) -> VerifiedStatusList:
    """What the signer's list says."""
    parsed = parse_status_list(data, content_type=None)
    return verify_status_list(parsed, uri=uri, anchors=STATUS_ANCHORS, now=now)


def credential(index: int | None, *, uri: str = URI, entity: str = "Utopian Identity Office") -> VerifiedCredential:
    """A credential whose status stands at ``index``, or that has none."""
    return VerifiedCredential(
        format=Format.SD_JWT_VC,
        type="urn:eudi:pid:1",
        types=("urn:eudi:pid:1",),
        issuer=Issuer(entity=entity, anchor="CN=PID", subject="CN=signer", key_ids=()),
        claims={},
        status=None if index is None else StatusReference(uri=uri, index=index),
        valid_from=NOW - DAY,
        valid_until=NOW + DAY,
        holder_key=None,
    )


def head(major: int, size: int) -> bytes:
    """The head of a CBOR item with a length of four bytes."""
    return bytes([major << 5 | 26]) + size.to_bytes(4)


def sign1(payload: bytes, *, protected: bytes = b"\xa1\x01\x26", unprotected: object = None) -> bytes:
    """A COSE_Sign1 with a signature of nobody."""
    return b"\xd2\x84" + encode_cbor(protected) + encode_cbor(unprotected or {}) + encode_cbor(payload) + b"\x41\x00"
