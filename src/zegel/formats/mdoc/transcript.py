"""Session transcripts: what the holder's proof is bound to (ISO/IEC 18013-5 section 9.1.5.1, OpenID4VP 1.0 B.2.6).

Over OpenID4VP the transcript holds the request; no key of the reader is defined there. In proximity it holds the
reader's ephemeral key as well, and whoever has its private half can verify a device MAC.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, TypeAlias, final

from zegel.errors import Malformed
from zegel.primitives.cbor import encode_byte_string, encode_cbor, parse_cbor
from zegel.primitives.keys import PrivateKey

_MAX_BYTES: Final = 1 << 14  # device engagement, reader key and an NFC handover; OpenID4VP's has 60 bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTranscript:
    """The transcript of a request over OpenID4VP, as ``SessionTranscript`` is encoded, without tag 24 around it."""

    encoded: bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProximityTranscript:
    """The transcript of a meeting, with the reader's ephemeral private key."""

    encoded: bytes
    reader_key: PrivateKey = field(repr=False)


AnyTranscript: TypeAlias = SessionTranscript | ProximityTranscript


def redirect_transcript(
    *, client_id: str, nonce: str, response_uri: str, encryption_key_thumbprint: bytes | None
) -> SessionTranscript:
    """The transcript of a request by redirect (section B.2.6.1).

    ``client_id`` has its prefix; ``response_uri`` is the ``redirect_uri`` where the request has that one. The
    thumbprint is the SHA-256 one (RFC 7638) of the key to which the response is encrypted, None where it is not.
    """
    return _openid4vp("OpenID4VPHandover", [client_id, nonce, encryption_key_thumbprint, response_uri])


def dc_api_transcript(*, origin: str, nonce: str, encryption_key_thumbprint: bytes | None) -> SessionTranscript:
    """The transcript of a request through the Digital Credentials API (section B.2.6.2).

    ``origin`` is without a prefix; the thumbprint is as for ``redirect_transcript``.
    """
    return _openid4vp("OpenID4VPDCAPIHandover", [origin, nonce, encryption_key_thumbprint])


def parse_transcript(data: bytes) -> SessionTranscript:
    """Parse a transcript that somebody else made; ``Malformed`` unless it is an array of three."""
    value = parse_cbor(data, what="session transcript", max_bytes=_MAX_BYTES)
    if type(value) is not list or len(value) != 3:
        raise Malformed("session transcript", "", "expected an array of three")
    return SessionTranscript(encoded=data)


def _openid4vp(name: str, info: list[str | bytes | None]) -> SessionTranscript:
    digest = sha256(encode_cbor(info)).digest()
    # device engagement and reader key are null
    return SessionTranscript(encoded=b"\x83\xf6\xf6\x82" + encode_cbor(name) + encode_byte_string(digest))
