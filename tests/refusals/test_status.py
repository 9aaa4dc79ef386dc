"""Status lists and records: one mutation of a good one for each check, and the check that it fails."""

from collections.abc import Callable

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.persons import ADA
from zegel_testing.status import REVOKED, SUSPENDED, URI, credential, token, verified

from zegel.adapters.catalogue import load_catalogue
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.catalogue.records import check_record, mdoc_elements, sdjwt_claims
from zegel.formats.status.check import check_status
from zegel.formats.status.token import StatusListFormat

CURRENT = verified(token(StatusListFormat.CWT))
TYPES = load_catalogue().types


def test_nothing_of_this_is_refused_as_it_stands() -> None:
    assert check_status(credential(0), CURRENT, now=NOW)
    assert sdjwt_claims(check_record(TYPES["pid"], ADA))
    assert mdoc_elements(check_record(TYPES["proof_of_age"], {"age_over_18": True}))


def show_a_revoked_credential() -> object:
    return check_status(credential(REVOKED), CURRENT, now=NOW)


def show_a_suspended_credential() -> object:
    return check_status(credential(SUSPENDED), CURRENT, now=NOW)


def show_an_index_beyond_the_list() -> object:
    return check_status(credential(1_000_000), CURRENT, now=NOW)


def show_another_list() -> object:
    return verified(token(StatusListFormat.JWT), uri=URI + "/other")


def show_no_list() -> object:
    return check_status(credential(0), None, now=NOW)


def show_the_list_of_another_issuer() -> object:
    return check_status(credential(0, entity="Somebody else"), CURRENT, now=NOW)


def show_an_expired_list() -> object:
    return verified(token(StatusListFormat.JWT), now=NOW + 3_600)


def show_a_stale_list() -> object:
    return check_status(credential(0), CURRENT, now=NOW + 600)


def ask_for_a_proof_of_age_as_sd_jwt() -> object:
    return sdjwt_claims(check_record(TYPES["proof_of_age"], {"age_over_18": True}))


def leave_the_family_name_out() -> object:
    return check_record(TYPES["pid"], {name: value for name, value in ADA.items() if name != "family_name"})


def be_born_on_no_day() -> object:
    return check_record(TYPES["pid"], ADA | {"birth_date": "1990-02-30"})


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.STATUS, show_a_revoked_credential),
    (Check.STATUS, show_a_suspended_credential),
    (Check.STATUS, show_an_index_beyond_the_list),
    (Check.STATUS_LIST, show_another_list),
    (Check.STATUS_LIST, show_no_list),
    (Check.STATUS_ISSUER, show_the_list_of_another_issuer),
    (Check.STATUS_FRESHNESS, show_an_expired_list),
    (Check.STATUS_FRESHNESS, show_a_stale_list),
    (Check.TYPE_FORMAT, ask_for_a_proof_of_age_as_sd_jwt),
    (Check.RECORD, leave_the_family_name_out),
    (Check.RECORD, be_born_on_no_day),
)


@pytest.mark.parametrize(("check", "mutation"), REFUSALS, ids=lambda value: getattr(value, "__name__", None))
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        mutation()
    assert refusal.value.check is check
