"""Log-in at an OpenID Provider that knows the issuer's people: the browser's way there, and who came back."""

from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Unavailable
from zegel.formats.catalogue.presented import read_record
from zegel.formats.catalogue.types import AttestationType
from zegel.formats.claims import Claim, Claims
from zegel.formats.credential import Format
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.primitives.json import JsonObject
from zegel.protocols.oidc.upstream import (
    MAX_ANSWER,
    UnverifiedTokens,
    UpstreamClient,
    UpstreamProvider,
    UpstreamRequest,
    VerifiedIdToken,
    begin_upstream,
    check_return,
    discovery_request,
    parse_keys,
    parse_provider_metadata,
    parse_tokens,
    token_request,
    userinfo_request,
    verify_id_token,
    verify_provider_metadata,
    verify_userinfo,
)
from zegel.services.ports import Clock, KnownPerson, Outbound, Person, Random

METADATA_SECONDS: Final = 3_600  # a provider that moves an endpoint keeps the old one longer
_NOT_OF_THE_PERSON: Final = frozenset({"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "azp", "acr", "amr"})


@final
@dataclass(frozen=True, slots=True)
class _Known:
    provider: UpstreamProvider
    until: int


@final
class UpstreamLogIn:
    """One OpenID Provider, as the issuer's source.

    Its claims are read as a PID's in SD-JWT, whose names are OpenID Connect's own; a claim that is named like a data
    identifier of the catalogue is taken under that name. A person's reference is the ``sub``.
    """

    def __init__(
        self,
        issuer: str,
        *,
        client: UpstreamClient,
        pid: AttestationType,
        outbound: Outbound,
        clock: Clock,
        random: Random,
    ) -> None:
        self.issuer: Final = issuer
        self._client = client
        self._pid = pid
        self._outbound = outbound
        self._clock = clock
        self._random = random
        self._known: _Known | None = None

    async def begin(self) -> tuple[UpstreamRequest, str]:
        """The request to remember in the browser's session, and the address to send the browser to."""
        return begin_upstream(await self._provider(), self._client, random=self._random)

    async def finish(self, parameters: dict[str, str], *, request: UpstreamRequest | None) -> KnownPerson:
        """Who came back, with the claims of ID Token and userinfo; the checks of ``protocols.oidc.upstream``."""
        provider = await self._provider()
        code = check_return(parameters, request=request, provider=provider)
        assert request is not None  # check_return has looked
        tokens = parse_tokens(await self._send(token_request(provider, self._client, request, code=code)))
        token = await self._verified(tokens, provider, request)
        claims = dict(token.claims)
        if provider.userinfo_endpoint is not None and tokens.access_token is not None:
            asked = userinfo_request(provider.userinfo_endpoint, tokens.access_token)
            claims |= verify_userinfo(await self._send(asked), subject=token.subject)
        record = self._record(claims)
        names = (str(record[name]) for name in ("given_name", "family_name") if name in record)
        return KnownPerson(person=Person(id=token.subject, name=" ".join(names) or token.subject), claims=record)

    async def _verified(
        self, tokens: UnverifiedTokens, provider: UpstreamProvider, request: UpstreamRequest
    ) -> VerifiedIdToken:
        keys = parse_keys(await self._send(_get(provider.jwks_uri)))
        return verify_id_token(
            tokens, keys=keys, provider=provider, client=self._client, request=request, now=self._clock.now()
        )

    async def _provider(self) -> UpstreamProvider:
        now = self._clock.now()
        if self._known is None or self._known.until <= now:
            metadata = parse_provider_metadata(await self._send(discovery_request(self.issuer)))
            provider = verify_provider_metadata(metadata, issuer=self.issuer)
            self._known = _Known(provider, now + METADATA_SECONDS)
        return self._known.provider

    async def _send(self, request: HttpRequest) -> HttpResponse:
        response = await self._outbound.fetch(request, max_bytes=MAX_ANSWER)
        if response.status >= 500:
            raise Unavailable("the provider at which people log in", f"it answers with status {response.status}")
        return response

    def _record(self, claims: JsonObject) -> Claims:
        named: dict[str, Claim] = {name: value for name, value in claims.items() if name not in _NOT_OF_THE_PERSON}
        return {**named, **read_record(self._pid, Format.SD_JWT_VC, claims)}


def _get(url: str) -> HttpRequest:
    return HttpRequest(method="GET", url=url, headers=(("accept", JSON),))
