"""The sandbox's own authorities: each certificate has the profile of its purpose, and no call here needs chance."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509 import verification
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, fixed_random, trusting
from zegel_testing.certificates import certificate

from zegel.primitives.keys import Curve
from zegel.primitives.x509 import Certificate
from zegel.trust.anchors import Purpose
from zegel.trust.authority import (
    Authority,
    SubjectName,
    create_authority,
    issue_certificate,
    issue_web_certificate,
    renew_certificate,
)

NAME = SubjectName(country="UT", organization="Utopia", common_name="someone", identifier="VATUT-1")


def issued(purpose: Purpose, **options: object) -> Certificate:
    settings = {"now": NOW, "days": 30, "random": fixed_random()} | options
    key = fixed_key("someone").public_key
    return issue_certificate(authority("root"), NAME, key=key, purpose=purpose, **settings)


def extensions(certificate: Certificate) -> x509.Extensions:
    return x509.load_der_x509_certificate(certificate.der).extensions


@pytest.mark.parametrize("curve", list(Curve))
def test_a_root_is_an_authority_by_table_b_1(curve: Curve) -> None:
    root = authority("root", curve=curve).certificate
    assert root.is_authority
    assert root.subject == root.issuer
    assert not root.signs
    found = extensions(root)
    assert found.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    alternative = found.get_extension_for_class(x509.IssuerAlternativeName).value
    assert alternative.get_values_for_type(x509.UniformResourceIdentifier) == ["https://authority.utopia.example"]


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_certificate_serves_the_purpose_it_was_issued_for(purpose: Purpose) -> None:
    certificate = issued(purpose)
    chain = trusting(anchor(authority("root"), purpose)).verify_chain((certificate.der,), purpose=purpose, now=NOW)
    assert chain.leaf == certificate
    assert certificate.names["organizationIdentifier"] == "VATUT-1"
    assert (certificate.not_before, certificate.not_after) == (NOW, NOW + 30 * DAY - 1)
    assert certificate.authority_key_id == authority("root").certificate.key_id


def test_a_certificate_carries_its_names_and_where_its_revocation_list_is() -> None:
    url = "http://crl.utopia.example/1.crl"
    certificate = issued(Purpose.ACCESS, dns_names=("a.example", "b.example"), uris=("https://a.example",), crl_url=url)
    assert certificate.dns_names == ("a.example", "b.example")
    assert certificate.uris == ("https://a.example",)
    (point,) = extensions(certificate).get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name is not None
    assert point.full_name[0].value == url


def test_a_web_certificate_is_for_its_host_and_for_a_server() -> None:
    root = authority("web root")
    key = fixed_key("web").public_key
    host = "issuer.localhost"
    certificate = issue_web_certificate(root, host, key=key, now=NOW, days=30, random=fixed_random())
    assert certificate.dns_names == (host,)
    assert certificate.extended_key_usage == ("1.3.6.1.5.5.7.3.1",)
    assert certificate.names == {"CN": host}
    server = (
        verification.PolicyBuilder()
        .store(verification.Store([x509.load_der_x509_certificate(root.certificate.der)]))
        .time(datetime.fromtimestamp(NOW, UTC))
        .build_server_verifier(x509.DNSName(host))
    )
    assert len(server.verify(x509.load_der_x509_certificate(certificate.der), [])) == 2


def test_serial_numbers_are_sixteen_bytes_of_chance_and_positive() -> None:
    serial = x509.load_der_x509_certificate(issued(Purpose.LIST, random=lambda size: b"\xff" * size).der).serial_number
    assert serial == 2**128 - 1
    assert x509.load_der_x509_certificate(issued(Purpose.LIST, random=bytes).der).serial_number == 1


def test_the_same_input_makes_the_same_name_and_key() -> None:
    again = create_authority(
        SubjectName(country="UT", organization="Utopia", common_name="root"),
        key=fixed_key("authority root"),
        now=NOW,
        random=fixed_random("root"),
        contact="https://authority.utopia.example",
    )
    assert again.certificate.subject == authority("root").certificate.subject
    assert again.certificate.key_id == authority("root").certificate.key_id


def test_an_authority_that_names_no_contact_certifies_all_the_same() -> None:
    bare = Authority(certificate=certificate("bare", "bare", [], days=900), key=fixed_key("bare"))
    issued_there = issue_certificate(
        bare, NAME, key=fixed_key("a").public_key, purpose=Purpose.ACCESS, now=NOW, days=30, random=fixed_random()
    )
    assert issued_there.issuer == bare.certificate.subject
    with pytest.raises(x509.ExtensionNotFound):
        extensions(issued_there).get_extension_for_class(x509.IssuerAlternativeName)


def test_a_renewed_certificate_is_the_same_for_another_key_and_time() -> None:
    old, key = issued(Purpose.ACCESS), fixed_key("next").public_key
    new = renew_certificate(authority("root"), old, key=key, now=NOW + 86_400, days=30, random=fixed_random("next"))
    assert (new.subject, new.issuer) == (old.subject, old.issuer)
    assert (new.key_id, new.not_before) != (old.key_id, old.not_before)
    assert new.serial_number != old.serial_number
