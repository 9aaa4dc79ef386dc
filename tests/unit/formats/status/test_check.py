"""A credential's own entry: valid, or refused with the reason."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW, anchor, trusting
from zegel_testing.identifiers import IDENTIFIERS_URI, identifier_token
from zegel_testing.status import (
    BOTH,
    LIST,
    REVOKED,
    STATUS_ANCHORS,
    STATUS_ROOT,
    STATUS_SIGNER,
    SUSPENDED,
    URI,
    credential,
    token,
    verified,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import (
    CurrentCredential,
    CurrentPresentation,
    CurrentUnboundPresentation,
    Status,
    UnboundPresentation,
    VerifiedCredential,
    VerifiedPresentation,
)
from zegel.formats.status.check import VerifiedList, check_signer, check_status
from zegel.formats.status.identifiers import parse_identifier_list, verify_identifier_list
from zegel.formats.status.token import StatusListFormat
from zegel.trust.anchors import Purpose

CURRENT = verified(token(StatusListFormat.JWT))


def refusal_of(subject: VerifiedCredential, status_list: object = CURRENT, now: int = NOW) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        check_status(subject, status_list, now=now, grace=0)
    return refusal.value


@pytest.mark.parametrize("format_", BOTH)
def test_each_thing_becomes_its_current_kind(format_: StatusListFormat) -> None:
    found, status_list = credential(0), verified(token(format_))
    presented = check_status(VerifiedPresentation(credential=found), status_list, now=NOW, grace=0)
    assert presented == CurrentPresentation(credential=found, status=Status.VALID)
    unbound = check_status(UnboundPresentation(credential=found), status_list, now=NOW, grace=0)
    assert unbound == CurrentUnboundPresentation(credential=found, status=Status.VALID)
    assert check_status(found, status_list, now=NOW, grace=0) == CurrentCredential(
        credential=found, status=Status.VALID
    )


def test_a_credential_without_a_status_needs_no_list() -> None:
    found = credential(None)
    for status_list in (None, CURRENT):
        assert check_status(found, status_list, now=NOW, grace=0).status is Status.NO_STATUS


@pytest.mark.parametrize(
    ("index", "words"),
    [(REVOKED, "revoked"), (SUSPENDED, "suspended"), (7, "0x03"), (LIST.size, "beyond the end"), (10**9, "beyond")],
)
@pytest.mark.refuses(Check.STATUS)
@pytest.mark.requirement("VCR_13")
def test_section_7_1_every_status_but_valid_is_refused_with_its_meaning(index: int, words: str) -> None:
    refusal = refusal_of(credential(index))
    assert (refusal.check, refusal.field) == (Check.STATUS, "status_list.idx")
    assert words in refusal.detail


@pytest.mark.refuses(Check.STATUS_LIST)
def test_the_list_that_the_credential_names_must_be_there() -> None:
    assert refusal_of(credential(0), None).check is Check.STATUS_LIST
    assert refusal_of(credential(0, uri=URI + "2")).check is Check.STATUS_LIST


@pytest.mark.refuses(Check.STATUS_ISSUER)
@pytest.mark.requirement("VCR_03")
def test_another_issuers_list_cannot_revive_a_credential() -> None:
    refusal = refusal_of(credential(0, entity="Somebody else"))
    assert refusal.check is Check.STATUS_ISSUER
    assert "Somebody else" in refusal.detail


@pytest.mark.refuses(Check.STATUS_STALE)
def test_without_a_grace_a_list_that_is_out_of_date_is_not_answered_from() -> None:
    assert check_status(credential(0), CURRENT, now=CURRENT.stale_at - 1, grace=0)
    assert refusal_of(credential(0), now=CURRENT.stale_at).check is Check.STATUS_STALE


# --- the signer of a list that is kept ------------------------------------------------------------------------------


def kept(kind: str) -> VerifiedList:
    if kind == "identifiers":
        parsed = parse_identifier_list(identifier_token(), content_type=None)
        return verify_identifier_list(parsed, uri=IDENTIFIERS_URI, anchors=STATUS_ANCHORS, now=NOW)
    return verified(token(StatusListFormat(kind)))


KINDS = pytest.mark.parametrize("kind", [*map(str, BOTH), "identifiers"])


@KINDS
def test_a_list_is_what_it_was_under_anchors_that_say_the_same_of_its_signer(kind: str) -> None:
    status_list = kept(kind)
    assert status_list.chain == STATUS_SIGNER.chain
    assert check_signer(status_list, anchors=STATUS_ANCHORS, now=NOW + 700) is status_list


@KINDS
def test_a_list_is_of_the_entity_that_its_signer_stands_for_by_now(kind: str) -> None:
    anchors = trusting(anchor(STATUS_ROOT, Purpose.STATUS, entity="A new name"))
    assert check_signer(kept(kind), anchors=anchors, now=NOW) == replace(kept(kind), entity="A new name")


@KINDS
@pytest.mark.refuses(Check.ANCHOR)
def test_a_signer_that_is_trusted_no_longer_or_for_something_else_is_refused(kind: str) -> None:
    elsewhere = trusting(anchor(STATUS_ROOT, Purpose.WALLET_STATUS))
    for anchors, purpose in ((trusting(), Purpose.STATUS), (elsewhere, Purpose.STATUS)):
        with pytest.raises(Rejected) as refusal:
            check_signer(kept(kind), anchors=anchors, now=NOW, purpose=purpose)
        assert refusal.value.check is Check.ANCHOR
    assert check_signer(kept(kind), anchors=elsewhere, now=NOW, purpose=Purpose.WALLET_STATUS).entity == "Utopia"


@KINDS
@pytest.mark.refuses(Check.CERTIFICATE_VALIDITY)
def test_a_signers_certificate_is_judged_by_the_time_at_hand(kind: str) -> None:
    ends = STATUS_SIGNER.certificate.not_after
    assert check_signer(kept(kind), anchors=STATUS_ANCHORS, now=ends)
    with pytest.raises(Rejected) as refusal:
        check_signer(kept(kind), anchors=STATUS_ANCHORS, now=ends + 1)
    assert refusal.value.check is Check.CERTIFICATE_VALIDITY
