"""The services that sign people in, as the operator registers them, and the check that a registration is whole.

A client's claims are drawn from attestation types of the catalogue, by claim id, so that a mapping says the same thing
in both formats.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.http import origin_of
from zegel.protocols.oauth.redirects import is_loopback
from zegel.protocols.oidc.attestations import Attestation, Kind
from zegel.protocols.oidc.standard_claims import STANDARD_CLAIMS
from zegel.protocols.oidc.subject import StableFrom, SubjectSource, check_subject_source

_CLIENT_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")  # RFC 6749 appendix A.1, without the space
_CLAIM_NAME: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)?")
_SHA256: Final = 32
_PROTOCOL_CLAIMS: Final = frozenset(  # OpenID Connect Core 1.0 sections 2, 3.1.3.6 and 5.6.2; RFC 7519; RFC 7800
    {"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash"}
    | {"sid", "cnf", "_claim_names", "_claim_sources"}
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSource:
    """Where a claim comes from: claim ids of one attestation type. Several are joined as text, by spaces."""

    attestation: str
    claims: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A service as configured. ``secret_hash`` is None for a public client; ``claims`` maps the name that the service
    gets (``address.locality`` for a member of an object) to its source; ``sector`` names services that share subjects;
    ``claims_in_id_token`` is for services that do not ask the userinfo endpoint.
    """

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    secret_hash: str | None
    claims: Mapping[str, ClaimSource]
    subject: SubjectSource
    sector: str | None = None
    cross_device: bool = False
    claims_in_id_token: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredClient:
    """A client whose registration holds, with the attestation types that it draws on."""

    client: Client
    attestations: Mapping[str, Attestation]

    @property
    def sector(self) -> str:
        """The sector identifier; without one that is shared on purpose, each client is its own sector."""
        # OpenID Connect Core 1.0 section 8.1 would take the host of the redirect URI; two services of one host would
        # then be able to compare their users, which nobody asked for.
        return f"client {self.client.id}" if self.client.sector is None else f"sector {self.client.sector}"


def check_client(client: Client, *, attestations: Mapping[str, Attestation]) -> RegisteredClient:
    """Check a registration against the catalogue, by attestation id.

    ``Rejected`` with CLIENT_REGISTRATION, or SUBJECT_SOURCE for a subject that would not stay one person's; ``field``
    is the setting's path in the client's table.
    """
    if _CLIENT_ID.fullmatch(client.id) is None:
        raise _incomplete("expected one to 200 printable ASCII characters without space", "id")
    _check_secret(client.secret_hash)
    if not client.redirect_uris:
        raise _incomplete("expected at least one redirect URI", "redirect_uris")
    for position, uri in enumerate(client.redirect_uris):
        _check_redirect_uri(uri, f"redirect_uris[{position}]")
    if not client.claims:
        raise _incomplete("expected at least one claim, so that there is an attestation to ask for", "claims")
    for name, source in client.claims.items():
        _check_mapping(name, source, client.claims, attestations)
    if isinstance(client.subject, StableFrom):
        attestation = _attestation(client.subject.attestation, attestations, "stable_from")
        check_subject_source(client.subject, unique=attestation.unique)
    drawn = {id_: attestations[id_] for id_ in dict.fromkeys(attestation for attestation, _ in drawn_claims(client))}
    for attestation in drawn.values():
        _check_presentable(attestation, {claim for id_, claim in drawn_claims(client) if id_ == attestation.id})
    return RegisteredClient(client=client, attestations=drawn)


def drawn_claims(client: Client) -> Iterator[tuple[str, str]]:
    """Each attestation id and claim id that the client draws on, those of its subject first."""
    if isinstance(client.subject, StableFrom):
        yield from ((client.subject.attestation, claim) for claim in client.subject.claims)
    for source in client.claims.values():
        yield from ((source.attestation, claim) for claim in source.claims)


def _incomplete(detail: str, field: str) -> Rejected:
    return Rejected(Check.CLIENT_REGISTRATION, detail, field=field)


def _check_secret(secret_hash: str | None) -> str | None:
    if secret_hash is not None:
        try:
            size = len(parse_base64url(secret_hash, what="secret_hash"))
        except Malformed:
            size = 0
        if size != _SHA256:
            raise _incomplete("expected the SHA-256 of the secret in base64url", "secret_hash")
    return secret_hash


def _check_redirect_uri(uri: str, field: str) -> str:
    try:
        origin_of(uri, what=field)
    except Malformed as error:
        raise _incomplete(error.detail, field) from None
    if "#" in uri:  # RFC 6749 section 3.1.2
        raise _incomplete("expected no fragment", field)
    if urlsplit(uri).scheme == "http" and not is_loopback(uri):
        raise _incomplete("expected https, or http to loopback", field)
    return uri


def _check_mapping(
    name: str, source: ClaimSource, claims: Mapping[str, ClaimSource], attestations: Mapping[str, Attestation]
) -> ClaimSource:
    field = f"claims.{name}"
    if _CLAIM_NAME.fullmatch(name) is None:
        raise _incomplete("expected a name, or two joined by a full stop", field)
    outer = name.partition(".")[0]
    if outer in _PROTOCOL_CLAIMS:
        raise _incomplete("expected a name that the ID Token does not use itself", field)
    if outer != name and outer in claims:
        raise _incomplete(f"expected either {outer} or its members", field)
    attestation = _attestation(source.attestation, attestations, field)
    known = {claim for paths in attestation.paths.values() for claim in paths}
    if not source.claims or not known.issuperset(source.claims):
        raise _incomplete(f"expected claims of {attestation.id} as the catalogue names them", field)
    joined = len(source.claims) > 1
    return _check_kind(name, Kind.TEXT if joined else attestation.kinds[source.claims[0]], source)


def _check_kind(name: str, kind: Kind, source: ClaimSource) -> ClaimSource:
    """OpenID Connect Core 1.0 section 5.1: a standard claim is of its kind. A member makes an object of its claim."""
    outer = name.partition(".")[0]
    kinds = {name: kind} if outer == name else {outer: Kind.OBJECT, name: kind}
    for claim, found in kinds.items():
        expected = STANDARD_CLAIMS.get(claim, found)
        if found is not expected:
            raise _incomplete(f"expected {claim} to be {expected}, got {found}", f"claims.{name}")
    return source


def _attestation(id_: str, attestations: Mapping[str, Attestation], field: str) -> Attestation:
    attestation = attestations.get(id_)
    if attestation is None:
        raise _incomplete(f"expected an attestation type of the catalogue, got {id_[:80]}", field)
    return attestation


def _check_presentable(attestation: Attestation, claims: set[str]) -> Attestation:
    if not any(paths.keys() >= claims for paths in attestation.paths.values()):
        raise _incomplete(f"expected claims that one format of {attestation.id} has together", "claims")
    return attestation
