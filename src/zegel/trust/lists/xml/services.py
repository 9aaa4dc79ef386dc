"""A trust service provider of a national list, and its services (TS 119 612 clauses 5.4 and 5.5)."""

from collections.abc import Iterator
from typing import Final

from zegel.trust.lists.values import SupplyPoint
from zegel.trust.lists.xml.document import Element, child, children, text_of, time_of
from zegel.trust.lists.xml.names import TSL, WHAT, read_certificates, read_name
from zegel.trust.lists.xml.values import NationalService, TrustServiceProvider

_EXTENSIONS: Final = "{http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#}"
_INFORMATION: Final = f"{TSL}AdditionalServiceInformation"
# Clause 5.5.9: which certificates are qualified, for how long revocation is kept, who took over, what more there is.
# None of them makes a service that is granted one that is not.
_UNDERSTOOD: Final = frozenset(
    {_INFORMATION, f"{_EXTENSIONS}Qualifications", f"{TSL}ExpiredCertsRevocationInfo", f"{_EXTENSIONS}TakenOverBy"}
)


def read_provider(element: Element) -> TrustServiceProvider:
    """A provider; its address and what it was earlier is left aside."""
    information = child(element, f"{TSL}TSPInformation", what=WHAT)
    services = child(element, f"{TSL}TSPServices", what=WHAT)
    return TrustServiceProvider(
        name=read_name(child(information, f"{TSL}TSPName", what=WHAT)),
        services=tuple(map(_service, children(services, f"{TSL}TSPService"))),
    )


def _service(element: Element) -> NationalService:
    service = child(element, f"{TSL}ServiceInformation", what=WHAT)
    extensions = [
        extension
        for all_ in children(service, f"{TSL}ServiceInformationExtensions")
        for extension in children(all_, f"{TSL}Extension")
    ]
    return NationalService(
        name=read_name(child(service, f"{TSL}ServiceName", what=WHAT)),
        type=_text(service, "ServiceTypeIdentifier"),
        status=_text(service, "ServiceStatus"),
        since=time_of(child(service, f"{TSL}StatusStartingTime", what=WHAT), what=WHAT),
        certificates=tuple(read_certificates(child(service, f"{TSL}ServiceDigitalIdentity", what=WHAT))),
        information=frozenset(uri for extension in extensions for uri in _information(extension)),
        supply_points=tuple(
            SupplyPoint(url=text_of(point, what=WHAT), type=point.get("type"))
            for points in children(service, f"{TSL}ServiceSupplyPoints")
            for point in children(points, f"{TSL}ServiceSupplyPoint")
        ),
        understood=all(map(_is_understood, extensions)),
    )


def _information(extension: Element) -> Iterator[str]:
    for information in children(extension, _INFORMATION):
        yield _text(information, "URI")


def _is_understood(extension: Element) -> bool:
    """Whether it may be left aside, or is known here."""
    critical = extension.get("Critical", "true") not in ("false", "0")
    return not critical or (len(extension) > 0 and all(inner.tag in _UNDERSTOOD for inner in extension))


def _text(element: Element, name: str) -> str:
    return text_of(child(element, TSL + name, what=WHAT), what=WHAT)
