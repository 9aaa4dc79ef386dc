"""The doctor before roles that no wallet asks: known by what they publish, and not broken for being nothing else."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from zegel_testing.authorities import DAY
from zegel_testing.doctor import Spoil, eyes, found, ill, serve_trust, untouched
from zegel_testing.issuing_world import IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.keyfiles import load_private_key
from zegel.adapters.trust_files import load_trust
from zegel.config.roles import Config
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.jws import parse_jws, sign_jws
from zegel.services.doctor.doctor import examine
from zegel.services.doctor.eyes import Eyes
from zegel.services.doctor.findings import Finding, State
from zegel.services.doctor.topics import Topic
from zegel.services.trust import Trust
from zegel.web.app.log import open_log_role
from zegel.web.app.registrar import open_registrar

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
REGISTRAR: Final = "registrar"
LOG: Final = "log"
WALLETS: Final = "wallet provider"
LISTED: Final = "list of trusted entities"
SITE: Final = "https://somebody.utopia.example"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return sandbox_at(tmp_path_factory.mktemp("doctor") / "sandbox")


@pytest.fixture
async def world(sandbox: Config, tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox, database=f"sqlite:///{tmp_path}/issuer.db") as opened:
        await serve_trust(opened.world, opened.handlers)
        roles = (await open_registrar(opened.world), await open_log_role(opened.world))
        opened.handlers |= {listener.origin: listener.handle for role in roles for listener in role.listeners}
        opened.handlers[SITE] = page
        yield opened
        for role in roles:
            role.close()


async def page(request: HttpRequest) -> HttpResponse:
    """Somebody's page, at one address and no other."""
    if request.path != "/":
        return HttpResponse(status=404)
    return HttpResponse(status=200, headers=(("content-type", "text/html"),), body=b"<!doctype html>")


def answering(path: str, change: Callable[[HttpResponse], HttpResponse]) -> Spoil:
    """The answer at a path, changed."""
    return lambda request, response: change(response) if request.path == path else response


def body(made: Callable[[bytes], bytes]) -> Callable[[HttpResponse], HttpResponse]:
    return lambda response: replace(response, body=made(response.body))


def looking(world: IssuingWorld, spoil: Spoil, **changes: Any) -> Eyes:
    folder, now = world.world.config.trust.folder, world.clock.now()
    operators = load_trust([folder], now=now, operators=True, refused=lambda path, error: None)
    return eyes(world.world, spoil, **{"operators": operators, **changes})


async def seen(world: IssuingWorld, url: str, spoil: Spoil = untouched, **changes: Any) -> list[Finding]:
    return list(await examine(url, eyes=looking(world, spoil, **changes)))


def url_of(world: IssuingWorld, role: str) -> str:
    config = world.world.config
    return {
        REGISTRAR: config.registrar.origin, LOG: config.transparency_log.origin,
        WALLETS: config.wallet_provider.origin, LISTED: f"{config.trust.origin}/lists/pid-providers.jwt",
    }[role]  # fmt: skip


SOUND: Final = {
    REGISTRAR: {Topic.REACHABLE, Topic.TLS, Topic.CLOCK, Topic.CONTENT, Topic.CORS, Topic.KEYS, Topic.SIGNED_ANSWER},
    LOG: {Topic.REACHABLE, Topic.TLS, Topic.CLOCK, Topic.CONTENT, Topic.SIGNED_ANSWER},
    WALLETS: {Topic.REACHABLE, Topic.TLS, Topic.CLOCK, Topic.CONTENT, Topic.CORS, Topic.STATUS},
    LISTED: {Topic.REACHABLE, Topic.TLS, Topic.CLOCK, Topic.CONTENT, Topic.CORS, Topic.SIGNED_ANSWER},
}


@pytest.mark.parametrize(("role", "topics"), SOUND.items(), ids=SOUND)
async def test_a_sound_role_is_known_by_what_it_publishes_and_found_sound(
    world: IssuingWorld, role: str, topics: set[Topic]
) -> None:
    findings = await seen(world, url_of(world, role))
    assert ill(findings) == set()
    assert {each.topic for each in findings} == topics


def without(name: str) -> Callable[[HttpResponse], HttpResponse]:
    return lambda response: replace(response, headers=tuple(each for each in response.headers if each[0] != name))


def absent(response: HttpResponse) -> HttpResponse:
    return replace(response, status=404)


def renamed(data: bytes) -> bytes:
    members = json.loads(data)
    return json.dumps({"keys": [each | {"kid": "another"} for each in members["keys"]]}).encode()


def forged(data: bytes) -> bytes:
    """The same under a signature that is none."""
    return data[:-86] + b"A" * 86


FAULTS: Final[dict[str, tuple[str, Spoil, Topic, str, State]]] = {
    "an answer that is not signed": (
        REGISTRAR, answering("/wrp", body(forged)), Topic.SIGNED_ANSWER, REGISTRAR, State.BROKEN,
    ),
    "under a key that is not published": (
        REGISTRAR, answering("/jwks", body(renamed)), Topic.SIGNED_ANSWER, REGISTRAR, State.BROKEN,
    ),
    "whose keys are nowhere": (
        REGISTRAR, answering("/wrp", without("x-jku-url")), Topic.KEYS, "published keys", State.BROKEN,
    ),
    "whose keys are not there": (
        REGISTRAR, answering("/jwks", absent), Topic.REACHABLE, "published keys", State.BROKEN,
    ),
    "a head that is not signed": (
        REGISTRAR, answering("/log/head", body(forged)), Topic.SIGNED_ANSWER, "log of changes", State.BROKEN,
    ),
    "a register without a head": (
        REGISTRAR, answering("/log/head", absent), Topic.REACHABLE, "log of changes", State.UNSEEN,
    ),
    "an answer for no page": (
        REGISTRAR, answering("/wrp", without("access-control-allow-origin")), Topic.CORS, REGISTRAR, State.DOUBTFUL,
    ),
    "no tree head": (LOG, answering("/ct/v2/get-sth", body(lambda _: b"{}")), Topic.SIGNED_ANSWER, LOG, State.BROKEN),
    "a tree head of another form": (
        LOG, answering("/ct/v2/get-sth", body(lambda _: b'{"sth": 7}')), Topic.SIGNED_ANSWER, LOG, State.BROKEN,
    ),
    "no list of statuses": (
        WALLETS, answering("/status", body(lambda _: b'{"status_lists": 7}')), Topic.STATUS, WALLETS, State.BROKEN,
    ),
    "a list that nobody signed": (
        LISTED, answering("/lists/pid-providers.jwt", body(forged)), Topic.SIGNED_ANSWER, LISTED, State.BROKEN,
    ),
    "a list of another media type": (
        LISTED, answering("/lists/pid-providers.jwt", without("content-type")), Topic.CONTENT, LISTED, State.BROKEN,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("role", "spoil", "topic", "subject", "state"), FAULTS.values(), ids=FAULTS)
async def test_a_fault_is_found_where_it_is(
    world: IssuingWorld, role: str, spoil: Spoil, topic: Topic, subject: str, state: State
) -> None:
    assert (topic, subject, state) in ill(await seen(world, url_of(world, role), spoil))


async def test_each_list_of_wallets_is_looked_at_and_has_to_be_one_of_wallets(world: IssuingWorld) -> None:
    provider, trust = url_of(world, WALLETS), world.world.config.trust.origin
    uris = [f"{provider}/status/nowhere", f"{trust}/status/registration.status"]
    spoil = answering("/status", body(lambda _: json.dumps({"status_lists": uris}).encode()))
    findings = [each for each in await seen(world, provider, spoil) if each.topic is Topic.STATUS]
    assert [(each.state, each.check) for each in findings] == [
        (State.BROKEN, "status-list"), (State.BROKEN, "anchor"),
    ]  # fmt: skip


async def test_what_is_old_is_broken(world: IssuingWorld) -> None:
    log_url = url_of(world, LOG)
    shown = await world.world.outbound.fetch(HttpRequest(method="GET", url=f"{log_url}/ct/v2/get-sth"))
    world.clock.advance(2 * DAY)
    old = answering("/ct/v2/get-sth", body(lambda _: shown.body))
    log = found(await seen(world, log_url, old), Topic.SIGNED_ANSWER, LOG)
    assert (log.state, log.check) == (State.BROKEN, "tree-head")
    world.clock.advance(180 * DAY)
    listed = found(await seen(world, url_of(world, LISTED)), Topic.SIGNED_ANSWER, LISTED)
    assert (listed.state, listed.check) == (State.BROKEN, "list-freshness")


async def test_whose_key_is_not_known_is_not_verified_and_not_broken(world: IssuingWorld) -> None:
    nobody = Trust((), fixed=(), clock=world.clock)
    findings = await seen(world, url_of(world, LOG), trust=nobody)
    assert ill(findings) == {(Topic.SIGNED_ANSWER, LOG, State.UNSEEN)}
    findings = await seen(world, url_of(world, LISTED), operators=nobody.anchors)
    assert ill(findings) == {(Topic.SIGNED_ANSWER, LISTED, State.UNSEEN)}


async def test_a_register_of_another_name_is_found(world: IssuingWorld) -> None:
    world.handlers["https://register.utopia.example"] = world.handlers[url_of(world, REGISTRAR)]
    findings = await seen(world, "https://register.utopia.example")
    assert (Topic.SIGNED_ANSWER, REGISTRAR, State.BROKEN) in ill(findings)


async def test_another_jwt_under_the_key_of_a_register_is_no_answer(world: IssuingWorld) -> None:
    key = load_private_key(world.world.config.registrar.key)

    def id_token(answer: bytes) -> bytes:
        jws = parse_jws(answer, what="answer")
        claims = {name: value for name, value in jws.unverified_claims.items() if name != "data"}
        kid = jws.unverified_header.kid
        return sign_jws(claims | {"sub": "erika"}, signer=key, typ=jws.unverified_header.typ, header={"kid": kid})

    url = url_of(world, REGISTRAR)
    finding = found(await seen(world, url, answering("/wrp", body(id_token))), Topic.SIGNED_ANSWER, REGISTRAR)
    assert (finding.state, finding.check) == (State.BROKEN, "syntax")
    assert "data" in finding.found


# --- what shows nothing ---------------------------------------------------------------------------------------------


async def test_whoever_shows_nothing_without_a_link_is_not_broken(world: IssuingWorld) -> None:
    findings = await seen(world, SITE)
    assert {each.subject for each in findings if each.state is State.UNSEEN} == {
        "issuer metadata", "sign-in provider", REGISTRAR, LOG, WALLETS, "what it is",
    }  # fmt: skip
    assert found(findings, Topic.REACHABLE, SITE).state is State.GOOD
    assert State.BROKEN not in {each.state for each in findings if each.topic is not Topic.TLS}


async def test_what_is_known_to_be_there_is_broken_where_it_is_missing(world: IssuingWorld) -> None:
    for url, others in ((SITE, set()), (url_of(world, LOG), {LOG})):
        findings = list(await examine(url, eyes=looking(world, untouched), expected=("issuer",)))
        assert found(findings, Topic.REACHABLE, "issuer metadata").state is State.BROKEN
        assert others <= {each.subject for each in findings if each.state is State.GOOD}


async def test_a_role_that_fails_is_broken(world: IssuingWorld) -> None:
    findings = await seen(world, SITE, lambda _request, response: replace(response, status=503))
    assert {each.state for each in findings} == {State.BROKEN}
    assert "503" in found(findings, Topic.REACHABLE, SITE).found
