"""What stands in an argument can be read by every user of the machine; what comes on stdin cannot."""

import io

import pytest

from zegel.cli.input import read_argument
from zegel.errors import Malformed


def test_an_argument_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("not read"))
    assert read_argument("openid4vp://?x=1", max_length=5, what="link") == "openid4vp://?x=1"


def test_a_hyphen_is_the_next_line_of_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("haip-vci://?x=1\r\n123456\nrest"))
    assert read_argument("-", max_length=15, what="link") == "haip-vci://?x=1"
    assert read_argument("-", max_length=6, what="transaction code") == "123456"


def test_bytes_that_are_no_text_are_malformed_and_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"openid4vp://\xff\n"), encoding="utf-8"))
    with pytest.raises(Malformed, match="expected text on stdin"):
        read_argument("-", max_length=100, what="link")


@pytest.mark.parametrize("given", ["", "\n", "1234567\n", "12345678", "1" * 100])
def test_a_line_that_is_missing_or_too_long_is_malformed_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    with pytest.raises(Malformed) as caught:
        read_argument("-", max_length=6, what="transaction code")
    assert "1" not in str(caught.value)
