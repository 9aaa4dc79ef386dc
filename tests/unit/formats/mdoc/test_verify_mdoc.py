"""Issued and presented mdocs: what verifies, and which check refuses the rest."""

from collections.abc import Callable
from hashlib import sha384, sha512
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, trusting
from zegel_testing.mdoc import (
    ANCHORS,
    DOC_TYPE,
    DOMESTIC,
    HOLDER,
    ISSUER,
    ITEM,
    NAME,
    ROOT,
    STATUS,
    TRANSCRIPT,
    device_maced,
    device_signed,
    digest,
    document,
    issued,
    item,
    meeting,
    presented,
    redirect,
    response,
    security_object,
    signed,
    tdate,
    validity,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format, UnboundPresentation, VerifiedCredential, VerifiedPresentation
from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed
from zegel.formats.mdoc.verify import (
    DIGESTS,
    verify_document,
    verify_issued_mdoc,
    verify_presented_mdoc,
    verify_unbound_mdoc,
)
from zegel.primitives.cbor import encode_embedded
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE
from zegel.trust.anchors import Purpose, TrustAnchors

GIVEN_NAME = item(1, "given_name", "Erika")


def verify_issued(data: bytes, *, now: int = NOW, anchors: TrustAnchors = ANCHORS) -> VerifiedCredential:
    return verify_issued_mdoc(parse_issuer_signed(data), anchors=anchors, now=now)


def verify_presented(data: bytes, **changes: Any) -> VerifiedPresentation:
    arguments = {"anchors": ANCHORS, "transcript": TRANSCRIPT, "now": NOW} | changes
    return verify_presented_mdoc(parse_device_response(data), **arguments)


def refusal_of(call: Callable[[], object]) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        call()
    return refusal.value


def test_an_issued_mdoc_shows_all_its_elements() -> None:
    credential = verify_issued(issued())
    assert (credential.format, credential.type, credential.types) == (Format.MDOC, DOC_TYPE, (DOC_TYPE,))
    assert {name: len(elements) for name, elements in credential.claims.items()} == {DOC_TYPE: 7, DOMESTIC: 2}  # type: ignore[arg-type]
    assert credential.status == STATUS
    assert (credential.valid_from, credential.valid_until) == (NOW, NOW + 14 * DAY)
    assert credential.holder_key == HOLDER.public_key


def test_the_issuer_is_who_the_list_and_the_certificate_say() -> None:
    issuer = verify_issued(issued()).issuer
    assert (issuer.entity, issuer.anchor, issuer.subject) == (
        "Utopia",
        ROOT.certificate.subject,
        ISSUER.certificate.subject,
    )
    assert issuer.key_ids == (ROOT.certificate.key_id,)


def test_a_presentation_shows_what_its_holder_chose() -> None:
    presentation = verify_presented(presented(paths=[(DOMESTIC, "shoe_size")]))
    assert type(presentation) is VerifiedPresentation
    assert presentation.credential.claims == {DOMESTIC: {"shoe_size": 38}}


def test_a_presentation_without_holder_binding_is_of_its_own_type() -> None:
    for data in (
        presented(),
        presented(transcript=redirect(nonce="another")),
        presented(holder=fixed_key("anybody")),
        response(document(device=device_signed({DOC_TYPE: {"family_name": "Nobel"}}))),
        response(document(device=device_maced())),
    ):
        presentation = verify_unbound_mdoc(parse_device_response(data), anchors=ANCHORS, now=NOW)
        assert type(presentation) is UnboundPresentation
        assert presentation.credential.claims == {DOC_TYPE: {"family_name": "Example"}}


def test_one_document_of_several_is_verified_on_its_own() -> None:
    documents = parse_device_response(response(document(), document(device=device_signed(doc_type="x")))).documents
    good, bad = documents
    verified = verify_document(good, anchors=ANCHORS, transcript=TRANSCRIPT, now=NOW)
    assert verified.credential.claims == {DOC_TYPE: {"family_name": "Example"}}
    refusal = refusal_of(lambda: verify_document(bad, anchors=ANCHORS, transcript=TRANSCRIPT, now=NOW))
    assert refusal.check is Check.HOLDER_SIGNATURE


@pytest.mark.parametrize(
    ("response_", "words"),
    [
        (response(documents=[]), "got 0 with status 0 and 0 errors"),
        (response(document(), document()), "got 2"),
        (response(status=11), "status 11"),
        (response(documentErrors=[{"a": 0, "b": 1}]), "2 errors"),
    ],
)
@pytest.mark.refuses(Check.DEVICE_RESPONSE)
def test_haip_5_3_1_a_response_holds_one_document_and_no_error(response_: bytes, words: str) -> None:
    bound = refusal_of(lambda: verify_presented(response_))
    unbound = refusal_of(lambda: verify_unbound_mdoc(parse_device_response(response_), anchors=ANCHORS, now=NOW))
    assert bound.check is unbound.check is Check.DEVICE_RESPONSE
    assert words in bound.detail


@pytest.mark.refuses(Check.DOC_TYPE)
def test_9_3_1_step_4_a_document_is_of_the_type_that_was_signed() -> None:
    for other in ("utopia.id.2", "", DOC_TYPE.upper()):
        data = response(document(doc_type=other, device=device_signed(doc_type=other)))
        assert refusal_of(lambda data=data: verify_presented(data)).check is Check.DOC_TYPE


@pytest.mark.parametrize("name", DIGESTS)
def test_9_1_2_5_each_digest_algorithm_of_the_standard_is_known(name: str) -> None:
    hashed = {"SHA-256": None, "SHA-384": sha384, "SHA-512": sha512}[name]
    value = digest(ITEM) if hashed is None else hashed(encode_embedded(ITEM)).digest()
    contents = security_object(digestAlgorithm=name, valueDigests={DOC_TYPE: {0: value}})
    assert verify_issued(signed(contents)).claims == {DOC_TYPE: {"family_name": "Example"}}
    for other in set(DIGESTS) - {name}:
        refusal = refusal_of(lambda other=other: verify_issued(signed(contents | {"digestAlgorithm": other})))
        assert refusal.check is Check.ELEMENT_DIGEST


@pytest.mark.parametrize(
    "changes", [{"version": "1.1"}, {"version": ""}, {"digestAlgorithm": "SHA-1"}, {"digestAlgorithm": "MD5"}]
)
@pytest.mark.refuses(Check.SECURITY_OBJECT)
def test_another_version_or_algorithm_is_refused(changes: dict[str, str]) -> None:
    for items in (None, {}):  # also where nothing is disclosed
        refusal = refusal_of(lambda items=items: verify_issued(signed(security_object(**changes), items)))
        assert refusal.check is Check.SECURITY_OBJECT


@pytest.mark.refuses(Check.ELEMENT_DIGEST)
def test_9_3_1_step_3_the_element_at_fault_is_named_and_its_value_is_not() -> None:
    refusal = refusal_of(lambda: verify_issued(signed(items={DOC_TYPE: [ITEM, GIVEN_NAME]})))
    assert (refusal.check, refusal.field) == (Check.ELEMENT_DIGEST, f"nameSpaces.{DOC_TYPE}")
    assert "given_name" in refusal.detail
    assert "Erika" not in refusal.detail


def test_a_long_name_is_cut_in_the_message() -> None:
    long = item(0, "e" * 1_000, "value")
    refusal = refusal_of(lambda: verify_issued(signed(items={"n" * 1_000: [long]})))
    assert len(refusal.detail) + len(refusal.field) < 300


@pytest.mark.refuses(Check.REPEATED_ELEMENT)
def test_9_1_2_5_an_element_stands_once_in_a_namespace_and_may_stand_in_two() -> None:
    other = item(1, value="Exemple")
    digests = {DOC_TYPE: {0: digest(ITEM), 1: digest(other)}, DOMESTIC: {0: digest(ITEM)}}
    contents = security_object(valueDigests=digests)
    for items in ([ITEM, ITEM], [ITEM, other], [other, ITEM]):
        refusal = refusal_of(lambda items=items: verify_issued(signed(contents, {DOC_TYPE: items})))
        assert (refusal.check, refusal.field) == (Check.REPEATED_ELEMENT, f"nameSpaces.{DOC_TYPE}")
    both = verify_issued(signed(contents, {DOC_TYPE: [other], DOMESTIC: [ITEM]})).claims
    assert both == {DOC_TYPE: {"family_name": "Exemple"}, DOMESTIC: {"family_name": "Example"}}


@pytest.mark.parametrize("signing", [ISSUER.certificate.not_before, ISSUER.certificate.not_after])
@pytest.mark.refuses(Check.SIGNING_TIME)
def test_9_3_1_step_5_it_was_signed_within_the_validity_of_the_certificate(signing: int) -> None:
    def at(seconds: int, now: int) -> object:
        until = tdate(ISSUER.certificate.not_after + DAY)
        contents = security_object(validityInfo=validity(signed=tdate(seconds), validUntil=until))
        return verify_issued(signed(contents), now=now)

    assert at(signing, now=max(signing, NOW))
    outside = signing - 1 if signing == ISSUER.certificate.not_before else signing + 1
    assert refusal_of(lambda: at(outside, now=NOW)).check is Check.SIGNING_TIME


@pytest.mark.parametrize(
    ("changes", "now", "field"),
    [
        ({}, NOW + DAY + TOLERATED_LATE, "validUntil"),
        ({"validUntil": tdate(NOW - DAY)}, NOW, "validUntil"),
        ({}, NOW - TOLERATED_EARLY - 1, "validFrom"),
        ({"validFrom": tdate(NOW + TOLERATED_EARLY + 1)}, NOW, "validFrom"),
        ({"signed": tdate(NOW + TOLERATED_EARLY + 1)}, NOW, "signed"),
    ],
)
@pytest.mark.refuses(Check.CREDENTIAL_VALIDITY)
def test_9_3_1_step_5_it_is_valid_now(changes: dict[str, Any], now: int, field: str) -> None:
    data = signed(security_object(validityInfo=validity(**changes)))
    refusal = refusal_of(lambda: verify_issued(data, now=now))
    assert (refusal.check, refusal.field) == (Check.CREDENTIAL_VALIDITY, f"validityInfo.{field}")


def test_clocks_may_differ_a_little() -> None:
    data = signed()
    assert verify_issued(data, now=NOW - TOLERATED_EARLY)
    assert verify_issued(data, now=NOW + DAY + TOLERATED_LATE - 1)


def test_a_type_is_issued_by_who_is_trusted_for_it() -> None:
    for types in (None, frozenset({DOC_TYPE}), frozenset({DOC_TYPE, DOMESTIC})):
        assert verify_issued(issued(), anchors=trusting(anchor(ROOT, Purpose.ISSUER, types=types)))
    for types in (frozenset({DOMESTIC}), frozenset()):
        anchors = trusting(anchor(ROOT, Purpose.ISSUER, types=types))
        assert refusal_of(lambda anchors=anchors: verify_issued(issued(), anchors=anchors)).check is Check.ENTITLEMENT


@pytest.mark.parametrize(
    "anchors",
    [trusting(), trusting(anchor(authority("others"), Purpose.ISSUER)), trusting(anchor(ROOT, Purpose.LIST))],
    ids=["nobody", "somebody else", "for another purpose"],
)
def test_what_leads_to_no_anchor_is_refused(anchors: TrustAnchors) -> None:
    unbound = parse_device_response(presented())
    for call in (
        lambda: verify_issued(issued(), anchors=anchors),
        lambda: verify_presented(presented(), anchors=anchors),
        lambda: verify_unbound_mdoc(unbound, anchors=anchors, now=NOW),
    ):
        assert refusal_of(call).check is Check.ANCHOR


def test_what_is_wrong_first_is_told_first() -> None:
    """Nothing is said of what nobody signed: signature before digests, digests before type and time."""
    forged = signed(security_object(version="2.0", docType="x"), {DOC_TYPE: [GIVEN_NAME]}, key=fixed_key("stranger"))
    assert refusal_of(lambda: verify_issued(forged)).check is Check.SIGNATURE
    late = security_object(docType="x", validityInfo=validity(validUntil=tdate(NOW - DAY)))
    assert refusal_of(lambda: verify_issued(signed(late, {DOC_TYPE: [GIVEN_NAME]}))).check is Check.ELEMENT_DIGEST
    assert refusal_of(lambda: verify_issued(signed(late))).check is Check.ENTITLEMENT


def test_a_meeting_is_verified_with_the_readers_key() -> None:
    met = meeting()
    for device in (device_maced(transcript=met), device_signed(transcript=met)):
        presentation = verify_presented(response(document(device=device)), transcript=met)
        assert presentation.credential.claims == {NAME[0]: {"family_name": "Example"}}
