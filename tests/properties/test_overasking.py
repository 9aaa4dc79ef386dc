"""Over-asking, by brute force: a query is flagged if and only if an admissible answer discloses what is not registered.

Answers are made of whole credentials that are richer than any query or registration: each object has a member, and
each array an entry, that nobody names; and of others in which something else stands in an array's or object's place.
What an answer discloses is spelled out leaf by leaf, with walkers of this file.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zegel.protocols.openid4vp.dcql import DcqlQuery, parse_query
from zegel.protocols.openid4vp.overasking import unregistered_claims
from zegel.trust.registration.credentials import RegisteredCredential, parse_registered_credentials

SD_JWT: Final[dict[str, Any]] = {
    "name": "v",
    "address": {"city": "v", "street": "v", "unnamed": "v"},
    "states": ["v", "v", "v"],
    "degrees": [{"type": "v", "year": "v", "unnamed": "v"}, {"type": "v", "year": "v", "unnamed": "v"}],
    "unnamed": "v",
}
MDOC: Final[dict[str, Any]] = {
    "ns.1": {"name": "v", "portrait": "v", "unnamed": "v"},
    "ns.2": {"name": "v", "unnamed": "v"},
}
EXTENDED: Final = {"urn:t:ut": ("urn:t",)}
SHAPES: Final = (
    SD_JWT,
    SD_JWT | {"address": ["v", "v"]},
    SD_JWT | {"states": {"unnamed": "v"}},
    SD_JWT | {"degrees": {"unnamed": "v"}},
    SD_JWT | {"degrees": [["v"], ["v"]]},
)
SD_JWT_TYPES: Final = (("urn:t",), ("urn:t:ut", "urn:t"), ("urn:u",))  # its own, and those that it extends
CREDENTIALS: Final = (
    *(("dc+sd-jwt", types, claims) for types in SD_JWT_TYPES for claims in SHAPES),
    ("mso_mdoc", ("doc.1",), MDOC),
    ("mso_mdoc", ("doc.2",), MDOC),
)
TYPES: Final = {"dc+sd-jwt": ("urn:t", "urn:t:ut", "urn:u"), "mso_mdoc": ("doc.1", "doc.2")}
SD_JWT_PATHS: Final = (
    ["name"],
    ["address"],
    ["address", "city"],
    ["address", "street"],
    ["states"],
    ["states", None],
    ["states", 0],
    ["states", 1],
    ["degrees"],
    ["degrees", None],
    ["degrees", 0],
    ["degrees", None, "type"],
    ["degrees", 0, "type"],
    ["degrees", 0, "year"],
)
MDOC_PATHS: Final = (["ns.1", "name"], ["ns.1", "portrait"], ["ns.2", "name"])
Leaf = tuple[Any, ...]


def leaves(value: Any, at: Leaf = ()) -> set[Leaf]:
    """Every end of the value, with the way to it."""
    if isinstance(value, dict):
        return {leaf for name, inner in value.items() for leaf in leaves(inner, (*at, name))}
    if isinstance(value, list):
        return {leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*at, index))}
    return {at}


def reached(claims: Any, path: Leaf, at: Leaf = ()) -> set[Leaf]:
    """The ends that lie where a path leads, or below."""
    if not path:
        return leaves(claims, at)
    step, *rest = path
    if isinstance(step, str) != isinstance(claims, dict) or isinstance(claims, str):
        return set()
    keys = range(len(claims)) if step is None else [step]
    return {leaf for key in keys for leaf in reached(claims[key], tuple(rest), (*at, key))}


def answers(query: DcqlQuery) -> Iterator[tuple[tuple[str, int], ...]]:
    """Every choice that the query admits: for each set an option, and for each credential of it a claim set."""
    choices = [[*set_.options, *(() if set_.required else ((),))] for set_ in query.sets]
    for chosen in product(*choices):
        ids = sorted({id_ for option in chosen for id_ in option})
        sets = [range(len(query.credential(id_).options)) for id_ in ids]
        yield from (tuple(zip(ids, picked, strict=True)) for picked in product(*sets))


def discloses_unregistered(query: DcqlQuery, registered: tuple[RegisteredCredential, ...], answer: Any) -> bool:
    for id_, option in answer:
        asked = query.credential(id_)
        for format_, types, claims in CREDENTIALS:
            if format_ == asked.format and set(types) & set(asked.types):
                allowed = [each for each in registered if each.format == format_ and set(types) & set(each.types)]
                may = {leaf for each in allowed for path in each.claims for leaf in reached(claims, path)}
                shown = [reached(claims, claim.path) for claim in asked.options[option]]
                if all(shown) and (not allowed or not set().union(*shown) <= may):
                    return True
    return False


def near(path: Any) -> list[Any]:
    """What lies above or below a path, and what leads to every entry instead of one, or to one instead of all."""
    if None in path:
        return [[0 if step is None else step for step in path]]
    above = [path[:length] for length in range(1, len(path))]
    below = [other for other in SD_JWT_PATHS if other[: len(path)] == path and other != path]
    return [*above, *below, [None if type(step) is int else step for step in path]]


@st.composite
def registrations(draw: Any, asked: Any) -> Any:
    """All that is asked for, with up to two changes: a claim or a type left out, a path put another way."""
    entries = []
    for entry in asked["credentials"]:
        claims = [claim["path"] for claim in entry.get("claims", [])]
        entries.append({"format": entry["format"], "meta": dict(entry["meta"]), "claim": claims})
    for _ in range(draw(st.integers(0, 2))):
        changed = draw(st.sampled_from(entries))
        claims = changed["claim"]
        change = draw(st.sampled_from(["drop", "put", "put", "add", "type"]))
        if change == "type" and "vct_values" in changed["meta"]:
            kept = changed["meta"]["vct_values"][:1]
            changed["meta"] = {"vct_values": ["urn:t"] if kept == ["urn:t:ut"] else kept}
        elif change == "add":
            claims.append(draw(st.sampled_from(MDOC_PATHS if changed["format"] == "mso_mdoc" else SD_JWT_PATHS)))
        elif claims:
            at = draw(st.integers(0, len(claims) - 1))
            claims[at : at + 1] = [draw(st.sampled_from(near(claims[at])))] if change == "put" else []
    return [entry | {"claim": [{"path": path} for path in entry["claim"]]} for entry in entries]


@st.composite
def cases(draw: Any) -> tuple[DcqlQuery, tuple[RegisteredCredential, ...]]:
    asked = draw(queries())
    entries = draw(registrations(asked))
    return parse_query(asked), parse_registered_credentials(entries, what="test", where="credentials")


@st.composite
def queries(draw: Any) -> Any:
    asked = []
    for number in range(draw(st.integers(1, 2))):
        format_ = draw(st.sampled_from(sorted(TYPES)))
        mdoc = format_ == "mso_mdoc"
        types = draw(st.lists(st.sampled_from(TYPES[format_]), min_size=1, max_size=1 if mdoc else 2, unique=True))
        meta = {"doctype_value": types[0]} if mdoc else {"vct_values": types}
        entry: dict[str, Any] = {"id": f"q{number}", "format": format_, "meta": meta}
        paths = draw(st.lists(st.sampled_from(MDOC_PATHS if mdoc else SD_JWT_PATHS), max_size=4, unique_by=tuple))
        # of two paths, one of which lies below the other, the longer one would say what the shorter one leads to
        paths = [path for path in paths if not any(path != other == path[: len(other)] for other in paths)]
        if paths:
            entry["claims"] = [{"id": f"c{at}", "path": path} for at, path in enumerate(paths)]
            ids = [claim["id"] for claim in entry["claims"]]
            if draw(st.booleans()):  # each claim in a set of its own, or any sets of them
                some = st.lists(st.sampled_from(ids), min_size=1, unique=True)
                alone = [[id_] for id_ in ids]
                entry["claim_sets"] = alone if draw(st.booleans()) else draw(st.lists(some, min_size=1, max_size=2))
        entry["multiple"] = draw(st.booleans())
        asked.append(entry)
    value: dict[str, Any] = {"credentials": asked}
    if draw(st.booleans()):
        options = st.lists(st.sampled_from([entry["id"] for entry in asked]), min_size=1, unique=True)
        sets = st.fixed_dictionaries({"options": st.lists(options, min_size=1, max_size=2), "required": st.booleans()})
        value["credential_sets"] = draw(st.lists(sets, min_size=1, max_size=2))
    return value


@pytest.mark.slow
@settings(max_examples=300)
@given(cases())
def test_a_query_is_flagged_if_and_only_if_some_answer_discloses_what_is_not_registered(case: Any) -> None:
    """RPRC_21."""
    query, registered = case
    flagged = bool(unregistered_claims(query, registered, concerned=(), extended=EXTENDED))
    assert flagged == any(discloses_unregistered(query, registered, answer) for answer in answers(query))


@pytest.mark.slow
@given(cases())
def test_what_is_listed_is_all_that_has_to_be_registered_beside(case: Any) -> None:
    query, registered = case
    beyond = unregistered_claims(query, registered, concerned=(), extended=EXTENDED)
    added = tuple(
        RegisteredCredential(format=each.format, types=(each.type,), claims=(each.path,) if each.path else ())
        for each in beyond
    )
    assert unregistered_claims(query, (*registered, *added), concerned=(), extended=EXTENDED) == ()
