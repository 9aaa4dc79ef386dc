"""Issuance: what is hidden and what is in the clear, and that two copies of a credential share nothing unique."""

from collections.abc import Mapping
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_key, fixed_random
from zegel_testing.sdjwt import ANCHORS, CLAIMS, HOLDER, ISSUER, STATUS, VCT, digest, issued

from zegel.formats.credential import StatusReference
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.formats.sdjwt.parse import UnverifiedSdJwt, parse_sdjwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt


def digests(node: Any) -> list[str]:
    """Every digest of a payload, in order."""
    if isinstance(node, Mapping):
        found = [*node.get("_sd", ()), *([node["..."]] if "..." in node else [])]
        return found + [inner for value in node.values() for inner in digests(value)]
    return [inner for item in node for inner in digests(item)] if isinstance(node, list) else []


def everything(sdjwt: UnverifiedSdJwt) -> list[str]:
    """Every digest of a credential, those inside disclosures too."""
    inner = [found for contents in sdjwt.unverified_disclosures for found in digests(contents[-1])]
    return digests(sdjwt.unverified_jws.unverified_claims) + inner


def test_every_claim_property_and_entry_is_disclosable_on_its_own() -> None:
    sdjwt = parse_sdjwt(issued())
    assert [contents[1:] for contents in sdjwt.unverified_disclosures] == [
        ["locality", "Capital"],
        ["country", "UT"],
        ["UT"],
        ["AT"],
        ["family_name", "Example"],
        ["given_name", "Erika"],
        ["address", {"_sd": sorted(map(digest, sdjwt.encoded_disclosures[:2]))}],
        ["nationalities", [{"...": digest(encoded)} for encoded in sdjwt.encoded_disclosures[2:4]]],
    ]
    claims = sdjwt.unverified_jws.unverified_claims
    assert claims.keys() == {"_sd", "_sd_alg", "vct", "iat", "nbf", "exp", "status", "cnf"}
    assert set(digests(claims)) == set(map(digest, sdjwt.encoded_disclosures[4:]))


def test_the_header_names_type_algorithm_and_chain_alone() -> None:
    header = parse_sdjwt(issued()).unverified_jws.unverified_header
    assert header.members.keys() == {"alg", "typ", "x5c"}
    assert (header.alg, header.typ, header.x5c) == ("ES256", "dc+sd-jwt", ISSUER.chain)


@pytest.mark.parametrize(
    ("in_the_clear", "clear", "hidden"),
    [
        ([("family_name",)], {"family_name": "Example"}, ["given_name", "address", "nationalities"]),
        ([(name,) for name in CLAIMS], {"family_name": "Example", "given_name": "Erika"}, ["locality", "country"]),
        ([("address", "country"), ("address",)], {"address": {"country": "UT"}}, ["locality"]),
        ([("nationalities",), ("nationalities", None)], {"nationalities": ["UT", "AT"]}, ["family_name"]),
        ([("unknown",), ("address", "unknown")], {}, ["address"]),
    ],
)
def test_what_is_in_the_clear_is_in_the_payload(in_the_clear: Any, clear: dict[str, Any], hidden: list[str]) -> None:
    sdjwt = parse_sdjwt(issued(in_the_clear=in_the_clear))
    claims = sdjwt.unverified_jws.unverified_claims
    for name, value in clear.items():
        shown = claims[name]
        assert ({key: shown[key] for key in value} if isinstance(value, dict) else shown) == value
    assert set(hidden) <= {contents[1] for contents in sdjwt.unverified_disclosures if len(contents) == 3}


def test_members_of_entries_can_stay_in_the_clear() -> None:
    claims = {"degrees": [{"title": "Doctor", "year": 1999}, {"title": "Master", "year": 1995}]}
    clear = [("degrees",), ("degrees", None), ("degrees", None, "title")]
    shown = parse_sdjwt(issued(claims, in_the_clear=clear)).unverified_jws.unverified_claims["degrees"]
    assert [entry["title"] for entry in shown] == ["Doctor", "Master"]
    assert [len(entry["_sd"]) for entry in shown] == [1, 1]


def test_where_nothing_is_disclosable_there_are_no_digests() -> None:
    sdjwt = parse_sdjwt(issued({"family_name": "Example"}, in_the_clear=[("family_name",)], decoys=3))
    assert "_sd" not in sdjwt.unverified_jws.unverified_claims
    assert sdjwt.encoded_disclosures == []


def test_an_empty_object_and_an_empty_array_are_claims_too() -> None:
    claims = {"a": {}, "b": [], "c": None, "d": [[], {}], "e": ({"f": (1,)},)}
    shown = verify_issued_sdjwt(parse_sdjwt(issued(claims)), anchors=ANCHORS, now=NOW).claims
    assert {name: shown[name] for name in claims} == claims | {"e": [{"f": [1]}]}


def test_what_is_not_known_is_left_out() -> None:
    bare = issued(status=None, holder_key=None, issued_at=None, valid_from=None, valid_until=None)
    assert parse_sdjwt(bare).unverified_jws.unverified_claims.keys() == {"_sd", "_sd_alg", "vct"}


def test_the_type_may_bring_names_and_a_hash() -> None:
    sdjwt = parse_sdjwt(issued(also_known_as=("urn:a",), integrity="sha256-abc=", name="https://issuer.utopia.example"))
    claims = sdjwt.unverified_jws.unverified_claims
    assert claims["aka_vcts"] == ["urn:a"]
    assert claims["vct#integrity"] == "sha256-abc="
    assert claims["iss"] == "https://issuer.utopia.example"


@pytest.mark.parametrize("name", ["iss", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"])
def test_a_claim_that_the_issuer_sets_is_not_a_persons(name: str) -> None:
    with pytest.raises(ValueError, match="the issuer sets"):
        issued({name: "value"})


@pytest.mark.parametrize(
    "claims", [{"_sd": ["a"]}, {"...": "a"}, {"_sd_alg": "a"}, {"a": {"_sd": []}}, {"a": [{"...": "b"}]}]
)
def test_a_claim_with_a_reserved_name_is_not_issued(claims: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="reserves"):
        issued(claims)


def test_a_path_into_one_entry_is_no_rule() -> None:
    with pytest.raises(ValueError, match="None for every entry"):
        issued(in_the_clear=[("nationalities", 0)])


def test_digests_stand_in_an_order_that_says_nothing() -> None:
    payload = parse_sdjwt(issued(decoys=5)).unverified_jws.unverified_claims
    assert payload["_sd"] == sorted(payload["_sd"])


def test_decoys_are_as_many_as_the_type_says_and_no_digest_of_a_claim() -> None:
    for count in (0, 1, 7):
        sdjwt = parse_sdjwt(issued(decoys=count))
        claims = {digest(encoded) for encoded in sdjwt.encoded_disclosures}
        assert len([found for found in everything(sdjwt) if found not in claims]) == count
        assert len(sdjwt.unverified_jws.unverified_claims["_sd"]) == len(CLAIMS) + count


def test_salts_have_at_least_128_bits_and_no_two_are_alike() -> None:
    salts = [contents[0] for contents in parse_sdjwt(issued()).unverified_disclosures]
    assert all(len(salt) * 6 >= 128 for salt in salts)
    assert len(set(salts)) == len(salts)


def test_chance_is_asked_for_once() -> None:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return fixed_random("once")(size)

    issued(random=random)
    assert len(asked) == 1
    asked.clear()
    issued({f"claim {number}": number for number in range(100)}, random=random)
    assert len(asked) == 3


@pytest.mark.requirement("ISSU_35")
def test_ten_copies_of_one_credential_share_nothing_unique() -> None:
    issuer = SdJwtIssuer(signer=ISSUER.key, chain=ISSUER.chain, vct=VCT, decoys=4)
    random = fixed_random("ten copies")
    copies = [
        parse_sdjwt(
            issuer.issue(
                CLAIMS,
                holder_key=fixed_key(f"holder {number}").public_key,
                status=StatusReference(uri=STATUS.uri, index=number * 7),
                issued_at=NOW,
                valid_from=NOW,
                valid_until=NOW + 14 * DAY,
                random=random,
            )
        )
        for number in range(10)
    ]
    claims = [copy.unverified_jws.unverified_claims for copy in copies]
    all_digests = [found for copy in copies for found in everything(copy)]
    all_salts = [contents[0] for copy in copies for contents in copy.unverified_disclosures]
    assert len(set(all_digests)) == len(all_digests)
    assert len(set(all_salts)) == len(all_salts)
    for unique in (
        [copy.unverified_jws.signature for copy in copies],
        [payload["cnf"]["jwk"]["x"] for payload in claims],
        [payload["status"]["status_list"]["idx"] for payload in claims],
    ):
        assert len(set(unique)) == 10
    for payload in claims:
        same = {name: value for name, value in payload.items() if name not in ("_sd", "cnf", "status")}
        assert same == {name: claims[0][name] for name in same}
        assert payload.keys() == claims[0].keys()
        assert len(payload["_sd"]) == len(claims[0]["_sd"]) == len(CLAIMS) + 4
        assert "jti" not in payload
    # which place the digest of the same claim takes is chance: no copy's order says more than another's
    places = [claims[number]["_sd"].index(digest(copy.encoded_disclosures[-1])) for number, copy in enumerate(copies)]
    assert len(set(places)) > 1


def test_a_holder_key_is_written_as_its_public_members_alone() -> None:
    confirmation = parse_sdjwt(issued()).unverified_jws.unverified_claims["cnf"]
    assert confirmation == {"jwk": HOLDER.public_key.jwk()}
