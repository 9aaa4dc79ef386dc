"""Presentation: the chosen elements in the issuer's own bytes, and nothing else."""

from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.mdoc import (
    ANCHORS,
    DOC_TYPE,
    DOMESTIC,
    ELEMENTS,
    ISSUER,
    TRANSCRIPT,
    issued,
    meeting,
    presented,
    redirect,
    signed,
)

from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed
from zegel.formats.mdoc.transcript import AnyTranscript
from zegel.formats.mdoc.verify import verify_presented_mdoc
from zegel.primitives.cbor import encode_cbor, parse_map
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.keys import Curve


def shown(data: bytes, *, transcript: AnyTranscript = TRANSCRIPT) -> Any:
    parsed = parse_device_response(data)
    return verify_presented_mdoc(parsed, anchors=ANCHORS, transcript=transcript, now=NOW).credential.claims


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], {}),
        ([(DOC_TYPE, "family_name")], {DOC_TYPE: {"family_name": "Example"}}),
        ([(DOMESTIC, "family_name")], {DOMESTIC: {"family_name": "Voorbeeld"}}),
        ([(DOC_TYPE, "family_name")] * 2, {DOC_TYPE: {"family_name": "Example"}}),
        (
            [(DOMESTIC, "shoe_size"), (DOC_TYPE, "age_over_18"), (DOC_TYPE, "portrait")],
            {DOC_TYPE: {"age_over_18": True, "portrait": ELEMENTS[DOC_TYPE]["portrait"]}, DOMESTIC: {"shoe_size": 38}},
        ),
    ],
)
def test_the_chosen_elements_are_shown_and_no_others(paths: list[ClaimPath], expected: Any) -> None:
    data = presented(paths=paths)
    assert shown(data) == expected
    hidden = {name for elements in ELEMENTS.values() for name in elements} - {name for _, name in paths}
    assert not [name for name in hidden if name.encode() in data]


def test_an_item_is_shown_in_the_bytes_in_which_it_was_issued() -> None:
    credential = parse_issuer_signed(issued())
    (document,) = parse_device_response(presented(paths=[(DOC_TYPE, "given_name")])).documents
    (items,) = document.issuer_signed.unverified_namespaces.values()
    issued_items = credential.unverified_namespaces[DOC_TYPE]
    assert items.encoded == [issued_items.encoded[issued_items.elements.index("given_name")]]


def test_the_issuers_signature_is_passed_on_as_it_came() -> None:
    for data in (issued(), signed()):
        before = parse_issuer_signed(data)
        (document,) = parse_device_response(presented(data, paths=[(DOC_TYPE, "family_name")])).documents
        after = document.issuer_signed
        assert (after.issuer_auth, after.payload) == (before.issuer_auth, before.payload)


def test_a_header_in_an_order_of_its_own_is_passed_on_as_it_came() -> None:
    protected = b"\xa2\x10\x63typ\x01\x26"
    structure = encode_cbor(["Signature1", protected, b"", parse_issuer_signed(issued()).payload])
    members: Any = parse_map(issued(), what="issued")
    members["issuerAuth"] = [protected, {33: list(ISSUER.chain)}, members["issuerAuth"][2], ISSUER.key.sign(structure)]
    assert shown(presented(encode_cbor(members))) == {DOC_TYPE: {"family_name": "Example"}}


@pytest.mark.parametrize(
    "path",
    [(DOC_TYPE, "unknown"), (DOMESTIC, "portrait"), ("unknown", "family_name"), (DOC_TYPE,), ("family_name",), ()],
)
def test_a_path_that_leads_nowhere_is_refused(path: ClaimPath) -> None:
    with pytest.raises(ValueError, match="leads to no element"):
        presented(paths=[(DOC_TYPE, "family_name"), path])


@pytest.mark.parametrize("curve", list(Curve))
def test_a_holder_signs_by_the_algorithm_of_its_key(curve: Curve) -> None:
    key = fixed_key("holder", curve)
    data = presented(issued(holder_key=key.public_key), holder=key)
    (document,) = parse_device_response(data).documents
    expected = {Curve.P256: -7, Curve.P384: -35, Curve.P521: -36}[curve]
    assert document.device_signed.authentication.header.alg == expected
    assert shown(data)


@pytest.mark.parametrize("transcript", [redirect(thumbprint=bytes(32)), meeting()])
def test_a_presentation_is_of_its_session(transcript: AnyTranscript) -> None:
    assert shown(presented(transcript=transcript), transcript=transcript) == shown(presented())


def test_two_presentations_share_nothing_but_what_the_issuer_signed() -> None:
    credential = issued()
    first, second = (parse_device_response(presented(credential)).documents[0] for _ in range(2))
    assert first.issuer_signed == second.issuer_signed
    assert first.device_signed.authentication != second.device_signed.authentication
