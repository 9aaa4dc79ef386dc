"""The verifier's operator API: what it takes, what it hands over, to whom, and how often."""

import asyncio
import gc
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from zegel_testing.authorities import NOW
from zegel_testing.relying_party import (
    NAME_QUERY,
    ORIGIN,
    PAYMENT_VCT,
    RelyingParty,
    json_of,
    open_relying_party,
)
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sql.tables import records
from zegel.checks import Check
from zegel.errors import Malformed
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest
from zegel.profiles import HAIP
from zegel.protocols.openid4vp.verifier import (
    CROSS_DEVICE_SECONDS,
    OUTCOME_SECONDS,
    RESULT_SECONDS,
    SAME_DEVICE_SECONDS,
    Requested,
)
from zegel.services.trust import Trust
from zegel.web import verifier_operator
from zegel.web.app.roles import World
from zegel.web.app.serve import bind, serving
from zegel.web.app.verifier import open_verifier
from zegel.web.verifier_operator import MAX_QUESTION, ROUTES, parse_question

pytestmark = pytest.mark.anyio
BACK = "https://tax.utopia.example/back"
MINE = {"initiator": "my session", "return_uri": BACK}


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[RelyingParty]:
    opened = await open_relying_party(tmp_path)
    yield opened
    opened.close()


def question(**members: Any) -> bytes:
    return json.dumps({"dcql_query": NAME_QUERY} | members).encode()


async def come_back(party: RelyingParty, session: str, **members: Any) -> tuple[int, dict[str, Any]]:
    response = await party.call("POST", f"/requests/{session}/return", members)
    return response.status, json_of(response)


async def code_of(party: RelyingParty, **members: Any) -> tuple[str, str]:
    """A service's presentation up to the return: the session and the response code."""
    session, back = await party.answered(**members)
    assert back.startswith(f"{BACK}?response_code=")
    return session, back.partition("=")[2]


def kinds_left(party: RelyingParty) -> set[str]:
    """Of which kinds there are records in its database."""
    database = party.store._database
    with database.transaction():
        return set(database.connection.execute(select(records.c.kind)).scalars())


# --- the question ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "members",
    [
        {"dcql_query": None},
        {"dcql_query": {}},
        {"dcql_query": []},
        {"dcql_query": {"credentials": []}},
        {"response_mode": "fragment"},
        {"response_mode": None},
        {"response_mode": ["direct_post"]},
        {"client_id_prefix": "origin"},
        {"client_id_prefix": "x509_hash:abc"},
        {"request_uri_method": "PUT"},
        {"request_uri_method": "GET"},
        {"cross_device": "true"},
        {"cross_device": 1},
        {"cross_device": None},
        {"return_uri": 7},
        {"return_uri": ""},
        {"return_uri": "javascript:alert(1)"},
        {"return_uri": "/relative"},
        {"return_uri": "https://user:secret@tax.utopia.example/"},
        {"return_uri": "ftp://tax.utopia.example/"},
        {"return_uri": BACK + "#top", "initiator": "mine"},
        {"return_uri": BACK},
        {"initiator": 7},
        {"initiator": ""},
        {"initiator": "a session, and no page of its own"},
        {"transaction_data": {}},
        {"transaction_data": ["text"]},
        {"transaction_data": [{"type": 7, "credential_ids": ["pid"]}]},
        {"transaction_data": [{"type": "t"}]},
        {"transaction_data": [{"type": "t", "credential_ids": "pid"}]},
        {"transaction_data": [{"type": "t", "credential_ids": [7]}]},
        {"transaction_data": [{"type": "t", "credential_ids": []}]},
        {"unknown": 1},
        {"dcql_query ": NAME_QUERY},
    ],
    ids=str,
)
@pytest.mark.refuses(Check.SYNTAX)
async def test_a_question_that_does_not_parse_is_malformed(party: RelyingParty, members: dict[str, Any]) -> None:
    body = question(**members)
    with pytest.raises(Malformed):
        parse_question(body)
    response = await party.call("POST", "/requests", body)
    assert (response.status, json_of(response)["check"]) == (400, "syntax")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"a":1,"a":2}', b"\xff", b"[" * 10_000])
async def test_what_is_no_object_is_malformed(party: RelyingParty, body: bytes) -> None:
    response = await party.call("POST", "/requests", body)
    assert (response.status, json_of(response)["check"]) == (400, "syntax")


def test_every_member_of_a_question_is_explained() -> None:
    page = (Path(__file__).parents[3] / "docs" / "verifier.md").read_text()
    table = page.partition("## The question")[2].partition("## The answer")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == verifier_operator._MEMBERS


def test_what_is_left_out_has_its_default() -> None:
    asked = parse_question(question())
    assert (asked.response_mode, asked.client_id_prefix, asked.request_uri_method) == (
        "direct_post.jwt",
        "x509_hash",
        "get",
    )
    assert (asked.initiator, asked.return_uri, asked.cross_device, asked.transaction_data) == (None, None, False, ())


def test_all_of_it_is_taken() -> None:
    payment = {"type": "t", "credential_ids": ["pid"], "payload": {"amount": "1"}}
    asked = parse_question(
        question(
            response_mode="direct_post",
            client_id_prefix="x509_san_dns",
            request_uri_method="post",
            transaction_data=[payment],
            cross_device=True,
            purpose="To open an account",
            **MINE,
        )
    )
    assert (asked.response_mode, asked.client_id_prefix, asked.request_uri_method) == (
        "direct_post",
        "x509_san_dns",
        "post",
    )
    assert (asked.initiator, asked.return_uri, asked.cross_device) == ("my session", BACK, True)
    assert asked.purpose == "To open an account"
    assert asked.transaction_data[0].members == {"payload": {"amount": "1"}}


async def test_the_answer_is_the_session_and_the_link(party: RelyingParty) -> None:
    response = await party.call("POST", "/requests", question())
    assert response.status == 201
    assert json_of(response).keys() == {"session", "link", "request_uri"}


async def test_a_request_of_redirect_uri_stands_in_its_link(party: RelyingParty) -> None:
    query = {
        "credentials": [
            {"id": "account", "format": "dc+sd-jwt", "meta": {"vct_values": [PAYMENT_VCT]}},
        ]
    }
    begun = await party.ask(query, client_id_prefix="redirect_uri")
    assert begun["request_uri"] is None
    assert f"client_id=redirect_uri%3A{ORIGIN.replace(':', '%3A').replace('/', '%2F')}" in begun["link"]
    assert (await party.get(f"{ORIGIN}/request/{begun['session']}")).status == 400


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        ({"response_mode": "direct_post"}, "profile.response_modes"),
        ({"client_id_prefix": "x509_san_dns"}, "profile.client_id_prefixes"),
        ({"client_id_prefix": "redirect_uri"}, "profile.client_id_prefixes"),
    ],
)
@pytest.mark.refuses(Check.PROFILE)
async def test_under_haip_what_is_plains_alone_is_refused_by_name(
    tmp_path: Path, choice: dict[str, str], field: str
) -> None:
    party = await open_relying_party(tmp_path, profile=HAIP)
    response = await party.call("POST", "/requests", question(**choice))
    party.close()
    said = json_of(response)
    assert (response.status, said["check"], said["field"]) == (400, "profile", field)
    assert next(iter(choice.values())) in said["detail"]


# --- the operator's own question ------------------------------------------------------------------------------------


async def test_a_result_is_handed_over_once(party: RelyingParty) -> None:
    session, back = await party.answered()
    await party.get(back)
    first, second = await party.result(session), await party.result(session)
    assert (first["state"], len(first["credentials"])) == ("accepted", 1)
    assert second == {"state": "collected", "credentials": [], "error": None}


async def test_two_who_collect_at_once_get_it_once(party: RelyingParty) -> None:
    session, back = await party.answered()
    await party.get(back)
    results = await asyncio.gather(*(party.result(session) for _ in range(5)))
    assert sum(len(result["credentials"]) for result in results if "credentials" in result) == 1


async def test_a_result_has_the_shape_that_is_documented(party: RelyingParty) -> None:
    session, back = await party.answered()
    await party.get(back)
    result = await party.result(session)
    assert result.keys() == {"state", "credentials", "error"}
    (credential,) = result["credentials"]
    assert credential.keys() == {"id", "format", "type", "issuer", "claims", "status", "holder_bound"}


@pytest.mark.parametrize("returned", [True, False])
async def test_of_what_nobody_collects_the_outcome_is_left(party: RelyingParty, returned: bool) -> None:
    session, back = await party.answered()
    if returned:
        await party.get(back)
    party.clock.advance(RESULT_SECONDS)
    await party.store.purge()
    assert kinds_left(party) == {"presentation lapse"}
    for _ in range(2):
        assert await party.result(session) == {"state": "uncollected", "credentials": [], "error": None}
    party.clock.advance(OUTCOME_SECONDS - 1)
    assert (await party.result(session))["state"] == "uncollected"
    party.clock.advance(1)
    assert json_of(await party.call("GET", f"/requests/{session}"))["check"] == "known-session"


async def test_who_waits_holds_nothing_of_what_is_asked(party: RelyingParty) -> None:
    """Thousands do at a time, and a request object with its certificates has some 10 kB."""

    def held() -> int:
        return sum(isinstance(each, Requested) for each in gc.get_objects())

    session, _ = await party.begin()
    gc.collect()
    before = held()
    waiting = [asyncio.create_task(party.call("GET", f"/requests/{session}?wait=1")) for _ in range(5)]
    await asyncio.sleep(0)
    assert party.service._waiting._count == len(waiting)
    assert held() == before
    party.service.end_waits()
    assert {json_of(answer)["state"] for answer in await asyncio.gather(*waiting)} == {"pending"}


@pytest.mark.parametrize(("cross_device", "seconds"), [(False, SAME_DEVICE_SECONDS), (True, CROSS_DEVICE_SECONDS)])
async def test_a_request_that_nobody_answers_is_told_as_expired(
    party: RelyingParty, cross_device: bool, seconds: int
) -> None:
    session, _ = await party.begin(cross_device=cross_device)
    party.clock.advance(seconds - 1)
    assert (await party.result(session))["state"] == "pending"
    party.clock.advance(1)
    assert await party.result(session) == {"state": "expired", "credentials": [], "error": None}
    party.clock.advance(OUTCOME_SECONDS)
    assert json_of(await party.call("GET", f"/requests/{session}"))["check"] == "known-session"


async def test_what_expired_says_why_the_last_answer_was_not_taken(party: RelyingParty) -> None:
    session, asked = await party.begin()
    assert (await party.send(asked.answer(asked.present(nonce="another")))).status == 400
    party.clock.advance(SAME_DEVICE_SECONDS)
    result = await party.result(session)
    assert (result["state"], result["error"]["check"]) == ("expired", "nonce")


@pytest.mark.parametrize("end", ["accepted", "refused", "rejected"])
async def test_a_session_that_ended_has_not_expired(party: RelyingParty, end: str) -> None:
    session, asked = await party.begin(initiator="my session", return_uri=BACK)
    reply = await party.send(asked.refuse() if end == "refused" else asked.answer())
    code = json_of(reply)["redirect_uri"].partition("=")[2]
    whose = "my session" if end == "accepted" else "another"
    assert (await come_back(party, session, response_code=code, initiator=whose))[1]["state"] == end
    party.clock.advance(OUTCOME_SECONDS - 1)
    assert (await party.result(session))["state"] == ("collected" if end == "accepted" else end)
    party.clock.advance(1)
    assert json_of(await party.call("GET", f"/requests/{session}"))["check"] == "known-session"


@pytest.mark.parametrize("session", ["unknown", "%20", "x" * 1_000])
@pytest.mark.refuses(Check.KNOWN_SESSION)
async def test_an_unknown_session_has_no_result(party: RelyingParty, session: str) -> None:
    for response in (
        await party.call("GET", f"/requests/{session}"),
        await party.call("POST", f"/requests/{session}/return", {"response_code": "code"}),
    ):
        said = json_of(response)
        assert (response.status, said["check"], said["fault"]) == (400, "known-session", "client")


@pytest.mark.parametrize("wait", ["-1", "1.5", "abc", "99999", "\N{SUPERSCRIPT TWO}", "1&wait=2"])
async def test_a_wait_is_whole_seconds(party: RelyingParty, wait: str) -> None:
    begun = await party.ask()
    response = await party.call("GET", f"/requests/{begun['session']}?wait={wait}")
    assert (response.status, json_of(response)["check"]) == (400, "syntax")


async def test_a_wait_ends_with_the_answer(party: RelyingParty) -> None:
    session, asked = await party.begin()
    waiting = asyncio.create_task(party.call("GET", f"/requests/{session}?wait=60"))
    await asyncio.sleep(0)
    back = json_of(await party.send(asked.answer()))["redirect_uri"]
    await party.get(back)
    assert json_of(await waiting)["state"] == "accepted"


async def test_a_wait_ends_with_the_request(party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> None:
    def passing(_seconds: float, timeout: Any = asyncio.timeout) -> Any:
        party.clock.advance(30)
        return timeout(0)

    monkeypatch.setattr(asyncio, "timeout", passing)
    begun = await party.ask(cross_device=True)
    response = await party.call("GET", f"/requests/{begun['session']}?wait=60")
    assert (response.status, json_of(response)["state"]) == (200, "expired")


async def test_a_wait_ends_with_its_time(party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "timeout", lambda _seconds, timeout=asyncio.timeout: timeout(0))
    begun = await party.ask()
    response = await party.call("GET", f"/requests/{begun['session']}?wait=1")
    assert json_of(response)["state"] == "pending"


async def test_whoever_waits_is_told_how_it_stands_when_the_verifier_ends(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    trust = Trust((), fixed=(), clock=clock)
    config = sandbox_at(tmp_path)
    world = World(config=config, clock=clock, random=system_random, outbound=Loopback({}), trust=trust)
    role = await open_verifier(world)
    operator = role.listeners[1]
    token = base64url(load_secret(config.verifier.operator_token))

    async def call(method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        headers = (("authorization", f"Bearer {token}"),)
        sent = HttpRequest(method=method, url=operator.origin + path, headers=headers, body=body)
        return json_of(await operator.handle(sent))

    sockets = {listener.name: bind("127.0.0.1", 0) for listener in role.listeners}
    async with asyncio.timeout(5):
        async with serving([role], world=world, sockets=sockets):
            session = (await call("POST", "/requests", question()))["session"]
            waiting = asyncio.create_task(call("GET", f"/requests/{session}?wait=60"))
            await asyncio.sleep(0)
        assert (await waiting)["state"] == "pending"


# --- a service's question -------------------------------------------------------------------------------------------


async def test_a_service_gets_its_result_with_the_code_and_its_browsers_secret(party: RelyingParty) -> None:
    session, code = await code_of(party, **MINE)
    status, result = await come_back(party, session, response_code=code, initiator="my session")
    assert (status, result["state"], len(result["credentials"])) == (200, "accepted", 1)


@pytest.mark.refuses(Check.RESPONSE_CODE)
async def test_a_wrong_code_changes_nothing(party: RelyingParty) -> None:
    session, code = await code_of(party, **MINE)
    for wrong in ({"response_code": "guess"}, {}, {"response_code": code[:-1]}):
        status, said = await come_back(party, session, initiator="my session", **wrong)
        assert (status, said["check"]) == (400, "response-code")
    status, result = await come_back(party, session, response_code=code, initiator="my session")
    assert (status, result["state"]) == (200, "accepted")


@pytest.mark.parametrize("initiator", ["another session", "", None])
@pytest.mark.refuses(Check.SAME_BROWSER)
async def test_another_browser_ends_the_session_for_good(party: RelyingParty, initiator: str | None) -> None:
    session, code = await code_of(party, **MINE)
    members = {"response_code": code} | ({} if initiator is None else {"initiator": initiator})
    status, result = await come_back(party, session, **members)
    if initiator == "":
        assert (status, result["check"]) == (400, "syntax")
        return
    assert (status, result["state"], result["error"]["check"]) == (200, "rejected", "same-browser")
    assert result["error"]["field"] == "initiator"
    assert result["credentials"] == []
    status, result = await come_back(party, session, response_code=code, initiator="my session")
    assert (result["state"], result["credentials"]) == ("rejected", [])


@pytest.mark.refuses(Check.ANSWERED_ONCE)
async def test_a_return_that_is_replayed_signs_nobody_in(party: RelyingParty) -> None:
    session, code = await code_of(party, **MINE)
    await come_back(party, session, response_code=code, initiator="my session")
    for initiator in ("my session", "another session"):
        status, said = await come_back(party, session, response_code=code, initiator=initiator)
        assert (status, said["check"]) == (400, "answered-once")
    assert (await party.result(session)) == {"state": "collected", "credentials": [], "error": None}


@pytest.mark.refuses(Check.SAME_BROWSER)
async def test_without_the_secret_nobody_collects(party: RelyingParty) -> None:
    session, asked = await party.begin(cross_device=True, initiator="my session")
    assert (await come_back(party, session, initiator="my session"))[1]["state"] == "pending"
    await party.send(asked.answer())
    response = await party.call("GET", f"/requests/{session}")
    assert (response.status, json_of(response)["check"]) == (400, "same-browser")
    status, said = await come_back(party, session, initiator="another session")
    assert (status, said["check"], said["field"]) == (400, "same-browser", "initiator")
    status, result = await come_back(party, session, initiator="my session")
    assert (status, result["state"], len(result["credentials"])) == (200, "accepted", 1)


async def test_a_return_that_is_too_late_says_so(party: RelyingParty) -> None:
    session, code = await code_of(party, **MINE)
    party.clock.advance(RESULT_SECONDS)
    status, result = await come_back(party, session, response_code=code, initiator="my session")
    assert (status, result) == (200, {"state": "uncollected", "credentials": [], "error": None})


async def test_a_service_that_waits_for_a_scan_is_told_when_the_code_expires(party: RelyingParty) -> None:
    session, _ = await party.begin(cross_device=True, initiator="my session")
    party.clock.advance(CROSS_DEVICE_SECONDS)
    status, result = await come_back(party, session, initiator="my session")
    assert (status, result) == (200, {"state": "expired", "credentials": [], "error": None})


async def test_a_return_from_a_refusal_says_so(party: RelyingParty) -> None:
    session, asked = await party.begin(**MINE)
    await party.send(asked.refuse())
    status, result = await come_back(party, session, response_code="any", initiator="my session")
    assert (status, result["state"], result["credentials"]) == (200, "refused", [])


@pytest.mark.parametrize(
    ("code", "check"),
    [
        ("access_denied", Check.HELD),
        ("vp_formats_not_supported", Check.VP_FORMATS),
        ("invalid_transaction_data", Check.TRANSACTION_REQUEST),
        ("wallet_unavailable", Check.WALLET_REFUSAL),
        ("of its own", Check.WALLET_REFUSAL),
    ],
)
@pytest.mark.refuses(Check.WALLET_REFUSAL)
async def test_a_refusal_of_the_wallet_has_rule_fault_and_remedy_beside_its_words(
    party: RelyingParty, code: str, check: Check
) -> None:
    session, asked = await party.begin()
    form = {"error": code, "error_description": "not today", "state": asked.claims["state"]}
    assert (await party.send(asked.post(form))).status == 200
    result = await party.result(session)
    assert (result["state"], result["error"]) == (
        "refused",
        {
            "error": code,
            "error_description": "not today",
            "check": check.id,
            "rule": check.rule,
            "clause": check.clause,
            "field": "error",
            "fault": str(check.fault),
            "remedy": check.remedy,
            "detail": f"the wallet answered with {code}: not today",
        },
    )


@pytest.mark.parametrize("body", [b"", b"[]", b'{"response_code":7}', b'{"initiator":[]}'])
async def test_a_return_that_does_not_parse_is_malformed(party: RelyingParty, body: bytes) -> None:
    session, _ = await code_of(party, **MINE)
    response = await party.call("POST", f"/requests/{session}/return", body)
    assert (response.status, json_of(response)["check"]) == (400, "syntax")


# --- the door -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.refuses(Check.OPERATOR_TOKEN)
async def test_nothing_is_done_without_the_token(party: RelyingParty, route: Any) -> None:
    path = route.path.replace("{session}", "x")
    for token in ("", "guess", party.token[:-1], party.token.lower()):
        response = await party.call(route.method, path, question(), token=token)
        assert (response.status, json_of(response)["check"]) == (401, "operator-token")


async def test_the_public_door_does_not_lead_here(party: RelyingParty) -> None:
    for method, path in (("GET", "/requests/x"), ("POST", "/requests")):
        assert (await party.get(ORIGIN + path)).status == 404, method


def test_a_question_has_a_size() -> None:
    assert {route.max_body for route in ROUTES if route.method == "POST"} == {MAX_QUESTION}
    with pytest.raises(Malformed):
        parse_question(question(initiator="x" * MAX_QUESTION))
