"""Disclosures and the digests that tie them to what the issuer signed (RFC 9901 sections 4.2 and 7.1).

This is SD-JWT alone: it knows nothing of credentials, keys or time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Final, TypeAlias

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.encoding import base64url_digests
from zegel.primitives.json import MAX_DEPTH, Json, JsonObject

Disclosure: TypeAlias = list[Json]
"""What a disclosure says: salt, name and value of an object's property, or salt and value of an array's entry."""

HASH_ALGORITHM: Final = "sha-256"  # HAIP 1.0 section 8 asks for this one; no profile here names another
MAX_DISCLOSURES: Final = 500  # a PID has 40; a diploma with every course of a degree stays under 300
RESERVED_NAMES: Final = frozenset({"_sd", "...", "_sd_alg"})
_CONTAINERS: Final = frozenset({dict, list})
_LISTS: Final = frozenset({list})
_TEXT: Final = frozenset({str})
_LENGTHS: Final = frozenset({2, 3})
_THREE: Final = frozenset({3})
_FIRST: Final = itemgetter(0)
_LAST_BUT_ONE: Final = itemgetter(-2)
_WHAT: Final = "disclosure"


def parse_disclosures(decoded: list[Json]) -> list[Disclosure]:
    """Type what disclosures hold; ``Malformed`` unless each is an array of two or three that begins with a salt."""
    for contents in decoded:
        if (
            type(contents) is not list
            or not (len(contents) == 2 or (len(contents) == 3 and type(contents[1]) is str))
            or type(contents[0]) is not str
        ):
            what = disclosure_name(decoded.index(contents))
            raise Malformed(what, "", "expected an array of salt, name and value, or of salt and value")
    disclosures: list[Disclosure] = decoded  # type: ignore[assignment]  # as was seen
    return disclosures


def disclosure_name(index: int) -> str:
    """What to call a disclosure that is at fault."""
    return f"disclosure {index + 1}"


def digest_disclosures(encoded: Iterable[bytes]) -> list[str]:
    """The digest of each disclosure, over its base64url text as sent (RFC 9901 section 4.2.3)."""
    return base64url_digests([sha256(text).digest() for text in encoded])


def resolve_disclosures(
    payload: JsonObject, encoded: Sequence[bytes], disclosures: Sequence[Disclosure]
) -> dict[str, Json]:
    """The Processed SD-JWT Payload: what is disclosed in its place, and no ``_sd``, ``_sd_alg`` or ``...`` left.

    RFC 9901 section 7.1 steps 2.e to 5. ``Rejected`` with HASH_ALGORITHM, DIGEST_PLACE, DISCLOSED_CLAIM or DISCLOSURE.
    """
    payload = dict(payload)
    if payload.pop("_sd_alg", HASH_ALGORITHM) != HASH_ALGORITHM:
        raise Rejected(Check.HASH_ALGORITHM, f"expected {HASH_ALGORITHM}", field="_sd_alg")
    waiting = dict(zip(digest_disclosures(encoded), disclosures, strict=True))
    if len(waiting) != len(disclosures):
        raise Rejected(Check.DISCLOSURE, "a disclosure is sent twice")
    processed = _resolve_object(payload, waiting, set(), 1)
    if waiting:  # RFC 9901 section 7.1 step 5
        raise Rejected(Check.DISCLOSURE, f"disclosures without a digest in what the issuer signed: {len(waiting)}")
    return processed


def locate_claims(
    payload: JsonObject, encoded: Sequence[bytes], disclosures: Sequence[Disclosure]
) -> Iterator[tuple[ClaimPath, tuple[bytes, ...]]]:
    """Each claim's path in the payload with everything disclosed, and the disclosures on the way to it."""
    table = dict(zip(digest_disclosures(encoded), zip(encoded, disclosures, strict=True), strict=True))
    return _locate(payload, (), (), table)


_Waiting: TypeAlias = dict[str, Disclosure]
"""The disclosures whose digest was not met yet."""


def _resolve_object(node: Mapping[str, Json], waiting: _Waiting, met: set[str], depth: int) -> dict[str, Json]:
    """A copy of the object with what is disclosed in it."""
    resolved = dict(node)
    if "_sd" in resolved:
        for _, name, value in _take_properties(resolved.pop("_sd"), waiting, met):
            if name in resolved or name in RESERVED_NAMES:  # RFC 9901 section 7.1 steps 3.c.ii.2 and 3.c.ii.3
                raise Rejected(Check.DISCLOSED_CLAIM, "a disclosed name is taken or reserved", field="_sd")
            resolved[name] = value  # type: ignore[index]  # names are text, as they were parsed
    if "..." in resolved:
        raise Rejected(Check.DIGEST_PLACE, "expected ... as the one member of an array entry", field="...")
    if "_sd_alg" in resolved:  # RFC 9901 section 4.1.1
        raise Rejected(Check.HASH_ALGORITHM, "expected _sd_alg at the top level alone", field="_sd_alg")
    if depth == MAX_DEPTH:  # each disclosure is within the depth, but they may stand in one another
        _refuse_depth(resolved.values())
    for name, value in resolved.items():
        if type(value) is dict:
            resolved[name] = _resolve_object(value, waiting, met, depth + 1)
        elif type(value) is list:
            resolved[name] = _resolve_array(value, waiting, met, depth + 1)
    return resolved


def _resolve_array(node: Sequence[Json], waiting: _Waiting, met: set[str], depth: int) -> list[Json]:
    """A copy of the array with what is disclosed in it."""
    resolved = []
    for item in node:
        value = item
        if type(item) is dict and "..." in item:
            disclosure = _take_entry(item, waiting, met)
            if disclosure is None:
                continue  # RFC 9901 section 7.1 step 3.d
            value = disclosure[1]
        if depth == MAX_DEPTH:
            _refuse_depth((value,))
        if type(value) is dict:
            value = _resolve_object(value, waiting, met, depth + 1)
        elif type(value) is list:
            value = _resolve_array(value, waiting, met, depth + 1)
        resolved.append(value)
    return resolved


def _refuse_depth(values: Iterable[Json]) -> None:
    if any(type(value) in _CONTAINERS for value in values):
        raise Rejected(Check.DISCLOSED_CLAIM, f"expected a depth of at most {MAX_DEPTH} when disclosed")


def _take_properties(digests: Json, waiting: _Waiting, met: set[str]) -> list[Disclosure]:
    """The properties that are disclosed of those with these digests; any other is a decoy, or is not disclosed."""
    if type(digests) is not list or not _TEXT.issuperset(map(type, digests)):
        raise Rejected(Check.DIGEST_PLACE, "expected an array of digests", field="_sd")
    known = len(met)
    met.update(digests)
    if len(met) != known + len(digests):  # RFC 9901 section 7.1 step 4
        raise Rejected(Check.DIGEST_PLACE, "a digest stands in the credential twice", field="_sd")
    taken = [waiting.pop(digest) for digest in digests if digest in waiting]
    if not _THREE.issuperset(map(len, taken)):  # RFC 9901 section 7.1 step 3.c.ii.1
        raise Rejected(Check.DISCLOSED_CLAIM, "expected salt, name and value for an object", field="_sd")
    return taken


def _take_entry(item: Mapping[str, Json], waiting: _Waiting, met: set[str]) -> Disclosure | None:
    digest = item["..."]
    if len(item) != 1 or type(digest) is not str:
        raise Rejected(Check.DIGEST_PLACE, "expected ... with one digest, and nothing beside it", field="...")
    if digest in met:
        raise Rejected(Check.DIGEST_PLACE, "a digest stands in the credential twice", field="...")
    met.add(digest)
    disclosure = waiting.pop(digest, None)
    if disclosure is not None and len(disclosure) != 2:
        raise Rejected(Check.DISCLOSED_CLAIM, "expected salt and value for an array entry", field="...")
    return disclosure


_Table: TypeAlias = Mapping[str, tuple[bytes, Disclosure]]
_Located: TypeAlias = tuple[ClaimPath, tuple[bytes, ...]]


def _locate(node: Json, path: ClaimPath, route: tuple[bytes, ...], table: _Table) -> Iterator[_Located]:
    for key, value, via in _members(node, table):
        yield (*path, key), (*route, *via)
        yield from _locate(value, (*path, key), (*route, *via), table)


def _members(node: Json, table: _Table) -> Iterator[tuple[str | int, Json, tuple[bytes, ...]]]:
    """Names and values of an object, indices and entries of an array, each with its own disclosure if it has one."""
    if type(node) is dict:
        yield from ((name, value, ()) for name, value in node.items() if name not in RESERVED_NAMES)
        for encoded, (_, name, value) in (table[digest] for digest in node.get("_sd", ()) if digest in table):
            assert isinstance(name, str)
            yield name, value, (encoded,)
    elif type(node) is list:
        index = 0
        for item in node:
            via: tuple[bytes, ...] = ()
            value = item
            if type(item) is dict and "..." in item:
                if item["..."] not in table:
                    continue
                encoded, (_, value) = table[item["..."]]
                via = (encoded,)
            yield index, value, via
            index += 1
