"""A signed list of trusted entities, read as far as trust needs it (TS 119 602 clause 6)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.jws import UnverifiedJws, parse_jws
from zegel.trust.lists.values import (
    CRITICAL,
    IDENTIFIER_EXTENSION,
    ROLE_RADIX,
    TYPES_EXTENSION,
    TrustedEntity,
    TrustedService,
)

MAX_TRUSTED_LIST: Final = 1 << 19  # of two hundred entities; JSON costs thirteen times its size while it is parsed
_ACTIVE: Final = ("/notified", "/granted")  # annex H; the lists of annexes D to F carry no status
_WHAT: Final = "list of trusted entities"
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")  # clause 6.1.3


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedTrustedList:
    """A list that parses; nothing in it is proven. Times are seconds since the epoch."""

    jws: UnverifiedJws
    unverified_type: str
    unverified_sequence: int
    unverified_operator: str
    unverified_issued_at: int
    unverified_next_update: int
    unverified_entities: tuple[TrustedEntity, ...]


def parse_trusted_list(compact: bytes | str) -> UnverifiedTrustedList:
    """Parse a signed list; ``Malformed`` for anything but a JWS with a list of TS 119 602 in it."""
    jws = parse_jws(compact, what=_WHAT, max_bytes=MAX_TRUSTED_LIST)
    lote = _object(jws.unverified_claims.get("LoTE"), "LoTE")
    scheme = _object(lote.get("ListAndSchemeInformation"), "ListAndSchemeInformation")
    sequence = scheme.get("LoTESequenceNumber")
    if type(sequence) is not int or sequence < 1:
        raise Malformed(_WHAT, "LoTESequenceNumber", "expected a number from one")
    entities = _array(lote.get("TrustedEntitiesList"), "TrustedEntitiesList") if "TrustedEntitiesList" in lote else ()
    return UnverifiedTrustedList(
        jws=jws,
        unverified_type=_text(scheme.get("LoTEType"), "LoTEType"),
        unverified_sequence=sequence,
        unverified_operator=_name(scheme.get("SchemeOperatorName"), "SchemeOperatorName"),
        unverified_issued_at=_time(scheme.get("ListIssueDateTime"), "ListIssueDateTime"),
        unverified_next_update=_time(scheme.get("NextUpdate"), "NextUpdate"),
        unverified_entities=tuple(_entity(item, f"TrustedEntitiesList[{at}]") for at, item in enumerate(entities)),
    )


def _entity(value: Json, where: str) -> TrustedEntity:
    entity = _object(value, where)
    information = _object(entity.get("TrustedEntityInformation"), f"{where}.TrustedEntityInformation")
    services = _array(entity.get("TrustedEntityServices"), f"{where}.TrustedEntityServices")
    return TrustedEntity(
        name=_name(information.get("TEName"), f"{where}.TEName"),
        country=_country(information.get("TEInformationURI"), f"{where}.TEInformationURI"),
        services=tuple(
            _service(item, f"{where}.TrustedEntityServices[{number}]") for number, item in enumerate(services)
        ),
    )


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
    return TrustedService(
        name=_name(service.get("ServiceName"), f"{where}.ServiceName"),
        type=str(service.get("ServiceTypeIdentifier", "")),
        certificates=tuple(_certificates(identity.get("X509Certificates"), f"{where}.X509Certificates")),
        types=types,
        identifier=identifier,
        active=understood and (status is None or str(status).endswith(_ACTIVE)),
        since=_time(since, f"{where}.StatusStartingTime") if since is not None else None,
    )


def _certificates(value: Json, where: str) -> Iterator[bytes]:
    for at, item in enumerate(() if value is None else _array(value, where)):
        place = f"{where}[{at}].val"
        yield parse_base64(_text(_object(item, f"{where}[{at}]").get("val"), place), what=_WHAT, where=place)


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


def _name(value: Json, where: str) -> str:
    """The English name, which clause 6.1.4 requires, or the first."""
    names = [_object(item, f"{where}[{at}]") for at, item in enumerate(_array(value, where))]
    english = [name for name in names if name.get("lang") == "en"]
    for name in (*english, *names):
        return _text(name.get("value"), f"{where}.value")
    raise Malformed(_WHAT, where, "expected a name")


def _time(value: Json, where: str) -> int:
    text = _text(value, where)
    try:
        if _TIME.fullmatch(text):
            return int(datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC).timestamp())
    except ValueError:
        pass
    raise Malformed(_WHAT, where, "expected a time as 2026-01-31T12:00:00Z")


def _object(value: Json, where: str) -> JsonObject:
    if not isinstance(value, Mapping):
        raise Malformed(_WHAT, where, "expected an object")
    return value


def _array(value: Json, where: str) -> list[Json]:
    if not isinstance(value, list):
        raise Malformed(_WHAT, where, "expected an array")
    return value


def _text(value: Json, where: str) -> str:
    if not isinstance(value, str):
        raise Malformed(_WHAT, where, "expected text")
    return value
