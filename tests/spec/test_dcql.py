"""OpenID4VP 1.0 sections 6 and 7: the specification's own examples, and what dcql-ts makes of the same queries."""

import json
import tomllib
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from zegel_testing.openid4vp import MDL_NAMESPACE, credential, held, mdoc_query, query_of, sd_jwt_query

from zegel.errors import Malformed
from zegel.formats.claims import select_claims
from zegel.formats.credential import Format, Issuer, VerifiedCredential
from zegel.primitives.encoding import base64url
from zegel.protocols.openid4vp.dcql import build_query, parse_query
from zegel.protocols.openid4vp.matching import Candidate, QueryMatch, default_choice, match_query
from zegel.protocols.openid4vp.request import check_sendable

VECTORS = Path(__file__).parents[1] / "vectors"
SCHEMA = json.loads((VECTORS / "oidf-conformance/json-schemas/oid4vp/dcql_request.json").read_text())
EXAMPLES = sorted(path for folder in ("query_lang", "eudi") for path in (VECTORS / "openid4vp" / folder).glob("*.json"))
EXAMPLE_SKIPS = tomllib.loads((VECTORS / "openid4vp/skips.toml").read_text())
CASES = json.loads((VECTORS / "dcql/dcql-ts-cases.json").read_text())
SKIPS = tomllib.loads((VECTORS / "dcql/skips.toml").read_text())
SKIPPED = {skip["id"] for skip in SKIPS["skip"]}
FORMATS = tuple(Format)

IDENTITY = "https://credentials.example.com/identity_credential"


def example(name: str) -> Any:
    return json.loads((VECTORS / "openid4vp/query_lang" / f"{name}.json").read_text())


def answered(match: QueryMatch, id_: str = "my_credential") -> list[dict[str, Any]]:
    """What each candidate would disclose, as a mapping from path to value."""
    return [{"/".join(map(str, path)): value for path, value in entry.claims} for entry in match.candidates(id_)]


def matched(query: Any, *credentials: VerifiedCredential) -> QueryMatch:
    return match_query(parse_query(query), held(*credentials), formats=FORMATS, issuer_algorithms={}, without_pid=())


# --- the examples of the specification -------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_6_every_example_is_read_and_written_back_as_it_was(path: Path) -> None:
    text = path.read_bytes()
    if f"{path.parent.name}/{path.name}" in {skip["id"] for skip in EXAMPLE_SKIPS["skip"]}:
        with pytest.raises(Malformed):
            parse_query(text)
        return
    query = parse_query(text)
    written = build_query(query)
    assert written == json.loads(text)
    assert parse_query(written) == query
    jsonschema.validate(written, SCHEMA)
    assert check_sendable(query) is query


@pytest.mark.parametrize("name", ["dcql_jwt_vc", "dcql_ldp_vc"])
def test_6_1_a_query_for_a_format_that_is_not_ours_is_read_and_nothing_matches_it(name: str) -> None:
    text = (VECTORS / "openid4vp/request" / f"{name}.json").read_bytes()
    query = parse_query(text)
    assert build_query(query) == json.loads(text)
    match = match_query(query, held(credential()), formats=FORMATS, issuer_algorithms={}, without_pid=())
    assert match.missing == (query.credentials[0].id,)


def test_the_examples_that_are_refused_are_few_and_named() -> None:
    names = {f"{path.parent.name}/{path.name}" for path in EXAMPLES}
    assert len(EXAMPLE_SKIPS["skip"]) <= EXAMPLE_SKIPS["at_most"]
    assert {skip["id"] for skip in EXAMPLE_SKIPS["skip"]} <= names


def test_the_examples_are_those_that_their_source_names() -> None:
    for source in ("openid4vp", "dcql"):
        table = (VECTORS / source / "SOURCE.md").read_text()
        for path in (VECTORS / source).rglob("*.json"):
            assert f"| {path.relative_to(VECTORS / source)} | {sha256(path.read_bytes()).hexdigest()} |" in table


def test_6_3_the_simple_example_selects_its_three_claims() -> None:
    claims = {"family_name": "Dent", "given_name": "Arthur", "address": {"street_address": "Main 1", "region": "X"}}
    assert answered(matched(example("simple"), credential(IDENTITY, claims))) == [
        {"family_name": "Dent", "given_name": "Arthur", "address/street_address": "Main 1"}
    ]


def test_6_4_1_the_first_of_the_claim_sets_that_can_be_satisfied_is_answered() -> None:
    whole = {"family_name": "a", "postal_code": "b", "locality": "c", "region": "d", "date_of_birth": "e"}
    query = example("claims_alternatives")
    first = answered(matched(query, credential(IDENTITY, whole)), "pid")
    assert [set(found) for found in first] == [{"family_name", "locality", "region", "date_of_birth"}]
    without_region = {name: value for name, value in whole.items() if name != "region"}
    found = answered(matched(query, credential(IDENTITY, without_region)), "pid")
    assert [set(paths) for paths in found] == [{"family_name", "postal_code", "date_of_birth"}]
    assert answered(matched(query, credential(IDENTITY, {"family_name": "a"})), "pid") == []


def test_6_4_1_a_claim_whose_value_was_not_asked_for_counts_as_not_there() -> None:
    claims = {"family_name": "Doe", "given_name": "J", "address": {"street_address": "x"}, "postal_code": "90210"}
    query = example("value_matching_simple")
    assert len(answered(matched(query, credential(IDENTITY, claims)))) == 1
    assert answered(matched(query, credential(IDENTITY, claims | {"postal_code": "10001"}))) == []
    assert answered(matched(query, credential(IDENTITY, claims | {"postal_code": 90210}))) == []


def test_6_4_2_all_credentials_are_wanted_where_no_sets_are() -> None:
    identity = credential(IDENTITY, {"given_name": "a", "family_name": "b", "address": {"street_address": "c"}})
    licence = {"org.iso.7367.1": {"vehicle_holder": "d"}, MDL_NAMESPACE: {"given_name": "e"}}
    vehicle = credential("org.iso.7367.1.mVRC", licence, format_=Format.MDOC)
    query = example("multi_credentials")
    assert default_choice(matched(query, identity, vehicle)).held == {"pid": ("1",), "mdl": ("2",)}
    assert matched(query, identity).missing == ("mdl",)


def test_6_4_2_one_option_of_each_required_set_is_enough() -> None:
    reduced = credential(
        "https://credentials.example.com/reduced_identity_credential", {"family_name": "a", "given_name": "b"}
    )
    residence = credential(
        "https://cred.example/residence_credential", {"postal_code": "c", "locality": "d", "region": "e"}
    )
    query = example("credentials_alternatives")
    match = matched(query, reduced, residence)
    assert [set_.options for set_ in match.sets] == [(("pid_reduced_cred_1", "pid_reduced_cred_2"),), ()]
    assert default_choice(match).held == {"pid_reduced_cred_1": ("1",), "pid_reduced_cred_2": ("2",)}
    assert matched(query, reduced).missing == ("pid", "other_pid", "pid_reduced_cred_2")


def test_6_4_2_what_is_optional_is_left_out_until_the_user_adds_it() -> None:
    licence = credential(
        "org.iso.18013.5.1.mDL",
        {
            MDL_NAMESPACE: {
                "given_name": "a", "family_name": "b", "portrait": b"c",
                "resident_address": "d", "resident_country": "e",
            }
        },
        format_=Format.MDOC,
    )  # fmt: skip
    match = matched(example("complex_mdoc"), licence)
    assert [set_.options for set_ in match.sets] == [(("mdl-id",),), (("mdl-address",),)]
    assert default_choice(match).held == {"mdl-id": ("1",)}


# --- the rules of section 6, one by one -------------------------------------------------------------------------

RULES: tuple[tuple[str, Any, str], ...] = (
    ("6: credentials is required", {}, "credentials"),
    ("6: credentials is not empty", {"credentials": []}, "credentials"),
    ("6: credentials is an array", {"credentials": {"id": "a"}}, "credentials"),
    ("6: a query is an object", [], ""),
    ("6: credential_sets is not empty", {"credentials": [sd_jwt_query("a")], "credential_sets": []}, "credential_sets"),
    ("6.1: a credential query is an object", {"credentials": ["a"]}, "credentials[0]"),
    ("6.1: id is required", {"credentials": [sd_jwt_query() | {"id": None}]}, "credentials[0].id"),
    ("6.1: id is not empty", {"credentials": [sd_jwt_query("")]}, "credentials[0].id"),
    ("6.1: id has few characters", {"credentials": [sd_jwt_query("my id")]}, "credentials[0].id"),
    ("6.1: id has few characters, none after them", {"credentials": [sd_jwt_query("id\n")]}, "credentials[0].id"),
    ("6.1: id is not repeated", {"credentials": [sd_jwt_query("a"), mdoc_query("a")]}, "credentials"),
    ("6.1: format is required", {"credentials": [{"id": "a", "meta": {}}]}, "credentials[0].format"),
    ("6.1: meta is required", {"credentials": [{"id": "a", "format": "ldp_vc"}]}, "credentials[0].meta"),
    ("6.1: multiple is a boolean", {"credentials": [sd_jwt_query(multiple="true")]}, "credentials[0].multiple"),
    (
        "6.1: holder binding is a boolean",
        {"credentials": [sd_jwt_query(require_cryptographic_holder_binding=0)]},
        "credentials[0].require_cryptographic_holder_binding",
    ),
    ("6.1: claims is not empty", {"credentials": [sd_jwt_query(claims=[])]}, "credentials[0].claims"),
    (
        "6.1: trusted_authorities is not empty",
        {"credentials": [sd_jwt_query(trusted_authorities=[])]},
        "credentials[0].trusted_authorities",
    ),
    (
        "6.1.1: type is required",
        {"credentials": [sd_jwt_query(trusted_authorities=[{"values": ["a"]}])]},
        "credentials[0].trusted_authorities[0].type",
    ),
    (
        "6.1.1: values is not empty",
        {"credentials": [sd_jwt_query(trusted_authorities=[{"type": "aki", "values": []}])]},
        "credentials[0].trusted_authorities[0].values",
    ),
    (
        "6.1.1: values are texts",
        {"credentials": [sd_jwt_query(trusted_authorities=[{"type": "aki", "values": ["a", 1]}])]},
        "credentials[0].trusted_authorities[0].values[1]",
    ),
    (
        "6.2: options is required",
        {"credentials": [sd_jwt_query("a")], "credential_sets": [{"required": True}]},
        "credential_sets[0].options",
    ),
    (
        "6.2: an option is not empty",
        {"credentials": [sd_jwt_query("a")], "credential_sets": [{"options": [["a"], []]}]},
        "credential_sets[0].options[1]",
    ),
    (
        "6.2: an option refers to credentials",
        {"credentials": [sd_jwt_query("a")], "credential_sets": [{"options": [["a", "b"]]}]},
        "credential_sets[0].options[0][1]",
    ),
    (
        "6.2: required is a boolean",
        {"credentials": [sd_jwt_query("a")], "credential_sets": [{"options": [["a"]], "required": 1}]},
        "credential_sets[0].required",
    ),
    ("6.3: a claim query is an object", {"credentials": [sd_jwt_query(claims=["x"])]}, "credentials[0].claims[0]"),
    ("6.3: path is required", {"credentials": [sd_jwt_query(claims=[{}])]}, "credentials[0].claims[0].path"),
    ("6.3: path is not empty", {"credentials": [sd_jwt_query(claims=[{"path": []}])]}, "credentials[0].claims[0].path"),
    (
        "6.3: claim ids are not repeated",
        {"credentials": [sd_jwt_query(claims=[{"id": "a", "path": ["x"]}, {"id": "a", "path": ["y"]}])]},
        "credentials[0].claims",
    ),
    (
        "6.3: a claim id has few characters",
        {"credentials": [sd_jwt_query(claims=[{"id": "a.b", "path": ["x"]}])]},
        "credentials[0].claims[0].id",
    ),
    (
        "6.3: values is not empty",
        {"credentials": [sd_jwt_query(claims=[{"path": ["x"], "values": []}])]},
        "credentials[0].claims[0].values",
    ),
    (
        "6.3: values are texts, whole numbers and booleans",
        {"credentials": [sd_jwt_query(claims=[{"path": ["x"], "values": ["a", 1.5]}])]},
        "credentials[0].claims[0].values[1]",
    ),
    (
        "6.3: claims beside claim_sets have ids",
        {"credentials": [sd_jwt_query(claims=[{"id": "a", "path": ["x"]}, {"path": ["y"]}], claim_sets=[["a"]])]},
        "credentials[0].claims",
    ),
    (
        "6.4.1: claim_sets needs claims",
        {"credentials": [sd_jwt_query(claim_sets=[["a"]])]},
        "credentials[0].claim_sets",
    ),
    (
        "6.1: claim_sets refers to claims",
        {"credentials": [sd_jwt_query(claims=[{"id": "a", "path": ["x"]}], claim_sets=[["b"]])]},
        "credentials[0].claim_sets[0][0]",
    ),
    (
        "7: a path has no negative index",
        {"credentials": [sd_jwt_query(claims=[{"path": ["x", -1]}])]},
        "credentials[0].claims[0].path",
    ),
    (
        "7: a path has no booleans",
        {"credentials": [sd_jwt_query(claims=[{"path": ["x", True]}])]},
        "credentials[0].claims[0].path",
    ),
    (
        "7.2: a path into an mdoc has two names",
        {"credentials": [mdoc_query(claims=[{"path": [MDL_NAMESPACE]}])]},
        "credentials[0].claims[0].path",
    ),
    (
        "7.2: a path into an mdoc has names alone",
        {"credentials": [mdoc_query(claims=[{"path": [MDL_NAMESPACE, None]}])]},
        "credentials[0].claims[0].path",
    ),
    (
        "B.2.3: doctype_value is required",
        {"credentials": [mdoc_query() | {"meta": {}}]},
        "credentials[0].meta.doctype_value",
    ),
    (
        "B.2.4: intent_to_retain is a boolean",
        {"credentials": [mdoc_query(claims=[{"path": [MDL_NAMESPACE, "x"], "intent_to_retain": 1}])]},
        "credentials[0].claims[0].intent_to_retain",
    ),
    (
        "B.3.5: vct_values is required",
        {"credentials": [sd_jwt_query() | {"meta": {}}]},
        "credentials[0].meta.vct_values",
    ),
    (
        "B.3.5: vct_values is not empty",
        {"credentials": [sd_jwt_query() | {"meta": {"vct_values": []}}]},
        "credentials[0].meta.vct_values",
    ),
)


@pytest.mark.parametrize(("query", "where"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_a_query_that_breaks_a_rule_is_malformed_where_it_does(query: Any, where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_query(query)
    assert refusal.value.where == where


def test_6_unknown_members_are_ignored() -> None:
    claim = {"path": ["family_name"], "future": 1}
    query = {"credentials": [sd_jwt_query("a", claims=[claim], future={})], "future": True}
    assert parse_query(query) == query_of(sd_jwt_query("a", "family_name"))


def test_6_1_1_only_key_identifiers_are_evaluated() -> None:
    pid = credential()
    [key_id] = pid.issuer.key_ids

    def asking(type_: str, *values: str) -> Any:
        authority = {"type": type_, "values": list(values)}
        return {"credentials": [sd_jwt_query("my_credential", trusted_authorities=[authority])]}

    assert len(answered(matched(asking("aki", "other", base64url(key_id)), pid))) == 1
    assert answered(matched(asking("aki", "other"), pid)) == []
    assert answered(matched(asking("etsi_tl", "https://lotl.example.com"), pid)) == []
    assert answered(matched(asking("openid_federation", "https://trustanchor.example.com"), pid)) == []


def test_6_4_1_without_claims_nothing_that_is_selectively_disclosable_is_disclosed() -> None:
    assert answered(matched({"credentials": [sd_jwt_query("my_credential")]}, credential())) == [{}]


def test_6_1_of_two_claim_queries_for_one_claim_the_second_is_ignored() -> None:
    claims = [{"path": ["family_name"]}, {"path": ["family_name"], "values": ["Nobody"]}]
    query = {"credentials": [sd_jwt_query("my_credential", claims=claims)]}
    assert answered(matched(query, credential())) == [{"family_name": "Lovelace"}]


# --- claims path pointers ---------------------------------------------------------------------------------------

ARTHUR = {
    "name": "Arthur Dent",
    "address": {"street_address": "42 Market Street", "locality": "Milliways", "postal_code": "12345"},
    "degrees": [
        {"type": "Bachelor of Science", "university": "University of Betelgeuse"},
        {"type": "Master of Science", "university": "University of Betelgeuse"},
    ],
    "nationalities": ["British", "Betelgeusian"],
}


@pytest.mark.parametrize(
    ("path", "selected"),
    [
        (("name",), ["Arthur Dent"]),
        (("address",), [ARTHUR["address"]]),
        (("address", "street_address"), ["42 Market Street"]),
        (("degrees", None, "type"), ["Bachelor of Science", "Master of Science"]),
        (("nationalities", 1), ["Betelgeusian"]),
        (("nationalities", 2), []),
        (("name", "first"), []),
        (("address", None), []),
        (("degrees", "type"), []),
    ],
)
def test_7_3_a_path_selects_what_the_example_says(path: Any, selected: list[Any]) -> None:
    assert [value for _, value in select_claims(ARTHUR, path)] == selected


# --- dcql-ts ----------------------------------------------------------------------------------------------------


def translated(query: Any, doctype: str, vct: str) -> Any:
    """The query in the spelling of 1.0: path for namespace and claim_name, dc+sd-jwt for vc+sd-jwt, and a meta."""
    query = json.loads(json.dumps(query))
    for entry in query["credentials"]:
        for claim in entry.get("claims", ()):
            if "namespace" in claim:
                claim["path"] = [claim.pop("namespace"), claim.pop("claim_name")]
        if entry["format"] == "vc+sd-jwt" and "type_values" not in entry.get("meta", {}):
            entry["format"] = "dc+sd-jwt"
        known = {"mso_mdoc": {"doctype_value": doctype}, "dc+sd-jwt": {"vct_values": [vct]}}
        entry["meta"] = entry.get("meta") or known[entry["format"]]
        for authority in entry.get("trusted_authorities", ()):
            # their values are free texts; ours are base64url of what the certificates hold
            authority["values"] = [base64url(value.encode()) for value in authority["values"]]
    return query


def foreign(recorded: Any) -> VerifiedCredential:
    """A recorded credential; one of a format that is not ours becomes one that nothing matches."""
    authority = recorded.get("authority") or {"type": "aki", "values": []}
    key_ids = tuple(value.encode() for value in authority["values"] if authority["type"] == "aki")
    issuer = Issuer(entity="e", anchor="CN=a", subject="CN=s", key_ids=key_ids)
    bound = recorded["cryptographic_holder_binding"]
    if recorded["credential_format"] == "mso_mdoc":
        claims = recorded["namespaces"]
        return credential(recorded["doctype"], claims, format_=Format.MDOC, bound=bound, issuer=issuer)
    return credential(str(recorded.get("vct")), recorded["claims"], bound=bound, issuer=issuer)


def outcome(case: Any) -> tuple[bool, dict[str, list[tuple[int, set[str]]]]]:
    """Whether the query can be satisfied, and the matching credentials with what each would disclose."""
    credentials = case["credentials"]
    doctype = next((entry["doctype"] for entry in credentials if "doctype" in entry), "none")
    vct = next((entry["vct"] for entry in credentials if "vct" in entry), "none")
    query = parse_query(translated(case["query"], doctype, vct))
    match = match_query(query, held(*map(foreign, credentials)), formats=FORMATS, issuer_algorithms={}, without_pid=())
    found = {
        entry.query.id: [(int(candidate.held.id) - 1, paths(candidate)) for candidate in entry.candidates]
        for entry in match.credentials
    }
    return not match.missing, found


def paths(candidate: Candidate) -> set[str]:
    return {json.dumps(path) for path in candidate.paths}


def expected(case: Any) -> tuple[bool, dict[str, list[tuple[int, set[str]]]]]:
    found: dict[str, list[tuple[int, set[str]]]] = {}
    for entry in translated(case["query"], "none", "none")["credentials"]:
        recorded = case["expect"]["matches"][entry["id"]]
        chosen = [next(set_ for set_ in sets if set_["success"]) for sets in recorded["claim_sets"]]
        found[entry["id"]] = [
            (index, {json.dumps(entry["claims"][number]["path"]) for number in set_["ids"] or ()})
            for index, set_ in zip(recorded["valid_credential_indices"], chosen, strict=True)
        ]
    return case["expect"]["can_be_satisfied"], found


@pytest.mark.parametrize("case", CASES["queries"], ids=lambda case: case["test"])
def test_dcql_ts_finds_the_same_credentials_and_claims(case: Any) -> None:
    agree = outcome(case) == expected(case)
    assert agree == (f"match: {case['test']}" not in SKIPPED)


@pytest.mark.parametrize("case", CASES["queries"], ids=lambda case: case["test"])
def test_dcql_ts_finds_the_same_options_of_credential_sets(case: Any) -> None:
    credentials = held(*map(foreign, case["credentials"]))
    query = parse_query(translated(case["query"], "none", "none"))
    match = match_query(query, credentials, formats=FORMATS, issuer_algorithms={}, without_pid=())
    for recorded, found in zip(case["expect"]["credential_sets"] or (), match.sets, strict=False):
        assert [list(option) for option in found.options] == recorded.get("matching_options", [])
        assert (found.set.required, found.set.purpose) == (recorded["required"], recorded["purpose"])


@pytest.mark.parametrize("case", CASES["parse"], ids=lambda case: f"{case['op']}: {case['test']}")
def test_dcql_ts_reads_the_same_queries(case: Any) -> None:
    query = case.get("input", case.get("query"))
    assert case["ok"]
    if f"parse: {case['test']}" in SKIPPED:
        with pytest.raises(Malformed):
            parse_query(query)
        query = translated(query, "none", "none")
    assert parse_query(build_query(parse_query(query))) == parse_query(query)


def test_the_skips_are_few_and_named() -> None:
    known = {f"match: {case['test']}" for case in CASES["queries"]} | {
        f"parse: {case['test']}" for case in CASES["parse"]
    }
    kinds = Counter(skip["id"].partition(":")[0] for skip in SKIPS["skip"])
    assert kinds.keys() == SKIPS["at_most"].keys()
    assert all(count <= SKIPS["at_most"][kind] for kind, count in kinds.items())
    assert known >= SKIPPED
