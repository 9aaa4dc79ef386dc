"""Wrong input at each interface that is ours alone: problem details (RFC 9457), with the path of the field."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from zegel_testing.access_requests import access_record
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.log_world import LogWorld
from zegel_testing.register import PARTY
from zegel_testing.registry_office import open_office
from zegel_testing.wallet_world import NAME_QUERY, WalletWorld, wallet_world

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_secret
from zegel.checks import Check
from zegel.cli.operator import Operated
from zegel.primitives.encoding import base64url
from zegel.primitives.http import PROBLEM, HttpRequest, HttpResponse
from zegel.primitives.json import JsonObject, encode_json, parse_object
from zegel.primitives.jws import sign_jws
from zegel.services.wallet_requests import sign_possession
from zegel.web import issuer_operator, log, registrar, registrar_operator, verifier_operator, wallet_provider
from zegel.web.pages import error_page
from zegel.web.routing import Audience
from zegel.web.site import Site, SitePolicy

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

Door = Callable[[str, str, bytes], Awaitable[HttpResponse]]
"""Sends a method, a path and a body to a role, as somebody who may."""

LIBRARY: Final = "NTRUT-1234567"
PROVIDER: Final = "http://wallet-provider.localhost:7106"
LOG_ORIGIN: Final = "https://log.utopia.example"
DOORS: Final[dict[str, tuple[Any, ...]]] = {
    "registrar": registrar.ROUTES,
    "registrar operator": registrar_operator.OPERATOR_ROUTES,
    "wallet provider": wallet_provider.ROUTES,
    "wallet provider operator": wallet_provider.OPERATOR_ROUTES,
    "transparency log": log.ROUTES,
    "issuer operator": issuer_operator.ROUTES,
    "verifier operator": verifier_operator.ROUTES,
}
READ_NOTHING: Final = frozenset(
    {
        ("registrar operator", "POST /officers"),
        ("registrar operator", "POST /status/publish"),
        ("wallet provider operator", "POST /status/publish"),
        ("issuer operator", "POST /status/publish"),
        ("issuer operator", "POST /wallets/check"),
    }
)


def jws(claims: JsonObject, *, jwk: bool = False) -> str:
    """Claims that somebody signed."""
    key = fixed_key("somebody")
    return sign_jws(claims, signer=key, typ="JWT", header={"jwk": key.public_key.jwk()} if jwk else {}).decode()


POSSESSION: Final = sign_possession(fixed_key("somebody"), audience=PROVIDER, now=NOW, code=b"c" * 32)
ELSEWHERE: Final = sign_possession(fixed_key("somebody"), audience=LOG_ORIGIN, now=NOW)
DECISION: Final = {"by": "a", "identifier": "nobody", "decision": "approve", "seen": "a"}
PURPOSE: Final = {"intendedUse": [{**PARTY["intendedUse"][0], "purpose": [{"lang": "en", "content": 1}]}]}
LICENCE: Final = {"id": "mdl", "format": "dc+sd-jwt", "meta": {"vct_values": ["org.iso.18013.5.1.mDL"]}}
NAMELESS: Final = {"credentials": [{**NAME_QUERY["credentials"][0], "claims": [{"path": []}]}]}
WRONG: Final[tuple[tuple[str, str, object, str], ...]] = (
    ("registrar", "PUT /wrp", {}, "legalPerson"),
    ("registrar", "PUT /wrp", PARTY | PURPOSE, "intendedUse[0].purpose[0].content"),
    ("registrar operator", "POST /applications", {}, "by"),
    ("registrar operator", "POST /applications", {"by": "a", "party": 1}, "party"),
    (
        "registrar operator",
        "POST /applications",
        {"by": "a", "party": PARTY | PURPOSE},
        "party.intendedUse[0].purpose[0].content",
    ),
    ("registrar operator", "POST /decisions", {}, "by"),
    ("registrar operator", "POST /decisions", {"by": "a", "identifier": "b", "decision": "c"}, "decision"),
    ("registrar operator", "POST /decisions", {"by": "a", "identifier": "b", "decision": "approve"}, "seen"),
    ("registrar operator", "POST /dismissals", {"by": "a"}, "subject"),
    ("registrar operator", "POST /invitations", {"by": "a"}, "subject"),
    ("registrar operator", "POST /invitations", {"by": "a", "subject": "b", "officer": 1}, "officer"),
    ("registrar operator", "POST /invitations", {"by": "a", "subject": "b", "applicant": "yes"}, "applicant"),
    (
        "registrar operator",
        "POST /invitations",
        {"by": "a", "subject": "b", "officer": True, "applicant": True},
        "applicant",
    ),
    ("registrar operator", "POST /withdrawals", {"by": "a"}, "subject"),
    ("registrar operator", "POST /tokens", {"by": 1}, "by"),
    ("registrar operator", "POST /access-certificates", {"certificate": {}}, "identifier"),
    ("registrar operator", "POST /access-certificates", {"identifier": "a"}, "certificate"),
    (
        "registrar operator",
        "POST /access-certificates",
        {"identifier": "a", "certificate": {}},
        "certificate.serviceIdentifier",
    ),
    (
        "registrar operator",
        "POST /access-certificates",
        {"identifier": LIBRARY, "certificate": access_record(expires="x")},
        "certificate.expires",
    ),
    (
        "registrar operator",
        "POST /access-certificates",
        {"identifier": LIBRARY, "certificate": access_record(log=5)},
        "certificate.log",
    ),
    ("wallet provider", "POST /instances", {}, "possession"),
    ("wallet provider", "POST /instances", {"possession": "no JWS"}, "possession"),
    ("wallet provider", "POST /instances", {"possession": "a.b.c"}, "possession.payload"),
    ("wallet provider", "POST /instances", {"possession": jws({"aud": 1})}, "possession.header.jwk.kty"),
    ("wallet provider", "POST /wallet-attestations", {"instance": 1}, "instance"),
    ("wallet provider", "POST /wallet-attestations", {"instance": "a", "possession": "no JWS"}, "possession"),
    ("wallet provider", "POST /wallet-attestations", {"instance": "no JWS", "possession": POSSESSION}, "instance"),
    ("wallet provider", "POST /wallet-attestations", {"instance": jws({}), "possession": POSSESSION}, "instance.sub"),
    ("wallet provider", "POST /key-attestations", {"instance": "a", "possessions": []}, "possessions"),
    ("wallet provider", "POST /key-attestations", {"instance": "a", "possessions": ["a", 1]}, "possessions[1]"),
    (
        "wallet provider",
        "POST /key-attestations",
        {"instance": "a", "possessions": [POSSESSION, "a"]},
        "possessions[1]",
    ),
    ("wallet provider", "POST /key-attestations", {"instance": "a", "possessions": [POSSESSION] * 2}, "possessions"),
    ("wallet provider", "POST /key-attestations", {"instance": "no JWS", "possessions": [POSSESSION]}, "instance"),
    (
        "wallet provider",
        "POST /key-attestations",
        {"instance": "a", "possessions": [POSSESSION], "nonce": "n" * 4_097},
        "nonce",
    ),
    ("wallet provider", "POST /revocations", {"code": []}, "code"),
    ("wallet provider", "POST /revocations", {"request": []}, "request"),
    ("wallet provider", "POST /revocations", {"request": "no JWS"}, "request"),
    ("wallet provider", "POST /revocations", {"request": "a.b.c"}, "request.payload"),
    ("wallet provider operator", "POST /attest", {"jwks": [{"kty": "EC"}]}, "jwks[0].crv"),
    ("wallet provider operator", "POST /attest", {"jwks": [fixed_key("a").public_key.jwk()] * 2}, "jwks"),
    ("wallet provider operator", "POST /revocations", {"instance": 1}, "instance"),
    ("wallet provider operator", "POST /revocations", {}, ""),
    ("issuer operator", "POST /offers", {}, "type"),
    ("issuer operator", "POST /offers", {"type": "pid", "formats": ["ldp_vc"]}, "formats"),
    ("issuer operator", "POST /offers", {"type": "pid", "colour": "red"}, "colour"),
    ("issuer operator", "POST /revocations", {"person": "erika", "wallet": 1}, "wallet"),
    ("verifier operator", "POST /requests", {}, "dcql_query"),
    ("verifier operator", "POST /requests", {"dcql_query": NAMELESS}, "dcql_query.credentials[0].claims[0].path"),
    ("verifier operator", "POST /requests", {"dcql_query": NAME_QUERY, "purpose": 1}, "purpose"),
    *(
        (
            "verifier operator",
            "POST /requests",
            {"dcql_query": NAME_QUERY, "return_uri": uri},
            "return_uri",
        )
        for uri in ("/relative", "javascript:alert(1)", "https://shop.example/back#here")
    ),
    (
        "verifier operator",
        "POST /requests",
        {"dcql_query": NAME_QUERY, "transaction_data": [{"type": "a", "credential_ids": [1]}]},
        "transaction_data[0].credential_ids",
    ),
    ("verifier operator", "POST /requests/{session}/return", {"response_code": 1}, "response_code"),
    ("transparency log", "POST /ct/v2/submit-entry", {"type": 1, "chain": []}, "submission"),
)


REFUSED: Final[tuple[tuple[str, str, object, Check, str], ...]] = (
    (
        "verifier operator",
        "POST /requests",
        {"dcql_query": {"credentials": [*NAME_QUERY["credentials"], LICENCE]}},
        Check.TYPE_FORMAT,
        "dcql_query.credentials[1].format",
    ),
    ("wallet provider", "POST /instances", {"possession": ELSEWHERE}, Check.POSSESSION, "possession.aud"),
    (
        "wallet provider",
        "POST /key-attestations",
        {"instance": jws({"sub": "a"}), "possessions": [jws({"aud": "a"}, jwk=True)]},
        Check.TOKEN_TYPE,
        "possessions[0].header.typ",
    ),
    ("wallet provider", "POST /revocations", {"code": "a"}, Check.REVOCATION_CODE, "code"),
    ("wallet provider", "POST /revocations", {"request": jws({})}, Check.CHAIN, "request.x5c"),
    ("wallet provider operator", "POST /revocations", {"instance": "a"}, Check.WALLET_INSTANCE, "instance"),
    ("registrar operator", "POST /decisions", DECISION, Check.REGISTER_ENTRY, "identifier"),
    (
        "registrar operator",
        "POST /access-certificates",
        {"identifier": LIBRARY, "certificate": access_record()},
        Check.REGISTER_ENTRY,
        "identifier",
    ),
)
"""What parses and breaks another rule."""

# RFC 9162 section 5 has types of its own
TYPES: Final = (f"urn:zegel:check:{Check.SYNTAX.id}", "urn:ietf:params:trans:error:malformed")


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[dict[str, Door]]:
    async with open_office(tmp_path / "office") as office, wallet_world(tmp_path / "world") as world:
        _, token = await office.operate("POST", "/tokens", {"by": "librarian"})
        provider = world.config.wallet_provider
        clerk = base64url(load_secret(office.config.registrar.operator_token))
        submissions = _log()
        yield {
            "registrar": _door(office.public.handle, office.origin, token["token"]),
            "registrar operator": _door(office.role.listeners[1].handle, office.role.listeners[1].origin, clerk),
            "wallet provider": _door(world.handlers[provider.origin], provider.origin, None),
            "wallet provider operator": _operator(world, provider),
            "transparency log": _door(submissions.handle, LOG_ORIGIN, None),
            "issuer operator": _operator(world, world.config.issuer),
            "verifier operator": _operator(world, world.config.verifier),
        }


def _log() -> Site[Any]:
    role = log.LogSite(service=LogWorld().log, name="Utopia log office", host="log.utopia.example", id="2.25.1")
    return Site(
        role,
        routes=log.ROUTES,
        policy=SitePolicy(role="transparency-log", origin=LOG_ORIGIN, operator_token=None),
        page=error_page(role="Log", host="log.utopia.example", back=None),
        random=system_random,
    )


def _operator(world: WalletWorld, role: Operated) -> Door:
    origin = f"http://{role.operator_address}:{role.operator_port}"
    return _door(world.handlers[origin], origin, base64url(load_secret(role.operator_token)))


def _door(handle: Callable[[HttpRequest], Awaitable[HttpResponse]], origin: str, token: str | None) -> Door:
    headers = (("content-type", "application/json"),)
    if token is not None:
        headers = (*headers, ("authorization", f"Bearer {token}"))

    async def send(method: str, path: str, body: bytes) -> HttpResponse:
        return await handle(HttpRequest(method=method, url=origin + path, headers=headers, body=body, peer="192.0.2.1"))

    return send


def problem_of(response: HttpResponse) -> Any:
    """What is said of a request that was wrong."""
    assert (response.status, response.header("content-type")) == (400, "application/problem+json"), response.body
    told: Any = parse_object(response.body, what="problem")
    assert told["status"] == 400
    assert told["type"] in TYPES
    assert told["detail"]
    if told["type"] == TYPES[0]:
        (error,) = told["errors"]
        assert (told["title"], error["detail"]) == (told["rule"], told["detail"])
        assert told["field"] == (error["field"] or Check.SYNTAX.field), "of the whole it is told in words"
    return told


def path_in(told: Any) -> str:
    """The path of the field in what was sent, empty for the whole of it; the log's words have but one member for it."""
    if "errors" not in told:
        assert told["type"].startswith("urn:ietf:params:trans:error:")
        return str(told["field"])
    (error,) = told["errors"]
    return str(error["field"])


async def test_the_field_at_fault_is_named_by_its_path(doors: dict[str, Door]) -> None:
    for role, route, body, field in WRONG:
        told = problem_of(await doors[role](*route.split(" "), encode_json(body)))  # type: ignore[arg-type]
        assert (role, route, told["check"], path_in(told)) == (role, route, Check.SYNTAX.id, field)


async def test_the_field_that_breaks_another_rule_is_named_by_its_path(doors: dict[str, Door]) -> None:
    for role, route, body, check, field in REFUSED:
        response = await doors[role](*route.split(" "), encode_json(body))  # type: ignore[arg-type]
        told: Any = parse_object(response.body, what="problem")
        assert (role, route, told["check"], path_in(told)) == (role, route, check.id, field)


async def test_what_is_not_json_is_a_problem_everywhere(doors: dict[str, Door]) -> None:
    for role, route in {(role, route) for role, route, *_ in WRONG}:
        assert problem_of(await doors[role](*route.split(" "), b"{"))["check"] == Check.SYNTAX.id


async def test_of_the_whole_of_what_was_sent_the_path_is_empty(doors: dict[str, Door]) -> None:
    told = problem_of(await doors["verifier operator"]("POST", "/requests", b"[]"))
    assert [each["field"] for each in told["errors"]] == [""]
    assert told["field"]


async def test_an_address_or_a_method_that_there_is_not_is_a_problem_everywhere(doors: dict[str, Door]) -> None:
    for role, routes in DOORS.items():
        path = next(route.path for route in routes if route.audience is not Audience.PERSON)
        for method, where, status in (("GET", "/nowhere", 404), ("PATCH", path, 405)):
            response = await doors[role](method, where, b"")
            assert (response.status, response.header("content-type")) == (status, PROBLEM), (role, where)
            told: Any = parse_object(response.body, what="problem")
            assert (told["status"], told["type"]) == (status, "about:blank")
            assert told["title"]
            assert (response.header("allow") is not None) == (status == 405)
            assert (response.header("allow") or "") in told["detail"]


async def test_every_route_that_reads_a_body_is_here() -> None:
    reading = {
        (role, f"{route.method} {route.path}")
        for role, routes in DOORS.items()
        for route in routes
        if route.method in ("POST", "PUT") and route.audience is not Audience.PERSON
    }
    assert reading == {(role, route) for role, route, *_ in WRONG} | READ_NOTHING
