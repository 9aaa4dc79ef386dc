"""Authorization server metadata: what ours publishes, and what a wallet reads of another's (RFC 8414)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.status.reference import AGGREGATION
from zegel.primitives.http import origin_of
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.keys import Algorithm
from zegel.profiles import ClientAuthentication, Grant
from zegel.protocols.oauth.authorization_details import TYPE
from zegel.protocols.oauth.pkce import METHOD
from zegel.protocols.oauth.redirects import is_loopback
from zegel.protocols.oauth.server import (
    AUTHORIZATION_PATH,
    CHALLENGE_PATH,
    PAR_PATH,
    TOKEN_PATH,
    AuthorizationServer,
)

WELL_KNOWN: Final = "/.well-known/oauth-authorization-server"
MAX_METADATA: Final = 65_536  # ours has 2 kB
DPOP_ALGORITHMS: Final = "dpop_signing_alg_values_supported"  # RFC 9449 section 5.1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedServerMetadata:
    """A metadata document that parses."""

    unverified_members: JsonObject


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMetadata:
    """Metadata published under its own issuer identifier, as far as a wallet uses it. None: not offered."""

    issuer: str
    token_endpoint: str
    authorization_endpoint: str | None
    pushed_authorization_request_endpoint: str | None
    challenge_endpoint: str | None
    client_authentication: tuple[str, ...]
    grants: tuple[str, ...]
    says_issuer: bool
    details_types: tuple[str, ...]
    anonymous_pre_authorized: bool
    dpop_algorithms: tuple[str, ...] = ()


def well_known_url(identifier: str, path: str) -> str:
    """Where an authorization server's metadata stands: ``path`` between host and path of its identifier.

    RFC 8414 section 3.1: without the slash at the end of it.
    """
    origin = origin_of(identifier, what="identifier")
    return origin + path + urlsplit(identifier).path.rstrip("/")


def build_server_metadata(server: AuthorizationServer) -> dict[str, Json]:
    """The metadata of our authorization server."""
    profile, algorithms = server.profile, list(Algorithm)
    metadata: dict[str, Json] = {
        "issuer": server.issuer,
        "token_endpoint": server.issuer + TOKEN_PATH,
        "authorization_endpoint": server.issuer + AUTHORIZATION_PATH,
        "pushed_authorization_request_endpoint": server.issuer + PAR_PATH,
        "require_pushed_authorization_requests": True,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [*sorted(profile.grants), "refresh_token"],
        "code_challenge_methods_supported": [METHOD],
        "authorization_response_iss_parameter_supported": True,
        DPOP_ALGORITHMS: algorithms,
        "token_endpoint_auth_methods_supported": sorted(profile.client_authentication),
        "authorization_details_types_supported": [TYPE],
        "scopes_supported": sorted(server.scopes),
    }
    # status list draft 20 section 9.1; the conformance suite's schema has no such member in the issuer's own metadata
    if server.status_aggregation is not None:
        metadata[AGGREGATION] = server.status_aggregation
    if ClientAuthentication.ATTESTATION in profile.client_authentication:
        metadata |= {
            "challenge_endpoint": server.issuer + CHALLENGE_PATH,
            "client_attestation_signing_alg_values_supported": algorithms,
            "client_attestation_pop_signing_alg_values_supported": algorithms,
        }
    if Grant.PRE_AUTHORIZED_CODE in profile.grants:
        metadata["pre-authorized_grant_anonymous_access_supported"] = True
    return metadata


def parse_server_metadata(body: bytes) -> UnverifiedServerMetadata:
    """Parse a metadata document; ``Malformed`` otherwise."""
    members = parse_object(body, what="authorization server metadata", max_bytes=MAX_METADATA)
    return UnverifiedServerMetadata(unverified_members=members)


def verify_server_metadata(metadata: UnverifiedServerMetadata, *, issuer: str) -> ServerMetadata:
    """Verify that the metadata is that of ``issuer``; ``Rejected(SERVER_METADATA)`` otherwise."""
    members = metadata.unverified_members
    if members.get("issuer") != issuer:  # RFC 8414 section 3.3: identical
        raise Rejected(Check.SERVER_METADATA, "expected the identifier that was asked for", field="issuer")
    token_endpoint = endpoint_of(members, "token_endpoint")
    if token_endpoint is None:
        raise Rejected(Check.SERVER_METADATA, "expected a token endpoint", field="token_endpoint")
    return ServerMetadata(
        issuer=issuer,
        token_endpoint=token_endpoint,
        authorization_endpoint=endpoint_of(members, "authorization_endpoint"),
        pushed_authorization_request_endpoint=endpoint_of(members, "pushed_authorization_request_endpoint"),
        challenge_endpoint=endpoint_of(members, "challenge_endpoint"),
        client_authentication=_names(members, "token_endpoint_auth_methods_supported", ()),
        grants=_names(members, "grant_types_supported", ("authorization_code", "implicit")),  # RFC 8414 section 2
        says_issuer=members.get("authorization_response_iss_parameter_supported") is True,
        details_types=_names(members, "authorization_details_types_supported", ()),
        anonymous_pre_authorized=members.get("pre-authorized_grant_anonymous_access_supported") is True,
        dpop_algorithms=_names(members, DPOP_ALGORITHMS, ()),
    )


def endpoint_of(members: Mapping[str, Json], name: str) -> str | None:
    """An endpoint's URL, https or on loopback; ``Rejected(SERVER_METADATA)`` otherwise, None when it is left out."""
    value = members.get(name)
    if value is None:
        return None
    if type(value) is not str:
        raise Rejected(Check.SERVER_METADATA, "expected a URL", field=name)
    return check_url(value, field=name)


def check_url(url: str, *, field: str) -> str:
    """Return a URL with TLS, or one of this very machine; ``Rejected(SERVER_METADATA)`` otherwise."""
    try:
        if origin_of(url, what="URL").startswith("https://") or is_loopback(url):
            return url
    except Malformed:
        pass
    raise Rejected(Check.SERVER_METADATA, "expected an https URL", field=field)


def _names(members: JsonObject, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = members.get(name)
    if value is None:
        return default
    if type(value) is not list or any(type(entry) is not str for entry in value):
        raise Rejected(Check.SERVER_METADATA, "expected an array of text", field=name)
    return tuple(map(str, value))
