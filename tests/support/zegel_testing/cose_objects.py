"""Every COSE object that zegel signs, all of them under the one key of ``signed_objects``, and whoever takes one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zegel.formats.hcert.certificate import parse_health_certificate, verify_health_certificate
from zegel.formats.hcert.code import build_code, parse_code
from zegel.formats.hcert.issue import HealthAuthority
from zegel.formats.hcert.keys import DocumentSigners, parse_signer
from zegel.formats.mdoc.device_auth import device_authentication
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed
from zegel.formats.mdoc.present import present_mdoc
from zegel.formats.mdoc.transcript import redirect_transcript
from zegel.formats.mdoc.verify import verify_issued_mdoc, verify_presented_mdoc
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.identifiers import (
    IDENTIFIER_LIST,
    parse_identifier_list,
    sign_identifier_list,
    verify_identifier_list,
)
from zegel.formats.status.token import StatusListFormat, parse_status_list, sign_status_list_cwt, verify_status_list
from zegel.primitives.cbor import Tag, encode_cbor, parse_cbor
from zegel.primitives.cose import TAG_SIGN1, sign_encoded
from zegel.trust.anchors import Purpose
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.sign import sign_registration_cwt
from zegel.trust.registration.verify import verify_registration
from zegel_testing.authorities import DAY, NOW, fixed_random
from zegel_testing.health import payload
from zegel_testing.registration import OFFICE
from zegel_testing.signed_objects import ANCHORS, HERE, KEY, SIGNERS, STATUS_URI

TYP = 16
"""The label of RFC 9596."""


@dataclass(frozen=True)
class CoseKind:
    """A kind of COSE_Sign1: one that is good, and who takes it.

    ``content`` is what was signed, and stands in it unless it is detached. ``says`` is what its reader calls whatever
    does not parse as one.
    """

    name: str
    good: Any
    take: Callable[[Any], object]
    says: tuple[str, ...]
    detached: bytes | None = None

    @property
    def labels(self) -> dict[Any, Any]:
        """The protected header without its type."""
        return {label: value for label, value in _decoded(self.good[0]).items() if label != TYP}

    @property
    def typ(self) -> str | None:
        """What the object says that it is."""
        typ: str | None = _decoded(self.good[0]).get(TYP)
        return typ

    @property
    def content(self) -> bytes:
        """What was signed."""
        content: bytes = self.good[2] if self.detached is None else self.detached
        return content

    def carry(self, content: bytes, *, typ: str | None) -> Any:
        """Any content, and any type, in an object that is otherwise of this kind, under a good signature."""
        protected = encode_cbor(self.labels | ({} if typ is None else {TYP: typ}))
        signature = sign_encoded(protected, content, signer=KEY)
        return [protected, self.good[1], content if self.detached is None else None, signature]


def _decoded(data: bytes) -> Any:
    return parse_cbor(data, what="test")


_TRANSCRIPT = redirect_transcript(client_id=HERE, nonce="nonce", response_uri=HERE, encryption_key_thumbprint=None)
_NAMESPACE = "utopia.id.1"
_ISSUED = MdocIssuer(
    signer=KEY, chain=SIGNERS[Purpose.ISSUER].chain, doc_type=_NAMESPACE, namespaces=[_NAMESPACE]
).issue(
    {_NAMESPACE: {"family_name": "Example"}},
    holder_key=KEY.public_key,
    status=None,
    issued_at=NOW,
    valid_from=NOW,
    valid_until=NOW + DAY,
    random=fixed_random("mdoc"),
)
_PRESENTED = present_mdoc(
    parse_issuer_signed(_ISSUED), paths=[(_NAMESPACE, "family_name")], holder=KEY, transcript=_TRANSCRIPT
)
_STATUS: Any = {
    "uri": STATUS_URI,
    "signer": KEY,
    "chain": SIGNERS[Purpose.STATUS].chain,
    "now": NOW,
    "expires": NOW + DAY,
    "ttl": 3_600,
}
_STATUS_LIST = sign_status_list_cwt(compress(empty_status_list(64, bits=1)), **_STATUS)
_IDENTIFIERS = sign_identifier_list([b"revoked-00000001"], **_STATUS)
_REGISTRATION = sign_registration_cwt(OFFICE, signer=SIGNERS[Purpose.REGISTRATION])
_HEALTH_SIGNER = parse_signer(SIGNERS[Purpose.ISSUER].leaf.der)
_HEALTH_CODE = HealthAuthority(signer=KEY, document_signer=_HEALTH_SIGNER, country="UT").issue(
    payload(), issued_at=NOW, expires=NOW + DAY
)


def _tagged(sign1: Any) -> bytes:
    return encode_cbor(Tag(TAG_SIGN1, sign1))


def _security_object(sign1: Any) -> object:
    issued = _decoded(_ISSUED) | {"issuerAuth": sign1}
    return verify_issued_mdoc(parse_issuer_signed(encode_cbor(issued)), anchors=ANCHORS, now=NOW)


def _device_signature(sign1: Any) -> object:
    presented = _decoded(_PRESENTED)
    presented["documents"][0]["deviceSigned"]["deviceAuth"]["deviceSignature"] = sign1
    response = parse_device_response(encode_cbor(presented))
    return verify_presented_mdoc(response, anchors=ANCHORS, transcript=_TRANSCRIPT, now=NOW)


def _status_list(sign1: Any) -> object:
    unverified = parse_status_list(_tagged(sign1), content_type=StatusListFormat.CWT)
    return verify_status_list(unverified, uri=STATUS_URI, anchors=ANCHORS, now=NOW)


def _identifier_list(sign1: Any) -> object:
    unverified = parse_identifier_list(_tagged(sign1), content_type=IDENTIFIER_LIST)
    return verify_identifier_list(unverified, uri=STATUS_URI, anchors=ANCHORS, now=NOW)


def _registration(sign1: Any) -> object:
    return verify_registration(parse_registration(_tagged(sign1)), anchors=ANCHORS, now=NOW)


def _health_certificate(sign1: Any) -> object:
    unverified = parse_health_certificate(build_code(_tagged(sign1)).encode())
    return verify_health_certificate(unverified, signers=DocumentSigners([_HEALTH_SIGNER]), now=NOW)


_DEVICE_SIGNED = parse_device_response(_PRESENTED).documents[0].device_signed
COSE_KINDS: tuple[CoseKind, ...] = (
    CoseKind(
        "mobile security object",
        _decoded(_ISSUED)["issuerAuth"],
        _security_object,
        ("mobile security object", "issuer-signed mdoc: issuerAuth"),
    ),
    CoseKind(
        "device signature",
        _decoded(_PRESENTED)["documents"][0]["deviceSigned"]["deviceAuth"]["deviceSignature"],
        _device_signature,
        ("device-signed elements",),
        detached=device_authentication(_TRANSCRIPT, _NAMESPACE, _DEVICE_SIGNED.encoded_namespaces),
    ),
    CoseKind("status list", list(_decoded(_STATUS_LIST).value), _status_list, ("status list",)),
    CoseKind("identifier list", list(_decoded(_IDENTIFIERS).value), _identifier_list, ("identifier list",)),
    CoseKind(
        "registration certificate",
        list(_decoded(_REGISTRATION).value),
        _registration,
        ("registration certificate",),
    ),
    CoseKind(
        "health certificate",
        list(_decoded(parse_code(_HEALTH_CODE.encode())).value),
        _health_certificate,
        ("health certificate",),
    ),
)
