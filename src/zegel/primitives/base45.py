"""Base45 (RFC 9285): two bytes in three characters of a QR code's alphanumeric mode."""

from typing import Final

from zegel.errors import Malformed

_ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
MAX_TEXT: Final = 1 << 16  # characters; a QR code holds 4,296
_FOREIGN: Final = 0xFF
_VALUES: Final = bytes(_ALPHABET.find(symbol) & _FOREIGN for symbol in range(256))  # -1 for what is foreign
_SECOND: Final = 256 - 45  # that a second character counts too much for as a byte, and a third
_THIRD: Final = 65_536 - 2_025
_LOW: Final = int.from_bytes(b"\xff\0\0" * (MAX_TEXT // 3 + 1), "little")  # the first byte of each group
_BYTE: Final = 0xFF


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
    if rest == 1:
        raise Malformed(what, "", "expected Base45 of a length that is no single character too long")
    whole = len(values) - rest
    # All groups at once: three bytes each of one long number, c + 256 d + 65536 e, of which c + 45 d + 2025 e is made
    packed = int.from_bytes(values[:whole], "little")
    packed -= _SECOND * ((packed >> 8) & _LOW) + _THIRD * ((packed >> 16) & _LOW)
    lanes = packed.to_bytes(whole, "little")
    decoded = bytearray(whole // 3 * 2)
    decoded[::2], decoded[1::2] = lanes[1::3], lanes[::3]
    last = values[whole] + 45 * values[whole + 1] if rest else 0
    if any(lanes[2::3]) or last > _BYTE:  # section 6: a value that no bytes have
        raise Malformed(what, "", "expected Base45, got a group beyond what its bytes hold")
    return bytes(decoded) + bytes((last,)) if rest else bytes(decoded)
