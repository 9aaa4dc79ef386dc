"""Base45 (RFC 9285): two bytes in three characters of a QR code's alphanumeric mode."""

from typing import Final

from zegel.errors import Malformed

_ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
MAX_TEXT: Final = 1 << 16  # characters; a QR code holds 4,296
_FOREIGN: Final = 0xFF
_VALUES: Final = bytes(_ALPHABET.find(symbol) & _FOREIGN for symbol in range(256))  # -1 for what is foreign
_WEIGHTS: Final = (1, 45, 45 * 45)
_LANE: Final = 4  # bytes for a group while it is summed up
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
    groups, whole = len(values) // 3, len(values) - rest
    # All groups at once: each has 32 bits of one long number, and none carries into the next
    lanes = bytearray(_LANE * groups)
    sums = 0
    for place, weight in enumerate(_WEIGHTS):
        lanes[::_LANE] = values[place:whole:3]
        sums += weight * int.from_bytes(lanes, "little")
    lanes[:] = sums.to_bytes(_LANE * groups, "little")
    decoded = bytearray(2 * groups)
    decoded[::2], decoded[1::2] = lanes[1::_LANE], lanes[::_LANE]
    last = values[whole] + _WEIGHTS[1] * values[whole + 1] if rest else 0
    if any(lanes[2::_LANE]) or last > _BYTE:  # section 6: a value that no bytes have
        raise Malformed(what, "", "expected Base45, got a group beyond what its bytes hold")
    return bytes(decoded) + bytes((last,)) if rest else bytes(decoded)
