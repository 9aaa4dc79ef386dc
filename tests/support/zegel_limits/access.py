"""The limits of the authority for access certificates."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from zegel_testing.access_requests import issued, ordered, request_pem
from zegel_testing.authorities import NOW

from zegel.adapters.challenges import ChallengeFolder
from zegel.checks import Check
from zegel.errors import Unavailable
from zegel.trust.access_authority.request import parse_certificate_request
from zegel.web.access_authority import read_name
from zegel.web.access_operator import read_selection
from zegel_limits.pair import Pair


def _hosts(count: int) -> object:
    return parse_certificate_request(request_pem(*(f"h{number}.example" for number in range(count))))


def _host(characters: int) -> object:
    labels = "a." * (characters // 2 - 2)
    return parse_certificate_request(request_pem(labels + "b" * (characters - len(labels))))


def _proven(age: int) -> object:
    order = ordered()
    return order.prove({each.host: each.content.encode() for each in order.challenges}, now=NOW + age)


def _served(size: int) -> object:
    with TemporaryDirectory() as folder:
        (Path(folder) / "token").write_bytes(bytes(size))
        return ChallengeFolder(Path(folder)).read("token")


ACCESS: Final[Mapping[str, Pair]] = {
    "zegel.trust.access_authority.request.MAX_REQUEST": Pair(
        lambda n: parse_certificate_request(bytes(n)), filler=True
    ),
    "zegel.trust.access_authority.request.MAX_HOSTS": Pair(_hosts),
    "zegel.trust.access_authority.request.MAX_HOST": Pair(_host, says="dNSName"),
    "zegel.adapters.challenges.MAX_CHALLENGE": Pair(_served, Unavailable),
    "zegel.web.access_authority._MAX_NAME": Pair(lambda n: read_name("x" * n, "service")),
    "zegel.web.access_operator._MAX_SERIAL": Pair(lambda n: read_selection({"certificate": "f" * n})),
    "zegel.trust.access_authority.orders.MAX_REASON": Pair(
        lambda n: issued().revoke(now=NOW, reason="x" * n), Check.ACCESS_ORDER
    ),
    "zegel.trust.access_authority.orders.ORDER_SECONDS": Pair(_proven, Check.ACCESS_ORDER, says="expired", ends=True),
}
