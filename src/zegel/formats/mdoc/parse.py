"""An mdoc from the wire: as its issuer sends it, and as its holder presents it (ISO/IEC 18013-5 section 8.3.2.1.2.2).

OpenID4VCI and OpenID4VP carry both as base64url; text is taken for that, bytes for CBOR. What is made anew for each
message is a msgspec struct: it is as immutable as a frozen dataclass, and made in a tenth of the time.
"""

from collections.abc import Mapping, Sequence
from typing import Final, final

from msgspec import Struct

from zegel.errors import Malformed
from zegel.formats.claims import Claim
from zegel.formats.mdoc.items import Namespaces, parse_namespaces
from zegel.formats.mdoc.members import Members, Shape
from zegel.formats.mdoc.security_object import SecurityObject, parse_security_object
from zegel.formats.mdoc.values import parse_value
from zegel.primitives.cbor import MAX_BYTES, Tag, embedded, encode_embedded, parse_map, parse_text_keyed
from zegel.primitives.cose import UnverifiedMac0, UnverifiedSign1, parse_mac0, parse_sign1
from zegel.primitives.encoding import parse_base64url

MAX_DOCUMENTS: Final = 6  # OpenID4VP sends one in a response, proximity the few that a person shows at a time
_MAX_TEXT: Final = MAX_BYTES * 4 // 3 + 1  # MAX_BYTES in base64url
_EMPTY_MAP: Final = b"\xa0"
_ISSUED: Final = "issuer-signed mdoc"
_ISSUER_AUTH: Final = f"{_ISSUED}: issuerAuth"
_RESPONSE: Final = "device response"
_DEVICE: Final = "device-signed elements"
_DEVICE_SIGNATURE: Final = f"{_DEVICE}: deviceSignature"
_DEVICE_MAC: Final = f"{_DEVICE}: deviceMac"
_DEVICE_RESPONSE: Final = Shape(_RESPONSE, version=str, status=int)
_DOCUMENT: Final = Shape(_RESPONSE, docType=str, issuerSigned=dict, deviceSigned=dict)
_DEVICE_SIGNED: Final = Shape(_DEVICE, nameSpaces=Tag, deviceAuth=dict)


@final
class UnverifiedIssuerSigned(Struct, frozen=True):
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
class UnverifiedDeviceSigned(Struct, frozen=True):
    """The holder's part of an mdoc that parses. ``encoded_namespaces`` is ``DeviceNameSpacesBytes`` as received."""

    encoded_namespaces: bytes
    unverified_namespaces: Mapping[str, Mapping[str, Claim]]
    authentication: UnverifiedSign1 | UnverifiedMac0


@final
class UnverifiedDocument(Struct, frozen=True):
    """A presented mdoc that parses."""

    unverified_doc_type: str
    issuer_signed: UnverifiedIssuerSigned
    device_signed: UnverifiedDeviceSigned


@final
class UnverifiedDeviceResponse(Struct, frozen=True):
    """A device response that parses. ``unverified_errors`` names the document types that were not returned."""

    unverified_status: int
    unverified_errors: tuple[str, ...]
    documents: Sequence[UnverifiedDocument]


def parse_issuer_signed(data: bytes | str) -> UnverifiedIssuerSigned:
    """Parse ``IssuerSigned``, as OpenID4VCI 1.0 section A.2.4 carries it; ``Malformed`` for anything else."""
    received = _received(data, _ISSUED)
    return _issuer_signed(parse_map(received, _ISSUED), received)


def parse_device_response(data: bytes | str) -> UnverifiedDeviceResponse:
    """Parse ``DeviceResponse``, as OpenID4VP 1.0 section B.2.5 carries it; ``Malformed`` for anything else.

    What a later minor version adds is not looked at.
    """
    received = _received(data, _RESPONSE)
    members = parse_map(received, _RESPONSE)
    version, status = _DEVICE_RESPONSE.read(members)
    if not version.startswith("1."):
        raise Malformed(_RESPONSE, "version", "expected 1.0")
    documents = _array(members, "documents")
    return UnverifiedDeviceResponse(
        status, _errors(members) if "documentErrors" in members else (), [_document(one, received) for one in documents]
    )


def _received(data: bytes | str, what: str) -> bytes:
    if isinstance(data, bytes):
        return data
    if len(data) > _MAX_TEXT:
        raise Malformed(what, "", f"expected at most {_MAX_TEXT} characters, got {len(data)}")
    return parse_base64url(data, what=what)


def _array(members: Members, name: str) -> list[object]:
    value = members.get(name, [])
    if type(value) is not list or len(value) > MAX_DOCUMENTS:
        raise Malformed(_RESPONSE, name, f"expected an array of at most {MAX_DOCUMENTS} entries")
    return value


def _errors(members: Members) -> tuple[str, ...]:
    errors: list[str] = []
    for error in _array(members, "documentErrors"):
        if type(error) is not dict or not all(type(name) is str for name in error):
            raise Malformed(_RESPONSE, "documentErrors", "expected maps of document types")
        errors += error
    return tuple(errors)


def _document(value: object, received: bytes) -> UnverifiedDocument:
    doc_type, issuer_signed, device_signed = _DOCUMENT.read(value)
    return UnverifiedDocument(
        doc_type, _issuer_signed(issuer_signed, received), _device_signed(device_signed, received)
    )


def _issuer_signed(members: Members, received: bytes) -> UnverifiedIssuerSigned:
    issuer_auth = parse_sign1(members.get("issuerAuth"), _ISSUER_AUTH)
    payload = issuer_auth.payload
    if payload is None:
        raise Malformed(_ISSUER_AUTH, "payload", "expected the mobile security object")
    namespaces = parse_namespaces(members["nameSpaces"], received) if "nameSpaces" in members else {}
    return UnverifiedIssuerSigned(issuer_auth, payload, parse_security_object(payload), namespaces)


def _device_signed(members: Members, received: bytes) -> UnverifiedDeviceSigned:
    namespaces, device_auth = _DEVICE_SIGNED.read(members)
    inner = embedded(namespaces, _DEVICE, "nameSpaces")
    encoded = encode_embedded(inner)
    # what the holder signed is what stood in the message, as for the issuer's items
    if received.find(encoded) < 0:  # ``in`` first takes bytes for a number, and makes and drops an error
        raise Malformed(_DEVICE, "nameSpaces", "expected the shortest encoding")
    elements = {} if inner == _EMPTY_MAP else _device_namespaces(inner)
    return UnverifiedDeviceSigned(encoded, elements, _authentication(device_auth))


def _device_namespaces(inner: bytes) -> Mapping[str, Mapping[str, Claim]]:
    (namespaces,) = parse_text_keyed([inner], what=_DEVICE)
    value = parse_value(namespaces, what=_DEVICE, where="nameSpaces")
    assert isinstance(value, dict)
    if not all(type(elements) is dict for elements in value.values()):
        raise Malformed(_DEVICE, "nameSpaces", "expected elements by namespace")
    return value


def _authentication(members: Members) -> UnverifiedSign1 | UnverifiedMac0:
    parsed: UnverifiedSign1 | UnverifiedMac0
    if ("deviceSignature" in members) is ("deviceMac" in members):
        raise Malformed(_DEVICE, "deviceAuth", "expected a device signature or a device MAC")
    if "deviceSignature" in members:
        parsed = parse_sign1(members["deviceSignature"], _DEVICE_SIGNATURE)
    else:
        parsed = parse_mac0(members["deviceMac"], what=_DEVICE_MAC)
    if parsed.payload is not None:  # section 9.1.3.6: the payload is detached
        raise Malformed(_DEVICE, "deviceAuth", "expected a detached payload")
    return parsed
