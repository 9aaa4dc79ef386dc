"""Mdocs to verify: a good one, and any security object, item or proof that a test wants signed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from zegel.formats.credential import StatusReference
from zegel.formats.mdoc.device_auth import derive_mac_key, device_authentication
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.formats.mdoc.present import present_mdoc
from zegel.formats.mdoc.transcript import AnyTranscript, ProximityTranscript, redirect_transcript
from zegel.primitives.cbor import TAG_DATE_TIME, TAG_ENCODED, TAG_FULL_DATE, Tag, encode_cbor, encode_embedded
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.cose import cose_key, mac_mac0, sign_sign1
from zegel.primitives.keys import PrivateKey, Signer
from zegel.trust.anchors import Purpose
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, fixed_random, signer, trusting

DOC_TYPE = "utopia.id.1"
DOMESTIC = "utopia.id.1.north"
NAMESPACES = (DOC_TYPE, DOMESTIC)
PAYMENTS = "utopia.payments.1"
CLIENT_ID = "x509_hash:verifier"
NONCE = "nonce-of-the-request"
RESPONSE_URI = "https://verifier.utopia.example/response/1"
STATUS = StatusReference(uri="https://status.utopia.example/1", index=4_711)
ELEMENTS: dict[str, dict[str, object]] = {
    DOC_TYPE: {
        "family_name": "Example",
        "given_name": "Erika",
        "birth_date": Tag(TAG_FULL_DATE, "1971-09-01"),
        "portrait": b"\xff\xd8\xffdrawing",
        "nationality": ["UT", "AT"],
        "place_of_birth": {"country": "UT", "locality": "Capital"},
        "age_over_18": True,
    },
    DOMESTIC: {"family_name": "Voorbeeld", "shoe_size": 38},
}
NAME: ClaimPath = (DOC_TYPE, "family_name")

ROOT = authority("identities")
ISSUER = signer(ROOT, "identity signer", Purpose.ISSUER)
HOLDER = fixed_key("holder")
READER = fixed_key("reader")
ANCHORS = trusting(anchor(ROOT, Purpose.ISSUER, types=frozenset({DOC_TYPE})))


def redirect(
    *, client_id: str = CLIENT_ID, nonce: str = NONCE, response_uri: str = RESPONSE_URI, thumbprint: bytes | None = None
) -> AnyTranscript:
    """The transcript of the request, or of another that differs from it."""
    return redirect_transcript(
        client_id=client_id, nonce=nonce, response_uri=response_uri, encryption_key_thumbprint=thumbprint
    )


TRANSCRIPT = redirect()


def meeting(reader: PrivateKey = READER) -> ProximityTranscript:
    """The transcript of a meeting with a reader: engagement by QR, so that the handover is null."""
    engagement = encode_cbor({0: "1.0", 1: [1, Tag(TAG_ENCODED, encode_cbor(cose_key(HOLDER.public_key)))]})
    reader_key = encode_cbor(cose_key(reader.public_key))
    encoded = encode_cbor([Tag(TAG_ENCODED, engagement), Tag(TAG_ENCODED, reader_key), None])
    return ProximityTranscript(encoded=encoded, reader_key=reader)


def issued(elements: Mapping[str, Mapping[str, object]] = ELEMENTS, *, seed: str = "issued", **changes: Any) -> bytes:
    """A good credential, as its issuer sends it. Changes are arguments of ``MdocIssuer`` or of its ``issue``."""
    prepared = {"signer": ISSUER.key, "chain": ISSUER.chain, "doc_type": DOC_TYPE, "namespaces": NAMESPACES}
    prepared |= {name: changes.pop(name) for name in _PREPARED & changes.keys()}
    each: dict[str, Any] = {
        "holder_key": HOLDER.public_key,
        "status": STATUS,
        "issued_at": NOW,
        "valid_from": NOW,
        "valid_until": NOW + 14 * DAY,
        "random": fixed_random(seed),
    }
    return MdocIssuer(**prepared).issue(elements, **each | changes)


def presented(credential: bytes | None = None, paths: Collection[ClaimPath] = (NAME,), **changes: Any) -> bytes:
    """A good presentation of a credential; changes are arguments of ``present_mdoc``."""
    arguments: dict[str, Any] = {"holder": HOLDER, "transcript": TRANSCRIPT}
    return present_mdoc(parse_issuer_signed(credential or issued()), paths=paths, **arguments | changes)


def item(digest_id: object = 0, element: object = "family_name", value: object = "Example", **changes: Any) -> bytes:
    """The content of an item; changes are members, None takes one out."""
    members = {
        "random": sha256(repr((digest_id, element)).encode()).digest(),
        "digestID": digest_id,
        "elementValue": value,
        "elementIdentifier": element,
    } | changes
    return encode_cbor({name: value for name, value in members.items() if value is not None})


ITEM = item()


def digest(content: bytes) -> bytes:
    """What stands in ``valueDigests`` for an item."""
    return sha256(encode_embedded(content)).digest()


def tdate(seconds: int) -> Tag:
    """A date as the security object has it."""
    return Tag(TAG_DATE_TIME, datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def security_object(**changes: Any) -> dict[str, Any]:
    """The security object of a credential with ``ITEM`` alone; None takes a member out."""
    members = {
        "version": "1.0",
        "digestAlgorithm": "SHA-256",
        "docType": DOC_TYPE,
        "valueDigests": {DOC_TYPE: {0: digest(ITEM)}},
        "deviceKeyInfo": {"deviceKey": cose_key(HOLDER.public_key)},
        "validityInfo": {"signed": tdate(NOW), "validFrom": tdate(NOW), "validUntil": tdate(NOW + DAY)},
    } | changes
    return {name: value for name, value in members.items() if value is not None}


def authorized(**members: Any) -> dict[str, Any]:
    """``deviceKeyInfo`` with key authorizations of these members."""
    return {"deviceKey": cose_key(HOLDER.public_key), "keyAuthorizations": members}


def validity(**changes: Any) -> dict[str, Any]:
    """``validityInfo`` with other members; None takes one out."""
    members = security_object()["validityInfo"] | changes
    return {name: value for name, value in members.items() if value is not None}


def issuer_signed(
    contents: Mapping[str, Any] | None = None,
    items: Mapping[str, Sequence[bytes]] | None = None,
    *,
    chain: tuple[bytes, ...] = ISSUER.chain,
    key: Signer = ISSUER.key,
    protected: Mapping[Any, Any] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """``IssuerSigned``: any security object under a good signature, with any items.

    ``protected`` is another protected header than the one that was signed under; members are added, None takes out.
    """
    payload = encode_embedded(encode_cbor(security_object() if contents is None else contents))
    auth = sign_sign1(payload, signer=key, x5chain=chain)
    if protected is not None:
        auth[0] = encode_cbor(protected)
    shown = {DOC_TYPE: [ITEM]} if items is None else items
    found = {
        "nameSpaces": {name: [Tag(TAG_ENCODED, content) for content in each] for name, each in shown.items()},
        "issuerAuth": auth,
    } | members
    return {name: value for name, value in found.items() if value is not None}


def signed(contents: Mapping[str, Any] | None = None, items: Any = None, **changes: Any) -> bytes:
    """``issuer_signed``, encoded."""
    return encode_cbor(issuer_signed(contents, items, **changes))


def device_signed(
    namespaces: Any = None,
    *,
    holder: Signer = HOLDER,
    transcript: AnyTranscript = TRANSCRIPT,
    doc_type: str = DOC_TYPE,
) -> dict[str, Any]:
    """``DeviceSigned`` with a signature over any elements."""
    content = encode_cbor({} if namespaces is None else namespaces)
    message = device_authentication(transcript, doc_type, encode_embedded(content))
    auth = {"deviceSignature": sign_sign1(message, signer=holder, detached=True)}
    return {"nameSpaces": Tag(TAG_ENCODED, content), "deviceAuth": auth}


def device_maced(
    namespaces: Any = None,
    *,
    holder: PrivateKey = HOLDER,
    transcript: ProximityTranscript | None = None,
    doc_type: str = DOC_TYPE,
) -> dict[str, Any]:
    """``DeviceSigned`` with a MAC over any elements."""
    met = transcript or meeting()
    content = encode_cbor({} if namespaces is None else namespaces)
    message = device_authentication(met, doc_type, encode_embedded(content))
    key = derive_mac_key(met, private=holder, public=met.reader_key.public_key)
    return {
        "nameSpaces": Tag(TAG_ENCODED, content),
        "deviceAuth": {"deviceMac": mac_mac0(message, key=key, detached=True)},
    }


def document(issued: Any = None, device: Any = None, *, doc_type: str = DOC_TYPE) -> dict[str, Any]:
    """A document of any parts; those that are not given are good."""
    return {
        "docType": doc_type,
        "issuerSigned": issuer_signed() if issued is None else issued,
        "deviceSigned": device_signed() if device is None else device,
    }


def response(*documents: Any, **changes: Any) -> bytes:
    """A device response of any documents; changes are members, None takes one out."""
    members = {"version": "1.0", "documents": list(documents) or [document()], "status": 0} | changes
    return encode_cbor({name: value for name, value in members.items() if value is not None})


_PREPARED = frozenset({"signer", "chain", "doc_type", "namespaces", "decoys", "key_authorizations"})
