"""The demo, driven from outside with nothing but HTTP and the command line: every command of the story, as others would
call it, and the line of JSON that tells them where to begin."""

import json
import os
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.command_line import CLAIMS_OF, HOLDER_JWK
from zegel_testing.demo import ZEGEL, RunningDemo, environment
from zegel_testing.localhost import localhost_names
from zegel_testing.plain_browser import PlainBrowser
from zegel_testing.preloaded import preloaded

pytestmark = pytest.mark.slow

READY = {
    "ready",
    "issuer",
    "authorization_server",
    "verifier",
    "provider",
    "service",
    "wallet",
    "wallet_provider",
    "door",
    "registrar",
    "trust_folder",
    "web_ca",
}
HAIP, PLAIN_TLS = (), ("--profile", "plain", "--tls")
VCT, DOCTYPE = "urn:eudi:pid:1", "eu.europa.ec.eudi.pid.1"
QUERY = {
    "credentials": [
        {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claims": [{"path": ["family_name"]}]}
    ]
}
PAYMENT = [{"type": "urn:eudi:sca:payment:1", "credential_ids": ["pid"], "payload": {"amount": "1"}}]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout, which is one line of JSON."""
        assert self.out.count("\n") == 1, self
        return json.loads(self.out)


class User:
    """Somebody at the terminal of the machine where the demo runs; ``zegel`` finds it by itself."""

    def __init__(self, demo: RunningDemo) -> None:
        self.demo = demo
        self.folder = demo.home
        (self.folder / "passphrase").write_text("seven bees on a charter\n")
        (self.folder / "passphrase").chmod(0o600)
        (self.folder / "query.json").write_text(json.dumps(QUERY))

    @property
    def web(self) -> ssl.SSLContext:
        """TLS as the sandbox's own web authority vouches for it."""
        return ssl.create_default_context(cafile=self.demo.ready["web_ca"])

    @contextmanager
    def running(self, *args: object) -> Iterator[subprocess.Popen[str]]:
        """A command, which has ended when the context is left."""
        with subprocess.Popen(
            [preloaded(), *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=environment(self.folder),
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def zegel(self, *args: object) -> Ran:
        """Run a command."""
        with self.running(*args) as process:
            out, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        return Ran(process.returncode, out, err)

    def wallet(self, action: str, *args: object, vault: str = "vault") -> Ran:
        """Run a command of the wallet, with its passphrase in a file."""
        own = ("--vault", self.folder / vault, "--passphrase-file", self.folder / "passphrase")
        return self.zegel("wallet", action, *args, *own, "--json")

    def get(self, url: str) -> httpx2.Response:
        """Fetch an address."""
        with httpx2.Client(verify=self.web, trust_env=False) as client:
            return client.get(url)

    def receive(self, link: str, *, vault: str = "vault") -> dict[str, Any]:
        """Take up an offer, and log in as Erika where the wallet says."""
        own = ("--vault", self.folder / vault, "--passphrase-file", self.folder / "passphrase")
        with self.running("wallet", "receive", link, *own, "--json") as process:
            assert process.stdout is not None
            begun = json.loads(process.stdout.readline())
            with PlainBrowser(self.web) as browser:
                browser.open(begun["authorization_url"])
                browser.submit(login="erika", password="erika keeps bees")
                browser.submit(button="approve")
                back = browser.at
            assert self.get(back).status_code == 200
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return dict(json.loads(out))


@pytest.fixture(scope="module", autouse=True)
def names_of_this_machine() -> Iterator[None]:
    with localhost_names():
        yield


@pytest.fixture(scope="module", params=[HAIP, PLAIN_TLS], ids=["haip", "plain-tls"])
def user(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """A user with a wallet that has nothing in it yet."""
    with RunningDemo(*request.param, home=tmp_path_factory.mktemp("home")) as demo:
        somebody = User(demo)
        assert somebody.wallet("init").code == 0
        yield somebody


@pytest.fixture(scope="module")
def holder(user: User) -> User:
    """A user whose wallet holds Erika's PID in both formats."""
    offer = user.zegel("issuer", "offer", "pid", "--json").json
    received = user.receive(offer["link"])
    assert [(each["type"], each["copies"]) for each in received["credentials"]] == [(VCT, 10), (DOCTYPE, 10)]
    return user


# --- the demo itself --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_it_prints_one_line_when_all_answer_and_ends_without_a_trace(tmp_path: Path, number: signal.Signals) -> None:
    with RunningDemo(home=tmp_path / "home") as demo:
        ready, folder = demo.ready, demo.folder
        assert ready.keys() == READY
        assert ready["ready"] is True
        assert ready["authorization_server"] == ready["issuer"]
        assert len({urlsplit(origin).hostname for origin in demo.origins.values()}) == 8, "each role has its own host"
        for origin in demo.origins.values():
            assert httpx2.get(origin + "/", follow_redirects=True, trust_env=False).status_code == 200
        assert Path(ready["trust_folder"], "operator.pem").exists()
        assert Path(ready["web_ca"]).exists()
        assert demo.end(number) == 0
        assert demo.more_lines() == []
        assert not any("Traceback" in line for line in demo.log)
    assert not folder.exists()
    assert [path.name for path in demo.home.rglob("*") if path.is_file()] == []


def test_whoever_has_no_home_to_write_to_is_told_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".local").write_text("a file")
    with RunningDemo(home=tmp_path / "home") as demo:
        assert demo.end() == 0
        assert any(f"other commands need --config {demo.folder}" in line for line in demo.log)


def test_a_folder_is_kept_and_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = str(tmp_path / "kept")
    with RunningDemo("--folder", folder, "--profile", "plain", home=tmp_path / "home") as demo:
        before = User(demo)
        offer = before.zegel(
            "issuer", "offer", "diploma", "--grant", "pre-authorized", "--person", "erika", "--json"
        ).json
        first = demo.ready
        assert demo.end() == 0
    with RunningDemo("--folder", folder, home=tmp_path / "home") as demo:
        after = User(demo)
        assert demo.ready == first
        assert after.wallet("init").code == 0
        assert after.wallet("receive", offer["link"]).json["state"] == "received"


@pytest.mark.parametrize(("option", "field"), [(("--profile", "haip"), "--profile"), (("--tls",), "--tls")])
def test_a_folder_is_not_taken_for_what_it_is_not(
    user: User, tmp_path: Path, option: tuple[str, ...], field: str
) -> None:
    made = user.zegel("sandbox", tmp_path / "plain", "--profile", "plain", "--json").json
    ran = user.zegel("demo", "--headless", "--json", "--folder", Path(made["config"]).parent, *option)
    assert (ran.code, ran.json["verdict"], ran.json["field"]) == (2, "malformed", field)


# --- an identity, from the offer to its end ---------------------------------------------------------------------------


def test_what_is_held_is_listed_and_shown(holder: User) -> None:
    held = holder.wallet("list").json["credentials"]
    assert {(each["type"], each["format"], each["unused"]) for each in held} >= {
        (VCT, "dc+sd-jwt", held[0]["unused"]),
        (DOCTYPE, "mso_mdoc", held[1]["unused"]),
    }
    shown = holder.wallet("show", held[0]["id"]).json
    assert shown["claims"]["family_name"] == "Voorbeeld"
    assert holder.wallet("show", "unknown").code == 2


def test_a_presentation_is_asked_for_given_and_read(holder: User) -> None:
    asked = holder.zegel("verifier", "request", "query.json", "--json").json
    assert asked.keys() == {"link", "request_uri", "session"}
    waiting = holder.zegel("verifier", "result", asked["session"], "--json")
    assert (waiting.code, waiting.json["state"]) == (3, "pending")
    given = holder.wallet("present", asked["link"], "--yes")
    assert (given.code, given.json["state"], given.json["followed"]) == (0, "accepted", 200)
    read = holder.zegel("verifier", "result", asked["session"], "--wait", 10, "--json")
    assert (read.code, read.json["state"], read.json["error"]) == (0, "accepted", None)
    (credential,) = read.json["credentials"]
    assert credential.keys() >= {"id", "format", "type", "issuer", "claims", "status"}
    assert (credential["id"], credential["type"], credential["claims"]) == ("pid", VCT, {"family_name": "Voorbeeld"})
    assert holder.wallet("present", asked["link"], "--yes").code == 1, "once"


def test_every_choice_of_a_request_is_answered(holder: User) -> None:
    plain = holder.demo.ready["issuer"].startswith("https")
    choices = [("--request-uri-method", "post")]
    if plain:
        choices += [("--response-mode", "direct_post"), ("--client-id-prefix", "x509_san_dns")]
    for choice in choices:
        asked = holder.zegel("verifier", "request", "query.json", *choice, "--json").json
        assert holder.wallet("present", asked["link"], "--yes").code == 0
        read = holder.zegel("verifier", "result", asked["session"], "--wait", 10, "--json")
        assert (read.code, read.json["state"]) == (0, "accepted"), choice


def test_whoever_does_not_share_is_taken_at_their_word(holder: User) -> None:
    asked = holder.zegel("verifier", "request", "query.json", "--json").json
    refused = holder.wallet("present", asked["link"], "--refuse")
    assert (refused.code, refused.json["state"], refused.json["shared"]) == (1, "refused", [])
    read = holder.zegel("verifier", "result", asked["session"], "--wait", 10, "--json")
    assert (read.code, read.json["state"], read.json["error"]["error"]) == (1, "refused", "access_denied")


def test_nobody_decides_for_the_person(holder: User) -> None:
    asked = holder.zegel("verifier", "request", "query.json", "--json").json
    undecided = holder.wallet("present", asked["link"])
    assert (undecided.code, undecided.json["state"]) == (2, "asked")
    assert [each["credential"] for each in undecided.json["credentials"][0]["offerings"]]
    assert "--yes or --refuse" in undecided.err


def test_a_transaction_that_a_pid_is_to_sign_is_refused_before_anybody_is_asked(holder: User) -> None:
    (holder.folder / "transaction.json").write_text(json.dumps(PAYMENT))
    transaction = ("--transaction-data", "transaction.json")
    asked = holder.zegel("verifier", "request", "query.json", *transaction, "--json").json
    given = holder.wallet("present", asked["link"], "--yes")
    assert (given.code, given.json["state"], given.json["told"]) == (1, "rejected", True)
    assert given.json["check"].startswith("transaction")
    read = holder.zegel("verifier", "result", asked["session"], "--json").json
    assert (read["state"], read["error"]["error"]) == ("refused", "invalid_transaction_data")


def test_the_log_names_claims_and_has_no_values(holder: User) -> None:
    asked = holder.zegel("verifier", "request", "query.json", "--json").json
    holder.wallet("present", asked["link"], "--yes")
    log = holder.wallet("log")
    last = log.json["log"][-1]
    assert (last["happening"], last["party"]["name"]) == ("presented", "Utopia verifier")
    assert [each["claims"] for each in last["credentials"]] == [[["family_name"]]]
    assert "Voorbeeld" not in log.out


def test_what_was_revoked_is_refused(user: User) -> None:
    """A wallet of its own, so that nobody else's identity is taken back: Erika's diploma."""
    assert user.wallet("init", vault="diploma").code == 0
    offer = user.zegel("issuer", "offer", "diploma", "--format", "dc+sd-jwt", "--json").json
    (diploma,) = user.receive(offer["link"], vault="diploma")["credentials"]
    query = {"credentials": [{"id": "d", "format": "dc+sd-jwt", "meta": {"vct_values": [diploma["type"]]}}]}
    (user.folder / "diploma.json").write_text(json.dumps(query))
    revoked = user.zegel("revoke", "--person", "erika", "--type", "diploma", "--json")
    assert (revoked.code, [batch["copies"] for batch in revoked.json["revoked"]]) == (0, [10])
    for _ in range(20):  # until the list is signed again and the verifier has forgotten the one before
        asked = user.zegel("verifier", "request", "diploma.json", "--json").json
        given = user.wallet("present", asked["link"], "--yes", vault="diploma")
        if given.code != 0:
            break
    assert (given.code, given.json["verdict"]) == (1, "rejected")
    read = user.zegel("verifier", "result", asked["session"], "--json")
    assert read.json["error"] is None or read.json["error"]["check"] == "status"
    (held,) = user.wallet("list", vault="diploma").json["credentials"]
    assert user.wallet("delete", held["id"], vault="diploma").json["deleted"] == held["id"]
    assert user.wallet("list", vault="diploma").json == {"credentials": [], "certificates": [], "trust": []}


def test_an_offer_with_a_transaction_code_is_for_the_profile_that_has_it(user: User) -> None:
    options = ("--grant", "pre-authorized", "--person", "max", "--tx-code", "--format", "dc+sd-jwt")
    offer = user.zegel("issuer", "offer", "residence", *options, "--json")
    if user.demo.ready["issuer"].startswith("http:"):
        assert (offer.code, offer.json["verdict"]) == (1, "rejected"), "haip has no pre-authorized code"
        return
    assert offer.json.keys() == {"credential_offer", "credential_offer_uri", "link", "tx_code", "session"}
    assert user.wallet("init", vault="max").code == 0
    wrong = "000000" if offer.json["tx_code"] != "000000" else "111111"
    assert user.wallet("receive", offer.json["link"], "--tx-code", wrong, vault="max").code == 1
    received = user.wallet("receive", offer.json["link"], "--tx-code", offer.json["tx_code"], vault="max")
    assert (received.code, received.json["credentials"][0]["claims"]["family_name"]) == (0, "Beispiel")


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_credential_is_issued_inspected_and_judged_in_files(user: User) -> None:
    ready, keys = user.demo.ready, user.demo.folder / "keys"
    (user.folder / "claims.json").write_text(json.dumps(CLAIMS_OF["pid"]))
    (user.folder / "holder.json").write_text(HOLDER_JWK)
    signed = ("--key", keys / "issuer.key.pem", "--chain", keys / "issuer.pem")
    for format_ in ("dc+sd-jwt", "mso_mdoc"):
        issued = user.zegel(
            "issue", "pid", "--claims", "claims.json", "--holder", "holder.json", *signed, "--format", format_
        )
        assert (issued.code, issued.err) == (0, "")
        (user.folder / "pid").write_text(issued.out)
        accepted = user.zegel("verify", "pid", "--trust", ready["trust_folder"], "--json")
        assert (accepted.code, accepted.json["verdict"]) == (0, "accepted")
        assert "nothing shows who holds it" in accepted.json["detail"]
        assert all(line.startswith("unverified") for line in user.zegel("inspect", "pid").out.splitlines())
        stranger = user.zegel("verify", "pid", "--trust", ready["web_ca"], "--json")
        assert (stranger.code, stranger.json["verdict"]) == (1, "rejected")
    (user.folder / "pid").write_text("nonsense")
    assert user.zegel("verify", "pid", "--trust", ready["trust_folder"], "--json").code == 2
    assert user.zegel("verify", "missing", "--trust", ready["trust_folder"], "--json").code == 3


def test_the_doctor_finds_every_role_of_the_demo_sound(user: User) -> None:
    request = user.zegel("verifier", "request", "query.json", "--json").json
    for url in (user.demo.ready["issuer"], user.demo.ready["provider"], request["link"]):
        ran = user.zegel("doctor", url, "--profile", "plain", "--json")
        findings = [json.loads(line) for line in ran.out.splitlines()]
        assert [each for each in findings if each["state"] in ("broken", "doubtful")] == []
        assert {"tls", "clock"} <= {each["topic"] for each in findings}
        assert ran.code == 0
    told = user.zegel("doctor", user.demo.ready["issuer"] + "/", "--profile", "plain")
    assert told.code == 1
    assert "BROKEN    identity" in told.out


def test_a_status_list_is_found_by_its_aggregation_and_looked_up(holder: User) -> None:
    issuer = holder.demo.ready["issuer"]
    metadata = holder.get(issuer + "/.well-known/openid-credential-issuer").json()
    uris = holder.get(issuer + "/status").json()["status_lists"]
    assert metadata["credential_issuer"] == issuer
    (holder.folder / "list").write_bytes(holder.get(uris[0]).content)
    looked_up = holder.zegel(
        "status", "list", "--index", 0, "--trust", holder.demo.ready["trust_folder"], "--uri", uris[0], "--json"
    )
    assert (looked_up.code, looked_up.json["verified"]) == (0, True)
    assert holder.zegel("status", "list", "--index", 1 << 30, "--json").code == 2


def test_a_foreign_wallet_gets_an_attestation_for_its_own_key(user: User) -> None:
    jwk = json.dumps(fixed_key("a foreign wallet").public_key.jwk())
    said = user.zegel("wallet-provider", "attest", jwk, "--json")
    assert (said.code, said.json["client_id"].startswith(user.demo.ready["wallet_provider"])) == (0, True)
    named = {"client_id", "wallet_attestation", "expires", "key_attestation", "instance", "revocation_code"}
    assert said.json.keys() == named


def test_a_passphrase_is_never_an_argument_and_comes_by_a_descriptor_too(user: User) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"another passphrase\n")
    os.close(writing)
    try:
        made = subprocess.run(
            [ZEGEL, "wallet", "init", "--vault", "by-descriptor", "--passphrase-fd", str(reading), "--json"],
            pass_fds=(reading,),
            capture_output=True,
            cwd=user.folder,
            env=environment(user.folder),
            check=False,
        )
    finally:
        os.close(reading)
    assert made.returncode == 0, made.stderr
    assert user.wallet("list", vault="by-descriptor").code == 1, "it is the other one"
    assert user.zegel("wallet", "list", "--passphrase", "another passphrase").code == 2
    assert user.zegel("wallet", "list", "--vault", "by-descriptor").code == 2, "there is no terminal to ask"


# --- a wallet's end ---------------------------------------------------------------------------------------------------


def test_a_wallet_says_how_it_stands_and_is_revoked_by_its_owner(user: User) -> None:
    made = user.wallet("init", vault="ended").json
    assert made["activated"] is True
    code = made["revocation_code"]
    stands = user.wallet("state", vault="ended")
    assert (stands.code, stands.json["state"], stands.json["revocation_code"]) == (0, "active", code)
    assert user.wallet("revoke", vault="ended").code == 2, "it has to be meant"
    ended = user.wallet("revoke", "--yes", vault="ended")
    assert (ended.code, ended.json["state"], ended.json["reason"]) == (0, "revoked", "its owner asked for it")
    assert (stands := user.wallet("state", vault="ended")).code == 1, stands
    offer = user.zegel("issuer", "offer", "pid", "--json").json
    refused = user.wallet("receive", offer["link"], vault="ended")
    assert (refused.code, refused.json["check"]) == (1, "wallet-revoked")


def test_a_lost_wallet_is_revoked_by_its_code_alone(user: User) -> None:
    code = user.wallet("init", vault="lost").json["revocation_code"]
    ended = user.zegel("wallet-provider", "revoke", "--code", code, "--json")
    assert (ended.code, ended.json) == (0, {"state": "revoked", "reason": "owner"})
    wrong = user.zegel("wallet-provider", "revoke", "--code", "AAAA-AAAA-AAAA-AAAA-AAAA", "--json")
    assert (wrong.code, wrong.json["check"]) == (1, "revocation-code")
    assert user.wallet("state", vault="lost").json["state"] == "revoked"
