"""Limits of habit: how long something is remembered, how much of it is shown, how soon it is asked for again."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, Final, cast

import httpx2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from zegel_testing.authorities import DAY, NOW
from zegel_testing.issuance import plain_issuer, redeem, wallet_client

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.memory import Loopback, ManualClock
from zegel.checks import Check
from zegel.demo.tax_online import _body
from zegel.demo.transport import OutboundTransport
from zegel.errors import ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import parse_object
from zegel.services.passwords import GuessedNames, PasswordLogIn
from zegel.services.ports import Person
from zegel.services.upstream import UpstreamLogIn
from zegel.services.wallet.contents import Deferred, WalletContents
from zegel.services.wallet.flows import find_flow
from zegel.services.wallet.holdings import is_due
from zegel.services.wallet.renewing import RenewalService
from zegel.web.issuer_operator import show_persons
from zegel_limits.pair import Pair

_PROVIDER: Final = "https://login.utopia.example"
_ENDPOINTS: Final = {
    "issuer": _PROVIDER,
    "authorization_endpoint": _PROVIDER + "/a",
    "token_endpoint": _PROVIDER + "/t",
    "jwks_uri": _PROVIDER + "/k",
}


def _transaction_code(length: int) -> object:
    issuer, code = plain_issuer(), "7" * length
    offer = issuer.offer("id-sdjwt", pre_authorized=True, tx_code=code)
    with suppress(ZegelError):  # the wallet has its own opinion of what comes back
        return redeem(issuer, offer, wallet_client(issuer.profile), tx_code=code)
    raise next(denied for denied in issuer.denials if denied.check is not Check.DPOP_NONCE)


def _deferred(age: int) -> object:
    flow = Deferred(
        at=NOW, session=cast("Any", None), provider=cast("Any", None), grant="", pending=cast("Any", None), keys=()
    )
    return find_flow(WalletContents(flows={"a": flow}), "a", now=NOW + age)


def _asked_for_again(days: int) -> object:
    """A credential of a type that nobody knows, so many days before its end."""
    credential = SimpleNamespace(type="urn:nobody:knows:1", valid_until=NOW + days * DAY)
    copies = SimpleNamespace(copies=tuple(range(10)))
    holding: Any = SimpleNamespace(credential=credential, batch=copies, unused=10, tried_at=None, renewed_at=None)
    renewal: Any = SimpleNamespace(_catalogue=load_catalogue())
    if not is_due(holding, renewal_days=RenewalService._days(renewal, holding), now=NOW):
        raise ValueError("it is passed over")
    return holding


def _told_apart(length: int) -> int:
    """The last character of a login so long that still makes it another one."""
    names = GuessedNames(cast("Any", None), key=bytes(32), at_most=1, clock=ManualClock(NOW))
    login = "x" * length
    others = {at: login[: at - 1] + "y" + login[at:] for at in range(length, 0, -1)}
    return next(at for at, other in others.items() if names.record(other) != names.record(login))


def _remembered(age: int) -> object:
    """A provider whose endpoints were read so long ago: they are not asked for again."""
    asked: list[HttpRequest] = []

    async def answer(request: HttpRequest) -> HttpResponse:
        asked.append(request)
        return json_response(_ENDPOINTS)

    clock = ManualClock(NOW)
    log_in = UpstreamLogIn(
        _PROVIDER,
        client=cast("Any", SimpleNamespace(client_id="c", redirect_uri="https://a.example/back")),
        pid=cast("Any", None),
        outbound=Loopback({_PROVIDER: answer}),
        clock=clock,
        random=bytes,
    )
    asyncio.run(log_in.begin())
    clock.advance(age)
    asyncio.run(log_in.begin())
    if len(asked) > 1:
        raise ValueError("it is passed over")
    return log_in


def _persons(count: int) -> int:
    class People:
        async def people(self) -> tuple[Person, ...]:
            return tuple(Person(id=str(at), name="") for at in range(count))

    async def types_of(_id: str) -> list[str]:
        return []

    log_in = SimpleNamespace(means=PasswordLogIn(cast("Any", People())))
    site: Any = SimpleNamespace(log_in=log_in, issuer=SimpleNamespace(types_of=types_of))
    response = asyncio.run(show_persons(site, HttpRequest(method="GET", url="https://a.example/persons")))
    told = parse_object(response.body, what="persons", max_bytes=1 << 20)
    assert told["more"] is (len(cast("Any", told["persons"])) < count)
    return len(cast("Any", told["persons"]))


def _posted(size: int) -> object:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * size, "more_body": False}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    try:
        return asyncio.run(_body(request))
    except HTTPException as refused:
        raise ValueError(refused.detail) from None


def _answered(size: int) -> object:
    async def answer(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, body=b"x" * size)

    async def fetch() -> object:
        async with httpx2.AsyncClient(transport=OutboundTransport(Loopback({_PROVIDER: answer}))) as client:
            return await client.get(_PROVIDER)

    try:
        return asyncio.run(fetch())
    except httpx2.ConnectError as refused:
        raise ValueError(str(refused)) from None


HABITS: Final[Mapping[str, Pair]] = {
    "zegel.protocols.oauth.token.MAX_TX_CODE": Pair(_transaction_code, Check.TRANSACTION_CODE, says="transaction"),
    "zegel.services.wallet.flows.DEFERRED_SECONDS": Pair(
        _deferred, Check.WALLET_STEP, says="nothing is open", ends=True
    ),
    "zegel.services.wallet.holdings.RENEWAL_DAYS": Pair(_asked_for_again, ValueError, says="passed over"),
    "zegel.services.upstream.METADATA_SECONDS": Pair(_remembered, ValueError, says="passed over", ends=True),
    "zegel.demo.tax_online._MAX_BODY": Pair(_posted, ValueError, says="Too Large"),
    "zegel.demo.transport._MAX_BODY": Pair(_answered, ValueError),
}
LOGINS: Final = {"zegel.services.passwords._MAX_LOGIN": _told_apart, "zegel.web.issuer_operator.MAX_PERSONS": _persons}
