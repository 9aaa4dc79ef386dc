"""From what a service may know to what the wallet is asked for, and back from what it presented.

The query names only the claims that the client's mapping and this request's scopes need, and those that a stable
subject is made from, so that the consent page shows them too.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.formats.claims import Claim, json_claim, select_claims
from zegel.formats.credential import CurrentPresentation, Format
from zegel.primitives.encoding import base64
from zegel.primitives.json import Json, JsonObject
from zegel.protocols.oidc.attestations import Attestation
from zegel.protocols.oidc.client import ClaimSource, RegisteredClient
from zegel.protocols.oidc.subject import StableFrom, SubjectSecret, stable_subject, transient_subject
from zegel.protocols.openid4vp.dcql import ClaimQuery, CredentialQuery, CredentialSet, DcqlQuery
from zegel.protocols.openid4vp.satisfaction import AcceptedAnswer

OPENID: Final = "openid"
_SCOPE_OF: Final[Mapping[str, str]] = {  # OpenID Connect Core 1.0 section 5.4; what it does not name is in profile
    "email": "email",
    "email_verified": "email",
    "address": "address",
    "phone_number": "phone",
    "phone_number_verified": "phone",
}
SCOPES: Final = (OPENID, "profile", *dict.fromkeys(_SCOPE_OF.values()))
_SUFFIXES: Final[Mapping[Format, str]] = {Format.SD_JWT_VC: "sd-jwt", Format.MDOC: "mdoc"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who signed in, as one client gets to know it. ``attestations`` are the catalogue's ids of what was presented."""

    subject: str
    claims: JsonObject
    attestations: tuple[str, ...]


def build_sign_in_query(client: RegisteredClient, *, scope: Collection[str]) -> DcqlQuery:
    """The query of a sign-in: each attestation, in either format that has the claims."""
    credentials: list[CredentialQuery] = []
    sets: list[CredentialSet] = []
    for id_, needed in _needed(client, scope).items():
        attestation = client.attestations[id_]
        queries = [
            _credential_query(attestation, format_, needed)
            for format_, paths in attestation.paths.items()
            if paths.keys() >= needed.keys()
        ]
        credentials += queries
        sets.append(CredentialSet(options=tuple((query.id,) for query in queries)))
    return DcqlQuery(credentials=tuple(credentials), credential_sets=tuple(sets))


def read_person(
    client: RegisteredClient,
    *,
    scope: Collection[str],
    answer: AcceptedAnswer,
    secret: SubjectSecret,
    random: Callable[[int], bytes],
) -> Person:
    """Map the answer to ``build_sign_in_query`` to the client's claims and its subject.

    ``Rejected(SUBJECT_VALUE)`` if the claims of a stable subject cannot carry it.
    """
    presented = {
        id_: _presented(client.attestations[id_], answer, claims) for id_, claims in _needed(client, scope).items()
    }
    return Person(
        subject=_subject(client, presented, secret, random),
        claims=_mapped(client, scope, presented),
        attestations=tuple(presented),
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Presented:
    presentation: CurrentPresentation
    values: Mapping[str, Claim]


def _needed(client: RegisteredClient, scope: Collection[str]) -> Mapping[str, dict[str, None]]:
    """The claim ids that are asked for, by attestation id, in the order of the registration."""
    needed: dict[str, dict[str, None]] = {}
    subject = client.client.subject
    if isinstance(subject, StableFrom):
        needed[subject.attestation] = dict.fromkeys(subject.claims)
    for name, source in client.client.claims.items():
        if _scope_of(name) in scope:
            needed.setdefault(source.attestation, {}).update(dict.fromkeys(source.claims))
    # With no claim to ask for, that the person holds the attestation is what signs in.
    return needed or {next(iter(client.attestations)): {}}


def _credential_query(attestation: Attestation, format_: Format, needed: Collection[str]) -> CredentialQuery:
    # ISO/IEC 18013-5 section 8.3.2.1.2.1: the service gets the claims, and nobody can promise that it forgets them.
    retain = True if format_ is Format.MDOC else None
    paths = attestation.paths[format_]
    return CredentialQuery(
        id=_query_id(attestation.id, format_),
        format=str(format_),
        types=(attestation.types[format_],),
        claims=tuple(ClaimQuery(path=paths[claim], intent_to_retain=retain) for claim in needed),
    )


def _query_id(attestation: str, format_: Format) -> str:
    return f"{attestation}-{_SUFFIXES[format_]}"


def _presented(attestation: Attestation, answer: AcceptedAnswer, claims: Collection[str]) -> _Presented:
    ids = (_query_id(attestation.id, format_) for format_ in attestation.paths)
    (presentation,) = next(answer.presentations[id_] for id_ in ids if id_ in answer.presentations)
    credential = presentation.credential
    paths = attestation.paths[credential.format]
    return _Presented(
        presentation=presentation, values={claim: _read(credential.claims, paths[claim]) for claim in claims}
    )


def _read(claims: Claim, path: tuple[str | int | None, ...]) -> Claim:
    found = [value for _, value in select_claims(claims, path)]
    if None in path:
        return found
    return found[0] if found else None


def _mapped(client: RegisteredClient, scope: Collection[str], presented: Mapping[str, _Presented]) -> JsonObject:
    mapped: dict[str, Json] = {}
    for name, source in client.client.claims.items():
        if _scope_of(name) not in scope:
            continue
        value = _value(name, source, presented[source.attestation].values)
        if value in (None, "", []):  # OpenID Connect Core 1.0 section 5.3.2: left out rather than empty
            continue
        outer, _, member = name.partition(".")
        if member:
            inner = mapped.setdefault(outer, {})
            assert isinstance(inner, dict)
            inner[member] = value
        else:
            mapped[name] = value
    return mapped


def _value(name: str, source: ClaimSource, values: Mapping[str, Claim]) -> Json:
    if len(source.claims) > 1:
        return " ".join(str(values[claim]) for claim in source.claims if values[claim] not in (None, ""))
    value = values[source.claims[0]]
    if isinstance(value, bytes) and name == "picture":
        # OpenID Connect Core 1.0 section 5.1: picture is a URL. The PID rulebook's portrait is a JPEG in both formats.
        return f"data:image/jpeg;base64,{base64(value)}" if value else ""
    return json_claim(value)


def _subject(
    client: RegisteredClient,
    presented: Mapping[str, _Presented],
    secret: SubjectSecret,
    random: Callable[[int], bytes],
) -> str:
    source = client.client.subject
    if not isinstance(source, StableFrom):
        return transient_subject(random)
    identity = presented[source.attestation]
    return stable_subject(
        source,
        secret=secret,
        sector=client.sector,
        issuer=identity.presentation.credential.issuer,
        values=identity.values,
    )


def _scope_of(name: str) -> str:
    return _SCOPE_OF.get(name.partition(".")[0], "profile")
