"""The two ceremonies, without a registrar: who answers, to what, and what else is refused."""

import json
from typing import Any

import pytest
from zegel_testing.authenticator import ATTESTED, ELIGIBLE, PRESENT, VERIFIED, Authenticator

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.cbor import encode_cbor
from zegel.primitives.encoding import base64url
from zegel.protocols.webauthn.options import Account, RelyingParty, creation_options, request_options
from zegel.protocols.webauthn.response import parse_assertion, parse_registration_response
from zegel.protocols.webauthn.verify import VerifiedPasskey, verify_assertion, verify_registration

SITE = RelyingParty(id="register.example", origin="https://register.example", name="Register")
ACCOUNT = Account(handle=b"handle", name="Erika")
CHALLENGE, OTHER = bytes(range(32)), bytes(32)


def authenticator(**changes: Any) -> Authenticator:
    return Authenticator(origin=SITE.origin, rp_id=SITE.id, **changes)


def made(passkey: Authenticator, challenge: bytes = CHALLENGE, **changes: Any) -> VerifiedPasskey:
    options = dict(creation_options(SITE, ACCOUNT, challenge=challenge, known=[b"known"]))
    assert options["excludeCredentials"] == [{"id": base64url(b"known"), "type": "public-key"}]
    response = parse_registration_response(passkey.make(options, **changes))
    return verify_registration(response, site=SITE, challenge=CHALLENGE)


def answered(passkey: Authenticator, known: VerifiedPasskey, challenge: bytes = CHALLENGE) -> VerifiedPasskey:
    response = parse_assertion(passkey.answer(dict(request_options(SITE, challenge=challenge))))
    return verify_assertion(response, site=SITE, challenge=CHALLENGE, passkey=known, handle=ACCOUNT.handle)


def test_a_passkey_is_made_and_answers() -> None:
    passkey = authenticator()
    known = made(passkey)
    assert known == VerifiedPasskey(id=base64url(passkey.id), key=passkey.cose_key(), counter=0, backup_eligible=False)
    assert answered(passkey, known).counter == 1


def test_an_authenticator_that_does_not_count_answers_with_zero() -> None:
    passkey = authenticator(counts=False)
    assert answered(passkey, answered(passkey, made(passkey))).counter == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"origin": "https://evil.example"}, "clientDataJSON.origin"),
        ({"rp_id": "example"}, "authenticatorData.rpIdHash"),
        ({"flags": PRESENT}, "authenticatorData.flags"),
        ({"flags": VERIFIED}, "authenticatorData.flags"),
        ({"client_data": {"type": "payment.get"}}, "clientDataJSON.type"),
        ({"client_data": {"crossOrigin": True}}, "clientDataJSON.crossOrigin"),
        ({"client_data": {"topOrigin": SITE.origin}}, "clientDataJSON.crossOrigin"),
    ],
)
def test_what_was_not_asked_for_is_refused_in_both_ceremonies(changes: dict[str, Any], field: str) -> None:
    good, wrong = authenticator(), authenticator(handle=ACCOUNT.handle)
    known = made(good)
    for name, value in changes.items():
        setattr(wrong, name, value)
    for act in (lambda: made(wrong), lambda: answered(wrong, known)):
        with pytest.raises(Rejected) as refusal:
            act()
        assert (refusal.value.check, refusal.value.field) == (Check.PASSKEY, field)


def test_a_browser_need_not_say_that_the_page_is_in_no_frame() -> None:
    passkey = authenticator(client_data={"crossOrigin": None})
    assert answered(passkey, made(passkey)).counter == 1


def test_an_answer_to_another_challenge_is_refused() -> None:
    passkey = authenticator()
    known = made(passkey)
    for act in (lambda: made(passkey, OTHER), lambda: answered(passkey, known, OTHER)):
        with pytest.raises(Rejected) as refusal:
            act()
        assert refusal.value.field == "clientDataJSON.challenge"


def test_an_answer_for_another_person_is_refused() -> None:
    passkey = authenticator()
    known = made(passkey)
    passkey.handle = b"other"
    with pytest.raises(Rejected, match="whose passkey this is"):
        answered(passkey, known)


@pytest.mark.parametrize("counter", [0, 6, 7])
def test_a_counter_that_does_not_go_on_is_refused(counter: int) -> None:
    passkey = authenticator()
    known = made(passkey)
    passkey.counter, passkey.counts = counter, False
    at_seven = VerifiedPasskey(id=known.id, key=known.key, counter=7)
    with pytest.raises(Rejected) as refusal:
        answered(passkey, at_seven)
    assert refusal.value.check is Check.PASSKEY_COUNTER


@pytest.mark.parametrize("flags", [0, ELIGIBLE])
def test_a_passkey_stays_as_eligible_for_backup_as_it_was_made(flags: int) -> None:
    passkey = authenticator(flags=PRESENT | VERIFIED | flags)
    known = made(passkey)
    assert answered(passkey, known).backup_eligible is bool(flags)
    passkey.flags ^= ELIGIBLE
    with pytest.raises(Rejected) as refusal:
        answered(passkey, known)
    assert (refusal.value.check, refusal.value.field) == (Check.PASSKEY, "authenticatorData.flags")
    not_kept = VerifiedPasskey(id=known.id, key=known.key, counter=0)
    assert answered(passkey, not_kept).backup_eligible is not bool(flags)


def test_a_passkey_under_another_id_than_it_says_is_refused() -> None:
    passkey = authenticator()
    attested = bytes(16) + (1_024).to_bytes(2, "big") + bytes(1_024) + passkey.cose_key()
    data = passkey.data(PRESENT | VERIFIED | ATTESTED) + attested
    with pytest.raises(Rejected) as refusal:
        made(passkey, authData=data)
    assert (refusal.value.check, refusal.value.field) == (Check.PASSKEY, "rawId")


def test_a_signature_over_anything_else_is_refused() -> None:
    passkey = authenticator()
    known = made(passkey)
    members = json.loads(passkey.answer(dict(request_options(SITE, challenge=CHALLENGE))))
    members["response"]["authenticatorData"] = base64url(passkey.data(PRESENT | VERIFIED | 1 << 3))
    with pytest.raises(Rejected) as refusal:
        verify_assertion(
            parse_assertion(json.dumps(members)), site=SITE, challenge=CHALLENGE, passkey=known, handle=ACCOUNT.handle
        )
    assert refusal.value.field == "signature"


@pytest.mark.parametrize(
    "key",
    [
        {},
        {1: 2, 3: -7, -1: 1, -2: bytes(31), -3: bytes(32)},
        {1: 2, 3: -35, -1: 2, -2: bytes(48), -3: bytes(48)},
        {1: 4, 3: 5, -1: bytes(16)},
        {3: "none"},
    ],
)
def test_a_key_of_another_kind_is_refused_when_it_is_made_or_at_its_first_answer(key: dict[int, Any]) -> None:
    passkey = authenticator()
    passkey.cose_key = lambda: encode_cbor(key)  # type: ignore[method-assign]
    with pytest.raises(Rejected) as refusal:
        answered(passkey, made(passkey))
    assert refusal.value.check is Check.PASSKEY


def test_an_attestation_is_refused_for_none_was_asked_for() -> None:
    with pytest.raises(Rejected, match="expected no attestation"):
        made(authenticator(), fmt="packed", attStmt={"alg": -7, "sig": b"s"})


def test_a_registration_without_a_key_is_refused() -> None:
    passkey = authenticator()
    for data in (passkey.data(PRESENT | VERIFIED), passkey.data(PRESENT | VERIFIED | ATTESTED)):
        with pytest.raises(Rejected) as refusal:
            made(passkey, authData=data)
        assert refusal.value.field == "attestationObject.authData"
