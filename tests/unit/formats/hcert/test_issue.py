"""What an authority signs, and with what."""

from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_key
from zegel_testing.health import RECOVERY_USAGE, TEST_USAGE, VACCINATION_USAGE, Health, payload

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import parse_health_certificate, verify_health_certificate
from zegel.formats.hcert.issue import HealthAuthority
from zegel.formats.hcert.keys import Algorithm, DocumentSigner, DocumentSigners
from zegel.primitives.keys import Curve

KEY = fixed_key("office")
BARE = DocumentSigner(kid=b"12345678", key=KEY.public_key.for_agreement(), algorithm=Algorithm.ES256)
FROM, UNTIL = NOW - 10 * DAY, NOW + 10 * DAY


def office(document_signer: DocumentSigner = BARE) -> HealthAuthority:
    return HealthAuthority(signer=KEY, document_signer=document_signer, country="UT")


def certified(*usages: str) -> DocumentSigner:
    """The office's key in a certificate that is valid from ``FROM`` until ``UNTIL``."""
    return Health(*usages, key=KEY._key, times=(FROM, UNTIL)).signer


@pytest.mark.parametrize(
    "changed",
    [
        payload(email="x"),
        payload(nam={"fnt": "VOORBEELD", "email": "x"}),
        payload("r") | {"r": [payload("r")["r"][0] | {"email": "x"}]},
    ],
)
def test_a_member_beside_the_schemas_is_not_signed(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as refusal:
        office().issue(changed, issued_at=NOW, expires=NOW + DAY)
    assert refusal.value.where.endswith("email")


def test_a_key_of_another_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="P-256"):
        HealthAuthority(signer=fixed_key("another", curve=Curve.P384), document_signer=BARE, country="UT")


def test_a_certificate_of_another_key_is_refused() -> None:
    with pytest.raises(ValueError, match="the certificate of the key"):
        office(Health().signer)


def test_a_date_of_birth_that_no_calendar_has_is_refused() -> None:
    with pytest.raises(Malformed) as refusal:
        office().issue(payload(dob="1990-02-30"), issued_at=NOW, expires=NOW + DAY)
    assert refusal.value.field == "dob"


@pytest.mark.refuses(Check.HEALTH_KEY_USAGE)
@pytest.mark.parametrize(
    ("usages", "kinds"),
    [
        ((), "vtr"),
        ((VACCINATION_USAGE,), "v"),
        ((TEST_USAGE,), "t"),
        ((RECOVERY_USAGE, TEST_USAGE), "tr"),
        (("1.3.6.1.5.5.7.3.2",), "vtr"),
    ],
)
def test_hcert_5_1_what_is_issued_is_of_a_kind_that_its_reader_accepts(usages: tuple[str, ...], kinds: str) -> None:
    document_signer = certified(*usages)
    for kind in "vtr":
        if kind in kinds:
            code = office(document_signer).issue(payload(kind), issued_at=NOW, expires=UNTIL).encode()
            signers = DocumentSigners([document_signer])
            assert verify_health_certificate(parse_health_certificate(code), signers=signers, now=NOW).kind == kind
            continue
        with pytest.raises(Rejected) as refusal:
            office(document_signer).issue(payload(kind), issued_at=NOW, expires=UNTIL)
        assert (refusal.value.check, refusal.value.field) == (Check.HEALTH_KEY_USAGE, "extendedKeyUsage")


@pytest.mark.refuses(Check.CERTIFICATE_VALIDITY)
@pytest.mark.parametrize(
    ("issued_at", "expires", "field", "says"),
    [
        (FROM, UNTIL, "", ""),
        (FROM - 1, UNTIL, "iat", "from 2026-"),
        (FROM, UNTIL + 1, "exp", "fewer days"),
        (UNTIL + 1, UNTIL + 2, "exp", "fewer days"),
        (FROM - 1, UNTIL + 1, "iat", "from 2026-"),
    ],
)
def test_hcert_3_3_5_and_3_3_6_its_times_are_within_the_signers_certificate(
    issued_at: int, expires: int, field: str, says: str
) -> None:
    assert office().issue(payload(), issued_at=issued_at, expires=expires), "a bare key has no times"
    if not field:
        assert office(certified()).issue(payload(), issued_at=issued_at, expires=expires)
        return
    with pytest.raises(Rejected, match=says) as refusal:
        office(certified()).issue(payload(), issued_at=issued_at, expires=expires)
    assert (refusal.value.check, refusal.value.field) == (Check.CERTIFICATE_VALIDITY, field)
