"""The logs on a list: where their keys come from, and when what they stamped counts."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, trusting
from zegel_testing.lists import LIST_ROOT, changed, document, entity, service, signed
from zegel_testing.transparency import LOG

from zegel.primitives.json import JsonObject
from zegel.primitives.keys import Curve
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType, ServiceType, SupplyPoint, TrustedService, encode_key
from zegel.trust.lists.verify import verify_trusted_list
from zegel.trust.transparency.logs import TransparencyLog

ANCHORS = trusting(anchor(LIST_ROOT, Purpose.LIST))
ROOT = authority("access")
SERVICE = service(
    ServiceType.TRANSPARENCY_LOG,
    keys=(encode_key(LOG.key),),
    supply_points=(SupplyPoint(url="https://log.utopia.example"),),
    identifier="urn:oid:2.25.1",
)


def listing(log: TrustedService, type_: ListType = ListType.ACCESS_PROVIDERS) -> JsonObject:
    access = entity("Access office", service(ServiceType.ACCESS_ISSUANCE, ROOT.certificate))
    return document(type_, access, entity("Utopia log office", log))


def logs_of(content: JsonObject, type_: ListType = ListType.ACCESS_PROVIDERS) -> tuple[TransparencyLog, ...]:
    unverified = parse_trusted_list(signed(content))
    return verify_trusted_list(unverified, expected=type_, anchors=ANCHORS, now=NOW, seen=0).logs()


@pytest.mark.requirement("CT_05")
def test_a_log_stands_beside_the_authorities_with_its_key_its_name_and_its_address() -> None:
    assert logs_of(listing(SERVICE)) == (LOG,)
    assert TrustAnchors([anchor(ROOT, Purpose.ACCESS), *logs_of(listing(SERVICE))]).logs == (LOG,)


def test_a_log_needs_no_address_to_be_believed() -> None:
    (log,) = logs_of(listing(replace(SERVICE, supply_points=())))
    assert (log.key, log.url) == (LOG.key, None)


def test_a_retired_log_stays_on_the_list_for_what_it_stamped_before() -> None:
    retired = replace(SERVICE, active=False, since=NOW - 5 * DAY)
    assert logs_of(listing(retired)) == (replace(LOG, retired_at=NOW - 5 * DAY),)


def test_a_log_that_was_withdrawn_nobody_knows_when_is_not_believed() -> None:
    content = listing(replace(SERVICE, active=False, since=NOW - 5 * DAY))
    path = ("LoTE", "TrustedEntitiesList", 1, "TrustedEntityServices", 0, "ServiceInformation", "StatusStartingTime")
    spoiled = changed(content, path, None)
    assert isinstance(spoiled, dict)
    assert logs_of(spoiled) == ()


def test_a_log_with_a_critical_extension_that_is_unknown_is_not_believed() -> None:
    information = ("LoTE", "TrustedEntitiesList", 1, "TrustedEntityServices", 0, "ServiceInformation")
    extensions = [{"Critical": True, "Other": 1}, {"Critical": False, "ServiceUniqueIdentifier": "urn:oid:2.25.1"}]
    spoiled = changed(listing(SERVICE), (*information, "ServiceInformationExtensions"), extensions)
    assert isinstance(spoiled, dict)
    assert logs_of(spoiled) == ()


@pytest.mark.parametrize("identifier", [None, "2.25.1", "urn:oid:", "urn:oid:x"])
def test_a_log_without_an_object_identifier_is_not_believed(identifier: str | None) -> None:
    assert logs_of(listing(replace(SERVICE, identifier=identifier))) == ()


def test_a_log_signs_on_the_curve_of_the_registry() -> None:
    larger = encode_key(fixed_key("log", Curve.P384).public_key)
    assert logs_of(listing(replace(SERVICE, keys=(larger,)))) == ()


def test_a_list_of_another_kind_has_no_logs() -> None:
    assert logs_of(listing(SERVICE, ListType.WALLET_PROVIDERS), ListType.WALLET_PROVIDERS) == ()
