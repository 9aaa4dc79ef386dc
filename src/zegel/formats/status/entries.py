"""The array of statuses itself: packed from the least significant bit, compressed (status list draft 20 section 4).

A list is compressed and signed once a period, never once a credential: ``updated`` is cheap, ``compress`` is not.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed

BITS: Final = (1, 2, 4, 8)  # section 4.1 step 1
MAX_LIST: Final = 1 << 20  # bytes: a million entries of eight bits, eight million of one
MAX_LARGE_LIST: Final = 2_500_000  # ten million entries of two bits; only where a caller asks for it

VALID: Final = 0  # section 7.1
INVALID: Final = 1
SUSPENDED: Final = 2


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StatusList:
    """``bits`` (1, 2, 4 or 8) for each entry, packed into ``data``."""

    bits: int
    data: bytes

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.data) * 8 // self.bits

    def get(self, index: int) -> int:
        """The status at ``index``; IndexError outside the list."""
        if index < 0:
            raise IndexError(index)
        bits = self.bits
        position = index * bits
        return (self.data[position >> 3] >> (position & 7)) & ((1 << bits) - 1)

    def updated(self, statuses: Mapping[int, int]) -> "StatusList":
        """A list in which the given entries are changed; IndexError or ValueError for what does not fit."""
        mask = (1 << self.bits) - 1
        data = bytearray(self.data)
        for index, status in statuses.items():
            if not 0 <= status <= mask:
                raise ValueError(f"a status of {self.bits} bits is at most {mask}")
            if not 0 <= index < self.size:
                raise IndexError(index)
            position = index * self.bits
            shift = position & 7
            data[position >> 3] = (data[position >> 3] & ~(mask << shift)) | (status << shift)
        return StatusList(bits=self.bits, data=bytes(data))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedStatusList:
    """A list as its tokens carry it: ``lst`` is zlib data (RFC 1950)."""

    bits: int
    lst: bytes


def empty_status_list(entries: int, *, bits: int) -> StatusList:
    """A list in which every entry is valid, so that an unused index looks like a credential (section 13.3)."""
    if bits not in BITS:
        raise ValueError("bits are 1, 2, 4 or 8")
    return StatusList(bits=bits, data=bytes(-(-entries * bits // 8)))


def compress(status_list: StatusList) -> CompressedStatusList:
    """Compress for both token formats at once; tens of milliseconds for a million entries (section 4.1 step 4)."""
    return CompressedStatusList(bits=status_list.bits, lst=zlib.compress(status_list.data, 9))


def inflate(bits: object, lst: bytes, *, what: str, max_bytes: int) -> StatusList:
    """Inflate up to ``max_bytes``; ``Malformed`` beyond, for other bits, and for anything but one whole zlib stream."""
    if type(bits) is not int or bits not in BITS:
        raise Malformed(what, "status_list.bits", "expected 1, 2, 4 or 8")
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(lst, max_bytes + 1)
    except zlib.error:
        raise Malformed(what, "status_list.lst", "expected zlib data") from None
    if len(data) > max_bytes:
        raise Malformed(what, "status_list.lst", f"expected a list of at most {max_bytes} bytes")
    if not stream.eof or stream.unused_data:
        raise Malformed(what, "status_list.lst", "expected one whole zlib stream")
    return StatusList(bits=bits, data=data)
