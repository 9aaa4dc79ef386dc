"""A browser without scripts: follows redirects of its own, keeps cookies, fills in the one form of a page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from ssl import SSLContext
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2


@dataclass
class Form:
    """A form as the page wrote it; ``buttons`` are pairs of name and value."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class PlainBrowser:
    """``at`` is where it is; an address that is not of http(s) hosts under .localhost is somewhere else, and an end."""

    def __init__(self, context: SSLContext) -> None:
        self._client = httpx2.Client(verify=context, trust_env=False)
        self.at = ""
        self.text = ""
        self.status = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def open(self, url: str) -> None:
        """Open a page, and follow where it leads."""
        self._go("GET", url, None)

    def submit(self, *, button: str | None = None, **values: str) -> None:
        """Send the page's form with these values, by the button of that value where there are several."""
        forms = self.forms()
        assert len(forms) == 1, f"{self.status} at {self.at}: {self.text}"
        (form,) = forms
        chosen = [(name, value) for name, value in form.buttons if button is None or value == button]
        assert chosen or button is None, f"no button {button} among {form.buttons}"
        self._go("POST", urljoin(self.at, form.action), {**form.fields, **values, **dict(chosen[:1])})

    def forms(self) -> list[Form]:
        """The forms of the page."""
        parser = _Forms()
        parser.feed(self.text)
        return parser.found

    def _go(self, method: str, url: str, data: dict[str, str] | None) -> None:
        while (urlsplit(url).hostname or "").endswith(".localhost"):
            parts = urlsplit(url)
            headers = {"origin": f"{parts.scheme}://{parts.netloc}"} if method == "POST" else {}
            response = self._client.request(method, url, data=data, headers=headers)
            self.at, self.text, self.status = url, response.text, response.status_code
            if not response.is_redirect:
                return
            method, url, data = "GET", urljoin(url, response.headers["location"]), None
        self.at, self.text, self.status = url, "", 0


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(action=values.get("action", "")))
        elif self.found and tag in ("input", "select") and "name" in values:
            self.found[-1].fields[values["name"]] = values.get("value", "")
        elif self.found and tag == "button" and "name" in values:
            self.found[-1].buttons.append((values["name"], values.get("value", "")))
