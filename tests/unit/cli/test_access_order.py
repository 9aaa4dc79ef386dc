"""An access certificate is ordered from the command line: what happens when an answer does not come."""

import pytest

from zegel.adapters.memory import Loopback
from zegel.cli.access_order import _finish
from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import Json

pytestmark = pytest.mark.anyio
ORIGIN = "https://access.utopia.example"


class Authority:
    """An authority with one order; it issues when it is asked to, once."""

    def __init__(self, standing: str) -> None:
        self.order: dict[str, Json] = {"order": "1", "standing": standing}

    async def answer(self, request: HttpRequest) -> HttpResponse:
        if request.method == "GET":
            return json_response(self.order)
        if self.order["standing"] == "issued":
            return json_response({"detail": "the order is issued, expected one that is open"}, status=409)
        self.order |= {"standing": "issued", "chain": "the chain"}
        return json_response(self.order, status=201)


@pytest.mark.parametrize("standing", ["ordered", "issued"])
async def test_whoever_finishes_an_order_gets_its_certificate_though_it_was_issued_before(standing: str) -> None:
    authority = Authority(standing)
    received = await _finish(Loopback({ORIGIN: authority.answer}), ORIGIN, "1")
    assert received["standing"] == "issued"


@pytest.mark.parametrize(
    ("status", "check", "kind"),
    [
        (409, "access-order", Rejected),
        (403, "access-registration", Rejected),
        (403, "host-control", Rejected),
        (400, "syntax", Malformed),
        (413, "syntax", Malformed),
        (429, "rate", Rejected),
        (503, "availability", Unavailable),
    ],
)
async def test_a_refusal_is_said_by_its_check_with_its_exit_code(
    status: int, check: str, kind: type[ZegelError]
) -> None:
    async def refuse(_request: HttpRequest) -> HttpResponse:
        return json_response({"check": check, "detail": "expected an order", "field": "order"}, status=status)

    with pytest.raises(kind, match="expected an order") as refused:
        await _finish(Loopback({ORIGIN: refuse}), ORIGIN, "1")
    assert refused.value.check.id == check
