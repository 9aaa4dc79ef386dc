"""A credential or presentation of which nobody says what it is: told apart by its bytes, for people with files."""

from typing import TypeAlias

from zegel.errors import Malformed
from zegel.formats.mdoc.parse import (
    UnverifiedDeviceResponse,
    UnverifiedIssuerSigned,
    parse_device_response,
    parse_issuer_signed,
)
from zegel.formats.sdjwt.parse import UnverifiedSdJwt, parse_sdjwt
from zegel.primitives.cbor import parse_map
from zegel.primitives.encoding import parse_base64url

UnverifiedAny: TypeAlias = UnverifiedSdJwt | UnverifiedDeviceResponse | UnverifiedIssuerSigned


def parse_any(data: bytes) -> UnverifiedAny:
    """Parse an SD-JWT VC, or an mdoc or its presentation in CBOR or base64url; ``Malformed`` for anything else."""
    if not data:
        raise Malformed("input", "", "expected a credential or a presentation, got nothing")
    if 0xA0 <= data[0] <= 0xBF:  # a CBOR map; no text begins with these
        return _parse_mdoc(data)
    text = data.strip()
    if b"~" in text:
        return parse_sdjwt(text)
    return _parse_mdoc(parse_base64url(text, what="input"))


def _parse_mdoc(data: bytes) -> UnverifiedDeviceResponse | UnverifiedIssuerSigned:
    if "issuerAuth" in parse_map(data, what="mdoc"):
        return parse_issuer_signed(data)
    return parse_device_response(data)
