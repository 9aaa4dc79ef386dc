"""Lists of trusted entities of a small country, and whoever stands on them."""

from zegel.primitives.json import Json, JsonObject
from zegel.primitives.x509 import Certificate
from zegel.trust.anchors import Purpose
from zegel.trust.lists.build import (
    ListedEntity,
    ListScheme,
    Organization,
    build_trusted_list,
    sign_trusted_list,
)
from zegel.trust.lists.values import ListType, ServiceType, TrustedService
from zegel_testing.authorities import DAY, NOW, authority, signer

LIST_ROOT = authority("list authority")
OPERATOR = signer(LIST_ROOT, "list operator", Purpose.LIST)


def organization(name: str) -> Organization:
    """Somebody on Freedom Square."""
    return Organization(
        name=name,
        trade_name="VATUT-1",
        street="Freedom Square 1",
        locality="Amaurot",
        postal_code="1516",
        country="UT",
        email="trust@utopia.example",
        telephone="+99915160000",
        website="https://utopia.example/trust",
    )


def scheme(list_type: ListType) -> ListScheme:
    """The operator's list of that type."""
    return ListScheme(
        type=list_type,
        name="Entities that Utopia trusts",
        operator=organization("Utopian Trust Office"),
        territory="UT",
        location="https://lists.utopia.example/list.jose",
        information="https://lists.utopia.example/about",
        policy="https://lists.utopia.example/policy",
    )


def service(type_: ServiceType, *certificates: Certificate, **options: object) -> TrustedService:
    """A service for which these certificates stand."""
    ders = tuple(certificate.der for certificate in certificates)
    return TrustedService(name="A service", type=type_, certificates=ders, **options)


def entity(name: str, *services: TrustedService, country: str = "UT") -> ListedEntity:
    """An entity and its services."""
    return ListedEntity(organization=organization(name), country=country, services=services)


def document(list_type: ListType, *entities: ListedEntity, sequence: int = 1) -> JsonObject:
    """A list, issued a day ago, due in a month."""
    return build_trusted_list(
        scheme(list_type),
        entities,
        signer=OPERATOR.certificate,
        sequence=sequence,
        issued_at=NOW - DAY,
        next_update=NOW + 29 * DAY,
    )


def signed(content: JsonObject) -> bytes:
    """The list under its operator's signature."""
    return sign_trusted_list(content, signer=OPERATOR.key, chain=OPERATOR.chain, now=NOW - DAY)


def changed(content: Json, path: tuple[str | int, ...], value: Json) -> Json:
    """A copy with one member set, or removed where ``value`` is None."""
    if not path:
        return value
    name, *rest = path
    if isinstance(name, int):
        assert isinstance(content, list)
        return [changed(item, tuple(rest), value) if at == name else item for at, item in enumerate(content)]
    assert isinstance(content, dict)
    if not rest and value is None:
        return {key: item for key, item in content.items() if key != name}
    return content | {name: changed(content.get(name), tuple(rest), value)}
