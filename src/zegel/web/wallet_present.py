"""The pages of a presentation: what a link brought, who asks for what, and yes or no.

A link from a site brings a request to a page and no further: nothing is fetched, posted or stored before the owner
presses the button there.
"""

from dataclasses import dataclass
from typing import Any, Final, final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Rejected, Unavailable, ZegelError, explain
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.openid4vp.link import MAX_LINK
from zegel.services.wallet.answers import SAID_OF_ANSWERS
from zegel.services.wallet.consenting import NOTHING, Alternatives, Question, choice_of, describe_consent, set_aside
from zegel.services.wallet.contents import Answering, Asked, Brought, Finished, Happening, Unanswerable
from zegel.services.wallet.flows import check_step
from zegel.services.wallet.journal import find_entry, verifier_counterpart
from zegel.web.errors import WordedRefusal, status_of
from zegel.web.pages import REFUSED, WayOn, WaysOn, render_page
from zegel.web.routing import Audience, Route
from zegel.web.wallet_site import (
    HOME,
    LOCALE,
    LOG,
    MAX_FORM,
    PRESENT,
    REQUEST_SCHEME,
    Visit,
    WalletSite,
    inside,
    look_in,
    onward_page,
    request_of,
    see,
    wallet_page,
)

_TITLE: Final = "A request to your wallet"
_RETURN: Final = "/return"
_OVER: Final = "This page is over: what it asked was decided, or it waited too long. What came of it stands in the log."
_NOT_TAKEN: Final = "Your answer was sent, and was not accepted there."
_WAITS: Final = "The other side could not be reached. Your answer waits among your credentials, to be sent again."
_NOT_SENT: Final = "Nothing was sent. Your word is still waited for, on the page before this one."
_NO_WAY_BACK: Final = "Your answer was sent, and the way back that the other side names is none that can be taken."
WAYS_ON: Final[WaysOn] = {Check.WALLET_STEP: WayOn(lead=_OVER, back=(LOG, "To the log"))}
# what refuses before anything is sent
_BEFORE: Final = {Check.HELD, Check.DISCLOSURE_POLICY, Check.REQUEST_TIME, Check.TRANSACTION_REQUEST}
_MEANT: Final = {"accept": Happening.PRESENTED, "refuse": Happening.DECLINED, "tell": Happening.REFUSED}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """An answer in the words of its pages: what it was, and what came of it once it was taken."""

    title: str
    sent: str
    taken: str


_ANSWERS: Final = {
    Happening.PRESENTED: _Answer(
        title="You shared",
        sent="You agreed to share, and your answer is on its way.",
        taken="Your answer was taken. What was shared stands in the log.",
    ),
    Happening.DECLINED: _Answer(
        title="You did not share",
        sent="You said no. Nothing is shared.",
        taken="Your no was taken. Nothing was shared.",
    ),
    Happening.REFUSED: _Answer(
        title="You told them what is wrong",
        sent="Those who asked are to be told what is wrong. Nothing is shared.",
        taken="Those who asked know now what is wrong. Nothing was shared.",
    ),
}
_FORGOTTEN: Final = _Answer(  # the log holds so many lines, and no more
    title="You answered", sent="Your answer is on its way.", taken="Your answer was taken."
)


async def bring(site: WalletSite, request: HttpRequest) -> HttpResponse:
    """A link brought a request: its host, and a button. ``Malformed`` for a link that brings nothing."""
    query = urlsplit(request.url).query
    link = request_of(query)
    visit = await look_in(site, request)
    if isinstance(visit, HttpResponse):
        return visit
    return brought_page(site, visit, link=query, host=link.unverified_host, brought=Brought.LINK)


@inside
async def begin(site: WalletSite, visit: Visit) -> HttpResponse:
    """The owner pressed the button: the request is fetched and verified."""
    link = visit.form.get("link", "")[:MAX_LINK]
    flow = await site.wallet.presenting.begin(REQUEST_SCHEME + link, brought=brought_of(visit))
    return see(f"{PRESENT}/{flow}")


@inside
async def show(site: WalletSite, visit: Visit, *, flow: str) -> HttpResponse:
    """How a presentation stands."""
    return _page(site, visit, flow)


@inside
async def decide(site: WalletSite, visit: Visit, *, flow: str) -> HttpResponse:
    """The owner's word; after it the browser goes back to where the request came from."""
    try:
        return await _decided(site, visit, flow)
    except Rejected as error:
        if error.check is not Check.WALLET_STEP:
            raise
        return _page(site, visit, flow, late=True)  # ``Rejected`` as before where nothing is left to show
    except Unavailable as error:
        # otherwise the vault cannot be kept, or what is needed to decide cannot be had
        waits = isinstance(site.wallet.presenting.look(flow), Answering)
        raise WordedRefusal(error, _refused(site, error, lead=_WAITS if waits else _NOT_SENT)) from None


async def _decided(site: WalletSite, visit: Visit, flow: str) -> HttpResponse:
    here = f"{PRESENT}/{flow}"
    presenting = site.wallet.presenting
    decision = visit.form.get("decision", "")
    match decision:
        case "accept":
            state = presenting.look(flow)
            choice = None
            if isinstance(state, Asked):
                choice = choice_of(presenting.match(state.consent), visit.form)
            finished = await presenting.accept(flow, choice, despite=set_aside(visit.form))
        case "refuse":
            finished = await presenting.refuse(flow)
        case "tell":
            finished = await presenting.tell(flow)
        case "again":
            finished = await presenting.send_again(flow)
        case "forget":
            answered = await presenting.forget(flow)
            return see(HOME) if answered is None else _finished_page(site, visit, answered, late=True)
        case _:
            return see(here)
    entry = find_entry(site.wallet.safe.contents, finished.entry)
    if entry is not None and entry.happening is not _MEANT.get(decision, entry.happening):
        return _finished_page(site, visit, finished, late=True)
    return see(here if finished.redirect_uri is None else here + _RETURN)


@inside
async def go_back(site: WalletSite, visit: Visit, *, flow: str) -> HttpResponse:
    """The verifier says where the browser goes on (HAIP 1.0 section 5.1); RETURN_TARGET saw to it that it is a page."""
    finished = check_step(site.wallet.presenting.look(flow), Finished)
    if finished.redirect_uri is None:
        return see(f"{PRESENT}/{flow}")
    lead = f"{_answer(site, finished.entry).taken} You go on where you were asked."
    return onward_page(site, visit, finished.redirect_uri, title="Back to where you were asked", lead=lead)


def refuse_sending(site: WalletSite, error: ZegelError) -> HttpResponse:
    """A refusal after the owner's word: what became of the answer is said first, as far as it is known."""
    lead = REFUSED
    if error.check is Check.EXPLICIT_APPROVAL:
        lead = "Nothing was shared yet. Go back, read each warning, and tick it if you want to share nevertheless."
    elif error.check in _BEFORE:
        lead = "Nothing was shared."
    elif error.check is Check.ANSWER_DELIVERY or error.check.id in SAID_OF_ANSWERS:
        lead = _NOT_TAKEN
    elif error.check is Check.RETURN_TARGET:
        lead = _NO_WAY_BACK
    elif error.check is Check.WALLET_STEP:
        lead = _OVER
    return _refused(site, error, lead=lead)


def _refused(site: WalletSite, error: ZegelError, *, lead: str) -> HttpResponse:
    return render_page(
        "error.html",
        status=status_of(error),
        title="It was not finished",
        role=site.name,
        host=site.host,
        lead=lead,
        explanation=explain(error),
        request_id=None,
        back=(HOME, "To all credentials"),
    )


def brought_page(site: WalletSite, visit: Visit, *, link: str, host: str, brought: Brought) -> HttpResponse:
    """What a link brought, before anything is done with it."""
    return wallet_page(
        site,
        visit,
        "wallet_brought.html",
        title=_TITLE,
        kind="present",
        action=PRESENT,
        link=link,
        host_named=host,
        brought=str(brought),
    )


def brought_of(visit: Visit) -> Brought:
    """How the link came, as the page that brought it says; what says nothing was pasted."""
    return Brought.LINK if visit.form.get("brought") == Brought.LINK else Brought.PASTED


def _page(site: WalletSite, visit: Visit, flow: str, *, late: bool = False) -> HttpResponse:
    state = site.wallet.presenting.look(flow)
    action = f"{PRESENT}/{flow}"
    match state:
        case Asked():
            return _consent_page(site, visit, action, state)
        case Unanswerable(refusal=refusal):
            error = Rejected(refusal.check, refusal.detail, field=refusal.field)
            return wallet_page(
                site,
                visit,
                "wallet_unanswerable.html",
                title="This request is not answered",
                action=action,
                party=verifier_counterpart(refusal.party, refusal.reply),
                explanation=explain(error),
            )
        case Answering(entry=entry):
            sent = _answer(site, entry).sent
            return wallet_page(
                site, visit, "wallet_unsent.html", title="Not sent yet", action=action, sent=sent, late=late
            )
        case _:
            return _finished_page(site, visit, check_step(state, Finished), late=late)


def _finished_page(site: WalletSite, visit: Visit, finished: Finished, *, late: bool) -> HttpResponse:
    """What was answered, and what came of it. ``late`` is what another page of the same request brings."""
    answer, found = _answer(site, finished.entry), finished.refusal
    refused = None if found is None else Rejected(_CHECKS[found.check], found.detail, field=found.field)
    taken = answer.taken
    if refused is not None:
        taken = _NO_WAY_BACK if refused.check is Check.RETURN_TARGET else _NOT_TAKEN
    return wallet_page(
        site,
        visit,
        "wallet_done.html",
        title="Done" if refused is None else "Not accepted",
        answered=answer.title,
        taken=taken,
        explanation=None if refused is None else explain(refused),
        late=late,
        # whoever answered in another page went back from there, and an address of a return serves once
        redirect_uri=None if late else finished.redirect_uri,
        log=LOG,
    )


def _answer(site: WalletSite, entry_id: str) -> _Answer:
    entry = find_entry(site.wallet.safe.contents, entry_id)
    return _FORGOTTEN if entry is None else _ANSWERS.get(entry.happening, _FORGOTTEN)


def _consent_page(site: WalletSite, visit: Visit, action: str, asked: Asked) -> HttpResponse:
    view = describe_consent(
        asked,
        site.wallet.presenting.match(asked.consent),
        contents=site.wallet.safe.contents,
        catalogue=site.wallet.catalogue,
        locale=LOCALE,
    )
    first = view.transactions[0] if view.transactions else None
    needed = {id_ for set_ in view.choices for option in set_.options for id_ in option.questions}
    return wallet_page(
        site,
        visit,
        "wallet_consent.html",
        title=f"{view.party.name} asks" if first is None else first.title,
        action=action,
        view=view,
        sets=[_set(set_) for set_ in view.choices],
        questions=[
            {"question": question, "optional": question.id in needed, "options": _options(question)}
            for question in view.questions
        ],
        agree=(first.agree if first is not None else None) or "Share",
        deny=(first.deny if first is not None else None) or "Do not share",
    )


def _set(set_: Alternatives) -> dict[str, Any]:
    options = [(option.value, " and ".join(option.names), None) for option in set_.options]
    if not set_.required:
        options.insert(0, (NOTHING, "Nothing", None))
    added = "If you want to add it" if set_.proposed == NOTHING else "What you confirm is signed with it"
    legend = set_.purpose or ("Choose one" if set_.required else added)
    return {"field": set_.field, "legend": legend, "options": options, "chosen": set_.proposed}


def _options(question: Question) -> list[tuple[str, str, None]]:
    """What to choose from, where there are several and one is wanted; told apart by number where names are alike."""
    if question.multiple or len(question.offerings) < _SEVERAL:
        return []
    names = [f"{offering.name}, {offering.issuer}" for offering in question.offerings]
    return [
        (offering.holding, name if names.count(name) == 1 else f"{name}, number {position}", None)
        for position, (offering, name) in enumerate(zip(question.offerings, names, strict=True), start=1)
    ]


_SEVERAL: Final = 2
_CHECKS: Final = {check.id: check for check in Check}


ROUTES: Final[tuple[Route[WalletSite], ...]] = (
    Route("GET", PRESENT, bring, Audience.PERSON),
    Route("POST", PRESENT, begin, Audience.PERSON, max_body=MAX_FORM),
    Route("GET", PRESENT + "/{flow}", show, Audience.PERSON),
    Route("GET", PRESENT + "/{flow}" + _RETURN, go_back, Audience.PERSON),
    Route("POST", PRESENT + "/{flow}", decide, Audience.PERSON, max_body=MAX_FORM, refusal=refuse_sending),
)
