"""A disclosure policy, read from an issuer's metadata, by value (EDP_09)."""

from typing import Final

from zegel.errors import Malformed
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.members import read_array, read_object, read_text
from zegel.trust.disclosure_policy.names import name_parts
from zegel.trust.disclosure_policy.values import AuthorisedParty, DisclosurePolicy, PolicyType, RootOfTrust

MAX_PARTIES: Final = 1_000  # as many as fit into metadata with a hundred other types
MAX_ROOTS: Final = 64  # two for each member state, and some
MAX_URL: Final = 2_048  # what every server takes
MAX_SERIAL_DIGITS: Final = 49  # RFC 5280 section 4.1.2.2: twenty octets
WHAT: Final = "disclosure policy"
_WEB: Final = ("https://", "http://")


def parse_disclosure_policy(value: Json, *, where: str) -> DisclosurePolicy:
    """Parse a policy; ``Malformed`` names the member, after ``where``.

    A type that is not known is kept: it allows nobody. What else is not known is left alone, as
    ISS-MDATA-EBD-4.2.5.2-11 asks.
    """
    members = read_object(value, what=WHAT, where=where)
    type_ = _text(members, "policy_type", where)
    return DisclosurePolicy(
        uri=_text(members, "policy_uri", where, limit=MAX_URL),
        type=type_,
        parties=_parties(members, where) if type_ == PolicyType.AUTHORISED_PARTIES else (),
        roots=_roots(members, where) if type_ == PolicyType.ROOTS_OF_TRUST else (),
        explanation=_page(members, "policy_info_url", where),
        description=_optional(members, "description", where),
        authority=_optional(members, "policy_authority", where),
    )


def build_disclosure_policy(policy: DisclosurePolicy) -> dict[str, Json]:
    """The policy as metadata has it."""
    members: dict[str, Json | None] = {
        "policy_uri": policy.uri,
        "policy_type": policy.type,
        "policy_info_url": policy.explanation,
        "description": policy.description,
        "policy_authority": policy.authority,
    }
    if policy.type == PolicyType.AUTHORISED_PARTIES:
        members["authorized_parties"] = [_present(_party_members(party)) for party in policy.parties]
    if policy.type == PolicyType.ROOTS_OF_TRUST:
        members["trusted_roots"] = [
            {"issuer_dn": root.name, "serial_number": root.serial_number} for root in policy.roots
        ]
    return _present(members)


def _parties(members: JsonObject, where: str) -> tuple[AuthorisedParty, ...]:
    at = f"{where}.authorized_parties"
    entries = read_array(members.get("authorized_parties"), what=WHAT, where=at, limit=MAX_PARTIES)
    return tuple(_party(entry, f"{at}[{position}]") for position, entry in enumerate(entries))


def _party(value: Json, where: str) -> AuthorisedParty:
    members = read_object(value, what=WHAT, where=where)
    party = AuthorisedParty(
        identifier=_optional(members, "identifier", where),
        service=_optional(members, "service_identifier", where),
        entitlement=_optional(members, "entitlement_uri", where),
        subject=_name(members, "subject_dn", where) if "subject_dn" in members else None,
    )
    if party.identifier is party.entitlement is party.subject is None:
        # else everybody would be meant; and a Service without its party is anybody's of that name
        raise Malformed(WHAT, where, "expected an identifier, an entitlement or a subject")
    return party


def _roots(members: JsonObject, where: str) -> tuple[RootOfTrust, ...]:
    at = f"{where}.trusted_roots"
    entries = read_array(members.get("trusted_roots"), what=WHAT, where=at, limit=MAX_ROOTS)
    return tuple(_root(entry, f"{at}[{position}]") for position, entry in enumerate(entries))


def _root(value: Json, where: str) -> RootOfTrust:
    members = read_object(value, what=WHAT, where=where)
    serial = members.get("serial_number")
    text = str(serial) if type(serial) is int else serial
    if type(text) is not str or not text.isascii() or not text.isdecimal() or len(text) > MAX_SERIAL_DIGITS:
        raise Malformed(WHAT, f"{where}.serial_number", f"expected a number of at most {MAX_SERIAL_DIGITS} digits")
    return RootOfTrust(name=_name(members, "issuer_dn", where), serial_number=str(int(text)))


def _name(members: JsonObject, name: str, where: str) -> str:
    text = _text(members, name, where)
    try:
        name_parts(text)
    except ValueError:
        raise Malformed(WHAT, f"{where}.{name}", "expected a distinguished name as RFC 4514 writes it") from None
    return text


def _page(members: JsonObject, name: str, where: str) -> str | None:
    if name not in members:
        return None
    url = _text(members, name, where, limit=MAX_URL)
    if not url.startswith(_WEB) or not url.isprintable() or " " in url:
        raise Malformed(WHAT, f"{where}.{name}", "expected the address of a page")
    return url


def _optional(members: JsonObject, name: str, where: str) -> str | None:
    return _text(members, name, where) if name in members else None


def _text(members: JsonObject, name: str, where: str, **limit: int) -> str:
    return read_text(members.get(name), what=WHAT, where=f"{where}.{name}", **limit)


def _party_members(party: AuthorisedParty) -> dict[str, Json | None]:
    return {
        "identifier": party.identifier,
        "service_identifier": party.service,
        "entitlement_uri": party.entitlement,
        "subject_dn": party.subject,
    }


def _present(members: dict[str, Json | None]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not None}
