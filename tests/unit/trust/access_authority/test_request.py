"""A certificate request: parsed within limits, and signed with its own key."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from zegel_testing.access_requests import HOST, ISSUING, KEY, odd_request, request_pem, stolen_request, weak_key
from zegel_testing.authorities import fixed_key

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.keys import Curve
from zegel.trust.access_authority.request import (
    MAX_HOSTS,
    MAX_REQUEST,
    VerifiedCertificateRequest,
    build_certificate_request,
    parse_certificate_request,
    verify_certificate_request,
)

_ECDSA = b"\x2a\x86\x48\xce\x3d\x04\x03\x02"  # ecdsa-with-SHA256 (RFC 5758 section 3.2)


def verified(data: bytes) -> VerifiedCertificateRequest:
    return verify_certificate_request(parse_certificate_request(data), reserved=(ISSUING.key.public_key,))


@pytest.mark.parametrize("curve", list(Curve))
def test_a_request_is_read_as_it_was_made(curve: Curve) -> None:
    key = fixed_key("somebody", curve)
    request = verified(build_certificate_request(key, hosts=(HOST, "two.example")).encode())
    assert request == VerifiedCertificateRequest(key=key.public_key, hosts=(HOST, "two.example"))


@pytest.mark.parametrize("pem", [True, False])
def test_it_is_read_as_pem_and_as_der_and_nothing_but_key_and_hosts_is_taken_from_it(pem: bool) -> None:
    assert verified(odd_request(pem=pem)) == VerifiedCertificateRequest(key=KEY.public_key, hosts=(HOST,))


def test_a_request_without_hosts_has_none() -> None:
    assert verified(build_certificate_request(KEY, hosts=()).encode()).hosts == ()


def test_hosts_are_told_apart_without_regard_to_case() -> None:
    assert verified(request_pem(HOST, HOST.upper())).hosts == (HOST,)


@pytest.mark.parametrize(
    "data", [b"", b"-----BEGIN CERTIFICATE REQUEST-----", b"0\x82", odd_request()[:-1], odd_request() + b"\0"]
)
def test_what_is_no_request_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_certificate_request(data)


def test_a_request_that_is_too_long_is_malformed() -> None:
    with pytest.raises(Malformed, match="at most"):
        parse_certificate_request(bytes(MAX_REQUEST + 1))


@pytest.mark.parametrize("key", [weak_key(), rsa.generate_private_key(public_exponent=65537, key_size=2048)])
def test_a_key_on_another_curve_or_of_another_kind_is_malformed(key: object) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_certificate_request(odd_request(key=key))
    assert refusal.value.field == "subjectPublicKeyInfo"


@pytest.mark.parametrize(
    "name",
    [
        x509.DNSName("*.utopia.example"),
        x509.DNSName("localhost"),
        x509.DNSName("127.0.0.1"),
        x509.DNSName("a..example"),
        x509.DNSName("a" * 250 + ".example"),
        x509.UniformResourceIdentifier("https://library.utopia.example"),
        x509.RFC822Name("a@library.utopia.example"),
    ],
)
def test_a_name_that_is_no_host_is_malformed(name: x509.GeneralName) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_certificate_request(odd_request(names=[x509.DNSName(HOST), name]))
    assert refusal.value.field == "subjectAltName[1]"


def test_more_hosts_than_are_asked_are_malformed() -> None:
    with pytest.raises(Malformed, match=f"at most {MAX_HOSTS}"):
        parse_certificate_request(request_pem(*(f"h{n}.example" for n in range(MAX_HOSTS + 1))))


@pytest.mark.parametrize(
    "data",
    [stolen_request(), odd_request(digest=hashes.SHA224()), odd_request().replace(_ECDSA, _ECDSA[:-1] + b"\x09")],
    ids=["another key's", "a weak hash", "an algorithm that nobody knows"],
)
def test_a_request_that_its_own_key_did_not_sign_is_refused(data: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(data)
    assert (refusal.value.check, refusal.value.field) == (Check.CERTIFICATE_REQUEST, "request.signature")


def test_the_authoritys_own_key_is_certified_for_nobody() -> None:
    with pytest.raises(Rejected) as refusal:
        verified(request_pem(key=ISSUING.key))
    assert refusal.value.check is Check.CERTIFICATE_REQUEST
