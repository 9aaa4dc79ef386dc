"""A list of trusted entities as its operator issues it: the next number, and nothing that a reader would not take."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import DAY, LOG, NOW, authority, fixed_key, signer
from zegel_testing.certificates import AUTHORITY as CONSTRAINTS
from zegel_testing.certificates import certificate
from zegel_testing.list_descriptions import AUTHORITY, ENTITY, OPERATORS, PROVIDER, SIGNER, issued_list
from zegel_testing.lists import LIST_ROOT, entity, scheme, service

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.keys import Curve
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.lists.issue import issue_trusted_list
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType, ServiceType, TrustedService, encode_key
from zegel.trust.signing import CertifiedSigner

SHORT = signer(LIST_ROOT, "short-lived list signer", Purpose.LIST, days=31)
STRANGER = signer(authority("stranger"), "list operator", Purpose.LIST)
LOG_SERVICE = TrustedService(
    name="A log",
    type=ServiceType.TRANSPARENCY_LOG,
    keys=(encode_key(LOG.key),),
    identifier="urn:oid:2.25.1",
    since=NOW,
)
ATTESTATIONS = service(
    ServiceType.PUB_EAA_ISSUANCE, AUTHORITY.certificate, types=frozenset({"urn:utopia:diploma:1"}), since=NOW - DAY
)


def refused(*services: TrustedService, list_type: ListType = ListType.PID_PROVIDERS) -> Malformed | Rejected:
    with pytest.raises((Malformed, Rejected)) as refusal:
        issued_list(entity("Utopian Office", *services), list_type=list_type)
    return refusal.value


def test_the_first_list_has_number_one_and_makes_those_on_it_trusted() -> None:
    issued = issued_list()
    assert (issued.verified.sequence, issued.verified.issued_at) == (1, NOW)
    assert issued.verified.next_update == NOW + 30 * DAY
    anchors = TrustAnchors(issued.verified.anchors())
    assert (
        anchors.verify_chain(PROVIDER.chain, purpose=Purpose.ISSUER, now=NOW).anchor.entity == "Utopian identity office"
    )


def test_the_next_list_counts_on_from_the_one_before_also_when_nothing_has_changed() -> None:
    before = parse_trusted_list(issued_list().compact)
    again = issued_list(before=before, now=NOW + DAY)
    assert (again.verified.sequence, again.verified.issued_at) == (2, NOW + DAY)
    assert again.verified.entities == before.unverified_entities
    overdue = issued_list(before=replace(before, unverified_sequence=41, unverified_next_update=NOW - DAY))
    assert overdue.verified.sequence == 42


def test_a_list_may_be_empty_and_nobody_is_trusted_then() -> None:
    issued = issue_trusted_list(
        scheme(ListType.PID_PROVIDERS), (), signer=SIGNER, operators=OPERATORS, before=None, days=1, now=NOW
    )
    assert issued.verified.anchors() == ()


@pytest.mark.refuses(Check.LIST_TYPE)
def test_a_list_of_another_type_keeps_its_place() -> None:
    before = parse_trusted_list(issued_list().compact)
    with pytest.raises(Rejected) as refusal:
        issued_list(list_type=ListType.WALLET_PROVIDERS, before=before)
    assert refusal.value.check is Check.LIST_TYPE


@pytest.mark.parametrize("days", [0, 182])
def test_the_next_update_is_within_six_months(days: int) -> None:
    with pytest.raises(Malformed) as refusal:
        issued_list(days=days)
    assert refusal.value.where == "days"


@pytest.mark.refuses(Check.ANCHOR)
def test_a_signer_whom_no_reader_trusts_signs_nothing() -> None:
    with pytest.raises(Rejected) as refusal:
        issued_list(signer=CertifiedSigner(signer=STRANGER.key, certificates=(STRANGER.certificate,)))
    assert refusal.value.check is Check.ANCHOR


@pytest.mark.refuses(Check.CERTIFICATE_VALIDITY)
def test_a_signer_that_ends_before_the_next_update_would_take_the_list_along() -> None:
    ending = CertifiedSigner(signer=SHORT.key, certificates=(SHORT.certificate,))
    assert issued_list(signer=ending, days=29).verified.sequence == 1
    with pytest.raises(Rejected) as refusal:
        issued_list(signer=ending, days=30)
    assert refusal.value.check is Check.CERTIFICATE_VALIDITY


@pytest.mark.refuses(Check.CERTIFICATE_VALIDITY)
def test_a_list_may_last_as_long_as_its_signer_to_the_second() -> None:
    ending = CertifiedSigner(signer=SHORT.key, certificates=(SHORT.certificate,))
    latest = SHORT.certificate.not_after - DAY
    assert issued_list(signer=ending, days=1, now=latest).verified.next_update == SHORT.certificate.not_after
    with pytest.raises(Rejected) as refusal:
        issued_list(signer=ending, days=1, now=latest + 1)
    assert (refusal.value.check, refusal.value.field) == (Check.CERTIFICATE_VALIDITY, "days")


@pytest.mark.refuses(Check.CERTIFICATE_PROFILE)
def test_a_certificate_that_is_no_authoritys_is_refused_by_its_path() -> None:
    refusal = refused(service(ServiceType.PID_ISSUANCE, AUTHORITY.certificate, PROVIDER.certificate))
    assert isinstance(refusal, Rejected)
    assert (refusal.check, refusal.field) == (Check.CERTIFICATE_PROFILE, "entities[0].services[0].certificates")


@pytest.mark.refuses(Check.CERTIFICATE_VALIDITY)
def test_an_authority_that_has_expired_is_refused_and_one_of_the_future_is_not() -> None:
    old = certificate("old", "old", CONSTRAINTS, begins=NOW - 10 * DAY, days=10)
    refusal = refused(service(ServiceType.PID_ISSUANCE, old))
    assert isinstance(refusal, Rejected)
    assert (refusal.check, refusal.field) == (Check.CERTIFICATE_VALIDITY, "entities[0].services[0].certificates")
    coming = certificate("coming", "coming", CONSTRAINTS, begins=NOW + DAY)
    assert issued_list(entity("Office", service(ServiceType.PID_ISSUANCE, coming))).verified.anchors()
    withdrawn = replace(ATTESTATIONS, certificates=(old.der,), active=False)
    assert issued_list(entity("Office", withdrawn), list_type=ListType.PUB_EAA_PROVIDERS).verified.anchors() == ()


def test_what_is_no_certificate_is_refused_by_its_path() -> None:
    refusal = refused(replace(ENTITY.services[0], certificates=(b"no certificate",)))
    assert isinstance(refusal, Malformed)
    assert refusal.where == "entities[0].services[0].certificates"


@pytest.mark.parametrize(
    ("list_type", "changed", "where"),
    [
        (ListType.PID_PROVIDERS, replace(ENTITY.services[0], type=ServiceType.WALLET_ISSUANCE), "kind"),
        (ListType.PID_PROVIDERS, LOG_SERVICE, "kind"),
        (ListType.PID_PROVIDERS, replace(ENTITY.services[0], certificates=()), "certificates"),
        (ListType.PID_PROVIDERS, replace(ENTITY.services[0], types=frozenset({"urn:eudi:pid:1"})), "types"),
        (ListType.PID_PROVIDERS, replace(ENTITY.services[0], since=NOW), "since"),
        (ListType.PID_PROVIDERS, replace(ENTITY.services[0], active=False), "withdrawn"),
        (ListType.PUB_EAA_PROVIDERS, replace(ATTESTATIONS, types=frozenset()), "types"),
        (ListType.PUB_EAA_PROVIDERS, replace(ATTESTATIONS, types=frozenset({"urn:eudi:pid:1", "a"})), "types"),
        (ListType.PUB_EAA_PROVIDERS, replace(ATTESTATIONS, since=None), "since"),
        (ListType.ACCESS_PROVIDERS, replace(LOG_SERVICE, since=None), "since"),
        (ListType.ACCESS_PROVIDERS, replace(LOG_SERVICE, certificates=(AUTHORITY.certificate.der,)), "certificates"),
        (ListType.ACCESS_PROVIDERS, replace(LOG_SERVICE, keys=()), "keys"),
        (ListType.ACCESS_PROVIDERS, replace(LOG_SERVICE, identifier="2.25.1"), "keys"),
        (
            ListType.ACCESS_PROVIDERS,
            replace(LOG_SERVICE, keys=(*LOG_SERVICE.keys, encode_key(fixed_key("log", Curve.P384).public_key))),
            "keys",
        ),
    ],
)
def test_a_service_that_this_type_of_list_has_no_place_for_is_refused_by_its_path(
    list_type: ListType, changed: TrustedService, where: str
) -> None:
    refusal = refused(changed, list_type=list_type)
    assert isinstance(refusal, Malformed)
    assert refusal.where == f"entities[0].services[0].{where}"


def test_an_entity_without_a_service_is_refused() -> None:
    refusal = refused()
    assert isinstance(refusal, Malformed)
    assert refusal.where == "entities[0].services"


def test_a_log_and_whoever_signs_lists_of_revoked_certificates_stand_beside_who_issues() -> None:
    """Whoever signs such a list need be no authority: nothing is anchored in it."""
    lists = service(ServiceType.ACCESS_REVOCATION, PROVIDER.certificate)
    issued = issued_list(
        entity("Authority", service(ServiceType.ACCESS_ISSUANCE, AUTHORITY.certificate), lists),
        entity("Log", LOG_SERVICE),
        list_type=ListType.ACCESS_PROVIDERS,
    )
    assert [each.purpose for each in issued.verified.anchors()] == [Purpose.ACCESS]
    assert [each.id for each in issued.verified.logs()] == [LOG.id]
