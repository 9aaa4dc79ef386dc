"""The status of a wallet in a list: of its own provider, fresh, and valid."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.status.attested import check_attestation_status
from zegel.formats.status.entries import INVALID, SUSPENDED, empty_status_list
from zegel.formats.status.token import VerifiedStatusList
from zegel.trust.attestation_claims import AttestationStatus

URI = "https://wallet-provider.utopia.example/status/1"
STATUS = AttestationStatus(uri=URI, index=7, maintained_until=NOW + 1, provider="Utopian Wallets")
LIST = VerifiedStatusList(
    uri=URI,
    statuses=empty_status_list(64, bits=2),
    issued_at=NOW - 10,
    expires=NOW + 100,
    ttl=60,
    stale_at=NOW + 50,
    entity="Utopian Wallets",
    chain=(),
    aggregation_uri=None,
)


def marked(status: int) -> VerifiedStatusList:
    return replace(LIST, statuses=LIST.statuses.updated({7: status}))


def test_a_wallet_that_is_not_revoked_goes_on() -> None:
    assert check_attestation_status(STATUS, LIST, what="wallet", now=NOW + 49, grace=0) == STATUS


@pytest.mark.parametrize(
    ("check", "status", "status_list", "now"),
    [
        (Check.STATUS_LIST, STATUS, replace(LIST, uri=URI + "2"), NOW),
        (Check.STATUS_ISSUER, STATUS, replace(LIST, entity="Another office"), NOW),
        (Check.STATUS_ISSUER, replace(STATUS, provider=""), LIST, NOW),
        (Check.STATUS_STALE, STATUS, LIST, NOW + 60),
        (Check.STATUS_FRESHNESS, STATUS, LIST, NOW + 100),
        (Check.ATTESTATION_REVOKED, STATUS, marked(INVALID), NOW),
        (Check.ATTESTATION_REVOKED, STATUS, marked(SUSPENDED), NOW),
        (Check.ATTESTATION_REVOKED, replace(STATUS, index=64), LIST, NOW),
    ],
)
@pytest.mark.refuses(Check.ATTESTATION_REVOKED)
@pytest.mark.requirement("WUA_25")
@pytest.mark.requirement("WUA_11a")
@pytest.mark.requirement("WUA_26")
@pytest.mark.requirement("VCR_12a")
@pytest.mark.requirement("ISSU_30")
def test_what_is_revoked_or_unknown_does_not(
    check: Check, status: AttestationStatus, status_list: VerifiedStatusList, now: int
) -> None:
    with pytest.raises(Rejected) as refusal:
        check_attestation_status(status, status_list, what="wallet", now=now, grace=10)
    assert refusal.value.check is check
