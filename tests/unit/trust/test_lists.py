"""Lists of trusted entities: verified, and turned into anchors for what each list is about."""

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer, trusting
from zegel_testing.certificates import AUTHORITY, certificate, der, secp256k1
from zegel_testing.lists import LIST_ROOT, OPERATOR, changed, document, entity, service, signed

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64
from zegel.primitives.json import Json
from zegel.primitives.jws import sign_jws
from zegel.trust.anchors import Purpose, TrustAnchors, check_entitlement
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType, ServiceType, SupplyPoint, TrustedService, encode_key
from zegel.trust.lists.verify import MAX_PERIOD, VerifiedTrustedList, verify_trusted_list

PID = authority("PID root")
STATUS = authority("PID status root")
ANCHORS = trusting(anchor(LIST_ROOT, Purpose.LIST, entity="Utopian Trust Office"))
PID_LIST = document(
    ListType.PID_PROVIDERS,
    entity(
        "Utopian Identity Office",
        service(ServiceType.PID_ISSUANCE, PID.certificate, identifier="https://utopia.example/service/pid"),
        service(ServiceType.PID_REVOCATION, STATUS.certificate),
    ),
    sequence=5,
)
SCHEME = ("LoTE", "ListAndSchemeInformation")
SERVICE = ("LoTE", "TrustedEntitiesList", 0, "TrustedEntityServices", 0, "ServiceInformation")


def verified(
    compact: bytes, expected: ListType = ListType.PID_PROVIDERS, *, now: int = NOW, seen: int = 0
) -> VerifiedTrustedList:
    return verify_trusted_list(parse_trusted_list(compact), expected=expected, anchors=ANCHORS, now=now, seen=seen)


def anchors_of(content: Json, expected: ListType = ListType.PID_PROVIDERS) -> list[tuple[Purpose, str, object]]:
    assert isinstance(content, dict)
    return [(found.purpose, found.entity, found.types) for found in verified(signed(content), expected).anchors()]


@pytest.mark.requirement("ISSU_28a")
@pytest.mark.requirement("PPNot_05")
def test_a_list_is_verified_and_says_who_is_trusted_for_what() -> None:
    found = verified(signed(PID_LIST))
    assert (found.type, found.sequence, found.operator) == (ListType.PID_PROVIDERS, 5, "Utopian Trust Office")
    assert (found.issued_at, found.next_update) == (NOW - DAY, NOW + 29 * DAY)
    assert found.chain.leaf == OPERATOR.certificate
    (provider,) = found.entities
    assert (provider.name, provider.country) == ("Utopian Identity Office", "UT")
    assert provider.services[0].identifier == "https://utopia.example/service/pid"
    issuer, status = found.anchors()
    assert (issuer.purpose, issuer.certificate.parse(), issuer.entity) == (
        Purpose.ISSUER,
        PID.certificate,
        provider.name,
    )
    assert (status.purpose, status.certificate.parse(), status.types) == (Purpose.STATUS, STATUS.certificate, None)


@pytest.mark.requirement("PID_14")
def test_a_pid_provider_issues_the_common_pid_and_its_countrys_own() -> None:
    signer_ = signer(PID, "PID signer", Purpose.ISSUER)
    anchors = TrustAnchors(verified(signed(PID_LIST)).anchors())
    chain = anchors.verify_chain(signer_.chain, purpose=Purpose.ISSUER, now=NOW)
    for type_ in ("urn:eudi:pid:1", "eu.europa.ec.eudi.pid.1", "urn:eudi:pid:ut:1"):
        assert check_entitlement(chain, type_)
    for type_ in ("urn:eudi:pid:de:1", "org.iso.18013.5.1.mDL"):
        with pytest.raises(Rejected):
            check_entitlement(chain, type_)


def test_without_a_role_uri_there_are_no_domestic_types() -> None:
    path = ("LoTE", "TrustedEntitiesList", 0, "TrustedEntityInformation", "TEInformationURI", 1, "uriValue")
    for uri in ("https://utopia.example", "http://uri.etsi.org/19602/ListOfTrustedEntities/PIDProvider/Utopia"):
        issuer = anchors_of(changed(PID_LIST, path, uri))[0]
        assert issuer[2] == {"urn:eudi:pid:1", "eu.europa.ec.eudi.pid.1"}


def test_the_unions_own_country_codes_are_read_as_those_of_iso() -> None:
    greek = document(
        ListType.PID_PROVIDERS, entity("A", service(ServiceType.PID_ISSUANCE, PID.certificate), country="EL")
    )
    assert "urn:eudi:pid:gr:*" in anchors_of(greek)[0][2]


@pytest.mark.parametrize(
    ("list_type", "service_type", "purpose"),
    [
        (ListType.WALLET_PROVIDERS, ServiceType.WALLET_ISSUANCE, Purpose.WALLET_PROVIDER),
        (ListType.WALLET_PROVIDERS, ServiceType.WALLET_REVOCATION, Purpose.WALLET_STATUS),
        (ListType.ACCESS_PROVIDERS, ServiceType.ACCESS_ISSUANCE, Purpose.ACCESS),
        (ListType.REGISTRATION_PROVIDERS, ServiceType.REGISTRATION_ISSUANCE, Purpose.REGISTRATION),
        (ListType.REGISTRATION_PROVIDERS, ServiceType.REGISTRATION_REVOCATION, Purpose.REGISTRATION_STATUS),
        (ListType.PUB_EAA_PROVIDERS, ServiceType.PUB_EAA_REVOCATION, Purpose.STATUS),
    ],
)
@pytest.mark.requirement("PPNot_06")
@pytest.mark.requirement("WPNot_04")
@pytest.mark.requirement("RPACANot_04")
def test_each_kind_of_list_makes_its_own_kind_of_anchor(
    list_type: ListType, service_type: ServiceType, purpose: Purpose
) -> None:
    content = document(list_type, entity("Somebody", service(service_type, PID.certificate)))
    assert anchors_of(content, list_type) == [(purpose, "Somebody", None)]


@pytest.mark.requirement("PuBPNot_06")
def test_a_public_issuer_is_trusted_for_the_types_of_our_extension() -> None:
    types = frozenset({"urn:zegel:diploma:1", "zegel.diploma.1"})
    content = document(
        ListType.PUB_EAA_PROVIDERS,
        entity("University", service(ServiceType.PUB_EAA_ISSUANCE, PID.certificate, types=types)),
        entity("Silent", service(ServiceType.PUB_EAA_ISSUANCE, STATUS.certificate)),
    )
    assert anchors_of(content, ListType.PUB_EAA_PROVIDERS) == [
        (Purpose.ISSUER, "University", types),
        (Purpose.ISSUER, "Silent", frozenset()),
    ]


@pytest.mark.requirement("OIA_12")
def test_only_a_pid_provider_may_issue_a_pid() -> None:
    types = frozenset({"urn:eudi:pid:1", "urn:eudi:pid:ut:1", "eu.europa.ec.eudi.pid.1", "urn:zegel:role:1"})
    content = document(
        ListType.PUB_EAA_PROVIDERS,
        entity("Usurper", service(ServiceType.PUB_EAA_ISSUANCE, PID.certificate, types=types)),
    )
    assert anchors_of(content, ListType.PUB_EAA_PROVIDERS)[0][2] == {"urn:zegel:role:1"}


@pytest.mark.parametrize(
    "content",
    [
        document(ListType.PID_PROVIDERS, entity("A", service(ServiceType.WALLET_ISSUANCE, PID.certificate))),
        document(ListType.PID_PROVIDERS, entity("A", service(ServiceType.ACCESS_REVOCATION, PID.certificate))),
        document(ListType.PID_PROVIDERS),
        changed(PID_LIST, (*SERVICE, "ServiceTypeIdentifier"), None),
        changed(PID_LIST, (*SERVICE, "ServiceTypeIdentifier"), ["http://uri.etsi.org/19602/SvcType/PID/Issuance"]),
        changed(
            PID_LIST, (*SERVICE, "ServiceStatus"), "http://uri.etsi.org/19602/PIDProvidersList/SvcStatus/withdrawn"
        ),
        changed(PID_LIST, (*SERVICE, "ServiceInformationExtensions"), [{"Critical": True, "Unheard": "of"}]),
        changed(PID_LIST, (*SERVICE, "ServiceInformationExtensions"), [{"Critical": "yes", "Unheard": "of"}]),
        changed(PID_LIST, (*SERVICE, "ServiceDigitalIdentity"), {"X509SKIs": ["AAAA"]}),
        changed(
            PID_LIST,
            (*SERVICE, "ServiceDigitalIdentity", "X509Certificates"),
            [{"val": base64(der("odd", "odd", AUTHORITY, key=secp256k1()))}, {"val": base64(b"no certificate")}],
        ),
    ],
)
def test_what_is_not_understood_is_not_trusted(content: Json) -> None:
    assert Purpose.ISSUER not in {purpose for purpose, _, _ in anchors_of(content)}


@pytest.mark.parametrize("extensions", [[{"Critical": False, "Remark": "x"}], [{"Remark": "x"}], ["text"]])
def test_an_extension_that_is_not_critical_is_left_aside(extensions: Json) -> None:
    content = changed(PID_LIST, (*SERVICE, "ServiceInformationExtensions"), extensions)
    assert anchors_of(content)[0][0] is Purpose.ISSUER


def test_annex_h_a_withdrawn_service_is_not_trusted() -> None:
    types = frozenset({"urn:zegel:diploma:1"})
    services = [
        service(ServiceType.PUB_EAA_ISSUANCE, PID.certificate, types=types, active=active, since=NOW - 9 * DAY)
        for active in (True, False)
    ]
    content = document(ListType.PUB_EAA_PROVIDERS, entity("University", *services))
    found = verified(signed(content), ListType.PUB_EAA_PROVIDERS)
    assert [item.active for item in found.entities[0].services] == [True, False]
    assert [item.since for item in found.entities[0].services] == [NOW - 9 * DAY] * 2
    assert len(found.anchors()) == 1


def test_a_list_without_a_status_lists_no_withdrawn_service() -> None:
    with pytest.raises(ValueError, match="left out"):
        document(
            ListType.PID_PROVIDERS, entity("Office", service(ServiceType.PID_ISSUANCE, PID.certificate, active=False))
        )


def test_a_service_says_where_it_publishes_and_with_which_keys() -> None:
    key = fixed_key("log").public_key
    points = (
        SupplyPoint(url="https://access.utopia.example/crl", type="urn:x:crl"),
        SupplyPoint(url="https://b.example"),
    )
    made = TrustedService(name="Log", type=ServiceType.ACCESS_ISSUANCE, keys=(encode_key(key),), supply_points=points)
    content = document(ListType.ACCESS_PROVIDERS, entity("Office", made))
    found = verified(signed(content), ListType.ACCESS_PROVIDERS)
    ((office, service_),) = found.services(ServiceType.ACCESS_ISSUANCE)
    assert (office.name, service_.supply_points, service_.public_keys()) == ("Office", points, (key,))
    assert service_.certificates == ()
    assert found.anchors() == ()
    assert list(found.services(ServiceType.ACCESS_REVOCATION)) == []


@pytest.mark.parametrize("key", [{"kty": "RSA", "n": "AQAB"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {}])
def test_a_key_of_an_unknown_kind_costs_its_entry_alone(key: Json) -> None:
    good = fixed_key("log").public_key
    content = changed(PID_LIST, (*SERVICE, "ServiceDigitalIdentity", "PublicKeyValues"), [key, good.jwk()])
    assert isinstance(content, dict)
    assert verified(signed(content)).entities[0].services[0].public_keys() == (good,)


def test_a_service_that_is_withdrawn_is_not_among_those_that_are_had() -> None:
    services = [service(ServiceType.PUB_EAA_ISSUANCE, PID.certificate, active=active) for active in (True, False)]
    content = document(ListType.PUB_EAA_PROVIDERS, entity("University", *services))
    found = verified(signed(content), ListType.PUB_EAA_PROVIDERS)
    assert len(list(found.services(ServiceType.PUB_EAA_ISSUANCE))) == 1


def test_a_list_says_where_it_is_and_who_signs_it() -> None:
    (pointer,) = verified(signed(PID_LIST)).pointers
    assert pointer.location == "https://lists.utopia.example/list.jose"
    assert (pointer.types, pointer.certificates) == ((ListType.PID_PROVIDERS,), (OPERATOR.certificate.der,))
    without = changed(PID_LIST, (*SCHEME, "PointersToOtherLoTE"), None)
    assert isinstance(without, dict)
    assert verified(signed(without)).pointers == ()


@pytest.mark.parametrize("typ", ["JOSE", "jose", "JAdES", ""])
def test_the_types_that_operators_write_are_read(typ: str) -> None:
    assert verified(sign_jws(PID_LIST, signer=OPERATOR.key, typ=typ, x5c=OPERATOR.chain))


def test_a_name_is_taken_in_english_or_as_it_comes() -> None:
    path = ("LoTE", "TrustedEntitiesList", 0, "TrustedEntityInformation", "TEName")
    names = [{"lang": "nl", "value": "Identiteitsdienst"}, {"lang": "en", "value": "Identity Office"}]
    assert anchors_of(changed(PID_LIST, path, names))[0][1] == "Identity Office"
    assert anchors_of(changed(PID_LIST, path, names[:1]))[0][1] == "Identiteitsdienst"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("LoTE",), None),
        (("LoTE",), []),
        (SCHEME, None),
        ((*SCHEME, "LoTESequenceNumber"), 0),
        ((*SCHEME, "LoTESequenceNumber"), "5"),
        ((*SCHEME, "LoTESequenceNumber"), True),
        ((*SCHEME, "LoTEType"), None),
        ((*SCHEME, "SchemeOperatorName"), []),
        ((*SCHEME, "SchemeOperatorName"), [{"lang": "en"}]),
        ((*SCHEME, "ListIssueDateTime"), "2026-11-22"),
        ((*SCHEME, "ListIssueDateTime"), "2026-11-22T00:00:00.5Z"),
        ((*SCHEME, "ListIssueDateTime"), "2026-11-31T00:00:00Z"),
        ((*SCHEME, "NextUpdate"), None),
        ((*SCHEME, "NextUpdate"), 1),
        (("LoTE", "TrustedEntitiesList"), {}),
        (("LoTE", "TrustedEntitiesList", 0), "entity"),
        (("LoTE", "TrustedEntitiesList", 0, "TrustedEntityServices"), None),
        (("LoTE", "TrustedEntitiesList", 0, "TrustedEntityInformation", "TEInformationURI"), None),
        (("LoTE", "TrustedEntitiesList", 0, "TrustedEntityInformation", "TEName"), "name"),
        ((*SERVICE, "ServiceName"), None),
        ((*SERVICE, "ServiceDigitalIdentity"), None),
        ((*SERVICE, "ServiceDigitalIdentity", "X509Certificates", 0, "val"), "?"),
        ((*SERVICE, "ServiceDigitalIdentity", "X509Certificates", 0, "val"), 1),
        ((*SERVICE, "ServiceInformationExtensions"), "text"),
        ((*SERVICE, "ServiceInformationExtensions"), [{"Critical": True, "AttestationTypes": [1]}]),
        ((*SERVICE, "ServiceInformationExtensions"), [{"Critical": False, "ServiceUniqueIdentifier": 1}]),
        ((*SERVICE, "StatusStartingTime"), "yesterday"),
        ((*SERVICE, "ServiceSupplyPoints"), [{"ServiceType": "a"}]),
        ((*SERVICE, "ServiceSupplyPoints"), [{"ServiceType": 1, "uriValue": "https://a.example"}]),
        ((*SERVICE, "ServiceDigitalIdentity", "PublicKeyValues"), ["key"]),
        ((*SCHEME, "PointersToOtherLoTE"), [{}]),
        ((*SCHEME, "PointersToOtherLoTE", 0, "LoTELocation"), None),
        ((*SCHEME, "PointersToOtherLoTE", 0, "ServiceDigitalIdentities"), [1]),
        ((*SCHEME, "PointersToOtherLoTE", 0, "LoTEQualifiers"), []),
    ],
)
def test_what_does_not_parse_is_malformed(path: tuple[str | int, ...], value: Json) -> None:
    content = changed(PID_LIST, path, value)
    assert isinstance(content, dict)
    with pytest.raises(Malformed):
        parse_trusted_list(signed(content))


@pytest.mark.refuses(Check.LIST_TYPE)
def test_a_list_of_another_type_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        verified(signed(PID_LIST), ListType.WALLET_PROVIDERS)
    assert refusal.value.check is Check.LIST_TYPE


@pytest.mark.parametrize(
    ("member", "value", "now"),
    [
        ("ListIssueDateTime", "2026-11-22T00:00:11Z", NOW),
        ("NextUpdate", "2026-12-21T00:00:00Z", NOW + 29 * DAY),
        ("NextUpdate", "2027-06-01T00:00:00Z", NOW),
    ],
)
@pytest.mark.refuses(Check.LIST_FRESHNESS)
def test_a_list_is_in_force_for_at_most_six_months(member: str, value: str, now: int) -> None:
    content = changed(PID_LIST, (*SCHEME, member), value)
    assert isinstance(content, dict)
    with pytest.raises(Rejected) as refusal:
        verified(signed(content), now=now)
    assert (refusal.value.check, refusal.value.field) == (Check.LIST_FRESHNESS, member)


def test_a_list_may_be_issued_as_far_ahead_as_clocks_differ_and_for_all_of_six_months() -> None:
    early = changed(PID_LIST, (*SCHEME, "ListIssueDateTime"), "2026-11-22T00:00:10Z")
    content = changed(early, (*SCHEME, "NextUpdate"), "2027-05-27T00:00:10Z")
    assert isinstance(content, dict)
    found = verified(signed(content))
    assert (found.issued_at, found.next_update - found.issued_at) == (NOW + 10, MAX_PERIOD)


@pytest.mark.refuses(Check.LIST_SEQUENCE)
def test_a_list_never_goes_back() -> None:
    assert verified(signed(PID_LIST), seen=5)
    with pytest.raises(Rejected) as refusal:
        verified(signed(PID_LIST), seen=6)
    assert refusal.value.check is Check.LIST_SEQUENCE


@pytest.mark.refuses(Check.ANCHOR)
@pytest.mark.requirement("PPNot_06")
@pytest.mark.requirement("WPNot_04")
@pytest.mark.requirement("RPACANot_04")
def test_a_list_by_somebody_else_is_refused() -> None:
    stranger = signer(authority("stranger"), "list operator", Purpose.LIST)
    with pytest.raises(Rejected) as refusal:
        verified(sign_jws(PID_LIST, signer=stranger.key, typ="JOSE", x5c=stranger.chain))
    assert refusal.value.check is Check.ANCHOR


@pytest.mark.refuses(Check.TOKEN_TYPE)
def test_another_token_of_the_operator_is_no_list() -> None:
    with pytest.raises(Rejected) as refusal:
        verified(sign_jws(PID_LIST, signer=OPERATOR.key, typ="statuslist+jwt", x5c=OPERATOR.chain))
    assert refusal.value.check is Check.TOKEN_TYPE


def test_a_certificate_of_an_intermediate_makes_an_anchor_too() -> None:
    middle = certificate("middle", "root", AUTHORITY)
    content = document(ListType.ACCESS_PROVIDERS, entity("A", service(ServiceType.ACCESS_ISSUANCE, middle)))
    (found,) = verified(signed(content), ListType.ACCESS_PROVIDERS).anchors()
    assert found.certificate.parse() == middle
