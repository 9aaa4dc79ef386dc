"""The register's log: a chain whose head is signed, and what somebody who kept one can tell from it (Reg_09)."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.register import applied, registered

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.jws import sign_jws
from zegel.trust.register.changes import (
    HEAD_TYPE,
    Change,
    LogHead,
    check_kept,
    registration_digest,
    sign_log_head,
    verify_log_head,
)
from zegel.trust.register.states import Deed

KEY = fixed_key("register")
ISSUER = "https://registrar.utopia.example"


def chain(length: int, *, by: str = "officer") -> tuple[list[Change], LogHead]:
    head, changes = LogHead(), []
    for sequence in range(1, length + 1):
        change = Change(
            sequence=sequence, at=NOW, deed=Deed.APPLIED, identifier=f"NTRUT-{sequence}", by=by,
            digest=registration_digest(applied()), previous=head.hash,
        )  # fmt: skip
        changes.append(change)
        head = head.follow(change)
    return changes, head


def followed(changes: list[Change]) -> LogHead:
    head = LogHead()
    for change in changes:
        head = head.follow(change)
    return head


def refused(act: object) -> Check | None:
    with pytest.raises(Rejected) as refusal:
        act()  # type: ignore[operator]
    return refusal.value.check


@pytest.mark.requirement("Reg_09")
def test_every_change_is_in_the_chain_reg_09() -> None:
    changes, head = chain(3)
    assert followed(changes) == head
    assert registration_digest(applied()) != registration_digest(registered())


@pytest.mark.parametrize("position", [0, 1])
def test_an_entry_that_was_altered_taken_out_or_put_in_shows(position: int) -> None:
    changes, _ = chain(3)
    altered = [*changes]
    altered[position] = replace(changes[position], by="somebody else")
    assert refused(lambda: followed(altered)) is Check.REGISTER_LOG
    assert refused(lambda: followed(changes[:position] + changes[position + 1 :])) is Check.REGISTER_LOG
    assert refused(lambda: followed([*changes[: position + 1], *changes[position:]])) is Check.REGISTER_LOG


def test_a_cut_tail_shows_to_whoever_kept_the_head() -> None:
    changes, head = chain(3)
    cut = followed(changes[:2])
    assert refused(lambda: check_kept(cut, head)) is Check.REGISTER_LOG
    assert check_kept(head, head) == head


def test_a_log_written_anew_shows_at_the_head_that_was_kept() -> None:
    _, kept = chain(3)
    _, anew = chain(3, by="somebody else")
    assert refused(lambda: check_kept(anew, kept)) is Check.REGISTER_LOG
    longer = chain(4)[1]
    assert check_kept(longer, kept) == longer  # whoever follows it compares at the kept entry


def test_a_head_is_signed_and_verified() -> None:
    _, head = chain(2)
    signed = sign_log_head(head, issuer=ISSUER, signer=KEY, now=NOW)
    kept = verify_log_head(signed, issuer=ISSUER, key=KEY.public_key)
    assert (kept.head, kept.at) == (head, NOW)
    assert (
        refused(lambda: verify_log_head(signed, issuer="https://b.example", key=KEY.public_key)) is Check.REGISTER_LOG
    )
    assert refused(lambda: verify_log_head(signed, issuer=ISSUER, key=fixed_key("b").public_key)) is Check.SIGNATURE


@pytest.mark.parametrize("members", [{"size": None}, {"iat": None}, {"hash": base64url(b"short")}])
def test_a_head_without_its_parts_is_refused(members: dict[str, object]) -> None:
    claims = {"iss": ISSUER, "iat": NOW, "size": 1, "hash": base64url(bytes(32))} | members
    signed = sign_jws(claims, signer=KEY, typ=HEAD_TYPE)
    with pytest.raises(Malformed):
        verify_log_head(signed, issuer=ISSUER, key=KEY.public_key)
