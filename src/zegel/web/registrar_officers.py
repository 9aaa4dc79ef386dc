"""The officers' page about officers: who may decide, and the form to dismiss one."""

from typing import Final

from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.rates import Limit
from zegel.services.registrar_people import OFFICERS
from zegel.trust.register.states import Duty
from zegel.web.pages import render_page
from zegel.web.registrar_desk import MAX_DECISION, acting, signed_in_as
from zegel.web.registrar_pages import SIGN_IN, frame, see
from zegel.web.registrar_site import RegistrarSite
from zegel.web.registrar_words import on_day
from zegel.web.routing import Audience, Route
from zegel.web.turnstile import Limited

PAGE: Final = "/officers"


async def show_officers(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Who may decide."""
    signed_in, browser = await signed_in_as(site, request, Duty.OFFICER)
    if signed_in is None or browser is None:
        return see(SIGN_IN)
    found = await site.people.officers(after=request.query().get("after", ""), by=signed_in.actor)
    return render_page(
        "registrar_officers.html",
        title="Officers",
        officers=[
            (
                each.name or each.subject,
                each.subject,
                on_day(each.since) if each.since else None,
                each.subject == signed_in.subject,
            )
            for _, each in found
        ],
        onward=f"{PAGE}?after={found[-1][0]}" if len(found) == OFFICERS else None,
        action=PAGE,
        **frame(site, signed_in, browser, ""),
    )


async def dismiss(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Another officer is none any more."""
    form = request.form()
    signed_in, _ = await acting(site, request, form, Duty.OFFICER)
    await site.people.dismiss(form.get("subject", ""), by=signed_in.actor)
    return see(PAGE)


_WRITES: Final[Limited[RegistrarSite]] = Limited(Limit.REQUEST)

ROUTES: Final[tuple[Route[RegistrarSite], ...]] = (
    Route("GET", PAGE, show_officers, Audience.PERSON),
    Route("POST", PAGE, dismiss, Audience.PERSON, max_body=MAX_DECISION, limited=_WRITES),
)
