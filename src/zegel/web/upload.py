"""Forms that may bring a file: read as what they are sent as."""

from typing import Final

from zegel.adapters.picture_bounds import MAX_FILE
from zegel.primitives.http import HttpRequest, media_type
from zegel.primitives.multipart import MAX_FIELD, MULTIPART, MultipartForm, parse_multipart

MAX_UPLOAD: Final = MAX_FILE + MAX_FIELD  # a picture or a document, and the fields beside it
"""The ``max_body`` of a route that takes a file."""


def read_form(request: HttpRequest) -> MultipartForm:
    """The fields and files of a form, with files or without; ``Malformed`` for another body, or a field twice."""
    content_type = request.header("content-type")
    if content_type is None or media_type(content_type) != MULTIPART:
        return MultipartForm(fields=request.form())
    return parse_multipart(request.body, content_type=content_type)
