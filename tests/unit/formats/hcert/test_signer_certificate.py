"""Certificates as some states have them: no strict DER, and read for key, usages and time all the same."""

from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate
from zegel_testing.authorities import DAY, NOW
from zegel_testing.health import TEST_USAGE, VACCINATION_USAGE, Health

from zegel.errors import Malformed
from zegel.formats.hcert.keys import parse_signer

UTOPIA = Health(VACCINATION_USAGE)
BEGUN = NOW - 400 * DAY
UT = b"\x55\x04\x06\x13\x02UT"


def der(tag: int, *parts: bytes) -> bytes:
    """A value with its head."""
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 0x80 else b"\x82" + len(body).to_bytes(2)
    return bytes([tag]) + size + body


def rebuilt(**parts: bytes) -> bytes:
    """Utopia's certificate with another encoding of some of its parts; nobody verifies its signature."""
    certificate = x509.Certificate.load(UTOPIA.der)
    names = [name for name, *_ in x509.TbsCertificate._fields]
    signed = [parts.get(name, certificate["tbs_certificate"][name].dump()) for name in names]
    rest = (certificate["signature_algorithm"].dump(), certificate["signature_value"].dump())
    return der(0x30, der(0x30, *signed), *rest)


def begins(tag: int, text: bytes) -> bytes:
    validity = x509.Certificate.load(UTOPIA.der)["tbs_certificate"]["validity"]
    return rebuilt(validity=der(0x30, der(tag, text), validity["not_after"].chosen.dump()))


def with_usages(*extensions: bytes) -> bytes:
    return rebuilt(extensions=der(0xA3, der(0x30, *extensions)))


def usages(*values: bytes) -> bytes:
    return der(0x30, b"\x06\x03\x55\x1d\x25", der(0x04, *values))


def key_in(encoded: bytes) -> bytes:
    return rebuilt(subject_public_key_info=encoded)


def refused(certificate: bytes) -> str:
    with pytest.raises(Malformed) as refusal:
        parse_signer(certificate)
    return refusal.value.where


WHOLE = UTOPIA.der[4:]  # behind the outermost head
ODD = {
    "a serial number below zero": rebuilt(serial_number=der(0x02, b"\xfb")),
    "a serial number of zero": rebuilt(serial_number=der(0x02, b"\x00")),
    "a serial number of fifty bytes": rebuilt(serial_number=der(0x02, b"\x01" * 50)),
    "a serial number that is longer than it has to be": rebuilt(serial_number=der(0x02, b"\x00\x00\x07")),
    "a version that there is not": rebuilt(version=b"\xa0\x03\x02\x01\x03"),
    "version 1, with extensions": rebuilt(version=b""),
    "a signature by an algorithm that nobody knows": rebuilt(signature=der(0x30, b"\x06\x04\x2a\x03\x04\x05")),
    "a length in more bytes than it has to have": b"\x30\x83" + len(WHOLE).to_bytes(3) + WHOLE,
    "an indefinite length": b"\x30\x80" + WHOLE + b"\x00\x00",
    "no issuer": rebuilt(issuer=b"\x30\x00"),
    "a default that is spelled out": with_usages(
        der(0x30, b"\x06\x03\x55\x1d\x13", b"\x01\x01\x00", der(0x04, b"\x30\x03\x01\x01\x00")),
        usages(der(0x30, b"\x06\x0b\x2b\x06\x01\x04\x01\x8e\x37\x8f\x65\x01\x02")),
    ),
}


@pytest.mark.parametrize("certificate", ODD.values(), ids=ODD)
def test_a_certificate_that_is_no_strict_der_is_read_whole(certificate: bytes) -> None:
    signer = parse_signer(certificate)
    assert signer.verifies(UTOPIA.sign(b"message"), b"message")
    assert (signer.usages, signer.country) == ({VACCINATION_USAGE}, "UT")
    assert (signer.not_before, signer.not_after) == (BEGUN, NOW + 400 * DAY)
    assert (signer.may_sign("v"), signer.may_sign("t")) == (True, False)


def test_what_the_strict_library_refuses_is_among_them() -> None:
    with pytest.raises(ValueError, match="ParseError"):
        load_der_x509_certificate(ODD["an indefinite length"])


@pytest.mark.parametrize(
    ("tag", "text", "seconds"),
    [
        (0x17, b"2510180000Z", BEGUN),  # without seconds
        (0x17, b"251018020000+0200", BEGUN),
        (0x18, b"20251018000000Z", BEGUN),  # in the other form, before 2050
        (0x18, b"20251018000000.5Z", BEGUN),
        (0x18, b"00000601000000Z", None),  # in a year that no calendar here has
        (0x18, b"2025AA18000000Z", None),
    ],
)
def test_a_time_is_read_as_far_as_it_is_one(tag: int, text: bytes, seconds: int | None) -> None:
    signer = parse_signer(begins(tag, text))
    assert (signer.not_before, signer.not_after) == (seconds, NOW + 400 * DAY)
    assert signer.usages == {VACCINATION_USAGE}


@pytest.mark.parametrize(
    ("subject", "country"),
    [
        (UT.replace(b"\x13\x02UT", b"\x14\x02UT"), "UT"),  # in an alphabet of telegraphs
        (UT.replace(b"\x13\x02UT", b"\x0c\x02\xff\xfe"), None),  # no UTF-8
        (UT.replace(b"\x04\x06", b"\x04\x0a"), None),  # an organisation
    ],
)
def test_a_country_is_read_where_there_is_one(subject: bytes, country: str | None) -> None:
    assert parse_signer(UTOPIA.der.replace(UT, subject)).country == country


def test_a_key_is_read_in_each_of_its_encodings() -> None:
    info = x509.Certificate.load(UTOPIA.der)["tbs_certificate"]["subject_public_key_info"]
    algorithm, point = info["algorithm"].dump(), bytes(info["public_key"])
    short = UTOPIA.key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    for encoded in (
        der(0x30, algorithm, der(0x03, b"\x00", short)),
        b"\x30\x80" + algorithm + der(0x03, b"\x00", point) + b"\x00\x00",
        der(0x30, algorithm, b"\x03\x82" + (1 + len(point)).to_bytes(2) + b"\x00" + point),
    ):
        assert parse_signer(key_in(encoded)).verifies(UTOPIA.sign(b"message"), b"message")


def test_an_rsa_key_for_pss_alone_is_read() -> None:
    made = Health(key=rsa.generate_private_key(65_537, 2_048))
    plain = made.key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    pss = der(0x30, b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")  # RFC 4055 section 3.1
    signer = parse_signer(key_in(der(0x30, pss, der(0x03, b"\x00", plain))))
    assert signer.verifies(made.sign(b"message"), b"message")


OFF_THE_CURVE = b"\x04" + b"\x01" * 64
BAD_KEYS: dict[str, Callable[[Any], bytes]] = {
    "no key": lambda _: b"\x30\x00",
    "a point beside the curve": lambda info: der(0x30, info["algorithm"].dump(), der(0x03, b"\x00", OFF_THE_CURVE)),
    "the point at infinity": lambda info: der(0x30, info["algorithm"].dump(), der(0x03, b"\x00\x00")),
    "a key of another kind": lambda _: (
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ),
    "a curve that nobody knows": lambda info: der(
        0x30,
        der(0x30, b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", b"\x06\x02\x2a\x03"),
        der(0x03, b"\x00", bytes(info["public_key"])),
    ),
    "a key that nobody knows": lambda _: der(0x30, der(0x30, b"\x06\x02\x2a\x03"), b"\x03\x02\x00\x04"),
}


@pytest.mark.parametrize("make", BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_certificate_without_a_key_that_signs_is_malformed(make: Callable[[Any], bytes]) -> None:
    info = x509.Certificate.load(UTOPIA.der)["tbs_certificate"]["subject_public_key_info"]
    assert refused(key_in(make(info))) in ("", "key")


def test_a_certificate_with_something_behind_it_is_malformed() -> None:
    assert refused(UTOPIA.der + b"\x00") == ""


def test_no_usages_at_all_are_for_every_kind() -> None:
    for certificate in (rebuilt(extensions=b""), with_usages(usages(b"\x30\x00"))):
        assert parse_signer(certificate).usages == frozenset()


def test_usages_that_are_there_twice_are_malformed() -> None:
    of_tests = Health(TEST_USAGE).signer.usages
    assert of_tests == {TEST_USAGE}
    value = der(0x30, b"\x06\x0b\x2b\x06\x01\x04\x01\x8e\x37\x8f\x65\x01\x02")
    assert refused(with_usages(usages(value), usages(value))) == "extendedKeyUsage"


def test_extensions_that_are_none_are_malformed() -> None:
    assert refused(rebuilt(extensions=der(0xA3, b"\x02\x01\x00"))) == "extendedKeyUsage"


def nested(size: int) -> bytes:
    value = b""
    while len(value) < size:
        value = der(0x30, value)
    return value


HOSTILE = {
    "lengths within lengths": (b"\x30\x80" * 8_000, ""),
    "values within values": (nested(16_000), ""),
    "usages within usages": (with_usages(usages(nested(8_000))), "extendedKeyUsage"),
    "a subject of thousands": (rebuilt(subject=der(0x30, b"\x31\x00" * 7_500)), None),
    "extensions by the thousand": (with_usages(*[b"\x30\x07\x06\x01\x2a\x04\x02\x30\x00"] * 1_700), None),
    "usages by the thousand": (with_usages(usages(der(0x30, b"\x06\x01\x2a" * 5_000))), None),
    "a number of fifteen thousand bytes": (rebuilt(serial_number=der(0x02, b"\x01" * 15_000)), None),
}


@pytest.mark.parametrize(("certificate", "where"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_certificate_is_read_or_refused_and_nothing_else(certificate: bytes, where: str | None) -> None:
    if where is None:
        assert parse_signer(certificate).verifies(UTOPIA.sign(b"message"), b"message")
    else:
        assert refused(certificate) == where
