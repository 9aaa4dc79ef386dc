"""docs/operations.md and deploy/: what they promise an operator is so."""

import asyncio
import io
import json
import logging
import re
import shlex
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.logs import logging_to
from zegel_testing.markdown import ROOT, rows, the_block
from zegel_testing.rotation import rotated
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.files import create_owner_only
from zegel.adapters.issuer_files import registered_wallets
from zegel.adapters.keyfiles import create_private_key, load_private_key, load_secret
from zegel.adapters.logs import Log, configure_logs
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import open_store
from zegel.checks import Check
from zegel.cli.db import STORED
from zegel.cli.main import main
from zegel.cli.serve import _where
from zegel.config.parse import parse_config
from zegel.config.roles import Config
from zegel.config.setting import Port, settings_of
from zegel.errors import Rejected
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.oauth.redirects import check_redirect_uri
from zegel.protocols.openid4vci.publication import SIGNED_SECONDS
from zegel.services.trust import Trust
from zegel.version import __version__
from zegel.web.app.all import ROLE_NAMES, load_role
from zegel.web.app.issuer import _SHARED_SECONDS
from zegel.web.app.keys import lasting_secret, role_keys, sealing_keys
from zegel.web.app.roles import OpenRole, World
from zegel.web.app.serve import GRACE_SECONDS, TLS_1_2_CIPHERS
from zegel.web.app.workers import METRICS_STEP
from zegel.web.app.world import ConfiguredList
from zegel.web.issuer import METADATA_SECONDS
from zegel.web.pace import _A_SECOND, LATE_SECONDS, SOON_SECONDS
from zegel.web.verifier_operator import MAX_WAIT

PAGE = ROOT / "docs" / "operations.md"
UNIT = ROOT / "deploy" / "zegel@.service"
IMAGE = ROOT / "deploy" / "Containerfile"
ROTATIONS = ("key", "its successor", "the old one, after its end")


# --- commands ---------------------------------------------------------------------------------------------------------


def commands(kind: str) -> list[list[str]]:
    return [shlex.split(line, comments=True)[1:] for line in the_block(kind).text.splitlines()]


@pytest.mark.slow
def test_databases_and_configurations_are_looked_after_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = sandbox_at(tmp_path / "utopia")
    monkeypatch.setenv("ZEGEL_CONFIG", str(tmp_path / "utopia" / "zegel.toml"))
    monkeypatch.chdir(tmp_path)
    for role in STORED:
        asyncio.run(made(config, role))
    for kind in ("sh upkeep config", "sh upkeep db", "sh upkeep restore", "sh upkeep upgrade"):
        for command in commands(kind):
            assert main(command) == 0, (command, capsys.readouterr())
    assert sorted(path.name for path in (tmp_path / "backups" / "today").iterdir()) == sorted(
        f"{role}.db" for role in STORED
    )


async def made(config: Config, role: str) -> None:
    own = getattr(config, role.replace("-", "_"))
    clock, key = ManualClock(NOW), load_secret(own.sealing_key)
    (await open_store(own.database, key=key, clock=clock, random=system_random)).close()


@pytest.mark.slow
def test_keys_are_rotated_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = sandbox_at(tmp_path)
    monkeypatch.setenv("ZEGEL_CONFIG", str(tmp_path / "zegel.toml"))
    for command in commands("sh upkeep keys"):
        assert main(command) == 0, command
    rings = sorted(path.name for path in (tmp_path / "keys").glob("*.ring"))
    assert rings == ["issuer.key.pem.ring", "provider.key.pem.ring"]
    assert len(load_sealing_keys(config.issuer.sealing_key).retired) == 1


def test_a_key_that_was_certified_elsewhere_is_given_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sandbox_at(tmp_path)
    ring = rotated(sandbox_at(tmp_path / "elsewhere"), "verifier.access_key", now=NOW)
    create_private_key(tmp_path / "new.key.pem", ring.current.private)
    create_owner_only(tmp_path / "new.pem", ring.current.certificates[0].pem.encode())
    monkeypatch.setenv("ZEGEL_CONFIG", str(tmp_path / "zegel.toml"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)  # the certificate is in force
    (command,) = commands("sh upkeep certified")
    assert main(command) == 0
    assert load_private_key(config.verifier.access_key).public_key == ring.current.key


def test_every_key_is_in_the_table_of_rotations_and_no_other(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path)
    known = [*role_keys(config), *sealing_keys(config), lasting_secret(config)]
    named = [name for cell, *_ in rows(PAGE, ROTATIONS) for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(named) == sorted(key.name for key in known)


def test_a_key_is_known_for_as_long_as_the_table_says() -> None:
    config = parse_config("", folder=Path("/etc/zegel"))
    practices = {key.name: key.practice for key in role_keys(config)}
    turn = config.keys
    assert practices["verifier.access_key"].trails == turn + 10 * 60
    assert (practices["provider.key"].announced, practices["provider.key"].trails) == (turn + 5 * 60, turn + 6 * 60)
    assert practices["issuer.encryption_key"].trails == turn + 30 * DAY
    assert METADATA_SECONDS + SIGNED_SECONDS <= DAY + 600
    assert [key.trails for key in sealing_keys(config)] == [365 * DAY + 600, 3_600, 3_600, 0, 3_600, 0]


def test_what_is_made_of_the_sources_is_made_as_it_says() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = [line.split()[1] for line in the_block("sh supply").text.splitlines()]
    assert named == ["audit", "sbom", "wheel"]
    for target in named:
        assert re.search(rf"^{target}:$", makefile, re.MULTILINE)
    assert "-o dist/zegel.cdx.json" in makefile
    assert "-t wheel -d dist" in makefile


# --- settings ---------------------------------------------------------------------------------------------------------


def test_a_role_behind_a_proxy_is_configured_as_it_says() -> None:
    issuer = parse_config(the_block("toml role").text, folder=Path("/etc/zegel")).issuer
    assert issuer.database == "sqlite:////var/lib/zegel/issuer.db"
    assert issuer.sealing_key == Path("/etc/zegel/keys/issuer.seal")
    assert (issuer.metrics_port, issuer.metrics_address) == (Port(7121), "127.0.0.1")


def test_a_wallet_of_others_is_registered_as_it_says() -> None:
    issuer = parse_config(the_block("toml wallet").text, folder=Path("/etc/zegel")).issuer
    assert registered_wallets(issuer) == {"https://wallet.example": ("eudi-openid4ci://authorize",)}
    with pytest.raises(Rejected):
        check_redirect_uri("eudi-openid4ci://authorize", registered=None)


def test_renewal_is_configured_as_it_says() -> None:
    registrations = parse_config(the_block("toml renewal").text, folder=Path("/etc/zegel")).registrations
    assert registrations == replace(Config().registrations, registrar=registrations.registrar)
    assert registrations.registrar == "https://registrar.example"


def test_workers_and_what_they_take_on_are_set_as_it_says() -> None:
    config = parse_config(the_block("toml workers").text, folder=Path("/etc/zegel"))
    assert (config.provider.workers, config.issuer.workers, config.verifier.workers) == (2, 1, 1)
    assert config.overload == Config().overload, "what it shows is what counts anyway"


@pytest.mark.parametrize(
    ("says", "number"),
    [
        (r"every (\w+) seconds; when over", SOON_SECONDS),
        (r"when over (\d+) wait at one worker", SOON_SECONDS * _A_SECOND),
        (r"more seldom, down to every (\w+)\.", LATE_SECONDS),
        (r"in what every worker serves within (\w+) seconds", _SHARED_SECONDS),
        (r"`metrics_port` and a (\w+) more for each further worker", METRICS_STEP),
    ],
)
def test_what_it_says_of_workers_is_in_the_code(says: str, number: int) -> None:
    words = {"three": 3, "five": 5, "thirty": 30, "hundred": 100}
    found = re.search(says, PAGE.read_text().replace("\n", " "))
    assert found is not None
    assert (words.get(found[1]) or int(found[1])) == number


def test_the_proxy_passes_on_what_a_role_needs() -> None:
    text = the_block("nginx proxy").text
    issuer = parse_config(the_block("toml role").text, folder=Path("/etc/zegel")).issuer
    assert f"server_name {issuer.origin.removeprefix('https://')};" in text
    assert f"proxy_pass http://{issuer.address}:{issuer.port};" in text
    assert "proxy_set_header Host $host;" in text
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in text
    assert f"ssl_ciphers {TLS_1_2_CIPHERS};" in text
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    assert f"{issuer.address}/32" in issuer.trusted_proxies  # nginx is on the same machine
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", text)
    assert int(seconds) > MAX_WAIT
    assert text.count("{") == text.count("}")


def test_every_rate_is_explained_with_its_endpoint() -> None:
    explained = rows(PAGE, ("what", "endpoints", "settings of an address", "of a session"))
    named = [name for _, _, *cells in explained for cell in cells for name in re.findall(r"`([\w.]+)`", cell)]
    rated = {
        role: getattr(Config(), role).rates
        for role in (
            "issuer",
            "verifier",
            "provider",
            "wallet",
            "wallet_provider",
            "registrar",
            "access_authority",
            "door",
            "transparency_log",
        )
    }
    there = [f"{role}.rates.{setting.name}" for role, rates in rated.items() for setting in settings_of(type(rates))]
    assert sorted(name for name in named if "." in name) == sorted(there)


# --- the unit ---------------------------------------------------------------------------------------------------------


def unit() -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text())
    return parser


def directives() -> list[str]:
    lines = [line.partition("=")[0] for line in UNIT.read_text().splitlines() if "=" in line and line[0] != "#"]
    return list(dict.fromkeys(lines))


def test_every_line_of_the_unit_is_explained_and_no_other() -> None:
    explained = [
        name.partition("=")[0] for cell, _ in rows(PAGE, ("line", "why")) for name in re.findall(r"`([^`]+)`", cell)
    ]
    assert sorted(explained) == sorted(set(directives()) - {"Description"})


def test_the_unit_runs_one_role_of_the_configuration_that_it_checks_before() -> None:
    service = unit()["Service"]
    assert service["ExecStart"].split()[1:] == ["serve", "%i", "--config", "/etc/zegel/zegel.toml"]
    assert service["ExecStartPre"].split()[1:] == ["config", "check", "%i", "--config", "/etc/zegel/zegel.toml"]
    assert int(service["TimeoutStopSec"]) > GRACE_SECONDS


@pytest.mark.parametrize(
    ("directive", "value"),
    [
        ("User", "zegel"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictNamespaces", "yes"),
        ("SystemCallArchitectures", "native"),
        ("LimitCORE", "0"),
        ("UMask", "0077"),
    ],
)
def test_the_unit_lets_a_role_do_no_more_than_it_needs(directive: str, value: str) -> None:
    assert unit()["Service"][directive] == value


def test_the_unit_is_installed_as_it_says() -> None:
    lines = the_block("sh systemd").text.splitlines()
    program = Path(unit()["Service"]["ExecStart"].split()[0])
    assert f"python3 -m venv {program.parents[1]}" in lines
    assert f"{program.parent}/python -m pip install --require-hashes -r requirements/run.txt" in lines
    assert (ROOT / "requirements" / "run.txt").exists()
    (installed,) = [line.split()[-2] for line in lines if line.startswith("install ")]
    assert (ROOT / installed) == UNIT
    (instance,) = re.findall(r"zegel@(\w[\w-]*)", lines[-1])
    assert instance in ROLE_NAMES
    assert any(f"/{unit()['Service']['User']} " in f"/{line.split()[-1]} " for line in lines if "useradd" in line)


# --- the image --------------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", IMAGE.read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, rest))
    return found


def test_what_is_copied_into_the_image_is_there_and_is_nothing_but_sources() -> None:
    copied = [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert sorted(copied) == [
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "requirements/build.txt",
        "requirements/run.txt",
        "src",
    ]
    assert all((ROOT / source).exists() for source in copied)
    assert not [name for name, _ in instructions() if name == "ADD"]


def test_the_image_takes_only_what_is_pinned() -> None:
    installing = [part for _, rest in instructions() for part in re.split(r"&&", rest) if "pip install" in part]
    assert len(installing) == 3
    assert all("--require-hashes" in part or "--no-deps --no-index" in part for part in installing)


def test_the_image_that_runs_has_nothing_of_what_built_it_and_is_not_root() -> None:
    first, last = stages()
    assert [rest for name, rest in last if name == "COPY"] == ["--from=build /opt/zegel /opt/zegel"]
    assert first[0][1].endswith("AS build")
    users = [rest for name, rest in last if name == "USER"]
    assert len(users) == 1
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", users[0])
    after = [name for name, _ in last][[name for name, _ in last].index("USER") :]
    assert "RUN" not in after


def test_no_secret_is_in_the_image() -> None:
    for name, rest in instructions():
        if name in ("ENV", "ARG"):
            assert not re.search(r"(?i)secret|token|passw|key|seal", rest), rest


def test_the_image_is_built_and_run_as_it_says() -> None:
    build, run = map(shlex.split, the_block("sh image").text.splitlines())
    assert (ROOT / build[build.index("-f") + 1]) == IMAGE
    (volumes,) = [json.loads(rest) for name, rest in instructions() if name == "VOLUME"]
    mounted = [each.split(":")[1] for at, each in enumerate(run) if run[at - 1] == "-v"]
    assert mounted == volumes
    settings = dict(re.findall(r"(\w+)=(\S+)", next(rest for name, rest in stages()[1] if name == "ENV")))
    assert Path(settings["ZEGEL_CONFIG"]).parent == Path(volumes[0])
    assert {"--read-only", "no-new-privileges"} <= set(run)
    role = run[run.index("serve") + 1]
    assert role in ROLE_NAMES
    port = getattr(parse_config("", folder=ROOT), role).port
    assert f"127.0.0.1:{port}:{port}" in run


# --- what can be seen of a role ---------------------------------------------------------------------------------------


async def opened(name: str, folder: Path) -> OpenRole:
    config, clock, outbound = sandbox_at(folder / name), ManualClock(NOW), Loopback({})
    table = name.replace("-", "_")
    config = replace(config, **{table: replace(getattr(config, table), metrics_port=Port(7121))})
    trust = Trust([ConfiguredList(each, outbound=outbound) for each in config.trusted_lists], fixed=(), clock=clock)
    world = World(config=config, clock=clock, random=system_random, outbound=outbound, trust=trust)
    return await load_role(name)(world)


def told(name: str, folder: Path, path: str) -> bytes:
    async def ask() -> bytes:
        role = await opened(name, folder)
        try:
            listener = role.listeners[-1]
            return (await listener.handle(HttpRequest(method="GET", url=listener.origin + path))).body
        finally:
            role.close()

    return asyncio.run(ask())


def test_a_role_that_is_not_ready_says_so_as_it_is_printed(tmp_path: Path) -> None:
    assert told("issuer", tmp_path, "/readyz").decode() == the_block("json ready").text.strip()


@pytest.mark.slow
def test_every_condition_is_explained_and_of_the_roles_that_it_says(tmp_path: Path) -> None:
    explained = {
        (condition.strip("`"), role)
        for condition, _, of in rows(PAGE, ("condition", "holds when", "of"))
        for role in of.split(", ")
    }
    there = {
        (condition, name)
        for name in ROLE_NAMES
        for condition in json.loads(told(name, tmp_path, "/readyz"))["conditions"]
    }
    assert explained == there


def families(tmp_path: Path) -> set[str]:
    return {
        name
        for role in ROLE_NAMES
        for name in re.findall(r"^# TYPE (\w+) ", told(role, tmp_path, "/metrics").decode(), re.MULTILINE)
    }


METRICS = ("metric", "what it counts", "labels beside `role`")


@pytest.mark.slow
def test_every_metric_is_explained_once(tmp_path: Path) -> None:
    assert sorted(name.strip("`") for name, *_ in rows(PAGE, METRICS)) == sorted(families(tmp_path))


def test_an_alert_is_about_something_that_is_counted() -> None:
    text = the_block("yaml alerts").text
    named = {re.sub(r"_bucket$", "", name) for name in re.findall(r"\bzegel_\w+", text)}
    assert len(named) > 5
    explained = {
        name.strip("`"): set(re.findall(r"`(\w+)`", labels)) | {"role"} for name, _, labels in rows(PAGE, METRICS)
    }
    assert named <= explained.keys()
    for name, labels in re.findall(r"\b(zegel_\w+?)(?:_bucket)?\{(\w+)=", text):
        assert labels in explained[name], name
    assert text.count("- alert:") == text.count("expr:") == text.count("summary:")


def test_a_line_of_the_log_reads_as_it_is_printed() -> None:
    (printed,) = the_block("json log").text.splitlines()
    line = json.loads(printed)
    root = logging.getLogger()
    before, stream = (root.handlers[:], root.level), io.StringIO()
    configure_logs(stream)
    try:
        Log(line["role"]).write(
            line["event"],
            request=line["request"],
            route=line["route"],
            status=line["status"],
            ms=line["ms"],
            check=Check.RESPONSE_CODE,
        )
        Log("issuer").write("request", error=Rejected(Check.NONCE, "expected another"))
        Log("issuer").write("request", error=ZeroDivisionError())
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
    written, refused, failed = map(json.loads, stream.getvalue().splitlines())
    assert [*written] == [*line]
    assert written | {"time": line["time"]} == line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert {"rule", "clause", "remedy", "detail"} <= set(refused)
    assert {"error", "way"} <= set(failed)


def test_where_a_role_answers_is_said_as_it_is_printed(tmp_path: Path) -> None:
    role = asyncio.run(opened("issuer", tmp_path))
    role.close()
    assert _where([role]) == the_block("text start").text.splitlines()


def test_of_tax_online_the_probes_alone_are_logged_and_counted(tmp_path: Path) -> None:
    async def ask() -> tuple[list[HttpResponse], str]:
        role = await opened("service", tmp_path)
        public, watched = role.listeners
        paths = ("/", "/nothing", "/readyz")
        answers = [await public.handle(HttpRequest(method="GET", url=public.origin + path)) for path in paths]
        counted = await watched.handle(HttpRequest(method="GET", url=watched.origin + "/metrics"))
        role.close()
        return answers, counted.body.decode()

    stream = io.StringIO()
    with logging_to(stream):
        answers, counted = asyncio.run(ask())
    assert [answer.status for answer in answers] == [200, 404, 200]
    assert [answer.header("x-request-id") is not None for answer in answers] == [False, False, True]
    assert json.loads(answers[-1].body) == {"ready": True, "conditions": {}}
    assert [json.loads(line)["route"] for line in stream.getvalue().splitlines()] == ["GET /readyz", "GET /metrics"]
    assert re.findall(r"^zegel_requests_total.*$", counted, re.MULTILINE) == [
        'zegel_requests_total{role="service",route="GET /readyz",status="200"} 1'
    ]


def test_the_version_is_told(tmp_path: Path) -> None:
    assert f'zegel_info{{role="trust",version="{__version__}"}} 1'.encode() in told("trust", tmp_path, "/metrics")


@pytest.mark.slow
def test_the_sandbox_is_watched_at_its_own_ports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", str(tmp_path / "utopia"), "--json"]) == 0
    config = load_config(Path(json.loads(capsys.readouterr().out)["config"]))
    ports = [getattr(config, name.replace("-", "_")).metrics_port for name in ROLE_NAMES]
    assert sorted(ports) == list(range(7121, 7121 + len(ROLE_NAMES)))
