"""The issuer's operator API."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.issuing_world import IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.protocols.openid4vci.offer import OfferReference, parse_offer, parse_offer_link

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path, profile="plain")) as opened:
        yield opened


async def refusal(world: IssuingWorld, path: str, body: Any) -> dict[str, str]:
    response = await world.call_operator(path, body)
    assert response.status == 400, response.body
    members: dict[str, str] = json.loads(response.body)
    assert members["rule"]
    assert members["remedy"]
    return members


@pytest.mark.slow
@pytest.mark.parametrize("token", ["", "wrong"])
@pytest.mark.parametrize("path", ["/offers", "/revocations", "/status/publish"])
async def test_nothing_goes_without_the_token(world: IssuingWorld, path: str, token: str) -> None:
    response = await world.call_operator(path, {}, token=token)
    assert response.status == 401
    assert json.loads(response.body)["check"] == "operator-token"


@pytest.mark.slow
@pytest.mark.requirement("VCR_18")
async def test_of_each_list_it_is_said_how_many_it_is_about_and_whether_that_is_too_few(world: IssuingWorld) -> None:
    wallet = world.wallet()
    wallet.copies = 3
    await wallet.receive(await world.offer("mdl"))
    await wallet.receive(await world.offer("pid", formats=["dc+sd-jwt"]))
    response = await world.call_operator("/status", None, method="GET")
    answer = json.loads(response.body)
    assert answer["small_below"] == 10_000
    assert sorted((each["kind"], each["live"], each["small"]) for each in answer["lists"]) == [
        ("identifier_list", 3, True),
        ("status_list", 3, True),
    ]
    for each in answer["lists"]:
        assert (await world.get(each["uri"].removeprefix(world.issuer))).status == 200


@pytest.mark.slow
async def test_a_type_alone_offers_every_format_that_it_has(world: IssuingWorld) -> None:
    assert (await world.offer("pid"))["credential_offer"]["credential_configuration_ids"] == ["pid-sd-jwt", "pid-mdoc"]
    assert (await world.offer("mdl"))["credential_offer"]["credential_configuration_ids"] == ["mdl-mdoc"]


async def test_an_offer_by_value_is_in_its_link(world: IssuingWorld) -> None:
    made = await world.offer("pid", formats=["mso_mdoc"], by_value=True)
    assert parse_offer_link(made["link"]) == parse_offer(json.dumps(made["credential_offer"]))


async def test_an_offer_stands_at_its_address_and_its_link_leads_there(world: IssuingWorld) -> None:
    made = await world.offer("pid", formats=["mso_mdoc"])
    assert set(made) == {"credential_offer", "credential_offer_uri", "link", "tx_code", "session"}
    assert parse_offer_link(made["link"]) == OfferReference(uri=made["credential_offer_uri"])
    served = await world.get(made["credential_offer_uri"].removeprefix(world.issuer))
    assert json.loads(served.body) == made["credential_offer"]
    assert made["tx_code"] is None
    assert made["credential_offer_uri"].endswith(made["session"])
    assert served.header("cache-control") == "no-store"


@pytest.mark.parametrize("type_", ["mdl", "proof_of_age"])
async def test_an_mdoc_type_as_sd_jwt_is_a_clear_error(world: IssuingWorld, type_: str) -> None:
    refused = await refusal(world, "/offers", {"type": type_, "formats": ["dc+sd-jwt"]})
    assert refused["check"] == "type-format"
    assert refused["detail"] == f"{type_} is issued as mso_mdoc only, got dc+sd-jwt"


async def test_a_pre_authorised_offer_has_its_code_and_asks_for_the_other(plain: IssuingWorld) -> None:
    made = await plain.offer("pid", grant="pre-authorized", person="max", tx_code=True)
    offer = parse_offer(json.dumps(made["credential_offer"]))
    assert offer.pre_authorized is not None
    assert offer.pre_authorized.tx_code is not None
    assert offer.pre_authorized.tx_code.length == len(made["tx_code"]) == 6
    assert made["tx_code"] not in json.dumps(made["credential_offer"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "check", "field"),
    [
        ({"type": "passport"}, "syntax", "type"),
        ({}, "syntax", "type"),
        ({"type": 7}, "syntax", "type"),
        ({"type": "pid", "formats": "mso_mdoc"}, "syntax", "formats"),
        ({"type": "pid", "formats": ["jwt_vc_json"]}, "syntax", "formats"),
        ({"type": "pid", "formats": [["mso_mdoc"]]}, "syntax", "formats"),
        ({"type": "pid", "grant": "implicit"}, "syntax", "grant"),
        ({"type": "pid", "tx_code": "yes"}, "syntax", "tx_code"),
        ({"type": "pid", "by_value": "yes"}, "syntax", "by_value"),
        ({"type": "pid", "tx_code": True}, "syntax", "tx_code"),
        ({"type": "pid", "person": ""}, "syntax", "person"),
        ({"type": "pid", "colour": "red"}, "syntax", "colour"),
        ({"type": "pid", "grant": "pre-authorized"}, "syntax", "person"),
        ({"type": "pid", "grant": "pre-authorized", "person": None}, "syntax", "person"),
        ({"type": "pid", "grant": "pre-authorized", "person": "nobody"}, "person", "person"),
        ({"type": "diploma", "grant": "pre-authorized", "person": "janos"}, "person", "person"),
        ({"type": "pid", "person": "nobody"}, "person", "person"),
        ({"type": "diploma", "person": "janos"}, "person", "person"),
    ],
)
async def test_a_wrong_request_is_told_which_member_is_wrong(
    plain: IssuingWorld, body: dict[str, Any], check: str, field: str
) -> None:
    refused = await refusal(plain, "/offers", body)
    assert (refused["check"], refused["field"]) == (check, field)
    assert refused["fault"] == ("sender" if check == "syntax" else "person")


@pytest.mark.parametrize("person", [{}, {"person": "nobody"}, {"person": "erika"}], ids=str)
async def test_under_haip_a_pre_authorized_offer_is_refused_by_name_whoever_it_is_for(
    world: IssuingWorld, person: dict[str, str]
) -> None:
    refused = await refusal(world, "/offers", {"type": "pid", "grant": "pre-authorized"} | person)
    assert (refused["check"], refused["field"]) == ("profile", "profile.grants")
    assert "pre-authorized_code" in refused["detail"]


@pytest.mark.slow
async def test_a_body_that_is_no_json_is_refused(world: IssuingWorld) -> None:
    assert (await refusal(world, "/offers", [1]))["check"] == "syntax"


@pytest.mark.slow
async def test_the_list_of_persons_has_no_claims(world: IssuingWorld) -> None:
    answer = await world.operate("/persons", method="GET")
    persons = {person["id"]: person["types"] for person in answer["persons"]}
    assert set(persons) == {"erika", "max", "claire", "janos", "giulia"}
    assert persons["janos"] == ["pid", "proof_of_age", "residence"]
    assert answer["more"] is False
    assert "Voorbeeld" not in json.dumps(answer)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "person"), ({"person": "erika", "type": "passport"}, "type"), ({"person": "erika", "reason": "x"}, "reason")],
)
async def test_a_wrong_revocation_is_told_which_member_is_wrong(
    world: IssuingWorld, body: dict[str, str], field: str
) -> None:
    refused = await refusal(world, "/revocations", body)
    assert (refused["field"], refused["fault"]) == (field, "sender")


async def test_who_holds_nothing_has_nothing_revoked(world: IssuingWorld) -> None:
    assert await world.operate("/revocations", {"person": "max"}) == {"revoked": []}


@pytest.mark.slow
async def test_a_type_that_cannot_be_revoked_is_not_said_to_be(world: IssuingWorld) -> None:
    wallet = world.wallet()
    wallet.copies = 1
    await wallet.receive(await world.offer("proof_of_age"))
    assert await world.operate("/revocations", {"person": "erika"}) == {"revoked": []}
