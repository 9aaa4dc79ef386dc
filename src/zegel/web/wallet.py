"""The wallet's pages, on its owner's machine and for nobody else: all of their routes."""

from typing import Final

from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.web import wallet_certificates, wallet_credentials, wallet_entry, wallet_own, wallet_present, wallet_receive
from zegel.web.pages import STATIC, WaysOn, static_file
from zegel.web.routing import Route
from zegel.web.wallet_site import WalletSite


async def serve_static(_site: WalletSite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


WAYS_ON: Final[WaysOn] = {**wallet_present.WAYS_ON, **wallet_receive.WAYS_ON}
ROUTES: Final[tuple[Route[WalletSite], ...]] = (
    *wallet_entry.ROUTES,
    *wallet_credentials.ROUTES,
    *wallet_certificates.ROUTES,
    *wallet_receive.ROUTES,
    *wallet_present.ROUTES,
    *wallet_own.ROUTES,
    Route("GET", STATIC + "{name}", serve_static),
)
