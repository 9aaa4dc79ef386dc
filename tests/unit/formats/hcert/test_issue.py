"""What an authority signs, and with what."""

from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_key
from zegel_testing.health import payload

from zegel.errors import Malformed
from zegel.formats.hcert.issue import HealthAuthority
from zegel.primitives.keys import Curve


@pytest.mark.parametrize(
    "changed",
    [
        payload(email="x"),
        payload(nam={"fnt": "VOORBEELD", "email": "x"}),
        payload("r") | {"r": [payload("r")["r"][0] | {"email": "x"}]},
    ],
)
def test_a_member_beside_the_schemas_is_not_signed(changed: dict[str, Any]) -> None:
    office = HealthAuthority(signer=fixed_key("office"), kid=b"12345678", country="UT")
    with pytest.raises(Malformed) as refusal:
        office.issue(changed, issued_at=NOW, expires=NOW + DAY)
    assert refusal.value.where.endswith("email")


def test_a_key_of_another_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="P-256"):
        HealthAuthority(signer=fixed_key("another", curve=Curve.P384), kid=b"12345678", country="UT")


def test_a_date_of_birth_that_no_calendar_has_is_refused() -> None:
    office = HealthAuthority(signer=fixed_key("office"), kid=b"12345678", country="UT")
    with pytest.raises(Malformed) as refusal:
        office.issue(payload(dob="1990-02-30"), issued_at=NOW, expires=NOW + DAY)
    assert refusal.value.field == "dob"
