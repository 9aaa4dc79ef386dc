"""RFC 9901 (SD-JWT): its examples, those of its authors' library, and its rules by section."""

import json
import tomllib
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.sdjwt import digest, disclosure, parsed

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.sdjwt.disclosures import digest_disclosures, resolve_disclosures
from zegel.formats.sdjwt.key_binding import parse_key_binding, verify_key_binding
from zegel.primitives.encoding import base64url
from zegel.primitives.jws import parse_jws, verify_jws
from zegel.primitives.keys import PublicKey, parse_jwk

VECTORS = Path(__file__).parents[1] / "vectors" / "sd-jwt"
SKIPS = tomllib.loads((VECTORS / "skips.toml").read_text())
SKIPPED = {skip["id"]: skip["reason"] for skip in SKIPS["skip"]}
FOLDERS = ("rfc9901", "sd-jwt-python", "sd-jwt-vc", "openid4vp")
LISTS = ("rfc9901-draft22.vectors.json", "sd-jwt-vc-draft.vectors.json")
ISSUER = parse_jwk(  # settings.yml of every folder: issuer_key
    {
        "kty": "EC",
        "crv": "P-256",
        "x": "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ",
        "y": "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8",
    },
    what="issuer",
)
HOLDER = parse_jwk(
    {
        "kty": "EC",
        "crv": "P-256",
        "x": "TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc",
        "y": "ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ",
    },
    what="holder",
)
ADDED = {"iss", "iat", "exp", "cnf", "vct", "issuing_country", "issuing_authority"}


@dataclass(frozen=True)
class Example:
    """An example: SD-JWTs in compact serialisation, and what is in them."""

    issued: bytes | None
    presented: bytes | None
    verified: dict[str, Any] | None
    user_claims: dict[str, Any] | None


def examples() -> dict[str, Example]:
    found = {}
    for folder in FOLDERS:
        for place in sorted(path for path in (VECTORS / folder).iterdir() if path.is_dir()):
            identity = f"{folder}/{place.name}"
            if identity not in SKIPPED:
                found[identity] = Example(
                    issued=b"".join((place / "sd_jwt_issuance.txt").read_bytes().split()),
                    presented=b"".join((place / "sd_jwt_presentation.txt").read_bytes().split()),
                    verified=json.loads((place / "verified_contents.json").read_text()),
                    user_claims=json.loads((place / "user_claims.json").read_text()),
                )
    for name in LISTS:
        for position, vector in enumerate(json.loads((VECTORS / name).read_text())):
            identity = f"{name}/{position}"
            if identity not in SKIPPED and vector["kind"] != "jwt":
                compact = vector["compact"].encode()
                presented, issued = (compact, None) if vector["kind"] == "sd-jwt+kb" else (None, compact)
                found[identity] = Example(issued=issued, presented=presented, verified=None, user_claims=None)
    return found


EXAMPLES = examples()


def processed(compact: bytes, *, key: PublicKey = ISSUER) -> dict[str, Any]:
    """Section 7.1 for any type: signature, disclosures, digests."""
    issuer_signed, *encoded, _ = compact.split(b"~")
    jws = parse_jws(issuer_signed, what="example")
    claims = verify_jws(jws, key=key, typ=jws.unverified_header.typ).claims
    return resolve_disclosures(claims, encoded, parsed(*encoded))


@pytest.mark.parametrize("identity", [name for name, example in EXAMPLES.items() if example.issued])
def test_section_7_1_an_issued_example_holds_all_the_claims(identity: str) -> None:
    example = EXAMPLES[identity]
    assert example.issued is not None
    claims = processed(example.issued)
    assert '"_sd' not in json.dumps(claims)
    if example.user_claims is not None:
        claims = {name: value for name, value in claims.items() if name not in ADDED - example.user_claims.keys()}
        assert claims == example.user_claims


@pytest.mark.parametrize("identity", [name for name, example in EXAMPLES.items() if example.verified is not None])
def test_section_7_1_a_presented_example_holds_the_verified_contents(identity: str) -> None:
    example = EXAMPLES[identity]
    assert example.presented is not None
    assert processed(example.presented) == example.verified


@pytest.mark.parametrize(
    "identity", [name for name, e in EXAMPLES.items() if e.presented and not e.presented.endswith(b"~")]
)
def test_section_7_3_a_presented_example_is_bound_to_its_holder(identity: str) -> None:
    data = EXAMPLES[identity].presented
    assert data is not None
    presented, separator, proof = data.rpartition(b"~")
    binding = parse_key_binding(parse_jws(proof, what="example"))
    claims = binding.unverified_claims
    verified = verify_key_binding(
        binding,
        key=HOLDER,
        presented=presented + separator,
        audience=claims["aud"],
        nonce="1234567890",
        now=int(claims["iat"]),
        transaction_data=(),
    )
    assert verified == claims


def test_the_examples_that_are_skipped_are_few_and_each_has_its_reason() -> None:
    counted = Counter(identity.rpartition("/")[0] for identity in SKIPPED)
    assert counted == SKIPS["at_most"]
    assert all(SKIPPED.values())
    assert len(EXAMPLES) >= 40
    with pytest.raises(Malformed, match="kid"):
        processed((VECTORS / "sd-jwt-python/header_mod/sd_jwt_presentation.txt").read_bytes())


def test_the_vectors_are_those_of_their_source() -> None:
    source = (VECTORS / "SOURCE.md").read_text()
    for name in (*LISTS, "sd-jwt-vc-draft.blocks.json"):
        assert f"| {name} | {sha256((VECTORS / name).read_bytes()).hexdigest()} |" in source
    for folder in (*FOLDERS, "eudi-jvm"):
        total = sha256()
        for path in sorted(path for path in (VECTORS / folder).rglob("*") if path.is_file()):
            total.update(path.relative_to(VECTORS).as_posix().encode() + b"\0" + sha256(path.read_bytes()).digest())
        assert f"| {folder}/ | {total.hexdigest()} |" in source


def resolve(payload: dict[str, Any], *encoded: bytes) -> dict[str, Any]:
    return resolve_disclosures(payload, encoded, parsed(*encoded))


def refused(payload: dict[str, Any], *encoded: bytes) -> Check:
    with pytest.raises(Rejected) as refusal:
        resolve(payload, *encoded)
    return refusal.value.check


FAMILY_NAME = b"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
FR = b"WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0"


@pytest.mark.parametrize(
    "encoded",
    [
        FAMILY_NAME,
        b"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNXHUwMGY2Yml1cyJd",
        b"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsImZhbWlseV9uYW1lIiwiTcO2Yml1cyJd",
        b"WwoiXzI2YmM0TFQtYWM2cTJLSTZjQlc1ZXMiLAoiZmFtaWx5X25hbWUiLAoiTcO2Yml1cyIKXQ",
    ],
)
def test_section_4_2_1_a_disclosure_may_be_written_in_several_ways(encoded: bytes) -> None:
    assert parsed(encoded) == [["_26bc4LT-ac6q2KI6cBW5es", "family_name", "Möbius"]]


def test_section_4_2_2_an_entry_is_disclosed_by_salt_and_value() -> None:
    assert parsed(FR) == [["lklxF5jMYlGTPUovMNIvCA", "FR"]]


def test_section_4_2_3_the_digest_is_taken_over_the_text() -> None:
    assert digest_disclosures([FAMILY_NAME]) == ["X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"]
    assert digest_disclosures([FR, FAMILY_NAME])[0] == "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs"


def test_section_4_2_4_1_a_digest_stands_for_a_property() -> None:
    payload = {"given_name": "Alice", "_sd": ["X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"]}
    assert resolve(payload, FAMILY_NAME) == {"given_name": "Alice", "family_name": "Möbius"}
    assert resolve(payload) == {"given_name": "Alice"}


def test_section_4_2_4_2_a_digest_stands_for_an_entry() -> None:
    payload = {"nationalities": ["DE", {"...": "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs"}, "US"]}
    assert resolve(payload, FR) == {"nationalities": ["DE", "FR", "US"]}
    assert resolve(payload) == {"nationalities": ["DE", "US"]}


def test_section_4_2_6_a_disclosure_needs_those_around_it() -> None:
    entries = [disclosure("16_mAd0GiwaZokU26_0i0h", "DE"), disclosure("fn9fN0rD-fFs2n303ZI-0c", "FR")]
    around = disclosure("4drfeTtSUK3aY_-PF12gcX", "nationalities", [{"...": digest(entry)} for entry in entries])
    payload = {"family_name": "Möbius", "_sd": [digest(around)]}
    assert resolve(payload, around, entries[1]) == {"family_name": "Möbius", "nationalities": ["FR"]}
    assert resolve(payload, around) == {"family_name": "Möbius", "nationalities": []}
    assert refused(payload, entries[1]) is Check.DISCLOSURE


def test_section_4_1_1_a_hash_algorithm_that_is_not_named_is_sha_256() -> None:
    payload = {"_sd": [digest(FAMILY_NAME)]}
    assert resolve(payload, FAMILY_NAME) == resolve(payload | {"_sd_alg": "sha-256"}, FAMILY_NAME)
    assert refused(payload | {"_sd_alg": "sha-256-32"}, FAMILY_NAME) is Check.HASH_ALGORITHM


def test_section_7_1_step_3_3_2_1_an_object_takes_three_elements() -> None:
    assert refused({"_sd": [digest(FR)]}, FR) is Check.DISCLOSED_CLAIM


@pytest.mark.parametrize("name", ["_sd", "..."])
def test_section_7_1_step_3_3_2_2_a_claim_has_no_reserved_name(name: str) -> None:
    reserved = disclosure("salt", name, ["value"])
    assert refused({"_sd": [digest(reserved)]}, reserved) is Check.DISCLOSED_CLAIM


def test_section_7_1_step_3_3_2_3_a_claim_has_a_name_that_is_free() -> None:
    assert refused({"_sd": [digest(FAMILY_NAME)], "family_name": "Other"}, FAMILY_NAME) is Check.DISCLOSED_CLAIM


def test_section_7_1_step_3_3_3_1_an_array_takes_two_elements() -> None:
    assert refused({"a": [{"...": digest(FAMILY_NAME)}]}, FAMILY_NAME) is Check.DISCLOSED_CLAIM


def test_section_7_1_step_3_5_what_is_left_without_properties_is_an_empty_object() -> None:
    assert resolve({"a": {"_sd": [base64url(bytes(32))]}}) == {"a": {}}


def test_section_7_1_step_4_a_digest_stands_once() -> None:
    assert refused({"_sd": [digest(FAMILY_NAME)], "a": {"_sd": [digest(FAMILY_NAME)]}}) is Check.DIGEST_PLACE


def test_section_7_1_step_5_every_disclosure_has_its_digest() -> None:
    assert refused({"_sd": [digest(FR)]}, FAMILY_NAME) is Check.DISCLOSURE
