"""An OpenID Provider that knows Ada, and may be told to answer wrongly."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from zegel.primitives.encoding import base64
from zegel.primitives.http import HttpRequest, HttpResponse, json_response, with_query
from zegel.primitives.jws import sign_jws
from zegel.protocols.oauth.pkce import code_challenge
from zegel.services.ports import Clock
from zegel_testing.authorities import fixed_key
from zegel_testing.persons import JPEG

CLIENT_SECRET = "what the provider gave us: pass+word"
CODE = "code-of-the-provider"
KEY = fixed_key("upstream provider")
ADA = {
    "sub": "ada-4711",
    "given_name": "Ada",
    "family_name": "Voorbeeld",
    "birthdate": "1990-02-28",
    "place_of_birth": {"country": "UT"},
    "nationalities": ["UT"],
    "address": {"country": "UT", "locality": "Amaurot"},
    "picture": f"data:image/jpeg;base64,{base64(JPEG)}",
    "issuing_authority": "somebody else",
}


@dataclass
class UpstreamStandIn:
    """``change`` is what the next answers have wrong."""

    issuer: str = "https://people.utopia.example"
    clock: Clock | None = None
    change: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    token_requests: list[HttpRequest] = field(default_factory=list)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        match request.path:
            case "/.well-known/openid-configuration":
                return json_response(self.metadata())
            case "/authorize":
                return self._authorize(request)
            case "/token":
                return self._token(request)
            case "/keys":
                key = fixed_key("stranger") if "stranger" in self.change else KEY
                return json_response({"keys": [{"kty": "RSA"}, key.public_key.jwk() | {"kid": "1"}]})
            case "/userinfo":
                assert request.header("authorization") == "Bearer token-of-the-provider"
                return json_response(ADA | self.change.get("userinfo", {}))
        return HttpResponse(status=404)

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "jwks_uri": self.issuer + "/keys",
            "userinfo_endpoint": self.issuer + "/userinfo",
            "authorization_response_iss_parameter_supported": True,
        }

    def _authorize(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request.query())
        answer = {"code": CODE, "state": self.asked[-1]["state"], "iss": self.issuer}
        answer |= {name: value for name, value in self.change.items() if name in ("error", "state", "iss", "code")}
        location = with_query(self.asked[-1]["redirect_uri"], {name: value for name, value in answer.items() if value})
        return HttpResponse(status=302, headers=(("location", location),))

    def _token(self, request: HttpRequest) -> HttpResponse:
        self.token_requests.append(request)
        form = request.form()
        assert form["code"] == CODE
        header = request.header("authorization")
        assert header in (None, "Basic " + base64(f"identity-office:{quote_plus(CLIENT_SECRET)}".encode()))
        assert ("client_id" in form) is (header is None)
        assert code_challenge(form["code_verifier"]) == self.asked[-1]["code_challenge"]
        if "token_status" in self.change:
            return json_response({"error": "invalid_grant"}, status=self.change["token_status"])
        assert self.clock is not None
        now = self.clock.now()
        claims = {"iss": self.issuer, "aud": self.asked[-1]["client_id"], "nonce": self.asked[-1]["nonce"]}
        claims |= {"sub": ADA["sub"], "iat": now, "exp": now + 300}
        token = sign_jws(claims | self.change.get("claims", {}), signer=KEY, typ="JWT", header={"kid": "1"})
        return json_response({"id_token": token.decode(), "access_token": "token-of-the-provider"})
