"""A signer counts for the certificates of its trust domain, and for no others."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.health import Health
from zegel_testing.who import who_claims

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.hcert.certificate import UnverifiedHealthCertificate, verify_health_certificate
from zegel.formats.hcert.domains import SPECIFIED, Domains, Family
from zegel.formats.hcert.keys import DocumentSigner, DocumentSigners
from zegel.formats.hcert.who_certificate import parse_health_record, verify_who_certificate
from zegel.formats.hcert.who_schema import WhoProfile

OFFICE = Health()
CODES = {
    Family.DCC: OFFICE.code(),
    Family.DDCC: OFFICE.code(claims=who_claims(WhoProfile.DDCC_VS)),
    Family.ICVP: OFFICE.code(claims=who_claims(WhoProfile.DVC)),
}


def refusal(family: Family, *domains: str | None, counting: Domains = SPECIFIED) -> Rejected | None:
    signers = DocumentSigners(map(listed, domains), domains=counting)
    certificate = parse_health_record(CODES[family])
    try:
        if isinstance(certificate, UnverifiedHealthCertificate):
            verify_health_certificate(certificate, signers=signers, now=NOW)
        else:
            verify_who_certificate(certificate, signers=signers, now=NOW)
    except Rejected as error:
        return error
    return None


def listed(domain: str | None) -> DocumentSigner:
    return replace(OFFICE.signer, domain=domain)


@pytest.mark.parametrize(
    ("domain", "families"),
    [
        ("DCC", {Family.DCC}),
        ("DDCC", {Family.DCC, Family.DDCC}),
        ("ICVP", {Family.ICVP}),
        ("PH4H", set()),
        ("IPS-PILGRIMAGE", set()),
        ("-", set()),
        (None, set(Family)),
    ],
)
def test_a_signer_counts_where_the_specification_has_its_domain(domain: str | None, families: set[Family]) -> None:
    assert {family for family in Family if refusal(family, domain) is None} == families


@pytest.mark.refuses(Check.HEALTH_SIGNER)
def test_whose_signer_is_of_another_domain_is_told_which() -> None:
    error = refusal(Family.DCC, "PH4H", "IPS")
    assert error is not None
    assert (error.check, error.detail) == (Check.HEALTH_SIGNER, "its signer is trusted in another domain: IPS, PH4H")
    assert refusal(Family.DCC, "PH4H", "DCC") is None, "in one of the domains it counts"
    nobody = refusal(Family.DCC)
    assert nobody is not None
    assert nobody.detail == "no signer that is trusted has its key identifier"


def test_an_operator_may_have_another_domain_count() -> None:
    counting = {**SPECIFIED, Family.ICVP: frozenset({"PH4H"})}
    assert refusal(Family.ICVP, "PH4H", counting=counting) is None
    assert refusal(Family.ICVP, "ICVP", counting=counting) is not None
