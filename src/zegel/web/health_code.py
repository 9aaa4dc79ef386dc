"""The code of a health certificate, as somebody brings it to a page: a picture of it, or the text."""

from typing import Final

from zegel.errors import Malformed
from zegel.primitives.multipart import MultipartForm
from zegel.services.health import health_codes, pasted_code
from zegel.services.ports import CodeReader

PICTURE: Final = "picture"
CODE: Final = "code"


async def read_health_code(form: MultipartForm, codes: CodeReader) -> bytes:
    """The one code of the field ``picture``, else the field ``code``; ``Malformed`` for a picture without one."""
    picture = form.files.get(PICTURE)
    if not picture:
        return pasted_code(form.fields.get(CODE, "")).encode()
    found = health_codes(await codes.read(picture))
    if len(found) != 1:
        raise Malformed("picture", "", f"expected one code of a health certificate, got {len(found)}")
    return found[0].encode()
