"""The wallet provider over HTTP."""

import html
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.browser import link_of
from zegel_testing.issuing_world import IssuingWorld, TestWallet, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.keyfiles import load_secret
from zegel.checks import Check
from zegel.formats.credential import StatusReference
from zegel.formats.status.entries import INVALID
from zegel.formats.status.token import parse_status_list, verify_status_list
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.wallet_requests import sign_possession, sign_revocation_request
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import parse_wallet_attestation, verify_wallet_attestation
from zegel.trust.key_attestation import parse_key_attestation, verify_key_attestation
from zegel.web.app.keys import RoleKeys

pytestmark = pytest.mark.anyio
KEYS = [fixed_key("foreign wallet"), fixed_key("foreign copy")]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as opened:
        yield opened


async def call(world: IssuingWorld, path: str, body: Any) -> HttpResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = world.config.wallet_provider.origin + path
    return await world.world.outbound.fetch(HttpRequest(method="POST", url=url, body=data))


async def operate(world: IssuingWorld, body: Any, *, path: str = "/attest", token: str | None = None) -> HttpResponse:
    config = world.config.wallet_provider
    origin = f"http://{config.operator_address}:{config.operator_port}"
    secret = base64url(load_secret(config.operator_token)) if token is None else token
    headers = (("authorization", f"Bearer {secret}"),)
    method = "GET" if body is None else "POST"
    data = b"" if body is None else json.dumps(body).encode()
    request = HttpRequest(method=method, url=origin + path, headers=headers, body=data)
    return await world.handlers[origin](request)


def possession(world: IssuingWorld, at: int = 0) -> str:
    return sign_possession(KEYS[at], audience=world.config.wallet_provider.origin, now=NOW)


async def proof(world: IssuingWorld, *shown: str) -> str:
    """Of a wallet that is activated."""
    return await world.wallet().proof(shown)


async def test_a_wallet_that_shows_its_key_gets_an_attestation(world: IssuingWorld) -> None:
    shown = possession(world)
    body = {"instance": await proof(world, shown), "possession": shown}
    response = await call(world, "/wallet-attestations", body)
    answer = json.loads(response.body)
    assert set(answer) == {"client_id", "wallet_attestation", "expires"}
    verified = verify_wallet_attestation(
        parse_wallet_attestation(answer["wallet_attestation"]), anchors=world.world.trust.anchors, now=NOW
    )
    assert verified.key == KEYS[0].public_key
    assert verified.client_id == answer["client_id"] == world.config.wallet_provider.origin + "/wallet"
    assert response.header("cache-control") == "no-store"


async def test_keys_that_are_shown_are_attested_together(world: IssuingWorld) -> None:
    shown = [possession(world, at) for at in range(2)]
    body = {"instance": await proof(world, *shown), "possessions": shown, "nonce": "c_nonce"}
    answer = json.loads((await call(world, "/key-attestations", body)).body)
    verified = verify_key_attestation(
        parse_key_attestation(answer["key_attestation"]), anchors=world.world.trust.anchors, now=NOW
    )
    assert verified.keys == tuple(key.public_key for key in KEYS)
    assert verified.nonce == "c_nonce"


async def test_the_operator_vouches_for_a_foreign_wallet(world: IssuingWorld) -> None:
    jwks = [key.public_key.jwk() for key in KEYS]
    answer = json.loads((await operate(world, {"jwks": jwks, "nonce": "n"})).body)
    attested = {"client_id", "wallet_attestation", "expires", "key_attestation", "instance"}
    assert set(answer) == attested | {"revocation_code"}
    assert parse_wallet_attestation(answer["wallet_attestation"]).unverified_key == KEYS[0].public_key
    assert len(parse_key_attestation(answer["key_attestation"]).unverified_keys) == 2
    without = json.loads((await operate(world, {"jwks": jwks[:1]})).body)
    assert set(without) == attested, "the code is shown once"
    assert without["instance"] == answer["instance"]
    assert parse_key_attestation(without["key_attestation"]).unverified_nonce is None


async def test_nobody_else_has_the_operators_word(world: IssuingWorld) -> None:
    assert (await operate(world, {"jwks": []}, token="guess")).status == 401


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/instances", {}, "possession"),
        ("/instances", {"possession": 7}, "possession"),
        ("/revocations", {}, "code"),
        ("/revocations", {"code": 7}, "code"),
        ("/revocations", {"request": 7}, "request"),
        ("/wallet-attestations", {}, "instance"),
        ("/wallet-attestations", {"instance": "x"}, "possession"),
        ("/wallet-attestations", {"instance": "x", "possession": 7}, "possession"),
        ("/wallet-attestations", b"[]", Check.SYNTAX.field),
        ("/key-attestations", {}, "instance"),
        ("/key-attestations", {"instance": "x"}, "possessions"),
        ("/key-attestations", {"instance": "x", "possessions": []}, "possessions"),
        ("/key-attestations", {"instance": "x", "possessions": ["x"] * 101}, "possessions"),
        ("/key-attestations", {"instance": "x", "possessions": [7]}, "possessions[0]"),
        ("/key-attestations", {"instance": "x", "possessions": ["x"], "nonce": 7}, "nonce"),
    ],
)
async def test_a_wrong_request_is_told_which_member_is_wrong(
    world: IssuingWorld, path: str, body: Any, field: str
) -> None:
    response = await call(world, path, body)
    answer = json.loads(response.body)
    assert response.status == 400
    assert (answer["check"], answer["field"]) == ("syntax", field)
    assert answer["remedy"]


async def test_a_key_stands_once_in_what_the_operator_vouches_for(world: IssuingWorld) -> None:
    jwk = KEYS[0].public_key.jwk()
    assert json.loads((await operate(world, {"jwks": [jwk, jwk]})).body)["field"] == "jwks"


async def test_a_private_key_is_nothing_to_send_around(world: IssuingWorld) -> None:
    answer = json.loads((await operate(world, {"jwks": [KEYS[0].secret_jwk()]})).body)
    assert answer["check"] == "syntax"
    assert answer["field"] == "jwks[0].d"


@pytest.mark.parametrize("path", ["/", "/wallet"])
async def test_the_page_says_what_the_office_does(world: IssuingWorld, path: str) -> None:
    url = world.config.wallet_provider.origin + path
    page = await world.world.outbound.fetch(HttpRequest(method="GET", url=url))
    assert page.status == 200
    assert "zegel wallet" in page.body.decode()


async def test_the_page_has_its_style(world: IssuingWorld) -> None:
    url = world.config.wallet_provider.origin + "/static/zegel.css"
    assert (await world.world.outbound.fetch(HttpRequest(method="GET", url=url))).status == 200


# --- the end ----------------------------------------------------------------------------------------------------------


async def activated(world: IssuingWorld) -> TestWallet:
    wallet = world.wallet()
    await wallet.proof([])
    return wallet


@pytest.mark.slow
@pytest.mark.requirement("WURevocation_10")
@pytest.mark.requirement("VCR_16")
async def test_a_revocation_is_published_at_once_for_everybody_to_read(world: IssuingWorld) -> None:
    wallet = await activated(world)
    answer = json.loads((await call(world, "/revocations", {"code": wallet.code})).body)
    assert answer == {"state": "revoked", "since": NOW, "reason": "owner"}
    origin = world.config.wallet_provider.origin
    aggregation = await world.world.outbound.fetch(HttpRequest(method="GET", url=f"{origin}/status"))
    (uri,) = json.loads(aggregation.body)["status_lists"]
    served = await world.world.outbound.fetch(HttpRequest(method="GET", url=uri))
    parsed = parse_status_list(served.body, content_type=served.header("content-type"))
    verified = verify_status_list(
        parsed, uri=uri, anchors=world.world.trust.anchors, now=NOW, purpose=Purpose.WALLET_STATUS
    )
    assert sum(verified.statuses.get(at) for at in range(verified.statuses.size)) == 1
    assert verified.entity == "Utopia wallet office"


async def revoked_entries(world: IssuingWorld) -> int:
    """How many entries of the published lists say that something was revoked."""
    origin, found = world.config.wallet_provider.origin, 0
    aggregation = await world.world.outbound.fetch(HttpRequest(method="GET", url=f"{origin}/status"))
    for uri in json.loads(aggregation.body)["status_lists"]:
        served = await world.world.outbound.fetch(HttpRequest(method="GET", url=uri))
        statuses = parse_status_list(served.body, content_type=served.header("content-type")).unverified_statuses
        found += sum(statuses.get(at) == INVALID for at in range(statuses.size))
    return found


async def request_for(world: IssuingWorld, wallet: TestWallet) -> str:
    """A PID provider's request to revoke the wallet."""
    client = await wallet.client()
    assert client.attestation is not None
    status = parse_wallet_attestation(client.attestation.compact).unverified_status
    assert status is not None
    return sign_revocation_request(
        RoleKeys("issuer", world.world).signer("key"),
        status=StatusReference(uri=status.uri, index=status.index),
        audience=world.config.wallet_provider.origin,
        now=NOW,
    )


@pytest.mark.parametrize("way", ["request", "code", "page", "operator", "key storage"])
async def test_whoever_reads_a_list_after_a_revocation_reads_of_it_by_whatever_way_it_came(
    world: IssuingWorld, way: str
) -> None:
    wallet = await activated(world)
    request = await request_for(world, wallet)
    assert await revoked_entries(world) == 0
    if way == "request":
        await call(world, "/revocations", {"request": request})
    elif way == "code":
        await call(world, "/revocations", {"code": wallet.code})
    elif way == "page":
        await post_code(world, wallet.code, "revoke")
    else:
        asked = {"instance": wallet.id} if way == "operator" else {"key_storage": True}
        await operate(world, asked, path="/revocations")
    assert await revoked_entries(world) > 0


async def test_a_pid_provider_is_told_that_it_happened_and_no_more(world: IssuingWorld) -> None:
    request = await request_for(world, world.wallet())
    assert json.loads((await call(world, "/revocations", {"request": request})).body) == {"revoked": True}


@pytest.mark.slow
async def test_the_operator_lists_and_ends_wallets(world: IssuingWorld) -> None:
    wallet = await activated(world)
    listed = json.loads((await operate(world, None, path="/instances")).body)
    assert listed == {
        "instances": [{"instance": wallet.id, "day": NOW // 86_400 * 86_400, "attested": 1, "state": "active"}],
        "after": "",
    }
    ended = json.loads((await operate(world, {"instance": wallet.id}, path="/revocations")).body)
    assert ended == {"instance": wallet.id, "state": "revoked", "since": NOW, "reason": "security"}
    storage = json.loads((await operate(world, {"key_storage": True}, path="/revocations")).body)
    assert storage == {"key_storage": "revoked", "since": NOW}
    assert json.loads((await operate(world, {}, path="/status/publish")).body) == {"published": True}


async def test_a_cursor_is_one_of_ours(world: IssuingWorld) -> None:
    answer = json.loads((await operate(world, None, path="/instances?after=nonsense")).body)
    assert (answer["check"], answer["field"]) == ("syntax", "after")


async def post_code(world: IssuingWorld, code: str, decision: str) -> HttpResponse:
    origin = world.config.wallet_provider.origin
    form = urlencode({"code": code, "decision": decision}).encode()
    headers = (("content-type", "application/x-www-form-urlencoded"), ("origin", origin))
    request = HttpRequest(method="POST", url=f"{origin}/revoke", headers=headers, body=form)
    return await world.world.outbound.fetch(request)


@pytest.mark.slow
@pytest.mark.requirement("WURevocation_10")
@pytest.mark.requirement("WURevocation_14")
async def test_whoever_lost_a_phone_ends_its_wallet_at_a_page_and_reads_there_what_that_means(
    world: IssuingWorld,
) -> None:
    wallet = await activated(world)
    url = world.config.wallet_provider.origin + "/revoke"
    page = (await world.world.outbound.fetch(HttpRequest(method="GET", url=url))).body.decode()
    assert "Revocation code" in page
    looked = await post_code(world, wallet.code, "look")
    assert "This wallet is active" in looked.body.decode()
    assert looked.header("set-cookie") is None, "nobody is remembered"
    words = (await post_code(world, wallet.code, "revoke")).body.decode()
    for said_there in ("This wallet is revoked", "its owner asked for it", "You can still open the wallet", "new one"):
        assert said_there in words
    assert "This wallet is revoked" in (await post_code(world, wallet.code, "look")).body.decode()


async def test_a_wrong_code_ends_nothing(world: IssuingWorld) -> None:
    page = await post_code(world, "AAAA-AAAA-AAAA-AAAA-AAAA", "revoke")
    assert page.status == 400
    assert Check.REVOCATION_CODE.rule in html.unescape(page.body.decode())
    assert "Nothing has been revoked" in page.body.decode()
    assert link_of(page, "Back to the form") == "/revoke"


async def test_another_site_sends_no_code(world: IssuingWorld) -> None:
    origin = world.config.wallet_provider.origin
    headers = (("content-type", "application/x-www-form-urlencoded"), ("origin", "https://evil.example"))
    request = HttpRequest(method="POST", url=f"{origin}/revoke", headers=headers, body=b"code=x&decision=revoke")
    assert (await world.world.outbound.fetch(request)).status == 403
