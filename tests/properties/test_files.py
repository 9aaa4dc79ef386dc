"""Files of which nobody says what they are: whatever the bytes, they are parsed or malformed."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.relying_party import COPIES

from zegel.errors import Malformed
from zegel.formats.credential import Format
from zegel.formats.detect import parse_any

GOOD = [copy.data for copy in COPIES.values()]


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xa2", b"\xa3gversion", b"a.b.c~", b"e30.e30.e30~"]))
def test_bytes_are_parsed_or_malformed(data: bytes, prefix: bytes) -> None:
    with suppress(Malformed):
        parse_any(prefix + data)


@given(st.sampled_from(GOOD), st.data())
def test_a_credential_with_a_changed_byte_is_parsed_or_malformed(credential: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(credential) - 1))
    byte = data.draw(st.integers(0, 255))
    with suppress(Malformed):
        parse_any(credential[:at] + bytes([byte]) + credential[at + 1 :])


@given(st.sampled_from(list(Format)), st.data())
def test_a_credential_that_ends_early_is_parsed_or_malformed(format_: Format, data: st.DataObject) -> None:
    credential = COPIES[format_].data
    with suppress(Malformed):
        parse_any(credential[: data.draw(st.integers(0, len(credential) - 1))])
