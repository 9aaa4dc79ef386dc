"""Transaction data in an mdoc: a device-signed element of hashes (OpenID4VP 1.0 section B.2.1).

The specification leaves the element to the type. Here it is always ``transaction_data_hashes``, as in an SD-JWT's key
binding: an array with the SHA-256 hash, as a byte string, of each string of ``transaction_data`` as it was received, in
the order of the request. The namespace is the one in which the issuer's key authorizations name that element.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.mdoc.device_auth import VerifiedDeviceSigned
from zegel.primitives.cbor import encode_array, encode_byte_string, encode_map, encode_text

ELEMENT: Final = "transaction_data_hashes"
_FIELD: Final = f"deviceSigned.nameSpaces.{ELEMENT}"


def check_transaction_data(
    device_signed: VerifiedDeviceSigned, transaction_data: Sequence[str]
) -> VerifiedDeviceSigned:
    """Return what the holder signed if it holds the hashes of just these strings; ``Rejected(TRANSACTION_DATA)`` else.

    That the issuer permits the element was part of the verification.
    """
    found = [elements[ELEMENT] for elements in device_signed.namespaces.values() if ELEMENT in elements]
    expected = [_hashes(transaction_data)] if transaction_data else []
    if found != expected:
        detail = f"expected the holder to sign {len(transaction_data)} items of transaction data, and no other"
        raise Rejected(Check.TRANSACTION_DATA, detail, field=_FIELD)
    return device_signed


def encode_transaction_data(namespace: str, transaction_data: Sequence[str]) -> bytes:
    """``DeviceNameSpaces`` with the hashes of these strings."""
    hashes = encode_array([encode_byte_string(digest) for digest in _hashes(transaction_data)])
    return encode_map([encode_text(namespace) + encode_map([encode_text(ELEMENT) + hashes])])


def _hashes(transaction_data: Sequence[str]) -> list[bytes]:
    return [sha256(text.encode()).digest() for text in transaction_data]
