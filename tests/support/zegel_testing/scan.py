"""A camera: what a telephone reads on a page that shows a code."""

import re
from base64 import b64decode
from io import BytesIO

import zxingcpp
from PIL import Image

from zegel.primitives.http import HttpResponse

_SCALE = 4  # pixels a module, as on a screen
_CODES = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


def read_codes(picture: Image.Image) -> list[str]:
    """The texts of the QR codes in a picture; one in three hundred of them has something like a bar code within."""
    return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"), formats=_CODES)]


def scan(page: HttpResponse) -> str:
    """The text of the one code on the page."""
    drawn = re.search(r'src="data:image/png;base64,([^"]+)"', page.body.decode())
    assert drawn is not None, "no code on the page"
    picture = Image.open(BytesIO(b64decode(drawn[1])))
    width, height = picture.size
    shown = picture.resize((_SCALE * width, _SCALE * height), Image.Resampling.NEAREST)
    (text,) = read_codes(shown)
    return text
