"""Codes as pictures to be printed: PNG, or a page of PDF."""

from io import BytesIO
from typing import Final, Literal

import zxingcpp
from PIL import Image

Form = Literal["png", "pdf"]
_LEVEL: Final = "Q"  # specification 1.0.5 section 4.2.2: a quarter of the code may be lost
_DOT: Final = 4  # pixels a module
_DPI: Final = 150.0


def draw_code(text: str, form: Form) -> bytes:
    """Draw a QR code with its quiet zone."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=_LEVEL)
    drawn = BytesIO()
    Image.fromarray(zxingcpp.write_barcode_to_image(barcode, scale=_DOT, add_quiet_zones=True)).save(
        drawn, format=form.upper(), **({"resolution": _DPI} if form == "pdf" else {})
    )
    return drawn.getvalue()
