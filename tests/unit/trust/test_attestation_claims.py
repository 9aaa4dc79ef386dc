"""The status of an attestation: by whom it is vouched for, and for how long it is maintained."""

import pytest
from zegel_testing.authorities import DAY, NOW

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.times import TOLERATED_LATE
from zegel.trust.attestation_claims import MIN_MAINTAINED, AttestationStatus, check_maintained, vouched

URI = "https://wallet-provider.utopia.example/status/1"


def status(until: int | None) -> AttestationStatus:
    return AttestationStatus(uri=URI, index=7, maintained_until=until)


def test_a_verified_status_names_its_provider() -> None:
    known = vouched(status(NOW), "Utopian Wallets")
    assert known == AttestationStatus(uri=URI, index=7, maintained_until=NOW, provider="Utopian Wallets")
    assert vouched(None, "Utopian Wallets") is None


@pytest.mark.requirement("WUA_30")
def test_a_status_is_maintained_for_31_days_more_to_the_second() -> None:
    last = NOW + MIN_MAINTAINED - TOLERATED_LATE
    assert MIN_MAINTAINED == 31 * DAY
    assert check_maintained(status(last), now=NOW, what="wallet attestation").index == 7
    with pytest.raises(Rejected) as refusal:
        check_maintained(status(last - 1), now=NOW, what="wallet attestation")
    assert (refusal.value.check, refusal.value.field) == (Check.ATTESTATION_STATUS, "exp")


@pytest.mark.parametrize("given", [None, status(None)])
@pytest.mark.refuses(Check.ATTESTATION_STATUS)
def test_what_is_not_maintained_is_not_enough(given: AttestationStatus | None) -> None:
    with pytest.raises(Rejected) as refusal:
        check_maintained(given, now=NOW, what="key attestation")
    assert refusal.value.check is Check.ATTESTATION_STATUS
    assert "key attestation" in refusal.value.detail
