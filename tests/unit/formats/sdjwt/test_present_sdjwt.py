"""Presentation: the wanted claims, what leads to them, what is within them, and nothing else."""

from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.sdjwt import ANCHORS, HOLDER, digest, issued, presented

from zegel.formats.sdjwt.key_binding import sign_key_binding
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.present import present_unbound_sdjwt
from zegel.formats.sdjwt.verify import verify_unbound_sdjwt
from zegel.primitives.claim_path import ClaimPath

CLAIMS: dict[str, Any] = {
    "name": "Erika",
    "address": {"street": {"number": "1", "name": "Main"}, "country": "UT"},
    "nationalities": ["UT", "AT", "NL"],
    "degrees": [{"title": "Doctor", "year": 1999}, {"title": "Master", "year": 1995}],
}


def shown(paths: list[ClaimPath], **changes: Any) -> dict[str, Any]:
    sdjwt = parse_sdjwt(issued(CLAIMS, **changes))
    data = present_unbound_sdjwt(sdjwt, paths=paths)
    claims = verify_unbound_sdjwt(parse_sdjwt(data), anchors=ANCHORS, audience=None, now=NOW).credential.claims
    return {name: value for name, value in claims.items() if name in CLAIMS}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], {}),
        ([("name",)], {"name": "Erika"}),
        ([("vct",)], {}),
        ([("address",)], {"address": CLAIMS["address"]}),
        ([("address", "country")], {"address": {"country": "UT"}}),
        ([("address", "street")], {"address": {"street": {"number": "1", "name": "Main"}}}),
        ([("address", "street", "number")], {"address": {"street": {"number": "1"}}}),
        ([("nationalities", 1)], {"nationalities": ["AT"]}),
        ([("nationalities", 0), ("nationalities", 2)], {"nationalities": ["UT", "NL"]}),
        ([("degrees", 1, "title")], {"degrees": [{"title": "Master"}]}),
        ([("degrees", 0), ("name",)], {"degrees": [{"title": "Doctor", "year": 1999}], "name": "Erika"}),
        ([("degrees",), ("degrees", 0)], {"degrees": CLAIMS["degrees"]}),
    ],
)
def test_the_wanted_claims_are_shown_and_no_others(paths: list[ClaimPath], expected: dict[str, Any]) -> None:
    assert shown(paths) == expected


def test_claims_in_the_clear_are_always_shown() -> None:
    clear = [("name",), ("address",), ("nationalities",), ("nationalities", None)]
    everyone_sees = {"name": "Erika", "address": {}, "nationalities": ["UT", "AT", "NL"]}
    assert shown([], in_the_clear=clear) == everyone_sees
    assert shown([("nationalities", 2)], in_the_clear=clear) == everyone_sees
    assert shown([("address", "country")], in_the_clear=clear) == everyone_sees | {"address": {"country": "UT"}}


@pytest.mark.parametrize(
    "path", [("unknown",), ("address", "unknown"), ("nationalities", 3), ("nationalities", None), ()]
)
def test_a_path_that_leads_nowhere_is_no_choice(path: ClaimPath) -> None:
    with pytest.raises(ValueError, match="leads to no claim"):
        shown([("name",), path])


def test_the_issuers_part_and_the_disclosures_are_sent_as_they_came() -> None:
    data = issued(CLAIMS)
    sent = present_unbound_sdjwt(parse_sdjwt(data), paths=[(name,) for name in CLAIMS])
    assert sent == data


def test_a_presentation_can_be_presented_on() -> None:
    once = parse_sdjwt(presented(issued(CLAIMS), paths=[("name",), ("address", "country")]))
    assert present_unbound_sdjwt(once, paths=[("name",)]).count(b"~") == 2


def test_the_proof_holds_what_was_asked_for_and_no_more() -> None:
    data = presented(issued(CLAIMS), paths=[("name",)], transaction_data=["first", "second"])
    proof = parse_sdjwt(data).unverified_key_binding
    assert proof is not None
    header, claims = proof.unverified_jws.unverified_header, proof.unverified_jws.unverified_claims
    assert header.members == {"alg": "ES256", "typ": "kb+jwt"}
    assert claims == {
        "iat": NOW,
        "aud": "x509_hash:verifier",
        "nonce": "nonce-of-the-request",
        "sd_hash": digest(data[: data.rindex(b"~") + 1]),
        "transaction_data_hashes": [digest(b"first"), digest(b"second")],
        "transaction_data_hashes_alg": "sha-256",
    }


def test_a_proof_without_transaction_data_does_not_speak_of_it() -> None:
    proof = sign_key_binding(b"a~", holder=HOLDER, audience="a", nonce="n", now=NOW)
    parsed = parse_sdjwt(issued() + proof).unverified_key_binding
    assert parsed is not None
    assert parsed.unverified_jws.unverified_claims.keys() == {"iat", "aud", "nonce", "sd_hash"}
