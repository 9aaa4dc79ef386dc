"""A camera: what a telephone reads on a page that shows a code."""

import re
from base64 import b64decode
from io import BytesIO

import zxingcpp
from PIL import Image

from zegel.primitives.http import HttpResponse

_SCALE = 4  # pixels a module, as on a screen


def scan(page: HttpResponse) -> str:
    """The text of the one code on the page."""
    drawn = re.search(r'src="data:image/png;base64,([^"]+)"', page.body.decode())
    assert drawn is not None, "no code on the page"
    picture = Image.open(BytesIO(b64decode(drawn[1]))).convert("L")
    width, height = picture.size
    shown = picture.resize((_SCALE * width, _SCALE * height), Image.Resampling.NEAREST)
    (found,) = zxingcpp.read_barcodes(shown)
    return found.text
