"""Base64url and base64, strict: one text for each value, so that no signed text has a second spelling."""

from binascii import Error, b2a_base64
from collections.abc import Sequence

from pybase64 import b64decode

from zegel.errors import Malformed

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_+/=", b"+/\0\0\0")  # the other alphabet and padding become what no alphabet has
_PADDING = (b"", b"", b"==", b"=")  # by length modulo four
_FILLERS = (b"", b"=", b"AA", b"A")  # by the same; padding is refused
_ADDED = (b"", b"", b"\0\0", b"\0")
_LAST_SYMBOLS = (  # by the same; RFC 4648 section 3.5: the unused bits of the last symbol are zero
    frozenset[int](),  # not asked
    frozenset[int](),  # a remainder of one cannot be base64
    frozenset(b"AQgw"),
    frozenset(b"AEIMQUYcgkosw048"),
)


def encode_base64url(data: bytes) -> bytes:
    """Encode without padding (RFC 7515 section 2)."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")


def base64url(data: bytes) -> str:
    """Encode without padding, as text."""
    return encode_base64url(data).decode()


def base64url_digests(digests: Sequence[bytes]) -> list[str]:
    """Encode SHA-256 digests without padding, in one go: with a zero byte, each of 32 bytes fills 44 symbols."""
    text = b2a_base64(b"\0".join((*digests, b"")), newline=False).translate(_URL_SAFE).decode()
    return [text[start : start + 43] for start in range(0, 44 * len(digests), 44)]


def parse_base64url(text: bytes | str, *, what: str, where: str = "") -> bytes:
    """Decode unpadded base64url; ``Malformed`` on padding, foreign characters or non-zero trailing bits."""
    if isinstance(text, str):
        text = _ascii(text, what, where)
    remainder = len(text) & 3
    if remainder and text[-1] not in _LAST_SYMBOLS[remainder]:
        raise Malformed(what, where, "expected canonical base64url without padding")
    try:
        return b64decode(text.translate(_STANDARD) + _PADDING[remainder], None, True)
    except (Error, ValueError):
        raise Malformed(what, where, "expected canonical base64url without padding") from None


def parse_base64url_all(texts: Sequence[bytes], *, what: str) -> list[bytes]:
    """Decode each text as ``parse_base64url`` does, all in one go.

    Zero symbols fill each text to whole groups of four; the bytes that they add are zero when the text is canonical.
    """
    filled = [text + _FILLERS[len(text) & 3] for text in texts]
    try:
        stream = b64decode(b"".join(filled).translate(_STANDARD), None, True)
    except (Error, ValueError):
        raise Malformed(what, "", "expected canonical base64url without padding") from None
    decoded = []
    start = 0
    for text, whole in zip(texts, filled, strict=True):
        end, following = start + len(text) * 3 // 4, start + len(whole) // 4 * 3
        if stream[end:following] != _ADDED[len(text) & 3]:
            raise Malformed(what, "", "expected canonical base64url without padding")
        decoded.append(stream[start:end])
        start = following
    return decoded


def parse_base64(text: str, *, what: str, where: str = "") -> bytes:
    """Decode padded base64, as ``x5c`` carries it (RFC 7515 section 4.1.6)."""
    data = _ascii(text, what, where)
    try:
        decoded = b64decode(data, None, True)
    except (Error, ValueError):
        raise Malformed(what, where, "expected canonical base64 with padding") from None
    if b2a_base64(decoded, newline=False) != data:
        raise Malformed(what, where, "expected canonical base64 with padding")
    return decoded


def base64(data: bytes) -> str:
    """Encode with padding, as ``x5c`` carries it."""
    return b2a_base64(data, newline=False).decode()


def _ascii(text: str, what: str, where: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise Malformed(what, where, "expected ASCII") from None
