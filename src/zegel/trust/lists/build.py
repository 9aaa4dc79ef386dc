"""A list of trusted entities, built and signed by its operator (TS 119 602 clause 6, annexes D to H)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, final

from zegel.primitives.encoding import base64, base64url
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.jws import sign_jws
from zegel.primitives.keys import Signer
from zegel.primitives.x509 import Certificate
from zegel.trust.lists.values import (
    CRITICAL,
    IDENTIFIER_EXTENSION,
    LIST_HEADER,
    ROLE_RADIX,
    TYPES_EXTENSION,
    ListType,
    ServiceType,
    SupplyPoint,
    TrustedService,
)

_VERSION: Final = 1  # clause 6.3.1
_RADIX: Final = "http://uri.etsi.org/19602/"
# Annexes D to H print these as they stand: a reader compares them literally.
_RULES: Final[Mapping[ListType, str]] = {
    ListType.PID_PROVIDERS: "PIDProviders",
    ListType.WALLET_PROVIDERS: "WalletProvidersList",
    ListType.ACCESS_PROVIDERS: "WRPACProvidersList",
    ListType.REGISTRATION_PROVIDERS: "WRPRCProvidersList",
    ListType.PUB_EAA_PROVIDERS: "PubEAAProvidersList",
}
_ROLES: Final[Mapping[ListType, str]] = {
    ListType.PID_PROVIDERS: "PIDProvider",
    ListType.WALLET_PROVIDERS: "WalletProvider",
    ListType.ACCESS_PROVIDERS: "WRPACProvider",
    ListType.REGISTRATION_PROVIDERS: "WRPRCProvider",
    ListType.PUB_EAA_PROVIDERS: "PubEAAProvider",
}
_DETERMINATIONS: Final[Mapping[ListType, str]] = {
    ListType.PID_PROVIDERS: "PIDProvidersList",
    ListType.WALLET_PROVIDERS: "WalletProvidersList",
    ListType.ACCESS_PROVIDERS: "WRPACProvidersList",
    ListType.REGISTRATION_PROVIDERS: "WRPRCrovidersList",  # as table G.1 and clause C.2.2 print it
    ListType.PUB_EAA_PROVIDERS: "PubEAAProvidersList",
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An entity or an operator as the list presents it.

    ``website`` is a URL, ``email`` and ``telephone`` are bare; ``country`` is ISO 3166-1 alpha-2.
    """

    name: str
    trade_name: str
    street: str
    locality: str
    postal_code: str
    country: str
    email: str
    telephone: str
    website: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEntity:
    """An entity to be listed; ``country`` is the Member State that stands for it."""

    organization: Organization
    country: str
    services: tuple[TrustedService, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListScheme:
    """Who publishes a list, where, and under which rules; ``territory`` is ``EU`` or a country."""

    type: ListType
    name: str
    operator: Organization
    territory: str
    location: str
    information: str
    policy: str


def build_trusted_list(
    scheme: ListScheme,
    entities: tuple[ListedEntity, ...],
    *,
    signer: Certificate,
    sequence: int,
    issued_at: int,
    next_update: int,
) -> JsonObject:
    """The list, ready to be signed. ``signer`` is the certificate that its pointer to itself names."""
    rules = _RULES[scheme.type]
    information: dict[str, Json] = {
        "LoTEVersionIdentifier": _VERSION,
        "LoTESequenceNumber": sequence,
        "LoTEType": scheme.type,
        "SchemeOperatorName": _named(scheme.operator.name),
        "SchemeOperatorAddress": {
            "SchemeOperatorPostalAddress": _postal(scheme.operator),
            "SchemeOperatorElectronicAddress": _electronic(scheme.operator),
        },
        "SchemeName": _named(f"{scheme.territory}:{scheme.name}"),  # clause 6.3.6
        "SchemeInformationURI": _linked(scheme.information, scheme.policy),
        "StatusDeterminationApproach": f"{_RADIX}{_DETERMINATIONS[scheme.type]}/StatusDetn/EU",
        "SchemeTypeCommunityRules": _linked(f"{_RADIX}{rules}/schemerules/EU"),
        "SchemeTerritory": scheme.territory,
        "PolicyOrLegalNotice": [{"LoTEPolicy": _linked(scheme.policy)[0]}],
        "PointersToOtherLoTE": [_pointer(scheme, signer)],
        "ListIssueDateTime": _time(issued_at),
        "NextUpdate": _time(next_update),
        "DistributionPoints": [scheme.location],
    }
    lote: dict[str, Json] = {"ListAndSchemeInformation": information}
    if entities:  # the schema wants an entity in the list of them, and no list where there is none
        lote["TrustedEntitiesList"] = [_entity(entity, scheme.type, issued_at) for entity in entities]
    return {"LoTE": lote}


def sign_trusted_list(document: JsonObject, *, signer: Signer, chain: tuple[bytes, ...], now: int) -> bytes:
    """Sign as compact JAdES, baseline B: the signer's certificate and the time stand in the protected header."""
    header: dict[str, Json] = {"x5t#S256": base64url(sha256(chain[0]).digest()), "iat": now}
    return sign_jws(document, signer=signer, typ=LIST_HEADER, x5c=chain, header=header)


def _entity(entity: ListedEntity, list_type: ListType, issued_at: int) -> Json:
    organization = entity.organization
    role = f"{ROLE_RADIX}{_ROLES[list_type]}/{entity.country}"
    return {
        "TrustedEntityInformation": {
            "TEName": _named(organization.name),
            "TETradeName": _named(organization.trade_name),
            "TEAddress": {
                "TEPostalAddress": _postal(organization),
                "TEElectronicAddress": _electronic(organization),
            },
            "TEInformationURI": _linked(organization.website, role),
        },
        "TrustedEntityServices": [
            {"ServiceInformation": _service(service, list_type, issued_at)} for service in entity.services
        ],
    }


def _service(service: TrustedService, list_type: ListType, issued_at: int) -> Json:
    members: dict[str, Json] = {
        "ServiceName": _named(service.name),
        "ServiceDigitalIdentity": _identity(service.certificates, service.keys),
        "ServiceTypeIdentifier": service.type,
    }
    # annex H alone keeps the status of its services; what a log stamped before it was retired counts on
    if list_type is ListType.PUB_EAA_PROVIDERS or service.type == ServiceType.TRANSPARENCY_LOG:
        status, kind = "notified" if service.active else "withdrawn", list_type.rpartition("/")[2].removeprefix("EU")
        members["ServiceStatus"] = f"{_RADIX}{kind}/SvcStatus/{status}"
        members["StatusStartingTime"] = _time(issued_at if service.since is None else service.since)
    elif not service.active:
        raise ValueError("this list keeps no status: a service that is withdrawn is left out of it")
    if service.supply_points:
        members["ServiceSupplyPoints"] = [_supply_point(point) for point in service.supply_points]
    extensions: list[Json] = []
    if service.identifier is not None:
        extensions.append({CRITICAL: False, IDENTIFIER_EXTENSION: service.identifier})
    if service.types:
        extensions.append({CRITICAL: True, TYPES_EXTENSION: sorted(service.types)})
    if extensions:
        members["ServiceInformationExtensions"] = extensions
    return members


def _pointer(scheme: ListScheme, signer: Certificate) -> Json:
    qualifier: dict[str, Json] = {
        "LoTEType": scheme.type,
        "SchemeOperatorName": _named(scheme.operator.name),
        "SchemeTypeCommunityRules": _linked(f"{_RADIX}{_RULES[scheme.type]}/schemerules/EU"),
        "SchemeTerritory": scheme.territory,
        "MimeType": "application/jose",
    }
    return {
        "LoTELocation": scheme.location,
        "ServiceDigitalIdentities": [_identity((signer.der,))],
        "LoTEQualifiers": [qualifier],
    }


def _identity(certificates: tuple[bytes, ...], keys: tuple[bytes, ...] = ()) -> Json:
    identity: dict[str, Json] = {}
    if certificates:
        identity["X509Certificates"] = [{"val": base64(certificate)} for certificate in certificates]
    if keys:
        identity["PublicKeyValues"] = [parse_object(key, what="key") for key in keys]
    return identity


def _supply_point(point: SupplyPoint) -> Json:
    return {"uriValue": point.url} if point.type is None else {"ServiceType": point.type, "uriValue": point.url}


def _postal(organization: Organization) -> Json:
    return [
        {
            "lang": "en",
            "StreetAddress": organization.street,
            "Locality": organization.locality,
            "PostalCode": organization.postal_code,
            "Country": organization.country,
        }
    ]


def _electronic(organization: Organization) -> Json:
    return _linked(f"mailto:{organization.email}", organization.website, f"tel:{organization.telephone}")


def _named(text: str) -> Json:
    return [{"lang": "en", "value": text}]


def _linked(*uris: str) -> list[Json]:
    return [{"lang": "en", "uriValue": uri} for uri in uris]


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
