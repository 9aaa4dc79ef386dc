"""A file of which nobody says what it is: told apart by its bytes."""

import pytest
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.relying_party import Asked, issue

from zegel.errors import Malformed
from zegel.formats.credential import Format
from zegel.formats.detect import parse_any
from zegel.formats.mdoc.parse import UnverifiedDeviceResponse, UnverifiedIssuerSigned
from zegel.formats.sdjwt.parse import UnverifiedSdJwt
from zegel.primitives.cbor import encode_cbor
from zegel.primitives.encoding import base64url, parse_base64url

SDJWT, MDOC = issue(Format.SD_JWT_VC), issue(Format.MDOC)
ASKED = Asked(
    {
        "nonce": "n",
        "client_id": "c",
        "response_uri": "r",
        "client_metadata": {},
        "dcql_query": {"credentials": [{"format": "mso_mdoc"}]},
    }
)
PRESENTED_MDOC = parse_base64url(ASKED.present(MDOC), what="presentation")


@pytest.mark.parametrize("around", [(b"", b""), (b"", b"\n"), (b"\n ", b"\r\n"), (b"\t", b"")])
def test_an_sd_jwt_is_known_by_its_tildes(around: tuple[bytes, bytes]) -> None:
    for data in (SDJWT.data, ASKED.present(SDJWT).encode()):
        assert isinstance(parse_any(around[0] + data + around[1]), UnverifiedSdJwt)


@pytest.mark.parametrize(
    ("data", "kind"), [(MDOC.data, UnverifiedIssuerSigned), (PRESENTED_MDOC, UnverifiedDeviceResponse)]
)
def test_an_mdoc_is_known_in_cbor_and_in_base64url(data: bytes, kind: type) -> None:
    assert isinstance(parse_any(data), kind)
    assert isinstance(parse_any(base64url(data).encode()), kind)
    assert isinstance(parse_any(b" " + base64url(data).encode() + b"\n"), kind)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"\n",
        b"~",
        b"nonsense",
        b"a.b.c",
        b"a.b.c~",
        b"{}",
        b"\xa0",
        b"\xbf\xff",
        b"\xd8\x18\x40",
        b"\x00",
        b"\xff" * 10,
        SDJWT.data[:-40],
        MDOC.data[:-1],
        MDOC.data + b"\x00",
        PRESENTED_MDOC[:-1],
        base64url(MDOC.data).encode() + b"=",
        encode_cbor({"issuerAuth": 7}),
        encode_cbor({"documents": []}),
        encode_cbor([1, 2]),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_anything_else_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_any(data)


@pytest.mark.parametrize(
    "data",
    [
        b"~" * 4_000_000,
        b"A" * 4_000_000,
        b"\xa1" * 4_000_000,
        b"\xbf" * 1_000_000,
        b" " * 4_000_000,
        b"{" * 1_000_000 + b"~",
        b"\xb9\xff\xff" + b"\x60\x80" * 65_535,
    ],
    ids=lambda data: repr(data[:8]),
)
def test_hostile_bytes_are_malformed_at_once(data: bytes) -> None:
    assert_malformed_cheaply(lambda: parse_any(data))
