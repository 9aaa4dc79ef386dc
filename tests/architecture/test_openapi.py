"""The descriptions of the operator APIs: every route is described, no other is, and with the members that it takes."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from zegel_testing.markdown import ROOT

from zegel.config.parse import parse_config
from zegel.formats.credential import Format
from zegel.profiles import ClientIdPrefix, ResponseMode
from zegel.trust.key_attestation import MAX_KEYS
from zegel.web import access_operator, issuer_operator, registrar_operator, verifier_operator, wallet_provider
from zegel.web.routing import Audience, Route

DESCRIBED: dict[str, Sequence[Route[Any]]] = {
    "issuer": issuer_operator.ROUTES,
    "verifier": verifier_operator.ROUTES,
    "wallet-provider": wallet_provider.OPERATOR_ROUTES,
    "registrar": registrar_operator.OPERATOR_ROUTES,
    "access-authority": access_operator.OPERATOR_ROUTES,
}


def description(role: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "openapi" / f"{role}.json").read_text())
    return found


def schema(role: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = description(role)["components"]["schemas"][name]
    return found


@pytest.mark.parametrize("role", DESCRIBED)
def test_the_routes_are_those_that_are_described(role: str) -> None:
    said = {(method.upper(), path) for path, item in description(role)["paths"].items() for method in item}
    assert said == {(route.method, route.path) for route in DESCRIBED[role]}
    assert {route.audience for route in DESCRIBED[role]} == {Audience.OPERATOR}


@pytest.mark.parametrize("role", DESCRIBED)
def test_an_operation_is_named_after_its_handler(role: str) -> None:
    paths = description(role)["paths"]
    for route in DESCRIBED[role]:
        assert paths[route.path][route.method.lower()]["operationId"] == route.handler.__name__


@pytest.mark.parametrize("role", DESCRIBED)
def test_every_schema_is_one(role: str) -> None:
    for each in description(role)["components"]["schemas"].values():
        Draft202012Validator.check_schema(each)


@pytest.mark.parametrize("role", DESCRIBED)
def test_an_api_is_where_the_defaults_have_it(role: str) -> None:
    config = getattr(parse_config("", folder=ROOT), role.replace("-", "_"))
    assert description(role)["servers"] == [{"url": f"http://{config.operator_address}:{config.operator_port}"}]


def test_the_members_are_those_that_are_taken() -> None:
    assert set(schema("issuer", "Offer")["properties"]) == issuer_operator._OFFER_MEMBERS
    assert set(schema("issuer", "Revocation")["properties"]) == issuer_operator._REVOCATION_MEMBERS
    assert set(schema("verifier", "Question")["properties"]) == verifier_operator._MEMBERS


def test_the_choices_are_those_that_there_are() -> None:
    offer, question = schema("issuer", "Offer")["properties"], schema("verifier", "Question")["properties"]
    assert offer["formats"]["items"]["enum"] == [str(each) for each in Format]
    assert set(offer["grant"]["enum"]) == {issuer_operator.PRE_AUTHORIZED, issuer_operator.AUTHORIZATION_CODE}
    assert set(question["response_mode"]["enum"]) == {str(each) for each in ResponseMode}
    assert set(question["client_id_prefix"]["enum"]) == {str(each) for each in ClientIdPrefix}
    (wait,) = [
        each
        for each in description("verifier")["paths"]["/requests/{session}"]["get"]["parameters"]
        if each["name"] == "wait"
    ]
    assert wait["schema"]["maximum"] == verifier_operator.MAX_WAIT
    attest = description("wallet-provider")["paths"]["/attest"]["post"]["requestBody"]
    assert attest["content"]["application/json"]["schema"]["properties"]["jwks"]["maxItems"] == MAX_KEYS
