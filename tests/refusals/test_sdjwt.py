"""SD-JWT VC: one mutation of a good message for each check, and the check that it fails."""

from collections.abc import Callable
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, authority, fixed_key, signer
from zegel_testing.sdjwt import (
    ANCHORS,
    AUDIENCE,
    HOLDER,
    ISSUER,
    NONCE,
    ROOT,
    VCT,
    bound,
    digest,
    disclosure,
    issued,
    payload,
    presented,
    signed,
)

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.types import TypeStep
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_presented_sdjwt
from zegel.primitives.encoding import base64url
from zegel.primitives.json import encode_json
from zegel.trust.anchors import Purpose

NAME = disclosure("salt", "name", "Erika")
TRANSACTION = base64url(encode_json({"type": "pay", "credential_ids": ["id"]}))


def receive(data: bytes, *, now: int = NOW) -> object:
    return verify_issued_sdjwt(parse_sdjwt(data), anchors=ANCHORS, now=now)


def ask(data: bytes, **changes: Any) -> object:
    arguments: dict[str, Any] = {"audience": AUDIENCE, "nonce": NONCE, "now": NOW} | changes
    return verify_presented_sdjwt(parse_sdjwt(data), anchors=ANCHORS, **arguments)


def cut_the_last_tilde_off() -> object:
    return receive(issued()[:-1])


def call_it_a_plain_jwt() -> object:
    return receive(signed(payload(), typ="JWT"))


def announce_no_algorithm() -> object:
    return receive(signed(payload(), header={"alg": "none"}))


def leave_the_payload_unencoded() -> object:
    return receive(signed(payload(), header={"crit": ["b64"], "b64": False}))


def bring_the_key_along() -> object:
    return receive(signed(payload(), header={"jwk": ISSUER.key.public_key.jwk()}))


def sign_with_another_key() -> object:
    return receive(signed(payload(), key=fixed_key("stranger")))


def send_no_chain() -> object:
    return receive(signed(payload(), chain=()))


def sign_under_an_unknown_authority() -> object:
    stranger = signer(authority("strangers"), "stranger", Purpose.ISSUER)
    return receive(signed(payload(), chain=stranger.chain, key=stranger.key))


def sign_with_a_certificate_for_requests() -> object:
    reader = signer(ROOT, "reader", Purpose.ACCESS, dns_names=("reader.utopia.example",))
    return receive(signed(payload(), chain=reader.chain, key=reader.key))


def sign_with_an_expired_certificate() -> object:
    return receive(signed(payload(exp=NOW + 400 * DAY)), now=NOW + 200 * DAY)


def issue_a_type_that_is_anothers() -> object:
    return receive(issued(vct="urn:eudi:pid:1"))


def hash_with_md5() -> object:
    return receive(signed(payload(_sd_alg="md5")))


def let_a_digest_stand_twice() -> object:
    return receive(signed(payload(_sd=[digest(NAME)], other={"_sd": [digest(NAME)]}), [NAME]))


def disclose_a_name_that_is_taken() -> object:
    return receive(signed(payload(_sd=[digest(NAME)], name="Max"), [NAME]))


def slip_a_disclosure_in() -> object:
    return receive(issued() + NAME + b"~")


def hide_the_expiry() -> object:
    hidden = disclosure("salt", "exp", NOW + DAY)
    return receive(signed(payload(exp=None, _sd=[digest(hidden)]), [hidden]))


def name_another_issuer() -> object:
    return receive(issued(name="https://other.utopia.example"))


def present_after_the_end() -> object:
    return ask(presented(now=NOW + 30 * DAY), now=NOW + 30 * DAY)


def present_before_the_beginning() -> object:
    return receive(issued(valid_from=NOW + DAY))


def strip_the_proof() -> object:
    return ask(issued())


def issue_a_presentation() -> object:
    return receive(presented())


def prove_with_another_key() -> object:
    return ask(bound(issued(), holder=fixed_key("thief")))


def forward_a_presentation_to_another_verifier() -> object:
    return ask(presented(), audience="x509_hash:another")


def present_a_credential_for_another_verifier() -> object:
    return ask(bound(signed(payload(aud=["x509_hash:another"]))))


def replay_a_presentation() -> object:
    return ask(presented(), nonce="nonce-of-the-next-request")


def present_an_old_proof() -> object:
    return ask(presented(now=NOW - 301))


def present_an_expired_proof() -> object:
    return ask(bound(issued(), exp=NOW - 60))


def present_a_proof_that_is_not_valid_yet() -> object:
    return ask(bound(issued(), nbf=NOW + 11))


def move_a_proof_to_other_disclosures() -> object:
    credential = issued()
    proof = bound(credential).rpartition(b"~")[2]
    return ask(credential.partition(b"~")[0] + b"~" + proof)


def leave_the_transaction_unsigned() -> object:
    return ask(presented(), transaction_data=[TRANSACTION])


def sign_another_transaction() -> object:
    return ask(presented(transaction_data=["other"]), transaction_data=[TRANSACTION])


def change_a_types_document() -> object:
    return TypeStep(wanted=VCT, integrity=f"sha256-{'A' * 43}=").receive(encode_json({"vct": VCT}))


def let_a_type_extend_itself() -> object:
    return TypeStep(wanted=VCT, integrity=None).receive(encode_json({"vct": VCT, "extends": VCT}))


def present_without_a_key_in_the_credential() -> object:
    return ask(bound(signed(payload(cnf=None)), holder=HOLDER))


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.SYNTAX, cut_the_last_tilde_off),
    (Check.TOKEN_TYPE, call_it_a_plain_jwt),
    (Check.ALGORITHM, announce_no_algorithm),
    (Check.CRITICAL_HEADER, leave_the_payload_unencoded),
    (Check.KEY_SOURCE, bring_the_key_along),
    (Check.SIGNATURE, sign_with_another_key),
    (Check.CHAIN, send_no_chain),
    (Check.ANCHOR, sign_under_an_unknown_authority),
    (Check.CERTIFICATE_PROFILE, sign_with_a_certificate_for_requests),
    (Check.CERTIFICATE_VALIDITY, sign_with_an_expired_certificate),
    (Check.ENTITLEMENT, issue_a_type_that_is_anothers),
    (Check.HASH_ALGORITHM, hash_with_md5),
    (Check.DIGEST_PLACE, let_a_digest_stand_twice),
    (Check.DISCLOSED_CLAIM, disclose_a_name_that_is_taken),
    (Check.DISCLOSURE, slip_a_disclosure_in),
    (Check.ALWAYS_DISCLOSED, hide_the_expiry),
    (Check.ISSUER_NAME, name_another_issuer),
    (Check.CREDENTIAL_VALIDITY, present_after_the_end),
    (Check.CREDENTIAL_VALIDITY, present_before_the_beginning),
    (Check.HOLDER_BINDING, strip_the_proof),
    (Check.HOLDER_BINDING, issue_a_presentation),
    (Check.HOLDER_BINDING, present_without_a_key_in_the_credential),
    (Check.HOLDER_SIGNATURE, prove_with_another_key),
    (Check.AUDIENCE, forward_a_presentation_to_another_verifier),
    (Check.AUDIENCE, present_a_credential_for_another_verifier),
    (Check.NONCE, replay_a_presentation),
    (Check.PROOF_TIME, present_an_old_proof),
    (Check.PROOF_TIME, present_an_expired_proof),
    (Check.PROOF_TIME, present_a_proof_that_is_not_valid_yet),
    (Check.PRESENTED_BYTES, move_a_proof_to_other_disclosures),
    (Check.TRANSACTION_DATA, leave_the_transaction_unsigned),
    (Check.TRANSACTION_DATA, sign_another_transaction),
    (Check.TYPE_INTEGRITY, change_a_types_document),
    (Check.TYPE_METADATA, let_a_type_extend_itself),
)


@pytest.mark.parametrize(("check", "mutation"), REFUSALS, ids=lambda value: getattr(value, "__name__", None))
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises((Malformed, Rejected)) as refusal:
        mutation()
    assert refusal.value.check is check


def test_the_messages_that_are_mutated_are_good() -> None:
    assert receive(issued())
    assert receive(signed(payload(_sd=[digest(NAME)]), [NAME]))
    assert ask(presented())
    assert ask(presented(transaction_data=[TRANSACTION]), transaction_data=[TRANSACTION])
    assert TypeStep(wanted=VCT, integrity=None).receive(encode_json({"vct": VCT}))
