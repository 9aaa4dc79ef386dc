"""What a credential says of its status, and what an issuer says of its lists.

Token Status List draft 20 sections 6 and 9; ISO/IEC 18013-5 (second edition) section 12.3.6.2 for mdocs.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from zegel.errors import Malformed
from zegel.formats.credential import IdentifierReference, Reference, StatusReference
from zegel.primitives.json import Json, encode_json, parse_object

AGGREGATION: Final = "status_list_aggregation_endpoint"  # draft 20 section 9.1, in metadata
MAX_INDEX: Final = (1 << 53) - 1  # RFC 7493 section 2.2: beyond it JSON numbers are no longer exact
MAX_URI: Final = 2_048  # what every server takes
MAX_LISTS: Final = 10_000  # of a million entries each
MAX_IDENTIFIER: Final = 64  # bytes; 16 random ones are unique for good, and a SHA-512 digest fits


def parse_status_reference(value: object, what: str) -> StatusReference:
    """Parse a ``status`` claim, decoded from JSON or CBOR; ``Malformed`` unless it names an entry of a status list.

    A status by another mechanism alone is ``Malformed`` too: what cannot be looked up must not pass for valid.
    """
    # dict first: to ask the abstract class takes ten times as long
    entry = value.get("status_list") if isinstance(value, (dict, Mapping)) else None
    if not isinstance(entry, (dict, Mapping)):
        raise Malformed(what, "status", "expected a reference to a status list")
    index, uri = entry.get("idx"), entry.get("uri")
    if type(index) is not int or not 0 <= index <= MAX_INDEX:
        raise Malformed(what, "status.status_list.idx", "expected an index from zero")
    if type(uri) is not str or not 0 < len(uri) <= MAX_URI:
        raise Malformed(what, "status.status_list.uri", f"expected a URI of at most {MAX_URI} characters")
    return StatusReference(uri=uri, index=index)


def parse_mdoc_status(value: object, what: str) -> Reference:
    """Parse the ``Status`` of an mdoc, which may name an identifier list instead (18013-5 section 12.3.6.4).

    ``Malformed`` as ``parse_status_reference``, and where both are named: neither may be passed over for the other.
    """
    if type(value) is not dict or "identifier_list" not in value:
        return parse_status_reference(value, what)
    listed = value["identifier_list"]
    if type(listed) is not dict or "status_list" in value:
        raise Malformed(what, "status", "expected a reference to one identifier list, or to one status list")
    identifier, uri, certificate = listed.get("id"), listed.get("uri"), listed.get("certificate")
    if type(identifier) is not bytes or not 0 < len(identifier) <= MAX_IDENTIFIER:
        raise Malformed(what, "status.identifier_list.id", f"expected one to {MAX_IDENTIFIER} bytes")
    if type(uri) is not str or not 0 < len(uri) <= MAX_URI:
        raise Malformed(what, "status.identifier_list.uri", f"expected a URI of at most {MAX_URI} characters")
    # the certificate is no source of trust here: who may sign lists, the list of trusted entities says (OIA_12)
    if certificate is not None and type(certificate) is not bytes:
        raise Malformed(what, "status.identifier_list.certificate", "expected bytes")
    return IdentifierReference(uri=uri, identifier=identifier)


def status_claim(reference: Reference) -> dict[str, dict[str, int | str | bytes]]:
    """The ``status`` of a credential: for CBOR, and unless it names an identifier list for JSON."""
    if isinstance(reference, IdentifierReference):
        return {"identifier_list": {"id": reference.identifier, "uri": reference.uri}}
    return {"status_list": {"idx": reference.index, "uri": reference.uri}}


def build_aggregation(uris: Sequence[str]) -> bytes:
    """The document that names an issuer's lists (section 9.3)."""
    return encode_json({"status_lists": list(uris)})


def parse_aggregation(data: bytes) -> tuple[str, ...]:
    """The URIs of an issuer's lists; ``Malformed`` for another document."""
    what = "status list aggregation"
    uris: Json = parse_object(data, what=what).get("status_lists")
    if type(uris) is not list or len(uris) > MAX_LISTS:
        raise Malformed(what, "status_lists", f"expected an array of at most {MAX_LISTS} URIs")
    for uri in uris:
        if type(uri) is not str:
            raise Malformed(what, "status_lists", "expected URIs")
    return tuple(uris)
