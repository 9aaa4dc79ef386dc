"""Transaction data: what the user authorises by signing it along with a presentation (OpenID4VP 1.0 sections 5.1, 8.4).

Each item is kept as the text that came, for its signature is over that very text. How a format signs it stands with the
format: ``formats.sdjwt`` by hashes in the key binding JWT, ``formats.mdoc`` by a device-signed element.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.catalogue.types import Catalogue
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import Json, JsonObject, encode_json, parse_object
from zegel.primitives.members import read_array, read_text, read_texts
from zegel.protocols.openid4vp.dcql import MAX_CREDENTIALS, MAX_ID, CredentialQuery, DcqlQuery
from zegel.protocols.openid4vp.pid import is_pid

MAX_ITEMS: Final = 16  # the specification sets no limit; nobody reads more on one page
MAX_ITEM: Final = 32_000  # a payment of TS12 has 500 bytes; a list of documents to sign has a hash and a name for each

HASH_ALGORITHM: Final = "sha-256"  # section B.3.3.1: all must support it; ours sign with no other
_OWN_MEMBERS: Final = frozenset({"type", "credential_ids", "transaction_data_hashes_alg"})
_WHAT: Final = "transaction data"


Path = tuple[str, ...]


class MemberKind(StrEnum):
    """What a member of a transaction type may hold."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"
    OBJECT = "object"
    ARRAY = "array"


_CLASSES: Final[Mapping[MemberKind, tuple[type, ...]]] = {
    MemberKind.TEXT: (str,),
    MemberKind.NUMBER: (int, float),
    MemberKind.INTEGER: (int,),
    MemberKind.FLAG: (bool,),
    MemberKind.OBJECT: (dict,),
    MemberKind.ARRAY: (list,),
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionType:
    """A type of transaction data: its members by path, and the attestation types whose holders may sign it.

    An object of which no member is known may hold anything. ``patterns`` are for the whole of a text.
    """

    type: str
    required: Mapping[Path, MemberKind]
    optional: Mapping[Path, MemberKind]
    patterns: Mapping[Path, re.Pattern[str]]
    attestations: frozenset[str]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionData:
    """An item that parses. ``raw`` is the text as received; ``members`` are the type's own, for the consent page."""

    raw: str
    type: str
    credential_ids: tuple[str, ...]
    hash_algorithms: tuple[str, ...]
    members: JsonObject


def transaction_types(catalogue: Catalogue) -> Mapping[str, TransactionType]:
    """The types of the catalogue, by name; whichever attestations list a type may sign it."""
    types: dict[str, TransactionType] = {}
    for attestation in catalogue.types.values():
        for data in attestation.transaction_data:
            before = types[data.type].attestations if data.type in types else frozenset()
            identifiers = {attestation.identifier(format_) for format_ in attestation.formats}
            types[data.type] = TransactionType(
                type=data.type,
                required={_path(name): MemberKind(kind) for name, kind in data.required.items()},
                optional={_path(name): MemberKind(kind) for name, kind in data.optional.items()},
                patterns={_path(name): re.compile(pattern) for name, pattern in data.patterns.items()},
                attestations=before | identifiers,
            )
    return types


def build_transaction_data(
    type_: str, *, credential_ids: Collection[str], members: JsonObject, hash_algorithms: Collection[str] = ()
) -> str:
    """An item as the text that is sent; no ``hash_algorithms`` leaves the default, SHA-256."""
    item: dict[str, Json] = {"type": type_, "credential_ids": list(credential_ids)}
    if hash_algorithms:
        item["transaction_data_hashes_alg"] = list(hash_algorithms)
    return base64url(encode_json({**item, **members}))


def parse_transaction_data(value: Json) -> tuple[TransactionData, ...]:
    """Parse the request parameter, an array of texts; ``Malformed`` for anything else."""
    where = "transaction_data"
    items = read_array(value, what=_WHAT, where=where, limit=MAX_ITEMS)
    return tuple(_item(item, f"{where}[{position}]") for position, item in enumerate(items))


def check_transaction_data(
    items: tuple[TransactionData, ...], *, query: DcqlQuery, types: Mapping[str, TransactionType]
) -> tuple[TransactionData, ...]:
    """Return the items if all may be shown and signed; ``Rejected(TRANSACTION_REQUEST)`` if one may not.

    ``types`` are those that we know, by name. None of this waits for the user: what fails is never shown as a choice.
    """
    for position, item in enumerate(items):
        where = f"transaction_data[{position}]"
        type_ = types.get(item.type)
        if type_ is None:
            raise _refused(f"the type {item.type[:80]} is unknown here", f"{where}.type")
        _check_members(item.members, type_, where)
        _check_hash_algorithm(item, where)
        for signer in _signers(item, query, where):
            _check_signer(signer, type_, f"{where}.credential_ids")
    return items


def check_signable(items: tuple[TransactionData, ...], *, query: DcqlQuery) -> tuple[TransactionData, ...]:
    """Return the items if each credential that they name would sign them; ``Rejected(TRANSACTION_REQUEST)`` otherwise.

    For the verifier, before it asks: an answer without holder binding is not looked at for signatures, so that it would
    pass for one that authorises. What a type demands is the wallet's to check.
    """
    for position, item in enumerate(items):
        where = f"transaction_data[{position}]"
        for signer in _signers(item, query, where):
            _check_bound(signer, f"{where}.credential_ids")
    return items


def assign_transaction_data(
    items: tuple[TransactionData, ...], *, answered: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    """The texts that each answered credential query signs; ``Rejected(TRANSACTION_REQUEST)`` if nobody signs one.

    Section 5.1: one of the credentials that an item names signs it. Where several are presented, it is the first named.
    """
    assigned: dict[str, tuple[str, ...]] = {}
    for position, item in enumerate(items):
        signer = next((id_ for id_ in item.credential_ids if id_ in answered), None)
        if signer is None:
            detail = "expected the presentation of a credential that signs it"
            raise _refused(detail, f"transaction_data[{position}].credential_ids")
        assigned[signer] = (*assigned.get(signer, ()), item.raw)
    return assigned


def _item(value: Json, where: str) -> TransactionData:
    raw = read_text(value, what=_WHAT, where=where, limit=MAX_ITEM)
    members = parse_object(parse_base64url(raw, what=_WHAT, where=where), what=_WHAT)
    algorithms: tuple[str, ...] = ()
    if "transaction_data_hashes_alg" in members:
        at = f"{where}.transaction_data_hashes_alg"
        algorithms = read_texts(members["transaction_data_hashes_alg"], what=_WHAT, where=at, limit=MAX_ITEMS)
    return TransactionData(
        raw=raw,
        type=read_text(members.get("type"), what=_WHAT, where=f"{where}.type"),
        credential_ids=read_texts(
            members.get("credential_ids"),
            what=_WHAT,
            where=f"{where}.credential_ids",
            limit=MAX_CREDENTIALS,
            max_text=MAX_ID,
        ),
        hash_algorithms=algorithms,
        members={name: inner for name, inner in members.items() if name not in _OWN_MEMBERS},
    )


def _path(name: str) -> Path:
    return tuple(name.split("."))


def _check_members(members: JsonObject, type_: TransactionType, where: str, inside: Path = ()) -> None:
    # section 8.5: unknown members, wrong types and missing members of a known type are errors, each of them; TS12
    # section 3.2: what does not conform to the type's schema is not gone on with
    kinds = {**type_.required, **type_.optional}
    for name, value in members.items():
        path = (*inside, name)
        at = f"{where}.{name[:80]}"
        if path not in kinds:
            raise _refused(f"the type {type_.type} has no such member", at)
        if type(value) not in _CLASSES[kinds[path]]:
            raise _refused(f"expected {kinds[path]}", at)
        if type(value) is str and path in type_.patterns and not type_.patterns[path].fullmatch(value):
            raise _refused(f"expected a text like {type_.patterns[path].pattern}", at)
        if type(value) is dict and any(known[:-1] == path for known in kinds):
            _check_members(value, type_, at, path)
    for path in type_.required:
        if path[:-1] == inside and path[-1] not in members:
            raise _refused(f"the type {type_.type} requires this member", f"{where}.{path[-1]}")


def _check_hash_algorithm(item: TransactionData, where: str) -> None:
    if item.hash_algorithms and HASH_ALGORITHM not in item.hash_algorithms:
        raise _refused(f"expected {HASH_ALGORITHM} among the algorithms", f"{where}.transaction_data_hashes_alg")


def _signers(item: TransactionData, query: DcqlQuery, where: str) -> Iterator[CredentialQuery]:
    known = {credential.id: credential for credential in query.credentials}
    for id_ in item.credential_ids:
        if id_ not in known:
            raise _refused("expected ids of the query", f"{where}.credential_ids")
        yield known[id_]


def _check_bound(query: CredentialQuery, where: str) -> None:
    if not query.holder_binding:
        # section B.3.3: reject what asks for transaction data without cryptographic holder binding
        raise _refused(f"expected {query.id} to require cryptographic holder binding", where)


def _check_signer(query: CredentialQuery, type_: TransactionType, where: str) -> None:
    if is_pid(query.types):
        raise _refused("a PID's key signs no transaction", where)
    _check_bound(query, where)
    if not query.types or not type_.attestations.issuperset(query.types):
        raise _refused(f"{query.id} asks for an attestation that does not sign {type_.type}", where)


def _refused(detail: str, field_: str) -> Rejected:
    return Rejected(Check.TRANSACTION_REQUEST, detail, field=field_)


def rejected_as_transaction(error: Malformed) -> Rejected:
    """Section 8.5 has one code for everything that is wrong with transaction data, its grammar included."""
    return _refused(error.detail, error.field)
