"""Disclosure policies: read, written, and held against who asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.authorities import authority

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.x509 import Certificate
from zegel.trust.disclosure_policy.check import AskingParty, check_disclosure_policy
from zegel.trust.disclosure_policy.names import name_parts
from zegel.trust.disclosure_policy.parse import (
    MAX_PARTIES,
    MAX_ROOTS,
    MAX_SERIAL_DIGITS,
    build_disclosure_policy,
    parse_disclosure_policy,
)
from zegel.trust.disclosure_policy.values import AuthorisedParty, DisclosurePolicy, PolicyType, RootOfTrust

URI = "https://policies.utopia.example/1"
REGISTRARS, MIDDLE, OTHERS = (authority(name).certificate for name in ("registrars", "registrar of a land", "others"))
ENTITLED = "https://uri.etsi.org/19475/Entitlement/Service_Provider"
PSP = "https://uri.etsi.org/19475/SubEntitlement/psp/psp-ai"
CLINIC = AskingParty(
    identifier="GOVUT-7001",
    service="admissions",
    entitlements=(ENTITLED,),
    authorities=(MIDDLE, REGISTRARS),
    subject="CN=Admissions,O=Utopia clinic,2.5.4.97=GOVUT-7001,C=UT",
)
THROUGH_ANOTHER = AskingParty(
    identifier="GOVUT-7001", service="admissions", entitlements=(ENTITLED,), authorities=(REGISTRARS,)
)
UNREGISTERED = AskingParty(subject=CLINIC.subject)
NOBODY = AskingParty()


def parties(*authorised: AuthorisedParty) -> DisclosurePolicy:
    return DisclosurePolicy(uri=URI, type=PolicyType.AUTHORISED_PARTIES, parties=authorised)


def roots(*trusted: tuple[str, int]) -> DisclosurePolicy:
    found = tuple(RootOfTrust(name=name, serial_number=str(number)) for name, number in trusted)
    return DisclosurePolicy(uri=URI, type=PolicyType.ROOTS_OF_TRUST, roots=found)


def of(certificate: Certificate) -> tuple[str, int]:
    return certificate.subject, certificate.serial_number


def allows(policy: DisclosurePolicy, party: AskingParty) -> bool:
    try:
        return check_disclosure_policy(policy, party) is policy
    except Rejected as refusal:
        if refusal.check is not Check.DISCLOSURE_POLICY:
            raise
        return False


NONE = DisclosurePolicy(uri=URI, type=PolicyType.NO_POLICY)
DUPLET = parties(AuthorisedParty(identifier="GOVUT-7001", service="admissions"))
OTHER_SERVICE = parties(AuthorisedParty(identifier="GOVUT-7001", service="canteen"))
ANY_SERVICE = parties(AuthorisedParty(identifier="GOVUT-7001"))
OTHER_PARTY = parties(AuthorisedParty(identifier="GOVUT-7002", service="admissions"))
SECOND = parties(AuthorisedParty(identifier="GOVUT-7002"), AuthorisedParty(identifier="GOVUT-7001"))
PROVIDERS = parties(AuthorisedParty(entitlement=ENTITLED))
PAYERS = parties(AuthorisedParty(entitlement=PSP))
BOTH = parties(AuthorisedParty(identifier="GOVUT-7001", entitlement=PSP))
BY_NAME = parties(AuthorisedParty(subject="cn=admissions, o=Utopia  Clinic, ORGID=GOVUT-7001, C=UT"))
OTHER_NAME = parties(AuthorisedParty(subject="CN=Admissions,O=Utopia clinic,ORGID=GOVUT-7002,C=UT"))
NAMED_TOO = parties(AuthorisedParty(identifier="GOVUT-7001", subject="CN=somebody else"))
ROOT = roots(of(REGISTRARS))
BELOW = roots(of(OTHERS), of(MIDDLE))
OTHER_ROOT = roots(of(OTHERS))
OTHER_NUMBER = roots((REGISTRARS.subject, REGISTRARS.serial_number + 1))
ANOTHERS_NUMBER = roots((OTHERS.subject, REGISTRARS.serial_number))
UNKNOWN = DisclosurePolicy(uri=URI, type="weekdays_only")

TABLE = [
    # policy, the clinic itself, through an intermediary, without registration, nobody known
    (NONE, True, True, True, True),
    (DUPLET, True, True, False, False),
    (OTHER_SERVICE, False, False, False, False),
    (ANY_SERVICE, True, True, False, False),
    (OTHER_PARTY, False, False, False, False),
    (SECOND, True, True, False, False),
    (PROVIDERS, True, True, False, False),
    (PAYERS, False, False, False, False),
    (BOTH, False, False, False, False),
    (BY_NAME, True, False, True, False),
    (OTHER_NAME, False, False, False, False),
    (NAMED_TOO, True, True, False, False),
    (ROOT, True, True, False, False),
    (BELOW, True, False, False, False),
    (OTHER_ROOT, False, False, False, False),
    (OTHER_NUMBER, False, False, False, False),
    (ANOTHERS_NUMBER, False, False, False, False),
    (UNKNOWN, False, False, False, False),
]


@pytest.mark.refuses(Check.DISCLOSURE_POLICY)
@pytest.mark.requirement("EDP_02")
@pytest.mark.requirement("EDP_03")
@pytest.mark.requirement("EDP_06")
@pytest.mark.parametrize(("policy", "itself", "through", "unregistered", "nobody"), TABLE)
def test_a_policy_allows_whom_it_names_and_nobody_else(
    policy: DisclosurePolicy, itself: bool, through: bool, unregistered: bool, nobody: bool
) -> None:
    found = [allows(policy, party) for party in (CLINIC, THROUGH_ANOTHER, UNREGISTERED, NOBODY)]
    assert found == [itself, through, unregistered, nobody]


@pytest.mark.refuses(Check.DISCLOSURE_POLICY)
@pytest.mark.parametrize(
    ("policy", "party", "said"),
    [
        (OTHER_PARTY, CLINIC, "not among those"),
        (OTHER_PARTY, NOBODY, "no registration certificate that holds"),
        (OTHER_ROOT, CLINIC, "not registered under an authority"),
        (OTHER_ROOT, NOBODY, "no registration certificate that holds"),
        (UNKNOWN, CLINIC, "not known: weekdays_only"),
    ],
)
def test_a_refusal_says_why(policy: DisclosurePolicy, party: AskingParty, said: str) -> None:
    with pytest.raises(Rejected, match=said) as refusal:
        check_disclosure_policy(policy, party)
    assert (refusal.value.check, refusal.value.field) == (Check.DISCLOSURE_POLICY, "embedded_disclosure_policy")


def test_an_authority_may_be_named_as_the_issuer_of_its_certificate_too() -> None:
    """A root is its own issuer; of what stands below one, both names are read."""
    below = MIDDLE.__class__(**{name: getattr(MIDDLE, name) for name in MIDDLE.__slots__} | {"issuer": "CN=Root"})
    party = AskingParty(identifier="GOVUT-7001", authorities=(below,))
    assert allows(roots(("CN=root", MIDDLE.serial_number)), party)
    assert allows(roots(of(MIDDLE)), party)


# --- a property -----------------------------------------------------------------------------------------------------

identifiers = st.sampled_from(["A", "B", None])
services = st.sampled_from(["x", "y", None])
entitlements = st.sampled_from(["e", "f", None])
authorised = st.builds(AuthorisedParty, identifier=identifiers, service=services, entitlement=entitlements).filter(
    lambda party: party.identifier is not None or party.entitlement is not None
)
asking = st.builds(
    AskingParty,
    identifier=identifiers,
    service=services,
    entitlements=st.lists(st.sampled_from(["e", "f"]), unique=True).map(tuple),
)


@pytest.mark.refuses(Check.DISCLOSURE_POLICY)
@pytest.mark.requirement("EDP_06")
@given(policy=st.lists(authorised, min_size=1, max_size=4), party=asking)
def test_whoever_is_allowed_has_all_that_one_entry_says_and_whoever_is_not_lacks_something_of_each(
    policy: list[AuthorisedParty], party: AskingParty
) -> None:
    def has(entry: AuthorisedParty) -> list[bool]:
        return [
            entry.identifier in (None, party.identifier),
            entry.service in (None, party.service),
            entry.entitlement in (None, *party.entitlements),
        ]

    expected = any(all(has(entry)) for entry in policy)
    assert allows(parties(*policy), party) is expected
    assert allows(parties(*reversed(policy)), party) is expected, "the order says nothing"
    if expected:
        assert allows(parties(*policy, AuthorisedParty(identifier="nobody")), party), "more entries allow no fewer"


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN=a,O=b", "cn=A, o=B"),
        ("CN=a, O=b", "CN=a,O=b"),
        ("O=a b", "O=A  B"),
        ("ORGID=VATUT-1", "2.5.4.97=VATUT-1"),
        ("organizationIdentifier=VATUT-1", "ORGID=VATUT-1"),
        ("SN=1,GIVENNAME=Erika,SURNAME=Voorbeeld", "serialNumber=1,givenName=Erika,surname=Voorbeeld"),
        ("CN=a+O=b,C=UT", "O=b+CN=a,C=UT"),
        (r"O=a\, b", r"O=A\, B"),
    ],
)
def test_names_that_mean_the_same_are_the_same(one: str, other: str) -> None:
    assert name_parts(one) == name_parts(other)


@pytest.mark.parametrize(("one", "other"), [("CN=a,O=b", "O=b,CN=a"), ("CN=a", "CN=a,C=UT"), ("CN=ab", "CN=a b")])
def test_names_that_differ_are_not(one: str, other: str) -> None:
    assert name_parts(one) != name_parts(other)


# --- metadata -------------------------------------------------------------------------------------------------------

GOOD = {
    "policy_uri": URI,
    "policy_type": "authorized_rp_only",
    "authorized_parties": [
        {"identifier": "GOVUT-7001", "service_identifier": "admissions"},
        {"entitlement_uri": ENTITLED, "subject_dn": "CN=a, ORGID=b"},
    ],
    "policy_info_url": "https://policies.utopia.example/words",
    "description": "For clinics",
    "policy_authority": "https://health.utopia.example",
}
ROOTED = {
    "policy_uri": URI,
    "policy_type": "specific_root_of_trust",
    "trusted_roots": [{"issuer_dn": "CN=a,O=b", "serial_number": "123"}],
}


@pytest.mark.requirement("EDP_09")
@pytest.mark.parametrize("members", [GOOD, ROOTED, {"policy_uri": URI, "policy_type": "no_policy"}])
def test_a_policy_comes_back_as_it_was_written(members: dict[str, object]) -> None:
    assert build_disclosure_policy(parse_disclosure_policy(members, where="p")) == members


@pytest.mark.requirement("EDP_05")
def test_what_a_policy_holds() -> None:
    policy = parse_disclosure_policy(GOOD, where="p")
    assert policy.parties == (
        AuthorisedParty(identifier="GOVUT-7001", service="admissions"),
        AuthorisedParty(entitlement=ENTITLED, subject="CN=a, ORGID=b"),
    )
    assert (policy.uri, policy.explanation) == (URI, "https://policies.utopia.example/words")
    assert (policy.description, policy.authority) == ("For clinics", "https://health.utopia.example")


def test_what_is_not_known_of_a_policy_is_left_alone() -> None:
    """ISS-MDATA-EBD-4.2.5.2-10 and -11: extensions may be there, and are no reason to fail."""
    extended = GOOD | {"extensions": [{"path": ["a"]}], "trusted_roots": "elsewhere"}
    assert parse_disclosure_policy(extended, where="p") == parse_disclosure_policy(GOOD, where="p")


def test_a_type_that_is_not_known_is_kept_and_allows_nobody() -> None:
    policy = parse_disclosure_policy({"policy_uri": URI, "policy_type": "weekdays_only"}, where="p")
    assert not allows(policy, CLINIC)


@pytest.mark.parametrize("serial", [123, "123", "0123", "9" * MAX_SERIAL_DIGITS])
def test_a_serial_number_is_read_as_a_number_is_written(serial: object) -> None:
    members = ROOTED | {"trusted_roots": [{"issuer_dn": "CN=a", "serial_number": serial}]}
    assert parse_disclosure_policy(members, where="p").roots == (
        RootOfTrust(name="CN=a", serial_number=str(int(str(serial)))),
    )


PARTY = {"identifier": "a"}
MANY = [PARTY] * (MAX_PARTIES + 1)


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ([], "p"),
        ({"policy_type": "no_policy"}, "p.policy_uri"),
        ({"policy_uri": URI}, "p.policy_type"),
        ({"policy_uri": URI, "policy_type": 1}, "p.policy_type"),
        (GOOD | {"policy_uri": "x" * 2_049}, "p.policy_uri"),
        (GOOD | {"policy_info_url": "javascript:alert(1)"}, "p.policy_info_url"),
        (GOOD | {"policy_info_url": "https://a b"}, "p.policy_info_url"),
        (GOOD | {"policy_info_url": "https://a\n"}, "p.policy_info_url"),
        (GOOD | {"description": ""}, "p.description"),
        (GOOD | {"policy_authority": 1}, "p.policy_authority"),
        (GOOD | {"authorized_parties": []}, "p.authorized_parties"),
        (GOOD | {"authorized_parties": MANY}, "p.authorized_parties"),
        (GOOD | {"authorized_parties": PARTY}, "p.authorized_parties"),
        (GOOD | {"authorized_parties": [PARTY, {}]}, "p.authorized_parties[1]"),
        (GOOD | {"authorized_parties": [PARTY, "a"]}, "p.authorized_parties[1]"),
        (GOOD | {"authorized_parties": [{"service_identifier": "a"}]}, "p.authorized_parties[0]"),
        (GOOD | {"authorized_parties": [{"identifier": 1}]}, "p.authorized_parties[0].identifier"),
        (GOOD | {"authorized_parties": [{"subject_dn": "no name"}]}, "p.authorized_parties[0].subject_dn"),
        ({"policy_uri": URI, "policy_type": "authorized_rp_only"}, "p.authorized_parties"),
        ({"policy_uri": URI, "policy_type": "specific_root_of_trust"}, "p.trusted_roots"),
        (ROOTED | {"trusted_roots": ROOTED["trusted_roots"] * (MAX_ROOTS + 1)}, "p.trusted_roots"),
        (ROOTED | {"trusted_roots": [{"serial_number": "1"}]}, "p.trusted_roots[0].issuer_dn"),
        (ROOTED | {"trusted_roots": [{"issuer_dn": "=", "serial_number": "1"}]}, "p.trusted_roots[0].issuer_dn"),
    ],
)
def test_another_policy_is_malformed(members: object, place: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_disclosure_policy(members, where="p")
    assert refusal.value.where == place


@pytest.mark.parametrize("serial", [None, "", "1f", "-1", -1, 1.0, True, "٣", "9" * (MAX_SERIAL_DIGITS + 1)])
def test_what_is_no_serial_number_is_malformed(serial: object) -> None:
    members = ROOTED | {"trusted_roots": [{"issuer_dn": "CN=a", "serial_number": serial}]}
    with pytest.raises(Malformed) as refusal:
        parse_disclosure_policy(members, where="p")
    assert refusal.value.where == "p.trusted_roots[0].serial_number"
