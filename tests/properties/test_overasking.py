"""Over-asking, by brute force: a query is flagged if and only if an admissible answer discloses what is not registered.

An answer is made of whole credentials. At each name of theirs stands everything that can stand there, two levels deep:
text, arrays and objects, empty and full, and of full ones all mixtures; a full object has a member that nobody names,
and a full array an entry. What lies under one name constrains nothing under another, so that names are looked at by
themselves. What an answer discloses is spelled out leaf by leaf, with walkers of this file.

Paths have up to three elements. With four, two of them can cross (null where the other has an index, and the other way
round), and whether any credential answers both takes a search: docs/divergences.md.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zegel.protocols.openid4vp.dcql import DcqlQuery, parse_query
from zegel.protocols.openid4vp.overasking import unregistered_claims
from zegel.trust.registration.credentials import RegisteredCredential, parse_registered_credentials

FLAT: Final[tuple[Any, ...]] = ("v", [], {}, ["v", "v", "v"], {"x": "v", "y": "v", "unnamed": "v"})
VALUES: Final[tuple[Any, ...]] = (
    *FLAT,
    *(list(entries) for entries in product(FLAT, repeat=3)),
    *({"x": x, "y": y, "unnamed": "v"} for x, y in product(FLAT, repeat=2)),
)
EXTENDED: Final = {"urn:t:ut": ("urn:t",)}
CREDENTIALS: Final = (  # their own type, and those that it extends
    ("dc+sd-jwt", ("urn:t",)),
    ("dc+sd-jwt", ("urn:t:ut", "urn:t")),
    ("dc+sd-jwt", ("urn:u",)),
    ("mso_mdoc", ("doc.1",)),
    ("mso_mdoc", ("doc.2",)),
)
TYPES: Final = {"dc+sd-jwt": ("urn:t", "urn:t:ut", "urn:u"), "mso_mdoc": ("doc.1", "doc.2")}
NAMES: Final = ("a", "b")
STEPS: Final = ("x", "y", None, 0, 1)
Leaf = tuple[Any, ...]


class Abort(Exception):
    """A step into what it does not fit (OpenID4VP 1.0 section 7.1.1)."""


def leaves(value: Any, at: Leaf = ()) -> set[Leaf]:
    """Every end of the value, with the way to it; what is empty is an end."""
    if isinstance(value, dict) and value:
        return {leaf for name, inner in value.items() for leaf in leaves(inner, (*at, name))}
    if isinstance(value, list) and value:
        return {leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*at, index))}
    return {at}


def reached(value: Any, path: Leaf, at: Leaf = ()) -> set[Leaf]:
    """The ends that lie where a path leads, or below; none where there is nothing."""
    if not path:
        return leaves(value, at)
    step, *rest = path
    if not isinstance(value, dict if isinstance(step, str) else list):
        raise Abort
    members = value if isinstance(value, dict) else dict(enumerate(value))
    keys = list(members) if step is None else [step]
    return {leaf for key in keys if key in members for leaf in reached(members[key], tuple(rest), (*at, key))}


def disclosed(value: Any, paths: Iterable[Leaf]) -> set[Leaf]:
    """What the value discloses where all these are asked for; nothing where one of them does not lead anywhere."""
    try:
        shown = [reached(value, path) for path in paths]
    except Abort:
        return set()
    return set().union(*shown) if all(shown) else set()


@cache
def disclosures(paths: frozenset[Leaf]) -> dict[str, set[Leaf]]:
    """By name, every end that a credential discloses under it that answers to all the paths; none if there is none."""
    below = {name: [path[1:] for path in paths if path[0] == name] for name in {path[0] for path in paths}}
    return {
        name: {(name, *leaf) for value in VALUES for leaf in disclosed(value, ways)} for name, ways in below.items()
    }


def is_registered(leaf: Leaf, path: Leaf) -> bool:
    """Whether a path leads to an end, or to what is above it."""
    return len(path) <= len(leaf) and all(
        type(at) is int if step is None else step == at for step, at in zip(path, leaf, strict=False)
    )


def answers(query: DcqlQuery) -> Iterator[tuple[tuple[str, int], ...]]:
    """Every choice that the query admits: for each set an option, and for each credential of it a claim set."""
    choices = [[*set_.options, *(() if set_.required else ((),))] for set_ in query.sets]
    for chosen in product(*choices):
        ids = sorted({id_ for option in chosen for id_ in option})
        sets = [range(len(query.credential(id_).options)) for id_ in ids]
        yield from (tuple(zip(ids, picked, strict=True)) for picked in product(*sets))


def discloses_unregistered(query: DcqlQuery, registered: tuple[RegisteredCredential, ...], answer: Any) -> bool:
    chosen = [(query.credential(id_), query.credential(id_).options[option]) for id_, option in answer]
    shown = [disclosures(frozenset(claim.path for claim in claims)) for _, claims in chosen]
    if not all(all(each.values()) for each in shown):
        return False  # nobody has such credentials
    for (asked, _), by_name in zip(chosen, shown, strict=True):
        for format_, types in CREDENTIALS:
            if format_ == asked.format and set(types) & set(asked.types):
                allowed = [each for each in registered if each.format == format_ and set(types) & set(each.types)]
                paths = [path for each in allowed for path in each.claims]
                ends = set().union(*by_name.values())
                if not allowed or not all(any(is_registered(leaf, path) for path in paths) for leaf in ends):
                    return True
    return False


def near(path: Any, format_: str) -> list[Any]:
    """What lies above or below a path, and what leads to every entry instead of one, or to one instead of all."""
    if format_ == "mso_mdoc":
        return [[path[0], name] for name in ("x", "y")]
    above = [path[:length] for length in range(1, len(path))]
    below = [[*path, step] for step in STEPS] if len(path) < 3 else []
    every = [None if type(step) is int else step for step in path]
    return [*above, *below, every, [0 if step is None else step for step in path]]


def paths_of(format_: str) -> st.SearchStrategy[list[Any]]:
    """A namespace and an element; or a name and up to two steps below it."""
    if format_ == "mso_mdoc":
        return st.tuples(st.sampled_from(NAMES), st.sampled_from(("x", "y"))).map(list)
    return st.builds(
        lambda name, steps: [name, *steps], st.sampled_from(NAMES), st.lists(st.sampled_from(STEPS), max_size=2)
    )


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
            claims.append(draw(paths_of(changed["format"])))
        elif claims:
            at = draw(st.integers(0, len(claims) - 1))
            claims[at : at + 1] = (
                [draw(st.sampled_from(near(claims[at], changed["format"])))] if change == "put" else []
            )
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
        paths = draw(st.lists(paths_of(format_), max_size=2, unique_by=tuple))
        for path in tuple(paths) if draw(st.booleans()) else ():  # of what is random, little is about the same
            paths += [other for other in [draw(st.sampled_from(near(path, format_)))] if other not in paths]
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
