"""Forms with a file and without are read by one function."""

import pytest
from zegel_testing.uploads import multipart_body

from zegel.errors import Malformed
from zegel.primitives.http import FORM, HttpRequest
from zegel.web.upload import read_form


def posted(body: bytes, content_type: str | None) -> HttpRequest:
    headers = () if content_type is None else (("content-type", content_type),)
    return HttpRequest(method="POST", url="http://wallet.localhost/", headers=headers, body=body)


def test_a_form_with_a_file_is_read() -> None:
    content_type, body = multipart_body({"csrf": "token"}, {"picture": b"\x89PNG"})
    form = read_form(posted(body, content_type))
    assert (form.fields, form.files) == ({"csrf": "token"}, {"picture": b"\x89PNG"})


def test_a_form_without_one_is_read() -> None:
    form = read_form(posted(b"csrf=token", FORM))
    assert (form.fields, form.files) == ({"csrf": "token"}, {})


@pytest.mark.parametrize("content_type", [None, "text/plain", "multipart/mixed; boundary=x"])
def test_another_body_is_no_form(content_type: str | None) -> None:
    with pytest.raises(Malformed):
        read_form(posted(b"csrf=token", content_type))
