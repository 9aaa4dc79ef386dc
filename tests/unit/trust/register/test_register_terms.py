"""By what a party is found (TS5 1.3 section 3.2.2)."""

from dataclasses import replace

from zegel_testing.register import party

from zegel.trust.register.terms import terms_of
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
