"""An access certificate is ordered from the command line: what happens when an answer does not come."""

import pytest

from zegel.adapters.memory import Loopback
from zegel.cli.access_order import _finish
from zegel.errors import Unavailable
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


async def test_an_order_that_is_not_there_is_told_of_with_its_remedy() -> None:
    async def refuse(_request: HttpRequest) -> HttpResponse:
        return json_response({"detail": "expected an order", "field": "order", "remedy": "order anew"}, status=409)

    with pytest.raises(Unavailable, match=r"expected an order \(order\); order anew"):
        await _finish(Loopback({ORIGIN: refuse}), ORIGIN, "1")
