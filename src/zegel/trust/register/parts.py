"""The smaller classes of TS5 1.3 section 2.4, read from JSON. ``Malformed`` names the member.

Where the text of TS5, its JSON Schema and its OpenAPI description disagree, all of them are read, and the text is
written: ``credentials`` or ``credential``, one object or an array of them, ``meta`` as an object or as the text of one,
``path`` as an array or as its text, descriptions of one Service in one array or in an array of arrays.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Final, TypeVar

from zegel.errors import Malformed
from zegel.primitives.http import origin_of
from zegel.primitives.json import Json, JsonObject, encode_json, parse_json
from zegel.primitives.members import member, read_array, read_object, read_text, read_texts
from zegel.trust.register.values import PRIVACY_STATEMENT, Identifier, Policy, UsedIntermediary
from zegel.trust.registration.credentials import RegisteredCredential, parse_registered_credentials
from zegel.trust.registration.parse import MAX_ENTRIES, MAX_LANGUAGES
from zegel.trust.registration.values import LocalizedText, SupervisoryAuthority

WHAT: Final = "registration"
MAX_DESCRIPTION: Final = 4_000  # characters; as many as a page of text
MAX_NAME: Final = 200  # characters, of what an X.509 name cannot hold much more of (RFC 5280 appendix A.1)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_MAIL: Final = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_PHONE: Final = re.compile(r"\+[0-9]{4,15}")  # RFC 3966 section 5.1.4, without what only eases reading
T = TypeVar("T")


def optional(members: JsonObject, name: str, where: str = "", *, limit: int = MAX_NAME) -> str | None:
    """A text that may be left out."""
    if members.get(name) is None:
        return None
    return read_text(members[name], what=WHAT, where=member(where, name), limit=limit)


def each_of(value: Json, where: str, read: Callable[[Json, str], T], *, limit: int = MAX_ENTRIES) -> tuple[T, ...]:
    """What ``read`` makes of one value, or of each in an array."""
    if type(value) is not list:
        return (read(value, where),)
    entries = read_array(value, what=WHAT, where=where, limit=limit)
    return tuple(read(entry, f"{where}[{position}]") for position, entry in enumerate(entries))


def optional_each(
    members: JsonObject, name: str, read: Callable[[Json, str], T], where: str = "", *, limit: int = MAX_ENTRIES
) -> tuple[T, ...]:
    """The same of a member that may be left out, or be an empty array."""
    value = members.get(name)
    return () if value is None or value == [] else each_of(value, member(where, name), read, limit=limit)


def read_country(value: Json, where: str) -> str:
    """A country's code (ISO 3166-1 alpha-2)."""
    country = read_text(value, what=WHAT, where=where)
    if not _COUNTRY.fullmatch(country):
        raise Malformed(WHAT, where, "expected two capital letters, as ISO 3166-1 has them")
    return country


def read_page(value: Json, where: str) -> str:
    """The address of a page; no other scheme, for people are given it to open."""
    address = read_text(value, what=WHAT, where=where)
    try:
        origin_of(address, what=WHAT)
    except Malformed:
        raise Malformed(WHAT, where, "expected the address of a page") from None
    return address


def read_mail(value: Json, where: str) -> str:
    """A mail address."""
    address = read_text(value, what=WHAT, where=where)
    if not _MAIL.fullmatch(address):
        raise Malformed(WHAT, where, "expected a mail address")
    return address


def read_phone(value: Json, where: str) -> str:
    """A telephone number, from its country code on."""
    number = read_text(value, what=WHAT, where=where)
    if not _PHONE.fullmatch(number):
        raise Malformed(WHAT, where, "expected a + and digits")
    return number


def read_support(value: Json, where: str) -> str:
    """Where to ask for deletion (TS7, RPRC_11): a page, a mail address or a number, each also as a URI."""
    address = read_text(value, what=WHAT, where=where)
    scheme, _, rest = address.partition(":")
    if scheme == "mailto" or _MAIL.fullmatch(address):
        return read_mail(rest or address, where)
    if scheme == "tel" or address.startswith("+"):
        return read_phone(rest or address, where)
    return read_page(address, where)


def read_date(value: Json, where: str) -> str:
    """A day, as ISO 8601 has it (TS5 1.3 section 2.4.3)."""
    text = read_text(value, what=WHAT, where=where)
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise Malformed(WHAT, where, "expected a day as YYYY-MM-DD")


def read_texts_in_languages(value: Json, where: str) -> tuple[LocalizedText, ...]:
    """An array of texts, each with its language."""
    return each_of(value, where, _localized, limit=MAX_LANGUAGES)


def read_descriptions(value: Json, where: str, *, services: int) -> tuple[tuple[LocalizedText, ...], ...]:
    """A description of each Service; of one alone also without the array around it."""
    entries = read_array(value, what=WHAT, where=where, limit=max(services, MAX_LANGUAGES))
    if services == 1 and type(entries[0]) is not list:
        return (read_texts_in_languages(value, where),)
    if len(entries) != services:
        raise Malformed(WHAT, where, "expected a description of each Service, in the order of services")
    return tuple(read_texts_in_languages(entry, f"{where}[{position}]") for position, entry in enumerate(entries))


def read_identifier(value: Json, where: str) -> Identifier:
    """``Identifier``."""
    members = read_object(value, what=WHAT, where=where)
    identifier, type_ = (
        read_text(members.get(name), what=WHAT, where=member(where, name), limit=MAX_NAME)
        for name in ("identifier", "type")
    )
    if not identifier.isprintable() or "/" in identifier:
        # it is a part of an address in the interface (TS5 1.3 section 3.2.2)
        raise Malformed(WHAT, member(where, "identifier"), "expected printable text without a slash")
    return Identifier(identifier=identifier, type=type_)


def read_policy(value: Json, where: str) -> Policy:
    """``Policy``; one that says no type is a privacy statement, which is what is asked for."""
    members = read_object(value, what=WHAT, where=where)
    return Policy(
        uri=read_page(members.get("policyURI"), member(where, "policyURI")),
        type=optional(members, "type", where) or PRIVACY_STATEMENT,
    )


def read_authority(value: Json, where: str) -> SupervisoryAuthority:
    """``SupervisoryAuthority``, which has a name, a country, and one way at least to reach it (RPRC_12)."""
    members = read_object(value, what=WHAT, where=where)
    authority = SupervisoryAuthority(
        name=read_text(members.get("name"), what=WHAT, where=member(where, "name"), limit=MAX_NAME),
        country=read_country(members.get("country"), member(where, "country")),
        uris=optional_each(members, "formURI", read_page, where),
        emails=optional_each(members, "email", read_mail, where),
        phones=optional_each(members, "phone", read_phone, where),
    )
    if not (authority.uris or authority.emails or authority.phones):
        raise Malformed(WHAT, where, "expected one of formURI, email and phone")
    return authority


def read_intermediary(value: Json, where: str) -> UsedIntermediary:
    """An intermediary that a party relies on (TS5 1.3 section 2.1): a ``WalletRelyingParty`` with little in it."""
    members = read_object(value, what=WHAT, where=where)
    (identifier, *_) = each_of(members.get("identifier"), member(where, "identifier"), read_identifier)
    registry = members.get("registryURI")
    return UsedIntermediary(
        identifier=identifier.identifier,
        identifier_type=identifier.type,
        trade_name=optional(members, "tradeName", where),
        registry=None if registry is None else read_page(registry, member(where, "registryURI")),
        service=optional(members, "serviceIdentifier", where),
    )


def read_credentials(value: Json, where: str) -> tuple[RegisteredCredential, ...]:
    """``Credential`` and ``ProvidedAttestation``, one or an array."""
    entries = list(value) if type(value) is list else [value]
    plain = [_plain(entry, f"{where}[{position}]") for position, entry in enumerate(entries)]
    try:
        encode_json(plain)
    except TypeError:  # what JSON allows and is not written again: an integer of more than 64 bits
        raise Malformed(WHAT, where, "expected numbers of at most 64 bits") from None
    return parse_registered_credentials(plain, what=WHAT, where=where)


def read_service_identifiers(
    members: JsonObject, where: str, known: tuple[str, ...], *, ended: bool = False
) -> tuple[str, ...]:
    """To which Services something belongs; left out, to the only one there is. What ``ended`` may outlive its own."""
    name = "serviceIdentifier"
    if name not in members and len(known) == 1:
        return known
    named = members.get(name)
    at = member(where, name)
    texts = read_texts([named] if type(named) is str else named, what=WHAT, where=at, limit=MAX_ENTRIES)
    if not (ended or set(texts) <= set(known)) or len(set(texts)) != len(texts):
        raise Malformed(WHAT, at, "expected identifiers of services, each once")
    return texts


def _localized(value: Json, where: str) -> LocalizedText:
    members = read_object(value, what=WHAT, where=where)
    language = read_text(members.get("lang"), what=WHAT, where=member(where, "lang"))
    if not _LANGUAGE.fullmatch(language):
        raise Malformed(WHAT, member(where, "lang"), "expected the tag of a language")
    content = read_text(members.get("content"), what=WHAT, where=member(where, "content"), limit=MAX_DESCRIPTION)
    return LocalizedText(lang=language, value=content)


def _plain(value: Json, where: str) -> Json:
    """A credential with ``meta`` an object and each ``path`` an array, as the rest of zegel reads it."""
    members = dict(read_object(value, what=WHAT, where=where))
    if type(members.get("meta")) is str:
        members["meta"] = _from_text(members["meta"], member(where, "meta"))
    for name in ("claims", "claim"):
        claims = members.get(name)
        if type(claims) is list:
            members[name] = [_with_path(claim, f"{member(where, name)}[{at}]") for at, claim in enumerate(claims)]
    return members


def _with_path(claim: Json, where: str) -> Json:
    if type(claim) is not dict or type(claim.get("path")) is not str:
        return claim
    path = claim["path"]
    read = _from_text(path, member(where, "path")) if path.startswith("[") else [path]
    return {**claim, "path": read}


def _from_text(value: Json, where: str) -> Json:
    try:
        return parse_json(read_text(value, what=WHAT, where=where, limit=MAX_DESCRIPTION), what=WHAT)
    except Malformed as error:
        raise Malformed(WHAT, where, "expected JSON, where it is text") from error
