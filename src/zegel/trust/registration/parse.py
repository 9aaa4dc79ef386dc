"""A registration certificate, parsed from either of its formats (ETSI TS 119 475 V1.2.1 tables 5 to 10).

A CWT has the claims of RFC 8392 under their numbers, or under their names as the tables of TS 119 475 have them; both
are read, and never both of one.
"""

from collections.abc import Mapping
from typing import Final, cast

from zegel.errors import Malformed
from zegel.primitives.cbor import parse_cbor, parse_map
from zegel.primitives.cose import parse_sign1
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.http import origin_of
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.jws import parse_jws
from zegel.primitives.members import member, read_array, read_flag, read_object, read_text, read_texts
from zegel.primitives.times import parse_numeric_date
from zegel.trust.attestation_claims import parse_attestation_status, parse_time
from zegel.trust.registration.credentials import RegisteredCredential, parse_registered_credentials
from zegel.trust.registration.entitlements import entitlement_uri
from zegel.trust.registration.values import (
    Intermediary,
    LocalizedText,
    RegistrationCertificate,
    SupervisoryAuthority,
    UnverifiedRegistration,
)

MAX_CERTIFICATE: Final = 65_536  # bytes; the longest query as a registration, with texts in 24 languages, is 40 kB
MAX_LANGUAGES: Final = 32  # the official languages are 24
MAX_ENTRIES: Final = 16  # addresses, entitlements, policies; the standard knows ten entitlements
WHAT: Final = "registration certificate"
_STATUS: Final = "registration_status"  # only named in messages; the claim is ``status``
CWT_LABELS: Final[Mapping[str, int]] = {"sub": 2, "exp": 4, "iat": 6, "status": 65535}
"""RFC 8392 section 4, status list draft 20 section 6.3."""


def parse_registration(data: bytes | str) -> UnverifiedRegistration:
    """Parse a certificate as it stands in a file, or as text in a request: a CWT in base64url there.

    ``Malformed`` names the member that breaks a rule.
    """
    if len(data) > MAX_CERTIFICATE:
        raise Malformed(WHAT, "", f"expected at most {MAX_CERTIFICATE} bytes, got {len(data)}")
    if isinstance(data, str) and "." not in data:
        data = parse_base64url(data, what=WHAT)
    if isinstance(data, bytes) and data[:1] >= b"\x80":  # a JWT is ASCII
        return _parse_cwt(data)
    jws = parse_jws(data, what=WHAT, max_bytes=MAX_CERTIFICATE)
    return UnverifiedRegistration(token=jws, unverified_certificate=_certificate(jws.unverified_claims))


def _parse_cwt(data: bytes) -> UnverifiedRegistration:
    sign1 = parse_sign1(parse_cbor(data, what=WHAT), what=WHAT)
    if sign1.payload is None:
        raise Malformed(WHAT, "payload", "expected an attached payload")
    claims = parse_map(sign1.payload, what=WHAT)
    for name, label in CWT_LABELS.items():
        if label in claims:
            if name in claims:
                raise Malformed(WHAT, name, "expected the claim once")
            claims[name] = claims.pop(label)
    return UnverifiedRegistration(token=sign1, unverified_certificate=_certificate(cast("JsonObject", claims)))


def _certificate(claims: JsonObject) -> RegistrationCertificate:
    return RegistrationCertificate(
        identifier=_text(claims, "sub"),
        name=_text(claims, "name"),
        entitlements=tuple(map(entitlement_uri, _texts(claims, "entitlements"))),
        issued_at=parse_time(claims, "iat", what=WHAT),
        expires=parse_numeric_date(claims.get("exp"), what=WHAT, where="exp"),
        status=parse_attestation_status(claims, _STATUS, what=WHAT),
        legal_name=_legal_name(claims),
        country=_optional_text(claims, "country"),
        service=_optional_text(claims, "srv_identifier"),
        service_name=_optional_text(claims, "srv_name"),
        descriptions=_localized(claims, "srv_description"),
        purposes=_localized(claims, "purpose"),
        intended_use=_optional_text(claims, "intended_use_id"),
        privacy_policy=_page(claims, "privacy_policy"),
        support=_addresses(claims, "support_uri"),
        information=_addresses(claims, "info_uri"),
        authority=_authority(claims),
        registry=_page(claims, "registry_uri"),
        credentials=_credentials(claims, "credentials"),
        provides=_credentials(claims, "provides_attestations"),
        public_body=read_flag(claims, "public_body", default=False, what=WHAT, where=""),
        intermediary=_intermediary(claims),
        policies=_texts(claims, "policy_id"),
        certificate_policy=_optional_text(claims, "certificate_policy"),
    )


def _text(claims: JsonObject, name: str, where: str = "") -> str:
    return read_text(claims.get(name), what=WHAT, where=member(where, name))


def _optional_text(claims: JsonObject, name: str, where: str = "") -> str | None:
    return _text(claims, name, where) if name in claims else None


def _texts(claims: JsonObject, name: str) -> tuple[str, ...]:
    return read_texts(claims.get(name), what=WHAT, where=name, limit=MAX_ENTRIES)


def _addresses(claims: JsonObject, name: str, where: str = "") -> tuple[str, ...]:
    """One text or several: TS 119 475 has one, the register (TS5) may have more."""
    if name not in claims:
        return ()
    if type(claims[name]) is str:
        return (_text(claims, name, where),)
    return read_texts(claims[name], what=WHAT, where=member(where, name), limit=MAX_ENTRIES)


def _page(claims: JsonObject, name: str) -> str | None:
    """The address of a page: people are given it to open."""
    address = _optional_text(claims, name)
    if address is not None:
        origin_of(address, what=f"{WHAT}: {name}")
    return address


def _legal_name(claims: JsonObject) -> str | None:
    """The official name of a legal person, or both names of a natural one."""
    if "sub_ln" in claims:
        return _text(claims, "sub_ln")
    names = [name for part in ("sub_gn", "sub_fn") if (name := _optional_text(claims, part)) is not None]
    return " ".join(names) or None


def _localized(claims: JsonObject, name: str) -> tuple[LocalizedText, ...]:
    if name not in claims:
        return ()
    entries = read_array(claims[name], what=WHAT, where=name, limit=MAX_LANGUAGES)
    return tuple(_localized_text(entry, f"{name}[{position}]") for position, entry in enumerate(entries))


def _localized_text(value: Json, where: str) -> LocalizedText:
    members = read_object(value, what=WHAT, where=where)
    return LocalizedText(lang=_text(members, "lang", where), value=_text(members, "value", where))


def _credentials(claims: JsonObject, name: str) -> tuple[RegisteredCredential, ...]:
    return parse_registered_credentials(claims[name], what=WHAT, where=name) if name in claims else ()


def _authority(claims: JsonObject) -> SupervisoryAuthority | None:
    where = "supervisory_authority"
    if where not in claims:
        return None
    members = read_object(claims[where], what=WHAT, where=where)
    return SupervisoryAuthority(
        name=_optional_text(members, "name", where),
        country=_optional_text(members, "country", where),
        uris=_addresses(members, "uri", where),
        emails=_addresses(members, "email", where),
        phones=_addresses(members, "phone", where),
    )


def _intermediary(claims: JsonObject) -> Intermediary | None:
    """``intermediary`` of table 10, or ``act`` of GEN-5.2.4-09, which says the same; both only where they agree."""
    found = [_actor(claims, name) for name in ("intermediary", "act") if name in claims]
    if len({actor.identifier for actor in found}) > 1:
        raise Malformed(WHAT, "act.sub", "expected the identifier of the intermediary")
    return found[0] if found else None


def _actor(claims: JsonObject, where: str) -> Intermediary:
    members = read_object(claims[where], what=WHAT, where=where)
    name = "sname" if "sname" in members else "name"  # table 10 and the example of annex C differ
    return Intermediary(
        identifier=_text(members, "sub", where),
        name=_optional_text(members, name, where),
        service=_optional_text(members, "srv_identifier", where),
    )
