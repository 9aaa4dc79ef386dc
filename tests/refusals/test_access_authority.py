"""The access authority's refusals: requests, hosts and orders that are not what they should be."""

from collections.abc import Callable

import pytest
from zegel_testing.access_requests import HOST, ISSUING, KEY, certified, issued, ordered, proven, stolen_request
from zegel_testing.authorities import NOW
from zegel_testing.register import party

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.crl import MAX_REVOKED, check_room
from zegel.trust.access_authority.profile import check_certifiable
from zegel.trust.access_authority.request import parse_certificate_request, verify_certificate_request
from zegel.trust.access_authority.selection import CertificatesIssued, check_confirmed


def prove_possession_of(request: bytes) -> object:
    return verify_certificate_request(parse_certificate_request(request), reserved=(ISSUING.key.public_key,))


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.CERTIFICATE_REQUEST, lambda: prove_possession_of(stolen_request())),
    (
        Check.ACCESS_REGISTRATION,
        lambda: check_certifiable(party(), service="parking", key=KEY.public_key, hosts=(HOST,)),
    ),
    (
        Check.ACCESS_HOST,
        lambda: check_certifiable(party(), service="lending", key=KEY.public_key, hosts=("bank.utopia.example",)),
    ),
    (Check.HOST_CONTROL, lambda: ordered().prove({HOST: b"another token"}, now=NOW)),
    (Check.ACCESS_ORDER, lambda: proven().revoke(now=NOW, reason="too early")),
    (Check.REVOCATION_LIST_FULL, lambda: check_room(MAX_REVOKED + 1, issuer=ISSUING.certificate)),
    (Check.ACCESS_REVOCATION, lambda: check_confirmed(CertificatesIssued(), count=2, confirm=None)),
)


@pytest.mark.parametrize(
    ("check", "mutation"), REFUSALS, ids=[f"{at}-{check.id}" for at, (check, _) in enumerate(REFUSALS)]
)
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        mutation()
    assert refusal.value.check is check


def test_without_a_mutation_nothing_is_refused() -> None:
    assert certified()
    assert proven()
    assert issued().revoke(now=NOW, reason="the key was lost")
