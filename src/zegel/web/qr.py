"""Codes to scan, drawn in a thread: a picture takes ten milliseconds, in which a loop answers fifty requests."""

import asyncio
import re
from typing import Final

import zxingcpp

from zegel.primitives.encoding import base64

_SIZE: Final = re.compile(r'width="(\d+)" height="(\d+)"')


async def draw_qr(text: str) -> str:
    """The text as a QR code, for the ``src`` of an image."""
    return await asyncio.to_thread(_draw, text)


def _draw(text: str) -> str:
    # Level M: a seventh of the code may be dirt or glare, and a link of 300 characters is still coarse enough to scan.
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    # With a view box instead of a size, the picture grows with the page.
    scalable = _SIZE.sub(r'viewBox="0 0 \1 \2"', str(barcode.to_svg(add_quiet_zones=True)), count=1)
    return "data:image/svg+xml;base64," + base64(scalable.encode())
