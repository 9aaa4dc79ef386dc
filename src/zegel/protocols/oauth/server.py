"""The authorization server: its configuration as one value, and who its clients are.

The endpoints stand in ``par``, ``authorization`` and ``token``; what they remember in ``states``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.profiles import ClientAuthentication, Profile
from zegel.protocols.oauth.client_attestation import presents_attestation, receive_client_attestation
from zegel.protocols.oauth.errors import FreshNonces, OneTime, denying
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces
from zegel.protocols.oauth.states import ClientIdentity
from zegel.trust.anchors import TrustAnchors

PAR_PATH: Final = "/par"
AUTHORIZATION_PATH: Final = "/authorize"
TOKEN_PATH: Final = "/token"  # noqa: S105 a path
CHALLENGE_PATH: Final = "/challenge"
SECRET_BYTES: Final = 32  # RFC 6749 section 10.10 asks for 128 bits, FAPI 2.0 section 5.4.1 for the same
MAX_CLIENT_ID: Final = 512  # a URL; the same for every wallet of a kind


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """An authorization server as configured.

    ``anchors`` hold the wallet providers. ``scopes`` maps each scope to the configurations that it asks for.
    ``redirect_uris`` holds the registered clients to their lists; a client that is not in it pushes its own.
    ``status_aggregation`` is where the issuer's status lists are named.
    """

    issuer: str
    credential_issuer: str
    profile: Profile
    anchors: TrustAnchors
    nonces: Nonces
    scopes: Mapping[str, tuple[str, ...]]
    configurations: frozenset[str]
    redirect_uris: Mapping[str, tuple[str, ...]]
    status_aggregation: str | None = None

    @property
    def separate(self) -> bool:
        """Whether the credential issuer names this server in its metadata, having another identifier."""
        return self.issuer != self.credential_issuer

    def fresh(self, *, now: int, random: Callable[[int], bytes]) -> FreshNonces:
        """The nonces that every answer brings along."""
        attests = ClientAuthentication.ATTESTATION in self.profile.client_authentication
        return FreshNonces(
            dpop=self.nonces.issue(NoncePurpose.DPOP, now=now, random=random),
            challenge=self.challenge(now=now, random=random) if attests else None,
        )

    def challenge(self, *, now: int, random: Callable[[int], bytes]) -> str:
        """A challenge for a proof of possession."""
        return self.nonces.issue(NoncePurpose.ATTESTATION_CHALLENGE, now=now, random=random)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatedClient:
    """A client that is who it says, as far as its method shows; ``once`` are its proofs."""

    identity: ClientIdentity
    once: tuple[OneTime, ...]


def answer_challenge(server: AuthorizationServer, *, now: int, random: Callable[[int], bytes]) -> HttpResponse:
    """Answer at the challenge endpoint (attestation-based client authentication -07 section 8)."""
    fresh = FreshNonces(dpop=server.nonces.issue(NoncePurpose.DPOP, now=now, random=random))
    body = {"attestation_challenge": server.challenge(now=now, random=random)}
    return json_response(body, headers=(("cache-control", "no-store"), *fresh.headers()))


def authenticate_client(
    server: AuthorizationServer, request: HttpRequest, *, client_id: str | None, anonymous: bool, now: int
) -> AuthenticatedClient:
    """Find out who asks; ``Denied`` with invalid_client, invalid_client_attestation or use_attestation_challenge.

    ``anonymous`` says that the profile's public clients may leave out their name here.
    """
    if presents_attestation(request):
        return _attested(server, request, client_id=client_id, now=now)
    with denying("invalid_client"):
        server.profile.check_choice(ClientAuthentication.NONE)
        if client_id is None and not anonymous:
            raise Rejected(Check.REQUEST_PARAMETERS, "expected the client's identifier", field="client_id")
        if client_id is not None and not 0 < len(client_id) <= MAX_CLIENT_ID:
            detail = f"expected an identifier of 1 to {MAX_CLIENT_ID} characters"
            raise Rejected(Check.REQUEST_PARAMETERS, detail, field="client_id")
    return AuthenticatedClient(identity=ClientIdentity(client_id=client_id), once=())


def _attested(
    server: AuthorizationServer, request: HttpRequest, *, client_id: str | None, now: int
) -> AuthenticatedClient:
    with denying("invalid_client"):
        server.profile.check_choice(ClientAuthentication.ATTESTATION)
    attested = receive_client_attestation(
        request, anchors=server.anchors, audience=server.issuer, nonces=server.nonces, now=now
    )
    wallet = attested.wallet
    # attestation-based client authentication -07 sections 6.3 and 6.4; HAIP 1.0 section 4.4.1
    if client_id is not None and client_id != wallet.client_id:
        detail = "expected the client that the attestation names"
        raise Denied("invalid_client", Check.CLIENT_AUTHENTICATION, detail, field="client_id")
    identity = ClientIdentity(
        client_id=wallet.client_id,
        instance=base64url(wallet.key.thumbprint()),
        status=wallet.status,
        wallet=wallet.wallet.name,
        provider=wallet.provider,
    )
    return AuthenticatedClient(identity=identity, once=(attested.once,))
