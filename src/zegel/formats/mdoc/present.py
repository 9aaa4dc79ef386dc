"""Presentation of mdocs by their holder (ISO/IEC 18013-5 sections 8.3.2.1.2.2 and 9.1.3.6)."""

from collections.abc import Collection, Sequence
from typing import Final

from zegel.formats.mdoc.device_auth import device_authentication
from zegel.formats.mdoc.parse import UnverifiedIssuerSigned
from zegel.formats.mdoc.transaction_data import ELEMENT, encode_transaction_data
from zegel.formats.mdoc.transcript import AnyTranscript
from zegel.primitives.cbor import encode_array, encode_cbor, encode_embedded, encode_map, encode_text
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.cose import sign_sign1
from zegel.primitives.keys import Signer

_NO_NAMESPACES: Final = encode_map([])


def present_mdoc(
    issued: UnverifiedIssuerSigned,
    *,
    paths: Collection[ClaimPath],
    holder: Signer,
    transcript: AnyTranscript,
    transaction_data: Sequence[str] = (),
) -> bytes:
    """Disclose the elements at ``paths`` in one session, with a device signature; returns ``DeviceResponse``.

    ``paths`` are pairs of namespace and element; ``transaction_data`` holds the strings of the request as they were
    received. ValueError for a path that leads nowhere, and for transaction data that the issuer does not let the
    holder sign.
    """
    doc_type = issued.unverified_doc_type
    device_namespaces = encode_embedded(_device_namespaces(issued, transaction_data))
    message = device_authentication(transcript, doc_type, device_namespaces)
    signature = encode_cbor(sign_sign1(message, signer=holder, detached=True))
    device_auth = _map({"deviceSignature": signature})
    document = _map(
        {
            "docType": encode_text(doc_type),
            "issuerSigned": _issuer_signed(issued, paths),
            "deviceSigned": _map({"nameSpaces": device_namespaces, "deviceAuth": device_auth}),
        }
    )
    return _map({"version": encode_text("1.0"), "documents": encode_array([document]), "status": encode_cbor(0)})


def signs_transaction_data(issued: UnverifiedIssuerSigned) -> bool:
    """Whether the issuer lets the holder sign transaction data; a wallet refuses a request for it otherwise."""
    return issued.unverified_security_object.key_authorizations.namespace_of(ELEMENT) is not None


def _issuer_signed(issued: UnverifiedIssuerSigned, paths: Collection[ClaimPath]) -> bytes:
    """The issuer's part, with the chosen items in the very bytes that the issuer sent."""
    wanted = set(paths)
    namespaces = []
    for namespace, items in issued.unverified_namespaces.items():
        pairs = zip(items.elements, items.encoded, strict=True)
        chosen = {element: encoded for element, encoded in pairs if (namespace, element) in wanted}
        wanted.difference_update((namespace, element) for element in chosen)
        if chosen:
            namespaces.append(encode_text(namespace) + encode_array(tuple(chosen.values())))
    if wanted:
        raise ValueError("a path leads to no element of this credential")
    auth = issued.issuer_auth
    members = {"issuerAuth": encode_cbor([auth.header.encoded, auth.unprotected, issued.payload, auth.signature])}
    return _map(members | {"nameSpaces": encode_map(namespaces)} if namespaces else members)


def _device_namespaces(issued: UnverifiedIssuerSigned, transaction_data: Sequence[str]) -> bytes:
    if not transaction_data:
        return _NO_NAMESPACES
    namespace = issued.unverified_security_object.key_authorizations.namespace_of(ELEMENT)
    if namespace is None:  # OpenID4VP 1.0 section B.2.1: the wallet refuses what the issuer did not authorize
        raise ValueError("the issuer does not let the holder sign transaction data")
    return encode_transaction_data(namespace, transaction_data)


def _map(members: dict[str, bytes]) -> bytes:
    return encode_map(encode_text(name) + value for name, value in members.items())
