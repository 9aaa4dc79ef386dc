"""The holder's part of a presentation: a device signature, or in proximity a device MAC (18013-5 section 9.1.3)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.claims import Claim
from zegel.formats.mdoc.key_authorizations import KeyAuthorizations
from zegel.formats.mdoc.parse import UnverifiedDeviceSigned
from zegel.formats.mdoc.transcript import AnyTranscript, ProximityTranscript
from zegel.primitives.cbor import encode_embedded, encode_text
from zegel.primitives.cose import UnverifiedMac0, check_no_cwt, verify_mac0, verify_sign1
from zegel.primitives.keys import PrivateKey, PublicKey

_MAC_KEY_BYTES: Final = 32
_SIGNATURE: Final = Check.HOLDER_SIGNATURE


@final
class VerifiedDeviceSigned(Struct, frozen=True):
    """What the holder signed in this session, by namespace; the issuer's key authorizations permit all of it."""

    namespaces: Mapping[str, Mapping[str, Claim]]


def verify_device_signed(
    device_signed: UnverifiedDeviceSigned,
    *,
    key: PublicKey,
    authorizations: KeyAuthorizations,
    doc_type: str,
    transcript: AnyTranscript,
) -> VerifiedDeviceSigned:
    """Verify that the holder of ``key`` authenticated this session, and signed only what the issuer permits.

    ``Rejected`` with TOKEN_TYPE, DEVICE_MAC, ALGORITHM, CRITICAL_HEADER, HOLDER_SIGNATURE or KEY_AUTHORIZATION.
    """
    authentication = device_signed.authentication
    message = device_authentication(transcript, doc_type, device_signed.encoded_namespaces)
    check_no_cwt(authentication.header)
    if isinstance(authentication, UnverifiedMac0):
        mac_key = _verifier_mac_key(transcript, key)
        verify_mac0(authentication, key=mac_key, payload=message, check=_SIGNATURE)
    else:
        verify_sign1(authentication, key=key, payload=message, check=_SIGNATURE)
    for namespace, elements in device_signed.unverified_namespaces.items():
        for element in elements:
            if not authorizations.permit(namespace, element):
                detail = f"the issuer does not let the holder sign {element[:80]} in {namespace[:80]}"
                raise Rejected(Check.KEY_AUTHORIZATION, detail, field="deviceSigned.nameSpaces")
    return VerifiedDeviceSigned(namespaces=device_signed.unverified_namespaces)


def device_authentication(transcript: AnyTranscript, doc_type: str, encoded_namespaces: bytes) -> bytes:
    """``DeviceAuthenticationBytes``, the detached payload (section 9.1.3.4)."""
    return encode_embedded(
        b"\x84\x74DeviceAuthentication" + transcript.encoded + encode_text(doc_type) + encoded_namespaces
    )


def derive_mac_key(transcript: AnyTranscript, *, private: PrivateKey, public: PublicKey) -> bytes:
    """``EMacKey``: the holder has its own private and the reader's public key, the reader the reverse (9.1.3.5)."""
    salt = sha256(encode_embedded(transcript.encoded)).digest()
    kdf = HKDF(algorithm=hashes.SHA256(), length=_MAC_KEY_BYTES, salt=salt, info=b"EMacKey")
    return kdf.derive(private.exchange(public))


def _verifier_mac_key(transcript: AnyTranscript, key: PublicKey) -> bytes:
    field = "deviceSigned.deviceAuth"
    if not isinstance(transcript, ProximityTranscript):
        # OpenID4VP 1.0 section B.2.6.1: EReaderKeyBytes is null, so that there is no key to agree with
        raise Rejected(Check.DEVICE_MAC, "expected a device signature, got a MAC", field=field)
    if transcript.reader_key.public_key.curve is not key.curve:
        raise Rejected(Check.DEVICE_MAC, f"expected a device key on the reader's curve, got {key.curve}", field=field)
    return derive_mac_key(transcript, private=transcript.reader_key, public=key)
