"""The doctor before the certificates of a signer: profile, chain to a list, timestamps, each well and not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from zegel_testing.authorities import DAY, LOG, LOG_SIGNER, NOW, anchor, authority, fixed_key, fixed_random
from zegel_testing.certificates import AUTHORITY, END_ENTITY, certificate
from zegel_testing.doctor import Handshake, ill
from zegel_testing.transparency import ACCESS_DRAFT, EARLIER, ITEMS, stamped

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import Loopback, ManualClock
from zegel.primitives.crl import parse_crl, sign_crl
from zegel.primitives.x509 import Certificate
from zegel.profiles import HAIP, PLAIN
from zegel.services.doctor.certificates import examine_signer
from zegel.services.doctor.eyes import Eyes
from zegel.services.doctor.findings import Finding, Findings, State
from zegel.services.doctor.topics import Topic
from zegel.services.trust import Trust
from zegel.trust.access_authority.profile import LEGAL_PERSON
from zegel.trust.anchors import Listing, Purpose, TrustAnchor, TrustAnchors
from zegel.trust.authority import Draft, Policy, SubjectName, draft_certificate
from zegel.trust.revocation import RevocationLists
from zegel.trust.transparency.extensions import SCT_LIST, TRANSPARENCY_INFORMATION, transparency_information
from zegel.trust.transparency.issuance import issue_stamped
from zegel.trust.transparency.items import SignedCertificateTimestamp, encode_trans_items
from zegel.trust.transparency.logs import LogSigner

ROOT = authority("access")
URL = "https://authority.utopia.example/access.crl"
LISTING = Listing(
    type="http://uri.etsi.org/19602/LoTEType/EUWRPACProvidersList",
    sequence=7,
    operator="Utopia list operator",
    next_update=NOW + 3 * DAY,
)
LISTED = replace(anchor(ROOT, Purpose.ACCESS, entity="Utopia access office"), listings=(LISTING,))
NAME = SubjectName(country="UT", organization="Library", common_name="Lending", identifier="NTRUT-1", unit="lending")
WHO = "access certificate of Library"
STATEMENT = Policy(identifier=LEGAL_PERSON, statement="https://authority.utopia.example/policy")


def draft(name: SubjectName = NAME, **changes: Any) -> Draft:
    """A complete access certificate, valid from a day ago, but for ``changes``."""
    terms: dict[str, Any] = {"days": 90, "crl_url": URL, "policy": STATEMENT, "purpose": Purpose.ACCESS} | changes
    return draft_certificate(
        ROOT, name, key=fixed_key("lending").public_key, now=NOW - DAY, random=fixed_random("lending"), **terms
    )


def crl(*serials: int) -> RevocationLists:
    revoked = dict.fromkeys(serials, NOW)
    signed = sign_crl(ROOT.certificate, key=ROOT.key, revoked=revoked, number=1, now=NOW, next_update=NOW + DAY)
    return RevocationLists([parse_crl(signed)])


def examined(
    *chain: Certificate | bytes,
    trusted: tuple[Any, ...] = (LISTED, LOG),
    purpose: Purpose = Purpose.ACCESS,
    revocation: RevocationLists | None = None,
    **changes: Any,
) -> list[Finding]:
    clock = ManualClock(NOW)
    eyes = Eyes(
        outbound=Loopback({}),
        trust=Trust((), fixed=trusted, clock=clock, revocation=revocation or crl()),
        tls=Handshake(),
        clock=clock,
        random=system_random,
        profile=HAIP,
        plain_origins=frozenset(),
        transaction_types={},
        operators=TrustAnchors(()),
    )
    findings = Findings()
    x5c = tuple(each if isinstance(each, bytes) else each.der for each in chain)
    examine_signer(findings, x5c, purpose=purpose, eyes=replace(eyes, **changes))
    return list(findings)


def of(findings: list[Finding], topic: Topic) -> Finding:
    (only,) = [each for each in findings if each.topic is topic]
    return only


def test_a_sound_access_certificate_is_found_sound_step_by_step() -> None:
    findings = examined(stamped(draft()))
    assert ill(findings) == set()
    assert {each.subject for each in findings} == {WHO}
    assert [(each.topic, each.found) for each in findings] == [
        (
            Topic.CERTIFICATE_PROFILE,
            "an end entity's, for signing presentation requests, of the Service lending",
        ),
        (
            Topic.CHAIN,
            "to Utopia access office, on EUWRPACProvidersList number 7 of Utopia list operator, next update in 3 days",
        ),
        (
            Topic.TIMESTAMP,
            "of the log 2.25.1 of Utopia log office, by RFC 9162, on 2026-11-22, without a proof that it is there",
        ),
        (Topic.CERTIFICATE, "for 88 days"),
    ]


# --- the profile ----------------------------------------------------------------------------------------------------


LACKING: Mapping[str, tuple[Draft, str]] = {
    "no registration number": (
        draft(replace(NAME, identifier=None)), "the registration number (organizationIdentifier; ARF 3.0 Reg_32)",
    ),
    "no policy": (draft(policy=None), "a policy of access certificates (ETSI TS 119 411-8 section 5.3)"),
    "the policy of something else": (
        draft(policy=replace(STATEMENT, identifier="1.2.3")),
        "a policy of access certificates (ETSI TS 119 411-8 section 5.3)",
    ),
    "no list of revoked ones": (draft(crl_url=None), "where it would be revoked (ARF 3.0 Reg_12)"),
}  # fmt: skip


@pytest.mark.parametrize(("lacking", "said"), LACKING.values(), ids=LACKING)
def test_what_wallets_do_not_insist_on_is_doubtful_where_it_is_lacking(lacking: Draft, said: str) -> None:
    findings = examined(stamped(lacking))
    assert ill(findings) == {(Topic.CERTIFICATE_PROFILE, WHO, State.DOUBTFUL)}
    assert of(findings, Topic.CERTIFICATE_PROFILE).found == f"a wallet takes it, but it lacks {said}"


def test_a_certificate_without_a_trade_name_lacks_one() -> None:
    findings = examined(certificate("leaf", "access", END_ENTITY), trusted=())
    assert "a trade name (O; ARF 3.0 Reg_31), the registration number" in of(findings, Topic.CERTIFICATE_PROFILE).found


@pytest.mark.parametrize(("days", "lacks"), [(1, False), (2, True)])
def test_what_lives_for_a_day_need_not_be_revocable(days: int, lacks: bool) -> None:
    leaf = certificate("leaf", "access", END_ENTITY, begins=NOW - 3_600, days=days)
    assert ("where it would be revoked" in of(examined(leaf), Topic.CERTIFICATE_PROFILE).found) is lacks


def test_a_certificate_of_no_service_says_so() -> None:
    found = of(examined(stamped(draft(replace(NAME, unit=None)))), Topic.CERTIFICATE_PROFILE)
    assert (found.state, found.found.rpartition(", ")[2]) == (State.GOOD, "of no Service by name")


def test_what_no_wallet_takes_is_broken_by_the_check_of_the_profile() -> None:
    top, leaf = certificate("top", "top", AUTHORITY), certificate("leaf", "top", AUTHORITY)
    findings = examined(leaf, trusted=(TrustAnchor(certificate=top, purpose=Purpose.ACCESS, entity="Top"), LOG))
    found = of(findings, Topic.CERTIFICATE_PROFILE)
    assert (found.state, found.check) == (State.BROKEN, "certificate-profile")
    assert of(findings, Topic.CHAIN).state is State.UNSEEN


def test_the_profile_is_judged_though_nobody_trusted_is_above_it() -> None:
    findings = examined(certificate("leaf", "access", AUTHORITY))
    assert of(findings, Topic.CERTIFICATE_PROFILE).check == "certificate-profile"


def test_the_signer_of_attestations_has_a_profile_of_its_own() -> None:
    listed = replace(anchor(ROOT, Purpose.ISSUER), listings=(LISTING,))
    known: dict[str, Any] = {"trusted": (listed,), "purpose": Purpose.ISSUER}
    called = "certificate for signing attestations"
    sound = examined(draft(purpose=Purpose.ISSUER, policy=None).sign(), **known)
    assert ill(sound) == set()
    assert of(sound, Topic.CERTIFICATE_PROFILE).found == "an end entity's, for signing attestations"
    assert Topic.TIMESTAMP not in {each.topic for each in sound}
    bare = examined(draft(purpose=Purpose.ISSUER, crl_url=None).sign(), **known)
    assert of(bare, Topic.CERTIFICATE_PROFILE).found.endswith("revoked (ISO/IEC 18013-5 table B.3)")
    other = examined(draft(purpose=Purpose.WALLET_PROVIDER).sign(), **known)
    assert ill(other) == {
        (Topic.CERTIFICATE_PROFILE, called, State.BROKEN), (Topic.CHAIN, called, State.UNSEEN),
    }  # fmt: skip


@pytest.mark.parametrize(("x5c", "topic"), [((b"\x30\x00",), Topic.CERTIFICATE_PROFILE), ((), Topic.CHAIN)])
def test_what_is_no_certificate_is_a_finding(x5c: tuple[bytes, ...], topic: Topic) -> None:
    assert ill(examined(*x5c)) == {(topic, "certificate for signing presentation requests", State.BROKEN)}


# --- the chain ------------------------------------------------------------------------------------------------------


def test_each_list_that_an_authority_stands_on_is_named() -> None:
    both = replace(LISTED, listings=(LISTING, replace(LISTING, sequence=3, operator="Commission")))
    findings = [each for each in examined(stamped(draft()), trusted=(both, LOG)) if each.topic is Topic.CHAIN]
    assert ["number 7 of Utopia" in findings[0].found, "number 3 of Commission" in findings[1].found] == [True, True]


def test_an_authority_on_no_list_is_doubtful() -> None:
    findings = examined(stamped(draft()), trusted=(replace(LISTED, listings=()), LOG))
    assert ill(findings) == {(Topic.CHAIN, WHO, State.DOUBTFUL)}
    assert "on no list" in of(findings, Topic.CHAIN).found


def test_a_chain_to_nobody_who_is_trusted_is_broken() -> None:
    another = anchor(authority("another"), Purpose.ACCESS)
    found = of(examined(stamped(draft()), trusted=(another, LOG)), Topic.CHAIN)
    assert (found.state, found.check) == (State.BROKEN, "anchor")


def test_where_nobody_is_trusted_for_that_the_chain_cannot_be_looked_at() -> None:
    findings = examined(stamped(draft()), trusted=(anchor(ROOT, Purpose.ISSUER), LOG))
    assert {(Topic.CHAIN, WHO, State.UNSEEN), (Topic.TIMESTAMP, WHO, State.UNSEEN)} == ill(findings)


def test_a_revoked_certificate_is_a_fault_of_the_chain() -> None:
    leaf = stamped(draft())
    found = of(examined(leaf, revocation=crl(leaf.serial_number)), Topic.CHAIN)
    assert (found.state, found.check) == (State.BROKEN, "certificate-revoked")


def test_an_expired_certificate_is_a_fault_of_its_time() -> None:
    findings = examined(stamped(draft(days=1)))
    found = of(findings, Topic.CERTIFICATE)
    assert (found.state, found.check) == (State.BROKEN, "certificate-validity")
    assert of(findings, Topic.CHAIN).state is State.UNSEEN


# --- the timestamp --------------------------------------------------------------------------------------------------


def carrying(value: bytes, *, oid: str = TRANSPARENCY_INFORMATION) -> Certificate:
    """The certificate that ``ITEMS`` and ``EARLIER`` are about, with either in an OCTET STRING."""
    return ACCESS_DRAFT.sign({oid: transparency_information(value)})


def test_the_proof_and_the_document_that_a_timestamp_is_by_are_told() -> None:
    proven = examined(carrying(encode_trans_items(ITEMS)))
    assert of(proven, Topic.TIMESTAMP).found.endswith("by RFC 9162, on 2026-11-22, proven in its tree of 2")
    earlier = examined(carrying(EARLIER, oid=SCT_LIST))
    assert "by RFC 6962" in of(earlier, Topic.TIMESTAMP).found


def test_no_timestamp_is_broken_under_haip_and_doubtful_under_plain() -> None:
    for profile, state in ((HAIP, State.BROKEN), (PLAIN, State.DOUBTFUL)):
        findings = examined(draft().sign(), profile=profile)
        assert ill(findings) == {(Topic.TIMESTAMP, WHO, state)}
        found = of(findings, Topic.TIMESTAMP)
        assert (found.check, found.found) == (
            "certificate-timestamp", "x5c[0]: expected a timestamp of a log on the list: it carries none",
        )  # fmt: skip


def test_a_timestamp_of_a_log_on_no_list_is_told_from_none() -> None:
    found = of(examined(stamped(draft()), trusted=(LISTED,)), Topic.TIMESTAMP)
    assert (found.state, found.found.rpartition(": ")[2]) == (
        State.BROKEN, "none of the 1 it carries is of such a log",
    )  # fmt: skip


def test_a_timestamp_that_does_not_verify_is_told_from_none() -> None:
    (good, *_) = ITEMS
    assert isinstance(good, SignedCertificateTimestamp)
    forged = replace(good, timestamp=good.timestamp + 1)
    found = of(examined(carrying(encode_trans_items((forged,)))), Topic.TIMESTAMP)
    assert (found.state, found.check) == (State.BROKEN, "certificate-timestamp")
    assert "does not verify" in found.found


def test_the_timestamp_of_a_certificate_below_its_root_is_held_against_who_issued_it() -> None:
    middle = certificate("middle", "access", AUTHORITY)
    leaf = certificate("leaf", "middle", END_ENTITY)
    findings = examined(leaf, middle, trusted=(LOG,))
    assert of(findings, Topic.TIMESTAMP).check == "certificate-timestamp"
    assert {each.subject for each in findings if each.topic is Topic.CERTIFICATE} == {
        "access certificate of leaf", "authority CN=middle,C=UT",
    }  # fmt: skip


def test_the_logs_key_is_the_list_s() -> None:
    impostor = LogSigner(id=LOG_SIGNER.id, signer=fixed_key("impostor"))
    found = of(examined(issue_stamped(draft(), log=impostor, now=NOW)), Topic.TIMESTAMP)
    assert (found.state, found.check) == (State.BROKEN, "certificate-timestamp")
