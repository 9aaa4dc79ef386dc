"""The page of this wallet itself: whether it is active, its revocation code, and its end."""

from datetime import UTC, datetime
from typing import Final

from zegel.errors import ZegelError
from zegel.primitives.http import HttpResponse
from zegel.services.wallet.contents import WalletInstance
from zegel.services.wallet.journal import host_of
from zegel.web.routing import Audience, Route
from zegel.web.wallet_site import MAX_FORM, THIS_WALLET, Visit, WalletSite, inside, see, wallet_page


@inside
async def show_wallet(site: WalletSite, visit: Visit) -> HttpResponse:
    """How this wallet stands, looked up if its list has grown old; what cannot be looked up is said as well."""
    failed = None
    try:
        own = await site.wallet.instance.look()
    except ZegelError as error:
        own, failed = site.wallet.instance.own, error.detail
    return wallet_page(
        site,
        visit,
        "wallet_own.html",
        title="This wallet",
        here=THIS_WALLET,
        action=THIS_WALLET,
        provider=host_of(site.wallet.habits.provider),
        own=own,
        activated=_day(own, "activated_at"),
        revoked=_day(own, "revoked_at"),
        failed=failed,
    )


@inside
async def act(site: WalletSite, visit: Visit) -> HttpResponse:
    """Activate it, take note that its owner has the code, or revoke it."""
    match visit.form.get("action"):
        case "activate":
            await site.wallet.instance.activate()
        case "noted":
            await site.wallet.instance.note()
        case "revoke":
            await site.wallet.instance.revoke()
        case _:
            pass
    return see(THIS_WALLET)


def _day(own: WalletInstance | None, name: str) -> str:
    seconds = None if own is None else getattr(own, name)
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


ROUTES: Final[tuple[Route[WalletSite], ...]] = (
    Route("GET", THIS_WALLET, show_wallet, Audience.PERSON),
    Route("POST", THIS_WALLET, act, Audience.PERSON, max_body=MAX_FORM),
)
