"""By what a party is found (TS5 1.3 section 3.2.2)."""

from dataclasses import replace

import pytest
from zegel_testing.register import party

from zegel.errors import Malformed
from zegel.trust.register.terms import UseQuestion, read_path, terms_of, uses_match
from zegel.trust.register.values import UsedIntermediary


def test_a_party_is_found_by_whom_it_asks_through() -> None:
    named = UsedIntermediary(identifier="NTRUT-1", trade_name="  The  GO-between ")
    terms = terms_of(replace(party(), intermediaries=(named, UsedIntermediary(identifier="NTRUT-2"))))
    assert {value for kind, value in terms if kind == "usesintermediary"} == {"NTRUT-1", "the go-between", "NTRUT-2"}


def test_a_use_without_a_number_is_found_by_what_it_asks_for() -> None:
    library = party()
    (use,) = library.intended_uses
    numbered = terms_of(replace(library, intended_uses=(replace(use, identifier="7"),)))
    assert ("intendeduseidentifier", "7") in numbered
    terms = terms_of(replace(library, intended_uses=(replace(use, identifier=None),)))
    kinds = {kind for kind, _ in terms}
    assert "intendeduseidentifier" not in kinds
    assert {"credentialformat", "credentialmeta", "claimpath"} <= kinds


def test_a_use_that_has_ended_finds_nobody() -> None:
    library = party()
    (use,) = library.intended_uses
    ended = terms_of(replace(library, intended_uses=(replace(use, revoked="2026-01-01"),)))
    gone = {kind for kind, _ in terms_of(library) - ended}
    assert gone >= {"credentialformat", "credentialmeta", "claimpath"}
    assert gone.isdisjoint({"identifier", "legalname", "tradename", "entitlement"})


def test_a_path_is_a_name_or_an_array_of_json() -> None:
    assert read_path("given_name", where="claimpath") == ("given_name",)
    assert read_path('["address","country",null,0]', where="claimpath") == ("address", "country", None, 0)
    with pytest.raises(Malformed, match="expected a name, or a JSON array"):
        read_path('["address"', where="claimpath")


def test_a_use_with_another_number_or_policy_is_not_what_is_looked_for() -> None:
    library = party()
    (use,) = library.intended_uses
    library = replace(library, intended_uses=(replace(use, identifier="7"),))
    assert uses_match(library, UseQuestion(identifier="7"))
    assert not uses_match(library, UseQuestion(identifier="8"))
    assert not uses_match(library, UseQuestion(policy="https://elsewhere.example"))
