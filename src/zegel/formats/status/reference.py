"""What a credential says of its status, and what an issuer says of its lists (draft 20 sections 6 and 9)."""

from collections.abc import Mapping, Sequence
from typing import Final

from zegel.errors import Malformed
from zegel.formats.credential import StatusReference
from zegel.primitives.json import Json, encode_json, parse_object

MAX_INDEX: Final = (1 << 53) - 1  # RFC 7493 section 2.2: beyond it JSON numbers are no longer exact
MAX_URI: Final = 2_048  # what every server takes
MAX_LISTS: Final = 10_000  # of a million entries each


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


def status_claim(reference: StatusReference) -> dict[str, dict[str, int | str]]:
    """The ``status`` claim of a credential, for JSON and for CBOR."""
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
