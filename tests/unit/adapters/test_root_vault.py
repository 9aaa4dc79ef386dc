"""The root of access certificates in its file: opened by its passphrase alone, and by nothing that serves."""

from pathlib import Path

import pytest
from zegel_testing.access_requests import below, request_pem
from zegel_testing.authorities import DAY, NOW, anchor, fixed_key, fixed_random, trusting

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_private_key
from zegel.adapters.root_vault import ROOT_LIST_DAYS, Root, create_root, open_root
from zegel.adapters.vault import MIN_MEMORY_KIB, Cost
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.primitives.crl import parse_crl, verify_crl
from zegel.primitives.x509 import Certificate
from zegel.trust.access_authority.request import parse_certificate_request, verify_certificate_request
from zegel.trust.anchors import Purpose
from zegel.trust.authority import Authority, SubjectName, issue_certificate

PASSPHRASE = "seven roots under an oak"
NAME = SubjectName(country="UT", organization="Utopia", common_name="access root 1")
CHEAP = Cost(memory_kib=MIN_MEMORY_KIB, iterations=1)
CRL = "https://authorities.utopia.example/root.crl"


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return create_root(
        tmp_path / "root",
        PASSPHRASE,
        NAME,
        contact="https://authorities.utopia.example",
        crl_url=CRL,
        now=NOW,
        random=system_random,
        cost=CHEAP,
    )


def certified(root: Root, name: str = "issuing") -> Authority:
    """An authority below it, by its own request."""
    key = fixed_key(name)
    request = verify_certificate_request(parse_certificate_request(request_pem(key=key)), reserved=())
    subject = SubjectName(country="UT", organization="Utopia", common_name=name)
    certificate = root.certify(request, subject, days=900, now=NOW, random=fixed_random(name))
    return Authority(certificate=certificate, key=key)


def leaf(issuing: Authority) -> Certificate:
    subject = SubjectName(country="UT", organization="Utopia", common_name="a")
    key = fixed_key("leaf").public_key
    return issue_certificate(
        issuing, subject, key=key, purpose=Purpose.ACCESS, now=NOW, days=30, random=fixed_random("leaf")
    )


@pytest.mark.slow
def test_what_a_file_holds_is_what_was_made(root: Root, tmp_path: Path) -> None:
    with open_root(tmp_path / "root", PASSPHRASE, random=system_random) as vault:
        assert vault.value.certificate == root.certificate
        assert vault.value.key.public_key == root.key.public_key
    assert root.certificate.is_authority
    assert b"PRIVATE" not in (tmp_path / "root").read_bytes()


@pytest.mark.slow
def test_another_passphrase_opens_nothing_and_no_role_reads_it_as_a_key(root: Root, tmp_path: Path) -> None:
    with pytest.raises(Rejected) as refusal:
        open_root(tmp_path / "root", "another", random=system_random)
    assert refusal.value.check is Check.PASSPHRASE
    with pytest.raises(Unavailable):
        load_private_key(tmp_path / "root")
    assert root.number == 0


@pytest.mark.slow
def test_whom_it_certifies_issues_and_certifies_no_authority(root: Root) -> None:
    issuing = certified(root)
    trusted = Authority(certificate=root.certificate, key=root.key)
    anchors = trusting(anchor(trusted, Purpose.ACCESS), unsafe_unknown=True)
    x5c = (leaf(issuing).der, issuing.certificate.der)
    assert anchors.verify_chain(x5c, purpose=Purpose.ACCESS, now=NOW).between == (issuing.certificate,)
    assert issuing.certificate.revocation_points == (CRL,)
    deeper = below(issuing, "deeper")
    with pytest.raises(Rejected) as refusal:
        anchors.verify_chain(
            (leaf(deeper).der, deeper.certificate.der, issuing.certificate.der), purpose=Purpose.ACCESS, now=NOW
        )
    assert refusal.value.check is Check.ANCHOR


@pytest.mark.slow
def test_an_authority_is_revoked_once_and_for_good(root: Root) -> None:
    issuing = certified(root)
    revoked = root.revoke(issuing.certificate, now=NOW).revoke(issuing.certificate, now=NOW + 1)
    following, signed = revoked.publish(now=NOW)
    again, _ = following.publish(now=NOW)
    crl = verify_crl(parse_crl(signed), issuer=root.certificate, now=NOW)
    assert crl.serials == {issuing.certificate.serial_number}
    assert (crl.number, following.number, again.number) == (1, 1, 2)


@pytest.mark.slow
def test_a_list_of_a_root_is_good_for_half_a_year(root: Root) -> None:
    _, signed = root.publish(now=NOW)
    assert verify_crl(parse_crl(signed), issuer=root.certificate, now=NOW).next_update == NOW + ROOT_LIST_DAYS * DAY


@pytest.mark.slow
def test_what_another_root_certified_is_not_revoked_here(root: Root) -> None:
    with pytest.raises(Unavailable, match="was not certified by"):
        root.revoke(below(Authority(certificate=root.certificate, key=fixed_key("other"))).certificate, now=NOW)
