"""Forms with a file: what browsers send, and what they never do."""

import pytest

from zegel.errors import Malformed
from zegel.primitives.multipart import MAX_FIELD, MAX_PARTS, parse_multipart

TYPE = "multipart/form-data; boundary=----WebKitFormBoundaryX"


def part(name: str, value: bytes, more: str = "") -> bytes:
    return b'------WebKitFormBoundaryX\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (
        name.encode(),
        more.encode(),
        value,
    )


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"------WebKitFormBoundaryX--\r\n"


def test_fields_are_text_and_files_are_bytes() -> None:
    picture = bytes(range(256)) + b"\r\n--\r\n"
    form = parse_multipart(
        body(
            part("csrf", b"token"),
            part("text", "Zoë\r\n2".encode()),
            part("file", picture, '; filename="../a.png"\r\nContent-Type: image/png'),
        ),
        content_type=TYPE,
    )
    assert form.fields == {"csrf": "token", "text": "Zoë\r\n2"}
    assert form.files == {"file": picture}
    assert "PNG" not in repr(form)


def test_a_file_that_was_not_chosen_is_empty() -> None:
    form = parse_multipart(
        body(part("file", b"", '; filename=""\r\nContent-Type: application/octet-stream')), content_type=TYPE
    )
    assert form.files == {"file": b""}


@pytest.mark.parametrize("boundary", ["abc", '"abc"', "abc ; charset=utf-8"])
def test_the_boundary_may_be_quoted(boundary: str) -> None:
    sent = b'--abc\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--abc--\r\n'
    if ";" in boundary:
        with pytest.raises(Malformed):
            parse_multipart(sent, content_type=f"multipart/form-data; boundary={boundary}")
    else:
        assert parse_multipart(sent, content_type=f"multipart/form-data; boundary={boundary}").fields == {"a": "1"}


@pytest.mark.parametrize("type_", ["multipart/form-data", "multipart/form-data; boundary=", TYPE + "x" * 70])
def test_a_body_without_a_boundary_is_no_form(type_: str) -> None:
    with pytest.raises(Malformed, match="a boundary"):
        parse_multipart(body(part("a", b"1")), content_type=type_)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"a=1",
        body(part("a", b"1"))[:-8],
        body(part("a", b"1"), b"nothing"),
        body(b'------WebKitFormBoundaryX\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n'),
        body(b"------WebKitFormBoundaryX\r\n\r\n1\r\n"),
        body(part("a", b"1"), part("a", b"2")),
        body(part("a", b"1"), part("a", b"2", '; filename="x"')),
        body(part("a", b"\xff")),
        body(*[part(f"a{n}", b"1") for n in range(MAX_PARTS + 1)]),
        body(part("a", b"x" * (MAX_FIELD + 1))),
    ],
)
def test_what_no_browser_sends_is_malformed(sent: bytes) -> None:
    with pytest.raises(Malformed):
        parse_multipart(sent, content_type=TYPE)
