"""Codes to scan, drawn where they are asked for: a picture takes a millisecond, and a thread would wait for five until
the loop lets it have the interpreter (``sys.getswitchinterval``).

The page with a link is loaded again while it waits, so that its picture is kept for the next time. A code that says
something of a person is not.
"""

import re
import zlib
from typing import Final

import zxingcpp

from zegel.primitives.encoding import base64

MAX_PICTURES: Final = 10_000  # so many may wait at a time; a picture of 9 kB is kept in some 2 kB
_SIZE: Final = re.compile(r'width="(\d+)" height="(\d+)"')
_kept: Final[dict[str, bytes]] = {}


def draw_qr(text: str) -> str:
    """A link as a QR code, for the ``src`` of an image; it and the picture are kept."""
    picture = _kept.get(text)
    if picture is None:
        if len(_kept) >= MAX_PICTURES:
            del _kept[next(iter(_kept))]
        picture = _kept[text] = zlib.compress(_draw(text))
    return _source(zlib.decompress(picture))


def draw_qr_once(text: str) -> str:
    """The same of a text of which nothing is to stay in memory."""
    return _source(_draw(text))


def _source(picture: bytes) -> str:
    return "data:image/svg+xml;base64," + base64(picture)


def _draw(text: str) -> bytes:
    # Level M: a seventh of the code may be dirt or glare, and a link of 300 characters is still coarse enough to scan.
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    # With a view box instead of a size, the picture grows with the page.
    return _SIZE.sub(r'viewBox="0 0 \1 \2"', str(barcode.to_svg(add_quiet_zones=True)), count=1).encode()
