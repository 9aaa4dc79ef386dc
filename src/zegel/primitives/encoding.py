"""Base64url and base64, strict: one text for each value, so that no signed text has a second spelling."""

from binascii import b2a_base64
from collections.abc import Sequence

from pybase64 import b64decode

from zegel.errors import Malformed

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_REFUSED = b"!"  # what no alphabet has
_PLUS, _SLASH, _EQUALS = b"+/="  # a number is looked for ten times as fast as bytes


def _padding(padding: bytes, last_symbols: bytes) -> tuple[bytes, ...]:
    """By the last symbol, what a text lacks to a whole group, or what makes the decoder refuse it."""
    return tuple(padding if symbol in last_symbols else _REFUSED for symbol in range(256))


_PADDING = (  # by length modulo four
    _padding(b"", bytes(range(256))),
    _padding(b"", b""),  # a remainder of one cannot be base64
    _padding(b"==", b"AQgw"),  # RFC 4648 section 3.5: the unused bits of the last symbol are zero
    _padding(b"=", b"AEIMQUYcgkosw048"),
)


def encode_base64url(data: bytes) -> bytes:
    """Encode without padding (RFC 7515 section 2)."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")


def base64url(data: bytes) -> str:
    """Encode without padding, as text."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()


def base64url_digests(digests: Sequence[bytes]) -> list[str]:
    """Encode SHA-256 digests without padding, in one go: with a zero byte, each of 32 bytes fills 44 symbols."""
    text = b2a_base64(b"\0".join((*digests, b"")), newline=False).translate(_URL_SAFE).decode()
    return [text[start : start + 43] for start in range(0, 44 * len(digests), 44)]


def parse_base64url(text: bytes | str, what: str, where: str = "") -> bytes:
    """Decode unpadded base64url; ``Malformed`` on padding, foreign characters or non-zero trailing bits."""
    try:
        encoded = text if isinstance(text, bytes) else text.encode()
        if not encoded:
            return b""
        if _PLUS in encoded or _SLASH in encoded or _EQUALS in encoded:  # which the decoder would let pass
            raise ValueError("expected base64url")
        return b64decode(encoded + _PADDING[len(encoded) & 3][encoded[-1]], b"-_", True)
    except ValueError:
        raise Malformed(what, where, "expected canonical base64url without padding") from None


def parse_base64(text: str, *, what: str, where: str = "") -> bytes:
    """Decode padded base64, as ``x5c`` carries it (RFC 7515 section 4.1.6)."""
    try:
        data = text.encode("ascii")
        decoded = b64decode(data, None, True)
    except ValueError:
        raise Malformed(what, where, "expected canonical base64 with padding") from None
    if b2a_base64(decoded, newline=False) != data:
        raise Malformed(what, where, "expected canonical base64 with padding")
    return decoded


def base64(data: bytes) -> str:
    """Encode with padding, as ``x5c`` carries it."""
    return b2a_base64(data, newline=False).decode()
