"""Over-asking, by brute force: a query is flagged if and only if an admissible answer discloses what is not registered.

Answers are made of whole credentials that are richer than any query or registration: each object has a member, and
each array an entry, that nobody names. What an answer discloses is spelled out leaf by leaf, with walkers of this file.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

import pytest
from hypothesis import given
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
CREDENTIALS: Final = (  # format, its own type and those that it extends, claims
    ("dc+sd-jwt", ("urn:t",), SD_JWT),
    ("dc+sd-jwt", ("urn:t:ut", "urn:t"), SD_JWT),
    ("dc+sd-jwt", ("urn:u",), SD_JWT),
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
    if step is None:
        return {leaf for index, inner in enumerate(claims) for leaf in reached(inner, tuple(rest), (*at, index))}
    return reached(claims[step], tuple(rest), (*at, step))


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
                shown = {leaf for claim in asked.options[option] for leaf in reached(claims, claim.path)}
                if not allowed or not shown <= may:
                    return True
    return False


@st.composite
def registrations(draw: Any) -> Any:
    format_ = draw(st.sampled_from(sorted(TYPES)))
    mdoc = format_ == "mso_mdoc"
    types = draw(st.lists(st.sampled_from(TYPES[format_]), min_size=1, max_size=1 if mdoc else 2, unique=True))
    paths = (*MDOC_PATHS, ["ns.1"]) if mdoc else SD_JWT_PATHS
    chosen = draw(st.lists(st.sampled_from(paths), max_size=5))
    meta = {"doctype_value": types[0]} if mdoc else {"vct_values": types}
    return {"format": format_, "meta": meta, "claim": [{"path": path} for path in chosen]}


@st.composite
def queries(draw: Any) -> Any:
    asked = []
    for number in range(draw(st.integers(1, 3))):
        format_ = draw(st.sampled_from(sorted(TYPES)))
        mdoc = format_ == "mso_mdoc"
        types = draw(st.lists(st.sampled_from(TYPES[format_]), min_size=1, max_size=1 if mdoc else 2, unique=True))
        meta = {"doctype_value": types[0]} if mdoc else {"vct_values": types}
        entry: dict[str, Any] = {"id": f"q{number}", "format": format_, "meta": meta}
        paths = draw(st.lists(st.sampled_from(MDOC_PATHS if mdoc else SD_JWT_PATHS), max_size=3))
        if paths:
            entry["claims"] = [{"id": f"c{at}", "path": path} for at, path in enumerate(paths)]
            ids = st.lists(st.sampled_from([claim["id"] for claim in entry["claims"]]), min_size=1, unique=True)
            if draw(st.booleans()):
                entry["claim_sets"] = draw(st.lists(ids, min_size=1, max_size=2))
        entry["multiple"] = draw(st.booleans())
        asked.append(entry)
    value: dict[str, Any] = {"credentials": asked}
    if draw(st.booleans()):
        options = st.lists(st.sampled_from([entry["id"] for entry in asked]), min_size=1, unique=True)
        sets = st.fixed_dictionaries({"options": st.lists(options, min_size=1, max_size=2), "required": st.booleans()})
        value["credential_sets"] = draw(st.lists(sets, min_size=1, max_size=2))
    return value


@pytest.mark.slow
@given(queries(), st.lists(registrations(), min_size=1, max_size=4))
def test_a_query_is_flagged_if_and_only_if_some_answer_discloses_what_is_not_registered(
    asked: Any, entries: list[Any]
) -> None:
    """RPRC_21."""
    query = parse_query(asked)
    registered = parse_registered_credentials(entries, what="test", where="credentials")
    flagged = bool(unregistered_claims(query, registered, concerned=(), extended=EXTENDED))
    assert flagged == any(discloses_unregistered(query, registered, answer) for answer in answers(query))


@pytest.mark.slow
@given(queries(), st.lists(registrations(), min_size=1, max_size=4))
def test_a_query_that_asks_only_for_what_is_not_listed_is_not_flagged(asked: Any, entries: list[Any]) -> None:
    """What is flagged is exact: with it registered too, nothing is flagged any more."""
    query = parse_query(asked)
    registered = parse_registered_credentials(entries, what="test", where="credentials")
    beyond = unregistered_claims(query, registered, concerned=(), extended=EXTENDED)
    added = tuple(
        RegisteredCredential(format=each.format, types=(each.type,), claims=(each.path,) if each.path else ())
        for each in beyond
    )
    assert unregistered_claims(query, (*registered, *added), concerned=(), extended=EXTENDED) == ()
