"""A screenshot as shades of grey, for a camera (PNG 1.2: eight bits a channel, not interlaced)."""

import struct
import zlib

import zxingcpp

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def read_codes(png: bytes) -> list[str]:
    """The texts of the codes that stand in a screenshot."""
    width, height, shades = _shades(png)
    view = memoryview(shades).cast("B", (height, width))
    return [found.text for found in zxingcpp.read_barcodes(view)]


def _shades(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and the first channel of each pixel."""
    assert png.startswith(_SIGNATURE)
    chunks = dict.fromkeys((b"IHDR", b"IDAT"), b"")
    at = len(_SIGNATURE)
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind in chunks:
            chunks[kind] += png[at + 8 : at + 8 + length]
        at += length + 12
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, interlaced) == (8, 0)
    step = _CHANNELS[colour]
    lines = _unfiltered(zlib.decompress(chunks[b"IDAT"]), width * step, height, step)
    return width, height, b"".join(bytes(line[::step]) for line in lines)


def _unfiltered(data: bytes, stride: int, height: int, step: int) -> list[bytearray]:
    """The lines with their filters undone (section 9.2)."""
    lines: list[bytearray] = []
    above = bytearray(stride)
    for row in range(height):
        start = row * (stride + 1)
        kind, line = data[start], bytearray(data[start + 1 : start + 1 + stride])
        for at in range(stride) if kind else ():
            left, corner = (line[at - step], above[at - step]) if at >= step else (0, 0)
            up = above[at]
            guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
            line[at] = (line[at] + guess) & 0xFF
        lines.append(line)
        above = line
    return lines


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda near: abs(estimate - near))
