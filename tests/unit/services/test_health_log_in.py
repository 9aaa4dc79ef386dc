"""What an issuer makes of a health certificate and a PID: that they are of one person, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_random
from zegel_testing.business_rules import RULE, WHATEVER, book
from zegel_testing.health import Health, payload

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.services.health import RULE_SET, VALID, HealthDesk, Ruling
from zegel.services.health_log_in import HealthLogIn, HealthProof
from zegel.services.ports import KnownPerson, Person

UTOPIA = Health()
ERIKA = KnownPerson(
    person=Person(id="reference", name="Erika Voorbeeld"),
    claims={"family_name": "Voorbeeld", "given_name": "Erika", "birth_date": "1986-03-14"},
)


MET = Ruling(book=book(WHATEVER), to="UT", needed=True)


def log_in(ruling: Ruling | None = MET) -> HealthLogIn:
    return HealthLogIn(
        HealthDesk(UTOPIA.signers, ruling=ruling),
        type_=load_catalogue().types[VALID],
        asking=cast("Any", None),  # the wallet is asked by somebody else
        rule_set="UT/1",
        lasts=600,
        clock=ManualClock(NOW),
        random=fixed_random("health"),
    )


def proof(**changes: Any) -> HealthProof:
    return log_in().prove(UTOPIA.code(payload(**changes)), languages=())


def test_of_the_certificate_nothing_is_kept_but_whose_it_is() -> None:
    assert proof() == HealthProof(
        name={"fn": "Voorbeeld", "fnt": "VOORBEELD", "gn": "Erika", "gnt": "ERIKA"},
        born="1986-03-14",
        version="1.3.0",
        until=NOW + 600,
    )


def test_of_the_person_nothing_is_attested_but_that_the_rules_are_met() -> None:
    service = log_in()
    first, second = (service.attest(ERIKA, proof()) for _ in range(2))
    assert first.until == NOW + 600
    assert first.claims == second.claims == {VALID: True, RULE_SET: "UT/1"}
    assert len({first.person.id, second.person.id, ERIKA.person.id}) == 3
    assert "Erika" not in first.person.name


def bound_by(**changes: str) -> HealthLogIn:
    return log_in(Ruling(book=book(RULE | changes), to="XU", needed=True))


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_no_attestation_outlives_the_rules_that_it_is_about() -> None:
    code = UTOPIA.code(payload())
    days = load_catalogue().types[VALID].validity_days
    end = ((NOW + 600) // DAY + days) * DAY
    assert bound_by(ValidTo=moment(end + 1)).prove(code, languages=())
    for over in (end, NOW + 1):
        with pytest.raises(Rejected, match=r"holds for .* days more: no rule of XU is in force") as refusal:
            bound_by(ValidTo=moment(over)).prove(code, languages=())
        assert refusal.value.check is Check.BUSINESS_RULE


def test_a_rule_that_fails_on_a_day_between_is_seen() -> None:
    clock = {"var": "external.validationClock"}
    of_now = {"before": [{"plusTime": [clock, 0, "hour"]}, {"plusTime": [moment(NOW + 3_600), 0, "hour"]}]}
    days = load_catalogue().types[VALID].validity_days
    last = ((NOW + 600) // DAY + days) * DAY - 3_600
    of_the_end = {"after": [{"plusTime": [clock, 0, "hour"]}, {"plusTime": [moment(last), 0, "hour"]}]}
    rule = RULE | {"Logic": {"if": [of_now, True, of_the_end]}}
    service = log_in(Ruling(book=book(rule), to="XU"))
    with pytest.raises(Rejected, match="days more") as refusal:
        service.prove(UTOPIA.code(payload()), languages=())
    assert refusal.value.check is Check.BUSINESS_RULE


def test_the_rule_that_is_not_met_is_said_in_the_readers_language_today_and_on_a_day_to_come() -> None:
    clock, tomorrow = {"var": "external.validationClock"}, {"plusTime": [moment(NOW + DAY), 0, "hour"]}
    until_tomorrow = {"before": [{"plusTime": [clock, 0, "hour"]}, tomorrow]}
    for logic in ({"===": [1, 2]}, until_tomorrow):
        for languages, said in (
            (("nl-BE", "en"), "Alle doses van een reeks zijn nodig."),
            (("fr-BE",), "Toutes les doses d'une serie sont requises."),
            (("hu",), "All doses of a series have to be had."),
        ):
            with pytest.raises(Rejected) as refusal:
                log_in(Ruling(book=book(RULE | {"Logic": logic}), to="XU")).prove(
                    UTOPIA.code(payload()), languages=languages
                )
            assert refusal.value.said == said


def test_without_rules_nothing_is_attested_to_meet_them() -> None:
    with pytest.raises(Rejected, match="there are no rules here") as refusal:
        log_in(None).prove(UTOPIA.code(payload(dn=1)), languages=())
    assert refusal.value.check is Check.BUSINESS_RULE


@pytest.mark.parametrize("claim", [6, 5])
def test_no_attestation_begins_before_the_certificate_does(claim: int) -> None:
    with pytest.raises(Rejected) as refusal:
        log_in().prove(UTOPIA.code(claims={claim: NOW + 60}), languages=())
    assert refusal.value.check is Check.HEALTH_VALIDITY


@pytest.mark.parametrize("kind", ["t", "r"])
def test_a_test_or_a_recovery_is_no_vaccination_whatever_the_rules_let_pass(kind: str) -> None:
    with pytest.raises(Rejected, match="expected a certificate of vaccination") as refusal:
        log_in().prove(UTOPIA.code(payload(kind)), languages=())
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
