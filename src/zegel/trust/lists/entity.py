"""An entity of a list, its services, and what stands for them (TS 119 602 clauses 6.5 and 6.6)."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from zegel.errors import Malformed
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import MAX_BYTES, Json, JsonObject, encode_json
from zegel.primitives.members import read_array, read_object, read_text
from zegel.trust.lists.values import (
    CRITICAL,
    IDENTIFIER_EXTENSION,
    ROLE_RADIX,
    TYPES_EXTENSION,
    ServiceType,
    SupplyPoint,
    TrustedEntity,
    TrustedService,
)

_WHAT: Final = "list of trusted entities"
_ACTIVE: Final = ("/notified", "/granted")  # annex H; the lists of annexes D to G carry no status
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")  # clause 6.1.3
_KNOWN: Final = {str(type_): str(type_) for type_ in ServiceType}  # one text for all services of a type


def read_entity(value: Json, where: str) -> TrustedEntity:
    """An entity; ``Malformed`` when it has no name, no address of its own, or no service."""
    entity = _object(value, where)
    information = _object(entity.get("TrustedEntityInformation"), f"{where}.TrustedEntityInformation")
    services = _array(entity.get("TrustedEntityServices"), f"{where}.TrustedEntityServices")
    return TrustedEntity(
        name=read_name(information.get("TEName"), f"{where}.TEName"),
        country=_country(information.get("TEInformationURI"), f"{where}.TEInformationURI"),
        services=tuple(
            _service(item, f"{where}.TrustedEntityServices[{number}]") for number, item in enumerate(services)
        ),
    )


def read_certificates(identity: JsonObject, where: str) -> Iterator[bytes]:
    """The certificates of a digital identity, as DER (clause 6.6.3)."""
    certificates = identity.get("X509Certificates")
    for at, item in enumerate(() if certificates is None else _array(certificates, f"{where}.X509Certificates")):
        place = f"{where}.X509Certificates[{at}]"
        yield parse_base64(_text(_object(item, place).get("val"), f"{place}.val"), what=_WHAT, where=f"{place}.val")


def read_name(value: Json, where: str) -> str:
    """The English name, which clause 6.1.4 requires, or the first."""
    names = [_object(item, f"{where}[{at}]") for at, item in enumerate(_array(value, where))]
    english = next((name for name in names if name.get("lang") == "en"), names[0])
    return _text(english.get("value"), f"{where}.value")


def read_time(value: Json, where: str) -> int:
    """A time in seconds since the epoch."""
    text = _text(value, where)
    try:
        if _TIME.fullmatch(text):
            return int(datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC).timestamp())
    except ValueError:
        pass
    raise Malformed(_WHAT, where, "expected a time as 2026-01-31T12:00:00Z")


def _country(value: Json, where: str) -> str | None:
    """The last part of the role URI, which annexes D to H ask for beside the entity's own."""
    for at, item in enumerate(_array(value, where)):
        uri = _text(_object(item, f"{where}[{at}]").get("uriValue"), f"{where}[{at}].uriValue")
        country = uri.rpartition("/")[2]
        if uri.startswith(ROLE_RADIX) and len(country) == 2 and country.isalpha() and country.isupper():
            return {"EL": "GR", "UK": "GB"}.get(country, country)  # the Union's own codes
    return None


def _service(value: Json, where: str) -> TrustedService:
    service = _object(_object(value, where).get("ServiceInformation"), f"{where}.ServiceInformation")
    identity = _object(service.get("ServiceDigitalIdentity"), f"{where}.ServiceDigitalIdentity")
    status, since = service.get("ServiceStatus"), service.get("StatusStartingTime")
    types, identifier, understood = _extensions(service.get("ServiceInformationExtensions"), where)
    type_ = str(service.get("ServiceTypeIdentifier", ""))
    return TrustedService(
        name=read_name(service.get("ServiceName"), f"{where}.ServiceName"),
        type=_KNOWN.get(type_, type_),
        certificates=tuple(read_certificates(identity, where)),
        keys=tuple(_keys(identity.get("PublicKeyValues"), f"{where}.PublicKeyValues")),
        supply_points=tuple(_supply_points(service.get("ServiceSupplyPoints"), f"{where}.ServiceSupplyPoints")),
        types=types,
        identifier=identifier,
        understood=understood,
        active=understood and (status is None or str(status).endswith(_ACTIVE)),
        since=read_time(since, f"{where}.StatusStartingTime") if since is not None else None,
    )


def _keys(value: Json, where: str) -> Iterator[bytes]:
    """As they stand there: of a list of twenty thousand, few are ever used."""
    for at, item in enumerate(() if value is None else _array(value, where)):
        yield encode_json(_object(item, f"{where}[{at}]"))


def _supply_points(value: Json, where: str) -> Iterator[SupplyPoint]:
    for at, item in enumerate(() if value is None else _array(value, where)):
        point, place = _object(item, f"{where}[{at}]"), f"{where}[{at}]"
        type_ = point.get("ServiceType")
        yield SupplyPoint(
            url=_text(point.get("uriValue"), f"{place}.uriValue"),
            type=None if type_ is None else _text(type_, f"{place}.ServiceType"),
        )


def _extensions(value: Json, where: str) -> tuple[frozenset[str], str | None, bool]:
    types: frozenset[str] = frozenset()
    identifier, understood = None, True
    for at, item in enumerate(() if value is None else _array(value, f"{where}.ServiceInformationExtensions")):
        extension = item if isinstance(item, Mapping) else {}
        if TYPES_EXTENSION in extension:
            place = f"{where}.{TYPES_EXTENSION}"
            types |= frozenset(_text(name, place) for name in _array(extension[TYPES_EXTENSION], place))
        elif IDENTIFIER_EXTENSION in extension:
            identifier = _text(extension[IDENTIFIER_EXTENSION], f"{where}.ServiceInformationExtensions[{at}]")
        elif extension.get(CRITICAL, False) is not False:
            understood = False
    return types, identifier, understood


# An entity's own text is at most ``MAX_BYTES`` long, which bounds what is in it.


def _object(value: Json, where: str) -> JsonObject:
    return read_object(value, what=_WHAT, where=where)


def _array(value: Json, where: str) -> list[Json]:
    return read_array(value, what=_WHAT, where=where, limit=MAX_BYTES)


def _text(value: Json, where: str) -> str:
    return read_text(value, what=_WHAT, where=where, limit=MAX_BYTES)
