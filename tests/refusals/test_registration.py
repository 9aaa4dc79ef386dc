"""Registration certificates: one mutation of a good one for each check, and the check that it fails."""

from collections.abc import Callable

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.registration import LIBRARY, OFFICE, REGISTERED, as_jwt, registered, status_list

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.status.registered import check_registration_status
from zegel.primitives.json import Json
from zegel.protocols.openid4vp.dcql import parse_query
from zegel.protocols.openid4vp.overasking import check_registered
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.values import BoundRegistration, RegistrationCertificate
from zegel.trust.registration.verify import (
    check_registered_attestation,
    check_registered_provider,
    check_registration_party,
    verify_registration,
)

PID = "urn:eudi:pid:1"


def verified(certificate: RegistrationCertificate = LIBRARY, *, now: int = NOW):
    return verify_registration(parse_registration(as_jwt(certificate)), anchors=REGISTERED, now=now)


def bound(*, identifier: str | None = "NTRUT-1234567", service: str | None = "lending") -> BoundRegistration:
    return check_registration_party(verified(), identifier=identifier, service=service)


def office() -> BoundRegistration:
    return check_registration_party(verified(OFFICE), identifier=OFFICE.identifier, service=None)


def asked(*path: Json) -> object:
    credential = {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [PID]}, "claims": [{"path": list(path)}]}
    query = parse_query({"credentials": [credential]})
    return check_registered(query, LIBRARY.credentials, concerned=(), extended={})


def test_nothing_of_this_is_refused_as_it_stands() -> None:
    assert check_registration_status(bound(), status_list(), now=NOW)
    assert asked("family_name")
    assert check_registered_provider(office(), of_pid=True)
    assert check_registered_attestation(office(), format_="dc+sd-jwt", type_=PID)


def certify_under_another_policy() -> object:
    return verified(registered(policies=("0.4.0.19475.3.2",)))


def show_it_after_it_expired() -> object:
    return verified(now=NOW + 91 * DAY)


def revoke_it() -> object:
    return check_registration_status(bound(), status_list(3), now=NOW)


def show_somebody_elses() -> object:
    return bound(identifier="NTRUT-9999999")


def show_that_of_another_service() -> object:
    return bound(service="reading-room")


def ask_for_a_portrait() -> object:
    return asked("picture")


def issue_attestations_as_a_provider_of_pids_alone() -> object:
    return check_registered_provider(office(), of_pid=False)


def issue_a_type_that_is_not_registered() -> object:
    return check_registered_attestation(office(), format_="dc+sd-jwt", type_="urn:utopia:diploma:1")


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.REGISTRATION_POLICY, certify_under_another_policy),
    (Check.REGISTRATION_VALIDITY, show_it_after_it_expired),
    (Check.REGISTRATION_STATUS, revoke_it),
    (Check.REGISTRATION_PARTY, show_somebody_elses),
    (Check.REGISTRATION_SERVICE, show_that_of_another_service),
    (Check.OVER_ASKING, ask_for_a_portrait),
    (Check.REGISTERED_PROVIDER, issue_attestations_as_a_provider_of_pids_alone),
    (Check.REGISTERED_ATTESTATION, issue_a_type_that_is_not_registered),
)


@pytest.mark.parametrize(("check", "mutate"), REFUSALS, ids=[mutate.__name__ for _, mutate in REFUSALS])
def test_one_mutation_fails_exactly_there(check: Check, mutate: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        mutate()
    assert refusal.value.check is check
