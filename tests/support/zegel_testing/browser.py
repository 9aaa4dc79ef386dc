"""A browser as far as roles can tell: a cookie jar a host, and headers that say where a form was."""

import re
from collections.abc import Mapping
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urljoin, urlsplit

from zegel.primitives.http import FORM, HttpRequest, HttpResponse, encode_form, origin_of
from zegel.services.ports import Handler

_MAX_HOPS = 8


class Browser:
    """One browser. ``handlers`` answer by origin; ``at`` is the address of the page that it shows, and ``languages``
    what its owner reads."""

    def __init__(self, handlers: Mapping[str, Handler], *, languages: str = "") -> None:
        self.handlers = handlers
        self.languages = languages
        self.cookies: dict[str, dict[str, str]] = {}
        self.at = ""
        self.sent: list[HttpRequest] = []

    async def get(self, url: str) -> HttpResponse:
        """Open an address, follow no redirect."""
        return await self._send("GET", urljoin(self.at, url))

    async def open(self, url: str) -> HttpResponse:
        """Open an address and go where it leads."""
        return await self.follow(await self.get(url))

    async def post(self, url: str, fields: Mapping[str, str], *, page: str | None = None) -> HttpResponse:
        """Send a form that stands on ``page``, else on the page that is shown; follow no redirect."""
        return await self.post_body(url, FORM, encode_form(fields), page=page)

    async def post_body(self, url: str, content_type: str, body: bytes, *, page: str | None = None) -> HttpResponse:
        """The same of a form that is encoded already, as one with a file is."""
        origin = origin_of(page or self.at, what="page")
        url = urljoin(self.at, url)
        site = "same-origin" if origin_of(url, what="URL") == origin else "cross-site"
        headers = (("content-type", content_type), ("origin", origin), ("sec-fetch-site", site))
        return await self._send("POST", url, headers, body)

    async def submit(self, response: HttpResponse, action: str) -> HttpResponse:
        """Send the form of a page that goes to ``action``, with its CSRF token; follow no redirect."""
        form = re.search(rf'<form method="post" action="{re.escape(action)}".*?</form>', text_of(response), re.DOTALL)
        assert form is not None, f"no form to {action}"
        fields = re.findall(r'name="([^"]+)" value="([^"]*)"', form[0])
        return await self.post(action, {name: unescape(value) for name, value in fields})

    async def follow(self, response: HttpResponse) -> HttpResponse:
        """Go where a response leads."""
        for _ in range(_MAX_HOPS):
            if response.status not in (302, 303):
                return response
            response = await self._send("GET", urljoin(self.at, response.header("location")))
        raise AssertionError("too many redirects")

    async def _send(
        self, method: str, url: str, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> HttpResponse:
        origin, host = origin_of(url, what="URL"), urlsplit(url).hostname
        kept = self.cookies.setdefault(host, {})
        reads = (("accept-language", self.languages),) if self.languages else ()
        cookie = (("cookie", "; ".join(f"{name}={value}" for name, value in kept.items())),) if kept else ()
        request = HttpRequest(
            method=method,
            url=url,
            headers=(("host", urlsplit(url).netloc), *headers, *reads, *cookie),
            body=body,
        )
        self.sent.append(request)
        response = await self.handlers[origin](request)
        for name, value in response.headers:
            if name == "set-cookie":
                for key, morsel in SimpleCookie(value).items():
                    kept.pop(key, None)
                    if morsel["max-age"] != "0":
                        kept[key] = morsel.value
        self.at = url
        return response


def text_of(response: HttpResponse) -> str:
    """A page as text."""
    return response.body.decode()


def link_of(response: HttpResponse, text: str) -> str:
    """Where the link or button of that text leads."""
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>{re.escape(text)}</a>', text_of(response))
    assert found is not None, f"no link {text!r}"
    return unescape(found[1])
