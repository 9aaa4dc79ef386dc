"""Mdoc: one mutation of a good message for each check, and the check that it fails."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer, trusting
from zegel_testing.mdoc import (
    ANCHORS,
    DOC_TYPE,
    DOMESTIC,
    ISSUER,
    ITEM,
    PAYMENTS,
    ROOT,
    TRANSCRIPT,
    authorized,
    device_maced,
    device_signed,
    digest,
    document,
    issued,
    issuer_signed,
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
from zegel.errors import Malformed, Rejected
from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed
from zegel.formats.mdoc.transaction_data import ELEMENT
from zegel.formats.mdoc.verify import verify_issued_mdoc, verify_presented_mdoc, verify_unbound_mdoc
from zegel.primitives.cbor import encode_cbor, encode_embedded
from zegel.primitives.cose import cose_key, mac_mac0
from zegel.primitives.keys import Curve
from zegel.trust.anchors import Purpose

NORTHERN_NAME = item(0, "family_name", "Voorbeeld")
GIVEN_NAME = item(1, "given_name", "Erika")
TRANSACTION = "eyJ0eXBlIjoicGF5In0"
PAYING = issued(key_authorizations={PAYMENTS: (ELEMENT,)})


def receive(data: bytes, *, now: int = NOW, anchors: Any = ANCHORS) -> object:
    return verify_issued_mdoc(parse_issuer_signed(data), anchors=anchors, now=now)


def ask(data: bytes, **changes: Any) -> object:
    arguments: dict[str, Any] = {"anchors": ANCHORS, "transcript": TRANSCRIPT, "now": NOW} | changes
    return verify_presented_mdoc(parse_device_response(data), **arguments)


def show(data: bytes) -> object:
    return verify_unbound_mdoc(parse_device_response(data), anchors=ANCHORS, now=NOW)


def cut_the_last_byte_off() -> object:
    return receive(issued()[:-1])


def send_what_the_issuer_sends_as_a_presentation() -> object:
    return ask(issued())


# --- the issuer's part --------------------------------------------------------------------------------------------


def announce_another_algorithm() -> object:
    return receive(signed(protected={1: -35}))


def announce_a_mac() -> object:
    return receive(signed(protected={1: 5}))


def call_it_a_status_list() -> object:
    return receive(signed(protected={1: -7, 16: "application/statuslist+cwt"}))


def present_what_is_called_a_status_list() -> object:
    return ask(response(document(issuer_signed(protected={1: -7, 16: "application/statuslist+cwt"}))))


def ask_for_an_understanding_that_we_lack() -> object:
    return receive(signed(protected={1: -7, 2: [99], 99: 1}))


def sign_with_another_key() -> object:
    return receive(signed(key=fixed_key("stranger")))


def change_the_security_object() -> object:
    payload = encode_embedded(encode_cbor(security_object(validityInfo=validity(validUntil=tdate(NOW + 400 * DAY)))))
    protected, chain, _, signature = issuer_signed()["issuerAuth"]
    return receive(signed(issuerAuth=[protected, chain, payload, signature]))


def send_no_chain() -> object:
    return receive(signed(chain=()))


def send_the_anchor_along() -> object:
    return receive(signed(chain=(*ISSUER.chain, ROOT.certificate.der)))


def sign_with_the_authority_itself() -> object:
    return receive(signed(chain=(ROOT.certificate.der,), key=ROOT.key))


def sign_under_an_unknown_authority() -> object:
    stranger = signer(authority("strangers"), "stranger", Purpose.ISSUER)
    return receive(signed(chain=stranger.chain, key=stranger.key))


def sign_under_an_authority_for_something_else() -> object:
    return receive(issued(), anchors=trusting(anchor(ROOT, Purpose.ACCESS), anchor(ROOT, Purpose.STATUS)))


def sign_with_a_certificate_for_requests() -> object:
    reader = signer(ROOT, "reader", Purpose.ACCESS)
    return receive(signed(chain=reader.chain, key=reader.key))


def sign_in_another_country() -> object:
    abroad = signer(ROOT, "signer abroad", Purpose.ISSUER, country="XX")
    return receive(signed(chain=abroad.chain, key=abroad.key))


def sign_with_a_certificate_of_many_years() -> object:
    lasting = signer(ROOT, "lasting signer", Purpose.ISSUER, days=458)
    return receive(signed(chain=lasting.chain, key=lasting.key))


def receive_after_the_certificate_expired() -> object:
    end = NOW + 400 * DAY
    return receive(issued(valid_until=end), now=NOW + 200 * DAY)


def issue_a_type_that_is_anothers() -> object:
    return receive(issued(doc_type="org.iso.18013.5.1.mDL"))


def write_a_version_of_tomorrow() -> object:
    return receive(signed(security_object(version="2.0")))


def digest_with_sha_1() -> object:
    return receive(signed(security_object(digestAlgorithm="SHA-1")))


def spell_the_digest_algorithm_otherwise() -> object:
    return receive(signed(security_object(digestAlgorithm="sha-256")))


def sign_before_the_certificate_was_valid() -> object:
    return receive(signed(security_object(validityInfo=validity(signed=tdate(ISSUER.certificate.not_before - 1)))))


def sign_after_the_certificate_will_have_expired() -> object:
    return receive(signed(security_object(validityInfo=validity(signed=tdate(ISSUER.certificate.not_after + 1)))))


def receive_after_the_end() -> object:
    return receive(issued(), now=NOW + 14 * DAY + 60)


def receive_before_the_beginning() -> object:
    return receive(issued(valid_from=NOW + DAY))


def receive_before_it_was_signed() -> object:
    return receive(signed(security_object(validityInfo=validity(signed=tdate(NOW + 60)))))


# --- the elements -------------------------------------------------------------------------------------------------


def change_a_value() -> object:
    return receive(signed(items={DOC_TYPE: [item(value="Exemple")]}))


def change_the_random_value_of_an_item() -> object:
    return receive(signed(items={DOC_TYPE: [item(random=bytes(32))]}))


def slip_an_element_in() -> object:
    return receive(signed(items={DOC_TYPE: [ITEM, GIVEN_NAME]}))


def point_an_element_to_the_digest_of_another() -> object:
    digests = {DOC_TYPE: {0: digest(ITEM), 1: digest(GIVEN_NAME)}}
    return receive(signed(security_object(valueDigests=digests), {DOC_TYPE: [item(1), GIVEN_NAME]}))


def exchange_the_digests_of_two_elements() -> object:
    digests = {DOC_TYPE: {0: digest(GIVEN_NAME), 1: digest(ITEM)}}
    return receive(signed(security_object(valueDigests=digests), {DOC_TYPE: [ITEM, GIVEN_NAME]}))


def name_a_digest_that_is_not_there() -> object:
    return receive(signed(items={DOC_TYPE: [item(4_711)]}))


def sign_half_a_digest() -> object:
    return receive(signed(security_object(valueDigests={DOC_TYPE: {0: digest(ITEM)[:16]}})))


def sign_no_digests() -> object:
    return receive(signed(security_object(valueDigests={})))


def digest_an_item_without_its_tag() -> object:
    """The digest is over the item with tag 24 around it (section 9.1.2.5)."""
    return receive(signed(security_object(valueDigests={DOC_TYPE: {0: sha256(ITEM).digest()}})))


def move_an_element_to_a_namespace_without_digests() -> object:
    return receive(signed(items={DOMESTIC: [ITEM]}))


def move_an_element_to_another_namespace() -> object:
    digests = {DOC_TYPE: {0: digest(ITEM)}, DOMESTIC: {0: digest(NORTHERN_NAME)}}
    return receive(signed(security_object(valueDigests=digests), {DOMESTIC: [ITEM]}))


def exchange_two_namespaces() -> object:
    digests = {DOC_TYPE: {0: digest(ITEM)}, DOMESTIC: {0: digest(NORTHERN_NAME)}}
    return receive(signed(security_object(valueDigests=digests), {DOC_TYPE: [NORTHERN_NAME], DOMESTIC: [ITEM]}))


def send_an_element_twice() -> object:
    return receive(signed(items={DOC_TYPE: [ITEM, ITEM]}))


def issue_an_element_with_two_values() -> object:
    other = item(1, value="Exemple")
    digests = {DOC_TYPE: {0: digest(ITEM), 1: digest(other)}}
    return receive(signed(security_object(valueDigests=digests), {DOC_TYPE: [ITEM, other]}))


# --- the holder's part --------------------------------------------------------------------------------------------


def answer_with_two_documents() -> object:
    return ask(response(document(), document()))


def answer_with_no_document() -> object:
    return ask(response(documents=[]))


def answer_with_a_status() -> object:
    return ask(response(status=10))


def answer_with_an_error_beside_the_document() -> object:
    return ask(response(documentErrors=[{"org.iso.18013.5.1.mDL": 0}]))


def show_two_documents_unbound() -> object:
    return show(response(document(), document()))


def call_the_document_something_else() -> object:
    return ask(response(document(doc_type="org.iso.18013.5.1.mDL")))


def call_the_document_something_else_and_prove_that() -> object:
    other = "org.iso.18013.5.1.mDL"
    return ask(response(document(device=device_signed(doc_type=other), doc_type=other)))


def call_the_document_something_else_unbound() -> object:
    return show(response(document(doc_type="org.iso.18013.5.1.mDL")))


def prove_another_type() -> object:
    return ask(response(document(device=device_signed(doc_type="org.iso.18013.5.1.mDL"))))


def prove_with_another_key() -> object:
    return ask(presented(holder=fixed_key("thief")))


def present_what_another_key_signed() -> object:
    return ask(response(document(issuer_signed(key=fixed_key("stranger")))))


def show_what_another_key_signed() -> object:
    return show(response(document(issuer_signed(key=fixed_key("stranger")))))


def replay_a_presentation() -> object:
    return ask(presented(transcript=redirect(nonce="nonce-of-the-request-before")))


def forward_a_presentation_to_another_verifier() -> object:
    return ask(presented(), transcript=redirect(client_id="x509_hash:another"))


def take_a_presentation_elsewhere() -> object:
    return ask(presented(), transcript=redirect(response_uri="https://evil.example/response"))


def encrypt_to_another_key() -> object:
    return ask(presented(transcript=redirect(thumbprint=bytes(32))), transcript=redirect(thumbprint=b"\x01" * 32))


def leave_the_encryption_out() -> object:
    return ask(presented(), transcript=redirect(thumbprint=bytes(32)))


def present_at_a_meeting_what_was_made_for_a_request() -> object:
    return ask(presented(), transcript=meeting())


def change_what_the_holder_signed() -> object:
    device = device_signed({}) | {"nameSpaces": device_signed({PAYMENTS: {"amount": 100}})["nameSpaces"]}
    contents = security_object(deviceKeyInfo=authorized(nameSpaces=[PAYMENTS]))
    return ask(response(document(issuer_signed(contents), device)))


def prove_with_the_issuers_signature() -> object:
    device = device_signed()
    device["deviceAuth"]["deviceSignature"][3] = issuer_signed()["issuerAuth"][3]
    return ask(response(document(device=device)))


def prove_by_another_algorithm() -> object:
    device = device_signed()
    device["deviceAuth"]["deviceSignature"][0] = encode_cbor({1: -36})
    return ask(response(document(device=device)))


def call_the_proof_a_registration_certificate() -> object:
    device = device_signed()
    device["deviceAuth"]["deviceSignature"][0] = encode_cbor({1: -7, 16: "rc-wrp+cwt"})
    return ask(response(document(device=device)))


def call_a_mac_a_registration_certificate() -> object:
    device = device_maced()
    device["deviceAuth"]["deviceMac"][0] = encode_cbor({1: 5, 16: "rc-wrp+cwt"})
    return ask(response(document(device=device)), transcript=meeting())


def ask_for_an_understanding_of_the_proof() -> object:
    device = device_signed()
    device["deviceAuth"]["deviceSignature"][1] = {2: [99]}
    return ask(response(document(device=device)))


def attach_what_the_holder_signed() -> object:
    device = device_signed()
    device["deviceAuth"]["deviceSignature"][2] = b"anything"
    return ask(response(document(device=device)))


def authenticate_over_openid4vp_with_a_mac() -> object:
    return ask(response(document(device=device_maced())))


def authenticate_over_openid4vp_with_a_mac_of_zeros() -> object:
    """There is no reader's key from which the key of a MAC could come: no MAC is looked at, whatever its key."""
    device = device_maced()
    device["deviceAuth"]["deviceMac"] = mac_mac0(b"", key=bytes(32), detached=True)
    return ask(response(document(device=device)))


def authenticate_with_a_mac_on_another_curve() -> object:
    key_info = {"deviceKey": cose_key(fixed_key("holder", Curve.P384).public_key)}
    issued_to_it = issuer_signed(security_object(deviceKeyInfo=key_info))
    return ask(response(document(issued_to_it, device_maced())), transcript=meeting())


def authenticate_with_a_mac_for_another_reader() -> object:
    device = device_maced(transcript=meeting(fixed_key("another reader")))
    return ask(response(document(device=device)), transcript=meeting())


def authenticate_with_a_mac_by_another_key() -> object:
    return ask(response(document(device=device_maced(holder=fixed_key("thief")))), transcript=meeting())


def authenticate_with_a_mac_over_another_type() -> object:
    return ask(response(document(device=device_maced(doc_type="org.iso.18013.5.1.mDL"))), transcript=meeting())


def cut_a_mac_short() -> object:
    device = device_maced()
    device["deviceAuth"]["deviceMac"][3] = device["deviceAuth"]["deviceMac"][3][:8]
    return ask(response(document(device=device)), transcript=meeting())


def announce_a_short_mac() -> object:
    device = device_maced()
    device["deviceAuth"]["deviceMac"][0] = encode_cbor({1: 4})
    return ask(response(document(device=device)), transcript=meeting())


def authenticate_twice() -> object:
    device = device_maced()
    device["deviceAuth"] |= device_signed()["deviceAuth"]
    return ask(response(document(device=device)))


def sign_an_element_of_ones_own() -> object:
    return ask(response(document(device=device_signed({PAYMENTS: {"amount": 100}}))))


def sign_an_element_of_the_issuers() -> object:
    return ask(response(document(device=device_signed({DOC_TYPE: {"family_name": "Nobel"}}))))


def sign_an_authorized_element_in_another_namespace() -> object:
    contents = security_object(deviceKeyInfo=authorized(dataElements={PAYMENTS: ["amount"]}))
    return ask(response(document(issuer_signed(contents), device_signed({DOC_TYPE: {"amount": 100}}))))


def sign_more_than_is_authorized() -> object:
    contents = security_object(deviceKeyInfo=authorized(dataElements={PAYMENTS: ["amount"]}))
    elements = {PAYMENTS: {"amount": 100, "payee": "Mallory"}}
    return ask(response(document(issuer_signed(contents), device_signed(elements))))


def authenticate_an_element_of_ones_own_with_a_mac() -> object:
    return ask(response(document(device=device_maced({PAYMENTS: {"amount": 100}}))), transcript=meeting())


def leave_the_transaction_unsigned() -> object:
    return ask(presented(PAYING), transaction_data=[TRANSACTION])


def sign_another_transaction() -> object:
    return ask(presented(PAYING, transaction_data=["another"]), transaction_data=[TRANSACTION])


def sign_a_transaction_too_many() -> object:
    return ask(presented(PAYING, transaction_data=[TRANSACTION, "another"]), transaction_data=[TRANSACTION])


def sign_a_transaction_that_nobody_asked_for() -> object:
    return ask(presented(PAYING, transaction_data=[TRANSACTION]))


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.SYNTAX, cut_the_last_byte_off),
    (Check.SYNTAX, send_what_the_issuer_sends_as_a_presentation),
    (Check.SYNTAX, attach_what_the_holder_signed),
    (Check.SYNTAX, authenticate_twice),
    (Check.ALGORITHM, announce_another_algorithm),
    (Check.ALGORITHM, announce_a_mac),
    (Check.TOKEN_TYPE, call_it_a_status_list),
    (Check.TOKEN_TYPE, present_what_is_called_a_status_list),
    (Check.CRITICAL_HEADER, ask_for_an_understanding_that_we_lack),
    (Check.SIGNATURE, sign_with_another_key),
    (Check.SIGNATURE, change_the_security_object),
    (Check.SIGNATURE, present_what_another_key_signed),
    (Check.SIGNATURE, show_what_another_key_signed),
    (Check.CHAIN, send_no_chain),
    (Check.CHAIN, send_the_anchor_along),
    (Check.CHAIN, sign_with_the_authority_itself),
    (Check.ANCHOR, sign_under_an_unknown_authority),
    (Check.ANCHOR, sign_under_an_authority_for_something_else),
    (Check.CERTIFICATE_PROFILE, sign_with_a_certificate_for_requests),
    (Check.CERTIFICATE_PROFILE, sign_in_another_country),
    (Check.CERTIFICATE_PROFILE, sign_with_a_certificate_of_many_years),
    (Check.CERTIFICATE_VALIDITY, receive_after_the_certificate_expired),
    (Check.ENTITLEMENT, issue_a_type_that_is_anothers),
    (Check.SECURITY_OBJECT, write_a_version_of_tomorrow),
    (Check.SECURITY_OBJECT, digest_with_sha_1),
    (Check.SECURITY_OBJECT, spell_the_digest_algorithm_otherwise),
    (Check.SIGNING_TIME, sign_before_the_certificate_was_valid),
    (Check.SIGNING_TIME, sign_after_the_certificate_will_have_expired),
    (Check.CREDENTIAL_VALIDITY, receive_after_the_end),
    (Check.CREDENTIAL_VALIDITY, receive_before_the_beginning),
    (Check.CREDENTIAL_VALIDITY, receive_before_it_was_signed),
    (Check.ELEMENT_DIGEST, change_a_value),
    (Check.ELEMENT_DIGEST, change_the_random_value_of_an_item),
    (Check.ELEMENT_DIGEST, slip_an_element_in),
    (Check.ELEMENT_DIGEST, point_an_element_to_the_digest_of_another),
    (Check.ELEMENT_DIGEST, exchange_the_digests_of_two_elements),
    (Check.ELEMENT_DIGEST, name_a_digest_that_is_not_there),
    (Check.ELEMENT_DIGEST, sign_half_a_digest),
    (Check.ELEMENT_DIGEST, sign_no_digests),
    (Check.ELEMENT_DIGEST, digest_an_item_without_its_tag),
    (Check.ELEMENT_DIGEST, move_an_element_to_a_namespace_without_digests),
    (Check.ELEMENT_DIGEST, move_an_element_to_another_namespace),
    (Check.ELEMENT_DIGEST, exchange_two_namespaces),
    (Check.REPEATED_ELEMENT, send_an_element_twice),
    (Check.REPEATED_ELEMENT, issue_an_element_with_two_values),
    (Check.DEVICE_RESPONSE, answer_with_two_documents),
    (Check.DEVICE_RESPONSE, answer_with_no_document),
    (Check.DEVICE_RESPONSE, answer_with_a_status),
    (Check.DEVICE_RESPONSE, answer_with_an_error_beside_the_document),
    (Check.DEVICE_RESPONSE, show_two_documents_unbound),
    (Check.DOC_TYPE, call_the_document_something_else),
    (Check.DOC_TYPE, call_the_document_something_else_and_prove_that),
    (Check.DOC_TYPE, call_the_document_something_else_unbound),
    (Check.HOLDER_SIGNATURE, prove_another_type),
    (Check.HOLDER_SIGNATURE, prove_with_another_key),
    (Check.HOLDER_SIGNATURE, replay_a_presentation),
    (Check.HOLDER_SIGNATURE, forward_a_presentation_to_another_verifier),
    (Check.HOLDER_SIGNATURE, take_a_presentation_elsewhere),
    (Check.HOLDER_SIGNATURE, encrypt_to_another_key),
    (Check.HOLDER_SIGNATURE, leave_the_encryption_out),
    (Check.HOLDER_SIGNATURE, present_at_a_meeting_what_was_made_for_a_request),
    (Check.HOLDER_SIGNATURE, change_what_the_holder_signed),
    (Check.HOLDER_SIGNATURE, prove_with_the_issuers_signature),
    (Check.HOLDER_SIGNATURE, authenticate_with_a_mac_for_another_reader),
    (Check.HOLDER_SIGNATURE, authenticate_with_a_mac_by_another_key),
    (Check.HOLDER_SIGNATURE, authenticate_with_a_mac_over_another_type),
    (Check.HOLDER_SIGNATURE, cut_a_mac_short),
    (Check.ALGORITHM, prove_by_another_algorithm),
    (Check.ALGORITHM, announce_a_short_mac),
    (Check.TOKEN_TYPE, call_the_proof_a_registration_certificate),
    (Check.TOKEN_TYPE, call_a_mac_a_registration_certificate),
    (Check.CRITICAL_HEADER, ask_for_an_understanding_of_the_proof),
    (Check.DEVICE_MAC, authenticate_over_openid4vp_with_a_mac),
    (Check.DEVICE_MAC, authenticate_over_openid4vp_with_a_mac_of_zeros),
    (Check.DEVICE_MAC, authenticate_with_a_mac_on_another_curve),
    (Check.KEY_AUTHORIZATION, sign_an_element_of_ones_own),
    (Check.KEY_AUTHORIZATION, sign_an_element_of_the_issuers),
    (Check.KEY_AUTHORIZATION, sign_an_authorized_element_in_another_namespace),
    (Check.KEY_AUTHORIZATION, sign_more_than_is_authorized),
    (Check.KEY_AUTHORIZATION, authenticate_an_element_of_ones_own_with_a_mac),
    (Check.TRANSACTION_DATA, leave_the_transaction_unsigned),
    (Check.TRANSACTION_DATA, sign_another_transaction),
    (Check.TRANSACTION_DATA, sign_a_transaction_too_many),
    (Check.TRANSACTION_DATA, sign_a_transaction_that_nobody_asked_for),
)


@pytest.mark.parametrize(("check", "mutation"), REFUSALS, ids=lambda value: getattr(value, "__name__", None))
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises((Malformed, Rejected)) as refusal:
        mutation()
    assert refusal.value.check is check


def test_the_messages_that_are_mutated_are_good() -> None:
    assert receive(issued())
    assert receive(signed())
    assert receive(signed(items={}))
    assert receive(issued(valid_until=NOW + 400 * DAY))
    assert ask(presented())
    assert ask(presented(transcript=redirect(thumbprint=bytes(32))), transcript=redirect(thumbprint=bytes(32)))
    assert ask(response())
    assert show(response())
    assert ask(response(document(device=device_signed(transcript=meeting()))), transcript=meeting())
    assert ask(response(document(device=device_maced())), transcript=meeting())


def test_all_that_is_digested_authorized_or_asked_for_is_accepted() -> None:
    digests = {DOC_TYPE: {0: digest(ITEM), 1: digest(GIVEN_NAME)}, DOMESTIC: {0: digest(NORTHERN_NAME)}}
    both = signed(security_object(valueDigests=digests), {DOC_TYPE: [GIVEN_NAME, ITEM], DOMESTIC: [NORTHERN_NAME]})
    assert receive(both)
    contents = security_object(deviceKeyInfo=authorized(dataElements={PAYMENTS: ["amount"]}))
    elements = {PAYMENTS: {"amount": 100}}
    assert ask(response(document(issuer_signed(contents), device_signed(elements))))
    assert ask(response(document(issuer_signed(contents), device_maced(elements))), transcript=meeting())
    assert ask(presented(PAYING, transaction_data=[TRANSACTION]), transaction_data=[TRANSACTION])
