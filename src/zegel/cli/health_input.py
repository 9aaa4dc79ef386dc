"""What a command reads a health certificate from: the text of its code, or a picture or a document that shows it."""

import asyncio
from typing import Final

from zegel.adapters.code_reader import PictureCodeReader
from zegel.adapters.picture_bounds import MAX_FILE
from zegel.cli.input import read_input
from zegel.errors import Malformed
from zegel.formats.hcert.code import PREFIX
from zegel.formats.hcert.layers import WHAT
from zegel.services.health import health_codes

_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"%PDF-")  # a picture is read in a process of its own


def read_code(argument: str) -> bytes:
    """The text of a code: the argument itself, or what is in the file that it names, which may be a picture of it.

    ``Malformed`` for a picture with none, or with several: which one is judged must not be a guess.
    """
    text = argument.encode(errors="replace")
    if text.startswith(PREFIX):
        return text
    return code_in(read_input(argument, max_bytes=MAX_FILE, what=WHAT))


def code_in(data: bytes) -> bytes:
    """The same of what is in a file."""
    if not shows_codes(data):
        return data.rstrip(b"\r\n")
    codes = health_codes(asyncio.run(PictureCodeReader().read(data)))
    if len(codes) > 1:
        raise Malformed("picture", "", f"expected the code of one health certificate, got {len(codes)}")
    return codes[0].encode()


def shows_codes(data: bytes) -> bool:
    """Whether it is a picture or a document, in which a code may be."""
    return data.startswith(_PICTURES)
