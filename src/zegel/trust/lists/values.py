"""A list of trusted entities as values: the kinds of list and of service, and the entities that stand on one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.keys import PublicKey, parse_jwk
from zegel.trust.anchors import Purpose

MEDIA_TYPE: Final = "application/jose"  # ETSI TS 119 602 annex A: JWS in compact serialisation
LIST_HEADER: Final = "JOSE"  # RFC 7515 section 4.1.9; the list's media type is application/jose
TYPES_EXTENSION: Final = "AttestationTypes"  # ours, marked critical: TS 119 602 has no place for an issuer's types
LOG_RADIX: Final = "urn:oid:"  # RFC 3061: how a log is named in our entry for it
IDENTIFIER_EXTENSION: Final = "ServiceUniqueIdentifier"  # annexes D and E
CRITICAL: Final = "Critical"  # clause 6.6.9
ROLE_RADIX: Final = "http://uri.etsi.org/19602/ListOfTrustedEntities/"
_KEY: Final = "key on a list of trusted entities"
CRL_POINT: Final = "http://uri.etsi.org/19602/ServiceSupplyPoint/CRL"  # ours: clause 6.6.7 leaves the types open
_SERVICE_RADIX: Final = "http://uri.etsi.org/19602/SvcType/"


class ListType(StrEnum):
    """The types of list, annex C."""

    PID_PROVIDERS = "http://uri.etsi.org/19602/LoTEType/EUPIDProvidersList"
    WALLET_PROVIDERS = "http://uri.etsi.org/19602/LoTEType/EUWalletProvidersList"
    ACCESS_PROVIDERS = "http://uri.etsi.org/19602/LoTEType/EUWRPACProvidersList"
    REGISTRATION_PROVIDERS = "http://uri.etsi.org/19602/LoTEType/EUWRPRCProvidersList"
    PUB_EAA_PROVIDERS = "http://uri.etsi.org/19602/LoTEType/EUPubEAAProvidersList"


class ServiceType(StrEnum):
    """The types of service, tables D.3 to H.3: what is issued, and what says that it was revoked."""

    PID_ISSUANCE = _SERVICE_RADIX + "PID/Issuance"
    PID_REVOCATION = _SERVICE_RADIX + "PID/Revocation"
    WALLET_ISSUANCE = _SERVICE_RADIX + "WalletSolution/Issuance"
    WALLET_REVOCATION = _SERVICE_RADIX + "WalletSolution/Revocation"
    ACCESS_ISSUANCE = _SERVICE_RADIX + "WRPAC/Issuance"
    TRANSPARENCY_LOG = "urn:zegel:service:transparency-log"  # ours: annex F knows of no logs
    ACCESS_REVOCATION = _SERVICE_RADIX + "WRPAC/Revocation"
    REGISTRATION_ISSUANCE = _SERVICE_RADIX + "WRPRC/Issuance"
    REGISTRATION_REVOCATION = _SERVICE_RADIX + "WRPRC/Revocation"
    PUB_EAA_ISSUANCE = _SERVICE_RADIX + "PubEAA/Issuance"
    PUB_EAA_REVOCATION = _SERVICE_RADIX + "PubEAA/Revocation"


PURPOSES: Final[Mapping[ListType, Mapping[str, Purpose]]] = {
    ListType.PID_PROVIDERS: {
        ServiceType.PID_ISSUANCE: Purpose.ISSUER,
        ServiceType.PID_REVOCATION: Purpose.STATUS,
    },
    ListType.WALLET_PROVIDERS: {
        ServiceType.WALLET_ISSUANCE: Purpose.WALLET_PROVIDER,
        ServiceType.WALLET_REVOCATION: Purpose.WALLET_STATUS,
    },
    ListType.ACCESS_PROVIDERS: {
        ServiceType.ACCESS_ISSUANCE: Purpose.ACCESS,  # the revocation service signs CRLs, which need no anchor of ours
    },
    ListType.REGISTRATION_PROVIDERS: {
        ServiceType.REGISTRATION_ISSUANCE: Purpose.REGISTRATION,
        ServiceType.REGISTRATION_REVOCATION: Purpose.REGISTRATION_STATUS,
    },
    ListType.PUB_EAA_PROVIDERS: {
        ServiceType.PUB_EAA_ISSUANCE: Purpose.ISSUER,
        ServiceType.PUB_EAA_REVOCATION: Purpose.STATUS,
    },
}
"""What a service's certificates are anchors for; a service that stands on another kind of list is none."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyPoint:
    """Where a service is had, or what it publishes: a CRL, say. ``type`` is the URI that says which service it is."""

    url: str
    type: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListPointer:
    """Where another list is, or this one, and the certificates that its signer leads to or has, as DER."""

    location: str
    types: tuple[str, ...]
    certificates: tuple[bytes, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedService:
    """A service of an entity, and what stands for it: certificates as DER, keys as JSON Web Keys (``encode_key``).

    ``type`` is its URI, ``types`` the attestation types that our extension names. ``active`` is False for a service
    that is withdrawn, or is not ``understood``, because it has a critical extension which is unknown here. ``since`` is
    when its status began.
    """

    name: str
    type: str
    certificates: tuple[bytes, ...] = ()
    keys: tuple[bytes, ...] = ()
    supply_points: tuple[SupplyPoint, ...] = ()
    types: frozenset[str] = frozenset()
    identifier: str | None = None
    active: bool = True
    understood: bool = True
    since: int | None = None

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Its keys; one of a kind that is unknown here is left out."""
        return tuple(_public_keys(self.keys))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedEntity:
    """An entity on a list. ``country`` is the Member State that stands for it, ISO 3166-1 alpha-2."""

    name: str
    country: str | None
    services: tuple[TrustedService, ...]


def encode_key(key: PublicKey) -> bytes:
    """A key as ``TrustedService.keys`` has it."""
    return encode_json(key.jwk() | {"use": "sig"})


def _public_keys(keys: Iterable[bytes]) -> Iterator[PublicKey]:
    for key in keys:
        try:
            yield parse_jwk(parse_object(key, what=_KEY), what=_KEY)
        except Malformed:  # it costs its entry, not the list
            continue
