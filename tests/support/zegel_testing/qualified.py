"""A list of lists, the national list of Utopia, and a provider of qualified attestations who stands on no other."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from zegel.errors import Unavailable, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.trust_ports import KeptList
from zegel.trust.anchors import Purpose
from zegel.trust.lists.xml.values import QualifiedService
from zegel_testing.authorities import DAY, NOW, authority, signer
from zegel_testing.xml_making import XmlSigner, pointer, service, signed_xml, xml_list, xml_signer

LOTL = "https://lists.example/lotl.xml"
UTOPIA = "https://utopia.example/list.xml"
ELSEWHERE = "https://elsewhere.example/list.xml"
DIPLOMA = "urn:utopia:diploma:1"
QEAA_ROOT = authority("QEAA provider")
QEAA = signer(QEAA_ROOT, "QEAA signer", Purpose.ISSUER)
QEAA_STATUS = signer(QEAA_ROOT, "QEAA status signer", Purpose.STATUS)


_OPERATORS: dict[str, XmlSigner] = {}


def operator(name: str) -> XmlSigner:
    """Somebody who signs lists in XML, the same in a whole run."""
    if name not in _OPERATORS:
        _OPERATORS[name] = xml_signer(ec.generate_private_key(ec.SECP256R1()))
    return _OPERATORS[name]


def national_list(
    *services: str, sequence: int = 7, territory: str = "UT", due: int = NOW + 29 * DAY, by: str = "Utopia"
) -> bytes:
    """A national list; without services it has the provider of qualified attestations."""
    listed = services or (service("EAA/Q", QEAA_ROOT.certificate.der),)
    return signed_xml(xml_list(*listed, sequence=sequence, territory=territory, next_update=due), operator(by))


def list_of_lists(
    *pointers: str, sequence: int = 4, due: int = NOW + 60 * DAY, by: str = "Union", pivots: tuple[str, ...] = ()
) -> bytes:
    """The list of the lists; without pointers it points to Utopia's."""
    own = pointer(LOTL, "EU", operator(by).certificate, type_="EUlistofthelists")
    text = xml_list(
        type_="EUlistofthelists",
        territory="EU",
        pointers=own + "".join(pointers or (to_utopia(),)),
        sequence=sequence,
        next_update=due,
        uris=(*pivots, "https://journal.example/2019"),
    )
    return signed_xml(text, operator(by))


def pivot(by: str, *, then: str, sequence: int) -> bytes:
    """A list of lists of the past, which says who signs the next."""
    own = pointer(LOTL, "EU", operator(then).certificate, type_="EUlistofthelists")
    text = xml_list(type_="EUlistofthelists", territory="EU", pointers=own, sequence=sequence)
    return signed_xml(text, operator(by))


def to_utopia(*, by: str = "Utopia", location: str = UTOPIA, territory: str = "UT") -> str:
    """The pointer to a national list."""
    return pointer(location, territory, operator(by).certificate)


class Shelf:
    """A ``ListShelf`` in a test's hand."""

    def __init__(self) -> None:
        self.kept: KeptList | None = None

    def load(self) -> KeptList | None:
        return self.kept

    def keep(self, kept: KeptList) -> None:
        self.kept = kept


@dataclass
class ListsInHand:
    """A ``QualifiedSource`` whose lists a test replaces; an error there is raised."""

    lists: dict[str, bytes | ZegelError] = field(
        default_factory=lambda: {LOTL: list_of_lists(), UTOPIA: national_list()}
    )
    signers: tuple[bytes, ...] = field(default_factory=lambda: (operator("Union").certificate,))
    territories: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset({DIPLOMA})
    services: frozenset[QualifiedService] = frozenset({QualifiedService.ATTESTATIONS})
    new_shelf: Callable[[], Shelf] | None = None
    shelves: dict[str | None, Shelf] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def fetch(self) -> bytes:
        return await self.follow(LOTL)

    async def follow(self, url: str) -> bytes:
        self.asked.append(url)
        content = self.lists.get(url, Unavailable("list", "nobody has it"))
        if isinstance(content, ZegelError):
            raise content
        return content

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """The same over a loopback."""
        return HttpResponse(status=200, body=await self.follow(request.url))

    def shelf(self, url: str | None) -> Shelf | None:
        return None if self.new_shelf is None else self.shelves.setdefault(url, self.new_shelf())
