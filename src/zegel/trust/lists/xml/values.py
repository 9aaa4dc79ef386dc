"""A trusted list of TS 119 612 as values: the kinds of list and of service, and the providers that stand on one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from zegel.trust.lists.values import SupplyPoint

XML_LIST: Final = "application/vnd.etsi.tsl+xml"  # clause 6.1
GRANTED: Final = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"  # clause 5.5.4
FOR_SEALS: Final = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/ForeSeals"  # clause 5.5.9.4
_SERVICE_RADIX: Final = "http://uri.etsi.org/TrstSvc/Svctype/"


class XmlListType(StrEnum):
    """The types of list, clause 5.3.3."""

    LIST_OF_LISTS = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists"
    NATIONAL = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric"


class QualifiedService(StrEnum):
    """The qualified services whose certificates may lead to a QEAA's signature, clause 5.5.1.1."""

    ATTESTATIONS = _SERVICE_RADIX + "EAA/Q"
    CERTIFICATES = _SERVICE_RADIX + "CA/QC"


QUALIFIED_SERVICES: Final[Mapping[str, QualifiedService]] = {
    "attestations": QualifiedService.ATTESTATIONS,
    "certificates": QualifiedService.CERTIFICATES,
}
"""As a configuration names them."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NationalService:
    """A service of a trust service provider, as it stands now; ``type`` and ``status`` are URIs.

    ``since`` is when its status began, in seconds since the epoch. ``information`` are the URIs that say more of what
    it is for. ``understood`` is False where an extension is critical and unknown here.
    """

    name: str
    type: str
    status: str
    since: int
    certificates: tuple[bytes, ...]
    information: frozenset[str]
    supply_points: tuple[SupplyPoint, ...]
    understood: bool

    @property
    def granted(self) -> bool:
        """Whether it may be trusted."""
        return self.status == GRANTED and self.understood


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustServiceProvider:
    """A provider on a national list, and its services."""

    name: str
    services: tuple[NationalService, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class XmlListPointer:
    """Where another list is, or this one, and the certificates one of which signs it, as DER."""

    location: str
    type: str
    territory: str
    media_type: str | None
    certificates: tuple[bytes, ...]
