"""Disclosures and digests alone: what resolves, and what RFC 9901 section 7.1 refuses."""

from typing import Any

import pytest
from zegel_testing.sdjwt import digest, disclosure, issued, parsed

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.sdjwt.disclosures import MAX_DISCLOSURES, locate_claims, resolve_disclosures
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.primitives.json import MAX_DEPTH

NAME = disclosure("salt 1", "name", "Erika")
ENTRY = disclosure("salt 2", "UT")
STREET = disclosure("salt 3", "street", "Main")
ADDRESS = disclosure("salt 4", "address", {"_sd": [digest(STREET)], "country": "UT"})


def resolve(payload: dict[str, Any], *encoded: bytes) -> dict[str, Any]:
    return resolve_disclosures(payload, encoded, parsed(*encoded))


def refused(payload: dict[str, Any], *encoded: bytes) -> Check:
    with pytest.raises(Rejected) as refusal:
        resolve(payload, *encoded)
    return refusal.value.check


def test_a_disclosed_property_takes_its_place() -> None:
    assert resolve({"_sd": [digest(NAME)], "_sd_alg": "sha-256", "a": 1}, NAME) == {"a": 1, "name": "Erika"}


def test_a_disclosed_entry_takes_its_place_and_hidden_ones_leave_none() -> None:
    array = ["AT", {"...": digest(ENTRY)}, {"...": "hidden"}, ["inner", {"...": "too"}]]
    assert resolve({"a": array}, ENTRY) == {"a": ["AT", "UT", ["inner"]]}


def test_a_disclosure_may_stand_in_another() -> None:
    assert resolve({"_sd": [digest(ADDRESS)]}, ADDRESS, STREET) == {"address": {"street": "Main", "country": "UT"}}
    assert resolve({"_sd": [digest(ADDRESS)]}, STREET, ADDRESS) == {"address": {"street": "Main", "country": "UT"}}
    assert resolve({"_sd": [digest(ADDRESS)]}, ADDRESS) == {"address": {"country": "UT"}}


def test_an_entry_may_hold_digests_of_its_own() -> None:
    entry = disclosure("salt", {"_sd": [digest(NAME)]})
    assert resolve({"a": [{"...": digest(entry)}]}, entry, NAME) == {"a": [{"name": "Erika"}]}


def test_an_object_that_has_only_digests_becomes_empty() -> None:
    assert resolve({"a": {"_sd": ["decoy"]}, "b": [{"_sd": []}]}) == {"a": {}, "b": [{}]}


def test_the_payload_itself_is_not_changed() -> None:
    payload = {"_sd": [digest(NAME)], "a": {"_sd": ["decoy"]}}
    resolve(payload, NAME)
    assert payload == {"_sd": [digest(NAME)], "a": {"_sd": ["decoy"]}}


@pytest.mark.parametrize("algorithm", ["sha-512", "SHA-256", None, 256, ["sha-256"]])
def test_another_hash_algorithm_is_refused(algorithm: Any) -> None:
    assert refused({"_sd_alg": algorithm}) is Check.HASH_ALGORITHM


@pytest.mark.parametrize("payload", [{"a": {"_sd_alg": "sha-256"}}, {"a": [{"_sd_alg": "sha-256"}]}])
def test_a_hash_algorithm_below_the_top_level_is_refused(payload: dict[str, Any]) -> None:
    assert refused(payload) is Check.HASH_ALGORITHM


@pytest.mark.parametrize(
    "payload",
    [
        {"_sd": "digest"},
        {"_sd": None},
        {"_sd": {"...": "digest"}},
        {"_sd": [1]},
        {"_sd": ["digest", None]},
        {"_sd": [["digest"]]},
        {"a": {"_sd": 1}},
        {"...": "digest"},
        {"a": {"...": "digest"}},
        {"a": [{"...": 1}]},
        {"a": [{"...": ["digest"]}]},
        {"a": [{"...": "digest", "b": 1}]},
        {"a": [{"...": "digest", "_sd": []}]},
    ],
)
def test_digests_in_another_place_are_refused(payload: dict[str, Any]) -> None:
    assert refused(payload) is Check.DIGEST_PLACE


@pytest.mark.parametrize(
    "payload",
    [
        {"_sd": ["digest", "digest"]},
        {"_sd": ["digest"], "a": {"_sd": ["digest"]}},
        {"_sd": ["digest"], "a": [{"...": "digest"}]},
        {"a": [{"...": "digest"}, {"...": "digest"}]},
    ],
)
def test_a_digest_that_stands_twice_is_refused(payload: dict[str, Any]) -> None:
    assert refused(payload) is Check.DIGEST_PLACE


def test_a_digest_that_stands_again_in_a_disclosure_is_refused() -> None:
    again = disclosure("salt", "more", {"_sd": [digest(NAME)]})
    assert refused({"_sd": [digest(NAME), digest(again)]}, NAME, again) is Check.DIGEST_PLACE


def test_an_entry_that_discloses_a_digest_is_refused() -> None:
    nested = disclosure("salt", {"...": digest(ENTRY)})
    assert refused({"a": [{"...": digest(nested)}]}, nested, ENTRY) is Check.DIGEST_PLACE


def test_a_disclosure_of_the_other_kind_is_refused() -> None:
    assert refused({"_sd": [digest(ENTRY)]}, ENTRY) is Check.DISCLOSED_CLAIM
    assert refused({"a": [{"...": digest(NAME)}]}, NAME) is Check.DISCLOSED_CLAIM


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg"])
def test_a_reserved_name_is_refused(name: str) -> None:
    reserved = disclosure("salt", name, "value")
    assert refused({"_sd": [digest(reserved)]}, reserved) is Check.DISCLOSED_CLAIM


def test_a_name_that_is_taken_is_refused() -> None:
    assert refused({"_sd": [digest(NAME)], "name": "Max"}, NAME) is Check.DISCLOSED_CLAIM
    other = disclosure("other salt", "name", "Max")
    assert refused({"_sd": [digest(NAME), digest(other)]}, NAME, other) is Check.DISCLOSED_CLAIM
    assert resolve({"_sd": [digest(NAME), digest(other)]}, other) == {"name": "Max"}


def test_a_disclosure_without_its_digest_is_refused() -> None:
    assert refused({"_sd": []}, NAME) is Check.DISCLOSURE
    assert refused({"_sd": [digest(ADDRESS)]}, STREET) is Check.DISCLOSURE
    assert refused({"name": digest(NAME)}, NAME) is Check.DISCLOSURE


def test_a_disclosure_that_is_sent_twice_is_refused() -> None:
    assert refused({"_sd": [digest(NAME)]}, NAME, NAME) is Check.DISCLOSURE


def test_disclosures_in_one_another_are_bounded_in_depth() -> None:
    chain = [disclosure("salt", "a", "end")]
    for _ in range(MAX_DEPTH):
        chain.append(disclosure("salt", "a", {"_sd": [digest(chain[-1])]}))
    deepest, *inner = reversed(chain[:-1])
    assert resolve({"_sd": [digest(deepest)]}, deepest, *inner)
    assert refused({"_sd": [digest(chain[-1])]}, *reversed(chain)) is Check.DISCLOSED_CLAIM


def test_entries_in_one_another_are_bounded_in_depth() -> None:
    chain = [disclosure("salt", "end")]
    for _ in range(MAX_DEPTH):
        chain.append(disclosure("salt", [{"...": digest(chain[-1])}]))
    *inner, deepest, too_deep = chain
    assert resolve({"a": [{"...": digest(inner[-1])}]}, *inner)
    assert refused({"a": [{"...": digest(too_deep)}]}, *inner, deepest, too_deep) is Check.DISCLOSED_CLAIM


def test_disclosures_are_bounded_in_number() -> None:
    with pytest.raises(Malformed, match="at most 500"):
        parse_sdjwt(issued({}) + b"~".join([NAME] * (MAX_DISCLOSURES + 1)) + b"~")


def test_each_claim_is_located_with_the_disclosures_that_lead_to_it() -> None:
    payload = {
        "_sd": [digest(ADDRESS), "decoy"],
        "vct": "urn:a",
        "open": {"_sd": [digest(NAME)]},
        "list": ["AT", {"...": "hidden"}, {"...": digest(ENTRY)}],
    }
    encoded = (NAME, ADDRESS, STREET, ENTRY)
    assert dict(locate_claims(payload, encoded, parsed(*encoded))) == {
        ("vct",): (),
        ("open",): (),
        ("open", "name"): (NAME,),
        ("list",): (),
        ("list", 0): (),
        ("list", 1): (ENTRY,),
        ("address",): (ADDRESS,),
        ("address", "country"): (ADDRESS,),
        ("address", "street"): (ADDRESS, STREET),
    }
