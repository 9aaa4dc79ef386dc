"""Base45 (RFC 9285): two bytes in three characters of a QR code's alphanumeric mode."""

import struct
from operator import add
from typing import Final

from zegel.errors import Malformed

_ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
MAX_TEXT: Final = 1 << 16  # characters; a QR code holds 4,296
_FOREIGN: Final = 0xFF
_VALUES: Final = bytes(_ALPHABET.find(symbol) & _FOREIGN for symbol in range(256))  # -1 for what is foreign
_MIDDLE: Final = tuple(range(0, 45 * 45, 45))
_HIGH: Final = tuple(range(0, 45**3, 45 * 45))


def encode_base45(data: bytes) -> str:
    """Encode; a last single byte takes two characters."""
    symbols = bytearray()
    for at in range(0, len(data) - 1, 2):
        high, rest = divmod(data[at] << 8 | data[at + 1], 45 * 45)
        symbols += bytes((rest % 45, rest // 45, high))
    if len(data) % 2:
        symbols += bytes((data[-1] % 45, data[-1] // 45))
    return bytes(_ALPHABET[symbol] for symbol in symbols).decode()


def parse_base45(text: bytes, what: str) -> bytes:
    """Decode; ``Malformed`` for a foreign character, a length that cannot be, or a group beyond its bytes."""
    if len(text) > MAX_TEXT:
        raise Malformed(what, "", f"expected at most {MAX_TEXT} characters, got {len(text)}")
    values = text.translate(_VALUES)
    if _FOREIGN in values:
        raise Malformed(what, f"character {values.index(_FOREIGN) + 1}", "expected the alphabet of Base45")
    rest = len(values) % 3
    whole = len(values) - rest
    low, middle = values[0:whole:3], map(_MIDDLE.__getitem__, values[1:whole:3])
    pairs = map(add, map(add, low, middle), map(_HIGH.__getitem__, values[2:whole:3]))
    try:
        decoded = struct.pack(f">{whole // 3}H", *pairs)
        if not rest:
            return decoded
        if rest == 1:
            raise Malformed(what, "", "expected Base45 of a length that is no single character too long")
        return decoded + (values[whole] + 45 * values[whole + 1]).to_bytes(1)
    except (struct.error, OverflowError):  # section 6: a value that no bytes have
        raise Malformed(what, "", "expected Base45, got a group beyond what its bytes hold") from None
