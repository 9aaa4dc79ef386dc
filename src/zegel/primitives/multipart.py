"""Forms with a file (RFC 7578): fields that are text, and files that are bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, final

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from zegel.errors import Malformed

MULTIPART: Final = "multipart/form-data"
MAX_PARTS: Final = 16  # a form with a file has five fields
MAX_FIELD: Final = 1 << 16  # bytes of a field that is no file; the text of a code has four thousand
_BOUNDARY: Final = re.compile(r'.*;\s*boundary="?([0-9A-Za-z\'()+_,./:=? -]{0,69}[0-9A-Za-z\'()+_,./:=?-])"?\s*')


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartForm:
    """What a form brought, by the names of its fields. A file that was not chosen is empty."""

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def parse_multipart(body: bytes, *, content_type: str) -> MultipartForm:
    """Parse a body of ``multipart/form-data``, each name once; ``Malformed`` otherwise. Names of files are dropped.

    RFC 2046 section 5.1.1 has the grammar of the boundary.
    """
    boundary = _BOUNDARY.fullmatch(content_type)
    if boundary is None:
        raise Malformed("form", "content-type", "expected a boundary")
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    try:
        with PushMultipartParser(boundary[1], max_segment_count=MAX_PARTS, strict=True) as parser:
            part = MultipartSegment([])
            value = bytearray()
            for event in parser.parse(body):
                if isinstance(event, MultipartSegment):
                    part, value = event, bytearray()
                elif event is not None:
                    value += event
                else:
                    _put(part, bytes(value), fields, files)
    except MultipartError:
        raise Malformed("form", "", f"expected multipart/form-data of at most {MAX_PARTS} parts") from None
    return MultipartForm(fields=fields, files=files)


def _put(part: MultipartSegment, value: bytes, fields: dict[str, str], files: dict[str, bytes]) -> None:
    name = part.name
    if name in fields or name in files:
        raise Malformed("form", name[:64], "expected each field once")
    if part.filename is not None:
        files[name] = value
        return
    if len(value) > MAX_FIELD:
        raise Malformed("form", name[:64], f"expected at most {MAX_FIELD} bytes")
    try:
        fields[name] = value.decode()
    except UnicodeDecodeError:
        raise Malformed("form", name[:64], "expected UTF-8") from None
