"""The description of a list of trusted entities, from its file and the certificates and keys that this names."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from zegel.adapters.files import read_file
from zegel.adapters.keyfiles import MAX_KEY, load_certificate_bytes
from zegel.config.lists import (
    LIST_TYPES,
    EntityDescription,
    ListDescription,
    OrganizationDescription,
    ServiceDescription,
    ServiceKind,
)
from zegel.config.setting import wrong_setting
from zegel.config.tables import read_settings
from zegel.errors import Unavailable
from zegel.primitives.keys import public_key_of
from zegel.trust.lists.build import ListedEntity, ListScheme, Organization
from zegel.trust.lists.values import CRL_POINT, ListType, ServiceType, SupplyPoint, TrustedService, encode_key

MAX_DESCRIPTION: Final = 1 << 24  # twenty thousand entities, as many as a list may have, of 800 bytes
_WHAT: Final = "description of a list"
_TYPES: Final[Mapping[ListType, Mapping[ServiceKind, ServiceType]]] = {
    ListType.PID_PROVIDERS: {"issuance": ServiceType.PID_ISSUANCE, "revocation": ServiceType.PID_REVOCATION},
    ListType.WALLET_PROVIDERS: {"issuance": ServiceType.WALLET_ISSUANCE, "revocation": ServiceType.WALLET_REVOCATION},
    ListType.ACCESS_PROVIDERS: {
        "issuance": ServiceType.ACCESS_ISSUANCE,
        "revocation": ServiceType.ACCESS_REVOCATION,
        "log": ServiceType.TRANSPARENCY_LOG,
    },
    ListType.REGISTRATION_PROVIDERS: {
        "issuance": ServiceType.REGISTRATION_ISSUANCE,
        "revocation": ServiceType.REGISTRATION_REVOCATION,
    },
    ListType.PUB_EAA_PROVIDERS: {
        "issuance": ServiceType.PUB_EAA_ISSUANCE,
        "revocation": ServiceType.PUB_EAA_REVOCATION,
    },
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedList:
    """What a description says, with the certificates and keys that it names. ``days`` are until the next update."""

    scheme: ListScheme
    entities: tuple[ListedEntity, ...]
    days: int


def load_list_description(path: Path) -> DescribedList:
    """Read a description; paths in it start at its folder.

    ``Unavailable`` for a file that is missing or is not what it should be, ``Malformed`` with the setting's path.
    """
    try:
        text = read_file(path, max_bytes=MAX_DESCRIPTION).decode()
    except UnicodeDecodeError:
        raise wrong_setting("", "expected UTF-8", file=_WHAT) from None
    described = read_settings(ListDescription, text, file=_WHAT, folder=path.resolve().parent)
    types = _TYPES[LIST_TYPES[described.purpose]]
    return DescribedList(
        scheme=ListScheme(
            type=LIST_TYPES[described.purpose],
            name=described.name,
            operator=_organization(described.operator),
            territory=described.territory,
            location=described.location,
            information=described.information,
            policy=described.policy,
        ),
        entities=tuple(
            _entity(entity, types, f"entities[{number}]") for number, entity in enumerate(described.entities)
        ),
        days=described.days,
    )


def _organization(described: OrganizationDescription) -> Organization:
    return Organization(
        name=described.name,
        trade_name=described.trade_name or described.name,
        street=described.street,
        locality=described.locality,
        postal_code=described.postal_code,
        country=described.country,
        email=described.email,
        telephone=described.telephone,
        website=described.website,
    )


def _entity(described: EntityDescription, types: Mapping[ServiceKind, ServiceType], where: str) -> ListedEntity:
    return ListedEntity(
        organization=_organization(described),
        country=described.member_state or described.country,
        services=tuple(
            _service(service, types, f"{where}.services[{number}]") for number, service in enumerate(described.services)
        ),
    )


def _service(described: ServiceDescription, types: Mapping[ServiceKind, ServiceType], where: str) -> TrustedService:
    if described.kind not in types:
        raise wrong_setting(f"{where}.kind", f"expected one of {', '.join(types)} on this list", file=_WHAT)
    if described.kind == "log" and described.crls:  # a reader takes the first address for the log's own
        raise wrong_setting(f"{where}.crls", "expected none: a log has no authority", file=_WHAT)
    return TrustedService(
        name=described.name,
        type=types[described.kind],
        certificates=tuple(_read(described.certificates, load_certificate_bytes, f"{where}.certificates")),
        keys=tuple(_read(described.keys, _load_key, f"{where}.keys")),
        supply_points=tuple(_supply_points(described)),
        types=frozenset(described.types),
        identifier=described.identifier,
        active=not described.withdrawn,
        since=described.since,
    )


def _supply_points(described: ServiceDescription) -> Iterator[SupplyPoint]:
    if described.location is not None:
        yield SupplyPoint(url=described.location)
    for url in described.crls:
        yield SupplyPoint(url=url, type=CRL_POINT)


def _read(paths: tuple[Path, ...], load: Callable[[Path], tuple[bytes, ...]], where: str) -> Iterator[bytes]:
    for number, path in enumerate(paths):
        try:
            yield from load(path)
        except Unavailable as error:
            raise Unavailable(f"{where}[{number}]", error.detail) from None


def _load_key(path: Path) -> tuple[bytes, ...]:
    try:
        key = load_pem_public_key(read_file(path, max_bytes=MAX_KEY))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Unavailable(str(path), "expected an EC public key as PEM")
    return (encode_key(public_key_of(key)),)
