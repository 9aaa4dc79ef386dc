"""What keeps trust fresh: where lists come from and are kept, and how each stands."""

from dataclasses import dataclass
from typing import Final, Protocol, final

from zegel.errors import ZegelError
from zegel.trust.anchors import TrustAnchor
from zegel.trust.lists.values import ListType
from zegel.trust.lists.xml.values import XmlListPointer, XmlListType

MAX_AGE: Final = 86_400  # seconds; who is taken off a list is off it for everybody within a day (OIA_15a, ISSU_10a)


class ListSource(Protocol):
    """Where one list of trusted entities comes from: an address or a file."""

    @property
    def type(self) -> ListType:
        """The type of list that is expected there."""
        ...

    @property
    def operators(self) -> tuple[TrustAnchor, ...]:
        """The anchors that the list's signer must lead to."""
        ...

    async def fetch(self) -> bytes:
        """The list as it stands now; ``Unavailable`` when it cannot be had."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeptList:
    """A list as it was fetched and verified last, when that was, and the highest number that it has had."""

    sequence: int
    fetched_at: int
    body: bytes


class ListShelf(Protocol):
    """Where a list is kept over a restart."""

    def load(self) -> KeptList | None:
        """What was kept last; None where nothing is, or nothing that can be read."""
        ...

    def keep(self, kept: KeptList) -> None:
        """Keep this instead; ``Unavailable`` when it cannot be."""
        ...


@final
@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list of revoked certificates in DER, as its address served it.

    ``kept_since`` is when that was, in seconds since the epoch, where it was not just now.
    """

    body: bytes
    kept_since: int | None = None


class RevocationSource(Protocol):
    """Where lists of revoked certificates come from."""

    async def fetch(self, url: str) -> RevocationList:
        """The list at an address that somebody trusted has named; ``Unavailable`` when it cannot be had."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListHealth:
    """How a list stands: when it was fetched and verified last, when its next update is due, until when it is believed
    without being fetched again, and why the last fetch failed, if it did.

    ``territory`` is whose a list in XML is. Without one that is not ``needed`` a role does its work all the same.
    """

    type: ListType | XmlListType
    sequence: int | None
    fetched_at: int | None
    next_update: int | None
    until: int | None
    error: ZegelError | None
    territory: str = ""
    needed: bool = True

    @property
    def title(self) -> str:
        """What it is called where people read of it."""
        if self.type is XmlListType.LIST_OF_LISTS:
            return "list of the lists"
        kind = self.type.name.lower().replace("_", " ")
        if self.type is XmlListType.NATIONAL:
            return f"{kind} list of {self.territory or 'nobody'}"
        return f"list of {kind}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedTerritory:
    """A list in XML that was verified, and the anchors that stand on it. Times are seconds since the epoch.

    ``signer`` is the certificate, as DER, that it was signed with; ``pointers`` are to the lists that it leads to.
    """

    type: XmlListType
    territory: str
    sequence: int
    next_update: int
    signer: bytes
    anchors: tuple[TrustAnchor, ...]
    pointers: tuple[XmlListPointer, ...]


class QualifiedTrust(Protocol):
    """Trusted lists in XML, which lead from one to the next: whose attestations they make trusted now."""

    async def refresh(self) -> None:
        """Fetch and verify what there is again."""
        ...

    def in_force(self) -> tuple[TrustedTerritory, ...]:
        """The lists that count now, each the same object until it changes."""
        ...

    def overdue(self) -> tuple[str, ...]:
        """Those that would count if they were not overdue."""
        ...

    def health(self) -> tuple[ListHealth, ...]:
        """How each list stands."""
        ...
