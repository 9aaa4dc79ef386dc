"""A type's file, TOML, read into the type. The file is an operator's: an error names the place in it."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Final

from zegel.errors import Malformed
from zegel.formats.catalogue.tables import Table, wrong_type_file
from zegel.formats.catalogue.types import (
    CATEGORY,
    MAX_TEXT,
    AttestationType,
    Catalogue,
    ClaimRule,
    MemberRule,
    Names,
    PayloadClaim,
    TransactionDataType,
    ValueRule,
    ValueType,
)
from zegel.primitives.json import Json
from zegel.trust.disclosure_policy.parse import parse_disclosure_policy
from zegel.trust.disclosure_policy.values import DisclosurePolicy, PolicyType

MAX_FILE: Final = 1 << 14  # the driving licence, in five languages, has 8 kB
MAX_DEPTH: Final = 5  # driving privileges need it: an array of objects that hold an array of objects that hold text
_MAX_DOTS: Final = 100  # a name of n parts costs the TOML parser n squared
_WHAT: Final = "attestation type"
# SD-JWT VC draft 16 section 2.2.2.3, PID_21, what the issuer sets itself, and aud, which would name the only verifiers
_RESERVED: Final = frozenset(
    {"iss", "aud", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status", "_sd", "_sd_alg", "..."}
    | {CATEGORY}
)


def parse_attestation_type(text: str, *, file: str) -> AttestationType:
    """Parse a type's file, by its name; ``Malformed`` says where what is missing, unknown or of another type."""
    what = f"{_WHAT} {file}"
    if len(text) > MAX_FILE:
        raise wrong_type_file(what, "", f"expected at most {MAX_FILE} characters")
    if max(line.count(".") for line in text.split("\n")) > _MAX_DOTS:
        raise wrong_type_file(what, "", f"expected at most {_MAX_DOTS} dots in a line")
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise wrong_type_file(what, "", f"expected TOML: {str(error)[:100]}") from None
    root = Table(document, what=what)
    sd_jwt, mdoc = root.table("sd_jwt"), root.table("mdoc")
    namespace = mdoc.text("namespace") if mdoc else ""
    claims = tuple(_claim(claim, bool(sd_jwt), bool(mdoc), namespace) for claim in root.tables("claims"))
    parents = dict(_parent(table) for table in root.tables("parents"))
    type_ = AttestationType(
        id=root.text("id"),
        names=root.names("names"),
        descriptions=root.names("descriptions"),
        vct=sd_jwt.text("vct") if sd_jwt else None,
        extends=sd_jwt.optional_text("extends"),
        doctype=mdoc.text("doctype") if mdoc else None,
        category=root.optional_text("category"),
        claims=claims,
        parents=parents,
        unique=root.texts("unique"),
        validity_days=root.number("validity_days", None, at_least=1),
        renewal_days=root.number("renewal_days", 0),
        batch_size=root.number("batch_size", 10, at_least=1),
        decoys=sd_jwt.number("decoys", 0),
        revocable=root.flag("revocable", True),
        device_bound=root.flag("device_bound", True),
        transaction_data=tuple(_transaction_data(table) for table in root.tables("transaction_data")),
        policy=_policy(root.table("disclosure_policy"), what),
    )
    for table in (root, sd_jwt, mdoc):
        table.refuse_rest()
    _refuse_contradictions(type_, what)
    return type_


def build_catalogue(types: Iterable[AttestationType]) -> Catalogue:
    """All types together; ``Malformed`` where two have the same id, vct or doctype."""
    by_id: dict[str, AttestationType] = {}
    identifiers: set[str] = set()
    for type_ in types:
        own = set(type_.identifiers)
        if type_.id in by_id or not identifiers.isdisjoint(own):
            raise wrong_type_file(
                f"{_WHAT} {type_.id}", "", "expected another id, vct and doctype than those of any other type"
            )
        by_id[type_.id] = type_
        identifiers |= own
    return Catalogue(types=by_id)


def _claim(table: Table, in_sd_jwt: bool, in_mdoc: bool, namespace: str) -> ClaimRule:
    id_ = table.text("id")
    sd_jwt = table.optional_texts("sd_jwt")
    claim = ClaimRule(
        id=id_,
        names=table.names("names"),
        rule=_rule(table, MAX_DEPTH),
        mandatory=table.flag("mandatory", False),
        disclosable=table.flag("disclosable", True),
        sd_jwt=(sd_jwt or (id_,)) if in_sd_jwt and sd_jwt != () else None,
        mdoc=_element(table, namespace, id_) if in_mdoc else None,
        begins_with=table.optional_text("begins_with"),
    )
    table.refuse_rest()
    if claim.sd_jwt is not None and claim.sd_jwt[0] in _RESERVED:
        raise table.malformed("sd_jwt", "expected a name that SD-JWT VC and the issuer leave free")
    return claim


def _parent(table: Table) -> tuple[tuple[str, ...], Names]:
    path, names = table.texts("sd_jwt"), table.names("names")
    table.refuse_rest()
    return path, names


def _element(table: Table, namespace: str, id_: str) -> tuple[str, str] | None:
    """``mdoc`` is the element, or its namespace and the element; empty for a claim that an mdoc does not hold."""
    match table.optional_texts("mdoc"):
        case None:
            return namespace, id_
        case ():
            return None
        case (element,):
            return namespace, element
        case (other, element):
            return other, element
        case _:
            raise table.malformed("mdoc", "expected an element, or a namespace and an element")


def _rule(table: Table, depth: int) -> ValueRule:
    if not depth:
        raise table.malformed("type", f"expected at most {MAX_DEPTH} levels")
    pattern = table.optional_text("pattern")
    try:
        re.compile(pattern or "")
    except (re.error, RecursionError, OverflowError):
        raise table.malformed("pattern", "expected a regular expression") from None
    type_ = table.text("type")
    if type_ not in tuple(ValueType):
        raise table.malformed("type", f"expected one of {', '.join(ValueType)}")
    members = tuple(_member(member, depth - 1) for member in table.tables("members"))
    items = table.table("items")
    if (type_ == ValueType.OBJECT) is not bool(members) or (type_ == ValueType.ARRAY) is not bool(items):
        raise table.malformed("type", "expected members for an object, items for an array, and neither for the rest")
    rule = ValueRule(
        type=ValueType(type_),
        max_length=table.number("max_length", MAX_TEXT),
        pattern=pattern,
        values=frozenset(table.numbers("values")) or None,
        members=members,
        items=_rule(items, depth - 1) if items else None,
    )
    items.refuse_rest()
    return rule


def _member(table: Table, depth: int) -> MemberRule:
    member = MemberRule(
        id=table.text("id"),
        names=table.names("names"),
        rule=_rule(table, depth),
        mandatory=table.flag("mandatory", False),
    )
    table.refuse_rest()
    return member


def _transaction_data(table: Table) -> TransactionDataType:
    type_ = TransactionDataType(
        type=table.text("type"),
        required=table.mapping("required"),
        optional=table.mapping("optional"),
        patterns=table.mapping("patterns"),
        namespace=table.optional_text("namespace"),
        elements=table.texts("elements"),
        claims=tuple(_payload_claim(claim) for claim in table.tables("claims")),
        labels={label.name: label.names_here() for label in table.table("labels").children()},
    )
    table.refuse_rest()
    return type_


def _policy(table: Table, what: str) -> DisclosurePolicy | None:
    """The table in the words of the metadata; ``parties`` and ``roots`` are tables in an array."""
    if not table:
        return None
    written: dict[str, Json] = {"policy_uri": table.text("uri"), "policy_type": table.text("type")}
    for name, member in (
        ("explanation", "policy_info_url"),
        ("description", "description"),
        ("authority", "policy_authority"),
    ):
        if (text := table.optional_text(name)) is not None:
            written[member] = text
    if written["policy_type"] not in tuple(PolicyType):
        raise table.malformed("type", f"expected one of {', '.join(PolicyType)}")
    parties = [_members(each, _PARTY) for each in table.tables("parties")]
    roots = [_members(each, _ROOT) for each in table.tables("roots")]
    written |= {"authorized_parties": parties} if parties else {}
    written |= {"trusted_roots": roots} if roots else {}
    table.refuse_rest()
    try:
        return parse_disclosure_policy(written, where="disclosure_policy")
    except Malformed as error:
        raise wrong_type_file(what, error.where, error.expected) from None


_PARTY: Final = {
    "identifier": "identifier",
    "service": "service_identifier",
    "entitlement": "entitlement_uri",
    "subject": "subject_dn",
}
_ROOT: Final = {"issuer": "issuer_dn", "serial_number": "serial_number"}


def _members(table: Table, names: Mapping[str, str]) -> dict[str, Json]:
    found = {member: table.optional_text(name) for name, member in names.items()}
    table.refuse_rest()
    return {member: text for member, text in found.items() if text is not None}


def _payload_claim(table: Table) -> PayloadClaim:
    claim = PayloadClaim(
        path=table.texts("path"),
        names=table.names("names"),
        visualisation=table.number("visualisation", 3, at_least=1),  # TS12 section 3.3.1: the default
        values={value.name: value.names_here() for value in table.table("values").children()},
    )
    table.refuse_rest()
    return claim


def _refuse_contradictions(type_: AttestationType, what: str) -> None:
    """What no table shows on its own: names used twice, or pointing nowhere."""
    ids = [claim.id for claim in type_.claims]
    places = [claim.sd_jwt for claim in type_.claims if claim.sd_jwt]
    elements = [claim.mdoc for claim in type_.claims if claim.mdoc]
    nested = {path[:length] for path in places for length in range(1, len(path))}
    if not type_.formats:
        raise wrong_type_file(what, "", "expected a table sd_jwt, mdoc, or both")
    if any(len(set(names)) != len(names) for names in (ids, places, elements)):
        raise wrong_type_file(what, "", "expected each claim, path and element once")
    if not nested.isdisjoint(places) or nested != set(type_.parents):
        raise wrong_type_file(what, "parents", "expected the names of the objects that hold claims, and no other")
    pointers = {*type_.unique, *(claim.begins_with for claim in type_.claims if claim.begins_with)}
    if not pointers <= set(ids):
        raise wrong_type_file(what, "", "expected unique and begins_with to name claims of the type")
