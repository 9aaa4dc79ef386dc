"""The Digital Credentials Query Language as values: parsed from JSON, and written back (OpenID4VP 1.0 section 6).

Unknown members are ignored, as the section asks. What a query means is not here: ``matching`` answers one from what a
wallet holds, ``satisfaction`` holds an answer against it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeVar, final

from zegel.errors import Malformed
from zegel.formats.credential import Format
from zegel.primitives.claim_path import ClaimPath, parse_claim_path
from zegel.primitives.json import Json, JsonObject, parse_json
from zegel.primitives.members import MAX_TEXT, member, read_array, read_flag, read_object, read_text, read_texts

# The specification sets no limits. The longest query of the EUDI reference wallet asks one credential for 27 claims.
MAX_CREDENTIALS: Final = 32
MAX_CLAIMS: Final = 128  # three times what a PID has
MAX_VALUES: Final = 64  # the member states are 27
MAX_SETS: Final = 32  # ways to combine; a query that needs more is not read by anybody
MAX_OPTIONS: Final = 64  # in each, as many as credential queries
MAX_TYPES: Final = 32  # a domestic type of each member state
MAX_AUTHORITIES: Final = 16  # key identifiers; a member state has one or two
MAX_AUTHORITY_VALUES: Final = 512  # HAIP 1.0 section 5: an aki array may stand for a whole list of trusted issuers
MAX_ID: Final = 128  # characters; ours have under twenty

_WHAT: Final = "DCQL query"
_ID: Final = re.compile(r"[A-Za-z0-9_-]+")

AUTHORITY_KEY_ID: Final = "aki"

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimQuery:
    """A claim that is asked for (section 6.3). ``values``: any of them will do, empty for any value at all."""

    path: ClaimPath
    id: str | None = None
    values: tuple[str | int | bool, ...] = ()
    intent_to_retain: bool | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedAuthority:
    """Who certified the issuer, in one of the ways of section 6.1.1."""

    type: str
    values: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialQuery:
    """A credential that is asked for (section 6.1).

    ``types`` holds the ``vct_values``, or the one ``doctype_value``. No ``claims``: nothing that is selectively
    disclosable. A format that is not ours keeps its ``meta`` as sent, and nothing matches it.
    """

    id: str
    format: str
    types: tuple[str, ...] = ()
    claims: tuple[ClaimQuery, ...] = ()
    claim_sets: tuple[tuple[str, ...], ...] = ()
    multiple: bool = False
    trusted_authorities: tuple[TrustedAuthority, ...] = ()
    holder_binding: bool = True
    foreign_meta: JsonObject = field(default_factory=dict)

    @property
    def options(self) -> tuple[tuple[ClaimQuery, ...], ...]:
        """The combinations of claims that answer the query, the verifier's favourite first (section 6.4.1)."""
        if not self.claim_sets:
            return (self.claims,)
        by_id = {claim.id: claim for claim in self.claims}
        return tuple(tuple(by_id[id_] for id_ in ids) for ids in self.claim_sets)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSet:
    """Combinations of credentials, any of which serves (section 6.2).

    ``purpose`` is not in OpenID4VP 1.0; its drafts had it, and verifiers still send it. It is shown as the verifier's
    own words.
    """

    options: tuple[tuple[str, ...], ...]
    required: bool = True
    purpose: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DcqlQuery:
    """A query (section 6)."""

    credentials: tuple[CredentialQuery, ...]
    credential_sets: tuple[CredentialSet, ...] = ()

    @property
    def sets(self) -> tuple[CredentialSet, ...]:
        """What has to be answered: the sets as sent, or the one set of all credentials (section 6.4.2)."""
        return self.credential_sets or (CredentialSet(options=(tuple(query.id for query in self.credentials),)),)

    def credential(self, id_: str) -> CredentialQuery:
        """The credential query of that id; ``KeyError`` when there is none."""
        for query in self.credentials:
            if query.id == id_:
                return query
        raise KeyError(id_)


def parse_query(value: Json | bytes) -> DcqlQuery:
    """Parse a query from the bytes of JSON text or what they held; ``Malformed`` names the member at fault."""
    if isinstance(value, bytes):
        value = parse_json(value, what=_WHAT)
    members = read_object(value, what=_WHAT, where="")
    entries = read_array(members.get("credentials"), what=_WHAT, where="credentials", limit=MAX_CREDENTIALS)
    credentials = tuple(_credential(entry, f"credentials[{position}]") for position, entry in enumerate(entries))
    _refuse_repeated((query.id for query in credentials), "credentials")
    known = frozenset(query.id for query in credentials)
    return DcqlQuery(
        credentials=credentials,
        credential_sets=_optional(
            members, "credential_sets", "", MAX_SETS, lambda entry, where: _credential_set(entry, where, known)
        ),
    )


def build_query(query: DcqlQuery) -> dict[str, Json]:
    """The query as the JSON object that is sent; members at their default are left out."""
    built: dict[str, Json] = {"credentials": [_built_credential(credential) for credential in query.credentials]}
    if query.credential_sets:
        built["credential_sets"] = [_built_set(set_) for set_ in query.credential_sets]
    return built


def _credential(value: Json, where: str) -> CredentialQuery:
    members = read_object(value, what=_WHAT, where=where)
    format_ = read_text(members.get("format"), what=_WHAT, where=member(where, "format"))
    meta = read_object(members.get("meta"), what=_WHAT, where=member(where, "meta"))
    claims = _optional(members, "claims", where, MAX_CLAIMS, lambda entry, at: _claim(entry, at, format_))
    _refuse_repeated((claim.id for claim in claims if claim.id is not None), member(where, "claims"))
    types = _types(format_, meta, member(where, "meta"))
    return CredentialQuery(
        id=_id(members.get("id"), member(where, "id")),
        format=format_,
        types=types,
        claims=claims,
        claim_sets=_claim_sets(members, where, claims),
        multiple=read_flag(members, "multiple", default=False, what=_WHAT, where=where),
        trusted_authorities=_optional(members, "trusted_authorities", where, MAX_AUTHORITIES, _authority),
        holder_binding=read_flag(
            members, "require_cryptographic_holder_binding", default=True, what=_WHAT, where=where
        ),
        foreign_meta={} if types else meta,
    )


def _types(format_: str, meta: JsonObject, where: str) -> tuple[str, ...]:
    if format_ == Format.SD_JWT_VC:  # section B.3.5: vct_values is required
        return read_texts(meta.get("vct_values"), what=_WHAT, where=member(where, "vct_values"), limit=MAX_TYPES)
    if format_ == Format.MDOC:  # section B.2.3: doctype_value is required
        return (read_text(meta.get("doctype_value"), what=_WHAT, where=member(where, "doctype_value")),)
    return ()


def _claim(value: Json, where: str, format_: str) -> ClaimQuery:
    members = read_object(value, what=_WHAT, where=where)
    path = parse_claim_path(members.get("path"), what=_WHAT, where=member(where, "path"))
    if format_ == Format.MDOC and not (len(path) == 2 and all(type(element) is str for element in path)):
        # section 7.2: a namespace and a data element identifier, nothing else
        raise Malformed(_WHAT, member(where, "path"), "expected a namespace and an element identifier")
    retain = members.get("intent_to_retain")
    if retain is not None and type(retain) is not bool:
        raise Malformed(_WHAT, member(where, "intent_to_retain"), "expected true or false")
    return ClaimQuery(
        path=path,
        id=_id(members["id"], member(where, "id")) if "id" in members else None,
        values=_optional(members, "values", where, MAX_VALUES, _value),
        intent_to_retain=retain,
    )


def _value(value: Json, where: str) -> str | int | bool:
    if not isinstance(value, str | int):
        raise Malformed(_WHAT, where, "expected text, a whole number, true or false")
    return value


def _claim_sets(members: JsonObject, where: str, claims: tuple[ClaimQuery, ...]) -> tuple[tuple[str, ...], ...]:
    at = member(where, "claim_sets")
    if "claim_sets" in members and not claims:
        # section 6.4.1: claim_sets must not be present if claims is absent
        raise Malformed(_WHAT, at, "expected claims beside claim_sets")
    known = {claim.id for claim in claims}
    sets = _optional(members, "claim_sets", where, MAX_SETS, lambda entry, at: _ids(entry, at, known, MAX_CLAIMS))
    if sets and None in known:  # section 6.3: id is required if claim_sets is present
        raise Malformed(_WHAT, member(where, "claims"), "expected an id in each claim beside claim_sets")
    return sets


def _authority(value: Json, where: str) -> TrustedAuthority:
    members = read_object(value, what=_WHAT, where=where)
    return TrustedAuthority(
        type=read_text(members.get("type"), what=_WHAT, where=member(where, "type")),
        values=read_texts(members.get("values"), what=_WHAT, where=member(where, "values"), limit=MAX_AUTHORITY_VALUES),
    )


def _credential_set(value: Json, where: str, known: frozenset[str]) -> CredentialSet:
    members = read_object(value, what=_WHAT, where=where)
    at = member(where, "options")
    options = read_array(members.get("options"), what=_WHAT, where=at, limit=MAX_OPTIONS)
    purpose = members.get("purpose")
    return CredentialSet(
        options=tuple(
            _ids(option, f"{at}[{position}]", known, MAX_CREDENTIALS) for position, option in enumerate(options)
        ),
        required=read_flag(members, "required", default=True, what=_WHAT, where=where),
        purpose=purpose[:MAX_TEXT] if type(purpose) is str and purpose else None,
    )


def _ids(value: Json, where: str, known: Iterable[str | None], limit: int) -> tuple[str, ...]:
    ids = read_texts(value, what=_WHAT, where=where, limit=limit, max_text=MAX_ID)
    for position, id_ in enumerate(ids):
        if id_ not in known:
            raise Malformed(_WHAT, f"{where}[{position}]", "expected an id of this query")
    return ids


def _id(value: Json, where: str) -> str:
    text = read_text(value, what=_WHAT, where=where, limit=MAX_ID)
    if _ID.fullmatch(text) is None:
        raise Malformed(_WHAT, where, "expected letters, digits, underscores and hyphens")
    return text


def _optional(members: JsonObject, name: str, where: str, limit: int, parse: Callable[[Json, str], T]) -> tuple[T, ...]:
    if name not in members:
        return ()
    at = member(where, name)
    entries = read_array(members[name], what=_WHAT, where=at, limit=limit)
    return tuple(parse(entry, f"{at}[{position}]") for position, entry in enumerate(entries))


def _refuse_repeated(ids: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for id_ in ids:
        if id_ in seen:
            raise Malformed(_WHAT, where, f"expected the id {id_} once")
        seen.add(id_)


def _built_credential(query: CredentialQuery) -> dict[str, Json]:
    meta: JsonObject = query.foreign_meta
    if query.format == Format.SD_JWT_VC:
        meta = {"vct_values": list(query.types)}
    elif query.format == Format.MDOC:
        meta = {"doctype_value": query.types[0]}
    built: dict[str, Json] = {"id": query.id, "format": query.format, "meta": meta}
    if query.multiple:
        built["multiple"] = True
    if not query.holder_binding:
        built["require_cryptographic_holder_binding"] = False
    if query.trusted_authorities:
        built["trusted_authorities"] = [
            {"type": authority.type, "values": list(authority.values)} for authority in query.trusted_authorities
        ]
    if query.claims:
        built["claims"] = [_built_claim(claim) for claim in query.claims]
    if query.claim_sets:
        built["claim_sets"] = [list(ids) for ids in query.claim_sets]
    return built


def _built_claim(claim: ClaimQuery) -> dict[str, Json]:
    built: dict[str, Json] = {} if claim.id is None else {"id": claim.id}
    built["path"] = list(claim.path)
    if claim.values:
        built["values"] = list(claim.values)
    if claim.intent_to_retain is not None:
        built["intent_to_retain"] = claim.intent_to_retain
    return built


def _built_set(set_: CredentialSet) -> dict[str, Json]:
    built: dict[str, Json] = {"options": [list(option) for option in set_.options]}
    if not set_.required:
        built["required"] = False
    if set_.purpose is not None:
        built["purpose"] = set_.purpose
    return built
