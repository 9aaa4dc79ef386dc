"""The browser at the other end: its cookie, its CSRF token, and where its request says it comes from.

One cookie a role (at the provider one a sign-in), host-only, HttpOnly, SameSite=Lax; ``__Host-`` and Secure on TLS. Its
value is a fresh random id, and a new one at each log-in, so that nobody can plant a session. Cookies ignore ports: that
is why each role has a host.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse

ID_BYTES: Final = 32
_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CookiePolicy:
    """How a role names and protects its cookie. ``key`` authenticates the CSRF tokens; those of ``earlier`` keys are
    still taken, for they stand in forms that somebody looks at."""

    role: str
    secure: bool
    key: bytes = field(repr=False)
    earlier: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The cookie's name (RFC 6265bis section 4.1.3.2 for the prefix)."""
        return f"__Host-zegel-{self.role}" if self.secure else f"zegel-{self.role}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser's session id, known from its cookie or just made."""

    id: str
    policy: CookiePolicy

    @property
    def csrf(self) -> str:
        """The token that this browser's forms carry."""
        return _csrf(self.policy.key, self.id)

    @property
    def binding(self) -> str:
        """What a session keeps of the browser that began it: a digest, never the id."""
        return base64url(sha256(self.id.encode()).digest())

    def remembered(self, response: HttpResponse, *, seconds: int | None = None) -> HttpResponse:
        """The response with the cookie set, for ``seconds`` or for as long as the browser runs."""
        secure = "; Secure" if self.policy.secure else ""
        age = "" if seconds is None else f"; Max-Age={seconds}"
        cookie = f"{self.policy.name}={self.id}; Path=/{age}; HttpOnly; SameSite=Lax{secure}"
        return replace(response, headers=(*response.headers, ("set-cookie", cookie)))


def known_browser(request: HttpRequest, policy: CookiePolicy) -> Browser | None:
    """The browser that the request's cookie names, or None. That the session exists is for the service to say.

    Two cookies of the name count as none: one of them was planted, and nothing says which (RFC 6265 section 8.6).
    """
    pairs = (pair.partition("=") for name, header in request.headers if name == "cookie" for pair in header.split(";"))
    values = [value.strip() for name, _, value in pairs if name.strip() == policy.name]
    if len(values) == 1 and _ID.fullmatch(values[0]):
        return Browser(id=values[0], policy=policy)
    return None


def new_browser(policy: CookiePolicy, id_bytes: bytes) -> Browser:
    """A browser that gets a fresh id; ``id_bytes`` are 32 unpredictable bytes."""
    return Browser(id=base64url(id_bytes), policy=policy)


def check_same_site(request: HttpRequest, *, origin: str) -> HttpRequest:
    """Return the request if a page of ours sent it; ``Rejected(CROSS_SITE)`` otherwise.

    Fetch Metadata section 2.4 and Origin (RFC 6454 section 7) both say where a form was; a browser that sends neither
    is older than any that can hold a wallet.
    """
    said_origin, said_site = request.header("origin"), request.header("sec-fetch-site")
    if said_origin is None and said_site is None:
        raise Rejected(Check.CROSS_SITE, "expected Origin or Sec-Fetch-Site", field="header.origin")
    if said_origin is not None and said_origin != origin:
        raise Rejected(Check.CROSS_SITE, "expected a form of this origin", field="header.origin")
    if said_site is not None and said_site not in ("same-origin", "none"):
        raise Rejected(Check.CROSS_SITE, "expected a form of this origin", field="header.sec-fetch-site")
    return request


def check_csrf(form: Mapping[str, str], browser: Browser | None) -> Browser:
    """Return the browser if the form carries its token; ``Rejected(CSRF)`` otherwise."""
    given = form.get("csrf", "").encode()
    keys = () if browser is None else (browser.policy.key, *browser.policy.earlier)
    if browser is None or not any(hmac.compare_digest(given, _csrf(key, browser.id).encode()) for key in keys):
        raise Rejected(Check.CSRF, "expected the token of the page that this browser was shown", field="csrf")
    return browser


def _csrf(key: bytes, id_: str) -> str:
    return base64url(hmac.digest(key, b"csrf:" + id_.encode(), "sha256"))
