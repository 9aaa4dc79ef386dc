"""What a request or metadata show of a registration: it holds, or breaks by the check that a wallet warns by."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, certify, fixed_key, fixed_random, signer, trusting
from zegel_testing.registration import (
    LIBRARY,
    OFFICE,
    REGISTRATION_ANCHOR,
    THROUGH_DESK,
    as_cwt,
    as_jwt,
    registered,
)
from zegel_testing.signed_objects import HERE, KEY, ROOT, sign

from zegel.primitives.encoding import base64, base64url
from zegel.primitives.x509 import Certificate
from zegel.protocols.openid4vci.metadata import TYP
from zegel.protocols.openid4vp.request import REQUEST_TYPE
from zegel.services.why.tree import Branch, Standing
from zegel.services.why.why import explain_path
from zegel.trust.access import certificate_client_id
from zegel.trust.anchors import Purpose
from zegel.trust.authority import SubjectName, draft_certificate
from zegel.trust.registration.values import RegistrationCertificate

ANCHORS: Final = trusting(anchor(ROOT, Purpose.ACCESS), REGISTRATION_ANCHOR)
PID: Final = "urn:eudi:pid:1"


def access(identifier: str, service: str | None) -> Certificate:
    name = SubjectName(country="UT", organization="Utopia", common_name="Desk", identifier=identifier, unit=service)
    terms: Any = {"purpose": Purpose.ACCESS, "now": NOW - DAY, "days": 90, "random": fixed_random(identifier)}
    return certify(draft_certificate(ROOT, name, key=KEY.public_key, **terms), Purpose.ACCESS, now=NOW - DAY)


LIBRARY_ACCESS: Final = access(LIBRARY.identifier, LIBRARY.service)
DESK_ACCESS: Final = access("NTRUT-7654321", "desk-for-library")
OFFICE_ACCESS: Final = access(OFFICE.identifier, None)


def query(*claims: str, type_: str = PID, id_: str = "pid") -> dict[str, Any]:
    asked = [{"path": [claim]} for claim in claims]
    return {"id": id_, "format": "dc+sd-jwt", "meta": {"vct_values": [type_]}, "claims": asked}


def info(data: Any, **changes: Any) -> dict[str, Any]:
    return {"format": "registration_cert", "data": data, **changes}


def explained(typ: str, claims: Mapping[str, Any], leaf: Certificate, *, spoilt: bool = False) -> Branch:
    key = fixed_key("another") if spoilt else KEY
    members = {"alg": "ES256", "typ": typ, "x5c": [base64(leaf.der)]}
    return explain_path(sign(members, claims, key=key), anchors=ANCHORS, now=NOW)


def request(
    *infos: Any, queries: tuple[Any, ...] = (query("family_name"),), leaf: Certificate = LIBRARY_ACCESS, **changes: Any
) -> Branch:
    claims: dict[str, Any] = {
        "client_id": certificate_client_id(leaf), "dcql_query": {"credentials": list(queries)},
    } | ({"verifier_info": list(infos)} if infos else {})  # fmt: skip
    return explained(REQUEST_TYPE, claims | changes, leaf)


def broken(branch: Branch) -> tuple[str, str] | None:
    """The step that breaks, and the check."""
    found = branch.broken
    return None if found is None or found.explanation is None else (found.name, found.explanation.check)


def last(branch: Branch) -> Branch:
    return branch.below[-1]


# --- who asks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [as_jwt(), base64url(as_cwt())], ids=["JWT", "CWT"])
def test_a_request_leads_to_its_registration_and_to_what_that_allows(data: str) -> None:
    traced = request(info(data))
    assert traced.broken is None
    *_, certificate, asked = traced.below
    assert (certificate.name, certificate.said) == (
        "registration certificate", "Utopia Library, Lending desk, library-card",
    )  # fmt: skip
    assert [each.name for each in certificate.below] == [
        "certificate", "signature", "policy", "validity", "party", "status",
    ]  # fmt: skip
    assert next(each.standing for each in certificate.below if each.name == "party") is Standing.HOLDS
    assert certificate.below[-1].standing is Standing.NOT_REACHED
    assert (asked.name, asked.said) == ("over-asking", "none: 1 claims are asked for, all of them registered")


def test_a_domestic_pid_may_be_asked_for_by_whoever_registered_the_pid() -> None:
    assert request(info(as_jwt()), queries=(query("family_name", type_="urn:eudi:pid:ut:1"),)).broken is None


def test_an_intermediary_asks_under_its_own_access_certificate() -> None:
    assert request(info(as_jwt(THROUGH_DESK)), leaf=DESK_ACCESS).broken is None


OVER: Mapping[str, Callable[[], Branch]] = {
    "a claim more": lambda: request(info(as_jwt()), queries=(query("family_name", "picture"),)),
    "another type": lambda: request(info(as_jwt()), queries=(query("family_name", type_="urn:utopia:diploma:1"),)),
    "a query that it is not sent for": lambda: request(
        info(as_jwt(), credential_ids=["pid"]), queries=(query("family_name"), query("given_name", id_="other"))
    ),
}


@pytest.mark.parametrize("ask", OVER.values(), ids=OVER)
def test_what_is_asked_beyond_the_registration_breaks_it(ask: Callable[[], Branch]) -> None:
    traced = ask()
    assert broken(traced) == ("over-asking", "over-asking")
    assert last(traced).said.startswith("not registered: ")


STRANGER: Final = signer(authority("stranger"), "another provider", Purpose.REGISTRATION)
FAULTS: Mapping[str, tuple[Callable[[], Branch], str, str]] = {
    "none": (request, "registration certificate", "registration-certificate"),
    "two": (lambda: request(info(as_jwt()), info(as_jwt())), "registration certificate", "registration-certificate"),
    "by reference": (
        lambda: request(info("https://registrar.utopia.example/1")), "registration certificate",
        "registration-certificate",
    ),
    "nonsense": (lambda: request(info("e30")), "registration certificate", "syntax"),
    "another shape": (lambda: request(7), "registration certificate", "syntax"),
    "no query": (lambda: request(info(as_jwt()), dcql_query=7), "registration certificate", "syntax"),
    "of nobody's": (lambda: request(info(as_jwt(by=STRANGER))), "anchor", "anchor"),
    "another policy": (lambda: request(info(as_jwt(registered(policies=("1.2.3",))))), "policy", "registration-policy"),
    "expired": (lambda: request(info(as_jwt(registered(expires=NOW - DAY)))), "validity", "registration-validity"),
    "somebody else's": (lambda: request(info(as_jwt()), leaf=OFFICE_ACCESS), "party", "registration-party"),
    "another Service's": (
        lambda: request(info(as_jwt(registered(service="reading")))), "party", "registration-service",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("ask", "step", "check"), FAULTS.values(), ids=FAULTS)
def test_a_registration_breaks_where_a_wallet_would_warn(ask: Callable[[], Branch], step: str, check: str) -> None:
    traced = ask()
    assert broken(traced) == (step, check)
    assert (last(traced).name, last(traced).standing) == ("over-asking", Standing.NOT_REACHED)


def test_of_a_request_that_nobody_signed_the_registration_is_not_looked_at() -> None:
    claims = {"client_id": certificate_client_id(LIBRARY_ACCESS), "verifier_info": [info(as_jwt())]}
    traced = explained(REQUEST_TYPE, claims, LIBRARY_ACCESS, spoilt=True)
    assert broken(traced) == ("signature", "signature")
    assert [(each.name, each.standing) for each in traced.below[-2:]] == [
        ("registration certificate", Standing.NOT_REACHED), ("over-asking", Standing.NOT_REACHED),
    ]  # fmt: skip


# --- who issues -----------------------------------------------------------------------------------------------------


def metadata(
    certificate: RegistrationCertificate | None = OFFICE, *, type_: str = PID, spoilt: bool = False, **changes: Any
) -> Branch:
    claims: dict[str, Any] = {
        "sub": HERE, "iat": NOW, "credential_issuer": HERE, "credential_endpoint": HERE + "/credential",
        "credential_configurations_supported": {"id": {"format": "dc+sd-jwt", "vct": type_}},
    } | ({} if certificate is None else {"issuer_info": [info(as_jwt(certificate))]})  # fmt: skip
    return explained(TYP, claims | changes, OFFICE_ACCESS, spoilt=spoilt)


def test_metadata_lead_to_the_registration_of_the_issuer_and_to_what_it_may_issue() -> None:
    traced = metadata()
    assert traced.broken is None
    assert (last(traced).name, last(traced).said) == ("what is issued", "1 configurations, all of them registered")


ISSUED: Mapping[str, tuple[Callable[[], Branch], str, str]] = {
    "more than is registered": (
        lambda: metadata(type_="urn:eudi:pid:ut:1"), "what is issued", "registered-attestation",
    ),
    "without the entitlement": (
        lambda: metadata(registered(identifier=OFFICE.identifier, service=None)), "what is issued",
        "registered-provider",
    ),
    "none": (lambda: metadata(None), "registration certificate", "registration-certificate"),
    "of somebody else": (lambda: metadata(LIBRARY), "party", "registration-party"),
    "of nobody": (lambda: metadata(credential_issuer=7), "registration certificate", "server-metadata"),
    "another shape": (lambda: metadata(issuer_info=7), "registration certificate", "registration-certificate"),
}  # fmt: skip


@pytest.mark.parametrize(("issue", "step", "check"), ISSUED.values(), ids=ISSUED)
def test_it_breaks_where_a_wallet_would_not_ask(issue: Callable[[], Branch], step: str, check: str) -> None:
    assert broken(issue()) == (step, check)


def test_of_metadata_that_nobody_signed_the_registration_is_not_looked_at() -> None:
    traced = metadata(spoilt=True)
    assert broken(traced) == ("signature", "signature")
    assert [each.name for each in traced.below[-2:]] == ["registration certificate", "what is issued"]
    assert {each.standing for each in traced.below[-2:]} == {Standing.NOT_REACHED}
