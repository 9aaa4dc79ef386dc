"""The keys of health authorities: read from certificates, found by their identifier, and what each may sign."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.authorities import DAY, NOW
from zegel_testing.health import RECOVERY_USAGE, TEST_USAGE, VACCINATION_USAGE, Health

from zegel.errors import Malformed
from zegel.formats.hcert.ber_certificate import MAX_CERTIFICATE
from zegel.formats.hcert.keys import Algorithm, DocumentSigners, parse_signer

ANY_USAGE = "2.5.29.37.0"  # RFC 5280 section 4.2.1.12: anyExtendedKeyUsage
RSA = rsa.generate_private_key(65_537, 2_048)


def test_a_certificate_becomes_a_signer() -> None:
    made = Health(VACCINATION_USAGE)
    assert made.signer.kid == sha256(made.der).digest()[:8]
    assert (made.signer.algorithm, made.signer.country) == (Algorithm.ES256, "UT")
    assert made.signer.usages == {VACCINATION_USAGE}
    assert (made.signer.not_before, made.signer.not_after) == (NOW - 400 * DAY, NOW + 400 * DAY)
    assert parse_signer(made.der, kid=b"another").kid == b"another"


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), RSA], ids=["P-384", "RSA"])
def test_each_kind_of_key_verifies_what_it_signed_and_nothing_else(key: object) -> None:
    made = Health(key=key)
    signature = made.sign(b"message")
    assert made.signer.verifies(signature, b"message")
    assert not made.signer.verifies(signature, b"another")
    assert not made.signer.verifies(signature + b"\x00", b"message")
    assert not made.signer.verifies(b"", b"message")


def test_a_signature_of_zeros_is_none() -> None:
    assert not Health().signer.verifies(bytes(64), b"message")


@pytest.mark.parametrize(
    ("usages", "kinds"),
    [
        ((), "tvr"),
        (("1.3.6.1.5.5.7.3.1",), "tvr"),
        ((TEST_USAGE,), "t"),
        ((VACCINATION_USAGE,), "v"),
        ((RECOVERY_USAGE,), "r"),
        ((TEST_USAGE, RECOVERY_USAGE), "tr"),
        (("1.3.6.1.4.1.1847.2021.1.4",), "tvr"),
        (("1.3.6.1.4.1.0.1847.2021.1.9",), "tvr"),
        (("1.3.6.1.4.1.1847.2021.1.2.1",), "tvr"),
        ((ANY_USAGE,), "tvr"),
        ((ANY_USAGE, TEST_USAGE), "t"),
        (("1.3.6.1.4.1.1847.2021.1.4", VACCINATION_USAGE), "v"),
        (("1.3.6.1.4.1.0.1847.2021.1.1", "1.3.6.1.4.1.0.1847.2021.1.2"), "tv"),
    ],
)
def test_a_certificate_that_names_kinds_is_for_those_alone(usages: tuple[str, ...], kinds: str) -> None:
    signer = Health(*usages).signer
    assert "".join(kind for kind in "tvr" if signer.may_sign(kind)) == kinds


def test_the_usages_of_health_are_told_from_others() -> None:
    for other in ("1.3.6.1.5.5.7.3.1", ANY_USAGE, "1.3.6.1.4.1.1847.2021.1.4", "1.3.6.1.4.1.0.1847.2021.1.22"):
        assert Health(other).signer.health_usages == frozenset()
    assert Health("1.3.6.1.5.5.7.3.1", TEST_USAGE, RECOVERY_USAGE).signer.health_usages == {"1", "3"}


def test_a_signer_is_found_by_its_key_whatever_lists_call_it() -> None:
    made, other = Health(), Health()
    called = parse_signer(made.der, kid=b"another")
    signers = DocumentSigners([other.signer, called])
    assert signers.with_key(made.signer.key) == (called,)
    assert signers.with_key(Health().signer.key) == ()


@pytest.mark.parametrize(
    ("key", "where"),
    [
        (ec.generate_private_key(ec.SECP521R1()), "key"),
        (rsa.generate_private_key(65_537, 1_024), "key"),
    ],
    ids=["P-521", "RSA 1024"],
)
def test_another_key_is_refused(key: object, where: str) -> None:
    with pytest.raises(Malformed, match="P-256 or P-384") as refusal:
        Health(key=key)
    assert refusal.value.where == where


def certificate_of(key: rsa.RSAPublicKey) -> bytes:
    """Signed by another key: whoever reads a certificate of a list does not verify it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "UT")])
    begins, ends = (datetime.fromtimestamp(NOW + days * DAY, UTC) for days in (-1, 1))
    builder = x509.CertificateBuilder(name, name, key, 7, begins, ends)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256()).public_bytes(Encoding.DER)


def test_an_rsa_key_has_2048_to_4096_bits() -> None:
    for bits in (2_048, 4_096):
        key = rsa.RSAPublicNumbers(65_537, (1 << bits) - 1).public_key()
        assert parse_signer(certificate_of(key)).key == key
    for bits in (2_047, 4_097):
        with pytest.raises(Malformed, match="an RSA key of 2048 to 4096 bits"):
            parse_signer(certificate_of(rsa.RSAPublicNumbers(65_537, (1 << bits) - 1).public_key()))


def test_what_is_no_certificate_is_malformed() -> None:
    for data in (b"", b"\x30\x00", Health().der[:-1], bytes(MAX_CERTIFICATE + 1)):
        with pytest.raises(Malformed):
            parse_signer(data)


def test_key_usages_that_cannot_be_read_are_malformed() -> None:
    with pytest.raises(Malformed) as refusal:
        Health(usage_bytes=b"\x30\x02\x04\x00")
    assert refusal.value.where == "extendedKeyUsage"


def test_two_signers_may_share_an_identifier() -> None:
    one, two = Health(), Health()
    shared = [parse_signer(each.der, kid=b"same") for each in (one, two)]
    signers = DocumentSigners([*shared, Health().signer])
    assert (list(signers.named(b"same")), len(signers)) == (shared, 3)
    assert not signers.named(b"other")
