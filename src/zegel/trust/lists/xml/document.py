"""An XML document as a tree, within limits: no document types, no entities, no network, nothing huge."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from lxml import etree

from zegel.errors import Malformed
from zegel.primitives.encoding import parse_base64

Element: TypeAlias = Any  # lxml has no types of its own

MAX_DOCUMENT: Final = 10_000_000  # the longest of the Union's lists is under four million bytes
_MAX_TAGS: Final = 200_000  # a list of a million bytes has eighteen thousand; each costs a hundred bytes in the tree
_MAX_DEPTH: Final = 32  # the deepest list of the Union has eighteen levels
_MAX_TEXT: Final = 1_000_000  # a legal notice in twenty-four languages is a hundred thousand characters
_DECLARATION: Final = b"<?xml "
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def open_document(data: bytes, *, what: str) -> Element:
    """The root of a document; ``Malformed`` for anything that is not plain XML in UTF-8 within the limits."""
    if len(data) > MAX_DOCUMENT:
        raise Malformed(what, "", f"expected at most {MAX_DOCUMENT} bytes, got {len(data)}")
    data = data.removeprefix(_BYTE_ORDER_MARK)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise Malformed(what, "", "expected no document type")
    # Nor comments that part a text, nor instructions: what is signed is then the elements and their texts alone.
    if b"<?" in data.removeprefix(_DECLARATION):
        raise Malformed(what, "", "expected no processing instruction")
    if max(data.count(b"<"), data.count(b"=")) > _MAX_TAGS:
        raise Malformed(what, "", f"expected at most {_MAX_TAGS} tags and attributes")
    parser = etree.XMLParser(
        encoding="utf-8",  # whatever the declaration says: what was looked for above was looked for in UTF-8
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        place = f"line {error.lineno}" if isinstance(error, etree.XMLSyntaxError) else ""
        raise Malformed(what, place, "expected XML in UTF-8") from None
    _check_depth(root, what)
    return root


def children(element: Element, name: str) -> Iterator[Element]:
    """The elements of that name, ``{namespace}local``, directly in an element."""
    yield from element.iterchildren(name)


def child(element: Element, name: str, *, what: str) -> Element:
    """The one element of that name directly in an element; ``Malformed`` unless there is exactly one."""
    found = list(element.iterchildren(name))
    if len(found) != 1:
        raise Malformed(what, local_name(name), f"expected one in {local_name(element.tag)}, found {len(found)}")
    return found[0]


def text_of(element: Element, *, what: str) -> str:
    """The text of an element that has no others in it, without space around it."""
    text = "".join(element.itertext()) if len(element) == 0 else ""
    if not 0 < len(text.strip()) <= _MAX_TEXT:
        raise Malformed(what, local_name(element.tag), f"expected text of one to {_MAX_TEXT} characters")
    return text.strip()


def bytes_of(element: Element, *, what: str) -> bytes:
    """The base64 of an element, which may be broken into lines."""
    return parse_base64("".join(text_of(element, what=what).split()), what=what, where=local_name(element.tag))


def time_of(element: Element, *, what: str) -> int:
    """A time in seconds since the epoch, the fraction dropped; ``Malformed`` without a zone."""
    try:
        time = datetime.fromisoformat(text_of(element, what=what))
        if time.tzinfo is not None:
            return int(time.astimezone(UTC).timestamp())
    except (ValueError, OverflowError):  # the latter for a zone that leads out of the calendar
        pass
    raise Malformed(what, local_name(element.tag), "expected a time as 2026-01-31T12:00:00Z")


def local_name(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]


def _check_depth(root: Element, what: str) -> None:
    level = [root]
    for _ in range(_MAX_DEPTH):
        level = [inner for element in level for inner in element]
        if not level:
            return
    raise Malformed(what, "", f"expected a depth of at most {_MAX_DEPTH}")
