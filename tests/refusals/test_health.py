"""Health certificates: one mutation of a good one for each check, and the check that it fails."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.business_rules import RULE, book, certificate, dose
from zegel_testing.gateway_list import GATEWAY
from zegel_testing.health import Health
from zegel_testing.revoked_health import batch

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.hcert.believed import BelievedList
from zegel.formats.hcert.ber_certificate import read_certificate
from zegel.formats.hcert.certificate import parse_health_certificate, verify_health_certificate
from zegel.formats.hcert.cms import verify_cms
from zegel.formats.hcert.list_change import check_replaces
from zegel.formats.hcert.matching import Person, check_holder
from zegel.formats.hcert.revocation import (
    HashType,
    RevokedHashes,
    check_not_revoked,
    parse_revocation_batch,
)
from zegel.formats.hcert.rules.check import RuledCertificate, check_rules


def ruled(shown: RuledCertificate) -> object:
    return check_rules(shown, book=book(RULE), to="XU", now=NOW)


def held(*, family_name: str = "Voorbeeld") -> object:
    person = Person(family_name=family_name, given_name="Noor", birth_date="1990-01-01")
    return check_holder(certificate().payload, person=person)


def test_nothing_of_this_is_refused_as_it_stands() -> None:
    assert ruled(certificate())
    assert held()


def come_before_the_second_dose() -> object:
    return ruled(certificate(v=dose(dn=1)))


def show_one_that_was_revoked() -> object:
    office = Health()
    code = office.code()
    verified = verify_health_certificate(parse_health_certificate(code), signers=office.signers, now=NOW)
    listed = parse_revocation_batch(batch(HashType.UCI, str(verified.entry["ci"]).encode()))
    return check_not_revoked(verified, revoked=RevokedHashes([listed]))


def take_the_signature_of_another_certificate() -> object:
    state = GATEWAY.states[0]
    return verify_cms(
        state.upload.sign(state.upload.der),
        state.signer.der,
        signers={state.upload.der: read_certificate(state.upload.der)},
    )


def fetch_an_older_list() -> object:
    kept = BelievedList(signers=(), signed_at=NOW)
    return check_replaces(replace(kept, signed_at=NOW - 1), kept=kept, may_lose=25, accepted=False, now=NOW)


def show_somebody_elses() -> object:
    return held(family_name="Anders")


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.HEALTH_REVOKED, show_one_that_was_revoked),
    (Check.BUSINESS_RULE, come_before_the_second_dose),
    (Check.HEALTH_VOUCHER, take_the_signature_of_another_certificate),
    (Check.HEALTH_LIST, fetch_an_older_list),
    (Check.HEALTH_HOLDER, show_somebody_elses),
)


@pytest.mark.parametrize(("check", "mutate"), REFUSALS, ids=[mutate.__name__ for _, mutate in REFUSALS])
def test_one_mutation_fails_exactly_there(check: Check, mutate: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        mutate()
    assert refusal.value.check is check
