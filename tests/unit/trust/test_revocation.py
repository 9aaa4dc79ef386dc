"""Lists of revoked certificates: who may sign one, for how long it is believed, and what stands on it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, fixed_random

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.crl import MAX_CRL, UnverifiedCrl, VerifiedCrl, parse_crl, sign_crl, verify_crl
from zegel.primitives.der import SEQUENCE, encode_element, parse_element, parse_elements
from zegel.primitives.times import TOLERATED_EARLY
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.authority import Authority, SubjectName, issue_certificate
from zegel.trust.revocation import RevocationLists

ROOT, OTHER = authority("access"), authority("another")
URL = "https://authority.utopia.example/access.crl"
UNTIL = NOW + DAY


def leaf(*, url: str | None = URL, name: str = "verifier"):
    return issue_certificate(
        ROOT,
        SubjectName(country="UT", organization="Utopia", common_name=name),
        key=fixed_key(name).public_key,
        purpose=Purpose.ACCESS,
        now=NOW - DAY,
        days=90,
        random=fixed_random(name),
        crl_url=url,
    )


LEAF = leaf()


def crl(
    *serials: int, by: Authority = ROOT, number: int = 1, now: int = NOW, next_update: int = UNTIL
) -> UnverifiedCrl:
    revoked = dict.fromkeys(serials, now)
    signed = sign_crl(by.certificate, key=by.key, revoked=revoked, number=number, now=now, next_update=next_update)
    return parse_crl(signed)


def judge(*lists: UnverifiedCrl, now: int = NOW, certificate=LEAF, grace: int = 3_600, **options: bool) -> object:
    anchors = TrustAnchors([anchor(ROOT, Purpose.ACCESS)], revocation=RevocationLists(lists, grace=grace, **options))
    return anchors.verify_chain((certificate.der,), purpose=Purpose.ACCESS, now=now)


def refused(check: Check, *lists: UnverifiedCrl, **options) -> str:
    with pytest.raises(Rejected) as refusal:
        judge(*lists, **options)
    assert refusal.value.check is check
    return refusal.value.detail


def edited(*extensions: tuple[x509.ExtensionType, bool], key=ROOT.key, number: int | None = 1) -> UnverifiedCrl:
    """A list with extensions that ours do not have."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(ROOT.certificate.der).subject)
        .last_update(datetime.fromtimestamp(NOW, UTC))
        .next_update(datetime.fromtimestamp(UNTIL, UTC))
    )
    numbered = () if number is None else ((x509.CRLNumber(number), False),)
    for extension, critical in (*numbered, *extensions):
        builder = builder.add_extension(extension, critical=critical)
    return parse_crl(builder.sign(key.for_certificates(), SHA256()).public_bytes(Encoding.DER))


def point(**changes: object) -> x509.IssuingDistributionPoint:
    fields: dict = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(fields | changes))


def at(url: str) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(url)]


# --- what is known ----------------------------------------------------------------------------------------------------


def test_who_is_not_on_the_list_is_believed() -> None:
    assert judge(crl(LEAF.serial_number + 1))


@pytest.mark.refuses(Check.CERTIFICATE_REVOKED)
def test_who_is_on_the_list_is_not() -> None:
    assert "is revoked by" in refused(Check.CERTIFICATE_REVOKED, crl(LEAF.serial_number))


def test_revocation_is_final_whatever_a_newer_list_says() -> None:
    refused(Check.CERTIFICATE_REVOKED, crl(LEAF.serial_number), crl(number=2, now=NOW + 1))


def test_a_certificate_that_names_no_list_needs_none() -> None:
    assert judge(certificate=leaf(url=None))


@pytest.mark.refuses(Check.REVOCATION_STALE)
def test_without_a_list_nobody_knows_and_nobody_is_believed() -> None:
    assert "nobody knows" in refused(Check.REVOCATION_STALE)


def test_whoever_judges_by_hand_may_leave_it_open_but_not_what_is_known() -> None:
    assert judge(unsafe_unknown=True)
    refused(Check.CERTIFICATE_REVOKED, crl(LEAF.serial_number), unsafe_unknown=True)
    refused(Check.REVOCATION_STALE, crl(), unsafe_unknown=True, now=UNTIL + 3_600)


def test_a_list_is_answered_from_until_its_next_update_and_the_grace_and_not_a_second_longer() -> None:
    assert judge(crl(), now=UNTIL + 3_599)
    assert "3600 seconds ago" in refused(Check.REVOCATION_STALE, crl(), now=UNTIL + 3_600)
    assert judge(crl(), now=UNTIL - 1, grace=0)
    refused(Check.REVOCATION_STALE, crl(), now=UNTIL, grace=0)


def test_a_chain_that_is_remembered_is_believed_no_longer_than_its_list() -> None:
    end = UNTIL - UNTIL % 60 + 30  # in the middle of a minute, so that both questions are about one that is remembered
    lists = RevocationLists([crl(next_update=end)], grace=0)
    anchors = TrustAnchors([anchor(ROOT, Purpose.ACCESS)], revocation=lists)
    assert anchors.verify_chain((LEAF.der,), purpose=Purpose.ACCESS, now=end - 1)
    with pytest.raises(Rejected) as refusal:
        anchors.verify_chain((LEAF.der,), purpose=Purpose.ACCESS, now=end)
    assert refusal.value.check is Check.REVOCATION_STALE


def test_what_a_list_was_found_to_be_is_not_found_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def counted(*args: Any, **options: Any) -> VerifiedCrl:
        asked.append(True)
        return verify_crl(*args, **options)

    monkeypatch.setattr("zegel.trust.revocation.verify_crl", counted)
    lists = RevocationLists([edited(key=OTHER.key)])
    for _ in range(2):
        with pytest.raises(Rejected) as refusal:
            lists.check_chain((LEAF,), anchor=ROOT.certificate, now=NOW)
        assert refusal.value.check is Check.REVOCATION_LIST
    assert asked == [True]


def test_a_list_of_the_future_is_one_of_the_present_in_its_time() -> None:
    lists = RevocationLists([crl(now=NOW + 600)])
    with pytest.raises(Rejected) as refusal:
        lists.check_chain((LEAF,), anchor=ROOT.certificate, now=NOW)
    assert refusal.value.check is Check.REVOCATION_LIST
    assert lists.check_chain((LEAF,), anchor=ROOT.certificate, now=NOW + 600)


def test_where_a_list_is_missing_is_noted_for_whoever_fetches() -> None:
    lists = RevocationLists()
    anchors = TrustAnchors([anchor(ROOT, Purpose.ACCESS)], revocation=lists)
    with pytest.raises(Rejected):
        anchors.verify_chain((LEAF.der,), purpose=Purpose.ACCESS, now=NOW)
    assert lists.wanted == {URL}


def test_a_chain_that_leads_nowhere_has_nothing_fetched() -> None:
    lists = RevocationLists()
    with pytest.raises(Rejected):
        TrustAnchors([anchor(OTHER, Purpose.ACCESS)], revocation=lists).verify_chain(
            (LEAF.der,), purpose=Purpose.ACCESS, now=NOW
        )
    assert lists.wanted == set()


def test_what_is_noted_is_bounded() -> None:
    lists = RevocationLists(wanted=map(str, range(1_024)))
    with pytest.raises(Rejected):
        lists.check_chain((LEAF,), anchor=ROOT.certificate, now=NOW)
    assert len(lists.wanted) == 1_024
    lists = RevocationLists(wanted=map(str, range(1_023)))
    with pytest.raises(Rejected):
        lists.check_chain((LEAF,), anchor=ROOT.certificate, now=NOW)
    assert len(lists.wanted) == 1_024


def test_of_many_addresses_two_are_noted() -> None:
    lists = RevocationLists()
    points = tuple(f"https://authority.utopia.example/{number}" for number in range(3))
    with pytest.raises(Rejected):
        lists.check_chain((replace(LEAF, revocation_points=points),), anchor=ROOT.certificate, now=NOW)
    assert lists.wanted == set(points[:2])


# --- who may sign, and what is whole ----------------------------------------------------------------------------------


@pytest.mark.refuses(Check.REVOCATION_LIST)
def test_a_list_under_another_key_is_not_believed() -> None:
    forged = edited(key=OTHER.key)
    assert "signature" in refused(Check.REVOCATION_LIST, forged)
    assert judge(forged, crl())


def test_a_list_of_another_authority_says_nothing() -> None:
    refused(Check.REVOCATION_STALE, crl(LEAF.serial_number, by=OTHER))
    with pytest.raises(Rejected, match="expected a list of"):
        verify_crl(crl(), issuer=OTHER.certificate, now=NOW)


def test_an_issuer_that_may_sign_no_lists_signs_none() -> None:
    end_entity = Authority(certificate=LEAF, key=fixed_key("verifier"))
    with pytest.raises(Rejected, match="cRLSign"):
        verify_crl(crl(by=end_entity), issuer=LEAF, now=NOW)


def test_a_list_of_the_future_is_not_believed_before_its_time() -> None:
    later = crl(now=NOW + TOLERATED_EARLY + 1, next_update=UNTIL)
    assert "future" in refused(Check.REVOCATION_LIST, later)
    assert judge(later, now=NOW + 1)


@pytest.mark.parametrize(
    "extension",
    [
        (x509.DeltaCRLIndicator(1), True),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
        (point(only_contains_ca_certs=True), True),
        (point(indirect_crl=True), True),
        (point(only_contains_attribute_certs=True), True),
        (point(full_name=at(URL), only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), True),
    ],
    ids=["delta", "unknown", "of authorities", "indirect", "of attributes", "for some reasons"],
)
def test_a_part_of_a_list_is_no_list(extension: tuple[x509.ExtensionType, bool]) -> None:
    assert "complete" in refused(Check.REVOCATION_LIST, edited(extension))


def test_a_list_that_is_not_numbered_is_not_believed() -> None:
    assert "numbered" in refused(Check.REVOCATION_LIST, edited(number=None))


def test_a_list_of_one_address_speaks_of_those_who_name_it() -> None:
    assert judge(edited((point(full_name=at(URL)), True)))
    assert judge(edited((point(only_contains_user_certs=True), True)))
    refused(Check.REVOCATION_STALE, edited((point(full_name=at(URL + "2")), True)))


def test_a_list_of_end_entities_alone_says_nothing_of_an_authority() -> None:
    lists = RevocationLists([edited((point(only_contains_user_certs=True), True))])
    with pytest.raises(Rejected) as refusal:
        lists.check_chain((replace(LEAF, is_authority=True),), anchor=ROOT.certificate, now=NOW)
    assert refusal.value.check is Check.REVOCATION_STALE


# --- what is no list --------------------------------------------------------------------------------------------------


def test_a_list_without_a_next_update_is_malformed() -> None:
    der = sign_crl(ROOT.certificate, key=ROOT.key, revoked={}, number=1, now=NOW, next_update=UNTIL)
    tbs, *rest = parse_elements(parse_element(der, SEQUENCE, what="test").content, what="test")
    members = parse_elements(tbs.content, what="test")
    kept = [
        each
        for each in members
        if each.content != datetime.fromtimestamp(UNTIL, UTC).strftime("%y%m%d%H%M%SZ").encode()
    ]
    assert len(kept) == len(members) - 1
    cut = encode_element(SEQUENCE, *(each.der for each in kept))
    with pytest.raises(Malformed, match="next update"):
        parse_crl(encode_element(SEQUENCE, cut, *(each.der for each in rest)))


@pytest.mark.parametrize("data", [b"", b"\x30\x00", LEAF.der, b"x" * (MAX_CRL + 1)], ids=["", "empty", "leaf", "long"])
def test_what_is_no_list_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_crl(data)
