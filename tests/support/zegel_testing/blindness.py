"""What a wallet provider can know: each byte that it received, explained, or told as what it should not have.

Explained is what the provider itself gave out, what every wallet sends alike, the time, keys that are new each time,
and what is computed from these. Anything else could say where a wallet is used, or what is in it.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from zegel.primitives.encoding import base64url
from zegel.primitives.jws import parse_jws, verify_jws
from zegel.primitives.keys import PublicKey, parse_jwk
from zegel.services.wallet_instances import code_digest
from zegel.services.wallet_requests import INSTANCE_TYPE, POSSESSION_TYPE
from zegel_testing.leaks import views_of

_PATHS = re.compile(r"/(?:|revoke|instances|wallet-attestations|key-attestations|revocations|status/[A-Za-z0-9_-]{12})")
_HEADERS = {
    "host": None,  # the provider's own
    "origin": None,
    "accept": re.compile(
        r"application/json|text/html|application/statuslist\+jwt, application/statuslist\+cwt;q=0.9|\*/\*"
    ),
    "accept-encoding": re.compile(r"[a-z, ]*"),
    "connection": re.compile(r"keep-alive|close"),
    "content-length": re.compile(r"\d{1,6}"),
    "content-type": re.compile(r"application/json|application/x-www-form-urlencoded"),
    "sec-fetch-site": re.compile(r"same-origin"),
    "user-agent": re.compile(r"zegel[a-z /0-9.]*"),
}
_TOKENS = re.compile(rb"[A-Za-z0-9_-]{16,}")


@dataclass(frozen=True)
class Received:
    """A request as it came to the provider: header names in lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    @property
    def whole(self) -> bytes:
        """All of its bytes, one after the other."""
        head = "\n".join([self.method, self.path, self.query, *(f"{name}: {value}" for name, value in self.headers)])
        return head.encode() + b"\n\n" + self.body


class UnexplainedError(Exception):
    """A provider got something that nothing of its own explains."""


@dataclass
class Provider:
    """A provider that reads everything. ``answers`` are what it gave out itself."""

    origin: str
    answers: bytes

    def findings(self, requests: Sequence[Received]) -> list[str]:
        """What of the requests is not explained, one line each."""
        found = []
        for request in requests:
            try:
                self._explain(request)
            except UnexplainedError as error:
                found.append(f"{request.method} {request.path}: {error}")
        return found

    def keys(self, requests: Sequence[Received]) -> set[PublicKey]:
        """The keys that were shown."""
        return {key for request in requests for key in _keys_in(request)}

    def _explain(self, request: Received) -> None:
        _expect(request.method in ("GET", "POST"), "method")
        _expect(_PATHS.fullmatch(request.path) is not None, f"path {request.path}")
        _expect(not request.query, "query")
        for name, value in request.headers:
            _expect(name in _HEADERS, f"header {name}")
            pattern = _HEADERS[name]
            own = value in self.origin if pattern is None else pattern.fullmatch(value) is not None
            _expect(own, f"value of header {name}")
        if request.method == "GET":
            _expect(not request.body, "body")
            return
        match request.path:
            case "/revoke":
                fields = dict(parse_qsl(request.body.decode()))
                _expect(set(fields) == {"code", "decision"}, f"fields {sorted(fields)}")
                _expect(fields["decision"] in ("revoke", "look"), "decision")
                code_digest(fields["code"])
            case "/instances":
                members = _members(request, {"possession"})
                self._explain_possession(members["possession"], {"aud", "iat", "code"})
            case "/wallet-attestations":
                members = _members(request, {"instance", "possession"})
                self._explain_instance(members["instance"], [members["possession"]])
            case "/key-attestations":
                members = _members(request, {"instance", "possessions"})
                self._explain_instance(members["instance"], members["possessions"])
            case _:
                raise UnexplainedError("a body for which nothing of its own asks")

    def _explain_instance(self, compact: str, possessions: Sequence[str]) -> None:
        jws = parse_jws(compact, what="test")
        claims = jws.unverified_claims
        _expect(set(jws.unverified_header.members) == {"alg", "typ"}, "header of the wallet's request")
        _expect(jws.unverified_header.members["typ"] == INSTANCE_TYPE, "typ")
        _expect(set(claims) == {"sub", "aud", "iat", "about"}, f"claims {sorted(claims)}")
        _expect(str(claims["sub"]).encode() in self.answers, "an id that the provider did not give out")
        self._explain_time_and_place(claims)
        _expect(claims["about"] == base64url(sha256("\n".join(possessions).encode()).digest()), "about")
        for possession in possessions:
            self._explain_possession(possession, {"aud", "iat"})

    def _explain_possession(self, compact: str, expected: set[str]) -> None:
        jws = parse_jws(compact, what="test")
        members, claims = jws.unverified_header.members, jws.unverified_claims
        _expect(set(members) == {"alg", "typ", "jwk"}, "header of a proof of possession")
        _expect(members["typ"] == POSSESSION_TYPE, "typ")
        _expect(set(members["jwk"]) == {"kty", "crv", "x", "y"}, "members of a key")
        verify_jws(jws, key=parse_jwk(members["jwk"], what="test"), typ=POSSESSION_TYPE, brings_its_key=True)
        _expect(set(claims) == expected, f"claims {sorted(claims)}")
        self._explain_time_and_place(claims)
        if "code" in expected:
            _expect(len(urlsafe_b64decode(str(claims["code"]) + "=")) == 32, "code")

    def _explain_time_and_place(self, claims: Any) -> None:
        _expect(claims["aud"] == self.origin, "aud")
        _expect(type(claims["iat"]) is int, "iat")


def shared_with_others(requests: Sequence[Received], others: Sequence[bytes]) -> set[bytes]:
    """The values of sixteen letters or more that somebody else saw as well, in whatever encoding."""
    elsewhere: set[bytes] = set()
    for message in others:
        for view in views_of(message):
            elsewhere |= set(_TOKENS.findall(view))
    found: set[bytes] = set()
    for request in requests:
        for view in views_of(request.whole):
            found |= elsewhere & set(_TOKENS.findall(view))
    return found


def mentions(requests: Sequence[Received], words: Sequence[bytes]) -> set[bytes]:
    """Which of the words stand in what was received, in whatever encoding."""
    return {word for request in requests for view in views_of(request.whole) for word in words if word in view}


def _keys_in(request: Received) -> Iterator[PublicKey]:
    members = json.loads(request.body) if request.body.startswith(b"{") else {}
    for compact in (*members.get("possessions", ()), *([members["possession"]] if "possession" in members else ())):
        yield parse_jwk(parse_jws(compact, what="test").unverified_header.members["jwk"], what="test")


def _members(request: Received, expected: set[str]) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(request.body)
    _expect(set(members) == expected, f"members {sorted(members)}")
    return members


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise UnexplainedError(what)
