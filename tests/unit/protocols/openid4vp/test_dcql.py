"""Queries: what parses, within which limits, and what is written back."""

from typing import Any

import pytest
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.openid4vp import mdoc_query, query_of, sd_jwt_query

from zegel.errors import Malformed
from zegel.primitives.json import encode_json
from zegel.protocols.openid4vp.dcql import (
    MAX_AUTHORITIES,
    MAX_AUTHORITY_VALUES,
    MAX_CLAIMS,
    MAX_CREDENTIALS,
    MAX_ID,
    MAX_OPTIONS,
    MAX_SETS,
    MAX_TYPES,
    MAX_VALUES,
    ClaimQuery,
    build_query,
    parse_query,
)


def test_a_query_parses_from_text_and_from_what_text_held() -> None:
    value = {"credentials": [sd_jwt_query("pid", "family_name")]}
    assert parse_query(encode_json(value)) == parse_query(value)
    with pytest.raises(Malformed, match="an object"):  # OpenID4VP 1.0 section 5.1: what text held is no text
        parse_query(encode_json(value).decode())


def test_a_query_with_every_member_comes_back() -> None:
    claims = [
        {"id": "a", "path": ["family_name"], "values": ["Lovelace", 1, True]},
        {"id": "b", "path": ["degrees", None, "type"]},
        {"id": "c", "path": ["nationalities", 1]},
    ]
    elements = [{"path": ["org.iso.18013.5.1", "portrait"], "intent_to_retain": False}]
    authorities = [{"type": "aki", "values": ["a", "b"]}, {"type": "etsi_tl", "values": ["https://list.example"]}]
    value = {
        "credentials": [
            sd_jwt_query(
                "pid",
                multiple=True,
                require_cryptographic_holder_binding=False,
                trusted_authorities=authorities,
                claims=claims,
                claim_sets=[["a", "b"], ["c"]],
            ),
            mdoc_query("mdl", claims=elements),
            {"id": "other", "format": "ldp_vc", "meta": {"type_values": [["a"]]}},
        ],
        "credential_sets": [
            {"options": [["pid", "mdl"], ["other"]], "required": False, "purpose": "to see"},
            {"options": [["mdl"]]},
        ],
    }
    assert build_query(parse_query(value)) == value


def test_members_at_their_default_are_left_out() -> None:
    verbose = sd_jwt_query(multiple=False, require_cryptographic_holder_binding=True)
    query = query_of(verbose, credential_sets=[{"options": [["pid"]], "required": True}])
    assert build_query(query) == {"credentials": [sd_jwt_query()], "credential_sets": [{"options": [["pid"]]}]}


@pytest.mark.parametrize("purpose", ["", 7, {"de": "Ausweis"}])
def test_a_purpose_that_is_no_text_is_ignored_as_any_unknown_member_is(purpose: Any) -> None:
    query = query_of(sd_jwt_query("a"), credential_sets=[{"options": [["a"]], "purpose": purpose}])
    assert query.credential_sets[0].purpose is None


def test_a_credential_query_is_found_by_its_id() -> None:
    query = query_of(sd_jwt_query("pid"), mdoc_query("mdl"))
    assert query.credential("mdl").format == "mso_mdoc"
    with pytest.raises(KeyError):
        query.credential("other")


def test_options_are_the_claims_or_the_claim_sets() -> None:
    claims = [{"id": "a", "path": ["x"]}, {"id": "b", "path": ["y"]}]
    x, y = ClaimQuery(path=("x",), id="a"), ClaimQuery(path=("y",), id="b")
    assert query_of(sd_jwt_query(claims=claims)).credentials[0].options == ((x, y),)
    sets = query_of(sd_jwt_query(claims=claims, claim_sets=[["b"], ["b", "a"]])).credentials[0]
    assert sets.options == ((y,), (y, x))
    assert query_of(sd_jwt_query()).credentials[0].options == ((),)


def sized(name: str, count: int) -> Any:
    """A query whose member has ``count`` entries."""
    many = range(count)
    claim = {"id": "a", "path": ["x"]}
    match name:
        case "credentials":
            return {"credentials": [sd_jwt_query(f"q{number}") for number in many]}
        case "claims":
            return {"credentials": [sd_jwt_query(claims=[{"path": [f"c{number}"]} for number in many])]}
        case "claim_sets":
            return {"credentials": [sd_jwt_query(claims=[claim], claim_sets=[["a"]] * count)]}
        case "values":
            return {"credentials": [sd_jwt_query(claims=[claim | {"values": list(many)}])]}
        case "vct_values":
            return {"credentials": [sd_jwt_query() | {"meta": {"vct_values": [f"t{number}" for number in many]}}]}
        case "trusted_authorities":
            authority = {"type": "aki", "values": ["a"]}
            return {"credentials": [sd_jwt_query(trusted_authorities=[authority] * count)]}
        case "authority values":
            return {"credentials": [sd_jwt_query(trusted_authorities=[{"type": "aki", "values": ["a"] * count}])]}
        case "credential_sets":
            return {"credentials": [sd_jwt_query("a")], "credential_sets": [{"options": [["a"]]}] * count}
        case "options":
            return {"credentials": [sd_jwt_query("a")], "credential_sets": [{"options": [["a"]] * count}]}
        case _:
            return {"credentials": [sd_jwt_query("a" * count)]}


@pytest.mark.parametrize(
    "query",
    [
        sd_jwt_query() | {"format": ""},
        mdoc_query(doctype=""),
        sd_jwt_query(vct=""),
        sd_jwt_query(trusted_authorities=[{"type": "", "values": ["a"]}]),
    ],
)
def test_no_text_is_empty(query: Any) -> None:
    with pytest.raises(Malformed, match="expected text of one to"):
        parse_query({"credentials": [query]})


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("credentials", MAX_CREDENTIALS),
        ("claims", MAX_CLAIMS),
        ("claim_sets", MAX_SETS),
        ("values", MAX_VALUES),
        ("vct_values", MAX_TYPES),
        ("trusted_authorities", MAX_AUTHORITIES),
        ("authority values", MAX_AUTHORITY_VALUES),
        ("credential_sets", MAX_SETS),
        ("options", MAX_OPTIONS),
        ("id", MAX_ID),
    ],
)
def test_every_list_has_a_limit(name: str, limit: int) -> None:
    parse_query(sized(name, limit))
    with pytest.raises(Malformed):
        parse_query(sized(name, limit + 1))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"credentials":[' + b"[" * 100_000,
        b'{"credentials":[{"id":"a","id":"a"}]}',
        encode_json({"credentials": [sd_jwt_query(f"q{number}") for number in range(3_000)]}),
        encode_json({"credentials": [sd_jwt_query("a", claims=[{"path": ["x"] * 50_000}])]}),
        b'{"credentials":"' + b"a" * 300_000 + b'"}',
    ],
    ids=["empty", "truncated", "deep", "twice", "many", "long path", "large"],
)
def test_hostile_queries_end_cheaply(text: bytes) -> None:
    assert_malformed_cheaply(lambda: parse_query(text))
