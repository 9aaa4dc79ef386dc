"""The mobile security object: what the issuer signs (ISO/IEC 18013-5 section 9.1.2.4)."""

from collections.abc import Mapping
from array import array
from typing import Final, NamedTuple, final

from zegel.errors import Malformed
from zegel.formats.credential import StatusReference
from zegel.formats.mdoc.dates import parse_tdate
from zegel.formats.mdoc.key_authorizations import NOTHING, KeyAuthorizations, parse_key_authorizations
from zegel.formats.mdoc.members import Members, read_map, read_text
from zegel.formats.status.reference import parse_status_reference
from zegel.primitives.cbor import parse_embedded, parse_map
from zegel.primitives.cose import parse_cose_key
from zegel.primitives.keys import PublicKey

_WHAT: Final = "mobile security object"


@final
class SecurityObject(NamedTuple):
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
    status: StatusReference | None


def parse_security_object(payload: bytes) -> SecurityObject:
    """Parse ``MobileSecurityObjectBytes``; ``Malformed`` where a member is missing or has another type.

    A status by another mechanism than a Token Status List alone is ``Malformed``: what cannot be looked up must not
    pass for valid.
    """
    members = parse_map(parse_embedded(payload, what=_WHAT), what=_WHAT)
    key_info = read_map(members, "deviceKeyInfo", what=_WHAT)
    validity = read_map(members, "validityInfo", what=_WHAT)
    return SecurityObject(
        version=read_text(members, "version", what=_WHAT),
        digest_algorithm=read_text(members, "digestAlgorithm", what=_WHAT),
        doc_type=read_text(members, "docType", what=_WHAT),
        digests=_digests(members),
        holder_key=parse_cose_key(key_info.get("deviceKey"), what=f"{_WHAT}: deviceKey"),
        key_authorizations=_key_authorizations(key_info),
        signed=_date(validity, "signed"),
        valid_from=_date(validity, "validFrom"),
        valid_until=_date(validity, "validUntil"),
        status=parse_status_reference(members["status"], what=_WHAT) if "status" in members else None,
    )


def _digests(members: Members) -> Mapping[str, Mapping[int, bytes]]:
    value = read_map(members, "valueDigests", what=_WHAT)
    for namespace, digests in value.items():
        if type(namespace) is not str or type(digests) is not dict:
            raise Malformed(_WHAT, "valueDigests", "expected a map of namespaces")
        try:  # the quickest ways to see that all are unsigned numbers, and that all are bytes
            array("L", digests)
            b"".join(digests.values())
        except (TypeError, OverflowError):
            raise Malformed(_WHAT, "valueDigests", "expected digests by number") from None
    return value


def _key_authorizations(key_info: Members) -> KeyAuthorizations:
    if "keyAuthorizations" not in key_info:
        return NOTHING
    where = "deviceKeyInfo.keyAuthorizations"
    return parse_key_authorizations(key_info["keyAuthorizations"], what=_WHAT, where=where)


def _date(validity: Members, name: str) -> int:
    return parse_tdate(validity.get(name), what=_WHAT, where=f"validityInfo.{name}")
