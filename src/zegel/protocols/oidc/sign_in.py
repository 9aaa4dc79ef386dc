"""A sign-in, all its states: each offers the moves that are legal from it, and no others.

    AuthorizationRequested  --accept-->  CodeIssued  --redeem-->  TokenIssued, AccessGranted
                            --refuse-->  a redirect, and the end
                                         TokenIssued    --replay-->    what to take back, and the end
                                         AccessGranted  --userinfo-->  the claims, and the end

``CodeIssued`` and ``TokenIssued`` are one record, kept under ``key``: a digest of the code, which itself stands in the
redirect alone. ``AccessGranted`` is another, kept under a digest of the access token, and is taken when it is read: the
claims live until the service has fetched them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpResponse, json_response
from zegel.primitives.json import JsonObject
from zegel.primitives.jws import sign_jws
from zegel.protocols.oauth.errors import denying, describe
from zegel.protocols.oauth.lifetimes import ACCESS_TOKEN_SECONDS, CODE_SECONDS
from zegel.protocols.oauth.pkce import check_code_verifier
from zegel.protocols.oauth.redirects import redirect_to
from zegel.protocols.oidc.claims import read_person
from zegel.protocols.oidc.client import RegisteredClient
from zegel.protocols.oidc.hint import another_person
from zegel.protocols.oidc.provider import Provider, key_id
from zegel.protocols.oidc.token_request import TokenRequest, secret_digest
from zegel.protocols.openid4vp.satisfaction import AcceptedAnswer

ID_TOKEN_SECONDS: Final = 300  # Core section 2 leaves it open; a service reads it at once, and keeps its own session
_SECRET_BYTES: Final = 32  # RFC 6749 section 10.10 asks for 128 bits at least, and 160 better


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAddress:
    """Where a registered client awaits the answer. Only ``check_return_address`` makes one from a request."""

    issuer: str
    client_id: str
    redirect_uri: str
    state: str | None

    def bring(self, answer: Mapping[str, str]) -> HttpResponse:
        """The redirect with an answer (RFC 6749 section 4.1.2), and with who answers (RFC 9207 section 2)."""
        return redirect_to(self.redirect_uri, {**answer, "state": self.state, "iss": self.issuer})

    def refuse(self, denied: Denied) -> HttpResponse:
        """The redirect with a refusal (OpenID Connect Core 1.0 section 3.1.2.6)."""
        return self.bring({"error": denied.code, "error_description": describe(denied)})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequested:
    """A service asked, and the person has not presented yet. ``scope`` holds the scopes that mean something here, and
    ``expected`` is the subject of whom alone it wants to have signed in, where it says so."""

    return_address: ReturnAddress
    scope: tuple[str, ...]
    nonce: str | None
    code_challenge: str
    expires: int
    expected: str | None = None

    def accept(
        self,
        answer: AcceptedAnswer,
        *,
        client: RegisteredClient,
        provider: Provider,
        claims_until: int,
        now: int,
        random: Callable[[int], bytes],
    ) -> tuple["CodeIssued", HttpResponse]:
        """The person presented: issue a code. ``answer`` is that to ``build_sign_in_query``; nothing of it outlives
        ``claims_until``, fetched or not.

        ``Denied(access_denied)`` when they do not make a subject, ``Denied(login_required)`` when it is another than
        ``expected``: ``refuse`` with it.
        """
        with denying("access_denied"):
            person = read_person(client, scope=self.scope, answer=answer, secret=provider.subject_secret, random=random)
        # OpenID Connect Core 1.0 section 3.1.2.2: no ID Token and no access token for a different user
        if self.expected not in (None, person.subject):
            raise another_person("somebody else presented")
        code = base64url(random(_SECRET_BYTES))
        issued = CodeIssued(
            key=secret_digest(code),
            client_id=self.return_address.client_id,
            redirect_uri=self.return_address.redirect_uri,
            scope=self.scope,
            nonce=self.nonce,
            code_challenge=self.code_challenge,
            subject=person.subject,
            claims=person.claims,
            acr=provider.acr_of(person.attestations),
            auth_time=now,
            claims_until=claims_until,
            expires=min(now + CODE_SECONDS, claims_until),
        )
        return issued, self.return_address.bring({"code": code})

    def refuse(self, denied: Denied) -> HttpResponse:
        """The person did not, or could not, present: tell the service."""
        return self.return_address.refuse(denied)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssued:
    """The code is on its way through the browser. ``auth_time`` is when the presentation was accepted."""

    key: str
    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    nonce: str | None
    code_challenge: str
    subject: str
    claims: JsonObject
    acr: str | None
    auth_time: int
    claims_until: int
    expires: int

    def redeem(
        self, request: TokenRequest, *, provider: Provider, now: int, random: Callable[[int], bytes]
    ) -> tuple["TokenIssued", "AccessGranted", HttpResponse]:
        """Exchange the code (OpenID Connect Core 1.0 section 3.1.3). A wrong request leaves it to the right one.

        ``Denied(invalid_grant)`` with SIGN_IN_CODE or PKCE.
        """
        # OpenID Connect Core 1.0 section 3.1.3.2: each of these, before anything is given
        if request.client.client.id != self.client_id:
            raise _denied_code("expected the client that the code was issued to", "client_id")
        if now >= self.expires:
            raise _denied_code(f"expected a code of at most {CODE_SECONDS} s", "code")
        if request.redirect_uri != self.redirect_uri:
            raise _denied_code("expected the redirect URI of the authorization request", "redirect_uri")
        with denying("invalid_grant"):
            check_code_verifier(request.code_verifier, challenge=self.code_challenge)
        in_id_token = request.client.client.claims_in_id_token
        access_token = base64url(random(_SECRET_BYTES))
        access = AccessGranted(
            key=secret_digest(access_token),
            subject=self.subject,
            claims={} if in_id_token else self.claims,
            expires=min(now + ACCESS_TOKEN_SECONDS, self.claims_until),
        )
        response = json_response(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": access.expires - now,
                "scope": " ".join(self.scope),
                "id_token": self._id_token(access_token, provider, now, self.claims if in_id_token else {}),
            }
        )
        return TokenIssued(access_key=access.key, expires=access.expires), access, response

    def _id_token(self, access_token: str, provider: Provider, now: int, claims: JsonObject) -> str:
        """The ID Token (OpenID Connect Core 1.0 sections 2 and 3.1.3.6)."""
        token: dict[str, object] = {
            **claims,
            "iss": provider.issuer,
            "sub": self.subject,
            "aud": self.client_id,
            "iat": now,
            "exp": now + ID_TOKEN_SECONDS,
            "auth_time": self.auth_time,
            "at_hash": base64url(sha256(access_token.encode()).digest()[:16]),
        }
        if self.nonce is not None:
            token["nonce"] = self.nonce
        if self.acr is not None:
            token["acr"] = self.acr
        signer = provider.signer
        return sign_jws(token, signer=signer, typ="JWT", header={"kid": key_id(signer.public_key)}).decode()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssued:
    """The code is spent; what it gave is the record under ``access_key``."""

    access_key: str
    expires: int

    def replay(self) -> Denied:
        """The code came a second time: take the record under ``access_key``, then raise this.

        RFC 6749 section 4.1.2: whoever comes second may be the rightful one, so neither keeps anything.
        """
        return _denied_code("the code was used before; what it gave is taken back", "code")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGranted:
    """The claims await their service."""

    key: str
    subject: str
    claims: JsonObject
    expires: int

    def userinfo(self) -> HttpResponse:
        """The claims, once (OpenID Connect Core 1.0 section 5.3.2)."""
        return json_response({**self.claims, "sub": self.subject})


def not_presented(detail: str) -> Denied:
    """The refusal when the person said no, or the verifier did: ``AuthorizationRequested.refuse`` answers with it."""
    return Denied("access_denied", Check.SIGN_IN_REFUSED, detail)


def unknown_code() -> Denied:
    """The refusal of a code that nothing is kept under."""
    return _denied_code("expected a code that was issued, not expired and not used up", "code")


def unknown_token() -> Denied:
    """The refusal of an access token that nothing is kept under."""
    detail = "expected an access token that was issued, not expired and not used"
    return Denied("invalid_token", Check.SIGN_IN_TOKEN, detail, field="header.authorization")


def _denied_code(detail: str, field: str) -> Denied:
    return Denied("invalid_grant", Check.SIGN_IN_CODE, detail, field=field)
