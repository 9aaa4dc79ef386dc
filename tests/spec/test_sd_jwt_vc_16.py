"""SD-JWT VC, draft 16, and what drafts 18 and 19 made of ``aka_vcts``: by section."""

import json
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW, anchor, signer, trusting
from zegel_testing.sdjwt import ANCHORS, AUDIENCE, HOLDER, NONCE, ROOT, VCT, bound, digest, disclosure, payload, signed

from zegel.adapters.catalogue import load_catalogue
from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.catalogue.describe import type_metadata
from zegel.formats.claims import select_claims
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.type_metadata import Disclosability, parse_type_metadata
from zegel.formats.sdjwt.types import ResolvedType, TypeStep
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_presented_sdjwt, verify_unbound_sdjwt
from zegel.primitives.json import encode_json
from zegel.trust.anchors import Purpose

VECTORS = Path(__file__).parents[1] / "vectors" / "sd-jwt"
BLOCKS = json.loads((VECTORS / "sd-jwt-vc-draft.blocks.json").read_text())
HOSTS = ("issuer.example.com", "example.com", "pid-issuer.aendgard.example", "pid-issuer.bund.de.example")
DRAFTS = ("sd-jwt-vc/01", "sd-jwt-vc/02", "sd-jwt-vc/03-pid", "rfc9901/arf-pid")


def blocks(section: str) -> list[Any]:
    """The JSON examples of a section; of some, lines are left out."""
    return [json.loads(block["text"]) for block in BLOCKS if section in block["section"] and "..." not in block["text"]]


def refused(data: bytes) -> Check:
    with pytest.raises(Rejected) as refusal:
        verify_issued_sdjwt(parse_sdjwt(data), anchors=ANCHORS, now=NOW)
    return refusal.value.check


@pytest.mark.parametrize("example", DRAFTS)
def test_section_2_3_the_examples_verify_when_a_certificate_vouches_for_their_key(example: str) -> None:
    # The drafts' issuer has no certificate: its payload and its disclosures are signed again by one that has.
    presented = (VECTORS / example / "sd_jwt_presentation.txt").read_bytes().strip()
    sdjwt = parse_sdjwt(presented)
    issuer = signer(ROOT, "draft", Purpose.ISSUER, dns_names=HOSTS)
    data = signed(sdjwt.unverified_jws.unverified_claims, sdjwt.encoded_disclosures, chain=issuer.chain, key=issuer.key)
    anchors = trusting(anchor(ROOT, Purpose.ISSUER, types=frozenset({sdjwt.unverified_vct})))
    claims = verify_unbound_sdjwt(parse_sdjwt(data), anchors=anchors, audience=None, now=NOW).credential.claims
    expected = json.loads((VECTORS / example / "verified_contents.json").read_text())
    assert claims == {name: value for name, value in expected.items() if name not in ("cnf", "status")}


@pytest.mark.parametrize("example", DRAFTS)
def test_section_2_5_without_a_certificate_the_examples_are_refused(example: str) -> None:
    data = (VECTORS / example / "sd_jwt_issuance.txt").read_bytes().strip()
    assert refused(data) is Check.CHAIN


@pytest.mark.parametrize("typ", ["dc+sd-jwt", "vc+sd-jwt"])
def test_section_2_2_1_both_types_of_the_transition_are_accepted(typ: str) -> None:
    assert verify_issued_sdjwt(parse_sdjwt(signed(payload(), typ=typ)), anchors=ANCHORS, now=NOW).type == VCT


@pytest.mark.parametrize("typ", ["sd-jwt", "JWT", "example+sd-jwt"])
def test_section_2_2_1_another_type_is_refused(typ: str) -> None:
    assert refused(signed(payload(), typ=typ)) is Check.TOKEN_TYPE


@pytest.mark.parametrize("vct", [None, "", 1, ["urn:a"]])
def test_section_2_2_2_1_the_type_is_required_and_text(vct: Any) -> None:
    with pytest.raises(Malformed, match="vct"):
        parse_sdjwt(signed(payload(vct=vct)))


@pytest.mark.parametrize("name", ["iss", "nbf", "exp", "cnf", "vct#integrity", "aka_vcts", "status"])
def test_section_2_2_2_2_registered_claims_are_not_disclosed(name: str) -> None:
    hidden = disclosure("salt", name, "value")
    assert refused(signed(payload(exp=None, cnf=None, _sd=[digest(hidden)]), [hidden])) is Check.ALWAYS_DISCLOSED


def test_section_2_2_2_2_a_type_that_is_disclosed_is_none() -> None:
    hidden = disclosure("salt", "vct", VCT)
    with pytest.raises(Malformed, match="vct"):
        parse_sdjwt(signed(payload(vct=None, _sd=[digest(hidden)]), [hidden]))


@pytest.mark.parametrize("name", ["sub", "iat"])
def test_section_2_2_2_2_subject_and_time_of_issuance_may_be_disclosed(name: str) -> None:
    hidden = disclosure("salt", name, NOW)
    data = signed(payload(iat=None, _sd=[digest(hidden)]), [hidden])
    assert verify_issued_sdjwt(parse_sdjwt(data), anchors=ANCHORS, now=NOW).claims[name] == NOW


def test_section_2_2_2_4_without_disclosable_claims_there_is_nothing_to_process() -> None:
    claims = verify_issued_sdjwt(parse_sdjwt(signed(payload(name="Erika"))), anchors=ANCHORS, now=NOW).claims
    assert claims == {"vct": VCT, "iat": NOW, "exp": payload()["exp"], "name": "Erika"}


def test_section_2_4_the_holders_proof_is_made_with_the_key_in_cnf() -> None:
    sdjwt = parse_sdjwt(bound(signed(payload())))
    verified = verify_presented_sdjwt(sdjwt, anchors=ANCHORS, audience=AUDIENCE, nonce=NONCE, now=NOW)
    assert verified.credential.holder_key == HOLDER.public_key


def test_section_4_2_the_example_document_is_read() -> None:
    (document,) = [block for block in blocks("A.2. Example Type Metadata") if "claims" in block]
    metadata = parse_type_metadata(encode_json(document))
    assert metadata.vct == "https://betelgeuse.example.com/education_credential/v42"
    assert metadata.extends == "https://galaxy.example.com/galactic-education-credential/v2"
    assert metadata.display is not None
    assert [display.locale for display in metadata.display] == ["en-US", "de-DE"]
    assert [claim.path for claim in metadata.claims] == [tuple(claim["path"]) for claim in document["claims"]]


def test_section_4_6_1_paths_select_the_claims_of_the_example() -> None:
    (credential,) = blocks("5.6.1.1. Example")
    selected = {
        ("name",): ["Arthur Dent"],
        ("address",): [credential["address"]],
        ("address", "street_address"): ["42 Market Street"],
        ("degrees", None, "type"): ["Bachelor of Science", "Master of Science"],
    }
    for path, values in selected.items():
        assert [value for _, value in select_claims(credential, path)] == values


def test_section_4_6_5_1_the_child_of_the_example_inherits_and_overrides() -> None:
    base, child, effective = blocks("5.6.5.2. Example for Extending Type Metadata")
    step = TypeStep(wanted=child["vct"], integrity=None).receive(encode_json(child))
    assert isinstance(step, TypeStep)
    type_ = step.receive(encode_json(base))
    assert isinstance(type_, ResolvedType)
    assert [
        {"path": list(claim.path), "display": [{"label": own.label, "locale": own.locale} for own in claim.display]}
        for claim in type_.claims
        if claim.display is not None
    ] == effective["claims"]


def test_section_4_3_a_document_is_that_of_the_type_that_is_referred_to() -> None:
    with pytest.raises(Rejected) as refusal:
        TypeStep(wanted="urn:a", integrity=None).receive(encode_json({"vct": "urn:b"}))
    assert refusal.value.check is Check.TYPE_METADATA


def test_section_5_a_document_has_the_hash_that_its_reference_names() -> None:
    with pytest.raises(Rejected) as refusal:
        TypeStep(wanted="urn:a", integrity="sha256-AAAA").receive(encode_json({"vct": "urn:a"}))
    assert refusal.value.check is Check.TYPE_INTEGRITY


def test_section_6_3_a_circle_of_types_is_refused() -> None:
    step = TypeStep(wanted="urn:a", integrity=None).receive(encode_json({"vct": "urn:a", "extends": "urn:b"}))
    assert isinstance(step, TypeStep)
    with pytest.raises(Rejected) as refusal:
        step.receive(encode_json({"vct": "urn:b", "extends": "urn:a"}))
    assert refusal.value.check is Check.TYPE_METADATA


def test_section_6_6_a_type_is_not_taken_from_an_issuer_who_is_not_trusted_for_it() -> None:
    assert refused(signed(payload(vct="urn:eudi:pid:1"))) is Check.ENTITLEMENT
    assert refused(signed(payload(vct="urn:eudi:pid:1", aka_vcts=[VCT]))) is Check.ENTITLEMENT


def test_draft_18_section_2_2_2_2_the_example_has_two_types_for_an_issuer_of_both() -> None:
    (example,) = blocks("aka_vcts Claim")
    data = signed(payload(**example))
    own, other = example["vct"], *example["aka_vcts"]
    for trusted, types in ((None, (own, other)), ({own, other}, (own, other)), ({own}, (own,))):
        anchors = trusting(anchor(ROOT, Purpose.ISSUER, types=None if trusted is None else frozenset(trusted)))
        assert verify_issued_sdjwt(parse_sdjwt(data), anchors=anchors, now=NOW).types == types


@pytest.mark.parametrize("types", [[], [VCT], "urn:a", [1], [""], ["urn:a", VCT]])
def test_draft_18_section_2_2_2_2_further_types_are_other_types(types: Any) -> None:
    with pytest.raises(Malformed, match="aka_vcts"):
        parse_sdjwt(signed(payload(aka_vcts=types)))


def test_draft_19_section_2_2_2_3_nothing_within_a_registered_claim_is_disclosed() -> None:
    hidden = disclosure("salt", "kid", "key")
    cnf = payload()["cnf"] | {"_sd": [digest(hidden)]}
    assert refused(signed(payload(cnf=cnf), [hidden])) is Check.ALWAYS_DISCLOSED


@pytest.mark.parametrize("type_", [type_ for type_ in load_catalogue().types.values() if type_.vct], ids=lambda t: t.id)
def test_section_4_2_the_documents_that_we_publish_are_read_as_they_are_meant(type_: Any) -> None:
    metadata = parse_type_metadata(encode_json(type_metadata(type_)))
    assert metadata.vct == type_.vct
    sd = {claim.path: claim.sd for claim in metadata.claims}
    assert all(sd[path] is Disclosability.NEVER for path in type_.in_the_clear)
    assert list(sd.values()).count(Disclosability.NEVER) == len(type_.in_the_clear)
