"""Certificates that were taken back: batches of hashes, by each kind of hash."""

import json
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.health import VACCINATION, Health, payload
from zegel_testing.revoked_health import batch, bloom_slice, hash_slice, partition

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import (
    VerifiedHealthCertificate,
    parse_health_certificate,
    verify_health_certificate,
)
from zegel.formats.hcert.revocation import (
    UNKNOWN_KID,
    HashType,
    RevokedHashes,
    check_not_revoked,
    parse_revocation_batch,
    parse_revoked,
)

IDENTIFIER = VACCINATION["ci"]
OFFICE = Health()


@cache
def rsa_office() -> Health:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return Health(key=rsa.generate_private_key(65537, 2048))


def verified(office: Health = OFFICE, **changes: Any) -> VerifiedHealthCertificate:
    parsed = parse_health_certificate(office.code(payload(**changes)))
    return verify_health_certificate(parsed, signers=office.signers, now=NOW)


def listed(certificate: VerifiedHealthCertificate, *batches: bytes) -> bool:
    revoked = RevokedHashes(map(parse_revocation_batch, batches))
    try:
        return check_not_revoked(certificate, revoked=revoked) is not certificate
    except Rejected as refusal:
        return refusal.check is Check.HEALTH_REVOKED


def test_nothing_is_revoked_where_nothing_is_listed() -> None:
    assert not listed(verified())
    assert not listed(verified(), batch(HashType.UCI, b"another"))


def test_an_identifier_is_listed() -> None:
    assert listed(verified(), batch(HashType.UCI, b"another", IDENTIFIER.encode()))


@pytest.mark.parametrize("country", ["UT", "XU"])
def test_an_identifier_is_listed_with_the_country_of_the_issuer_or_of_the_entry(country: str) -> None:
    # the issuer is UT, and the dose was given in XU
    assert listed(verified(co="XU"), batch(HashType.COUNTRY_CODE_UCI, f"{country}{IDENTIFIER}".encode()))


def test_a_signature_is_listed_whole() -> None:
    certificate = verified(rsa_office())
    assert listed(certificate, batch(HashType.SIGNATURE, certificate.signature))
    assert not listed(certificate, batch(HashType.SIGNATURE, certificate.signature[:128]))


def test_a_signature_on_a_curve_is_listed_by_its_first_half_too() -> None:
    certificate = verified()
    assert listed(certificate, batch(HashType.SIGNATURE, certificate.signature))
    assert listed(certificate, batch(HashType.SIGNATURE, certificate.signature[:32]))


def test_what_is_listed_as_one_kind_is_not_as_another() -> None:
    assert not listed(verified(), batch(HashType.SIGNATURE, IDENTIFIER.encode()))


def test_a_batch_is_of_one_signer_or_where_that_is_not_known_of_one_country() -> None:
    certificate = verified()
    assert listed(certificate, batch(HashType.UCI, IDENTIFIER.encode(), kid=certificate.kid))
    assert not listed(certificate, batch(HashType.UCI, IDENTIFIER.encode(), kid=bytes(8)))
    assert not listed(certificate, batch(HashType.UCI, IDENTIFIER.encode(), country="XU"))


@pytest.mark.parametrize("issuer", ["ut", "UT", None, "Health office"])
def test_a_batch_of_a_country_lists_however_that_is_written(issuer: str | None) -> None:
    text = OFFICE.code(payload(co="ut"), claims={1: issuer})
    certificate = verify_health_certificate(parse_health_certificate(text), signers=OFFICE.signers, now=NOW)
    for country in ("UT", "ut"):
        assert listed(certificate, batch(HashType.UCI, IDENTIFIER.encode(), country=country))
    assert listed(certificate, batch(HashType.COUNTRY_CODE_UCI, f"UT{IDENTIFIER}".encode()))
    assert listed(certificate, batch(HashType.COUNTRY_CODE_UCI, f"ut{IDENTIFIER}".encode()))
    assert not listed(certificate, batch(HashType.UCI, IDENTIFIER.encode(), country="XU"))


def test_batches_of_the_same_signer_add_up() -> None:
    batches = [batch(HashType.UCI, name) for name in (b"one", IDENTIFIER.encode(), b"two")]
    assert listed(verified(), *batches)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"hashType": "NAME"}, "hashType"),
        ({"kid": "short"}, "kid"),
        ({"kid": None}, "kid"),
        ({"country": ""}, "country"),
        ({"expires": "soon"}, "expires"),
        ({"entries": []}, "entries"),
        ({"entries": ["a"]}, "entries[0]"),
        ({"entries": [{"hash": "AAAA"}]}, "entries[0].hash"),
        ({"entries": [{}]}, "entries[0].hash"),
    ],
)
def test_what_is_no_batch_is_malformed_at_its_member(changes: dict[str, Any], where: str) -> None:
    good = json.loads(batch(HashType.UCI, b"a"))
    assert good["kid"] == UNKNOWN_KID
    with pytest.raises(Malformed) as refusal:
        parse_revocation_batch(json.dumps(good | changes).encode())
    assert refusal.value.where == where


SLICES = [("BLOOMFILTER", bloom_slice), ("VARHASHLIST", hash_slice)]


@pytest.mark.parametrize(("kind", "sliced"), SLICES)
@pytest.mark.parametrize("digits", [0, 1, 2])
def test_a_certificate_is_found_in_a_slice(kind: str, sliced: Any, digits: int) -> None:
    certificate, hash_ = verified(), sha256(IDENTIFIER.encode()).digest()[:16]
    data = sliced([hash_, bytes(range(16))])
    found = partition(data, kind=kind, kid=certificate.kid, prefix=hash_.hex()[: digits + 1])
    another = partition(data, kind=kind, kid=bytes(8), prefix=hash_.hex()[: digits + 1])
    elsewhere = partition(data, kind=kind, kid=certificate.kid, prefix="f" if hash_.hex()[0] != "f" else "0")

    def refuses(*files: bytes) -> bool:
        return parse_revoked((str(n), each) for n, each in enumerate(files)).lists(certificate)

    assert refuses(found, data)
    assert not refuses(another, data)
    assert not refuses(elsewhere, data)
    assert refuses(elsewhere, data, batch(HashType.UCI, IDENTIFIER.encode()))
    empty = sliced([bytes(range(16))])
    assert not refuses(partition(empty, kind=kind, kid=certificate.kid, prefix=hash_.hex()[0]), empty)


def test_a_slice_that_is_not_there_is_malformed() -> None:
    named = partition(b"", kind="VARHASHLIST", kid=bytes(8), prefix="a")
    with pytest.raises(Malformed, match="the slice that a partition names"):
        parse_revoked([("a", named)])


@pytest.mark.parametrize(
    "stray", [("stray.bin", hash_slice([bytes(16)])), ("stray.bin", hash_slice([bytes(16)])[:9]), ("a.JSON", b"")]
)
def test_a_slice_that_none_names_and_what_should_be_json_are_malformed_and_named(stray: tuple[str, bytes]) -> None:
    """What they list would pass."""
    with pytest.raises(Malformed) as refusal:
        parse_revoked([("a.json", batch(HashType.UCI, b"a")), stray])
    assert refusal.value.where == stray[0]


def test_other_json_is_malformed_whatever_it_is_called() -> None:
    for data in (b"[]", b"\xef\xbb\xbf \n{}", b"{"):
        with pytest.raises(Malformed):
            parse_revoked([("README.md", data)])


def test_what_is_neither_json_nor_a_slice_is_passed_over() -> None:
    certificate = verified()
    listed = b"\n" + batch(HashType.UCI, IDENTIFIER.encode())
    revoked = parse_revoked([("README.md", b"# Batches"), ("a", listed), ("map.png", b"\x89PNG"), (".keep", b"")])
    assert revoked.passed_over == ("README.md", "map.png", ".keep")
    assert revoked.lists(certificate)
    assert parse_revoked([]).passed_over == ()


def test_a_batch_is_read() -> None:
    read = parse_revocation_batch(batch(HashType.UCI, b"a"))
    assert (read.country, read.kid, read.hash_type) == ("UT", None, HashType.UCI)
    assert read.hashes == {sha256(b"a").digest()[:16]}
    assert read.expires == 1_830_211_200
