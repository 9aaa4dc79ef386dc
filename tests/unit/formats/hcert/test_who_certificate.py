"""WHO's certificates, from the text of a code to what a trusted signer says; and each fault at its check."""

from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.health import TEST_USAGE, VACCINATION_USAGE, Health, payload
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.who import DDCC_VS, EARLIER, ICVP, PAYLOADS, who_claims

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import UnverifiedHealthCertificate
from zegel.formats.hcert.schema import Reading
from zegel.formats.hcert.who_certificate import (
    UnverifiedWhoCertificate,
    VerifiedWhoCertificate,
    parse_health_record,
    verify_who_certificate,
)
from zegel.formats.hcert.who_schema import WhoProfile

UTOPIA, OTHER = Health(), Health(name="Another")
DVC, VS, TR = WhoProfile.DVC, WhoProfile.DDCC_VS, WhoProfile.DDCC_TR
FOR_LIFE = "life of person vaccinated"


def code(profile: WhoProfile = DVC, value: Any = None, authority: Health = UTOPIA, **claims: Any) -> bytes:
    labels = {"iss": 1, "exp": 4, "nbf": 5, "iat": 6}
    own = {labels[name]: claim for name, claim in claims.items()}
    return authority.code(claims=who_claims(profile, value) | own)


def read(text: bytes, reading: Reading = Reading.FIELD) -> UnverifiedWhoCertificate:
    parsed = parse_health_record(text, reading)
    assert isinstance(parsed, UnverifiedWhoCertificate)
    return parsed


def verified(text: bytes, *, authority: Health = UTOPIA, now: int = NOW) -> VerifiedWhoCertificate:
    return verify_who_certificate(read(text), signers=authority.signers, now=now)


@pytest.mark.parametrize("profile", WhoProfile)
def test_what_a_trusted_signer_says_is_read(profile: WhoProfile) -> None:
    text = code(profile)
    certificate = verified(text)
    assert (certificate.text, certificate.profile, certificate.issuer) == (text, profile, "UT")
    assert (certificate.payload, certificate.warnings) == (PAYLOADS[profile], ())
    times = (read(text).unverified_issued_at, read(text).unverified_expires)
    assert (certificate.issued_at, certificate.expires) == times
    assert None not in times
    assert certificate.signer.kid == certificate.kid == UTOPIA.signer.kid
    assert read(text, Reading.STRICT).profile is profile


def test_a_certificate_of_the_union_is_read_as_one() -> None:
    both = UTOPIA.code(claims={-260: {1: payload(), -6: ICVP}})
    assert isinstance(parse_health_record(both), UnverifiedHealthCertificate)
    assert isinstance(parse_health_record(UTOPIA.code()), UnverifiedHealthCertificate)


def test_what_a_signer_may_not_sign_is_named() -> None:
    authority = Health(TEST_USAGE)
    with pytest.raises(Rejected, match="certificates of this kind: vaccination"):
        verified(code(authority=authority), authority=authority)


@pytest.mark.parametrize(
    ("hcert", "said"), [({5: []}, "got a link to one"), ({}, "or one of WHO"), ({7: {}}, "or one of WHO")]
)
def test_a_link_to_a_certificate_is_said_to_be_one_and_is_not_followed(hcert: dict[int, Any], said: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_health_record(UTOPIA.code(claims={-260: hcert}))
    assert said in refusal.value.detail
    assert refusal.value.where == "hcert"


def test_the_issuer_and_the_times_may_be_left_out() -> None:
    certificate = verified(code(iss=None, exp=None, iat=None), now=NOW + 40_000 * DAY)
    assert (certificate.issuer, certificate.issued_at, certificate.expires) == ("", None, None)


@pytest.mark.parametrize("text", [FOR_LIFE, "vie entière du sujet vacciné"])
def test_a_vaccination_may_count_for_life(text: str) -> None:
    assert verified(code(exp=text), now=NOW + 40_000 * DAY).expires is None


DECEMBER = 1_796_083_200  # 2026-12-01T00:00:00Z


@pytest.mark.refuses(Check.HEALTH_VALIDITY)
@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        (code(iat=NOW, exp=None), NOW, None),
        (code(nbf=NOW + 9, exp=None), NOW + 9, None),
        (code(exp=NOW + 9), None, NOW + 9),
        (code(value=ICVP | {"vx": ICVP["vx"] | {"dv": "2026-12-01"}}), DECEMBER - 14 * 3_600, None),
        (code(value=EARLIER | {"v": EARLIER["v"] | {"vle": "2026-11"}}), None, DECEMBER + 12 * 3_600 - 1),
        (
            code(VS, DDCC_VS | {"vaccination": DDCC_VS["vaccination"] | {"date": "2026-12-01T00:00:00Z"}}),
            DECEMBER,
            None,
        ),
        (
            code(VS, DDCC_VS | {"certificate": DDCC_VS["certificate"] | {"period": {"end": "2026-12-01T00:00:00Z"}}}),
            None,
            DECEMBER,
        ),
        (
            code(VS, DDCC_VS | {"certificate": DDCC_VS["certificate"] | {"period": {"start": "2026-12-01T00:00:00Z"}}}),
            DECEMBER,
            None,
        ),
    ],
)
def test_its_time_begins_and_ends_to_the_second(text: bytes, first: int | None, last: int | None) -> None:
    for good, bad in ((first, first and first - 1), (last, last and last + 1)):
        if good is not None and bad is not None:
            verified(text, now=good)
            with pytest.raises(Rejected) as refusal:
                verified(text, now=bad)
            assert refusal.value.check is Check.HEALTH_VALIDITY


@pytest.mark.parametrize(
    ("text", "check"),
    [
        (code(authority=OTHER), Check.HEALTH_SIGNER),
        (OTHER.code(claims=who_claims(DVC), protected={1: -7, 4: UTOPIA.signer.kid}), Check.SIGNATURE),
    ],
)
def test_each_fault_is_refused_by_its_check(text: bytes, check: Check) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(text)
    assert refusal.value.check is check


def test_a_signer_of_tests_signs_no_vaccination() -> None:
    tests, vaccinations = Health(TEST_USAGE), Health(VACCINATION_USAGE)
    verified(code(TR, authority=tests), authority=tests)
    verified(code(VS, authority=vaccinations), authority=vaccinations)
    for profile, authority in ((DVC, tests), (VS, tests), (TR, vaccinations)):
        with pytest.raises(Rejected) as refusal:
            verified(code(profile, authority=authority), authority=authority)
        assert refusal.value.check is Check.HEALTH_KEY_USAGE


@pytest.mark.parametrize("stray", [5, None, [], "x", {"period": 5}, {"period": {"end": "2020"}}, {"vle": "2020"}])
@pytest.mark.parametrize(("model", "name"), [(EARLIER, "vx"), (EARLIER, "certificate"), (ICVP, "certificate")])
def test_a_member_that_a_model_does_not_have_says_nothing(model: dict[str, Any], name: str, stray: Any) -> None:
    with_it, without = read(code(value=model | {name: stray})), read(code(value=model))
    assert with_it.unverified_begins == without.unverified_begins
    assert with_it.unverified_expires == without.unverified_expires


def test_a_long_issuer_is_a_warning_in_the_field() -> None:
    assert read(code(iss="U" * 81)).warnings == ("iss: expected at most 80 characters",)
    with pytest.raises(Malformed, match="at most 80 characters"):
        parse_health_record(code(iss="U" * 81), Reading.STRICT)


MALFORMED = {
    "a link to a certificate": (UTOPIA.code(claims={-260: {5: "vhlink:/x"}}), "hcert"),
    "a number that nobody has": (UTOPIA.code(claims={-260: {2: ICVP}}), "hcert"),
    "nothing": (UTOPIA.code(claims={-260: {}}), "hcert"),
    "a number that is a float": (UTOPIA.code(claims={-260: {3.0: DDCC_VS}}), "hcert"),
    "a number that is a text": (UTOPIA.code(claims={-260: {"-6": ICVP}}), "hcert"),
    "an end that is another text": (code(exp="for ever"), "exp"),
    "an end that is no number": (code(exp=float("nan")), "exp"),
    "a beginning that is a text": (code(nbf="2026"), "nbf"),
    "a time of issue that is null": (UTOPIA.code(claims=who_claims(DVC) | {6: "x"}), "iat"),
    "an issuer that is a number": (code(iss=7), "iss"),
    "a certificate of hundreds of members": (code(value={**ICVP, **{f"x{at}": 0 for at in range(1_100)}}), ""),
    "a certificate in a hundred arrays": (code(value=[[[[[[[[[[[[[[ICVP]]]]]]]]]]]]]]), ""),
    "a wrong member": (code(value={**ICVP, "dob": "x"}), "dob"),
}


@pytest.mark.parametrize(("text", "where"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_none_is_malformed_and_says_where(text: bytes, where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_health_record(text)
    assert refusal.value.where == where
    assert_malformed_cheaply(lambda: parse_health_record(text))
