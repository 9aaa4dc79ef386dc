"""A certificate, from its text to what a trusted signer says; and each fault at its check."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from zegel_testing.authorities import DAY, NOW
from zegel_testing.health import NAME, RECOVERY, TEST_USAGE, VACCINATION_USAGE, Health, code_of, payload

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import (
    VerifiedHealthCertificate,
    parse_health_certificate,
    verify_health_certificate,
)
from zegel.formats.hcert.code import MAX_SIGNED
from zegel.formats.hcert.envelope import MAX_ISSUER
from zegel.formats.hcert.keys import DocumentSigners, parse_signer
from zegel.formats.hcert.schema import Kind, Reading

UTOPIA, OTHER = Health(VACCINATION_USAGE), Health(name="Another")
RSA = Health(key=rsa.generate_private_key(65_537, 2_048))
KID = UTOPIA.signer.kid
USAGES = (TEST_USAGE, VACCINATION_USAGE)


def verified(text: bytes, *, signers: DocumentSigners | None = None, now: int = NOW) -> VerifiedHealthCertificate:
    return verify_health_certificate(parse_health_certificate(text), signers=signers or UTOPIA.signers, now=now)


@pytest.mark.parametrize("authority", [UTOPIA, RSA], ids=["ES256", "PS256"])
def test_what_a_trusted_signer_says_is_read(authority: Health) -> None:
    text = authority.code()
    certificate = verified(text, signers=authority.signers)
    assert (certificate.text, certificate.kind, certificate.issuer) == (text, Kind.VACCINATION, "UT")
    assert (certificate.name, certificate.birth_date) == (NAME, "1986-03-14")
    assert (certificate.entry["dn"], certificate.warnings) == (2, ())
    assert (certificate.issued_at, certificate.expires) == (NOW - DAY, NOW + 180 * DAY)
    assert certificate.signer.kid == certificate.kid == authority.signer.kid


def test_each_kind_is_signed() -> None:
    authority = Health()
    recovered = verified(authority.code(payload("r")), signers=authority.signers)
    assert (recovered.kind, recovered.entry) == (Kind.RECOVERY, RECOVERY)


@pytest.mark.parametrize(
    ("protected", "unprotected"),
    [
        ({1: -7, 4: KID}, {}),
        ({1: -7, 3: "application/cwt", 4: KID}, {}),
        ({1: -7}, {4: KID}),
        ({1: -7, 4: KID}, {4: b"wrong"}),
        ({4: KID}, {1: -7}),
        (b"", {1: -7, 4: KID}),
    ],
)
def test_the_key_is_named_in_the_protected_header_first(protected: Any, unprotected: dict[int, Any]) -> None:
    assert verified(UTOPIA.code(protected=protected, unprotected=unprotected)).kid == KID


def test_every_key_of_an_identifier_is_tried() -> None:
    same = [parse_signer(each.der, kid=KID) for each in (OTHER, RSA, UTOPIA)]
    assert verified(UTOPIA.code(), signers=DocumentSigners(same)).signer == same[2]


@pytest.mark.parametrize("last", [False, True])
def test_of_two_entries_with_one_key_the_one_for_the_kind_counts(last: bool) -> None:
    for_tests, for_vaccinations = (replace(UTOPIA.signer, usages=frozenset({usage})) for usage in USAGES)
    both = [for_tests, for_vaccinations] if last else [for_vaccinations, for_tests]
    assert verified(UTOPIA.code(), signers=DocumentSigners(both)).signer == for_vaccinations
    assert verified(UTOPIA.code(payload("t")), signers=DocumentSigners(both)).signer == for_tests
    with pytest.raises(Rejected) as refusal:
        verified(UTOPIA.code(payload("r")), signers=DocumentSigners(both))
    assert refusal.value.check is Check.HEALTH_KEY_USAGE


def test_an_identifier_is_as_long_as_a_list_has_it() -> None:
    long = KID * 9
    code = UTOPIA.code(protected={1: -7, 4: long})
    assert verified(code, signers=DocumentSigners([parse_signer(UTOPIA.der, kid=long)])).kid == long


@pytest.mark.parametrize("critical", [[1], [4], [1, 4], [4, 4]])
def test_what_is_critical_and_understood_counts(critical: list[int]) -> None:
    assert verified(UTOPIA.code(protected={1: -7, 2: critical, 4: KID})).kid == KID


@pytest.mark.parametrize(("now", "good"), [(-DAY, True), (-DAY - 1, False), (180 * DAY, True), (180 * DAY + 1, False)])
@pytest.mark.refuses(Check.HEALTH_VALIDITY)
def test_its_time_begins_and_ends_to_the_second(now: int, good: bool) -> None:
    if good:
        verified(UTOPIA.code(), now=NOW + now)
        return
    with pytest.raises(Rejected) as refusal:
        verified(UTOPIA.code(), now=NOW + now)
    assert (refusal.value.check, refusal.value.field) == (Check.HEALTH_VALIDITY, "iat" if now < 0 else "exp")


@pytest.mark.parametrize(("before", "good"), [(-DAY, True), (0, True), (10, True), (11, False)])
@pytest.mark.refuses(Check.HEALTH_VALIDITY)
def test_one_that_says_from_when_it_is_valid_counts_from_then_as_clocks_may_differ(before: int, good: bool) -> None:
    text = UTOPIA.code(claims={5: NOW + before})
    if good:
        assert verified(text).issued_at == NOW - DAY
        return
    with pytest.raises(Rejected, match="not valid yet") as refusal:
        verified(text)
    assert (refusal.value.check, refusal.value.field) == (Check.HEALTH_VALIDITY, "nbf")


@pytest.mark.refuses(Check.ALGORITHM)
@pytest.mark.refuses(Check.CRITICAL_HEADER)
@pytest.mark.refuses(Check.HEALTH_SIGNER)
@pytest.mark.refuses(Check.SIGNATURE)
@pytest.mark.refuses(Check.HEALTH_KEY_USAGE)
@pytest.mark.parametrize(
    ("text", "check"),
    [
        (OTHER.code(), Check.HEALTH_SIGNER),
        (UTOPIA.code(protected={1: -7, 4: b"wrong"}, unprotected={4: KID}), Check.HEALTH_SIGNER),
        (OTHER.code(protected={1: -7, 4: KID}), Check.SIGNATURE),
        (UTOPIA.code(protected={1: -37, 4: KID}), Check.SIGNATURE),
        (UTOPIA.code(protected={1: -7}), Check.HEALTH_SIGNER),
        (UTOPIA.code(protected={1: -7, 4: b""}), Check.HEALTH_SIGNER),
        (UTOPIA.code(protected={1: -7, 4: KID * 9}), Check.HEALTH_SIGNER),
        (UTOPIA.code(protected={1: -35, 4: KID}), Check.ALGORITHM),
        (UTOPIA.code(protected={1: -8, 4: KID}), Check.ALGORITHM),
        (UTOPIA.code(protected={1: -257, 4: KID}), Check.ALGORITHM),
        (UTOPIA.code(protected={1: "ES256", 4: KID}), Check.ALGORITHM),
        (UTOPIA.code(protected={4: KID}), Check.ALGORITHM),
        (UTOPIA.code(protected={1: -7, 2: [99], 4: KID, 99: 0}), Check.CRITICAL_HEADER),
        (UTOPIA.code(protected={1: -7, 2: [4, "x"], 4: KID, "x": 0}), Check.CRITICAL_HEADER),
        (UTOPIA.code(protected={1: -7, 2: [4]}, unprotected={4: KID}), Check.CRITICAL_HEADER),
        (UTOPIA.code(unprotected={2: [4]}), Check.CRITICAL_HEADER),
        (UTOPIA.code(payload("t")), Check.HEALTH_KEY_USAGE),
        (UTOPIA.code(payload("r")), Check.HEALTH_KEY_USAGE),
    ],
    ids=[
        "unknown",
        "wrong where it is signed",
        "signed by another",
        "another algorithm",
        "no key",
        "an empty key",
        "a long key",
        "ES384",
        "EdDSA",
        "RS256",
        "an algorithm by a name",
        "no algorithm",
        "critical and unknown",
        "critical and unknown, beside what is known",
        "critical and not signed",
        "critical, and said where nothing is signed",
        "a test",
        "a recovery",
    ],
)
def test_each_fault_is_refused_by_its_check(text: bytes, check: Check) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(text)
    assert refusal.value.check is check


def test_what_a_signer_may_not_sign_is_named() -> None:
    with pytest.raises(Rejected, match="certificates of this kind: recovery"):
        verified(UTOPIA.code(payload("r")))


def test_an_identifier_of_a_key_may_be_a_single_byte() -> None:
    assert parse_health_certificate(UTOPIA.code(protected={1: -7, 4: b"k"})).kid == b"k"


def test_a_payload_that_was_changed_is_refused() -> None:
    signed = bytearray(UTOPIA.cose())
    at = signed.index(b"EU/1/20/1528")
    signed[at] ^= 1
    with pytest.raises(Rejected) as refusal:
        verified(code_of(bytes(signed)))
    assert refusal.value.check is Check.SIGNATURE


MALFORMED = {
    "an algorithm that is a float": ({"protected": {1: -7.0, 4: KID}}, "header.alg"),
    "an algorithm that is null": ({"protected": {1: None, 4: KID}}, "header.alg"),
    "a key that is null": ({"protected": {1: -7, 4: None}}, "header.kid"),
    "nothing critical": ({"protected": {1: -7, 2: [], 4: KID}}, "header.crit"),
    "a critical label that is no array": ({"protected": {1: -7, 2: 4, 4: KID}}, "header.crit"),
    "a critical label that is true": ({"protected": {1: -7, 2: [True], 4: KID}}, "header.crit"),
    "a key that is a text": ({"protected": {1: -7, 4: "x"}}, "header.kid"),
    "an issuer that is a number": ({"claims": {1: 1}}, "iss"),
    "no end": ({"claims": {4: None}}, "exp"),
    "no beginning": ({"claims": {6: None}}, "iat"),
    "an end that is no number": ({"claims": {4: float("nan")}}, "exp"),
    "an end that never comes": ({"claims": {4: float("inf")}}, "exp"),
    "an end before time": ({"claims": {4: -1}}, "exp"),
    "a time that is a text": ({"claims": {6: "2021-01-01"}}, "iat"),
    "a beginning that is a text": ({"claims": {5: "2021-01-01"}}, "nbf"),
    "a beginning that is true": ({"claims": {5: True}}, "nbf"),
    "a beginning before time": ({"claims": {5: -1}}, "nbf"),
    "a beginning that is no number": ({"claims": {5: float("nan")}}, "nbf"),
    "no certificate": ({"claims": {-260: None}}, "hcert"),
    "a certificate of another version": ({"claims": {-260: {2: payload()}}}, "hcert"),
    "a certificate that is a text": ({"claims": {-260: {1: "x"}}}, "hcert"),
    "bytes": ({"claims": {-260: b"x"}}, "hcert"),
    "an array": ({"claims": {-260: {1: [payload()]}}}, "hcert"),
    "a wrong member": ({"certificate": payload(dn=0)}, "v[0].dn"),
}


@pytest.mark.parametrize(("changes", "where"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_none_is_malformed_and_says_where(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_health_certificate(UTOPIA.code(**changes))
    assert refusal.value.where == where


def test_an_issuer_that_is_not_named_is_the_country_of_the_entry() -> None:
    assert verified(UTOPIA.code(payload(co="UX"), claims={1: None})).issuer == "UX"


def test_a_long_issuer_is_a_warning_in_the_field() -> None:
    text = UTOPIA.code(claims={1: "U" * (MAX_ISSUER + 1)})
    assert verified(text).warnings == (f"iss: expected at most {MAX_ISSUER} characters",)
    with pytest.raises(Malformed, match=f"at most {MAX_ISSUER} characters") as refusal:
        parse_health_certificate(text, Reading.STRICT)
    assert refusal.value.where == "iss"
    with pytest.raises(Malformed, match="bytes"):
        parse_health_certificate(UTOPIA.code(claims={1: "U" * MAX_SIGNED}))


@pytest.mark.parametrize(
    ("issuer", "country"),
    [("UT", "UT"), ("ut", "UT"), ("uT", "UT"), (None, "UX"), ("Health office", "UX"), ("UTO", "UX"), ("", "UX")],
)
def test_the_country_of_the_issuer_is_that_of_the_entry_where_it_is_no_country(
    issuer: str | None, country: str
) -> None:
    assert verified(UTOPIA.code(payload(co="ux"), claims={1: issuer})).country == country


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize("label", [4, 5, 6])
def test_a_time_may_be_a_float_and_its_fraction_does_not_count(label: int, reading: Reading) -> None:
    """The schema is of the certificate alone, and says nothing of what is around it."""
    for time in (NOW + 0.9, float(NOW), 1_622_549_800.5, 0.0, 0.5):
        read = parse_health_certificate(UTOPIA.code(claims={label: time}), reading)
        times = {4: read.unverified_expires, 5: read.unverified_begins, 6: read.unverified_issued_at}
        assert times[label] == int(time)


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize(("label", "where"), [(4, "exp"), (5, "nbf"), (6, "iat")])
def test_a_time_that_is_no_number_or_not_of_our_days_is_malformed(label: int, where: str, reading: Reading) -> None:
    odd = [float("nan"), float("inf"), float("-inf"), -1, -1.0, -0.5, 1e300, 2.0**53 + 2, 1 << 62, True, False]
    for time in odd:
        with pytest.raises(Malformed) as refusal:
            parse_health_certificate(UTOPIA.code(claims={label: time}), reading)
        assert refusal.value.where == where


def test_the_reading_is_chosen_by_whoever_reads() -> None:
    text = UTOPIA.code(payload(co="ut"))
    assert parse_health_certificate(text).warnings == ("v[0].co: expected the code of a country",)
    with pytest.raises(Malformed, match="country"):
        parse_health_certificate(text, Reading.STRICT)
