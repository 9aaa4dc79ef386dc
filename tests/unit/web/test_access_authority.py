"""The access authority over HTTP: problem details with the field's path, and what anybody may fetch."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from zegel_testing.access_house import LIBRARY, AccessHouse, open_house
from zegel_testing.access_requests import odd_request, weak_key
from zegel_testing.authorities import fixed_key

from zegel.primitives.crl import parse_crl
from zegel.primitives.http import HttpRequest
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.x509 import parse_certificate, parse_pem_certificates

pytestmark = pytest.mark.anyio

WHOLE = "the whole message, or the place in it that the refusal names"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[AccessHouse]:
    async with open_house(tmp_path) as opened:
        await opened.register()
        yield opened


def pem(**changes: Any) -> str:
    return odd_request(pem=True, **changes).decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"identifier": 7}, "identifier"),
        ({"service": ""}, "service"),
        ({"service": "x" * 201}, "service"),
        ({"request": None}, "request"),
        ({"request": "-----BEGIN"}, "request"),
        ({"request": "é"}, "request"),
        ({"request": pem(key=weak_key())}, "request.subjectPublicKeyInfo"),
        ({"request": pem(names=[x509.DNSName("*.utopia.example")])}, "request.subjectAltName[0]"),
    ],
)
async def test_a_wrong_order_is_told_the_field(house: AccessHouse, changes: dict[str, Any], field: str) -> None:
    response = await house.send("POST", "/orders", house.order_body(**changes))
    assert response.header("content-type") == "application/problem+json"
    told = parse_object(response.body, what="problem")
    assert (told["status"], told["field"], told["check"]) == (400, field, "syntax")
    assert told["errors"] == [{"field": field, "detail": told["detail"]}]


@pytest.mark.slow
async def test_what_is_no_json_is_no_order(house: AccessHouse) -> None:
    response = await house.send("POST", "/orders", b"{")
    assert response.status == 400
    assert response.header("content-type") == "application/problem+json"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_order_that_nobody_made_is_not_there(house: AccessHouse, method: str) -> None:
    response = await house.send(method, "/orders/none" + ("/certificate" if method == "POST" else ""))
    told = parse_object(response.body, what="problem")
    assert (response.status, told["check"], told["field"]) == (409, "access-order", "order")


@pytest.mark.slow
async def test_an_order_says_what_to_serve_and_later_what_was_issued(house: AccessHouse) -> None:
    _, order = await house.order()
    assert set(order) == {"order", "standing", "identifier", "service", "hosts", "until", "challenges"}
    house.serve(order)
    status, issued = await house.finish(order)
    assert (status, issued["standing"]) == (201, "issued")
    assert "challenges" not in issued
    found = parse_object((await house.send("GET", f"/orders/{order['order']}")).body, what="order")
    assert found == issued
    await house.operate("POST", "/revocations", {"certificate": issued["serial"], "reason": "lost"})
    revoked = parse_object((await house.send("GET", f"/orders/{order['order']}")).body, what="order")
    assert (revoked["standing"], revoked["reason"]) == ("revoked", "lost")


@pytest.mark.slow
async def test_what_a_certificate_leads_to_is_served(house: AccessHouse) -> None:
    issued = await house.issue()
    leaf, above = parse_pem_certificates(issued["chain"].encode(), what="chain")
    origin = house.listener().origin
    (url,) = leaf.revocation_points
    served = await house.send("GET", url.removeprefix(origin))
    assert parse_crl(served.body).unverified_issuer == above.subject
    found = x509.load_der_x509_certificate(leaf.der).extensions
    (access,) = found.get_extension_for_class(x509.AuthorityInformationAccess).value
    certificate = await house.send("GET", access.access_location.value.removeprefix(origin))
    assert certificate.header("content-type") == "application/pkix-cert"
    assert parse_certificate(certificate.body) == above
    for path in ("/crl/none.crl", "/authority/none.cer"):
        assert (await house.send("GET", path)).status == 404
    page = await house.send("GET", "/")
    assert page.status == 200
    assert b"90 days" in page.body


@pytest.mark.slow
@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({}, "reason"),
        ({"reason": "lost"}, WHOLE),
        ({"reason": "lost", "certificate": "1", "identifier": LIBRARY}, WHOLE),
        ({"reason": "lost", "certificate": "no number"}, "certificate"),
        ({"reason": "lost", "identifier": []}, "identifier"),
        ({"reason": "lost", "issued": []}, "issued"),
        ({"reason": "lost", "issued": {"since": "yesterday"}}, "issued.since"),
        ({"reason": "lost", "issued": {"until": -1}}, "issued.until"),
        ({"reason": "lost", "issued": {}, "confirm": True}, "confirm"),
        ({"reason": "x" * 401, "issued": {}}, "reason"),
    ],
)
async def test_a_wrong_revocation_is_told_the_field(house: AccessHouse, members: Any, field: str) -> None:
    status, told = await house.operate("POST", "/revocations", members)
    assert (status, told["check"]) == (400, "syntax")
    assert told["field"] == field


async def test_nobody_but_the_operator_revokes(house: AccessHouse) -> None:
    listener = house.listener(operator=True)
    body = encode_json({"identifier": LIBRARY, "reason": "because I can"})
    response = await listener.handle(HttpRequest(method="POST", url=f"{listener.origin}/revocations", body=body))
    assert response.status == 401


@pytest.mark.slow
async def test_what_was_issued_is_listed_without_what_opens_an_order(house: AccessHouse) -> None:
    await house.issue()
    await house.issue(fixed_key("two"))
    status, page = await house.operate("GET", "/certificates")
    assert (status, len(page["certificates"])) == (200, 2)
    assert not {"order", "chain"} & set(page["certificates"][0])
    assert await house.operate("GET", f"/certificates?after={page['after']}") == (
        200,
        {"certificates": [], "after": None},
    )
    status, told = await house.operate("GET", "/certificates?after=x")
    assert (status, told["field"]) == (400, "after")


@pytest.mark.slow
async def test_the_operator_has_the_register_looked_at_and_lists_signed_now(house: AccessHouse) -> None:
    await house.issue()
    assert await house.operate("POST", "/register/check", {}) == (200, {"revoked": 0})
    await house.decide("suspend")
    assert await house.operate("POST", "/register/check", {}) == (200, {"revoked": 1})
    assert await house.operate("POST", "/crl/publish", {}) == (200, {"published": True})
