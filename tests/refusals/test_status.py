"""Status lists and records: one mutation of a good one for each check, and the check that it fails."""

from collections.abc import Callable

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.identifiers import (
    FREE,
    IDENTIFIERS,
    IDENTIFIERS_URI,
    LISTED,
    identified,
    identifier_token,
    verified_identifiers,
)
from zegel_testing.persons import ADA
from zegel_testing.status import REVOKED, SUSPENDED, URI, credential, token, verified

from zegel.adapters.catalogue import load_catalogue
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.catalogue.records import check_record, mdoc_elements, sdjwt_claims
from zegel.formats.status.check import check_status
from zegel.formats.status.token import StatusListFormat
from zegel.profiles import HAIP, PLAIN

CURRENT = verified(token(StatusListFormat.CWT))
TYPES = load_catalogue().types


def test_nothing_of_this_is_refused_as_it_stands() -> None:
    assert check_status(credential(0), CURRENT, now=NOW, grace=0)
    assert check_status(identified(FREE), IDENTIFIERS, now=NOW, grace=0)
    assert sdjwt_claims(check_record(TYPES["pid"], ADA))
    assert mdoc_elements(check_record(TYPES["proof_of_age"], {"age_over_18": True}))


def show_a_revoked_credential() -> object:
    return check_status(credential(REVOKED), CURRENT, now=NOW, grace=0)


def show_a_suspended_credential() -> object:
    return check_status(credential(SUSPENDED), CURRENT, now=NOW, grace=0)


def show_an_index_beyond_the_list() -> object:
    return check_status(credential(1_000_000), CURRENT, now=NOW, grace=0)


def show_another_list() -> object:
    return verified(token(StatusListFormat.JWT), uri=URI + "/other")


def show_no_list() -> object:
    return check_status(credential(0), None, now=NOW, grace=0)


def show_the_list_of_another_issuer() -> object:
    return check_status(credential(0, entity="Somebody else"), CURRENT, now=NOW, grace=0)


def show_an_expired_list() -> object:
    return verified(token(StatusListFormat.JWT), now=NOW + 3_600)


def show_a_stale_list() -> object:
    return check_status(credential(0), CURRENT, now=NOW + 600, grace=0)


def show_a_list_beyond_the_grace_of_the_profile() -> object:
    return check_status(credential(0), CURRENT, now=CURRENT.stale_at + HAIP.status_grace, grace=HAIP.status_grace)


def show_an_expired_list_within_the_grace() -> object:
    return check_status(credential(0), CURRENT, now=CURRENT.expires, grace=PLAIN.status_grace)


def show_a_listed_identifier() -> object:
    return check_status(identified(LISTED), IDENTIFIERS, now=NOW, grace=0)


def show_a_status_list_for_an_identifier() -> object:
    return check_status(identified(FREE, uri=URI), CURRENT, now=NOW, grace=0)


def show_an_identifier_list_for_an_entry() -> object:
    return check_status(credential(0, uri=IDENTIFIERS_URI), IDENTIFIERS, now=NOW, grace=0)


def show_the_identifier_list_of_another_issuer() -> object:
    return check_status(identified(FREE, entity="Somebody else"), IDENTIFIERS, now=NOW, grace=0)


def show_an_expired_identifier_list() -> object:
    return verified_identifiers(identifier_token(), now=NOW + 3_600)


def show_an_identifier_list_that_calls_itself_a_status_list() -> object:
    return verified_identifiers(identifier_token(typ="application/statuslist+cwt"))


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
    (Check.STATUS_STALE, show_a_stale_list),
    (Check.STATUS_STALE, show_a_list_beyond_the_grace_of_the_profile),
    (Check.STATUS_FRESHNESS, show_an_expired_list_within_the_grace),
    (Check.STATUS, show_a_listed_identifier),
    (Check.STATUS_LIST, show_a_status_list_for_an_identifier),
    (Check.STATUS_LIST, show_an_identifier_list_for_an_entry),
    (Check.STATUS_ISSUER, show_the_identifier_list_of_another_issuer),
    (Check.STATUS_FRESHNESS, show_an_expired_identifier_list),
    (Check.TOKEN_TYPE, show_an_identifier_list_that_calls_itself_a_status_list),
    (Check.TYPE_FORMAT, ask_for_a_proof_of_age_as_sd_jwt),
    (Check.RECORD, leave_the_family_name_out),
    (Check.RECORD, be_born_on_no_day),
)


@pytest.mark.parametrize(("check", "mutation"), REFUSALS, ids=lambda value: getattr(value, "__name__", None))
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        mutation()
    assert refusal.value.check is check
