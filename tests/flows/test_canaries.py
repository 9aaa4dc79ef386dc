"""A run in which every claim, password and passphrase is a canary, from an empty wallet to a fault of ours: none is
anywhere but where it belongs.

The demo is a process of its own on real sockets; a person walks through every role's pages, strangers send what they
like, and a user calls ``zegel``. What the roles draw is looked for step by step in ``test_walk_files``, what passes
between them in ``test_leaks``, and what a real browser says of where it came from in ``tests/browser``.
"""

import asyncio
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx2
import pytest
from zegel_fuzz.endpoints import ROUTES, WITH_BODY
from zegel_testing.canaries import Evidence, MarkedPerson, canary, erika, leaks, mark
from zegel_testing.demo import ZEGEL, RunningDemo, environment
from zegel_testing.draws import beginnings_of, drawn_in
from zegel_testing.leaks import Secrets, keys_of
from zegel_testing.localhost import localhost_names
from zegel_testing.ports import reserved_ports
from zegel_testing.preloaded import preloaded

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.register import open_register
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, ROLES, SandboxPlan
from zegel.cli.walk.browser import Browser, Page
from zegel.config.roles import Config
from zegel.formats.catalogue.types import AttestationType
from zegel.formats.credential import Format
from zegel.primitives.encoding import base64url

pytestmark = pytest.mark.slow

FAULTY = Path(__file__).with_name("faulty_randomness.py")
PERSON = "erika"
NO_TLS = SSLContext(PROTOCOL_TLS_CLIENT)  # all of it is plain http: to load the web's authorities takes 32 ms a request
HANDED_OVER = {"code", "response_code"}  # what an address may hold, which is good once
# What the form of a claim leaves no room in: codes, dates and numbers, and what the issuer says of itself.
NO_ROOM = {
    "diploma.credits", "diploma.eqf_level", "diploma.graduation_date", "diploma.languages", "every type.birth_date",
    "every type.issuing_country", "every type.issuing_jurisdiction", "every type.resident_country", "every type.sex",
    "mdl.driving_privileges.expiry_date", "mdl.driving_privileges.issue_date", "mdl.height", "mdl.licence_expiry_date",
    "mdl.licence_issue_date", "mdl.licence_nationality", "mdl.un_distinguishing_sign", "payment.bic",
    "payment.currency", "pid.attestation_legal_category", "pid.birth_place.country", "pid.expiry_date",
    "pid.issuance_date", "pid.nationality", "residence.household_size", "residence.residence_since",
    "role.may_represent", "role.role_since", "role.role_until",
}  # fmt: skip


class Watched(Browser):
    """A person's browser that remembers where it was sent, and what it was shown where something was refused."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.urls: list[str] = []
        self.refused: list[str] = []

    @property
    def cookies(self) -> set[str]:
        """The values that it holds now."""
        return {value for jar in self._cookies.values() for value in jar.values()}

    async def _send(self, method: str, url: str, body: bytes, headers: Any) -> tuple[int, str | None, str]:
        status, location, text = await super()._send(method, url, body, headers)
        self.urls += [url, location or ""]
        if status >= 400:
            self.refused.append(text)
        return status, location, text


@dataclass
class Run:
    """A demo under way, what was put into it, and what was seen of it. ``words`` are canaries by what they are."""

    home: Path
    own: Path
    program: Path
    config: Config
    demo: RunningDemo
    person: MarkedPerson
    browser: Watched
    words: dict[str, str]
    said: dict[str, list[str]] = field(default_factory=dict)
    processes: list[bytes] = field(default_factory=list)
    held: dict[str, set[bytes]] = field(default_factory=dict)

    def word(self, name: str) -> str:
        """A canary of that name."""
        return self.words.setdefault(name, canary(system_random))

    def hear(self, kind: str, text: str) -> None:
        """Something that was said to somebody."""
        self.said.setdefault(kind, []).append(text)

    def hold(self, name: str, *values: str) -> None:
        """Something that the roles made, and that is a secret."""
        self.held.setdefault(name, set()).update(value.encode() for value in values if len(value) > 15)

    def look_at(self, process: int) -> None:
        """What may be read of a process by whoever may read anything."""
        folder = Path(f"/proc/{process}")
        self.processes.append((folder / "cmdline").read_bytes())
        with suppress(PermissionError):  # its environment is its own, and root's
            self.processes.append((folder / "environ").read_bytes())

    # --- what is done ---------------------------------------------------------------------------------------------

    async def make_wallet(self) -> None:
        wallet, passphrase = self.config.wallet.origin, self.words["passphrase"]
        page = await self.browser.get(wallet)
        await self.browser.submit(page, "/launch", code=self.word("a wrong launch code"))
        page = await self.browser.get(wallet)
        page = await self.browser.submit(page, "/launch/code")
        code = await asyncio.to_thread(self.demo.launch_code)
        page = await self.browser.submit(page, "/launch", code=code)
        await self.browser.submit(page, "/create", passphrase=passphrase, again=self.word("another passphrase"))
        page = await self.browser.get(wallet)
        await self.browser.submit(page, "/create", passphrase=passphrase, again=passphrase)

    async def lock_and_unlock(self) -> None:
        page = await self.browser.get(self.config.wallet.origin)
        page = await self.browser.submit(page, "/lock")
        page = await self.browser.submit(page, "/unlock", passphrase=self.word("a wrong passphrase"))
        await self.browser.submit(page, "/unlock", passphrase=self.words["passphrase"])

    async def receive(self, type_: str) -> None:
        page = await self.browser.get(self.config.issuer.origin)
        page = await self.browser.submit(page, "/offer", type=type_)
        page = await self.browser.get(page.link("Receive in the wallet on this machine"))
        page = await self.browser.submit(page, "/receive")
        page = await self.browser.submit(page, "/receive/", decision="log-in")
        page = await self.browser.get(page.onward or page.url)
        if "/log-in" in [urlsplit(form.action).path for form in page.forms]:
            page = await self.browser.submit(page, "/log-in", login=PERSON, password=self.word("a wrong password"))
            page = await self.browser.submit(page, "/log-in", login=PERSON, password=self.words["password"])
        page = await self.browser.submit(page, "/consent", press="Issue to this wallet")
        await self.browser.submit(page, "/receive/", decision="keep")

    async def sign_in(self, decision: str) -> Page:
        page = await self.browser.get(self.config.service.origin + "/sign-in")
        page = await self.browser.get(page.link("Open my wallet"))
        page = await self.browser.submit(page, "/present")
        page = await self.browser.submit(page, "/present/", decision=decision)
        return await self.browser.get(page.onward or page.url)

    async def present(self, query: dict[str, Any], decision: str) -> dict[str, Any]:
        """A question of the verifier's, answered in the wallet's pages; what the operator is told."""
        asked = self.operate("verifier", "/requests", {"dcql_query": query})
        page = await self.browser.get(f"{self.config.wallet.origin}/present?{asked['link'].partition('?')[2]}")
        page = await self.browser.submit(page, "/present")
        page = await self.browser.submit(page, "/present/", decision=decision)
        if page.onward:
            await self.browser.get(page.onward)
        self.hold("a session's cookie", *self.browser.cookies)
        return self.operate("verifier", f"/requests/{asked['session']}", None)

    def operate(self, role: str, path: str, body: Any, *, token: str | None = None) -> dict[str, Any]:
        """Call a role's operator API; the JSON that it answers, refusals too."""
        config = getattr(self.config, role)
        right = base64url(load_secret(config.operator_token))
        answer = httpx2.request(
            "GET" if body is None else "POST",
            f"http://127.0.0.1:{config.operator_port}{path}",
            headers={"authorization": f"Bearer {token or right}"},
            content=None if body is None else json.dumps(body).encode(),
            trust_env=False,
            verify=NO_TLS,
        )
        if answer.status_code >= 400:
            self.hear("refusals", answer.text)
        members: dict[str, Any] = answer.json()
        return members

    def send(self, method: str, url: str, **options: Any) -> int:
        """Send whatever a stranger may; what comes back is heard where it is no page of its own."""
        answer = httpx2.request(method, url, trust_env=False, verify=NO_TLS, **options)
        if answer.status_code >= 400:
            self.hear("refusals", answer.text + repr(sorted(answer.headers.items())))
        return answer.status_code

    def zegel(self, *args: object, stdin: str = "") -> tuple[int, str]:
        """Run a command, and look at its process while it waits for its stdin; its exit code and its stdout."""
        process = subprocess.Popen(
            [self.program, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home,
            env=environment(self.home),
        )
        self.look_at(process.pid)
        out, err = process.communicate(stdin, timeout=60)
        self.hear("stderr of commands", err)
        return process.returncode, out

    def wallet(self, action: str, *args: object, stdin: str = "") -> tuple[int, Any]:
        """A command of the wallet, over a vault of its own; its exit code and what it says in JSON."""
        own = ("--vault", self.home / "vault", "--passphrase-file", self.own / "passphrase")
        code, out = self.zegel("wallet", action, *args, *own, "--json", stdin=stdin)
        return code, json.loads(out or "null")


def whole(type_: AttestationType) -> dict[str, Any]:
    """A query for every claim of a type, in each of its formats."""
    asked = []
    for format_ in type_.formats:
        meta = {"vct_values": [type_.vct]} if format_ is Format.SD_JWT_VC else {"doctype_value": type_.doctype}
        claims = [list(path) for claim in type_.claims if (path := type_.path(claim, format_)) is not None]
        asked.append({"id": format_.replace("+", "-"), "format": format_, "meta": meta})
        asked[-1]["claims"] = [{"path": path} for path in claims]
    return {"credentials": asked}


async def honestly(run: Run) -> None:
    """Everything that people do with the roles, and what they do wrong on the way."""
    try:
        await _honestly(run)
    finally:
        await run.browser.close()


async def _honestly(run: Run) -> None:
    await run.make_wallet()
    run.look_at(run.demo.pid)
    types = load_catalogue().types
    every = run.person.person.claims.keys() - {""}
    for type_ in sorted(every) if run.config.issuer.profile == "haip" else ("pid", "residence"):
        await run.receive(type_)
    await run.lock_and_unlock()
    assert "You are signed in" in (await run.sign_in("accept")).words
    await run.sign_in("refuse")
    for type_ in ("pid", "residence"):
        result = await run.present(whole(types[type_]), "accept")
        assert result["state"] in ("accepted", "rejected", "pending"), result
        run.hear("results", json.dumps(result))
    await run.present(whole(types["pid"]), "refuse")
    run.operate("issuer", "/revocations", {"person": PERSON, "type": "residence"})
    run.look_at(run.demo.pid)


def dishonestly(run: Run) -> None:
    """Everything that a stranger may send, with a canary wherever there is room for one."""
    bodies = {
        "application/x-www-form-urlencoded": urlencode({"code": run.word("a form"), "request": run.word("a form")}),
        "application/json": json.dumps({"nonce": run.word("JSON"), run.word("JSON"): [run.word("JSON")]}),
        "application/jwt": f"{base64url(run.word('a JWT').encode())}.e30.{run.word('a JWT')}",
        "text/plain": run.word("nonsense") * 3 + "\0\xff",
    }
    headers = {
        "authorization": f"DPoP {run.word('a token')}",
        "dpop": f"{run.word('a proof')}.e30.x",
        "cookie": f"zegel-issuer={run.word('a cookie')}; zegel-wallet={run.word('a cookie')}",
        "oauth-client-attestation": run.word("an attestation"),
        "referer": f"https://elsewhere.example/?{run.word('a referrer')}",
        "user-agent": run.word("a browser"),
        "x-forwarded-for": run.word("an address"),
        "x-request-id": run.word("a request id"),
    }
    for listener, routes in ROUTES.items():
        role, _, door = listener.partition("-operator")
        config = getattr(run.config, role.replace("-", "_"))
        origin = (
            config.origin if not door and "-operator" not in listener else f"http://127.0.0.1:{config.operator_port}"
        )
        for route in routes:
            path = re.sub(r"\{[^}]+\}", quote(run.word("a path")), route.path)
            query = urlencode(
                {"state": run.word("a query"), "code": run.word("a query"), "q": "ĳ " + run.word("a query")}
            )
            for type_, body in bodies.items() if route.method in WITH_BODY else [("text/plain", "")]:
                named = {**headers, "content-type": type_, "origin": origin}
                run.send(route.method, f"{origin}{path}?{query}", headers=named, content=body.encode("latin-1"))


def with_a_fault(run: Run, fault: Path) -> None:
    """Something of ours goes wrong, and the error itself tells a secret."""
    fault.write_text(run.word("an error"))
    statuses = [
        run.send("POST", f"{run.config.issuer.origin}/nonce"),
        run.send("GET", f"{run.config.issuer.origin}/authorize?request_uri={run.word('a query')}"),
        run.send("GET", f"{run.config.provider.origin}/authorize?client_id={run.word('a query')}"),
        run.send("POST", f"{run.config.wallet_provider.origin}/wallet-attestations", content=run.word("JSON").encode()),
    ]
    run.operate("verifier", "/requests", {"dcql_query": whole(load_catalogue().types["pid"])})
    fault.unlink()
    assert 500 in statuses


def at_a_terminal(run: Run, *, plain: bool) -> None:
    """The commands that hold secrets: passphrase, link and transaction code come by files and stdin."""
    (run.own / "passphrase").write_text(run.words["passphrase of a vault"] + "\n")
    assert run.wallet("init")[0] == 0
    if plain:
        types = load_catalogue().types
        offer = run.operate(
            "issuer", "/offers", {"type": "pid", "grant": "pre-authorized", "person": PERSON, "tx_code": True}
        )
        run.hold("a pre-authorised code", json.dumps(offer["credential_offer"]))
        run.hold("a link to an offer", offer["link"])
        wrong = "000000" if offer["tx_code"] != "000000" else "111111"
        assert run.wallet("receive", "-", "--tx-code", "-", stdin=f"{offer['link']}\n{wrong}\n")[0] == 1
        code, received = run.wallet("receive", "-", "--tx-code", "-", stdin=f"{offer['link']}\n{offer['tx_code']}\n")
        assert (code, len(received["credentials"])) == (0, 2)
        for decision in ("--yes", "--refuse"):
            asked = run.operate("verifier", "/requests", {"dcql_query": whole(types["pid"])})
            run.hold("a link to a request", asked["link"])
            run.wallet("present", "-", decision, stdin=asked["link"] + "\n")
        for held in run.wallet("list")[1]["credentials"]:
            assert run.wallet("show", held["id"])[0] == 0
    (run.own / "passphrase").write_text(run.word("a wrong passphrase") + "\n")
    assert run.wallet("list")[0] == 1
    (run.own / "claims.json").write_text(json.dumps({"family_name": run.word("a claim in a file")}))
    keys = run.config.issuer.key.parent
    signed = ("--key", keys / "issuer.key.pem", "--chain", keys / "issuer.pem")
    assert run.zegel("issue", "pid", "--claims", run.own / "claims.json", *signed)[0] != 0, "there is too little in it"
    (run.own / "spoiled").write_text(run.word("a file") + "~" + run.word("a file"))
    assert run.zegel("verify", run.own / "spoiled", "--trust", run.demo.ready["trust_folder"])[0] != 0
    for command in (("config", "show"), ("db", "check")):
        code, out = run.zegel(*command, "--config", run.demo.folder / "zegel.toml")
        run.hear("stdout of commands", out)


def watched(run: Run) -> None:
    """What each role says of itself to whoever watches it."""
    for role in ROLES:
        port = getattr(run.config, role).metrics_port
        for path in ("/metrics", "/healthz", "/readyz"):
            answer = httpx2.get(f"http://127.0.0.1:{port}{path}", trust_env=False, verify=NO_TLS)
            run.hear("metrics", answer.text + repr(answer.headers))
        assert "zegel_" in run.said["metrics"][-3]


@dataclass(frozen=True)
class Ended:
    """A run that is over: what was secret in it, what the roles drew, and what it left."""

    secrets: Secrets
    drawn: tuple[bytes, ...]
    evidence: Evidence
    register: Path
    unmarked: frozenset[str]
    refusals: int


@pytest.fixture(scope="module", params=["haip", "plain"])
def ended(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    profile, ground = request.param, tmp_path_factory.mktemp("canaries")
    home, own, folder, told, fault = (ground / name for name in ("home", "own", "utopia", "told", "fault"))
    for made in (home, own):
        made.mkdir(mode=0o700)
    with localhost_names(), reserved_ports(len(ROLES) * 2 + len(OPERATED)) as ports:
        free = iter(ports)
        plan = SandboxPlan(
            profile=profile,
            tls=False,
            ports={role: next(free) for role in ROLES},
            operator_ports={role: next(free) for role in OPERATED},
            metrics_ports={role: next(free) for role in ROLES},
            brisk=True,
        )
        sandbox = create_sandbox(folder, plan, now=SystemClock().now(), random=system_random)
        config = load_config(sandbox.config)
        words = {name: canary(system_random) for name in ("password", "passphrase", "passphrase of a vault")}
        person = mark(erika(), password=words["password"], random=system_random)
        register = open_register(
            f"sqlite:///{config.issuer.source.register}", clock=SystemClock(), random=system_random
        )
        register.add((person.person,), random=system_random)
        register.close()
        with RunningDemo("--folder", str(folder), home=home, program=(sys.executable, FAULTY, told, fault)) as demo:
            # the plain profile comes by every sort of command: there the program's own processes are looked at
            program = ZEGEL if profile == "plain" else preloaded()
            browser = Watched(config.loopback_origins(), web_ca=None)
            run = Run(home, own, program, config, demo, person, browser, words)
            asyncio.run(honestly(run))
            at_a_terminal(run, plain=profile == "plain")
            dishonestly(run)
            with_a_fault(run, fault)
            watched(run)
            run.look_at(demo.pid)
            limits = Path(f"/proc/{demo.pid}/limits").read_text()
            assert re.search(r"Max core file size +0 +0 ", limits)
            data, running = config.issuer.source.register.parent, ground / "while it ran"
            shutil.copytree(data, running)  # with the logs of databases, which are emptied at the end
            assert demo.end() == 0
            run.hear("stdout", json.dumps(demo.ready) + "".join(demo.more_lines()))
            yield over(run, config, running, drawn_in(told))
    shutil.rmtree(ground)


def over(run: Run, config: Config, running: Path, drawn: tuple[bytes, ...]) -> Ended:
    """What is to be searched, and for what."""
    for url in run.browser.urls:
        for name, value in parse_qsl(urlsplit(url).query):
            if name in HANDED_OVER:
                run.hold(f"a {name} in an address", value)
    folder = run.demo.folder
    secrets: Secrets = {name: {value.encode()} for name, value in {**run.person.canaries, **run.words}.items()}
    secrets |= run.held | keys_of(folder)
    texts = {kind: "\n".join(said).encode() for kind, said in run.said.items() if kind != "results"}
    texts |= {
        "log": "".join(run.demo.log).encode(),
        "error pages": "\n".join(run.browser.refused).encode(),
        "addresses": "\n".join(run.browser.urls).encode(),
        "processes": b"\n".join(run.processes),
    }
    register = config.issuer.source.register
    apart = (register, running / register.name, folder / "keys", folder / "authorities")
    evidence = Evidence(texts=texts, folders=(run.home, folder, running), apart=apart)
    unmarked = frozenset(re.sub(r"\[\d+\]", "", name) for name in run.person.unmarked)
    refusals = len(run.said["refusals"]) + len(run.browser.refused)
    return Ended(secrets, drawn, evidence, register, unmarked, refusals)


def test_every_claim_that_has_room_for_a_canary_has_one_and_much_was_refused(ended: Ended) -> None:
    assert ended.unmarked == NO_ROOM
    assert len(ended.secrets) > 70
    assert ended.refusals > 100
    assert {"log", "metrics", "refusals", "error pages", "addresses", "processes", "stderr of commands"} <= (
        ended.evidence.texts.keys()
    )
    names = {path.name for path in ended.evidence.files()}
    assert {"issuer.db", "issuer.db-wal", "provider.db", "verifier.db", "wallet.vault", "vault"} <= names


def test_no_canary_is_where_it_does_not_belong(ended: Ended) -> None:
    allowed = {(name, "addresses") for name in ended.secrets if name.endswith("in an address")}
    assert leaks(ended.secrets, ended.evidence, allowed=allowed) == []


def test_nothing_that_was_drawn_is_said_or_kept(ended: Ended) -> None:
    """Codes, tokens, ids of sessions and keys, as they were drawn; an address has some, each good once."""
    beginnings = beginnings_of(ended.drawn)
    assert len(ended.drawn) > 150
    for place, content in ended.evidence.contents():
        if place != "addresses":
            assert not beginnings.found_in(content), place
    for place, text in ended.evidence.texts.items():
        assert not [mark for mark in (b"eyJhbGciOi", b"eyJ0eXAiOi", b"PRIVATE KEY", b'"d":"') if mark in text], place


def test_where_it_belongs_it_is_found(ended: Ended) -> None:
    """The register has them in the clear, for it stands for a country's own; a search there finds every claim."""
    evidence = Evidence(texts={}, folders=(ended.register.parent,), apart=())
    found = {leak.partition(" in ")[0] for leak in leaks(ended.secrets, evidence) if ended.register.name in leak}
    claims = {name for name in ended.secrets if name.partition(".")[0] in {"every type", *load_catalogue().types}}
    assert claims | {"portrait"} <= found


# --- bad twins: the same search finds what was planted ----------------------------------------------------------------

SECRET = "pid.document_number"
SPELLINGS = {
    "plain": lambda secret: secret,
    "in hexadecimal": lambda secret: secret.hex().encode(),
    "in UTF-16": lambda secret: secret.decode().encode("utf-16"),
    "in an address": lambda secret: "".join(f"%{octet:02X}" for octet in secret).encode(),
    "in the payload of a JWT": lambda secret: base64url(b'{"sub":"' + secret + b'"}').encode(),
}


@pytest.mark.parametrize("place", ["log", "metrics", "error pages", "addresses", "processes", "stderr of commands"])
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_a_canary_that_was_planted_in_a_text_is_found(ended: Ended, place: str, spell: Any) -> None:
    (secret,) = ended.secrets[SECRET]
    texts = {place: ended.evidence.texts[place] + b"\n" + spell(secret) + b"\n"}
    planted = Evidence(texts=texts, folders=(), apart=())
    assert leaks({SECRET: {secret}}, planted) == [f"{SECRET} in {place}"]
    assert leaks({SECRET: {secret}}, replace(planted, texts={place: ended.evidence.texts[place]})) == []


@pytest.mark.parametrize("deleted", [False, True])
def test_a_canary_that_was_planted_in_a_database_is_found(ended: Ended, tmp_path: Path, deleted: bool) -> None:
    """In a column of the table in which everything is sealed, and in the page that a deleted row leaves free."""
    (secret,) = ended.secrets[SECRET]
    shutil.copy(ended.register.with_name("issuer.db"), tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE planted (value BLOB)")
        connection.execute("INSERT INTO planted VALUES (?)", (b"x" * 50 + secret,))
        connection.commit()
        if deleted:
            connection.execute("DELETE FROM planted")
            connection.commit()
    found = leaks({SECRET: {secret}}, Evidence(texts={}, folders=(tmp_path,), apart=()))
    assert found == [f"{SECRET} in copy.db"] + ([] if deleted else [f"{SECRET} in copy.db planted.value"])


def test_a_canary_that_was_planted_in_a_temporary_file_is_found(ended: Ended, tmp_path: Path) -> None:
    (secret,) = ended.secrets[SECRET]
    (tmp_path / "zegel-upload.tmp").write_bytes(b"\0" * 100 + secret.decode().encode("utf-16-be"))
    planted = Evidence(texts={}, folders=(tmp_path,), apart=())
    assert leaks({SECRET: {secret}}, planted) == [f"{SECRET} in zegel-upload.tmp"]
