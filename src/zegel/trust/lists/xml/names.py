"""What the parts of a trusted list in XML have in common: names, certificates, and where another list is."""

from collections.abc import Iterator
from typing import Final

from zegel.errors import Malformed
from zegel.trust.lists.xml.document import Element, bytes_of, child, children, text_of
from zegel.trust.lists.xml.values import XmlListPointer

WHAT: Final = "trusted list"
TSL: Final = "{http://uri.etsi.org/02231/v2#}"
_TYPES: Final = "{http://uri.etsi.org/02231/v2/additionaltypes#}"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def read_name(element: Element) -> str:
    """The English name, which clause 5.1.4 requires, or the first."""
    names = list(children(element, f"{TSL}Name"))
    if not names:
        raise Malformed(WHAT, "Name", "expected a name")
    english = next((name for name in names if name.get(_LANGUAGE) == "en"), names[0])
    return text_of(english, what=WHAT)


def read_certificates(identity: Element) -> Iterator[bytes]:
    """The certificates of a digital identity, as DER (clause 5.5.3)."""
    for digital in children(identity, f"{TSL}DigitalId"):
        for element in children(digital, f"{TSL}X509Certificate"):
            yield bytes_of(element, what=WHAT)


def read_pointer(element: Element) -> XmlListPointer:
    """Where another list is (clause 5.3.13)."""
    identities = child(element, f"{TSL}ServiceDigitalIdentities", what=WHAT)
    additional = child(element, f"{TSL}AdditionalInformation", what=WHAT)
    said: dict[str, str] = {}
    for other in children(additional, f"{TSL}OtherInformation"):
        for name in (f"{TSL}TSLType", f"{TSL}SchemeTerritory", f"{_TYPES}MimeType"):
            for found in children(other, name):
                said[name] = text_of(found, what=WHAT)
    return XmlListPointer(
        location=text_of(child(element, f"{TSL}TSLLocation", what=WHAT), what=WHAT),
        type=said.get(f"{TSL}TSLType", ""),
        territory=said.get(f"{TSL}SchemeTerritory", ""),
        media_type=said.get(f"{_TYPES}MimeType"),
        certificates=tuple(
            certificate
            for identity in children(identities, f"{TSL}ServiceDigitalIdentity")
            for certificate in read_certificates(identity)
        ),
    )
