"""Tax online: an ordinary web service that signs people in with a stock OpenID Connect library.

It knows nothing of wallets, and uses nothing of zegel: Starlette, Authlib, and a provider's discovery document. It is
what a service has to write.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final, final
from urllib.parse import parse_qs, urlsplit

import httpx2
from authlib.integrations.starlette_client import OAuth, OAuthError  # type: ignore[import-untyped]
from jinja2 import Environment, PackageLoader, StrictUndefined
from joserfc.errors import JoseError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from zegel.demo.sessions import Sessions

CALLBACK: Final = "/callback"
_SCOPE: Final = "openid profile email address"
_MAX_BODY: Final = 1_000  # the one form has one field
_TIMEOUT: Final = 10.0  # seconds; the provider is near, and a person waits
_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
_LABELS: Final[Mapping[str, str]] = {
    "name": "Name",
    "given_name": "Given name",
    "family_name": "Family name",
    "birth_given_name": "Given name at birth",
    "birth_family_name": "Family name at birth",
    "birthdate": "Date of birth",
    "place_of_birth": "Place of birth",
    "nationalities": "Nationality",
    "email": "E-mail",
    "phone_number": "Telephone",
    "address": "Address",
    "formatted": "Address",
    "street_address": "Street",
    "house_number": "House number",
    "postal_code": "Postal code",
    "locality": "Town",
    "region": "Region",
    "country": "Country",
    "picture": "Portrait",
}
_PROBLEMS: Final[Mapping[str, str]] = {
    "access_denied": "You did not present what is needed to sign in, or your wallet could not. You are not signed in.",
    "mismatching_state": "This sign-in was begun in another browser, or too long ago. Please begin again here.",
    "foreign_form": "This page was not the one that you signed in on. Please load it again.",
    "temporarily_unavailable": "The sign-in is not available at the moment. Please try again later.",
}
_OUR_PROBLEM: Final = "Something went wrong on our side. Please try again later."
_STATUSES: Final[Mapping[int, str]] = {
    404: "There is no such page.",
    405: "This page cannot be used in that way.",
    413: "That was more than this page takes.",
}
_ANY_PROBLEM: Final = "The sign-in did not succeed. Please try again."


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TaxOnlineSettings:
    """Where the service lives, and what the provider's operator gave it. ``transport`` carries its requests."""

    origin: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    transport: httpx2.AsyncBaseTransport


def create_tax_online(settings: TaxOnlineSettings) -> Starlette:
    """The service as an ASGI application."""
    secure = settings.origin.startswith("https:")
    pages = _Pages(settings)
    return Starlette(
        routes=[
            Route("/", pages.welcome),
            Route("/sign-in", pages.sign_in),
            Route(CALLBACK, pages.callback),
            Route("/profile", pages.profile),
            Route("/sign-out", pages.sign_out, methods=["POST"]),
            Route("/static/{name}", pages.static),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[urlsplit(settings.origin).hostname or ""]),
            Middleware(Sessions, name="tax-online", secure=secure),
        ],
        exception_handlers={HTTPException: pages.problem, Exception: pages.problem},
    )


@final
class _Pages:
    def __init__(self, settings: TaxOnlineSettings) -> None:
        self._settings = settings
        oauth = OAuth()
        self._provider = oauth.register(
            "provider",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": _SCOPE,
                "code_challenge_method": "S256",
                "transport": settings.transport,
                "timeout": _TIMEOUT,
            },
        )
        self._templates = Environment(
            loader=PackageLoader("zegel.demo"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        folder = files("zegel.demo").joinpath("static")
        self._static = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name in _TYPES}

    async def welcome(self, request: Request) -> Response:
        if "person" in request.session:
            return self._redirect("/profile")
        return self._page("welcome.html")

    async def sign_in(self, request: Request) -> Response:
        try:
            redirect: Response = await self._provider.authorize_redirect(request, self._settings.origin + CALLBACK)
        except (httpx2.HTTPError, ValueError):
            return self._failed("temporarily_unavailable", status=503)
        return redirect

    async def callback(self, request: Request) -> Response:
        # RFC 9207 section 2.4: before anything is sent anywhere, see who answers
        if request.query_params.get("iss") != self._settings.issuer:
            return self._failed("another_issuer")
        try:
            person = await self._fetch_person(request)
        except OAuthError as error:
            return self._failed(error.error)
        except (JoseError, KeyError):
            return self._failed("invalid_token")
        except (httpx2.HTTPError, ValueError):
            return self._failed("temporarily_unavailable", status=503)
        request.session.renew()  # type: ignore[attr-defined]  # our own Session
        request.session.update(person=person, csrf=secrets.token_urlsafe(32))
        return self._redirect("/profile")

    async def _fetch_person(self, request: Request) -> dict[str, Any]:
        settings = self._settings
        expected = {"iss": {"value": settings.issuer}, "aud": {"value": settings.client_id}}
        token = await self._provider.authorize_access_token(request, claims_options=expected)
        claims = await self._provider.userinfo(token=token)
        if claims["sub"] != token["userinfo"]["sub"]:  # OpenID Connect Core 1.0 section 5.3.2
            raise OAuthError("another_subject")
        return {**claims, "acr": token["userinfo"].get("acr")}

    async def profile(self, request: Request) -> Response:
        person = request.session.get("person")
        if person is None:
            return self._redirect("/")
        shown = [(label, _readable(person[claim])) for claim, label in _LABELS.items() if claim in person]
        name = " ".join(filter(None, (person.get("given_name"), person.get("family_name")))) or person.get("name")
        return self._page(
            "profile.html",
            name=name,
            claims=shown,
            subject=person["sub"],
            acr=person["acr"],
            csrf=request.session["csrf"],
        )

    async def sign_out(self, request: Request) -> Response:
        form = parse_qs((await _body(request)).decode("ascii", "replace"))
        sent = form.get("csrf", [""])[0]
        if not hmac.compare_digest(sent.encode(), str(request.session.get("csrf", "-")).encode()):
            return self._failed("foreign_form", status=403)
        request.session.renew()  # type: ignore[attr-defined]  # our own Session
        return self._redirect("/")

    async def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._static:
            raise HTTPException(404)
        headers = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}
        return Response(self._static[name], media_type=_TYPES[name], headers=headers)

    async def problem(self, _request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self._page("problem.html", status=status, message=_STATUSES.get(status, _OUR_PROBLEM))

    def _failed(self, code: str | None, *, status: int = 400) -> Response:
        return self._page("problem.html", status=status, message=_PROBLEMS.get(code or "", _ANY_PROBLEM))

    def _page(self, template: str, *, status: int = 200, **values: object) -> Response:
        text = self._templates.get_template(template).render(values)
        return HTMLResponse(text, status_code=status, headers=dict(_HEADERS))

    def _redirect(self, path: str) -> Response:
        return RedirectResponse(self._settings.origin + path, status_code=303, headers=dict(_HEADERS))


_TYPES: Final = {"tax.css": "text/css", "tax.svg": "image/svg+xml"}


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BODY:
            raise HTTPException(413)
    return body


def _readable(value: object) -> object:
    """Objects with the labels of their members, an address as it is written on a letter; the rest as it came."""
    if isinstance(value, Mapping) and list(value) == ["formatted"]:
        return value["formatted"]
    if isinstance(value, Mapping):
        return [(_LABELS.get(name, name), _readable(inner)) for name, inner in value.items()]
    return value
