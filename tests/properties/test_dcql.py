"""Queries and credentials of every shape: what is disclosed is what was asked for, no less and no more."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from zegel_testing.openid4vp import PID, credential, held, presented, query_of, sd_jwt_query, shown

from zegel.errors import Malformed, Rejected
from zegel.formats.claims import Claim, select_claims
from zegel.formats.credential import Format, VerifiedCredential
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.json import encode_json
from zegel.protocols.openid4vp.dcql import build_query, parse_query
from zegel.protocols.openid4vp.matching import check_choice, default_choice, match_query
from zegel.protocols.openid4vp.satisfaction import Current, check_answer, needed_ids

NAMES = ("a", "b", "c")
TYPES = ("urn:t:1", "urn:t:2")

scalars = st.sampled_from([0, 1, True, False, "x", "y", ""])
claims = st.dictionaries(
    st.sampled_from(NAMES),
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=3,
)
elements = st.dictionaries(
    st.sampled_from(NAMES), st.dictionaries(st.sampled_from(NAMES), scalars, max_size=3), max_size=2
)
sd_jwts = st.builds(credential, st.sampled_from(TYPES), claims, bound=st.booleans())
mdocs = st.builds(credential, st.sampled_from(TYPES), elements, format_=st.just(Format.MDOC), bound=st.booleans())
credentials = st.lists(sd_jwts | mdocs, max_size=4)


words = ("credentials", "id", "format", "meta", "claims", "path", "claim_sets", "credential_sets", "options")
almost_queries = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(words), inner, max_size=4),
    max_leaves=6,
)


@st.composite
def claim_queries(draw: Any, format_: Format) -> list[dict[str, Any]]:
    """Claim queries with ids and, some of them, values; no path twice."""
    steps = st.sampled_from(NAMES) if format_ is Format.MDOC else st.sampled_from([*NAMES, None, 0, 1])
    sizes = {"min_size": 2, "max_size": 2} if format_ is Format.MDOC else {"min_size": 1, "max_size": 3}
    paths = draw(st.lists(st.lists(steps, **sizes).map(tuple), min_size=1, max_size=3, unique=True))
    queries = [{"id": f"c{number}", "path": list(path)} for number, path in enumerate(paths)]
    for query in queries:
        if draw(st.integers(0, 3)) == 0:
            query["values"] = draw(st.lists(scalars, min_size=1, max_size=3))
    return queries


@st.composite
def queries(draw: Any) -> Any:
    """A query of one to three credentials, with or without claim sets and credential sets."""
    asked = []
    for number in range(draw(st.integers(1, 3))):
        format_ = draw(st.sampled_from(Format))
        type_ = draw(st.sampled_from(TYPES))
        meta = {"doctype_value": type_} if format_ is Format.MDOC else {"vct_values": [type_]}
        query: dict[str, Any] = {"id": f"q{number}", "format": str(format_), "meta": meta}
        if draw(st.booleans()):
            query["require_cryptographic_holder_binding"] = False
        if draw(st.integers(0, 4)):
            query["claims"] = draw(claim_queries(format_))
            ids = st.lists(st.sampled_from([claim["id"] for claim in query["claims"]]), min_size=1, unique=True)
            if draw(st.booleans()):
                query["claim_sets"] = draw(st.lists(ids, min_size=1, max_size=3))
        asked.append(query)
    value: dict[str, Any] = {"credentials": asked}
    if draw(st.booleans()):
        options = st.lists(st.sampled_from([query["id"] for query in asked]), min_size=1, unique=True)
        set_ = st.fixed_dictionaries(
            {"options": st.lists(options, min_size=1, max_size=3)}, optional={"required": st.booleans()}
        )
        value["credential_sets"] = draw(st.lists(set_, min_size=1, max_size=2))
    return value


def nodes(value: Claim, at: ClaimPath = ()) -> Iterator[tuple[ClaimPath, Claim]]:
    """Everything below the value, with its path."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in inner:
        yield (*at, step), child
        yield from nodes(child, (*at, step))


@st.composite
def answerable(draw: Any) -> tuple[Any, list[VerifiedCredential]]:
    """Credentials, and a query made from their own claims; some of its indices stand for every entry."""
    wallet = draw(st.lists(sd_jwts | mdocs, min_size=1, max_size=3))
    asked = []
    for number, entry in enumerate(wallet):
        mdoc = entry.format is Format.MDOC
        meta = {"doctype_value": entry.type} if mdoc else {"vct_values": [entry.type]}
        query: dict[str, Any] = {"id": f"q{number}", "format": str(entry.format), "meta": meta}
        if entry.holder_key is None or draw(st.booleans()):
            query["require_cryptographic_holder_binding"] = False
        below = [(path, claim) for path, claim in nodes(entry.claims) if not mdoc or len(path) == 2]
        chosen = draw(st.lists(st.sampled_from(below), max_size=3, unique_by=lambda node: node[0])) if below else []
        claim_list = []
        for position, (path, claim) in enumerate(chosen):
            widened = [None if type(step) is int and draw(st.booleans()) else step for step in path]
            query_claim: dict[str, Any] = {"id": f"c{position}", "path": widened}
            if isinstance(claim, str | int) and draw(st.booleans()):
                query_claim["values"] = [claim, *draw(st.lists(scalars, max_size=1))]
            claim_list.append(query_claim)
        if claim_list:
            query["claims"] = claim_list
            ids = st.lists(st.sampled_from([claim["id"] for claim in claim_list]), min_size=1, unique=True)
            if draw(st.booleans()):
                query["claim_sets"] = draw(st.lists(ids, min_size=1, max_size=3))
        asked.append(query)
    return {"credentials": asked}, wallet


def leaves(value: Claim, at: ClaimPath = ()) -> Iterator[ClaimPath]:
    """The paths to everything that holds nothing further."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    children = list(inner)
    if not children:
        yield at
    for step, child in children:
        yield from leaves(child, (*at, step))


def disclosed(value: Claim, paths: list[ClaimPath]) -> Claim:
    """The credential as a format would disclose these paths: what is not named is gone, entries of arrays too."""
    if () in paths:
        return value
    steps = {path[0] for path in paths}
    below = {step: [path[1:] for path in paths if path[0] == step] for step in steps}
    if isinstance(value, dict):
        return {name: disclosed(inner, below[name]) for name, inner in value.items() if name in steps}
    assert isinstance(value, list)
    return [disclosed(inner, below[index]) for index, inner in enumerate(value) if index in steps]


@pytest.mark.slow
@given(queries())
def test_a_query_comes_back(value: Any) -> None:
    query = parse_query(value)
    assert parse_query(build_query(query)) == query
    assert parse_query(encode_json(build_query(query))) == query


@pytest.mark.slow
@given(almost_queries)
def test_whatever_is_no_query_is_malformed(value: Any) -> None:
    try:
        parse_query(value)
    except Malformed:
        return
    assert isinstance(value, dict)


@pytest.mark.slow
@given(queries(), credentials)
def test_each_candidate_discloses_one_of_the_options_and_nothing_else(
    value: Any, wallet: list[VerifiedCredential]
) -> None:
    query = parse_query(value)
    match = match_query(query, held(*wallet), formats=tuple(Format), issuer_algorithms={}, without_pid=())
    for entry in match.credentials:
        for candidate in entry.candidates:
            possible = []
            for option in entry.query.options:
                selected = [select_claims(candidate.held.credential.claims, claim.path) for claim in option]
                possible.append({path for found in selected for path, _ in found})
            # with values fewer entries of an array may be left; never another path
            assert any(set(candidate.paths) <= paths for paths in possible)
            for path, claim in candidate.claims:
                assert select_claims(candidate.held.credential.claims, path) == ((path, claim),)


@pytest.mark.slow
@given(answerable())
def test_what_is_accepted_is_what_was_disclosed_and_what_was_disclosed_is_what_was_asked_for(
    made: tuple[Any, list[VerifiedCredential]],
) -> None:
    value, wallet = made
    query = parse_query(value)
    match = match_query(query, held(*wallet), formats=tuple(Format), issuer_algorithms={}, without_pid=())
    assume(not match.missing)
    presentations: dict[str, list[Current]] = {}
    expected: dict[str, Claim] = {}
    for id_, [chosen] in default_choice(match).held.items():
        [candidate] = [entry for entry in match.candidates(id_) if entry.held.id == chosen]
        whole = candidate.held.credential
        shown_claims = disclosed(whole.claims, list(candidate.paths))
        assert isinstance(shown_claims, dict)
        part = credential(whole.type, shown_claims, format_=whole.format, bound=whole.holder_key is not None)
        presentations[id_] = [presented(part) if whole.holder_key is not None else shown(part)]
        expected[id_] = shown_claims
    accepted = check_answer(query, presentations)
    kept = {id_: found.credential.claims for id_, [found] in {**accepted.presentations, **accepted.unbound}.items()}
    assert json.dumps(kept, sort_keys=True) == json.dumps(expected, sort_keys=True)


@pytest.mark.slow
@given(answerable())
def test_what_nobody_asked_for_is_never_kept(made: tuple[Any, list[VerifiedCredential]]) -> None:
    """The wallet shows everything it has; the verifier keeps what its query selects."""
    value, wallet = made
    query = parse_query(value)
    match = match_query(query, held(*wallet), formats=tuple(Format), issuer_algorithms={}, without_pid=())
    assume(not match.missing)
    presentations = {id_: [presented(match.candidates(id_)[0].held.credential)] for id_ in default_choice(match).held}
    try:
        accepted = check_answer(query, presentations)
    except Rejected:
        return
    for id_, [found] in {**accepted.presentations, **accepted.unbound}.items():
        whole = presentations[id_][0].credential.claims
        asked = [
            path for path in leaves(whole) if any(leads(claim.path, path) for claim in query.credential(id_).claims)
        ]
        assert set(map(str, leaves_of(found.credential.claims))) <= set(map(str, leaves_of(disclosed(whole, asked))))


def leads(asked: ClaimPath, path: ClaimPath) -> bool:
    """Of an SD-JWT's array some entries may be missing, so that any may be the one that was asked for."""
    steps = zip(asked, path, strict=False)
    return len(asked) <= len(path) and all(
        type(step) is int if type(to) is not str else step == to for to, step in steps
    )


def leaves_of(value: Claim) -> list[Claim]:
    return [leaf for path in leaves(value) for _, leaf in select_claims(value, path)] if value else []


IDS = ("a", "b", "c")
some_ids = st.lists(st.sampled_from(IDS), min_size=1, max_size=3, unique=True)
credential_sets = st.fixed_dictionaries(
    {"options": st.lists(some_ids, min_size=1, max_size=3), "required": st.booleans()}
)


@pytest.mark.slow
@given(st.lists(credential_sets, min_size=1, max_size=3), st.lists(some_ids, max_size=3))
def test_what_a_wallet_proposes_signs_all_if_anything_can_and_counts_whole_at_the_verifiers(
    sets: list[dict[str, Any]], items: list[list[str]]
) -> None:
    query = query_of(*(sd_jwt_query(id_) for id_ in IDS), credential_sets=sets)
    match = match_query(
        query, held(PID), formats=tuple(Format), issuer_algorithms={}, without_pid=(), signers=tuple(map(tuple, items))
    )
    ways = product(*(set_.options if set_.required else (None, *set_.options) for set_ in query.sets))
    unions = [{id_ for option in way for id_ in option or ()} for way in ways]
    choice = default_choice(match)
    if all(any(union.isdisjoint(item) for item in items) for union in unions):
        with pytest.raises(Rejected):
            check_choice(match, choice)
        return
    presented_ids = {each.query_id for each in check_choice(match, choice)}
    assert presented_ids in unions
    assert needed_ids(query, presented_ids) == presented_ids
    for union in unions:
        assert needed_ids(query, union) == union, "whatever the person chooses"
