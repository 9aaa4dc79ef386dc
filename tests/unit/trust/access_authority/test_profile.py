"""What an access certificate says: what is registered, and what TS 119 411-8 asks of it."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from zegel_testing.access_requests import ADDRESSES, HOST, ISSUING, KEY, ROOT, access_certificate, below, certified
from zegel_testing.authorities import DAY, LOG, NOW, anchor, fixed_key, fixed_random, trusting
from zegel_testing.register import PARTY, party

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.crl import parse_crl, sign_crl
from zegel.trust.access import certificate_client_id, verify_access_chain, verify_party
from zegel.trust.access_authority.profile import (
    LEGAL_PERSON,
    NATURAL_PERSON,
    check_certifiable,
    check_named,
    draft_access_certificate,
    registered_origins,
)
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.authority import Authority, SubjectName, create_authority
from zegel.trust.revocation import RevocationLists

ANCHORS = trusting(anchor(ROOT, Purpose.ACCESS), unsafe_unknown=True)


def extensions(**changes: object) -> x509.Certificate:
    draft = draft_access_certificate(
        ISSUING, certified(**changes), addresses=ADDRESSES, now=NOW, days=30, random=fixed_random()
    )
    return x509.load_der_x509_certificate(draft.sign().der)


@pytest.mark.requirement("Reg_31")
@pytest.mark.requirement("Reg_32")
@pytest.mark.requirement("Reg_33")
@pytest.mark.requirement("Reg_34")
def test_it_names_the_party_and_its_service_as_they_are_registered() -> None:
    """ARF 3.0 Reg_31, Reg_32, Reg_33, Reg_34, Reg_35."""
    leaf = access_certificate()
    assert leaf.names == {
        "C": "UT",
        "O": "Utopia Library",
        "organizationIdentifier": "NTRUT-1234567",
        "OU": "lending",
        "CN": "Lending desk",
    }
    verified = verify_party(
        client_id=certificate_client_id(leaf),
        x5c=(leaf.der, ISSUING.certificate.der),
        anchors=ANCHORS,
        timestamps_required=True,
        now=NOW,
    )
    assert (verified.identifier, verified.service, verified.service_name) == (
        "NTRUT-1234567",
        "lending",
        "Lending desk",
    )


@pytest.mark.requirement("RPA_02")
def test_it_has_the_names_and_the_addresses_of_ts_119_411_8() -> None:
    certificate = extensions()
    found = certificate.extensions
    names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [HOST]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [f"https://{HOST}/deletion"]
    (policy,) = found.get_extension_for_class(x509.CertificatePolicies).value
    assert policy.policy_identifier.dotted_string == LEGAL_PERSON
    assert policy.policy_qualifiers == [ADDRESSES.statement]
    (access,) = found.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert access.access_method == AuthorityInformationAccessOID.CA_ISSUERS
    assert access.access_location.value == ADDRESSES.certificate
    (point,) = found.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name[0].value == ADDRESSES.revocations


def test_a_natural_person_is_named_and_has_the_policy_for_one() -> None:
    person = {"givenName": "Dora", "familyName": "Canary", "dateOfBirth": "1980-01-01"}
    certificate = extensions(legalPerson=None, naturalPerson=person, tradeName=None)
    subject = certificate.subject
    assert subject.get_attributes_for_oid(NameOID.GIVEN_NAME)[0].value == "Dora"
    assert subject.get_attributes_for_oid(NameOID.SURNAME)[0].value == "Canary"
    (policy,) = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert policy.policy_identifier.dotted_string == NATURAL_PERSON


def test_a_long_name_is_certified_in_full() -> None:
    name = "Utopia Library " + "and Reading Room " * 8
    assert extensions(tradeName=name).subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == name


def test_a_party_that_is_reached_by_mail_is_named_by_its_page() -> None:
    found = extensions(supportURI=["mailto:privacy@library.utopia.example"]).extensions
    names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [f"https://{HOST}/"]


def test_the_hosts_are_those_of_pages_that_are_registered_with_their_ports() -> None:
    pages = ["https://library.utopia.example:8443/", "https://Two.utopia.example/about"]
    assert registered_origins(party(infoURI=pages)) == {
        HOST: f"https://{HOST}:8443",
        "two.utopia.example": "https://two.utopia.example",
    }


@pytest.mark.parametrize(
    ("service", "hosts", "check"),
    [
        ("parking", (HOST,), Check.ACCESS_REGISTRATION),
        ("lending", (), Check.ACCESS_HOST),
        ("lending", (HOST, "bank.utopia.example"), Check.ACCESS_HOST),
    ],
)
def test_what_is_not_registered_is_not_certified(service: str, hosts: tuple[str, ...], check: Check) -> None:
    """ARF 3.0 Reg_10a: a certificate for each Service that is registered."""
    with pytest.raises(Rejected) as refusal:
        check_certifiable(party(), service=service, key=KEY.public_key, hosts=hosts)
    assert refusal.value.check is check


@pytest.mark.requirement("Reg_32a")
def test_what_is_still_named_as_it_is_registered_is_kept() -> None:
    leaf = access_certificate()
    assert check_named(certified(), leaf) is leaf
    assert check_named(certified(legalPerson={"legalName": ["Utopia Libraries"]}), leaf) is leaf, "it is not in there"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tradeName": "Utopia Media Library"}, "O"),
        ({"services": [{"serviceIdentifier": "lending", "serviceTradeName": "Loans"}, PARTY["services"][1]]}, "CN"),
    ],
)
def test_what_is_named_otherwise_by_now_is_not_kept(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_named(certified(**changes), access_certificate())
    assert (refusal.value.check, refusal.value.field) == (Check.ACCESS_REGISTRATION, field)


def chain_under(issuing: Authority, *, root: Authority = ROOT, anchors: TrustAnchors = ANCHORS) -> object:
    leaf = access_certificate(authority=issuing)
    x5c = (leaf.der, issuing.certificate.der)
    return verify_access_chain(x5c, anchors=anchors, timestamps_required=True, now=NOW)


def test_the_chain_leads_through_the_issuing_authority_to_a_root_that_allows_one() -> None:
    """ARF 3.0 Reg_10b."""
    assert chain_under(ISSUING)


def test_a_root_that_allows_no_authority_below_it_has_none() -> None:
    name = SubjectName(country="UT", organization="Utopia", common_name="narrow root")
    key = fixed_key("narrow")
    narrow = create_authority(name, key=key, now=NOW - DAY, random=fixed_random(), contact="https://a.example")
    anchors = trusting(anchor(narrow, Purpose.ACCESS), unsafe_unknown=True)
    with pytest.raises(Rejected) as refusal:
        chain_under(below(narrow), anchors=anchors)
    assert refusal.value.check is Check.ANCHOR


def test_an_issuing_authority_that_its_root_revoked_certifies_nobody() -> None:
    """ARF 3.0 Reg_12: for the whole chain."""
    url = "https://access.utopia.example/crl/root.crl"
    issuing = below(ROOT, crl_url=url)
    own = sign_crl(issuing.certificate, key=issuing.key, revoked={}, number=1, now=NOW, next_update=NOW + DAY)

    def knowing(revoked: dict[int, int]) -> TrustAnchors:
        above = sign_crl(ROOT.certificate, key=ROOT.key, revoked=revoked, number=1, now=NOW, next_update=NOW + DAY)
        lists = RevocationLists(map(parse_crl, (own, above)))
        return TrustAnchors((anchor(ROOT, Purpose.ACCESS), LOG), revocation=lists)

    assert chain_under(issuing, anchors=knowing({}))
    with pytest.raises(Rejected) as refusal:
        chain_under(issuing, anchors=knowing({issuing.certificate.serial_number: NOW}))
    assert (refusal.value.check, refusal.value.field) == (Check.CERTIFICATE_REVOKED, "x5c[1]")
