"""The attestations that somebody registered: to ask for, or to issue (ETSI TS 119 475 clause 5.2.4, TS5 section 2.4).

The register (TS5) and the registration certificate write the same thing, the one with ``claims``, the other with
``claim``; TS5 itself has both names. Either is read, and never both in one.
"""

from dataclasses import dataclass, field
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.claim_path import ClaimPath, parse_claim_path
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.members import member, read_array, read_object, read_text, read_texts

MAX_REGISTERED_CREDENTIALS: Final = 32  # as many as a query may ask for
MAX_REGISTERED_CLAIMS: Final = 128  # of each; three times what a PID has
MAX_REGISTERED_TYPES: Final = 32  # of each; a domestic type of each member state

SD_JWT_VC: Final = "dc+sd-jwt"  # the identifiers of OpenID4VP 1.0 appendix B; formats stand above this layer
MDOC: Final = "mso_mdoc"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredCredential:
    """An attestation of any of ``types``, and the claims of it that are registered.

    ``types`` holds the ``vct_values``, or the one ``doctype_value``. A path stands for all that lies below it. No
    ``claims``: nothing that is selectively disclosable (TS 119 475 V1.2.1; V1.1.1 had it stand for everything). A
    format that is not ours keeps its ``meta`` as sent.
    """

    format: str
    types: tuple[str, ...] = ()
    claims: tuple[ClaimPath, ...] = ()
    foreign_meta: JsonObject = field(default_factory=dict)


def parse_registered_credentials(value: Json, *, what: str, where: str) -> tuple[RegisteredCredential, ...]:
    """Parse an array of them, decoded from JSON or CBOR; ``Malformed`` names the member that breaks a rule."""
    entries = read_array(value, what=what, where=where, limit=MAX_REGISTERED_CREDENTIALS)
    return tuple(_credential(entry, what, f"{where}[{position}]") for position, entry in enumerate(entries))


def build_register_credential(credential: RegisteredCredential) -> dict[str, Json]:
    """The entry as the register writes it (TS5 section 2.4.3)."""
    return _built(credential, "claims")


def build_certificate_credential(credential: RegisteredCredential) -> dict[str, Json]:
    """The entry as a registration certificate writes it (TS 119 475 table 9)."""
    return _built(credential, "claim")


def _credential(value: Json, what: str, where: str) -> RegisteredCredential:
    members = read_object(value, what=what, where=where)
    format_ = read_text(members.get("format"), what=what, where=member(where, "format"))
    meta = read_object(members.get("meta"), what=what, where=member(where, "meta"))
    types = _types(format_, meta, what, member(where, "meta"))
    return RegisteredCredential(
        format=format_,
        types=types,
        claims=_claims(members, format_, what, where),
        foreign_meta={} if types else meta,
    )


def _types(format_: str, meta: JsonObject, what: str, where: str) -> tuple[str, ...]:
    if format_ == SD_JWT_VC:
        at = member(where, "vct_values")
        return read_texts(meta.get("vct_values"), what=what, where=at, limit=MAX_REGISTERED_TYPES)
    if format_ == MDOC:
        return (read_text(meta.get("doctype_value"), what=what, where=member(where, "doctype_value")),)
    return ()


def _claims(members: JsonObject, format_: str, what: str, where: str) -> tuple[ClaimPath, ...]:
    names = [name for name in ("claims", "claim") if name in members]
    if not names:
        return ()
    at = member(where, names[0])
    if len(names) > 1:
        raise Malformed(what, at, "expected claims or claim, and not both")
    if members[names[0]] == []:  # what the schemas of V1.1.1 allow, and what means the same as to leave it out
        return ()
    entries = read_array(members[names[0]], what=what, where=at, limit=MAX_REGISTERED_CLAIMS)
    return tuple(_claim(entry, format_, what, f"{at}[{position}]") for position, entry in enumerate(entries))


def _claim(value: Json, format_: str, what: str, where: str) -> ClaimPath:
    members = read_object(value, what=what, where=where)
    path = parse_claim_path(members.get("path"), what=what, where=member(where, "path"))
    if format_ == MDOC and not (len(path) <= 2 and all(type(element) is str for element in path)):
        # OpenID4VP 1.0 section 7.2: a namespace and an element identifier; the namespace alone covers its elements
        raise Malformed(what, member(where, "path"), "expected a namespace and an element identifier")
    return path


def _built(credential: RegisteredCredential, claims: str) -> dict[str, Json]:
    meta: JsonObject = credential.foreign_meta
    if credential.format == SD_JWT_VC:
        meta = {"vct_values": list(credential.types)}
    elif credential.format == MDOC:
        meta = {"doctype_value": credential.types[0]}
    built: dict[str, Json] = {"format": credential.format, "meta": meta}
    if credential.claims:
        built[claims] = [{"path": list(path)} for path in credential.claims]
    return built
