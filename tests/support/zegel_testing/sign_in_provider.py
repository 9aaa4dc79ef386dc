"""A provider in memory, around the engine: what a service and a browser meet. The person always presents at once."""

from urllib.parse import urlsplit

import httpx2

from zegel.errors import Denied
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.protocols.oidc.authorization import check_authorization_request, check_return_address
from zegel.protocols.oidc.client import RegisteredClient
from zegel.protocols.oidc.provider import Provider, build_key_set, build_metadata
from zegel.protocols.oidc.sign_in import (
    AccessGranted,
    CodeIssued,
    TokenIssued,
    not_presented,
    unknown_code,
    unknown_token,
)
from zegel.protocols.oidc.token_request import (
    receive_access_token,
    receive_token_request,
    token_error,
    userinfo_error,
)
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.sign_in import CLAIMS_UNTIL, PROVIDER, registered, sd_jwt_answer


class SignInProvider(httpx2.AsyncBaseTransport):
    """Answers what is sent to it; ``received`` are the requests, ``refuses`` makes the person refuse."""

    def __init__(self, client: RegisteredClient | None = None, *, provider: Provider = PROVIDER, answer=None) -> None:
        client = client or registered()
        self.clients = {client.client.id: client}
        self.provider = provider
        self.answer = answer or sd_jwt_answer()
        self.refuses = False
        self.now = NOW
        self.received: list[HttpRequest] = []
        self.codes: dict[str, CodeIssued | TokenIssued] = {}
        self.granted: dict[str, AccessGranted] = {}
        self._random = fixed_random("sign-in provider")

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = tuple((name.lower(), value) for name, value in request.headers.items())
        body = await request.aread()
        response = self.handle(HttpRequest(method=request.method, url=str(request.url), headers=headers, body=body))
        return httpx2.Response(response.status, headers=list(response.headers), content=response.body)

    def handle(self, request: HttpRequest) -> HttpResponse:
        self.received.append(request)
        match urlsplit(request.url).path:
            case "/.well-known/openid-configuration":
                return json_response(build_metadata(self.provider, clients=self.clients))
            case "/jwks":
                return json_response(build_key_set(self.provider))
            case "/authorize":
                return self._authorize(request)
            case "/token":
                return self._token(request)
            case "/userinfo":
                return self._userinfo(request)
        return HttpResponse(status=404)

    def _authorize(self, request: HttpRequest) -> HttpResponse:
        parameters = request.query()
        address = check_return_address(parameters, clients=self.clients, issuer=self.provider.issuer)
        try:
            state = check_authorization_request(
                parameters,
                return_address=address,
                client=self.clients[address.client_id],
                provider=self.provider,
                now=self.now,
            )
        except Denied as denied:
            return address.refuse(denied)
        if self.refuses:
            return state.refuse(not_presented("the person refused"))
        issued, response = state.accept(
            self.answer,
            client=self.clients[address.client_id],
            provider=self.provider,
            claims_until=CLAIMS_UNTIL,
            now=self.now,
            random=self._random,
        )
        self.codes[issued.key] = issued
        return response

    def _token(self, request: HttpRequest) -> HttpResponse:
        try:
            asked = receive_token_request(request, clients=self.clients)
            match self.codes.get(asked.code_key):
                case CodeIssued() as issued:
                    spent, access, response = issued.redeem(
                        asked, provider=self.provider, now=self.now, random=self._random
                    )
                    self.codes[asked.code_key] = spent
                    self.granted[access.key] = access
                    return response
                case TokenIssued() as spent:
                    self.granted.pop(spent.access_key, None)
                    raise spent.replay()
                case _:
                    raise unknown_code()
        except Denied as denied:
            return token_error(denied)

    def _userinfo(self, request: HttpRequest) -> HttpResponse:
        try:
            access = self.granted.pop(receive_access_token(request), None)
            if access is None:
                raise unknown_token()
            return access.userinfo()
        except Denied as denied:
            return userinfo_error(denied)
