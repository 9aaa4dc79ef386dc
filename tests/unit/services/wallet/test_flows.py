"""Flows in the vault: found, over, dropped."""

import pytest
from zegel_testing.authorities import NOW

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.services.wallet.contents import Arrived, Finished, WalletContents
from zegel.services.wallet.flows import FLOW_SECONDS, MAX_FLOWS, check_step, drop_flow, drop_past, find_flow, put_flow


def finished(at: int = NOW) -> Finished:
    return Finished(at=at, redirect_uri="https://verifier.example/back")


def test_a_flow_is_found_until_its_time_is_over() -> None:
    contents = put_flow(WalletContents(), "f", finished())
    assert find_flow(contents, "f", now=NOW + FLOW_SECONDS - 1) == finished()
    for id_, now in (("f", NOW + FLOW_SECONDS), ("g", NOW)):
        with pytest.raises(Rejected) as caught:
            find_flow(contents, id_, now=now)
        assert caught.value.check is Check.WALLET_STEP


def test_what_is_over_is_dropped_with_the_next_flow() -> None:
    contents = put_flow(WalletContents(), "old", finished(NOW - FLOW_SECONDS))
    contents = put_flow(contents, "new", finished())
    assert list(contents.flows) == ["new"]
    assert drop_flow(contents, "new").flows == {}


def test_what_is_over_goes_by_itself_too() -> None:
    contents = WalletContents(flows={"old": finished(NOW - FLOW_SECONDS), "new": finished()})
    assert list(drop_past(contents, NOW).flows) == ["new"]
    assert drop_past(contents, NOW - 1) is contents


def test_there_are_never_more_flows_than_a_person_reads() -> None:
    contents = WalletContents()
    for at in range(MAX_FLOWS + 1):
        contents = put_flow(contents, str(at), finished(NOW + at))
    assert len(contents.flows) == MAX_FLOWS
    assert "0" not in contents.flows


def test_a_step_stands_where_its_move_begins() -> None:
    assert check_step(finished(), Finished) == finished()
    with pytest.raises(Rejected) as caught:
        check_step(finished(), Arrived)
    assert caught.value.check is Check.WALLET_STEP
