"""A browser as far as the walk needs one: cookies by host, forms, links, redirects, and no scripts."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, final
from urllib.parse import urlencode, urljoin, urlsplit

import httpcore2

from zegel.adapters.pinning import PinnedBackend, resolve_by_system
from zegel.errors import Unavailable
from zegel.primitives.http import FORM, origin_of
from zegel.primitives.multipart import MULTIPART

_MAX_REDIRECTS: Final = 12  # a sign-in has five
_PORTS: Final = {"http": 80, "https": 443}
_PICTURE: Final = "picture"
_TIMEOUT: Final = {"connect": 5.0, "read": 20.0, "write": 5.0, "pool": 5.0}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of a page: where it goes, what stands in it already, and what its buttons add, by their text."""

    action: str
    fields: Mapping[str, str]
    buttons: Mapping[str, tuple[str, str]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the browser shows. ``url`` is where it ended; ``onward`` where the page would send it by itself."""

    url: str
    status: int
    words: str
    forms: tuple[Form, ...]
    links: Mapping[str, str]
    onward: str | None

    def form(self, action: str) -> Form:
        """The first form that leads to a path beginning so; ``Unavailable`` when the page has none."""
        for form in self.forms:
            if urlsplit(form.action).path.startswith(action):
                return form
        raise Unavailable(self.url.partition("?")[0], f"the page has no form for {action} (status {self.status})")

    def link(self, text: str) -> str:
        """Where the link with this text leads."""
        if text in self.links:
            return self.links[text]
        raise Unavailable(self.url.partition("?")[0], f"the page has no link {text!r} (status {self.status})")


@final
class Browser:
    """A person's browser. ``origins`` are the sandbox's, ``web_ca`` the root of its TLS certificates, if it has any."""

    def __init__(self, origins: frozenset[str], *, web_ca: Path | None) -> None:
        hosts = frozenset((_host(origin), _port(origin)) for origin in origins)
        backend = PinnedBackend(loopback=hosts, resolve=resolve_by_system, network=httpcore2.AnyIOBackend())
        self._pool = httpcore2.AsyncConnectionPool(ssl_context=_tls(web_ca), network_backend=backend)
        self._cookies: dict[str, dict[str, str]] = {}

    async def get(self, url: str) -> Page:
        """Go to an address."""
        return await self._go("GET", url, b"", {})

    async def submit(self, page: Page, action: str, *, press: str | None = None, **filled: str) -> Page:
        """Fill in the page's form for ``action`` and send it, by the button with the text ``press``."""
        form = page.form(action)
        if press is not None:
            name, value = form.buttons[press]
            filled[name] = value
        body = urlencode({**form.fields, **filled}).encode()
        return await self._go("POST", form.action, body, _sent_from(page, FORM))

    async def upload(self, page: Page, action: str, *, picture: bytes) -> Page:
        """Choose a picture in the page's form for ``action``, and send it (RFC 7578)."""
        form = page.form(action)
        boundary = sha256(picture).hexdigest()  # no picture has its own hash in it
        parts = [(f'"{name}"', value.encode()) for name, value in form.fields.items() if name != _PICTURE]
        parts.append((f'"{_PICTURE}"; filename="code.png"', picture))
        body = b"".join(
            f"--{boundary}\r\ncontent-disposition: form-data; name={name}\r\n\r\n".encode() + value + b"\r\n"
            for name, value in parts
        )
        headers = _sent_from(page, f"{MULTIPART}; boundary={boundary}")
        return await self._go("POST", form.action, body + f"--{boundary}--\r\n".encode(), headers)

    async def close(self) -> None:
        """Close what is open."""
        await self._pool.aclose()

    async def _go(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Page:
        for _ in range(_MAX_REDIRECTS):
            status, location, text = await self._send(method, url, body, headers)
            if location is None:
                return _page(url, status, text)
            method, url, body, headers = "GET", urljoin(url, location), b"", {}
        raise Unavailable(_host(url), "it redirects in a circle")

    async def _send(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, str | None, str]:
        host, jar = _host(url), self._cookies.setdefault(_host(url), {})
        sent = {"host": urlsplit(url).netloc, "user-agent": "zegel walk", "accept": "text/html", **headers}
        if jar:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        if method == "POST":
            sent["content-length"] = str(len(body))
        raw = [(name.encode(), value.encode()) for name, value in sent.items()]
        try:
            response = await self._pool.request(
                method, url, headers=raw, content=body, extensions={"timeout": _TIMEOUT}
            )
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError):
            raise Unavailable(host, "the browser gets no answer") from None
        location = None
        for name, value in response.headers:
            if name.lower() == b"set-cookie":
                cookie, _, rest = value.decode().partition("=")
                jar[cookie] = rest.partition(";")[0]
            elif name.lower() == b"location":
                location = value.decode()
        return response.status, location, response.content.decode(errors="replace")


@lru_cache(maxsize=2)  # a walk has one web authority, or none
def _tls(web_ca: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=web_ca)


def _sent_from(page: Page, content_type: str) -> Mapping[str, str]:
    """What a browser says beside a form of its page."""
    origin = origin_of(page.url, what="page")
    return {"content-type": content_type, "origin": origin, "sec-fetch-site": "same-origin"}


def _page(url: str, status: int, text: str) -> Page:
    reader = _Reader(url)
    reader.feed(text)
    forms = tuple(Form(action=a, fields=fields, buttons=buttons) for a, fields, buttons in reader.forms)
    words = _words(reader.words)
    return Page(url=url, status=status, words=words, forms=forms, links=reader.links, onward=reader.onward)


@final
class _Reader(HTMLParser):
    """Words, forms with the values that stand in them, links by their text, and where a refresh leads."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._link: tuple[str, list[str]] | None = None
        self._button: tuple[tuple[str, str], list[str]] | None = None
        self.forms: list[tuple[str, dict[str, str], dict[str, tuple[str, str]]]] = []
        self.links: dict[str, str] = {}
        self.words: list[str] = []
        self.onward: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See ``HTMLParser``."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((urljoin(self._url, given.get("action", "")), {}, {}))
        elif tag == "input" and self.forms and given.get("name") and _counts(given):
            self.forms[-1][1][given["name"]] = given.get("value", "")
        elif tag == "button" and self.forms and given.get("name"):
            self._button = ((given["name"], given.get("value", "")), [])
        elif tag == "meta" and given.get("http-equiv") == "refresh":
            _, _, target = given.get("content", "").partition("url=")
            self.onward = urljoin(self._url, target) if target else None
        elif tag == "a" and "href" in given:
            self._link = (urljoin(self._url, given["href"]), [])

    def handle_data(self, data: str) -> None:
        """See ``HTMLParser``."""
        self.words += (data, " ")
        for read in (self._link, self._button):
            if read is not None:
                read[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        """See ``HTMLParser``."""
        if tag == "a" and self._link is not None:
            self.links.setdefault(_words(self._link[1]), self._link[0])
            self._link = None
        elif tag == "button" and self._button is not None:
            self.forms[-1][2][_words(self._button[1])] = self._button[0]
            self._button = None


def _counts(given: Mapping[str, str]) -> bool:
    """What a form sends without being touched: a choice only when it is chosen."""
    return given.get("type") not in ("radio", "checkbox", "submit") or "checked" in given


def _words(pieces: list[str]) -> str:
    return " ".join("".join(pieces).split())


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or _PORTS[parts.scheme]
