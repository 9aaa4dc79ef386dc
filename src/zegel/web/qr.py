"""Codes to scan, drawn where they are asked for: a picture takes a millisecond, and a thread would wait for five until
the loop lets it have the interpreter (``sys.getswitchinterval``). A module is a pixel, which the page shows larger
(``image-rendering: pixelated``).

The page with a link is loaded again while it waits, so that its picture is kept for the next time. A code that says
something of a person is not.
"""

from io import BytesIO
from typing import Final

import zxingcpp
from PIL import Image

from zegel.primitives.encoding import base64

MAX_PICTURES: Final = 10_000  # so many may wait at a time; a picture is 1 kB
_kept: Final[dict[str, str]] = {}


def draw_qr(text: str) -> str:
    """A link as a QR code, for the ``src`` of an image; it and the picture are kept."""
    picture = _kept.get(text)
    if picture is None:
        if len(_kept) >= MAX_PICTURES:
            del _kept[next(iter(_kept))]
        picture = _kept[text] = draw_qr_once(text)
    return picture


def draw_qr_once(text: str) -> str:
    """The same of a text of which nothing is to stay in memory."""
    # Level M: a seventh of the code may be dirt or glare, and a link of 300 characters is still coarse enough to scan.
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture = Image.fromarray(barcode.to_image(scale=1, add_quiet_zones=True)).convert("1", dither=Image.Dither.NONE)
    drawn = BytesIO()
    picture.save(drawn, format="PNG")
    return "data:image/png;base64," + base64(drawn.getvalue())
