"""Certificate Transparency: one mutation of a good certificate, tree head or submission for each check."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW, authority
from zegel_testing.log_world import LogWorld
from zegel_testing.transparency import ACCESS_DRAFT, ITEMS, LOG, LOGGED_ROOT, access_draft, stamped

from zegel.checks import Check
from zegel.errors import ZegelError
from zegel.trust.transparency.extensions import TRANSPARENCY_INFORMATION, transparency_information
from zegel.trust.transparency.heads import verify_tree_head
from zegel.trust.transparency.issuance import announce
from zegel.trust.transparency.items import InclusionProof, SignedTreeHead, TransItem, encode_trans_items
from zegel.trust.transparency.precertificate import parse_precertificate, verify_precertificate
from zegel.trust.transparency.timestamps import verify_timestamps


def timestamps(*items: TransItem, draft=ACCESS_DRAFT, log=LOG, now: int = NOW):
    certificate = draft.sign({TRANSPARENCY_INFORMATION: transparency_information(encode_trans_items(items))})
    return verify_timestamps(certificate, issuer=LOGGED_ROOT.certificate, logs=(log,), required=True, now=now)


def precertificate(*, issuer=LOGGED_ROOT):
    return verify_precertificate(parse_precertificate(announce(ACCESS_DRAFT)), issuer=issuer.certificate)


def head_and_proof() -> tuple[SignedTreeHead, InclusionProof]:
    _, head, proof = ITEMS
    assert isinstance(head, SignedTreeHead)
    assert isinstance(proof, InclusionProof)
    return head, proof


def test_nothing_of_this_is_refused_as_it_stands() -> None:
    assert timestamps(*ITEMS).timestamps[0].tree_size == 2
    assert verify_timestamps(stamped(), issuer=LOGGED_ROOT.certificate, logs=(LOG,), required=True, now=NOW).timestamps
    assert precertificate().tbs == ACCESS_DRAFT.tbs
    assert verify_tree_head(head_and_proof()[0], log=LOG, now=NOW)


def carry_no_timestamp() -> object:
    certificate = ACCESS_DRAFT.sign()
    return verify_timestamps(certificate, issuer=LOGGED_ROOT.certificate, logs=(LOG,), required=True, now=NOW)


def carry_the_timestamp_of_another_certificate() -> object:
    return timestamps(ITEMS[0], draft=access_draft(name="another"))


def carry_a_timestamp_of_a_strange_log() -> object:
    return timestamps(*ITEMS, log=replace(LOG, id=b"\x69\x63"))


def carry_a_timestamp_of_tomorrow() -> object:
    return timestamps(*ITEMS, now=NOW - 60)


def carry_a_timestamp_of_a_retired_log() -> object:
    return timestamps(*ITEMS, log=replace(LOG, retired_at=NOW))


def carry_a_tree_head_that_was_changed() -> object:
    head, proof = head_and_proof()
    return timestamps(ITEMS[0], replace(head, head=replace(head.head, root_hash=bytes(32))), proof)


def carry_a_proof_for_another_leaf() -> object:
    head, proof = head_and_proof()
    return timestamps(ITEMS[0], head, replace(proof, leaf_index=1))


def announce_what_another_authority_issues() -> object:
    return precertificate(issuer=authority("another"))


def ask_for_a_leaf_that_is_not_there() -> object:
    return LogWorld().log.inclusion(bytes(32), 0)


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.CERTIFICATE_TIMESTAMP, carry_no_timestamp),
    (Check.CERTIFICATE_TIMESTAMP, carry_the_timestamp_of_another_certificate),
    (Check.CERTIFICATE_TIMESTAMP, carry_a_timestamp_of_a_strange_log),
    (Check.CERTIFICATE_TIMESTAMP, carry_a_timestamp_of_tomorrow),
    (Check.CERTIFICATE_TIMESTAMP, carry_a_timestamp_of_a_retired_log),
    (Check.TREE_HEAD, carry_a_tree_head_that_was_changed),
    (Check.LOG_PROOF, carry_a_proof_for_another_leaf),
    (Check.LOG_SUBMISSION, announce_what_another_authority_issues),
    (Check.LOG_QUERY, ask_for_a_leaf_that_is_not_there),
)


@pytest.mark.parametrize(("check", "mutation"), REFUSALS, ids=lambda value: getattr(value, "__name__", None))
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises(ZegelError) as refusal:
        mutation()
    assert refusal.value.check is check
