"""The form with which a party applies: one Service and one intended use, as the JSON that the interface takes.

Whoever has more of either sends the whole document, in the same form or through the interface.
"""

from collections.abc import Mapping
from typing import Final

from zegel.errors import Malformed
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.trust.register.parse import MAX_PARTY, read_party
from zegel.trust.register.values import EUID, WalletRelyingParty
from zegel.trust.registration.credentials import MDOC, SD_JWT_VC
from zegel.trust.registration.entitlements import Entitlement

FIELDS: Final[tuple[tuple[str, str, str | None, bool], ...]] = (
    ("identifier", "Identifier", "As your certificates will carry it, such as NTRUT-1234567", True),
    ("legal_name", "Official name", None, True),
    ("trade_name", "Trade name", "The name that people see", True),
    ("country", "Country", "Two letters, such as UT", True),
    ("website", "Website", None, False),
    ("support", "Where people have data deleted", "A page, a mail address, or a telephone number", True),
    ("email", "Mail for the registrar", "Nobody else is shown it", True),
    ("phone", "Telephone for the registrar", "From + on; nobody else is shown it", False),
    ("address", "Postal address", "Nobody else is shown it", False),
    ("service", "Identifier of the Service", "A word of your own, such as lending", True),
    ("service_name", "Name of the Service", "The name that people see", True),
    ("description", "What the Service does", None, True),
    ("authority", "Data protection authority", "Its name", True),
    ("authority_contact", "How to reach it", "A page", True),
)
"""Fields by name, label, hint, and whether they have to be filled in."""
USE_FIELDS: Final[tuple[tuple[str, str, str | None, bool], ...]] = (
    ("type", "Type of the attestation", "A vct, such as urn:eudi:pid:1, or a doctype", True),
    ("purpose", "Why you ask for it", "As people are told", False),
    ("policy", "Privacy policy", "The address of a page", False),
)
KINDS: Final = (
    (Entitlement.SERVICE_PROVIDER, "We ask people for attestations", None),
    (Entitlement.NON_QUALIFIED_EAA_PROVIDER, "We issue attestations that are not qualified", None),
    (Entitlement.PUB_EAA_PROVIDER, "We issue attestations as a public body", None),
)
FORMATS: Final = ((SD_JWT_VC, "SD-JWT VC", None), (MDOC, "mdoc", None))
_LANGUAGE: Final = "en"


def party_of(form: Mapping[str, str]) -> WalletRelyingParty:
    """The party of a form; ``Malformed`` names the member of the document that it makes."""
    if form.get("document", "").strip():
        return read_party(parse_object(form["document"], what="registration", max_bytes=MAX_PARTY))
    return read_party(_document(form))


def _document(form: Mapping[str, str]) -> JsonObject:
    asks = form.get("kind", Entitlement.SERVICE_PROVIDER) == Entitlement.SERVICE_PROVIDER
    members: dict[str, Json] = {
        "identifier": [{"identifier": _said(form, "identifier"), "type": EUID}],
        "legalPerson": {"legalName": [_said(form, "legal_name")]},
        "tradeName": _said(form, "trade_name"),
        "country": _said(form, "country").upper(),
        "infoURI": _one(form, "website"),
        "supportURI": [_said(form, "support")],
        "email": _one(form, "email"),
        "phone": _one(form, "phone"),
        "postalAddress": _one(form, "address"),
        "services": [{"serviceIdentifier": _said(form, "service"), "serviceTradeName": _said(form, "service_name")}],
        "srvDescription": [[{"lang": _LANGUAGE, "content": _said(form, "description")}]],
        "isPSB": form.get("public_body") == "yes",
        "entitlements": [form.get("kind", Entitlement.SERVICE_PROVIDER)],
        "supervisoryAuthority": {
            "name": _said(form, "authority"),
            "country": _said(form, "country").upper(),
            "formURI": [_said(form, "authority_contact")],
        },
        "isIntermediary": False,
    }
    return members | (_intended_use(form) if asks else {"providesAttestations": [_type(form)]})


def _intended_use(form: Mapping[str, str]) -> dict[str, Json]:
    use: dict[str, Json] = {
        "purpose": [{"lang": _LANGUAGE, "content": _said(form, "purpose")}],
        "privacyPolicy": [{"policyURI": _said(form, "policy")}],
        "credentials": [_type(form) | {"claims": _claims(form)}],
    }
    if form.get("use"):
        use["intendedUseIdentifier"] = form["use"]
    return {"intendedUse": [use]}


def _type(form: Mapping[str, str]) -> dict[str, Json]:
    format_, type_ = form.get("format", SD_JWT_VC), _said(form, "type")
    meta: JsonObject = {"doctype_value": type_} if format_ == MDOC else {"vct_values": [type_]}
    return {"format": format_, "meta": meta}


def _claims(form: Mapping[str, str]) -> list[Json]:
    """A claim a line; a dot leads into one, as in address.locality, and of an mdoc the namespace is the type."""
    lines = [line.strip() for line in form.get("claims", "").splitlines() if line.strip()]
    if form.get("format") == MDOC:
        return [{"path": [_said(form, "type").removesuffix(".mDL"), line]} for line in lines]
    return [{"path": list(line.split("."))} for line in lines]


def _said(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "").strip()
    if not value:
        raise Malformed("registration", name, "expected this field")
    return value


def _one(form: Mapping[str, str], name: str) -> list[Json]:
    value = form.get(name, "").strip()
    return [value] if value else []
