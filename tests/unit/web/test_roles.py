"""Roles as they are opened from a configuration: their doors, their keys, the world that they share."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW

from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sandbox.create import Sandbox, create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, PORTS, SandboxPlan
from zegel.config.lists import LIST_TYPES
from zegel.config.role import RoleConfig
from zegel.config.roles import Config, TrustedListConfig, VerifierConfig
from zegel.errors import Unavailable
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.trust import Trust
from zegel.trust.anchors import Purpose
from zegel.trust.lists.values import ListType
from zegel.web.app import all as every_role
from zegel.web.app.all import ROLE_NAMES, load_role, open_roles
from zegel.web.app.roles import OpenRole, RoleSecrets, World, cookie_policy, operator_digest, role_key, tls_files
from zegel.web.app.verifier import open_verifier
from zegel.web.app.world import ConfiguredList, open_world, trust_timer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    plan = SandboxPlan(
        profile="haip",
        tls=False,
        ports={role: 7101 + at for role, at in PORTS.items()},
        operator_ports={role: 7111 + at for at, role in enumerate(OPERATED)},
    )
    return create_sandbox(tmp_path_factory.mktemp("roles") / "utopia", plan, now=NOW, random=system_random)


@pytest.fixture
def config(made: Sandbox) -> Config:
    """The sandbox's configuration, with its lists as files."""
    loaded = load_config(made.config)
    lists = tuple(
        replace(listed, location=str(made.trust_folder / listed.location.rpartition("/")[2]))
        for listed in loaded.trusted_lists
    )
    return replace(loaded, trusted_lists=lists)


@pytest.fixture
def world(config: Config) -> World:
    clock, outbound = ManualClock(NOW), Loopback({})
    sources = [ConfiguredList(listed, outbound=outbound) for listed in config.trusted_lists]
    trust = Trust(sources, fixed=(), clock=clock)
    return World(config=config, clock=clock, random=system_random, outbound=outbound, trust=trust)


# --- keys and cookies -----------------------------------------------------------------------------------------------


def test_each_purpose_of_a_role_has_a_key_of_its_own() -> None:
    keys = {role_key(seal, purpose) for seal in (b"a" * 32, b"b" * 32) for purpose in ("csrf", "nonces")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}


@pytest.mark.parametrize(
    ("origin", "secure", "name"),
    [
        ("http://verifier.localhost:7102", False, "zegel-verifier"),
        ("https://verifier.utopia.example", True, "__Host-zegel-verifier"),
    ],
)
def test_a_cookie_is_secure_where_the_origin_is(origin: str, secure: bool, name: str) -> None:
    policy = cookie_policy("verifier", VerifierConfig(origin=origin), RoleSecrets(key=b"k" * 32))
    assert (policy.secure, policy.name, policy.key) == (secure, name, role_key(b"k" * 32, "csrf"))


def test_tls_takes_a_chain_and_a_key() -> None:
    chain, key = Path("chain.pem"), Path("key.pem")
    assert tls_files(RoleConfig(origin="https://a.example", port=443)) is None
    assert tls_files(RoleConfig(origin="https://a.example", port=443, tls_certificate=chain)) is None
    assert tls_files(RoleConfig(origin="https://a.example", port=443, tls_certificate=chain, tls_key=key)) == (
        chain,
        key,
    )


@pytest.mark.slow
def test_of_the_operators_token_a_digest_is_kept(config: Config) -> None:
    token = base64url(load_secret(config.verifier.operator_token))
    digest = operator_digest(config.verifier.operator_token)
    assert len(digest) == 32
    assert token.encode() not in digest


# --- the verifier ---------------------------------------------------------------------------------------------------


async def test_the_verifier_opens_at_both_doors(world: World) -> None:
    role = await open_verifier(world)
    public, operator = role.listeners
    assert (public.name, public.origin, public.port) == ("verifier", "http://verifier.localhost:7102", 7102)
    assert (operator.name, operator.origin) == ("verifier operator", "http://127.0.0.1:7112")
    assert (public.tls, operator.tls) == (None, None)
    page = await public.handle(HttpRequest(method="GET", url=public.origin + "/"))
    token = base64url(load_secret(world.config.verifier.operator_token))
    headers = (("authorization", f"Bearer {token}"),)
    unknown = await operator.handle(HttpRequest(method="GET", url=operator.origin + "/requests/x", headers=headers))
    barred = await operator.handle(HttpRequest(method="GET", url=operator.origin + "/requests/x"))
    assert (page.status, unknown.status, barred.status) == (200, 400, 401)
    purge, _, lists, registrations = role.timers
    assert await purge.act() == 0
    assert await lists.act() == ()
    assert await registrations.act() is None
    role.close()


async def test_a_session_survives_a_restart(world: World) -> None:
    """What was asked before is answered after."""
    first = await open_verifier(world)
    token = base64url(load_secret(world.config.verifier.operator_token))
    query = b'{"dcql_query":{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["urn:x"]}}]}}'

    async def call(role: OpenRole, method: str, path: str, body: bytes = b"") -> HttpResponse:
        headers = (("authorization", f"Bearer {token}"),)
        operator = role.listeners[1]
        return await operator.handle(HttpRequest(method=method, url=operator.origin + path, headers=headers, body=body))

    asked = await call(first, "POST", "/requests", query)
    assert asked.status == 201, asked.body
    session = asked.body.split(b'"session":"')[1].split(b'"')[0].decode()
    first.close()
    second = await open_verifier(world)
    found = await call(second, "GET", f"/requests/{session}")
    assert (found.status, b'"pending"' in found.body) == (200, True)
    second.close()


@pytest.mark.parametrize("missing", ["sealing_key", "access_key", "access_chain", "operator_token"])
async def test_without_a_key_the_verifier_does_not_open(world: World, tmp_path: Path, missing: str) -> None:
    settings = {missing: tmp_path / "missing", "database": f"sqlite:///{tmp_path / 'verifier.db'}"}
    config = replace(world.config, verifier=replace(world.config.verifier, **settings))
    with pytest.raises(Unavailable):
        await open_verifier(replace(world, config=config))


# --- all of them ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["verifier", "provider", "issuer", "wallet-provider", "registrar", "access-authority"])
async def test_a_role_without_its_keys_leaves_no_database_open(world: World, tmp_path: Path, name: str) -> None:
    role = name.replace("-", "_")
    given = getattr(world.config, role)
    files = {Path(given.database.partition("///")[2]), world.config.issuer.source.register}

    def is_open() -> bool:
        return any(each.is_symlink() and each.readlink() in files for each in Path("/proc/self/fd").iterdir())

    opened = await load_role(name)(world)
    assert is_open()
    opened.close()
    keys = [each for each in ("access_key", "key", "web_key", "registration_key") if hasattr(given, each)]
    last = "operator_token" if hasattr(given, "operator_token") else "key"
    for missing in (keys, [last]):
        emptied = replace(given, **dict.fromkeys(missing, tmp_path / "none.pem"))
        with pytest.raises(Unavailable) as _kept:  # and with it whatever the role had made until then
            await load_role(name)(replace(world, config=replace(world.config, **{role: emptied})))
        assert not is_open()


async def test_roles_open_in_their_order_and_trust_is_kept(world: World) -> None:
    roles = await open_roles(["verifier", "trust"], world)
    assert [role.name for role in roles] == ["trust", "trust keeper", "verifier"]
    (timer,) = roles[1].timers
    await timer.act()
    assert world.trust.anchors.of(Purpose.ISSUER)
    for role in roles:
        role.close()


async def test_without_a_publisher_trust_is_kept_first(world: World) -> None:
    roles = await open_roles(["verifier"], world)
    assert [role.name for role in roles] == ["trust keeper", "verifier"]
    roles[1].close()


async def test_where_one_does_not_open_the_others_are_closed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    def opening(name: str) -> Callable[[World], object]:
        async def open_role(_world: World) -> OpenRole:
            if name == "issuer":
                raise Unavailable("key", "it is not there")
            return OpenRole(name=name, listeners=(), timers=(), close=lambda: closed.append(name))

        return open_role

    monkeypatch.setattr(every_role, "load_role", opening)
    with pytest.raises(Unavailable):
        await open_roles(list(ROLE_NAMES), world)
    assert closed == ["trust", "access-authority", "transparency-log", "wallet-provider"]


# --- the world ------------------------------------------------------------------------------------------------------


async def test_the_world_of_a_configuration_is_opened_and_closed(config: Config) -> None:
    opened = open_world(config)
    assert opened.config is config
    assert opened.clock.now() > 1_700_000_000
    assert len(opened.random(16)) == 16
    await opened.close()


def listed(location: str, config: Config) -> TrustedListConfig:
    return TrustedListConfig(purpose="attestation", location=location, signer=config.trusted_lists[0].signer)


async def test_a_list_comes_from_a_file_or_an_address(config: Config, tmp_path: Path) -> None:
    (tmp_path / "list.jwt").write_bytes(b"from the file")
    seen: list[HttpRequest] = []

    async def host(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse(status=200, body=b"from the address")

    outbound = Loopback({"https://lists.utopia.example": host})
    by_file = ConfiguredList(listed(str(tmp_path / "list.jwt"), config), outbound=outbound)
    by_address = ConfiguredList(listed("https://lists.utopia.example/list", config), outbound=outbound)
    assert await by_file.fetch() == b"from the file"
    assert await by_address.fetch() == b"from the address"
    assert seen[0].header("accept") == "application/jose"
    assert by_file.type is ListType.PUB_EAA_PROVIDERS
    assert by_file.operators[0].purpose is Purpose.LIST


@pytest.mark.parametrize("status", [204, 404, 500])
async def test_a_list_that_is_not_there_is_unavailable(config: Config, status: int) -> None:
    async def host(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=status)

    outbound = Loopback({"https://lists.utopia.example": host})
    for location in ("https://lists.utopia.example/list", "/nonexistent/list.jwt", "https://other.example/list"):
        with pytest.raises(Unavailable):
            await ConfiguredList(listed(location, config), outbound=outbound).fetch()


async def test_a_turn_of_trust_that_fails_in_part_says_so(world: World, config: Config, tmp_path: Path) -> None:
    lists = [*config.trusted_lists[:2], listed(str(tmp_path / "a"), config), listed(str(tmp_path / "b"), config)]
    sources = [ConfiguredList(each, outbound=world.outbound) for each in lists]
    partly = replace(world, trust=Trust(sources, fixed=(), clock=world.clock))
    timer = trust_timer(partly)
    assert (timer.name, timer.seconds) == ("trust", 3_600)
    with pytest.raises(Unavailable):
        await timer.act()
    assert partly.trust.anchors.of(Purpose.ISSUER)


async def test_the_lists_are_fetched_anew_when_one_is_due_and_at_most_once_a_minute(
    world: World, config: Config
) -> None:
    sources = [ConfiguredList(each, outbound=world.outbound) for each in config.trusted_lists]
    clock = ManualClock(world.clock.now())
    seldom = replace(config, lists=replace(config.lists, refresh=10 * DAY))
    fresh = replace(world, config=seldom, clock=clock, trust=Trust(sources, fixed=(), clock=clock))
    timer = trust_timer(fresh)
    assert timer.pause() == 10 * DAY, "nothing is believed yet"
    await timer.act()
    pauses = [timer.pause()]
    clock.advance(DAY - 1)
    pauses.append(timer.pause())
    clock.advance(1)
    pauses.append(timer.pause())
    assert pauses == [DAY, 60, 10 * DAY], "what was due already waits for its turn"


def test_every_purpose_of_the_configuration_has_a_type_of_list(config: Config) -> None:
    assert set(LIST_TYPES.values()) == set(ListType)
    assert {each.purpose for each in config.trusted_lists} == set(LIST_TYPES)
