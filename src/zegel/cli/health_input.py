"""What a command reads a health certificate from: the text of its code, or a picture or a document that shows it."""

import asyncio
from codecs import BOM_UTF8
from typing import Final

from zegel.adapters.code_reader import PictureCodeReader
from zegel.adapters.picture_bounds import MAX_FILE
from zegel.cli.input import read_input
from zegel.errors import Malformed
from zegel.formats.hcert.code import PREFIX
from zegel.formats.hcert.layers import WHAT
from zegel.services.health import health_codes, pasted_code

_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"%PDF-")  # a picture is read in a process of its own


def read_code(argument: str) -> bytes:
    """The text of a code: the argument itself, or what is in the file that it names, which may be a picture of it.

    What begins as a code is one, in small letters too, which are refused as those of a code. ``Malformed`` for a
    picture with none, or with several: which one is judged must not be a guess.
    """
    text = pasted_code(argument).encode(errors="replace")
    if text[: len(PREFIX)].upper() == PREFIX:
        return text
    return code_in(read_input(argument, max_bytes=MAX_FILE, what=WHAT))


def code_in(data: bytes) -> bytes:
    """The same of what is in a file, without a mark of UTF-8 and what stands around it, as ``pasted_code``."""
    if not shows_codes(data):
        return data.removeprefix(BOM_UTF8).strip()
    codes = health_codes(asyncio.run(PictureCodeReader().read(data)))
    if len(codes) > 1:
        raise Malformed("picture", "", f"expected the code of one health certificate, got {len(codes)}")
    return codes[0].encode()


def shows_codes(data: bytes) -> bool:
    """Whether it is a picture or a document, in which a code may be."""
    return data.startswith(_PICTURES)
