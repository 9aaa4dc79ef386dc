"""The provider as its clients see it: identifier, endpoints, keys and metadata (OpenID Connect Discovery 1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, final

from zegel.primitives.encoding import base64url
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.keys import Algorithm, PublicKey, Signer
from zegel.protocols.oauth.pkce import METHOD
from zegel.protocols.oidc.claims import SCOPES
from zegel.protocols.oidc.client import RegisteredClient
from zegel.protocols.oidc.subject import SubjectSecret

DISCOVERY: Final = "/.well-known/openid-configuration"
AUTHORIZATION: Final = "/authorize"
TOKEN: Final = "/token"  # noqa: S105 a path
USERINFO: Final = "/userinfo"
KEYS: Final = "/jwks"
CLIENT_AUTHENTICATION: Final = ("client_secret_basic", "client_secret_post", "none")
PROMPTS: Final = frozenset({"login", "consent", "select_account"})  # each sign-in is all of them
# What the ID Token and the authorization server say of themselves; the clients' mappings add theirs.
_OWN_CLAIMS: Final = ("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "at_hash")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider. ``issuer`` is its origin; ``signer`` signs ID Tokens on P-256.

    ``other_keys`` are published beside the signer's: the successor before it signs, the predecessor until what it
    signed has expired. ``acr`` says by attestation id which class of authentication its presentation is, best first.
    """

    issuer: str
    signer: Signer
    subject_secret: SubjectSecret
    other_keys: tuple[PublicKey, ...] = ()
    acr: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.signer.public_key.algorithm is not Algorithm.ES256:
            raise ValueError("the provider signs with ES256")

    def acr_of(self, attestations: tuple[str, ...]) -> str | None:
        """The best class that the presented attestations make."""
        return next((acr for attestation, acr in self.acr.items() if attestation in attestations), None)


def key_id(key: PublicKey) -> str:
    """The name of a key: its thumbprint (RFC 7638)."""
    return base64url(key.thumbprint())


def build_key_set(provider: Provider) -> JsonObject:
    """The JWK Set (RFC 7517 section 5): the key that signs, then those in overlap."""
    keys = dict.fromkeys((provider.signer.public_key, *provider.other_keys))
    return {
        "keys": [key.jwk() | {"use": "sig", "alg": str(key.algorithm), "kid": key_id(key)} for key in keys],
    }


def build_metadata(provider: Provider, *, clients: Mapping[str, RegisteredClient]) -> JsonObject:
    """The metadata (OpenID Connect Discovery 1.0 section 3, RFC 8414, RFC 9207)."""
    claims = (name.partition(".")[0] for client in clients.values() for name in client.client.claims)
    metadata: dict[str, Json] = {
        "issuer": provider.issuer,
        "authorization_endpoint": provider.issuer + AUTHORIZATION,
        "token_endpoint": provider.issuer + TOKEN,
        "userinfo_endpoint": provider.issuer + USERINFO,
        "jwks_uri": provider.issuer + KEYS,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [str(Algorithm.ES256)],
        "token_endpoint_auth_methods_supported": list(CLIENT_AUTHENTICATION),
        "code_challenge_methods_supported": [METHOD],
        "claim_types_supported": ["normal"],
        "claims_supported": list(dict.fromkeys((*_OWN_CLAIMS, *sorted(claims)))),
        "prompt_values_supported": sorted(PROMPTS),
        # The registration says what a client gets, and no request widens it.
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
    }
    if provider.acr:
        metadata["acr_values_supported"] = list(dict.fromkeys(provider.acr.values()))
    return metadata
