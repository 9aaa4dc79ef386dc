"""Every refusal says rule, clause, field, side at fault and remedy: on a page, in JSON, in the log and on the terminal.

For each rule a role refuses, before a person, a program and an operator; each endpoint that has a protocol's own words
for a refusal says it in those; and ``zegel explain`` says it beforehand.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import fixed_random
from zegel_testing.logs import logging_to
from zegel_testing.page import Page
from zegel_testing.wallet_world import WalletWorld, wallet_world

from zegel.checks import Check
from zegel.cli import output
from zegel.cli.main import main
from zegel.errors import Denied, Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.web.app.provider import open_provider
from zegel.web.pages import error_page
from zegel.web.routing import Audience, Route
from zegel.web.site import Site, SitePolicy

pytestmark = pytest.mark.anyio

EACH = pytest.mark.parametrize("check", list(Check), ids=lambda check: check.id)
ORIGIN = "https://issuer.utopia.example"
TOKEN = "the operator's own"
DETAIL = "expected one thing, got another"
MEMBERS = ("check", "rule", "clause", "field", "fault", "remedy")
ON_A_PAGE = ("Check", "Rule", "Clause", "Field", "To be changed by", "Remedy")


def errors(check: Check) -> Iterator[tuple[ZegelError, str]]:
    """The errors that carry a rule, and the field that each is about: its own, or else that of the rule."""
    if check is Check.SYNTAX:
        yield Malformed("form", "a.b[0]", DETAIL), "a.b[0]"
        yield Malformed("form", "", DETAIL), check.field
    elif check is Check.AVAILABILITY:
        yield Unavailable("database", DETAIL), check.field
    yield Rejected(check, DETAIL, field="a.b[0]"), "a.b[0]"
    yield Rejected(check, DETAIL), check.field
    yield Denied("invalid_request", check, DETAIL), check.field


def said_of(check: Check, field: str) -> tuple[str, ...]:
    return (check.id, check.rule, check.clause, field, str(check.fault), check.remedy)


def refusing(error: ZegelError) -> Site[None]:
    """A role that refuses whatever comes, for each kind of reader at an address of its own."""

    async def refuse(_role: None, _request: HttpRequest) -> HttpResponse:
        raise error

    return Site(
        None,
        routes=[Route("GET", f"/{audience}", refuse, audience) for audience in Audience],
        policy=SitePolicy(role="issuer", origin=ORIGIN, operator_token=sha256(TOKEN.encode()).digest()),
        page=error_page(role="Issuer", host="issuer.utopia.example"),
        random=fixed_random("site"),
    )


async def asked(site: Site[None], audience: Audience) -> HttpResponse:
    headers = (("host", "issuer.utopia.example"), ("authorization", f"Bearer {TOKEN}"))
    return await site.handle(HttpRequest(method="GET", url=f"{ORIGIN}/{audience}", headers=headers))


def on_page(response: HttpResponse) -> tuple[str, ...]:
    """What stands behind each of the words."""
    html = response.body.decode()
    Page(html)
    found = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", html))
    return tuple(unescape(found[word]) for word in ON_A_PAGE)


def in_json(body: bytes | str) -> tuple[str, ...]:
    members = json.loads(body)
    return tuple(members[name] for name in MEMBERS)


@pytest.fixture
def log() -> Iterator[StringIO]:
    written = StringIO()
    with logging_to(written):
        yield written


@pytest.mark.slow
@EACH
async def test_a_role_says_it_on_a_page_in_json_and_in_the_log(check: Check, log: StringIO) -> None:
    for error, field in errors(check):
        site = refusing(error)
        assert on_page(await asked(site, Audience.PERSON)) == said_of(check, field)
        for audience in (Audience.MACHINE, Audience.OPERATOR):
            assert in_json((await asked(site, audience)).body) == said_of(check, field)
        lines = log.getvalue().splitlines()[-3:]
        assert [in_json(line) for line in lines] == [said_of(check, field)] * 3


@pytest.mark.slow
@EACH
def test_a_command_says_it_in_words_and_in_json(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    for error, field in errors(check):
        output.report(error, as_json=True)
        assert in_json(capsys.readouterr().out) == said_of(check, field)
        output.report(error, as_json=False)
        lines = dict(re.findall(r"^  (\w+) +(.+)$", capsys.readouterr().err, re.MULTILINE))
        assert tuple(lines[name] for name in MEMBERS) == said_of(check, field)


@pytest.mark.slow
@EACH
def test_zegel_explain_says_it_beforehand(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", check.id, "--json"]) == 0
    assert in_json(capsys.readouterr().out) == said_of(check, check.field)
    assert main(["explain", check.id]) == 0
    said = capsys.readouterr().out
    lines = dict(re.findall(r"^  (\w+) +(.+)$", said, re.MULTILINE))
    assert (said.split("\n")[0], *(lines[name] for name in MEMBERS[1:])) == said_of(check, check.field)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path) as opened:
        provider = await open_provider(opened.world)
        opened.roles["provider"] = provider
        yield opened
        provider.close()


@pytest.mark.slow
async def test_endpoints_with_words_of_their_own_say_it_too(world: WalletWorld) -> None:
    worded: set[str] = set()
    for role in world.roles.values():
        for listener in role.listeners:
            site: Any = listener.handle.__self__
            for route in site._routes:
                if route.refusal is not None:
                    worded.add(f"{role.name} {route.path}")
                    for check in Check:
                        for error, field in errors(check):
                            assert in_json(route.refusal(site._role, error).body) == said_of(check, field), route.path
    assert {"issuer /token", "issuer /credential", "verifier /response/{session}", "provider /token"} <= worded


@pytest.mark.slow
async def test_the_verifiers_operator_is_told_it_with_the_result(world: WalletWorld) -> None:
    request = await world.request()
    form = (("content-type", "application/x-www-form-urlencoded"),)
    url = request["request_uri"].replace("/request/", "/response/")
    told = await world.outbound.fetch(HttpRequest(method="POST", url=url, headers=form, body=b"response=a.b.c"))
    result = await world.result(request["session"])
    assert in_json(json.dumps(result["error"])) == in_json(told.body)
    assert result["error"]["check"] == "syntax"
