"""Trust lists of health in each of their forms."""

import json
from hashlib import sha256
from typing import Any

import pytest
from zegel_testing.health_lists import OFFICE, OTHER, did_document, gateway_entry, method, pem
from zegel_testing.revoked_health import batch

from zegel.errors import Malformed
from zegel.formats.hcert.believed import believed_for_its_source
from zegel.formats.hcert.domains import Family
from zegel.formats.hcert.keys import DocumentSigners
from zegel.formats.hcert.lists import MAX_SIGNERS, MAX_TRUST_LIST, parse_trust_list
from zegel.formats.hcert.revocation import HashType, parse_revocation_batch
from zegel.formats.hcert.slices import parse_partition
from zegel.primitives.encoding import base64


def did(*methods: Any, **members: Any) -> bytes:
    return encoded(did_document(*methods, **members))


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def kids(data: bytes) -> list[bytes]:
    return [signer.kid for signer in parse_trust_list(data).unverified_signers]


BOTH = [sha256(OFFICE.der).digest()[:8], sha256(OTHER.der).digest()[:8]]


def test_the_list_of_the_gateway() -> None:
    later = gateway_entry(OTHER, timestamp="2026-10-02T12:00:00Z")
    authority = gateway_entry(OTHER, certificateType="CSCA")
    read = parse_trust_list(encoded([gateway_entry(), later, authority]))
    assert [signer.kid for signer in read.unverified_signers] == BOTH
    assert read.unverified_as_of == 1_790_942_400
    assert read.left_out == ()
    assert kids(encoded({"certificates": [gateway_entry(), later]})) == BOTH


def test_what_the_gateway_need_not_say_may_be_left_out() -> None:
    bare = {"kid": gateway_entry()["kid"], "rawData": gateway_entry()["rawData"]}
    read = parse_trust_list(encoded([bare]))
    assert [signer.kid for signer in read.unverified_signers] == BOTH[:1]
    assert read.unverified_as_of is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"thumbprint": "00"}, "hash of the certificate"),
        ({"rawData": "AAAA", "thumbprint": None}, "DER certificate"),
        ({"rawData": "?"}, "base64"),
        ({"kid": "AAAA"}, "8 bytes"),
        ({"kid": None}, "text"),
    ],
)
def test_an_entry_that_cannot_be_read_hides_no_other(changes: dict[str, Any], why: str) -> None:
    read = parse_trust_list(encoded([gateway_entry(**changes), gateway_entry(OTHER)]))
    assert [signer.kid for signer in read.unverified_signers] == BOTH[1:]
    assert len(read.left_out) == 1
    assert why in read.left_out[0]


@pytest.mark.parametrize("odd", [None, 1, "a", []])
def test_an_entry_that_is_no_object_hides_no_other(odd: Any) -> None:
    read = parse_trust_list(encoded([odd, gateway_entry()]))
    assert [signer.kid for signer in read.unverified_signers] == BOTH[:1]
    assert read.left_out == ("[0]: trust list: expected an object",)
    assert read.unverified_as_of is not None


@pytest.mark.parametrize(("odd", "why"), [(1, "expected an object"), (None, "an object"), ({"id": 1}, "expected text")])
def test_a_method_that_cannot_be_read_hides_no_other(odd: Any, why: str) -> None:
    read = parse_trust_list(did(odd, method()))
    assert [signer.kid for signer in read.unverified_signers] == BOTH[:1]
    (told,) = read.left_out
    assert told.startswith("verificationMethod[0]: ")
    assert why in told


def test_a_list_may_have_nobody_on_it() -> None:
    for empty in (b"[]", b'{"certificates": []}'):
        read = parse_trust_list(empty)
        assert (read.unverified_signers, read.left_out, read.unverified_as_of) == ((), (), None)


def test_a_list_of_as_many_signers_as_are_allowed_is_read() -> None:
    entries = [gateway_entry(signature="", rawData="AAAA")] * MAX_SIGNERS
    read = parse_trust_list(encoded(entries))
    assert len(read.left_out) == MAX_SIGNERS
    with pytest.raises(Malformed, match=f"one to {MAX_SIGNERS} entries"):
        parse_trust_list(encoded([{}] * (MAX_SIGNERS + 1)))


@pytest.mark.parametrize("first", [b"0", b"M", b"["])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_with_the_signature_of_the_list_is_read_past(first: bytes, end: bytes) -> None:
    """As the public list of a state has it, which signs the text below by ECDSA."""
    line = first + b"A" * 85 + b"==" + end
    data = line + encoded({"certificates": [gateway_entry()]})
    if first != b"[":
        assert kids(data) == BOTH[:1]
        assert kids(line + encoded([gateway_entry()])) == BOTH[:1]
        return
    with pytest.raises(Malformed):
        parse_trust_list(data)


def test_an_identifier_is_read_in_either_alphabet_with_padding_or_without() -> None:
    kid = bytes.fromhex("fbefbeffbfffbeff")
    padded = base64(kid)
    assert {"+", "/", "="} <= set(padded)
    for spelled in (padded, padded.rstrip("=")):
        for text in (spelled, spelled.replace("+", "-").replace("/", "_")):
            assert kids(encoded([gateway_entry(kid=text)])) == [kid]
            assert kids(did(method(kid=text))) == [kid]
            batched = json.loads(batch(HashType.UCI, b"a")) | {"kid": text}
            assert parse_revocation_batch(encoded(batched)).kid == kid
            partition = {"kid": text, "chunks": {"a": {"1": {"type": "VARHASHLIST", "hash": "00"}}}}
            assert parse_partition(encoded(partition))[0].kid == kid
    for odd in ("", "=", "====", "A", "A=A=", 1):
        read = parse_trust_list(encoded([gateway_entry(kid=odd)]))
        assert (read.unverified_signers, len(read.left_out)) == ((), 1)


def test_a_did_document_of_who() -> None:
    reference = "did:web:utopia.example:v2:trustlist:DCC:UTO:DSC"
    read = parse_trust_list(did(method(), reference, method(OTHER, usage="SCA"), method(OTHER, usage="-")))
    assert [signer.kid for signer in read.unverified_signers] == BOTH
    assert read.unverified_as_of == 1_794_312_035


def test_a_did_document_of_the_first_version_says_no_usage_and_no_kid_in_its_keys() -> None:
    older = method()
    older["id"] = f"did:web:utopia.example:trustlist:uto#{base64(BOTH[0])}"
    del older["publicKeyJwk"]["kid"]
    read = parse_trust_list(did(older))
    assert [(signer.kid, signer.domain) for signer in read.unverified_signers] == [(BOTH[0], None)]


def test_the_trust_domain_of_a_signer_is_read_from_its_place_or_from_its_member() -> None:
    across = method(domain="-") | {"domain": {"code": "#PH4H"}}
    of_none = [method(domain="-"), method(domain="-") | {"domain": {"code": 1}}, method(domain="-") | {"domain": 1}]
    read = parse_trust_list(did(method(), across, method(usage="-", domain="ICVP"), *of_none))
    assert [signer.domain for signer in read.unverified_signers] == ["DCC", "PH4H", "ICVP", "-", "-", "-"]


@pytest.mark.parametrize(
    ("path", "domain"),
    [
        ("v2:trustlist:DCC:UTO:DSC", "DCC"),
        ("v2:trustlist:DCC:UTO", "DCC"),
        ("v2:trustlist:DCC", "DCC"),
        ("v2:trustlist-ref:DCC:UTO:DSC", "DCC"),
        ("lists:v2:trustlist:DCC:UTO:DSC", "DCC"),
        ("trustlist:DCC:UTO", "DCC"),
        ("v2:trustlist:-", "-"),
        ("v2:trustlist", None),
        ("trustlist:uto", None),
        ("my-trustlist:DCC:UTO:DSC", None),
        ("DCC:UTO:DSC", None),
        ("", None),
    ],
)
def test_a_domain_is_read_behind_a_trustlist_alone_and_version_1_says_none(path: str, domain: str | None) -> None:
    for host in ("utopia.example", "trustlist", "DSC"):
        named = method() | {"id": f"did:web:{host}:{path}#a"}
        (signer,) = parse_trust_list(did(named)).unverified_signers
        assert signer.domain == domain
        (signer,) = parse_trust_list(did(named | {"domain": {"code": "#ICVP"}})).unverified_signers
        assert signer.domain == ("ICVP" if domain in ("-", None) else domain)


def test_a_list_may_be_believed_for_its_source() -> None:
    read = parse_trust_list(did(method(), method(OTHER, x5c=[])))
    believed = believed_for_its_source(read)
    assert (believed.signers, believed.as_of) == (read.unverified_signers, 1_794_312_035)
    assert (believed.signed_at, believed.left_out) == (1_794_312_035, read.left_out)


def test_signers_of_the_gateway_are_of_its_domain() -> None:
    (signer,) = parse_trust_list(encoded([gateway_entry()])).unverified_signers
    assert signer.domain == "DCC"
    assert list(DocumentSigners([signer]).counting(signer.kid, Family.DCC)) == [signer]
    assert DocumentSigners([signer]).counting(signer.kid, Family.ICVP) == ()


def test_a_did_document_without_a_proof_says_nothing_of_its_age() -> None:
    assert parse_trust_list(did(method(), proof=None)).unverified_as_of is None
    assert parse_trust_list(did(method(), proof={})).unverified_as_of is None
    assert parse_trust_list(did(method(), proof={"created": "lately"})).unverified_as_of is None


def test_a_key_without_a_certificate_is_left_out_and_said() -> None:
    read = parse_trust_list(did(method(x5c=[]), method(OTHER)))
    assert [signer.kid for signer in read.unverified_signers] == BOTH[1:]
    assert read.left_out[0].startswith("verificationMethod[0]")


def test_certificates_in_pem_and_one_in_der() -> None:
    assert kids(b"# Utopia\n" + pem(OFFICE) + b"\n" + pem(OTHER)) == BOTH
    with pytest.raises(Malformed, match=f"at most {MAX_TRUST_LIST} bytes"):
        parse_trust_list(pem(OFFICE).ljust(MAX_TRUST_LIST + 1))
    assert kids(OFFICE.der) == BOTH[:1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b'[null, [], "a"]',
        b"AAAA\n[]",
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        b"\x30\x00",
        did(),
        b'{"verificationMethod": null}',
    ],
)
def test_what_is_no_list_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_trust_list(data)
