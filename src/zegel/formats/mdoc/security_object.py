"""The mobile security object: what the issuer signs (ISO/IEC 18013-5 section 9.1.2.4)."""

from array import array
from collections.abc import Mapping
from typing import Final, final

from msgspec import Struct

from zegel.errors import Malformed
from zegel.formats.credential import Reference
from zegel.formats.mdoc.dates import parse_tdates
from zegel.formats.mdoc.key_authorizations import NOTHING, KeyAuthorizations, parse_key_authorizations
from zegel.formats.mdoc.members import Members, Shape
from zegel.formats.status.reference import parse_mdoc_status
from zegel.primitives.cbor import Tag, parse_embedded, parse_map
from zegel.primitives.cose import parse_cose_key
from zegel.primitives.keys import PublicKey

_WHAT: Final = "mobile security object"
_DEVICE_KEY: Final = f"{_WHAT}: deviceKey"
_SECURITY_OBJECT: Final = Shape(
    _WHAT, version=str, digestAlgorithm=str, docType=str, valueDigests=dict, deviceKeyInfo=dict, validityInfo=dict
)
_VALIDITY: Final = Shape(_WHAT, signed=Tag, validFrom=Tag, validUntil=Tag)


@final
class SecurityObject(Struct, frozen=True):
    """What the issuer says. Times are seconds since the epoch; ``digests`` are by namespace and digest ID."""

    version: str
    digest_algorithm: str
    doc_type: str
    digests: Mapping[str, Mapping[int, bytes]]
    holder_key: PublicKey
    key_authorizations: KeyAuthorizations
    signed: int
    valid_from: int
    valid_until: int
    status: Reference | None


def parse_security_object(payload: bytes) -> SecurityObject:
    """Parse ``MobileSecurityObjectBytes``; ``Malformed`` where a member is missing or has another type.

    A status by another mechanism than a Token Status List or an identifier list alone is ``Malformed``: what cannot be
    looked up must not pass for valid.
    """
    members = parse_map(parse_embedded(payload, _WHAT), _WHAT)
    version, algorithm, doc_type, digests, key_info, validity = _SECURITY_OBJECT.read(members)
    _refuse_other_digests(digests)
    signed, valid_from, valid_until = parse_tdates(_VALIDITY.read(validity), _WHAT, "validityInfo")
    holder_key = parse_cose_key(key_info.get("deviceKey"), _DEVICE_KEY)
    authorizations = _key_authorizations(key_info) if "keyAuthorizations" in key_info else NOTHING
    status = parse_mdoc_status(members["status"], _WHAT) if "status" in members else None
    return SecurityObject(
        version, algorithm, doc_type, digests, holder_key, authorizations, signed, valid_from, valid_until, status
    )


def _refuse_other_digests(by_namespace: Mapping[object, object]) -> None:
    for namespace, digests in by_namespace.items():
        if type(namespace) is not str or type(digests) is not dict:
            raise Malformed(_WHAT, "valueDigests", "expected a map of namespaces")
        try:  # the quickest ways to see that all keys are unsigned numbers, and all values bytes
            array("L", digests)
            b"".join(digests.values())
        except (TypeError, OverflowError):
            raise Malformed(_WHAT, "valueDigests", "expected digests by number") from None


def _key_authorizations(key_info: Members) -> KeyAuthorizations:
    where = "deviceKeyInfo.keyAuthorizations"
    return parse_key_authorizations(key_info["keyAuthorizations"], what=_WHAT, where=where)
