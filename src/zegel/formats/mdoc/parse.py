"""An mdoc from the wire: as its issuer sends it, and as its holder presents it (ISO/IEC 18013-5 section 8.3.2.1.2.2).

OpenID4VCI and OpenID4VP carry both as base64url; text is taken for that, bytes for CBOR. What is made anew for each
message is a named tuple: it is as immutable as a frozen dataclass, and made in half the time.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, final

from zegel.errors import Malformed
from zegel.formats.claims import Claim
from zegel.formats.mdoc.items import Namespaces, parse_namespaces
from zegel.formats.mdoc.members import Members, read_array, read_map, read_text
from zegel.formats.mdoc.security_object import SecurityObject, parse_security_object
from zegel.formats.mdoc.values import parse_value
from zegel.primitives.cbor import MAX_BYTES, embedded, encode_embedded, parse_map, parse_text_keyed
from zegel.primitives.cose import UnverifiedMac0, UnverifiedSign1, parse_mac0, parse_sign1
from zegel.primitives.encoding import parse_base64url

MAX_DOCUMENTS: Final = 6  # OpenID4VP sends one in a response, proximity the few that a person shows at a time
_MAX_TEXT: Final = MAX_BYTES * 4 // 3 + 1
_ISSUED: Final = "issuer-signed mdoc"
_RESPONSE: Final = "device response"
_DEVICE_SIGNED: Final = "device-signed elements"


@final
class UnverifiedIssuerSigned(NamedTuple):
    """The issuer's part of an mdoc that parses. ``payload`` is what the issuer signed, as received."""

    issuer_auth: UnverifiedSign1
    payload: bytes
    unverified_security_object: SecurityObject
    unverified_namespaces: Namespaces

    @property
    def unverified_doc_type(self) -> str:
        """The type that the security object names."""
        return self.unverified_security_object.doc_type


@final
class UnverifiedDeviceSigned(NamedTuple):
    """The holder's part of an mdoc that parses. ``encoded_namespaces`` is ``DeviceNameSpacesBytes`` as received."""

    encoded_namespaces: bytes
    unverified_namespaces: Mapping[str, Mapping[str, Claim]]
    authentication: UnverifiedSign1 | UnverifiedMac0


@final
class UnverifiedDocument(NamedTuple):
    """A presented mdoc that parses."""

    unverified_doc_type: str
    issuer_signed: UnverifiedIssuerSigned
    device_signed: UnverifiedDeviceSigned


@final
class UnverifiedDeviceResponse(NamedTuple):
    """A device response that parses. ``unverified_errors`` names the document types that were not returned."""

    unverified_status: int
    unverified_errors: tuple[str, ...]
    documents: tuple[UnverifiedDocument, ...]


def parse_issuer_signed(data: bytes | str) -> UnverifiedIssuerSigned:
    """Parse ``IssuerSigned``, as OpenID4VCI 1.0 section A.2.4 carries it; ``Malformed`` for anything else."""
    received = _received(data, _ISSUED)
    return _issuer_signed(parse_map(received, what=_ISSUED), received)


def parse_device_response(data: bytes | str) -> UnverifiedDeviceResponse:
    """Parse ``DeviceResponse``, as OpenID4VP 1.0 section B.2.5 carries it; ``Malformed`` for anything else.

    What a later minor version adds is not looked at.
    """
    received = _received(data, _RESPONSE)
    members = parse_map(received, what=_RESPONSE)
    if not read_text(members, "version", what=_RESPONSE).startswith("1."):
        raise Malformed(_RESPONSE, "version", "expected 1.0")
    status = members.get("status")
    if type(status) is not int:
        raise Malformed(_RESPONSE, "status", "expected a number")
    documents = read_array(members, "documents", what=_RESPONSE, limit=MAX_DOCUMENTS)
    return UnverifiedDeviceResponse(
        unverified_status=status,
        unverified_errors=_errors(members),
        documents=tuple([_document(document, received) for document in documents]),
    )


def _received(data: bytes | str, what: str) -> bytes:
    if isinstance(data, bytes):
        return data
    if len(data) > _MAX_TEXT:
        raise Malformed(what, "", f"expected at most {_MAX_TEXT} characters, got {len(data)}")
    return parse_base64url(data, what=what)


def _errors(members: Members) -> tuple[str, ...]:
    errors: list[str] = []
    for error in read_array(members, "documentErrors", what=_RESPONSE, limit=MAX_DOCUMENTS):
        if type(error) is not dict or not all(type(name) is str for name in error):
            raise Malformed(_RESPONSE, "documentErrors", "expected a map of document types")
        errors += error
    return tuple(errors)


def _document(value: object, received: bytes) -> UnverifiedDocument:
    if type(value) is not dict:
        raise Malformed(_RESPONSE, "documents", "expected maps")
    return UnverifiedDocument(
        unverified_doc_type=read_text(value, "docType", what=_RESPONSE),
        issuer_signed=_issuer_signed(read_map(value, "issuerSigned", what=_RESPONSE), received),
        device_signed=_device_signed(read_map(value, "deviceSigned", what=_RESPONSE), received),
    )


def _issuer_signed(members: Members, received: bytes) -> UnverifiedIssuerSigned:
    issuer_auth = parse_sign1(members.get("issuerAuth"), what=f"{_ISSUED}: issuerAuth")
    if issuer_auth.payload is None:
        raise Malformed(_ISSUED, "issuerAuth.payload", "expected the mobile security object")
    return UnverifiedIssuerSigned(
        issuer_auth=issuer_auth,
        payload=issuer_auth.payload,
        unverified_security_object=parse_security_object(issuer_auth.payload),
        unverified_namespaces=parse_namespaces(members.get("nameSpaces", {}), received=received),
    )


def _device_signed(members: Members, received: bytes) -> UnverifiedDeviceSigned:
    inner = embedded(members.get("nameSpaces"), what=_DEVICE_SIGNED, where="nameSpaces")
    encoded = encode_embedded(inner)
    if encoded not in received:  # what the holder signed is what stood in the message, as for the issuer's items
        raise Malformed(_DEVICE_SIGNED, "nameSpaces", "expected the shortest encoding")
    return UnverifiedDeviceSigned(
        encoded_namespaces=encoded,
        unverified_namespaces=_device_namespaces(inner) if inner != _EMPTY_MAP else {},
        authentication=_authentication(read_map(members, "deviceAuth", what=_DEVICE_SIGNED)),
    )


_EMPTY_MAP: Final = b"\xa0"


def _device_namespaces(inner: bytes) -> Mapping[str, Mapping[str, Claim]]:
    (namespaces,) = parse_text_keyed([inner], what=_DEVICE_SIGNED)
    value = parse_value(namespaces, what=_DEVICE_SIGNED, where="nameSpaces")
    assert isinstance(value, dict)
    for elements in value.values():
        if type(elements) is not dict:
            raise Malformed(_DEVICE_SIGNED, "nameSpaces", "expected elements by namespace")
    return value


def _authentication(members: Members) -> UnverifiedSign1 | UnverifiedMac0:
    parsed: UnverifiedSign1 | UnverifiedMac0
    match members:
        case {"deviceSignature": signature, **rest} if "deviceMac" not in rest:
            parsed = parse_sign1(signature, what=f"{_DEVICE_SIGNED}: deviceSignature")
        case {"deviceMac": mac, **rest} if "deviceSignature" not in rest:
            parsed = parse_mac0(mac, what=f"{_DEVICE_SIGNED}: deviceMac")
        case _:
            raise Malformed(_DEVICE_SIGNED, "deviceAuth", "expected a device signature or a device MAC")
    if parsed.payload is not None:  # section 9.1.3.6: the payload is detached
        raise Malformed(_DEVICE_SIGNED, "deviceAuth", "expected a detached payload")
    return parsed
