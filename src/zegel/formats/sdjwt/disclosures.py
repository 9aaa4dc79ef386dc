"""Disclosures and the digests that tie them to what the issuer signed (RFC 9901 sections 4.2 and 7.1).

This is SD-JWT alone: it knows nothing of credentials, keys or time.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, TypeAlias, cast, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.claims import ClaimPath
from zegel.primitives.encoding import base64url_digests, parse_base64url_all
from zegel.primitives.json import MAX_DEPTH, Json, JsonObject, parse_arrays

Disclosure: TypeAlias = list[Json]
"""What a disclosure says: salt, name and value of an object's property, or salt and value of an array's entry."""

HASH_ALGORITHM: Final = "sha-256"  # HAIP 1.0 section 8 asks for this one; no profile here names another
MAX_DISCLOSURES: Final = 500  # a PID has 40; a diploma with every course of a degree stays under 300
RESERVED_NAMES: Final = frozenset({"_sd", "...", "_sd_alg"})
_CONTAINERS: Final = frozenset({dict, list})
_WHAT: Final = "disclosure"


def parse_disclosures(encoded: list[bytes]) -> list[Disclosure]:
    """Parse disclosures as sent; ``Malformed`` unless each is an array of two or three that begins with a salt."""
    if len(encoded) > MAX_DISCLOSURES:
        raise Malformed(_WHAT, "", f"expected at most {MAX_DISCLOSURES}, got {len(encoded)}")
    disclosures = parse_arrays(parse_base64url_all(encoded, what=_WHAT), what=_WHAT)
    for disclosure in disclosures:
        if not 2 <= len(disclosure) <= 3:
            raise Malformed(_WHAT, "", "expected salt, name and value, or salt and value")
        if type(disclosure[0]) is not str or type(disclosure[-2]) is not str:
            raise Malformed(_WHAT, "", "expected salt and name as text")
    return disclosures


def digest_disclosures(encoded: Sequence[bytes]) -> list[str]:
    """The digest of each disclosure, over its base64url text as sent (RFC 9901 section 4.2.3)."""
    return base64url_digests([sha256(text).digest() for text in encoded])


def resolve_disclosures(
    payload: JsonObject, encoded: Sequence[bytes], disclosures: Sequence[Disclosure]
) -> dict[str, Json]:
    """The Processed SD-JWT Payload: what is disclosed in its place, and no ``_sd``, ``_sd_alg`` or ``...`` left.

    RFC 9901 section 7.1 steps 2.e to 5. ``Rejected`` with HASH_ALGORITHM, DIGEST_PLACE, DISCLOSED_CLAIM or DISCLOSURE.
    """
    if payload.get("_sd_alg", HASH_ALGORITHM) != HASH_ALGORITHM:
        raise Rejected(Check.HASH_ALGORITHM, f"expected {HASH_ALGORITHM}", field="_sd_alg")
    waiting = dict(zip(digest_disclosures(encoded), disclosures, strict=True))
    if len(waiting) != len(disclosures):
        raise Rejected(Check.DISCLOSURE, "a disclosure is sent twice")
    processed = _Resolution(waiting).payload(payload)
    if waiting:  # RFC 9901 section 7.1 step 5
        raise Rejected(Check.DISCLOSURE, f"{len(waiting)} disclosures have no digest in what the issuer signed")
    return processed


def locate_claims(
    payload: JsonObject, encoded: Sequence[bytes], disclosures: Sequence[Disclosure]
) -> Iterator[tuple[ClaimPath, tuple[bytes, ...]]]:
    """Each claim's path in the payload with everything disclosed, and the disclosures on the way to it."""
    table = dict(zip(digest_disclosures(encoded), zip(encoded, disclosures, strict=True), strict=True))
    return _locate(payload, (), (), table)


@final
class _Resolution:
    """One walk over a payload: takes each disclosure out of ``waiting`` when its digest is met."""

    __slots__ = ("_met", "_waiting")

    def __init__(self, waiting: dict[str, Disclosure]) -> None:
        self._waiting = waiting
        self._met: set[str] = set()

    def payload(self, payload: JsonObject) -> dict[str, Json]:
        """The whole, without ``_sd_alg``, which stands at this level alone."""
        processed = self._object(payload, 0)
        processed.pop("_sd_alg", None)
        return processed

    def _object(self, node: Mapping[str, Json], depth: int) -> dict[str, Json]:
        inner = dict(node)
        for name, value in node.items():
            if type(value) in _CONTAINERS and name != "_sd":
                inner[name] = self._value(value, depth + 1)
        if not RESERVED_NAMES.isdisjoint(node):
            self._refuse_misplaced(node, depth)
            if "_sd" in inner:
                self._insert(inner.pop("_sd"), inner, depth + 1)
        return inner

    def _refuse_misplaced(self, node: Mapping[str, Json], depth: int) -> None:
        if "..." in node:
            raise Rejected(Check.DIGEST_PLACE, "expected ... as the one member of an array entry", field="...")
        if depth and "_sd_alg" in node:  # RFC 9901 section 4.1.1
            raise Rejected(Check.HASH_ALGORITHM, "expected _sd_alg at the top level alone", field="_sd_alg")

    def _insert(self, digests: Json, into: dict[str, Json], depth: int) -> None:
        if not isinstance(digests, list) or not _are_text(digests):
            raise Rejected(Check.DIGEST_PLACE, "expected an array of digests", field="_sd")
        waiting, met = self._waiting, self._met
        known = len(met)
        met.update(digests)
        if len(met) != known + len(digests):  # RFC 9901 section 7.1 step 4
            raise Rejected(Check.DIGEST_PLACE, "a digest stands in the credential twice", field="_sd")
        for digest in filter(waiting.__contains__, digests):  # any other is a decoy, or is not disclosed
            disclosure = waiting.pop(digest)
            if len(disclosure) != 3:
                raise Rejected(Check.DISCLOSED_CLAIM, "expected salt, name and value for an object", field="_sd")
            _, name, value = disclosure
            assert isinstance(name, str)
            if name in into or name in RESERVED_NAMES:  # RFC 9901 section 7.1 steps 3.c.ii.2 and 3.c.ii.3
                raise Rejected(Check.DISCLOSED_CLAIM, "a disclosed name is taken or reserved", field="_sd")
            into[name] = self._value(value, depth) if type(value) in _CONTAINERS else value

    def _value(self, value: Json, depth: int) -> Json:
        text = repr(value)  # quicker than a walk that finds nothing
        if "'_sd" not in text and "'...'" not in text:
            return value
        if depth == MAX_DEPTH:  # each disclosure is within the depth, but they may stand in one another
            raise Rejected(Check.DISCLOSED_CLAIM, f"expected a depth of at most {MAX_DEPTH} when disclosed")
        return self._object(value, depth) if type(value) is dict else self._array(value, depth)

    def _array(self, node: Json, depth: int) -> list[Json]:
        assert isinstance(node, list)
        entries: list[Json] = []
        for item in node:
            entry = item
            if type(item) is dict and "..." in item:
                disclosure = self._entry(item)
                if disclosure is None:
                    continue  # RFC 9901 section 7.1 step 3.d
                entry = disclosure[1]
            entries.append(self._value(entry, depth + 1) if type(entry) in _CONTAINERS else entry)
        return entries

    def _entry(self, item: Mapping[str, Json]) -> Disclosure | None:
        digest = item["..."]
        if len(item) != 1 or type(digest) is not str:
            raise Rejected(Check.DIGEST_PLACE, "expected ... with one digest, and nothing beside it", field="...")
        if digest in self._met:
            raise Rejected(Check.DIGEST_PLACE, "a digest stands in the credential twice", field="...")
        self._met.add(digest)
        disclosure = self._waiting.pop(digest, None)
        if disclosure is not None and len(disclosure) != 2:
            raise Rejected(Check.DISCLOSED_CLAIM, "expected salt and value for an array entry", field="...")
        return disclosure


def _are_text(items: list[Json]) -> bool:
    """``join`` takes text alone, and is the quickest to say so."""
    try:
        "".join(cast("list[str]", items))
    except TypeError:
        return False
    return True


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
