"""The presentation language of TLS, as far as logs use it (RFC 8446 section 3): numbers and vectors, to the end.

Vectors are read strictly: within their own bounds, and with nothing left behind them.
"""

from typing import Final, final

from zegel.errors import Malformed

MAX_U64: Final = (1 << 64) - 1


@final
class VectorReader:
    """Reads one structure. Each method raises ``Malformed`` where the bytes end, or a length is out of bounds."""

    def __init__(self, data: bytes, *, what: str) -> None:
        self._data = data
        self._at = 0
        self._what = what

    def number(self, size: int, where: str) -> int:
        """An unsigned number of so many bytes."""
        return int.from_bytes(self.octets(size, where))

    def octets(self, size: int, where: str) -> bytes:
        """So many bytes."""
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise Malformed(self._what, where, f"expected {size} bytes, got {len(taken)}")
        self._at += size
        return taken

    def vector(self, low: int, high: int, where: str) -> bytes:
        """An opaque vector of ``low`` to ``high`` bytes; the length has as many bytes as ``high`` needs."""
        length = self.number(_prefix(high), where)
        if not low <= length <= high:
            raise Malformed(self._what, where, f"expected {low} to {high} bytes, got {length}")
        return self.octets(length, where)

    def vectors(self, low: int, high: int, *, each: tuple[int, int], most: int, where: str) -> tuple[bytes, ...]:
        """A vector of opaque vectors, at most ``most`` of them."""
        inner = VectorReader(self.vector(low, high, where), what=self._what)
        found: list[bytes] = []
        while not inner.is_at_end:
            if len(found) == most:
                raise Malformed(self._what, where, f"expected at most {most}")
            found.append(inner.vector(*each, f"{where}[{len(found)}]"))
        return tuple(found)

    @property
    def is_at_end(self) -> bool:
        """Whether everything is read."""
        return self._at == len(self._data)

    def end(self) -> None:
        """Read nothing more; ``Malformed`` when something is left."""
        if not self.is_at_end:
            raise Malformed(self._what, "", f"expected an end, got {len(self._data) - self._at} bytes more")


def encode_number(value: int, size: int) -> bytes:
    """An unsigned number; ``OverflowError`` for one that is too large."""
    return value.to_bytes(size)


def encode_vector(data: bytes, high: int) -> bytes:
    """An opaque vector of at most ``high`` bytes; ``ValueError`` for a longer one."""
    if len(data) > high:
        raise ValueError(f"a vector of at most {high} bytes cannot hold {len(data)}")
    return len(data).to_bytes(_prefix(high)) + data


def encode_vectors(each: tuple[bytes, ...], high: int, *, inner: int) -> bytes:
    """A vector of opaque vectors of at most ``inner`` bytes each."""
    return encode_vector(b"".join(encode_vector(data, inner) for data in each), high)


def _prefix(high: int) -> int:
    return (high.bit_length() + 7) // 8
