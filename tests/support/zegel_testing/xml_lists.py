"""Trusted lists in XML of others, as the table beside them names them, and what a reader makes of each."""

import lzma
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from zegel.trust.lists.xml.parse import UnverifiedXmlList, parse_xml_list
from zegel.trust.lists.xml.values import XmlListType
from zegel.trust.lists.xml.verify import VerifiedXmlList, verify_list_of_lists, verify_national_list

FOLDER = Path(__file__).parents[2] / "vectors" / "trustlists"
Row = Mapping[str, Any]


def rows() -> tuple[Row, ...]:
    """The table."""
    return tuple(tomllib.loads((FOLDER / "expected.toml").read_text())["list"])


@cache
def list_text(file: str) -> bytes:
    """A list as it was published; it is kept packed."""
    return lzma.decompress((FOLDER / f"{file}.xz").read_bytes())


@cache
def parsed(file: str) -> UnverifiedXmlList:
    """A list that parses."""
    return parse_xml_list(list_text(file))


def signers(row: Row, document: UnverifiedXmlList) -> tuple[bytes, ...]:
    """Who may sign it: a file of certificates, or the list that points to it, or whoever it names itself."""
    kind, _, rest = row["anchors"].partition(" ")
    if kind == "file":
        certificates = x509.load_pem_x509_certificates((FOLDER / rest).read_bytes())
        return tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates)
    if kind == "signer-of":
        return (parsed(rest).signature.signer,)
    return (document.signature.signer,) if kind == "itself" else _pointer(rest).certificates


def judged(row: Row, *, now: int) -> VerifiedXmlList:
    """What a reader makes of a list at a time."""
    document = parse_xml_list(list_text(row["file"]))
    if row["anchors"].startswith("pointer "):
        return verify_national_list(
            document, pointer=_pointer(row["anchors"].removeprefix("pointer ")), now=now, seen=0
        )
    if row["type"] == "national":
        pointer = _pointer("dss/eu-lotl.xml CY")
        changed = type(pointer)(
            location=pointer.location,
            type=pointer.type,
            territory=document.unverified_territory,
            media_type=pointer.media_type,
            certificates=signers(row, document),
        )
        return verify_national_list(document, pointer=changed, now=now, seen=0)
    pivots = tuple(parsed(pivot) for pivot in row.get("pivots", ()))
    return verify_list_of_lists(document, pivots=pivots, signers=signers(row, document), now=now, seen=0)


def _pointer(named: str) -> Any:
    file, territory = named.split(" ")
    found = [
        pointer
        for pointer in parsed(file).unverified_pointers
        if pointer.type == XmlListType.NATIONAL
        and pointer.territory == territory
        and "xml" in (pointer.media_type or "")
    ]
    return found[0]
