"""The limits of what is posted: each is on a route, and the application reads no byte more."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from zegel.errors import ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.web.access_operator import _second
from zegel.web.asgi import AsgiApp, TransportError, call_asgi
from zegel.web.log import _number
from zegel.web.routing import Route
from zegel_limits.pair import Pair, value_of

ORIGIN: Final = "https://role.utopia.example"
# The modules whose limits are of bodies, and the list of routes in which they stand.
_BODIES: Final[Mapping[str, str]] = {
    "zegel.web.issuer.MAX_FORM": "zegel.web.issuer.WALLET_ROUTES",
    "zegel.web.issuer_log_in.MAX_BODY": "zegel.web.issuer_log_in.ROUTES",
    "zegel.web.issuer_operator.MAX_BODY": "zegel.web.issuer_operator.ROUTES",
    "zegel.web.issuer_pages.MAX_BODY": "zegel.web.issuer_pages.ROUTES",
    "zegel.web.provider.MAX_AUTHORIZATION": "zegel.web.provider.ROUTES",
    "zegel.web.provider.MAX_TOKEN": "zegel.web.provider.ROUTES",
    "zegel.web.provider.MAX_USERINFO": "zegel.web.provider.ROUTES",
    "zegel.web.provider._MAX_FORM": "zegel.web.provider.ROUTES",
    "zegel.web.door._MAX_FORM": "zegel.web.door.ROUTES",
    "zegel.web.verifier.MAX_REQUEST_FORM": "zegel.web.verifier.ROUTES",
    "zegel.web.verifier_operator.MAX_QUESTION": "zegel.web.verifier_operator.ROUTES",
    "zegel.web.wallet_provider.MAX_WALLET": "zegel.web.wallet_provider.ROUTES",
    "zegel.web.wallet_provider.MAX_REVOCATION": "zegel.web.wallet_provider.ROUTES",
    "zegel.web.wallet_provider.MAX_BATCH": "zegel.web.wallet_provider.ROUTES",
    "zegel.web.registrar_desk.MAX_APPLICATION": "zegel.web.registrar_desk.ROUTES",
    "zegel.web.registrar_desk.MAX_DECISION": "zegel.web.registrar_desk.ROUTES",
    "zegel.web.registrar_passkeys.MAX_ANSWER": "zegel.web.registrar_passkeys.ROUTES",
    "zegel.web.registrar_pages.MAX_FORM": "zegel.web.registrar_pages.ROUTES",
    "zegel.web.registrar_operator.MAX_APPLICATION": "zegel.web.registrar_operator.OPERATOR_ROUTES",
    "zegel.web.registrar_operator.MAX_DECISION": "zegel.web.registrar_operator.OPERATOR_ROUTES",
    "zegel.web.registrar_operator.MAX_RECORD": "zegel.web.registrar_operator.OPERATOR_ROUTES",
    "zegel.web.access_authority.MAX_ORDER": "zegel.web.access_authority.ROUTES",
    "zegel.web.access_operator.MAX_REVOCATION": "zegel.web.access_operator.OPERATOR_ROUTES",
    "zegel.web.wallet_site.MAX_FORM": "zegel.web.wallet.ROUTES",
    "zegel.protocols.openid4vp.response.MAX_BODY": "zegel.web.verifier.ROUTES",
    "zegel.protocols.openid4vci.encryption.MAX_REQUEST": "zegel.web.issuer.WALLET_ROUTES",
    "zegel.protocols.openid4vci.notification.MAX_NOTIFICATION": "zegel.web.issuer.WALLET_ROUTES",
}


class TooLongError(ValueError):
    """The application answered that there is too much."""


def routes_with(limit: str) -> Sequence[Route[Any]]:
    """The routes whose bodies may be as long as a limit says."""
    module, _, name = _BODIES[limit].rpartition(".")
    return [route for route in getattr(import_module(module), name) if route.max_body == value_of(limit)]


def _posting(limit: str) -> Pair:
    def post(size: int) -> None:
        routes = routes_with(limit)
        assert routes, "no route has this limit"
        for route in routes:
            asyncio.run(_post(route, size))

    return Pair(post, refused=ValueError, says="413")


async def _post(route: Route[Any], size: int) -> None:
    """Send a body to an application that reads as the route says; ``TooLongError`` with the status when it refuses."""

    async def respond(_request: HttpRequest, read_body: Any) -> HttpResponse:
        try:
            body = await read_body(route.max_body)
        except TransportError as error:
            return HttpResponse(status=error.status or 400)
        return HttpResponse(status=200 if len(body) == size else 500)

    def refuse(_request: HttpRequest, error: ZegelError) -> HttpResponse:
        raise error

    app = AsgiApp(respond, refuse, origin=ORIGIN)
    response = await call_asgi(app, HttpRequest(method="POST", url=ORIGIN + "/", body=b"x" * size))
    if response.status != 200:
        raise TooLongError(str(response.status))


WEB: Final[Mapping[str, Pair]] = {
    **{limit: _posting(limit) for limit in _BODIES},
    "zegel.web.access_operator._LAST_SECOND": Pair(
        lambda n: _second({"from": n}, "from", "from"), says="a whole number", ends=True
    ),
    "zegel.web.log._DIGITS": Pair(lambda n: _number({"start": "0" * n}, "start"), says="expected a number"),
}
