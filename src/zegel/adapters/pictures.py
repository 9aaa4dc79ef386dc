"""The codes in a picture or a document, read by a process that does nothing else.

``python -m zegel.adapters.pictures SECONDS`` takes a PNG, a JPEG or a PDF on stdin, and answers with JSON on stdout:
``codes``, or ``refused`` with what was expected. Decoders are what hostile files are made for: this process has no key,
and ends when it needs too much time or memory.
"""

import json
import resource
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

import pypdfium2
import zxingcpp
from PIL import Image

from zegel.adapters.picture_bounds import CPU_SECONDS, MAX_FILE

MAX_SHOT: Final = 120_000_000  # pixels of a JPEG before it is made smaller; telephones take 108 million
MAX_PIXELS: Final = 16_000_000  # that are looked at; a screen of 4K has half as many
MAX_PAGES: Final = 20  # of a PDF; a certificate has two
MEMORY: Final = 1 << 30  # bytes of address space, of which 400 MB are code and libraries
_ENOUGH: Final = (2_000, 2_000)  # pixels; a code of version 20 that fills a tenth of the picture has 6 a module
_DOTS: Final = 200  # an inch; a code of 3 cm has 240 for its 97 modules
_POINTS: Final = 72  # an inch (ISO 32000-1 section 8.3.2.3)
_TYPES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_PDF: Final = b"%PDF-"
_CODES: Final = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Aztec])


class RefusedError(ValueError):
    """No file that is read; the text says what was expected."""


def codes_in(data: bytes) -> tuple[str, ...]:
    """The texts of the QR and Aztec codes in a PNG, a JPEG or a PDF, each once; ``RefusedError`` for another file."""
    if len(data) > MAX_FILE:
        raise RefusedError(f"expected at most {MAX_FILE} bytes")
    if not data.startswith((*_TYPES, _PDF)):
        raise RefusedError("expected a PNG, a JPEG or a PDF")
    pictures = _pages(data) if data.startswith(_PDF) else iter((_picture(data),))
    found: dict[str, None] = {}
    for picture in pictures:
        read = zxingcpp.read_barcodes(picture, formats=_CODES, text_mode=zxingcpp.TextMode.Plain)
        found |= dict.fromkeys(code.text for code in read)
    return tuple(found)


def _picture(data: bytes) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # the limits below count before anything is decoded
    try:
        return _on_white(_within(Image.open(BytesIO(data), formats=("PNG", "JPEG"))))
    except RefusedError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError):  # what Pillow raises of broken files
        raise RefusedError("expected a whole PNG or JPEG") from None


def _within(picture: Image.Image) -> Image.Image:
    """The picture, of which no more than the head has been read; a JPEG is going to be decoded small."""
    if picture.width * picture.height > MAX_SHOT:
        raise RefusedError(f"expected at most {MAX_SHOT} pixels")
    picture.draft("L", _ENOUGH)  # in a half, a quarter or an eighth of its size
    if picture.width * picture.height > MAX_PIXELS:
        raise RefusedError(f"expected at most {MAX_PIXELS} pixels")
    return picture


def _on_white(picture: Image.Image) -> Image.Image:
    """Shades of grey; what is transparent is paper."""
    if not picture.has_transparency_data:
        return picture.convert("L")
    layered = picture.convert("RGBA")
    paper = Image.new("RGBA", layered.size, "white")
    paper.alpha_composite(layered)
    return paper.convert("L")


def _pages(data: bytes) -> Iterator[Image.Image]:
    try:
        document = pypdfium2.PdfDocument(data)
        if len(document) > MAX_PAGES:
            raise RefusedError(f"expected at most {MAX_PAGES} pages")
        for page in document:
            yield _page(page)
    except RefusedError:
        raise
    except (pypdfium2.PdfiumError, MemoryError, ValueError):
        raise RefusedError("expected a whole PDF that opens without a password") from None


def _page(page: Any) -> Image.Image:
    """A page as it is printed, or smaller where the page is larger than any paper."""
    width, height = page.get_size()
    dots = _DOTS / _POINTS
    scale = min(dots, (MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
    picture: Image.Image = page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil()
    return picture.convert("L")


def main() -> None:
    """Read the one file, and end, in no more seconds of a processor than whoever started it says."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no picture of a person is left on the disk
    try:
        answer: dict[str, Any] = {"codes": codes_in(sys.stdin.buffer.read(MAX_FILE + 1))}
    except RefusedError as error:
        answer = {"refused": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
