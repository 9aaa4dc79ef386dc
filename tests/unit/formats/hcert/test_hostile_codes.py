"""Codes that nobody issues in good faith: refused with the reason, within 50 ms and 10 MB."""

import gzip
import zlib
from dataclasses import replace
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from zegel_testing.authorities import DAY, NOW
from zegel_testing.health import Health, code_of, payload
from zegel_testing.limits import assert_malformed_cheaply, assert_soon

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import parse_health_certificate, verify_health_certificate
from zegel.formats.hcert.code import MAX_CODE, PREFIX, to_be_signed
from zegel.formats.hcert.keys import Algorithm, DocumentSigners, parse_signer
from zegel.formats.hcert.lists import MAX_SIGNERS
from zegel.primitives.base45 import encode_base45
from zegel.primitives.cbor import Tag, encode_byte_string, encode_cbor

UTOPIA = Health()
KID = UTOPIA.signer.kid
SIGNED = UTOPIA.cose(payload(**{"is": "X" * 80}))  # of a size that certificates have
CODE = code_of(SIGNED)
STREAM = zlib.compress(SIGNED)
ROOM = (MAX_CODE - len(PREFIX)) // 3 * 2  # bytes that a code has room for


def based(data: bytes) -> bytes:
    return PREFIX + encode_base45(data).encode()


def deflated(data: bytes, **settings: Any) -> bytes:
    squeezed = zlib.compressobj(**settings)
    return squeezed.compress(data) + squeezed.flush()


def cose(protected: bytes, unprotected: bytes, inner: bytes) -> bytes:
    """Signed as it is, however badly it is encoded."""
    signature = UTOPIA.sign(to_be_signed(protected, inner))
    parts = (encode_byte_string(protected), unprotected, encode_byte_string(inner), encode_byte_string(signature))
    return code_of(b"\xd2\x84" + b"".join(parts))


HEADER = encode_cbor({1: -7, 4: KID})
END, BEGIN = encode_cbor({4: NOW + DAY})[1:], encode_cbor({6: NOW})[1:]
ISSUER, HCERT = b"\x01\x62UT", encode_cbor({-260: {1: payload()}})[1:]
CLAIMS = b"\xa4" + ISSUER + END + BEGIN + HCERT


def said(claims: bytes) -> bytes:
    return cose(HEADER, b"\xa0", claims)


def headed(protected: bytes, unprotected: bytes = b"\xa0") -> bytes:
    return cose(protected, unprotected, CLAIMS)


def certified(encoded: bytes) -> bytes:
    """The claims, with something else for the certificate."""
    return said(b"\xa4" + ISSUER + END + BEGIN + b"\x39\x01\x03\xa1\x01" + encoded)


def keyed(*keys: bytes) -> bytes:
    """A map of so many keys."""
    return b"\xb9" + len(keys).to_bytes(2) + b"".join(key + b"\x00" for key in keys)


BOMB = deflated(bytes(2_900_000), level=9)
TEXT = encode_cbor(payload())
NUMBERS = [b"\x1a" + number.to_bytes(4) for number in range(1 << 16, (1 << 16) + 10_000)]
COLLIDING = [b"\x1b" + (number * ((1 << 61) - 1)).to_bytes(8) for number in range(1, 8)]  # one hash in Python

OF_THE_TEXT = {
    "a bomb as large as a code can be": (based(BOMB), "compression"),
    "a bomb within a bomb": (based(deflated(BOMB)), ""),
    "a stream that begins with a dictionary": (based(deflated(SIGNED, zdict=SIGNED[:64])), "compression"),
    "two streams": (based(zlib.compress(SIGNED) * 2), "compression"),
    "something behind the stream": (based(zlib.compress(SIGNED) + b"\x00"), "compression"),
    "a stream without its end": (based(zlib.compress(SIGNED)[:-1]), "compression"),
    "a stream with another checksum": (based(STREAM[:-1] + bytes([STREAM[-1] ^ 1])), "compression"),
    "deflated without a head": (based(deflated(SIGNED, wbits=-15)), "compression"),
    "gzip": (based(gzip.compress(SIGNED)), "compression"),
    "an empty stream": (based(zlib.compress(b"")), ""),
    "nothing but the prefix": (PREFIX, "compression"),
    "the prefix twice": (PREFIX + CODE, ""),
    "a group beyond two bytes": (CODE[:7] + b":::" + CODE[10:], ""),
    "groups beyond two bytes, as many as there are": (PREFIX + b":" * (MAX_CODE - 6), ""),
    "a last pair beyond one byte": (CODE[: 4 + (len(CODE) - 4) // 3 * 3] + b"::", ""),
    "the first group that no bytes have": (PREFIX + b"GGW" + CODE[7:], ""),
    "small letters": (CODE.lower().replace(b"hc1", b"HC1"), "character"),
    "a line's end": (CODE + b"\n", "character"),
    "a null": (CODE[:100] + b"\x00" + CODE[101:], "character 97"),
    "letters that look alike": (CODE[:100] + "А".encode() + CODE[102:], "character 97"),
    "no text": (bytes(range(256)), "prefix"),
}

OF_COSE = {
    "arrays within arrays": b"\x81" * 16_000,
    "maps within maps": b"\xa1\x00" * 8_000,
    "tags within tags": b"\xd2" * 16_000,
    "the two tags again and again": b"\xd8\x3d\xd2" * 5_000 + SIGNED,
    "an array of a million, of which there are three": b"\x9a\x00\x0f\x42\x40" + b"\x00" * 3,
    "bytes that are promised alone": b"\x84\x5b" + b"\x7f" + b"\xff" * 7,
    "an indefinite array": b"\xd2\x9f" + SIGNED[2:] + b"\xff",
    "indefinite bytes": b"\xd2\x84\x5f" + encode_byte_string(HEADER) + b"\xff\xa0\x40\x40",
    "the payload as an item in bytes": encode_cbor(Tag(18, [HEADER, {}, Tag(24, CLAIMS), bytes(64)])),
    "no payload": encode_cbor(Tag(18, [HEADER, {}, None, bytes(64)])),
    "a payload that is a map": encode_cbor(Tag(18, [HEADER, {}, {1: "UT"}, bytes(64)])),
    "for many signers": encode_cbor(Tag(98, [HEADER, {}, CLAIMS, [[HEADER, {}, bytes(64)]]])),
    "under a key that is shared": encode_cbor(Tag(17, [HEADER, {}, CLAIMS, bytes(32)])),
    "a signature that is a text": SIGNED[:-66] + b"\x78" + SIGNED[-65:],
    "a signature that is cut off": SIGNED[:-1],
    "two of them": SIGNED * 2,
    "a null behind it": SIGNED + b"\x00",
    "a break behind it": SIGNED + b"\xff",
    "one tag more": b"\xd9\xd9\xf7" + SIGNED,
}

OF_HEADERS = {
    "ten thousand labels, signed": headed(keyed(*NUMBERS)[:15_000]),
    "a thousand labels, signed": headed(keyed(*NUMBERS[:1_100])),
    "ten thousand labels beside": headed(HEADER, keyed(*NUMBERS)[:15_000]),
    "an algorithm twice": headed(b"\xa3\x01\x26\x01\x26\x04\x48" + KID),
    "an algorithm twice, in two lengths": headed(b"\xa3\x01\x26\x18\x01\x38\x24\x04\x48" + KID),
    "an algorithm under a float": headed(b"\xa2\xf9\x3c\x00\x26\x04\x48" + KID),
    "a key under true": headed(b"\xa2\x01\x26\xf5\x48" + KID),
    "an algorithm that is a bignum": headed(b"\xa2\x01\xc3\x41\x06\x04\x48" + KID),
    "an algorithm under a float, beside": headed(b"\xa1\x04\x48" + KID, b"\xa1\xf9\x3c\x00\x26"),
    "a header that is an array": headed(b"\x82\x01\x26"),
    "a header and something behind it": headed(HEADER + b"\x00"),
    "a header of indefinite length": headed(b"\xbf\x01\x26\x04\x48" + KID + b"\xff"),
}

OF_NOBODY = {
    "labels of one hash": (headed(keyed(*COLLIDING), b"\xa0"), Check.ALGORITHM),
    "an algorithm of 64 bits": (headed(b"\xa2\x01\x3b" + b"\xff" * 8 + b"\x04\x48" + KID), Check.ALGORITHM),
    "nothing in either": (headed(b""), Check.ALGORITHM),
    "an empty map, and nothing beside": (headed(b"\xa0"), Check.ALGORITHM),
    "a key of a kilobyte": (headed(b"\xa2\x01\x26\x04\x59\x04\x00" + bytes(1_024)), Check.HEALTH_SIGNER),
    "a thousand critical labels": (
        headed(b"\xa3\x01\x26\x02\x99\x03\xe8" + b"\x19\x03\xe7" * 1_000 + b"\x04\x48" + KID),
        Check.CRITICAL_HEADER,
    ),
}

OF_CLAIMS = {
    "claims twice": said(b"\xa5" + ISSUER + END + END + BEGIN + HCERT),
    "a certificate twice": said(b"\xa5" + ISSUER + END + BEGIN + HCERT + HCERT),
    "an end under a float": said(b"\xa4" + ISSUER + b"\xf9\x44\x00" + END[1:] + BEGIN + HCERT),
    "an end under a text": said(b"\xa4" + ISSUER + b"\x614" + END[1:] + BEGIN + HCERT),
    "claims of indefinite length": said(b"\xbf" + CLAIMS[1:] + b"\xff"),
    "something behind the claims": said(CLAIMS + b"\x00"),
    "claims under the tag of a CWT": said(b"\xd8\x3d" + CLAIMS),
    "claims in bytes": said(encode_byte_string(CLAIMS)),
    "an end that is no number": said(b"\xa4" + ISSUER + b"\x04\xf9\x7e\x00" + BEGIN + HCERT),
    "an end without end": said(b"\xa4" + ISSUER + b"\x04\xfb\x7f\xf0" + bytes(6) + BEGIN + HCERT),
    "an end beyond all calendars": said(b"\xa4" + ISSUER + b"\x04\xfb\x7e\x37\xe4\x3c\x88\x00\x75\x9c" + BEGIN + HCERT),
    "a bignum for an end": said(b"\xa4" + ISSUER + b"\x04\xc2\x45\x01" + bytes(4) + BEGIN + HCERT),
    "a number of 64 bits below zero": said(b"\xa4" + ISSUER + b"\x04\x3b" + b"\xff" * 8 + BEGIN + HCERT),
    "an end under a tag": said(b"\xa4" + ISSUER + b"\x04\xc1" + END[1:] + BEGIN + HCERT),
    "an end that is true": said(b"\xa4" + ISSUER + b"\x04\xf5" + BEGIN + HCERT),
    "an issuer that is null": said(b"\xa4\x01\xf6" + END + BEGIN + HCERT),
    "an issuer that is no UTF-8": said(b"\xa4\x01\x62\xc3\x28" + END + BEGIN + HCERT),
    "half of a character": said(b"\xa4\x01\x63\xed\xa0\x80" + END + BEGIN + HCERT),
    "a certificate under a text": said(b"\xa4" + ISSUER + END + BEGIN + b"\x39\x01\x03\xa1\x611" + TEXT),
    "a certificate under true": said(b"\xa4" + ISSUER + END + BEGIN + b"\x39\x01\x03\xa1\xf5" + TEXT),
    "a certificate in bytes": certified(encode_byte_string(TEXT)),
    "a certificate under a tag": certified(b"\xd8\x18" + encode_byte_string(TEXT)),
    "a member twice": certified(b"\xa5\x63ver\x651.3.0" + TEXT[1:]),
    "a member twice, deep within": certified(TEXT.replace(b"\xaa\x62tg", b"\xab\x62tg\x61x\x62tg")),
    "a certificate within certificates": certified(b"\xa1\x61v\x81" * 3_000 + b"\x00"),
    "a dose of indefinite length": certified(TEXT.replace(b"\x81\xaa", b"\x9f\xaa") + b"\xff"),
    "text of indefinite length": certified(TEXT.replace(b"\x651.3.0", b"\x7f\x651.3.0\xff")),
    "a dose that is a bignum": certified(TEXT.replace(b"\x62dn\x02", b"\x62dn\xc2\x41\x02")),
    "a map that is a key": certified(b"\xa1\xa1\x01\x02" + TEXT),
    "a date that is a float": certified(encode_cbor(payload(dt=1.5))),
}


@pytest.mark.parametrize(("text", "where"), OF_THE_TEXT.values(), ids=OF_THE_TEXT)
def test_a_text_that_opens_badly_is_malformed(text: bytes, where: str) -> None:
    assert len(text) <= MAX_CODE
    with pytest.raises(Malformed) as refusal:
        parse_health_certificate(text)
    assert refusal.value.where.startswith(where)
    assert refusal.value.detail
    assert_malformed_cheaply(lambda: parse_health_certificate(text))


@pytest.mark.parametrize("signed", OF_COSE.values(), ids=OF_COSE)
def test_what_is_no_signed_message_is_malformed(signed: bytes) -> None:
    assert_malformed_cheaply(lambda: parse_health_certificate(code_of(signed)))


@pytest.mark.parametrize("text", [*OF_HEADERS.values(), *OF_CLAIMS.values()], ids=[*OF_HEADERS, *OF_CLAIMS])
def test_what_is_signed_and_no_certificate_is_malformed(text: bytes) -> None:
    assert_malformed_cheaply(lambda: parse_health_certificate(text))


@pytest.mark.parametrize(("text", "check"), OF_NOBODY.values(), ids=OF_NOBODY)
def test_a_header_that_no_signer_wrote_is_rejected(text: bytes, check: Check) -> None:
    with pytest.raises(Rejected) as refusal:
        verify_health_certificate(parse_health_certificate(text), signers=UTOPIA.signers, now=NOW)
    assert refusal.value.check is check
    assert_soon(lambda: parse_health_certificate(text))


def test_what_they_are_made_of_is_good() -> None:
    """Each of them is one change away from what is taken."""
    for good in (CODE, said(CLAIMS), headed(HEADER), certified(TEXT), code_of(SIGNED)):
        parsed = parse_health_certificate(good)
        verify_health_certificate(parsed, signers=UTOPIA.signers, now=NOW)


@pytest.mark.parametrize(
    ("protected", "unprotected"),
    [
        (HEADER, b"\xa1\x01\x38\x24"),  # another algorithm beside
        (HEADER, b"\xa1\x04\x48" + bytes(8)),  # another key beside
        (HEADER, b"\xa2\x01\x26\x04\x48" + KID),  # the same again
        (HEADER, keyed(*NUMBERS[:100])),
        (b"\xa1\x04\x48" + KID, b"\xa1\x01\x26"),  # the algorithm only beside
        (b"\xa0", b"\xa2\x01\x26\x04\x48" + KID),
        (b"\xa3\x01\x26\x04\x48" + KID + b"\x18\x64\xf6", b"\xa0"),  # a label that nobody knows
    ],
)
def test_what_is_signed_counts_and_what_is_not_says_nothing_else(protected: bytes, unprotected: bytes) -> None:
    parsed = parse_health_certificate(headed(protected, unprotected))
    assert (int(parsed.algorithm), parsed.kid) == (-7, KID)
    verify_health_certificate(parsed, signers=UTOPIA.signers, now=NOW)


def test_what_is_not_signed_does_not_change_the_algorithm_of_a_key() -> None:
    parsed = parse_health_certificate(headed(b"\xa1\x04\x48" + KID, b"\xa1\x01\x38\x24"))
    with pytest.raises(Rejected) as refusal:
        verify_health_certificate(parsed, signers=UTOPIA.signers, now=NOW)
    assert refusal.value.check is Check.SIGNATURE


@pytest.mark.parametrize("size", [0, 1, 63, 65, 70, 72, 128, 1_000])
def test_a_signature_of_another_length_is_none(size: int) -> None:
    text = code_of(encode_cbor(Tag(18, [HEADER, {}, CLAIMS, b"\x01" * size])))
    with pytest.raises(Rejected) as refusal:
        verify_health_certificate(parse_health_certificate(text), signers=UTOPIA.signers, now=NOW)
    assert refusal.value.check is Check.SIGNATURE


def test_however_many_signers_share_an_identifier_none_of_them_signed_this() -> None:
    others = [parse_signer(Health(name=str(number)).der, kid=KID) for number in range(32)]
    with pytest.raises(Rejected) as refusal:
        verify_health_certificate(parse_health_certificate(CODE), signers=DocumentSigners(others), now=NOW)
    assert refusal.value.check is Check.SIGNATURE
    assert refusal.value.field == "signature"
    assert_soon(lambda: DocumentSigners(others * 63))
    last = DocumentSigners([*others * 62, UTOPIA.signer])  # two thousand, which is all that a list may have
    assert verify_health_certificate(parse_health_certificate(CODE), signers=last, now=NOW).signer == UTOPIA.signer


def test_each_of_two_thousand_keys_of_one_identifier_is_tried_once() -> None:
    """Which is the bound of a verification: as many as are trusted under the identifier that is named."""
    tried: list[bytes] = []

    class Key:
        key_size = 256

        def verify(self, signature: bytes, *_: object) -> None:
            tried.append(signature)
            raise InvalidSignature

    listed = [replace(UTOPIA.signer, key=Key()) for _ in range(MAX_SIGNERS)]
    unknown = replace(UTOPIA.signer, kid=b"another", key=Key())
    rsa_only = replace(UTOPIA.signer, algorithm=Algorithm.PS256, key=Key())
    signers = DocumentSigners([*listed, unknown, rsa_only])
    with pytest.raises(Rejected):
        verify_health_certificate(parse_health_certificate(CODE), signers=signers, now=NOW)
    assert len(tried) == MAX_SIGNERS
