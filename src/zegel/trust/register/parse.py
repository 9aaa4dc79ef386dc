"""What a party applies with, read from the JSON of TS5 1.3. ``Malformed`` names the member that breaks a rule."""

from dataclasses import replace
from itertools import islice
from typing import Final

from zegel.errors import Malformed
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.members import member, read_array, read_flag, read_object, read_text
from zegel.trust.register.certificates import certifiable
from zegel.trust.register.parts import (
    MAX_NAME,
    WHAT,
    each_of,
    optional,
    optional_each,
    read_authority,
    read_country,
    read_credentials,
    read_date,
    read_descriptions,
    read_identifier,
    read_intermediary,
    read_mail,
    read_page,
    read_phone,
    read_policy,
    read_service_identifiers,
    read_support,
    read_texts_in_languages,
)
from zegel.trust.register.values import (
    PROVIDERS,
    Contact,
    IntendedUse,
    NaturalPerson,
    Service,
    WalletRelyingParty,
)
from zegel.trust.registration.credentials import RegisteredCredential
from zegel.trust.registration.entitlements import Entitlement, entitlement_uri
from zegel.trust.registration.values import LocalizedText

MAX_PARTY: Final = 131_072  # bytes; a party with three intended uses has 4 kB
MAX_PUBLIC_PARTY: Final = 2 * MAX_PARTY  # bytes; the registrar adds its own, and what ended stays
MAX_SERVICES: Final = 32  # each needs access certificates of its own; a large administration has a dozen
MAX_INTENDED_USES: Final = 64  # a certificate each, and for each Service of it
MAX_CERTIFICATES: Final = 512  # of a party at a time: signed, in both formats, in a quarter of a second


def parse_wallet_relying_party(text: bytes | str) -> WalletRelyingParty:
    """Parse what a party registers; what is no part of the model is not kept."""
    return read_party(parse_object(text, what=WHAT, max_bytes=MAX_PARTY))


def read_public_party(document: bytes) -> WalletRelyingParty:
    """Read what the register gives out, which was seen to be readable before it was registered."""
    return read_party(parse_object(document, what=WHAT, max_bytes=MAX_PUBLIC_PARTY))


def read_party(members: JsonObject) -> WalletRelyingParty:
    """Read a party whose JSON is decoded already."""
    legal_name, person = _who(members)
    services = _services(members)
    identifiers = tuple(service.identifier for service in services)
    party = WalletRelyingParty(
        identifiers=each_of(members.get("identifier"), "identifier", read_identifier),
        trade_name=optional(members, "tradeName") or legal_name or _full_name(person),
        country=read_country(members.get("country"), "country"),
        support=each_of(members.get("supportURI"), "supportURI", read_support),
        services=services,
        entitlements=each_of(members.get("entitlements"), "entitlements", _entitlement),
        authority=read_authority(members.get("supervisoryAuthority"), "supervisoryAuthority"),
        legal_name=legal_name,
        person=person,
        information=optional_each(members, "infoURI", read_page),
        policies=optional_each(members, "policy", read_policy),
        intended_uses=_intended_uses(members, identifiers),
        public_body=read_flag(members, "isPSB", default=False, what=WHAT, where=""),
        intermediary=read_flag(members, "isIntermediary", default=False, what=WHAT, where=""),
        intermediaries=optional_each(members, "usesIntermediary", read_intermediary),
        registry=None if members.get("registryURI") is None else read_page(members["registryURI"], "registryURI"),
        contact=_contact(members),
    )
    return _consistent(party)


def _who(members: JsonObject) -> tuple[str | None, NaturalPerson | None]:
    """The legal person's name, or the natural person; and never both (TS2 1.0.1)."""
    if ("legalPerson" in members) is ("naturalPerson" in members):
        raise Malformed(WHAT, "legalPerson", "expected legalPerson or naturalPerson, and not both")
    if "legalPerson" in members:
        legal = read_object(members["legalPerson"], what=WHAT, where="legalPerson")
        (name, *_) = each_of(legal.get("legalName"), "legalPerson.legalName", _name)
        return name, None
    natural = read_object(members["naturalPerson"], what=WHAT, where="naturalPerson")
    given, family = (_name(natural.get(each), f"naturalPerson.{each}") for each in ("givenName", "familyName"))
    return None, NaturalPerson(given_name=given, family_name=family)


def _full_name(person: NaturalPerson | None) -> str:
    return "" if person is None else f"{person.given_name} {person.family_name}"


def _name(value: Json, where: str) -> str:
    return read_text(value, what=WHAT, where=where, limit=MAX_NAME)


def _entitlement(value: Json, where: str) -> str:
    uri = entitlement_uri(read_text(value, what=WHAT, where=where))
    if uri not in set(Entitlement):
        raise Malformed(WHAT, where, "expected an entitlement of ETSI TS 119 475 annex A.2")
    return uri


def _services(members: JsonObject) -> tuple[Service, ...]:
    entries = read_array(members.get("services"), what=WHAT, where="services", limit=MAX_SERVICES)
    descriptions = read_descriptions(members.get("srvDescription"), "srvDescription", services=len(entries))
    services = tuple(
        _service(entry, f"services[{position}]", description)
        for position, (entry, description) in enumerate(zip(entries, descriptions, strict=True))
    )
    known = tuple(service.identifier for service in services)
    if len(set(known)) != len(known):  # Reg_33: unique within the scope of the entity
        raise Malformed(WHAT, "services", "expected each serviceIdentifier once")
    return _with_provided(members, services, known)


def _service(value: Json, where: str, descriptions: tuple[LocalizedText, ...]) -> Service:
    members = read_object(value, what=WHAT, where=where)
    return Service(
        identifier=_name(members.get("serviceIdentifier"), member(where, "serviceIdentifier")),
        trade_name=_name(members.get("serviceTradeName"), member(where, "serviceTradeName")),
        descriptions=descriptions,
    )


def _with_provided(members: JsonObject, services: tuple[Service, ...], known: tuple[str, ...]) -> tuple[Service, ...]:
    """Each Service with what it issues (Reg_10e)."""
    value = members.get("providesAttestations")
    if value is None or value == []:
        return services
    credentials = read_credentials(value, "providesAttestations")
    entries = list(value) if type(value) is list else [value]
    provided: dict[str, list[RegisteredCredential]] = {name: [] for name in known}
    for position, (entry, credential) in enumerate(zip(entries, credentials, strict=True)):
        for name in read_service_identifiers(
            read_object(entry, what=WHAT, where="providesAttestations"), f"providesAttestations[{position}]", known
        ):
            provided[name].append(replace(credential, claims=()))
    return tuple(replace(service, provides=tuple(provided[service.identifier])) for service in services)


def _intended_uses(members: JsonObject, services: tuple[str, ...]) -> tuple[IntendedUse, ...]:
    def read(value: Json, where: str) -> IntendedUse:
        return _intended_use(value, where, services)

    return optional_each(members, "intendedUse", read, limit=MAX_INTENDED_USES)


def _intended_use(value: Json, where: str, services: tuple[str, ...]) -> IntendedUse:
    members = read_object(value, what=WHAT, where=where)
    names = [name for name in ("credentials", "credential") if name in members]
    if len(names) > 1:
        raise Malformed(WHAT, member(where, names[1]), "expected credentials or credential, and not both")
    name = names[0] if names else "credentials"
    revoked = _date(members, "revokedAt", where)
    return IntendedUse(
        purposes=read_texts_in_languages(members.get("purpose"), member(where, "purpose")),
        policies=each_of(members.get("privacyPolicy"), member(where, "privacyPolicy"), read_policy),
        credentials=read_credentials(members.get(name), member(where, name)),
        services=read_service_identifiers(members, where, services, ended=revoked is not None),
        identifier=optional(members, "intendedUseIdentifier", where),
        created=_date(members, "createdAt", where),
        revoked=revoked,
    )


def _date(members: JsonObject, name: str, where: str) -> str | None:
    return None if members.get(name) is None else read_date(members[name], member(where, name))


def _contact(members: JsonObject) -> Contact:
    return Contact(
        emails=optional_each(members, "email", read_mail),
        phones=optional_each(members, "phone", read_phone),
        postal_address=optional_each(members, "postalAddress", _name),
    )


def _consistent(party: WalletRelyingParty) -> WalletRelyingParty:
    """What holds between members (TS5 1.3 section 2.1, TS6 1.0.1 section 2)."""
    if party.intermediary and party.intermediaries:
        raise Malformed(WHAT, "isIntermediary", "expected false where usesIntermediary is there")
    provides = any(service.provides for service in party.services)
    if provides and PROVIDERS.isdisjoint(party.entitlements):
        raise Malformed(WHAT, "providesAttestations", "expected an entitlement to provide attestations")
    if not PROVIDERS.isdisjoint(party.entitlements) and not provides:
        raise Malformed(WHAT, "providesAttestations", "expected the types that are provided")
    requests = Entitlement.SERVICE_PROVIDER in party.entitlements
    if party.intended_uses and not requests:
        raise Malformed(WHAT, "entitlements", "expected Service_Provider, where an intendedUse is registered")
    if requests and not party.intended_uses and not party.intermediary:
        raise Malformed(WHAT, "intendedUse", "expected what the party asks for")
    if sum(1 for _ in islice(certifiable(party), MAX_CERTIFICATES + 1)) > MAX_CERTIFICATES:
        detail = f"expected at most {MAX_CERTIFICATES} certificates: one for each use, Service and intermediary"
        raise Malformed(WHAT, "intendedUse", detail)
    named = [use.identifier for use in party.intended_uses if use.identifier is not None]
    if len(set(named)) != len(named):
        raise Malformed(WHAT, "intendedUse", "expected each intendedUseIdentifier once")
    return party
