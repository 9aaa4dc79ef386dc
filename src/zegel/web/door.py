"""A door over HTTP: one page for the doorkeeper, which asks, waits, says yes or no, and forgets; and what wallets need.

An old code is judged and answered in one request: nothing of it is stored anywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Explanation, Malformed, Rejected, Unavailable, explain
from zegel.formats.hcert.layers import Layer, MalformedLayer
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.openid4vp.response import MAX_BODY
from zegel.protocols.openid4vp.verifier import Failure
from zegel.services.door import VERDICT_SECONDS, Bearer, DoorService, HealthJudge, Open, Reason, Verdict
from zegel.services.health import HealthFolder, HealthList
from zegel.services.health_lists import folder_ages, list_age, list_ages, old_folders, old_lists
from zegel.services.ports import Clock, CodeReader, Random
from zegel.services.rates import Limit
from zegel.services.verifier import REQUEST_PATH, RESPONSE_PATH, RETURN_PATH
from zegel.web import verifier
from zegel.web.browser import ID_BYTES, Browser, CookiePolicy, check_csrf, known_browser, new_browser
from zegel.web.camera import may_film, read_frame
from zegel.web.health_code import PICTURE, read_health_code
from zegel.web.load import Priority
from zegel.web.pace import Pace
from zegel.web.pages import STATIC, render_page, static_file
from zegel.web.qr import draw_qr
from zegel.web.routing import Audience, Route
from zegel.web.turnstile import Limited
from zegel.web.upload import MAX_UPLOAD, read_form
from zegel.web.verifier import MAX_REQUEST_FORM, VerifierSite

HOME: Final = "/"
ASK: Final = "/ask"
NEXT: Final = "/next"
CODE: Final = "/code"
CAMERA: Final = "/camera"
_MAX_FORM: Final = 1_000  # a CSRF token
_WALLET_PAGE: Final = "/present"
_WORDS: Final = {
    Reason.NOT_MET: "What was shown says that the rules are not met.",
    Reason.OTHER_RULES: "What was shown is about rules that do not count here.",
    Reason.DECLINED: "The wallet has nothing to show, or the person did not agree.",
    Reason.REFUSED: "What was shown does not count. The reason is below.",
}
_NOTHING: Final = "Try again: no picture was chosen, and no text was given."
_UNREAD: Final = "Try again: hold the code still and flat, or take another picture of it. This is no answer."
_NOBODY_KNOWN: Final = "This door knows no health authority, so that it can judge no certificate."
_STRANGER: Final = "Nobody whom this door knows has signed it. How many it knows, and since when, stands below."


@final
class Answer(StrEnum):
    """What the doorkeeper reads across a table, as the page's template knows it."""

    YES = "yes"
    NO = "no"
    UNREAD = "unread"  # nothing is known of what was shown, nor against it
    UNJUDGED = "unjudged"  # it was read, and there is nobody to judge it by


_TITLES: Final = {
    Answer.YES: "Yes",
    Answer.NO: "No",
    Answer.UNREAD: "Not read",
    Answer.UNJUDGED: "Not judged",
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSite:
    """What the door's handlers need. ``wallet`` is the origin of a wallet's pages on this machine, if there is one.

    ``judge`` judges old certificates, where signers are trusted; ``codes`` reads them from pictures, ``frames`` from
    those of a camera, which wait for no upload. ``lists`` are where the signers come from, ``folders`` what nobody
    fetches; ``old``, in seconds, is an age that has to be said.
    """

    service: DoorService
    verifier: VerifierSite
    cookies: CookiePolicy
    random: Random
    wallet: str | None
    pace: Pace
    clock: Clock
    codes: CodeReader
    frames: CodeReader
    judge: HealthJudge | None = None
    lists: Callable[[], Sequence[HealthList]] = tuple
    folders: Callable[[], Sequence[HealthFolder]] = tuple
    old: int = 0


async def show_home(site: DoorSite, request: HttpRequest) -> HttpResponse:
    """How the turn stands: nobody is asked, somebody is, or yes or no."""
    known = known_browser(request, site.cookies)
    browser = known or new_browser(site.cookies, site.random(ID_BYTES))
    turn = await site.service.look(browser.id)
    match turn:
        case Open():
            page = _waiting(site, turn, browser)
        case Verdict():
            page = _verdict(site, turn, browser)
        case None:
            judges = site.judge is not None
            page = _page(site, "door.html", browser, title="Show me", judges=judges, camera=CAMERA, **_trusted(site))
    return page if known is not None else browser.remembered(page)


async def ask(site: DoorSite, request: HttpRequest) -> HttpResponse:
    """Ask the next one."""
    browser = check_csrf(request.form(), known_browser(request, site.cookies))
    await site.service.ask(browser.id)
    return _see_home()


async def go_on(site: DoorSite, request: HttpRequest) -> HttpResponse:
    """Forget, and be ready for the next one."""
    browser = check_csrf(request.form(), known_browser(request, site.cookies))
    await site.service.forget(browser.id)
    return _see_home()


async def judge_code(site: DoorSite, request: HttpRequest) -> HttpResponse:
    """Judge the code of an old certificate: a text, or a picture of it. The answer is this response alone."""
    form = read_form(request)
    browser = check_csrf(dict(form.fields), known_browser(request, site.cookies))
    judge = _judge(site)
    try:
        code = await read_health_code(form, site.codes)
        if not code:
            return _read(site, browser, Answer.UNREAD, why=_NOTHING)
        bearer = judge.judge(code, at=site.clock.now(), languages=request.languages())
    except (Malformed, Rejected) as error:
        answer, why = _against(site, error)
        return _read(site, browser, answer, why=why, explanation=explain(error))
    return _read(site, browser, Answer.YES, bearer=bearer)


async def show_camera(site: DoorSite, request: HttpRequest) -> HttpResponse:
    """The page with a script: it has frames of this terminal's camera read here."""
    _judge(site)
    known = known_browser(request, site.cookies)
    browser = known or new_browser(site.cookies, site.random(ID_BYTES))
    page = may_film(
        _page(site, "door_camera.html", browser, title="Scan a certificate", frame=CAMERA, **_trusted(site))
    )
    return page if known is not None else browser.remembered(page)


async def look_at_frame(site: DoorSite, request: HttpRequest) -> HttpResponse:
    """The text of a certificate's code in a frame, None while there is none; neither is kept."""
    form = read_form(request)
    check_csrf(dict(form.fields), known_browser(request, site.cookies))
    return await read_frame(form.files.get(PICTURE, b""), site.frames)


async def come_back(site: DoorSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """The browser is back from a wallet on this device (OpenID4VP 1.0 section 8.2)."""
    browser, code = known_browser(request, site.cookies), request.query().get("response_code", "")
    await site.service.come_back(session, response_code=code, keeper="" if browser is None else browser.id)
    return _see_home()


async def serve_request(site: DoorSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """The request object, for a wallet."""
    return await verifier.serve_request(site.verifier, request, session=session)


async def post_response(site: DoorSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """A wallet's answer."""
    return await verifier.post_response(site.verifier, request, session=session)


async def serve_static(_site: DoorSite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


def _trusted(site: DoorSite) -> dict[str, object]:
    """How old that is by which old certificates are judged, and what of it is too old."""
    lists, folders, now = site.lists(), site.folders(), site.clock.now()
    old = [list_age(each, now=now) for each in old_lists(lists, now=now, old=site.old)]
    return {
        "signers": _signers(site),
        "ages": (*list_ages(lists, now=now), *folder_ages(folders, now=now)),
        "old": (*old, *folder_ages(old_folders(folders, now=now, old=site.old), now=now)),
    }


def _signers(site: DoorSite) -> int:
    return sum(each.signers for each in site.lists())


def _against(site: DoorSite, error: Malformed | Rejected) -> tuple[Answer, str]:
    """What to say of a certificate that was not judged good: whether it is at fault, the reading, or this door."""
    if error.check is Check.HEALTH_SIGNER:
        return (Answer.NO, _STRANGER) if _signers(site) else (Answer.UNJUDGED, _NOBODY_KNOWN)
    read = isinstance(error, Rejected) or (isinstance(error, MalformedLayer) and error.layer is Layer.SCHEMA)
    return (Answer.NO, _WORDS[Reason.REFUSED]) if read else (Answer.UNREAD, _UNREAD)


def _judge(site: DoorSite) -> HealthJudge:
    if site.judge is None:
        raise Unavailable("health certificates", "expected the signers that are trusted; set health.trust")
    return site.judge


def _waiting(site: DoorSite, turn: Open, browser: Browser) -> HttpResponse:
    target = site.verifier.link_target
    return _page(
        site,
        "door_waiting.html",
        browser,
        title="Scan this with your wallet",
        code=None if turn.there is None else draw_qr(turn.there.link(target)),
        link=None if turn.here is None else turn.here.link(target),
        page=None if turn.here is None or site.wallet is None else turn.here.link(site.wallet + _WALLET_PAGE),
        opened=turn.there is not None and turn.there.opened,
        answered=turn.answered,
        failure=None if turn.failure is None else _explained(turn.failure),
        unchecked=turn.failure is not None and turn.failure.check is Check.AVAILABILITY,
        refresh=site.pace.next(),
    )


def _verdict(site: DoorSite, verdict: Verdict, browser: Browser) -> HttpResponse:
    return _answer(
        site,
        browser,
        Answer.YES if verdict.reason is None else Answer.NO,
        why=None if verdict.reason is None else _WORDS[verdict.reason],
        explanation=None if verdict.failure is None else _explained(verdict.failure),
    )


def _read(
    site: DoorSite,
    browser: Browser,
    answer: Answer,
    *,
    why: str | None = None,
    explanation: Explanation | None = None,
    bearer: Bearer | None = None,
) -> HttpResponse:
    """The answer to an old certificate: the next one may be scanned, and whom the door knows stands below."""
    described = None if bearer is None else _described(bearer)
    return _answer(
        site, browser, answer, why=why, explanation=explanation, bearer=described, camera=CAMERA, **_trusted(site)
    )


def _answer(
    site: DoorSite,
    browser: Browser,
    answer: Answer,
    *,
    why: str | None,
    explanation: Explanation | None,
    bearer: Sequence[tuple[str, str]] | None = None,
    camera: str | None = None,
    **trusted: object,
) -> HttpResponse:
    return _page(
        site,
        "door_verdict.html",
        browser,
        title=_TITLES[answer],
        answer=str(answer),
        why=why,
        failure=explanation,
        bearer=bearer,
        seconds=VERDICT_SECONDS,
        refresh=VERDICT_SECONDS,
        camera=camera,
        **trusted,
    )


def _page(site: DoorSite, template: str, browser: Browser, *, title: str, **values: object) -> HttpResponse:
    return render_page(
        template,
        status=200,
        title=title,
        role=site.verifier.name,
        host=site.verifier.host,
        csrf=browser.csrf,
        home=HOME,
        ask=ASK,
        next=NEXT,
        code_path=CODE,
        **values,
    )


def _described(bearer: Bearer) -> list[tuple[str, str]]:
    """Whom to look for: the name as it is written, or as machines read it, and the date of birth."""
    name = bearer.name
    whole = " ".join(part for part in (name.get("gn"), name.get("fn")) if part)
    machines = " ".join(part for part in (name.get("gnt"), name.get("fnt")) if part).replace("<", " ")
    return [("Name", whole or machines), ("Date of birth", bearer.birth_date)]


def _explained(failure: Failure) -> Explanation:
    return explain(Rejected(failure.check, failure.detail, field=failure.field))


def _see_home() -> HttpResponse:
    return HttpResponse(status=303, headers=(("location", HOME), ("cache-control", "no-store")))


def _browser_of(site: DoorSite, request: HttpRequest) -> str | None:
    browser = known_browser(request, site.cookies)
    return None if browser is None else browser.id


_REQUESTS: Final = Limited(Limit.REQUEST, _browser_of)
_FRAMES: Final = Limited(Limit.FRAME, _browser_of)

ROUTES: Final[tuple[Route[DoorSite], ...]] = (
    Route("GET", HOME, show_home, Audience.PERSON),
    Route("POST", ASK, ask, Audience.PERSON, max_body=_MAX_FORM, limited=_REQUESTS, priority=Priority.BEGINS),
    Route("POST", CODE, judge_code, Audience.PERSON, max_body=MAX_UPLOAD, limited=_REQUESTS),
    Route("GET", CAMERA, show_camera, Audience.PERSON),
    Route("POST", CAMERA, look_at_frame, Audience.PERSON, max_body=MAX_UPLOAD, limited=_FRAMES),
    Route("POST", NEXT, go_on, Audience.PERSON, max_body=_MAX_FORM),
    Route("GET", RETURN_PATH + "{session}", come_back, Audience.PERSON),
    Route("GET", REQUEST_PATH + "{session}", serve_request),
    Route("POST", REQUEST_PATH + "{session}", serve_request, max_body=MAX_REQUEST_FORM),
    Route("POST", RESPONSE_PATH + "{session}", post_response, max_body=MAX_BODY, refusal=verifier.refuse_answer),
    Route("GET", STATIC + "{name}", serve_static),
)
