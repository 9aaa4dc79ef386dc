"""Flows that wait: put away, found again, and gone when their time is over."""

from dataclasses import replace
from typing import Final, TypeVar

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.services.wallet.contents import Deferred, Flow, WalletContents

FLOW_SECONDS: Final = 3_600  # a person who went away for longer begins again
DEFERRED_SECONDS: Final = 7_776_000  # ninety days; what an office needs longer for is asked for again
MAX_FLOWS: Final = 64  # the oldest go first; nobody reads as many pages at once

FlowT = TypeVar("FlowT", bound=Flow)


def put_flow(contents: WalletContents, flow_id: str, flow: Flow) -> WalletContents:
    """The contents with the flow as it stands now; what is over is dropped."""
    kept = {id_: other for id_, other in contents.flows.items() if id_ != flow_id and not _over(other, flow.at)}
    while len(kept) >= MAX_FLOWS:
        del kept[min(kept, key=lambda id_: kept[id_].at)]
    return replace(contents, flows={**kept, flow_id: flow})


def drop_past(contents: WalletContents, now: int) -> WalletContents:
    """The contents without the flows whose time is over: nobody finds them any more, nor can delete them."""
    kept = {id_: flow for id_, flow in contents.flows.items() if not _over(flow, now)}
    return contents if len(kept) == len(contents.flows) else replace(contents, flows=kept)


def drop_flow(contents: WalletContents, flow_id: str) -> WalletContents:
    """The contents without the flow."""
    return replace(contents, flows={id_: flow for id_, flow in contents.flows.items() if id_ != flow_id})


def find_flow(contents: WalletContents, flow_id: str, *, now: int) -> Flow:
    """The flow; ``Rejected(WALLET_STEP)`` when there is none, or its time is over."""
    flow = contents.flows.get(flow_id)
    if flow is None or _over(flow, now):
        raise Rejected(Check.WALLET_STEP, "nothing is open here any more", field="flow")
    return flow


def check_step(flow: Flow, expected: type[FlowT]) -> FlowT:
    """Return the flow if it stands where the move begins; ``Rejected(WALLET_STEP)`` otherwise."""
    if not isinstance(flow, expected):
        raise Rejected(Check.WALLET_STEP, "this was done already, or another page is on", field="flow")
    return flow


def _over(flow: Flow, now: int) -> bool:
    return now - flow.at >= (DEFERRED_SECONDS if isinstance(flow, Deferred) else FLOW_SECONDS)
