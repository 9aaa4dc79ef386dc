"""The wallet provider over HTTP."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.issuing_world import IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.keyfiles import load_secret
from zegel.checks import Check
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.jws import sign_jws
from zegel.services.wallet_provider import POSSESSION_TYPE
from zegel.trust.attestation import parse_wallet_attestation, verify_wallet_attestation
from zegel.trust.key_attestation import parse_key_attestation, verify_key_attestation

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


async def operate(world: IssuingWorld, body: Any, *, token: str | None = None) -> HttpResponse:
    config = world.config.wallet_provider
    origin = f"http://{config.operator_address}:{config.operator_port}"
    secret = base64url(load_secret(config.operator_token)) if token is None else token
    headers = (("authorization", f"Bearer {secret}"),)
    request = HttpRequest(method="POST", url=f"{origin}/attest", headers=headers, body=json.dumps(body).encode())
    return await world.handlers[origin](request)


def possession(world: IssuingWorld, at: int = 0) -> str:
    claims = {"aud": world.config.wallet_provider.origin, "iat": NOW}
    return sign_jws(claims, signer=KEYS[at], typ=POSSESSION_TYPE, header={"jwk": KEYS[at].public_key.jwk()}).decode()


async def test_a_wallet_that_shows_its_key_gets_an_attestation(world: IssuingWorld) -> None:
    response = await call(world, "/wallet-attestations", {"possession": possession(world)})
    answer = json.loads(response.body)
    assert set(answer) == {"client_id", "wallet_attestation", "expires"}
    verified = verify_wallet_attestation(
        parse_wallet_attestation(answer["wallet_attestation"]), anchors=world.world.trust.anchors, now=NOW
    )
    assert verified.key == KEYS[0].public_key
    assert verified.client_id == answer["client_id"] == world.config.wallet_provider.origin + "/wallet"
    assert response.header("cache-control") == "no-store"


async def test_keys_that_are_shown_are_attested_together(world: IssuingWorld) -> None:
    body = {"possessions": [possession(world, at) for at in range(2)], "nonce": "c_nonce"}
    answer = json.loads((await call(world, "/key-attestations", body)).body)
    verified = verify_key_attestation(
        parse_key_attestation(answer["key_attestation"]), anchors=world.world.trust.anchors, now=NOW
    )
    assert verified.keys == tuple(key.public_key for key in KEYS)
    assert verified.nonce == "c_nonce"


async def test_the_operator_vouches_for_a_foreign_wallet(world: IssuingWorld) -> None:
    jwks = [key.public_key.jwk() for key in KEYS]
    answer = json.loads((await operate(world, {"jwks": jwks, "nonce": "n"})).body)
    assert set(answer) == {"client_id", "wallet_attestation", "expires", "key_attestation"}
    assert parse_wallet_attestation(answer["wallet_attestation"]).unverified_key == KEYS[0].public_key
    assert len(parse_key_attestation(answer["key_attestation"]).unverified_keys) == 2
    without = json.loads((await operate(world, {"jwks": jwks[:1]})).body)
    assert parse_key_attestation(without["key_attestation"]).unverified_nonce is None


async def test_nobody_else_has_the_operators_word(world: IssuingWorld) -> None:
    assert (await operate(world, {"jwks": []}, token="guess")).status == 401


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/wallet-attestations", {}, "possession"),
        ("/wallet-attestations", {"possession": 7}, "possession"),
        ("/wallet-attestations", b"[]", Check.SYNTAX.field),
        ("/key-attestations", {}, "possessions"),
        ("/key-attestations", {"possessions": []}, "possessions"),
        ("/key-attestations", {"possessions": ["x"] * 101}, "possessions"),
        ("/key-attestations", {"possessions": [7]}, "possessions"),
        ("/key-attestations", {"possessions": ["x"], "nonce": 7}, "nonce"),
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
