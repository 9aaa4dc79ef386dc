"""The sign-ins that go on in one browser at the same time, each with a session of its own: a cookie for each.

One that begins leaves those of other tabs be, and has a fresh id, so that whatever was planted in the browser before is
none of it. Its name (``handle``) stands in the address of its pages and in its cookie's; it is a digest of the id, and
nothing without it. A form is for the sign-in whose CSRF token it carries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.oauth.lifetimes import LOG_IN_SECONDS
from zegel.web.browser import Browser, CookiePolicy, check_csrf, known_browser, new_browser

MAX_SIGN_INS: Final = 8  # in one browser; more tabs than that wait for nobody, and their cookies are under 1 kB
_MOST_COOKIES: Final = 4 * MAX_SIGN_INS  # looked at: a form of another site brings none, and so begins one too many
_AT: Final = "at"
_HANDLE_BYTES: Final = 12  # tells eight sign-ins of a browser apart


def handle_of(id_: str) -> str:
    """How a sign-in is named where anybody may read it."""
    return base64url(sha256(b"sign-in:" + id_.encode()).digest()[:_HANDLE_BYTES])


def begin_sign_in(policy: CookiePolicy, id_bytes: bytes) -> Browser:
    """The session of a sign-in that begins; ``id_bytes`` are 32 unpredictable bytes."""
    browser = new_browser(policy, id_bytes)
    return replace(browser, policy=_policy(policy, handle_of(browser.id)))


def known_sign_ins(request: HttpRequest, policy: CookiePolicy) -> tuple[Browser, ...]:
    """Those that the request's cookies name, the oldest first (RFC 6265 section 5.4). That one is open is for the
    service to say."""
    prefix = f"{policy.name}-"
    pairs = (pair.strip() for name, header in request.headers if name == "cookie" for pair in header.split(";"))
    handles = dict.fromkeys(pair.partition("=")[0].removeprefix(prefix) for pair in pairs if pair.startswith(prefix))
    known = (known_browser(request, _policy(policy, handle)) for handle in list(handles)[-_MOST_COOKIES:])
    return tuple(each for each in known if each is not None and each.policy == _policy(policy, handle_of(each.id)))


def sign_in_at(request: HttpRequest, sign_ins: Sequence[Browser]) -> Browser | None:
    """The one whose page is asked for; where there is one only, it need not be named."""
    handle = request.query().get(_AT)
    found = [each for each in sign_ins if handle in (None, handle_of(each.id))]
    return found[0] if len(found) == 1 else None


def sign_in_of(form: Mapping[str, str], sign_ins: Sequence[Browser]) -> Browser:
    """The one whose page a form stands on; ``Rejected(CSRF)`` for none of them."""
    for each in sign_ins:
        try:
            return check_csrf(form, each)
        except Rejected:  # another tab's
            continue
    return check_csrf(form, None)


def page_of(path: str, browser: Browser) -> str:
    """The address of a page of the sign-in."""
    return f"{path}?{urlencode({_AT: handle_of(browser.id)})}"


def remembered(response: HttpResponse, browser: Browser) -> HttpResponse:
    """The response with the cookie of a sign-in, for as long as one is open."""
    return browser.remembered(response, seconds=LOG_IN_SECONDS)


def forgotten(response: HttpResponse, sign_ins: Sequence[Browser]) -> HttpResponse:
    """The response without the cookies of sign-ins that are over."""
    for each in sign_ins:
        response = replace(each, id="").remembered(response, seconds=0)
    return response


def too_many(sign_ins: Sequence[Browser], *, room_for: int = 0) -> Sequence[Browser]:
    """The oldest, which a browser is to forget so that there is room."""
    return sign_ins[: max(0, len(sign_ins) + room_for - MAX_SIGN_INS)]


def _policy(policy: CookiePolicy, handle: str) -> CookiePolicy:
    return replace(policy, role=f"{policy.role}-{handle}")
