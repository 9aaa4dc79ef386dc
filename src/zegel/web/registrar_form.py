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

Field = tuple[str, str, str | None, bool]
"""A field by name, label, hint, and whether it has to be filled in."""
GROUPS: Final[tuple[tuple[str, tuple[Field, ...]], ...]] = (
    (
        "Who you are",
        (
            ("identifier", "Identifier", "As your certificates will carry it, such as NTRUT-1234567", True),
            ("legal_name", "Official name", None, True),
            ("trade_name", "Trade name", "The name that people see", True),
            ("country", "Country", "Two letters, such as UT", True),
            ("website", "Website", None, False),
            ("support", "Where people have data deleted", "A page, a mail address, or a telephone number", True),
        ),
    ),
    (
        "How the registrar reaches you",
        (
            ("email", "Mail for the registrar", "Nobody else is shown it", True),
            ("phone", "Telephone for the registrar", "From + on; nobody else is shown it", False),
            ("address", "Postal address", "Nobody else is shown it", False),
        ),
    ),
    (
        "Your Service",
        (
            ("service", "Identifier of the Service", "A word of your own, such as lending", True),
            ("service_name", "Name of the Service", "The name that people see", True),
            ("description", "What the Service does", None, True),
        ),
    ),
    (
        "Who supervises you",
        (
            ("authority", "Data protection authority", "Its name", True),
            ("authority_contact", "How to reach it", "A page", True),
        ),
    ),
)
"""What is asked of every party."""
FIELDS: Final = tuple(field for _, fields in GROUPS for field in fields)
USE_FIELDS: Final[tuple[Field, ...]] = (
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
CLAIMS: Final = ("claims", "What you ask for of it", "A claim a line, such as family_name or address.locality")
DOCUMENT: Final = ("document", "A WalletRelyingParty of TS5")
LABELS: Final[Mapping[str, str]] = {
    **{name: label for name, label, _, _ in (*FIELDS, *USE_FIELDS)},
    CLAIMS[0]: CLAIMS[1],
    DOCUMENT[0]: DOCUMENT[1],
}
PUBLIC_BODY: Final = (("no", "No", None), ("yes", "Yes", None))
_LANGUAGE: Final = "en"
_BELONGS: Final = (
    ("supervisoryAuthority.formURI", "authority_contact"),
    ("supervisoryAuthority.country", "country"),
    ("supervisoryAuthority", "authority"),
    ("services[0].serviceTradeName", "service_name"),
    ("services", "service"),
    ("srvDescription", "description"),
    ("intendedUse[0].purpose", "purpose"),
    ("intendedUse[0].privacyPolicy", "policy"),
    ("intendedUse[0].credentials[0].claims", "claims"),
    ("intendedUse", "type"),
    ("providesAttestations", "type"),
    ("legalPerson", "legal_name"),
    ("tradeName", "trade_name"),
    ("infoURI", "website"),
    ("supportURI", "support"),
    ("postalAddress", "address"),
)
"""Where a member of the document begins, and the field that it is made of; the others are called alike."""


def party_of(form: Mapping[str, str]) -> WalletRelyingParty:
    """The party of a form; ``Malformed`` names the member of the document that it makes."""
    if form.get("document", "").strip():
        return read_party(parse_object(form["document"], what="registration", max_bytes=MAX_PARTY))
    return read_party(_document(form))


def field_at_fault(form: Mapping[str, str], where: str) -> str:
    """The field of a form in which the member at ``where`` of the document was filled in; empty where there is none."""
    if form.get("document", "").strip():
        return DOCUMENT[0]
    belongs = next((name for start, name in _BELONGS if where.startswith(start)), where.partition("[")[0])
    return belongs if belongs in LABELS else ""


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
