"""The limits of bytes, JSON, CBOR, keys and signatures."""

from collections.abc import Mapping
from typing import Final

from zegel_testing.crls import crl_of
from zegel_testing.uploads import multipart_body

from zegel.primitives.cbor import encode_cbor, parse_cbor, parse_text_keyed
from zegel.primitives.cose import parse_sign1
from zegel.primitives.crl import parse_crl
from zegel.primitives.encoding import base64url
from zegel.primitives.http import origin_of, parse_form
from zegel.primitives.json import encode_json, parse_json
from zegel.primitives.json_members import split_object
from zegel.primitives.jws import parse_jws
from zegel.primitives.languages import MAX_ACCEPTED, accepted_languages
from zegel.primitives.multipart import parse_multipart
from zegel.primitives.times import parse_numeric_date
from zegel.primitives.x509 import parse_certificate
from zegel_limits.pair import Pair


def _header(characters: int) -> str:
    """A JWS whose header is so long in base64url, or the next length that there is."""
    size = -(-characters * 3 // 4)
    shell = len(encode_json({"alg": "ES256", "x": ""}))
    return f"{base64url(encode_json({'alg': 'ES256', 'x': 'x' * (size - shell)}))}.{base64url(b'{}')}.AAAA"


def _labels(items: int) -> object:
    """A COSE_Sign1 whose protected header has so many items: five, and those of an array."""
    header = {1: -7, "x": ["four"] * (items - 5)}
    return parse_sign1([encode_cbor(header), {}, b"payload", bytes(64)], what="test")


def _chain(count: int) -> object:
    header = {"alg": "ES256", "x5c": ["AAAA"] * count}
    return parse_jws(f"{base64url(encode_json(header))}.{base64url(b'{}')}.AAAA", what="test")


def _split(text: bytes) -> object:
    """An object, which is not whole where it has more in it than is looked through."""
    split = split_object(text, ["id"])
    if not split.whole:
        raise ValueError("expected a whole object")
    return split


def _revoked(count: int) -> object:
    """A list of so many, whose entries are the same bytes but for their numbers."""
    return parse_crl(crl_of(count))


def _parts(fields: dict[str, str]) -> object:
    content_type, body = multipart_body(fields, {})
    return parse_multipart(body, content_type=content_type)


def _accepted(length: int) -> object:
    """A header of browsers that is so long; a longer one asks for nothing."""
    read = accepted_languages("de".ljust(length))
    if not read:
        raise ValueError(f"expected at most {MAX_ACCEPTED} characters")
    return read


PRIMITIVES: Final[Mapping[str, Pair]] = {
    "zegel.primitives.json.MAX_BYTES": Pair(lambda n: parse_json(b'"' + b"a" * (n - 2) + b'"', what="test")),
    "zegel.primitives.json.MAX_DEPTH": Pair(lambda n: parse_json(b"[" * n + b"]" * n, what="test")),
    "zegel.primitives.json._MAX_CONTAINERS": Pair(
        lambda n: parse_json(b"[" + b",".join([b"[]"] * (n - 1)) + b"]", what="test")
    ),
    # so many commas, and one value more
    "zegel.primitives.json._MAX_VALUES": Pair(lambda n: parse_json(b"[" + b"1," * n + b"1]", what="test")),
    "zegel.primitives.json._MAX_DIGITS": Pair(lambda n: parse_json(b"1" * n, what="test")),
    "zegel.primitives.json_members.MAX_MEMBERS": Pair(
        lambda n: _split(b"{" + b",".join([b'"":0'] * n) + b"}"), ValueError, says="whole"
    ),
    "zegel.primitives.json_members.MAX_MARKS": Pair(
        lambda n: _split(b'{"a":[' + b'"",' * (n - 2) + b"]}"), ValueError, says="whole"
    ),
    "zegel.primitives.cbor.MAX_BYTES": Pair(lambda n: parse_cbor(encode_cbor(bytes(n - 5)), what="test")),
    "zegel.primitives.cbor.MAX_DEPTH": Pair(
        lambda n: parse_cbor(b"\x81" * n + b"\x00", what="test"), says="expected CBOR"
    ),
    "zegel.primitives.cbor.MAX_ITEMS": Pair(lambda n: parse_cbor(encode_cbor(["four"] * (n - 1)), what="test")),
    "zegel.primitives.cbor.MAX_TEXT_KEYED_ITEMS": Pair(
        lambda n: parse_text_keyed([encode_cbor({"a": ["four"] * (n - 5)})], what="test")
    ),
    "zegel.primitives.cose._MAX_HEADER_ITEMS": Pair(_labels),
    "zegel.primitives.http.MAX_FIELDS": Pair(
        lambda n: parse_form("&".join(f"a{at}=1" for at in range(n)).encode(), what="test")
    ),
    "zegel.primitives.http.MAX_FORM": Pair(lambda n: parse_form(b"a=" + b"x" * (n - 2), what="test")),
    "zegel.primitives.http._MAX_ESCAPES": Pair(lambda n: parse_form(b"a=" + b"%20" * n, what="test")),
    "zegel.primitives.http.MAX_URL": Pair(
        lambda n: origin_of("https://a.example/".ljust(n, "x"), what="test"), says="URL"
    ),
    "zegel.primitives.languages.MAX_ACCEPTED": Pair(_accepted, refused=ValueError),
    "zegel.primitives.multipart.MAX_PARTS": Pair(lambda n: _parts({f"a{at}": "1" for at in range(n)})),
    "zegel.primitives.multipart.MAX_FIELD": Pair(lambda n: _parts({"a": "x" * n})),
    "zegel.primitives.jws._MAX_HEADER": Pair(lambda n: parse_jws(_header(n), what="test")),
    "zegel.primitives.jws.MAX_CHAIN": Pair(_chain),
    "zegel.primitives.crl.MAX_CRL": Pair(lambda n: parse_crl(bytes(n)), filler=True),
    "zegel.primitives.crl.MAX_REVOKED": Pair(_revoked),
    "zegel.primitives.times._LATEST": Pair(
        lambda n: parse_numeric_date(n, what="test", where="exp"), says="seconds since the epoch"
    ),
    "zegel.primitives.x509.MAX_CERTIFICATE": Pair(lambda n: parse_certificate(bytes(n)), filler=True),
}
