"""The page of this wallet itself: whether it is active, its revocation code, and its end, which is asked for twice."""

from datetime import UTC, datetime
from typing import Final

from zegel.errors import ZegelError
from zegel.primitives.http import HttpResponse
from zegel.services.wallet.contents import WalletInstance
from zegel.services.wallet.journal import host_of
from zegel.web.routing import Audience, Route
from zegel.web.wallet_site import MAX_FORM, THIS_WALLET, Visit, WalletSite, inside, see, wallet_page

_REVOKE: Final = THIS_WALLET + "/revoke"


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
        revoke=_REVOKE,
        provider=host_of(site.wallet.habits.provider),
        own=own,
        activated=_day(own, "activated_at"),
        revoked=_day(own, "revoked_at"),
        failed=failed,
    )


@inside
async def act(site: WalletSite, visit: Visit) -> HttpResponse:
    """Activate it, take note that its owner has the code, or revoke it, as the page that asks for it says."""
    match visit.form.get("action"):
        case "activate":
            await site.wallet.instance.activate()
        case "noted":
            await site.wallet.instance.note()
        case "revoke-for-good":
            await site.wallet.instance.revoke()
        case _:
            pass
    return see(THIS_WALLET)


@inside
async def show_revocation(site: WalletSite, visit: Visit) -> HttpResponse:
    """Whether to end it: nobody can undo that."""
    own = site.wallet.instance.own
    if own is None or own.id is None or own.revoked_at is not None:  # there is nothing to end
        return see(THIS_WALLET)
    return wallet_page(
        site,
        visit,
        "wallet_revoke.html",
        title="Revoke this wallet for good?",
        action=THIS_WALLET,
        activated=_day(own, "activated_at"),
        provider=host_of(site.wallet.habits.provider),
        credentials=len(site.wallet.safe.contents.holdings),
    )


def _day(own: WalletInstance | None, name: str) -> str:
    seconds = None if own is None else getattr(own, name)
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


ROUTES: Final[tuple[Route[WalletSite], ...]] = (
    Route("GET", THIS_WALLET, show_wallet, Audience.PERSON),
    Route("POST", THIS_WALLET, act, Audience.PERSON, max_body=MAX_FORM),
    Route("GET", _REVOKE, show_revocation, Audience.PERSON),
)
