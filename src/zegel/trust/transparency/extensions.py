"""Where certificates carry timestamps, and the certificate as a log saw it: without them (RFC 9162 section 8.1.2)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.der import (
    BIT_STRING,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    encode_element,
    encode_oid,
    parse_element,
    parse_elements,
)

TRANSPARENCY_INFORMATION: Final = "1.3.101.75"  # RFC 9162 section 7.1
SCT_LIST: Final = "1.3.6.1.4.1.11129.2.4.2"  # RFC 6962 section 3.3
POISON: Final = "1.3.6.1.4.1.11129.2.4.3"  # RFC 6962 section 3.1: what has it is no certificate

_V2: Final = encode_oid(TRANSPARENCY_INFORMATION)
_V1: Final = encode_oid(SCT_LIST)
_EXTENSIONS: Final = 0xA3  # [3] EXPLICIT, the last member of a TBSCertificate (RFC 5280 section 4.1)
_WHAT: Final = "certificate"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCertificate:
    """A certificate, taken apart. ``items`` and ``scts`` are the two extensions' lists, None where there is none.

    ``tbs`` is the TBSCertificate as it is signed; ``tbs_v2`` and ``tbs_v1`` as a log of that version saw it.
    """

    tbs: bytes
    tbs_v2: bytes
    tbs_v1: bytes
    items: bytes | None
    scts: bytes | None


def parse_logged_certificate(der: bytes) -> LoggedCertificate:
    """Take a DER certificate apart; ``Malformed`` for what is none, or has an extension twice."""
    members = parse_elements(parse_element(der, SEQUENCE, what=_WHAT).content, what=_WHAT)
    if tuple(member.tag for member in members) != (SEQUENCE, SEQUENCE, BIT_STRING):
        raise Malformed(_WHAT, "", "expected a TBSCertificate, an algorithm and a signature")
    tbs = members[0].der
    extensions = _extensions(tbs)
    return LoggedCertificate(
        tbs=tbs,
        tbs_v2=without_extensions(tbs, (_V1, _V2)),
        # RFC 9162 appendix A: clients of RFC 6962 know nothing of the newer extension, and leave it in
        tbs_v1=without_extensions(tbs, (_V1,)),
        items=_list(extensions, _V2),
        scts=_list(extensions, _V1),
    )


def without_extensions(tbs: bytes, oids: Collection[bytes]) -> bytes:
    """A TBSCertificate without some extensions, all else byte for byte as it was; ``Malformed`` for what is none."""
    *others, last = _members(tbs)
    if last.tag != _EXTENSIONS:
        return tbs
    listed = parse_elements(parse_element(last.content, SEQUENCE, what=_WHAT).content, what=_WHAT)
    kept = [extension.der for extension in listed if _oid(extension) not in oids]
    if len(kept) == len(listed):
        return tbs
    # RFC 5280 section 4.1: there is no empty list of extensions
    block = [encode_element(_EXTENSIONS, encode_element(SEQUENCE, *kept))] if kept else []
    return encode_element(SEQUENCE, *(member.der for member in others), *block)


def has_extension(tbs: bytes, dotted: str) -> bool:
    """Whether a TBSCertificate has an extension."""
    return encode_oid(dotted) in _extensions(tbs)


def _extensions(tbs: bytes) -> dict[bytes, bytes]:
    """The extensions' values by their identifiers' contents."""
    last = _members(tbs)[-1]
    if last.tag != _EXTENSIONS:
        return {}
    listed = parse_elements(parse_element(last.content, SEQUENCE, what=_WHAT).content, what=_WHAT)
    values = {_oid(extension): parse_elements(extension.content, what=_WHAT)[-1].content for extension in listed}
    if len(values) != len(listed):
        raise Malformed(_WHAT, "extensions", "expected each extension once")
    return values


def _members(tbs: bytes) -> tuple[Element, ...]:
    members = parse_elements(parse_element(tbs, SEQUENCE, what=_WHAT).content, what=_WHAT)
    if not members:
        raise Malformed(_WHAT, "", "expected a TBSCertificate")
    return members


def _oid(extension: Element) -> bytes:
    members = parse_elements(extension.content, what=_WHAT)
    if not members or members[0].tag != OBJECT_IDENTIFIER or members[-1].tag != OCTET_STRING:
        raise Malformed(_WHAT, "extensions", "expected an identifier and an octet string")
    return members[0].content


def _list(extensions: dict[bytes, bytes], oid: bytes) -> bytes | None:
    """What an extension wraps into one more octet string (RFC 9162 section 7.1, RFC 6962 section 3.3)."""
    value = extensions.get(oid)
    return None if value is None else parse_element(value, OCTET_STRING, what=_WHAT, where="extensions").content


def transparency_information(items: bytes) -> bytes:
    """The value of the extension that carries a ``TransItemList``."""
    return encode_element(OCTET_STRING, items)
