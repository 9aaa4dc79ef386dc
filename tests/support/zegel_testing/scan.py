"""A camera: what a telephone reads on a page that shows a code."""

import re
from base64 import b64decode

import zxingcpp

from zegel.primitives.http import HttpResponse

_SCALE = 4  # pixels a module, as on a screen


def scan(page: HttpResponse) -> str:
    """The text of the one code on the page."""
    drawn = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page.body.decode())
    assert drawn is not None, "no code on the page"
    svg = b64decode(drawn[1]).decode()
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])
    rows = [bytearray(b"\xff" * size) for _ in range(size)]
    path = re.search(r'<path d="([^"]+)"', svg)[1]
    for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+Z", path):
        for row in rows[int(y) : int(y) + int(height)]:
            row[int(x) : int(x) + int(width)] = bytes(int(width))
    picture = b"".join(bytes(pixel for pixel in row for _ in range(_SCALE)) for row in rows for _ in range(_SCALE))
    (found,) = zxingcpp.read_barcodes(memoryview(picture).cast("B", (_SCALE * size, _SCALE * size)))
    return found.text
