"""What an issuer makes of a health certificate and a PID: that they are of one person, and nothing else."""

from dataclasses import replace
from typing import Any, cast

import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.health import Health, payload

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.services.health import RULE_SET, VALID, HealthDesk
from zegel.services.health_log_in import HealthLogIn, HealthProof
from zegel.services.ports import KnownPerson, Person

UTOPIA = Health()
ERIKA = KnownPerson(
    person=Person(id="reference", name="Erika Voorbeeld"),
    claims={"family_name": "Voorbeeld", "given_name": "Erika", "birth_date": "1986-03-14"},
)


def log_in() -> HealthLogIn:
    return HealthLogIn(
        HealthDesk(UTOPIA.signers),
        type_=load_catalogue().types[VALID],
        asking=cast("Any", None),  # the wallet is asked by somebody else
        rule_set="UT/1",
        lasts=600,
        clock=ManualClock(NOW),
        random=fixed_random("health"),
    )


def proof(**changes: Any) -> HealthProof:
    return log_in().prove(UTOPIA.code(payload(**changes)))


def test_of_the_certificate_nothing_is_kept_but_whose_it_is() -> None:
    assert proof() == HealthProof(
        name={"fn": "Voorbeeld", "fnt": "VOORBEELD", "gn": "Erika", "gnt": "ERIKA"}, born="1986-03-14"
    )


def test_of_the_person_nothing_is_attested_but_that_the_rules_are_met() -> None:
    service = log_in()
    first, second = (service.attest(ERIKA, proof()) for _ in range(2))
    assert first.claims == second.claims == {VALID: True, RULE_SET: "UT/1"}
    assert len({first.person.id, second.person.id, ERIKA.person.id}) == 3
    assert "Erika" not in first.person.name


@pytest.mark.parametrize("kind", ["t", "r"])
def test_a_test_or_a_recovery_is_no_vaccination_whatever_the_rules_let_pass(kind: str) -> None:
    with pytest.raises(Rejected, match="expected a certificate of vaccination") as refusal:
        log_in().prove(UTOPIA.code(payload(kind)))
    assert refusal.value.check is Check.BUSINESS_RULE


@pytest.mark.refuses(Check.HEALTH_HOLDER)
@pytest.mark.parametrize(
    "claims",
    [
        {"family_name": "Muster", "given_name": "Erika", "birth_date": "1986-03-14"},
        {"family_name": "Voorbeeld", "given_name": "Erika", "birth_date": "1986-03-15"},
        {"family_name": "Voorbeeld", "given_name": "Erika"},
        {},
    ],
)
def test_a_pid_of_somebody_else_is_refused_without_a_word_of_either(claims: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as refusal:
        log_in().attest(replace(ERIKA, claims=claims), proof())
    assert refusal.value.check is Check.HEALTH_HOLDER
    for said in ("Erika", "Voorbeeld", "Muster", "1986"):
        assert said not in str(refusal.value)
