"""Chromium, headless, and what passes over its network, from its own events."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request, Response, WebError, sync_playwright

from zegel_testing.foreign import NODE

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
# A name that is not of this machine is looked up nowhere.
ARGUMENTS = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *.localhost")
WIDE = {"width": 1000, "height": 800}
NARROW = {"width": 360, "height": 720}


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A Chromium process with a profile that is made for it, and gone afterwards; ``more`` are further arguments."""
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(NODE)  # the Node inside Playwright needs libatomic, which may be missing
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *more])
        try:
            yield browser
        finally:
            browser.close()


def filming(film: Path) -> tuple[str, ...]:
    """Arguments for a Chromium whose camera shows a film (MJPEG)."""
    return "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"


def new_context(browser: Browser) -> BrowserContext:
    """A browser without a past: no cookies, no storage, no cache. A sandbox's own web authority may sign for TLS."""
    context = browser.new_context(viewport=WIDE, ignore_https_errors=True)
    context.set_default_timeout(15_000)
    return context


@dataclass
class Exchange:
    """A request as it went over the network, and the headers that came back: names in lower case."""

    url: str
    method: str
    headers: dict[str, str]
    answered: list[tuple[str, str]]
    status: int | None

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that were sent."""
        pairs = (pair.strip().partition("=") for pair in self.headers.get("cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}

    @property
    def set_cookies(self) -> list[str]:
        """The cookies that came back, with their attributes."""
        return [value for name, value in self.answered if name == "set-cookie"]


class Traffic:
    """Everything that a context sends and gets, and what its console says."""

    def __init__(self, context: BrowserContext) -> None:
        self._requests: list[Request] = []
        self._responses: dict[Request, Response] = {}
        self.console: list[str] = []
        context.on("request", self._sent)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", self._failed)

    def exchanges(self) -> list[Exchange]:
        """All of it, in order; what a page holds itself, as ``data:``, goes over no network."""
        return [self._exchange(request) for request in self._requests if not request.url.startswith("data:")]

    def _exchange(self, request: Request) -> Exchange:
        response = self._responses.get(request)
        return Exchange(
            url=request.url,
            method=request.method,
            headers=request.all_headers(),
            answered=[]
            if response is None
            else [(header["name"].lower(), header["value"]) for header in response.headers_array()],
            status=None if response is None else response.status,
        )

    def _sent(self, request: Request) -> None:
        self._requests.append(request)

    def _failed(self, error: WebError) -> None:
        self.console.append(str(error.error))

    def _answered(self, response: Response) -> None:
        self._responses[response.request] = response

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console.append(f"{message.type} at {message.location['url'].partition('?')[0]}: {message.text}")
