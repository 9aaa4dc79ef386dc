"""Pictures and documents with codes in them, as people have them, and as nobody should."""

import json
import struct
import zlib
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image

FOLDER = Path(__file__).parents[2] / "vectors" / "dcc-pictures"


def vector(country: str) -> dict[str, Any]:
    """The certificate of a country's test person: ``2DCODE``, ``PREFIX`` and the rest."""
    read: dict[str, Any] = json.loads((FOLDER / f"{country.lower()}-1.json").read_text())
    return read


def vector_picture(country: str) -> bytes:
    """Its code, as a PNG."""
    return b64decode(vector(country)["2DCODE"])


def drawn(text: str) -> Image.Image:
    """A text as a code."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return Image.fromarray(barcode.to_image(scale=4, add_quiet_zones=True))


def saved(picture: Image.Image, kind: str, *more: Image.Image) -> bytes:
    """A picture as a file; a PDF may have further pages."""
    file = BytesIO()
    pages: dict[str, Any] = {"save_all": True, "append_images": more} if kind == "PDF" else {}
    picture.save(file, kind, **pages)
    return file.getvalue()


def blank(width: int, height: int) -> Image.Image:
    """Paper."""
    return Image.new("L", (width, height), "white")


def film_of(text: str) -> bytes:
    """What a camera sees before which somebody holds the code of a text, as Chromium plays it (MJPEG)."""
    scene = blank(1280, 720)
    scene.paste(drawn(text).resize((640, 640), Image.Resampling.NEAREST), (320, 40))
    return saved(scene.convert("RGB"), "JPEG")


def promised(width: int, height: int) -> bytes:
    """A PNG of some bytes that says it had so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1_000))), (b"IEND", b""))
    )
