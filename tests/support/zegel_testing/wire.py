"""What passes between the roles, by kind: each message is known for what it is, and opened as far as a reader can.

A message that nobody knows is an error: whoever makes a new one says here what it is.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from zegel.primitives.encoding import parse_base64url
from zegel.primitives.http import HttpRequest, HttpResponse, media_type
from zegel.primitives.jwe import open_jwe, parse_jwe
from zegel.primitives.keys import PrivateKey
from zegel.protocols.openid4vci.encryption import MAX_REQUEST
from zegel.services.ports import Handler

JSON_OBJECTS: Final = ("dcql_query", "client_metadata", "verifier_info")  # in a link they travel as text


class Message(NamedTuple):
    """Something that was sent. ``document`` is its JSON, None where it is none or nobody but its reader can open it."""

    kind: str
    document: Any


class Exchange(NamedTuple):
    """A request and its answer, at a role."""

    role: str
    request: HttpRequest
    response: HttpResponse


@dataclass
class Wire:
    """A tap on the roles' listeners, which reads what is encrypted to ``key``. ``links`` are what invoked a wallet."""

    key: PrivateKey
    exchanges: list[Exchange] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def tap(self, role: str, handler: Handler) -> Handler:
        """The handler, listened to."""

        async def tapped(request: HttpRequest) -> HttpResponse:
            response = await handler(request)
            self.exchanges.append(Exchange(role, request, response))
            return response

        return tapped

    def messages(self) -> Iterator[Message]:
        """Everything that was sent, each message with those inside it."""
        for link in self.links:
            yield from _in_link(link)
        for exchange in self.exchanges:
            yield from _in_exchange(exchange, self.key)


# Who answers at which path: the kind of the request, and the kind of the answer, None where there is none.
_PATHS: Final[tuple[tuple[str, str, str, str | None, str | None], ...]] = (
    ("issuer", "GET", "/.well-known/openid-credential-issuer", None, "credential issuer metadata"),
    ("issuer", "GET", "/.well-known/oauth-authorization-server", None, "authorization server metadata"),
    ("issuer", "POST", "/par", "pushed authorization request", "pushed authorization response"),
    ("issuer", "POST", "/challenge", None, "challenge response"),
    ("issuer", "POST", "/token", "token request", "token response"),
    ("issuer", "POST", "/nonce", None, "nonce response"),
    ("issuer", "POST", "/credential", "credential request", "credential response"),
    ("issuer", "POST", "/deferred-credential", "deferred credential request", "credential response"),
    ("issuer", "POST", "/notification", "notification request", None),
    ("issuer", "GET", "/offers/[^/]+", None, "credential offer"),
    ("issuer", "GET", "/status/[^/]+", None, "status list token"),
    ("issuer", "GET", "/status", None, "status list aggregation"),
    ("issuer", "GET", "/type-metadata/[^/]+", None, "type metadata"),
    ("verifier|provider|issuer", "GET|POST", "/request/[^/]+", "wallet metadata", "request object"),
    ("verifier|provider|issuer", "POST", "/response/[^/]+", "authorization response", "answer to the wallet"),
    ("provider", "GET", "/.well-known/openid-configuration", None, "openid configuration"),
    ("provider", "GET", "/jwks", None, "key set"),
    ("provider", "POST", "/token", "sign-in token request", "sign-in token response"),
    ("provider", "GET|POST", "/userinfo", None, "userinfo response"),
    ("trust", "GET", "/lists/[^/]+", None, "list of trusted entities"),
    ("wallet-provider", "POST", "/instances", "attestation request", "activation response"),
    ("trust", "GET", "/status/[^/]+", None, "status list token"),
    ("wallet-provider", "POST", "/wallet-attestations", "attestation request", "wallet attestation response"),
    ("wallet-provider", "POST", "/key-attestations", "attestation request", "key attestation response"),
    ("wallet-provider", "GET", "/wallet|/revoke", None, "page"),
    ("wallet-provider", "GET", "/status/[^/]+", None, "status list token"),
    (".*-operator", "GET|POST", ".*", "operator request", "operator response"),
    (".*", "GET", "/static/.*", None, "page"),
)
_TOKENS: Final = {
    "dpop": "DPoP proof",
    "oauth-client-attestation": "wallet attestation",
    "oauth-client-attestation-pop": "proof of the attested key",
}
_JWTS: Final = {
    "wallet_attestation": "wallet attestation",
    "key_attestation": "key attestation",
    "id_token": "ID token",
}
_REGISTERED: Final = ("iss", "sub", "aud", "iat", "exp", "nbf", "jti")


def _in_exchange(exchange: Exchange, key: PrivateKey) -> Iterator[Message]:
    role, request, response = exchange
    if _is_page(response) or _is_redirect(request, response):
        yield Message("page", None)
        return
    asked, answered = _kinds(role, request)
    for header, kind in _TOKENS.items():
        value = request.header(header)
        if value is not None:
            yield Message(kind, payload_of(value))
    if request.method == "POST" and asked is not None:
        yield from _opened(asked, request.header("content-type"), request.body, key)
    if response.status >= 400:
        yield Message("error response", json.loads(response.body))
    elif response.body and response.status != 304:
        assert answered is not None, request.url
        yield from _opened(answered, response.header("content-type"), response.body, None)


def _kinds(role: str, request: HttpRequest) -> tuple[str | None, str | None]:
    path = urlsplit(request.url).path
    for roles, methods, pattern, asked, answered in _PATHS:
        if re.fullmatch(roles, role) and re.fullmatch(methods, request.method) and re.fullmatch(pattern, path):
            return asked, answered
    raise AssertionError(f"what is sent to {role} at {request.method} {path}?")


def _is_page(response: HttpResponse) -> bool:
    return media_type(response.header("content-type")) in ("text/html", "text/css", "image/svg+xml")


def _is_redirect(request: HttpRequest, response: HttpResponse) -> bool:
    return response.status in (302, 303) and not response.body


def _opened(kind: str, content_type: str | None, body: bytes, key: PrivateKey | None) -> Iterator[Message]:
    match media_type(content_type):
        case "application/x-www-form-urlencoded":
            yield from _in_form(kind, dict(parse_qsl(body.decode())))
        case "application/jwt" if body.count(b".") == 4 and key is None:
            yield Message(f"encrypted {kind}", None)
        case "application/jwt" if body.count(b".") == 4:
            message = parse_jwe(body, what="test", max_bytes=MAX_REQUEST)
            yield from _opened(kind, None, open_jwe(message, key=key, kid=message.kid), None)
        case "application/jwt":
            claims = payload_of(body.decode())
            yield Message(f"signed {kind}", {name: claims[name] for name in claims if name not in _REGISTERED})
        case "application/oauth-authz-req+jwt":
            yield from _in_request(payload_of(body.decode()))
        case "application/jose" | "application/statuslist+jwt":
            yield Message(kind, payload_of(body.decode()))
        case "application/statuslist+cwt":
            yield Message(kind, None)
        case _:
            document = json.loads(body) if body else {}
            yield Message(kind, document)
            yield from _inside(document)


def _in_form(kind: str, fields: Mapping[str, str]) -> Iterator[Message]:
    yield Message(kind, dict(fields))
    for name in ("wallet_metadata", "authorization_details"):
        if name in fields:
            yield Message(name.replace("_", " "), json.loads(fields[name]))
    if kind == "authorization response":
        yield Message(
            "encrypted authorization response" if "response" in fields else "plain authorization response", None
        )


def _in_request(members: Mapping[str, Any]) -> Iterator[Message]:
    yield Message("request object", members)
    for name, kind in (("dcql_query", "DCQL query"), ("client_metadata", "client metadata")):
        if name in members:
            yield Message(kind, members[name])
    if "verifier_info" in members:
        yield Message("verifier info", {"verifier_info": members["verifier_info"]})
    for item in members.get("transaction_data", ()):
        yield Message("transaction data", json.loads(parse_base64url(item, what="test")))


def _inside(document: Mapping[str, Any]) -> Iterator[Message]:
    for name, kind in _JWTS.items():
        if type(document.get(name)) is str:
            yield Message(kind, payload_of(document[name]))
    if "credential_offer" in document:
        yield Message("credential offer", document["credential_offer"])
    for name, proofs in document.get("proofs", {}).items():
        for proof in proofs:
            yield Message("key attestation" if name == "attestation" else "key proof", payload_of(proof))


def _in_link(link: str) -> Iterator[Message]:
    fields = dict(parse_qsl(urlsplit(link).query))
    if "credential_offer" in fields:
        yield Message("credential offer", json.loads(fields["credential_offer"]))
    elif "credential_offer_uri" in fields:
        yield Message("link to an offer", None)
    elif "request_uri" in fields:
        yield Message("link to a request", None)
    else:
        yield from _in_request({name: json.loads(v) if name in JSON_OBJECTS else v for name, v in fields.items()})


def payload_of(compact: str) -> Any:
    """The payload of a JWS, whoever signed it."""
    return json.loads(parse_base64url(compact.split(".")[1], what="test"))
