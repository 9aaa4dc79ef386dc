"""Browsers by the thousand, each a connection that is kept: they send, and read no more of an answer than they need."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from re import search
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

from zegel.primitives.http import FORM, JSON

_CSRF: Final = r'name="csrf" value="([^"]+)"'
_REFRESH: Final = r'http-equiv="refresh" content="(\d+)"'
_SPARE_FILES: Final = 200  # what a program has open beside its connections


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def csrf(self) -> str:
        """The token of the page's forms."""
        found = search(_CSRF, self.body.decode())
        assert found is not None, self.body
        return found[1]

    @property
    def refresh(self) -> int:
        """After how many seconds the page is loaded again; zero if it is not."""
        found = search(_REFRESH, self.body.decode())
        return 0 if found is None else int(found[1])


@dataclass
class Browser:
    """One of them, at one origin of this machine; with an operator's ``token`` a service that asks for somebody."""

    origin: str
    token: str = ""
    cookie: str = ""
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Close the connection."""
        if self._writer is not None:
            self._writer.close()
            self._reader = self._writer = None

    async def get(self, target: str) -> Reply:
        """A page."""
        return await self._ask("GET", target)

    async def post(self, target: str, fields: Mapping[str, str]) -> Reply:
        """A form of a page of this origin."""
        return await self._ask("POST", target, urlencode(fields).encode(), FORM)

    async def post_json(self, target: str, members: Mapping[str, object]) -> Reply:
        """What a service asks of an operator API."""
        return await self._ask("POST", target, json.dumps(members).encode(), JSON)

    async def _ask(self, method: str, target: str, body: bytes = b"", content_type: str = "") -> Reply:
        """Over the connection that is there, and over a new one where the server has closed it meanwhile."""
        head = [f"{method} {target} HTTP/1.1", f"host: {urlsplit(self.origin).netloc}"]
        if self.cookie:
            head.append(f"cookie: {self.cookie}")
        if self.token:
            head.append(f"authorization: Bearer {self.token}")
        if method == "POST":
            head += [f"origin: {self.origin}", f"content-type: {content_type}", f"content-length: {len(body)}"]
        data = "\r\n".join((*head, "", "")).encode() + body
        if self._writer is not None:
            try:
                return await self._exchange(data)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.leave()
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", urlsplit(self.origin).port)
        return await self._exchange(data)

    async def _exchange(self, data: bytes) -> Reply:
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(data)
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        if "set-cookie" in headers:
            self.cookie = headers["set-cookie"].partition(";")[0]
        return Reply(int(first.split()[1]), headers, body)


def files_for(browsers: int) -> int:
    """Raise what this program, and those that it starts, may have open; so many browsers, or as many as may be."""
    soft, hard = getrlimit(RLIMIT_NOFILE)
    wanted = browsers + _SPARE_FILES
    most = wanted if hard < 0 else min(wanted, hard)
    setrlimit(RLIMIT_NOFILE, (max(soft, most), hard))
    return min(browsers, max(soft, most) - _SPARE_FILES)
