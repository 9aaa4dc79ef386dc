"""What a log takes in: what leads to an authority for access certificates, in the order that section 5.1 wants."""

import json
from dataclasses import replace

import pytest
from cryptography import x509
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer
from zegel_testing.certificates import AUTHORITY, END_ENTITY, certificate
from zegel_testing.log_world import ACCEPTED, announced, issued
from zegel_testing.transparency import ACCESS_DRAFT, LOGGED_ROOT, access_draft

from zegel.checks import Check
from zegel.errors import Denied, Malformed
from zegel.primitives.encoding import base64
from zegel.protocols.transparency.submission import (
    CERTIFICATE,
    PRECERTIFICATE,
    UnverifiedSubmission,
    accept_submission,
    parse_submission,
)
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.authority import Authority
from zegel.trust.transparency.extensions import parse_logged_certificate

NAMED = (x509.IssuerAlternativeName([x509.UniformResourceIdentifier("https://middle.utopia.example")]), False)
TOP = certificate("top", "top", AUTHORITY)
MIDDLE = certificate("middle", "top", (*AUTHORITY, NAMED))
BELOW = access_draft(root=Authority(certificate=MIDDLE, key=fixed_key("middle")))
TALL = TrustAnchors([TrustAnchor(certificate=TOP, purpose=Purpose.ACCESS, entity="Top")])


def refusal(submission: UnverifiedSubmission, anchors: TrustAnchors = ACCEPTED, *, now: int = NOW) -> str:
    with pytest.raises(Denied) as denied:
        accept_submission(submission, anchors=anchors, now=now)
    assert denied.value.check is Check.LOG_SUBMISSION
    return denied.value.code


@pytest.mark.parametrize("chain", [(), (LOGGED_ROOT.certificate.der,)], ids=["without the anchor", "with it"])
@pytest.mark.requirement("CT_01")
def test_what_an_authority_announces_is_taken(chain: tuple[bytes, ...]) -> None:
    accepted = accept_submission(replace(announced(ACCESS_DRAFT), chain=chain), anchors=ACCEPTED, now=NOW)
    assert (accepted.precertificate, accepted.tbs) == (True, ACCESS_DRAFT.tbs)
    assert (accepted.issuer, accepted.chain) == (LOGGED_ROOT.certificate, (LOGGED_ROOT.certificate.der,))
    assert accepted.announced.names["CN"] == "verifier"


def test_what_was_issued_is_taken_as_it_is() -> None:
    submission = issued(ACCESS_DRAFT)
    accepted = accept_submission(submission, anchors=ACCEPTED, now=NOW)
    assert accepted.precertificate is False
    assert accepted.tbs == parse_logged_certificate(submission.submission).tbs
    assert accepted.chain == (LOGGED_ROOT.certificate.der,)


@pytest.mark.parametrize("make", [announced, issued])
def test_an_authority_below_the_anchor_is_named_in_the_chain(make) -> None:
    accepted = accept_submission(replace(make(BELOW), chain=(MIDDLE.der,)), anchors=TALL, now=NOW)
    assert (accepted.issuer, accepted.chain) == (MIDDLE, (MIDDLE.der, TOP.der))


@pytest.mark.parametrize("make", [announced, issued])
def test_a_stranger_leads_to_no_anchor(make) -> None:
    stranger = access_draft(root=authority("stranger"))
    assert refusal(make(stranger)) == "unknownAnchor"
    assert refusal(replace(make(BELOW), chain=(MIDDLE.der,))) == "unknownAnchor"


def test_an_authority_for_something_else_is_a_stranger() -> None:
    other = TrustAnchors([anchor(LOGGED_ROOT, Purpose.ISSUER)])
    assert refusal(announced(ACCESS_DRAFT), other) == "unknownAnchor"


def test_a_chain_in_another_order_is_bad() -> None:
    assert refusal(replace(announced(BELOW), chain=(TOP.der, MIDDLE.der)), TALL) == "badChain"
    assert refusal(replace(announced(ACCESS_DRAFT), chain=(MIDDLE.der,)), TALL) == "badChain"
    leaf = signer(LOGGED_ROOT, "somebody", Purpose.ISSUER).certificate
    assert refusal(replace(announced(ACCESS_DRAFT), chain=(leaf.der,))) == "badChain"


def test_an_authority_with_too_many_below_it_is_bad() -> None:
    low = (x509.BasicConstraints(ca=True, path_length=0), True)
    top = certificate("low top", "low top", (low, AUTHORITY[1]))
    middle = certificate("low middle", "low top", (*AUTHORITY, NAMED))
    below = access_draft(root=Authority(certificate=middle, key=fixed_key("low middle")))
    anchors = TrustAnchors([TrustAnchor(certificate=top, purpose=Purpose.ACCESS, entity="Low")])
    assert refusal(replace(announced(below), chain=(middle.der,)), anchors) == "badChain"


def test_an_authority_that_does_not_say_that_it_is_one_is_bad() -> None:
    middle = certificate("plain middle", "top", (*END_ENTITY, NAMED))
    below = access_draft(root=Authority(certificate=middle, key=fixed_key("plain middle")))
    assert refusal(replace(announced(below), chain=(middle.der,)), TALL) == "badChain"


def test_what_is_over_is_not_taken() -> None:
    assert refusal(issued(ACCESS_DRAFT), now=NOW + 40 * DAY) == "badSubmission"
    assert refusal(replace(announced(BELOW), chain=(MIDDLE.der,)), TALL, now=NOW + 40 * DAY) == "badSubmission"


@pytest.mark.parametrize("type_", [CERTIFICATE, PRECERTIFICATE])
def test_what_is_no_certificate_is_bad(type_: int) -> None:
    assert refusal(UnverifiedSubmission(type=type_, submission=b"\x30\x00", chain=())) == "badSubmission"


def test_a_signature_of_somebody_else_is_bad() -> None:
    forged = replace(ACCESS_DRAFT, authority=replace(LOGGED_ROOT, key=fixed_key("forger")))
    assert refusal(announced(forged)) == "badSubmission"


def test_a_certificate_in_the_chain_that_is_none_is_bad() -> None:
    assert refusal(replace(announced(ACCESS_DRAFT), chain=(b"\x30\x00",))) == "badCertificate"


@pytest.mark.parametrize("type_", [0, 3, 0x0100])
def test_there_are_two_types(type_: int) -> None:
    assert refusal(replace(issued(ACCESS_DRAFT), type=type_)) == "badType"


def test_a_submission_comes_back_as_it_was_sent() -> None:
    for submission in (announced(BELOW), replace(announced(BELOW), chain=(MIDDLE.der,))):
        assert parse_submission(submission.encode()) == submission


@pytest.mark.parametrize(
    "changes",
    [
        {"submission": None},
        {"submission": "="},
        {"type": None},
        {"type": True},
        {"type": "1"},
        {"chain": None},
        {"chain": [1]},
        {"chain": ["%"]},
        {"chain": [base64(b"a")] * 5},
    ],
)
def test_what_is_no_submission_is_malformed(changes: dict[str, object]) -> None:
    members = json.loads(announced(ACCESS_DRAFT).encode())
    with pytest.raises(Malformed):
        parse_submission(json.dumps(members | changes).encode())


def test_an_authority_that_constrains_names_alone_allows_whatever_is_below() -> None:
    names = (x509.NameConstraints(permitted_subtrees=[x509.DNSName("utopia.example")], excluded_subtrees=None), True)
    middle = certificate("named middle", "top", (names, AUTHORITY[1], NAMED))
    below = access_draft(root=Authority(certificate=middle, key=fixed_key("named middle")))
    submission = replace(announced(below), chain=(middle.der,))
    assert accept_submission(submission, anchors=TALL, now=NOW).issuer == middle
