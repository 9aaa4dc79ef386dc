"""zegel's roles as processes, and Credo: a wallet that others wrote receives from our issuer, presents to our verifier.

All of it as a user would: the command line makes offers and requests and reads results, a browser without scripts logs
in, over real sockets, under both profiles, with and without TLS.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Any

import pytest
from zegel_testing.foreign import Foreign, ForeignError
from zegel_testing.plain_browser import PlainBrowser
from zegel_testing.queries import DOCTYPE, QUERIES, VCT

pytestmark = pytest.mark.slow

ZEGEL = Path(sys.executable).with_name("zegel")
ROLES = ("trust", "wallet-provider", "issuer", "verifier")
REDIRECT_URI = "https://wallet.example/cb"
PERSON, PASSWORD = "erika", "erika keeps bees"
BOTH = ("--format", "dc+sd-jwt", "--format", "mso_mdoc")


@dataclass(frozen=True)
class Roles:
    """A sandbox whose roles are running. ``profile`` and ``tls`` are what it was made with."""

    folder: Path
    profile: str
    tls: bool

    @property
    def web_ca(self) -> Path:
        return self.folder / "web-ca.pem"

    @property
    def context(self) -> SSLContext:
        return create_default_context(cafile=self.web_ca)

    def trusted(self) -> list[str]:
        """The roots that a wallet of this sandbox trusts, as PEM."""
        return [(self.folder / "authorities" / f"{name}.pem").read_text() for name in ("attestations", "access")]

    def zegel(self, *arguments: str) -> Any:
        """Run a command; returns its JSON."""
        done = subprocess.run(
            [ZEGEL, *arguments, "--json", "--config", self.folder / "zegel.toml"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)


@pytest.fixture(scope="module", params=[("plain", False), ("plain", True), ("haip", False), ("haip", True)], ids=str)
def roles(request: pytest.FixtureRequest) -> Iterator[Roles]:
    profile, tls = request.param
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Path(folder) / "sandbox"
        made = ["sandbox", sandbox, "--profile", profile, "--port", str(free_ports(16)), *(["--tls"] if tls else [])]
        subprocess.run([ZEGEL, *made], check=True, capture_output=True)
        with serving(sandbox, Path(folder) / "log"):
            yield Roles(folder=sandbox, profile=profile, tls=tls)


@contextmanager
def serving(sandbox: Path, log: Path) -> Iterator[None]:
    """The roles as a process, from when all of them answer until the end of the block."""
    with log.open("w") as output:
        process = subprocess.Popen([ZEGEL, "serve", *ROLES, "--config", sandbox / "zegel.toml"], stderr=output)
    try:
        deadline = time.monotonic() + 60
        while "verifier operator answers" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        ended = process.wait(30)
    assert ended == 0, log.read_text()


def free_ports(count: int) -> int:
    """The first of so many neighbouring ports that nobody listens at."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first = int(probe.getsockname()[1])
        if first + count < 65_536 and not any(listened_at(port) for port in range(first, first + count)):
            return first


def listened_at(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def wallet_program(roles: Roles) -> Iterator[Foreign]:

    def attest_keys(asked: dict[str, Any]) -> str:
        jwks = [json.dumps(key) for key in asked["keys"]]
        attested = roles.zegel("wallet-provider", "attest", *jwks, "--nonce", asked["c_nonce"])
        return str(attested["key_attestation"])

    environment = {"NODE_EXTRA_CA_CERTS": str(roles.web_ca)}
    with Foreign("wallet", environment=environment, answers={"key_attestation": attest_keys}) as program:
        yield program


@pytest.fixture
def wallet(roles: Roles, wallet_program: Foreign) -> Foreign:
    """An empty Credo wallet that trusts this sandbox."""
    wallet_program.tell("start", trusted=roles.trusted())
    return wallet_program


def receive(roles: Roles, wallet: Foreign, copies: int = 3) -> dict[str, Any]:
    """Both formats of the PID after a log-in, with what the profile asks of a wallet."""
    attested = {}
    if roles.profile == "haip":
        said = roles.zegel("wallet-provider", "attest", json.dumps(wallet.tell("key")))
        attested = {"client_id": said["client_id"], "wallet_attestation": said["wallet_attestation"]}
    offer = roles.zegel("issuer", "offer", "pid", *BOTH, "--grant", "authorization-code")
    begun = wallet.tell(
        "authorize",
        **{"offer": offer["link"], "client_id": "a Credo wallet", "redirect_uri": REDIRECT_URI} | attested,
    )
    with PlainBrowser(roles.context) as browser:
        browser.open(begun["url"])
        browser.submit(login=PERSON, password=PASSWORD)
        browser.submit(button="approve")
        location = browser.at
    return wallet.tell("redeem", session=begun["session"], location=location, copies=copies)


def test_a_credo_wallet_receives_with_a_transaction_code(roles: Roles, wallet: Foreign) -> None:
    if roles.profile == "haip":  # which refuses pre-authorised codes, by name
        with pytest.raises(AssertionError, match=r"profile\.grants"):
            roles.zegel("issuer", "offer", "pid", "--grant", "pre-authorized", "--person", PERSON, "--tx-code")
        return
    offer = roles.zegel("issuer", "offer", "pid", *BOTH, "--grant", "pre-authorized", "--person", PERSON, "--tx-code")
    with pytest.raises(ForeignError, match="transaction-code"):
        wallet.tell("receive", offer=offer["link"], tx_code=other_than(offer["tx_code"]))
    outcome = wallet.tell("receive", offer=offer["link"], tx_code=offer["tx_code"], copies=3)
    assert outcome["token_type"] == "DPoP"
    assert [(each["type"], each["copies"]) for each in outcome["received"]] == [(VCT, 3), (DOCTYPE, 3)]


def other_than(code: str) -> str:
    """Another transaction code of the same kind."""
    return "".join(str((int(digit) + 1) % 10) for digit in code)


def test_a_credo_wallet_receives_after_a_log_in(roles: Roles, wallet: Foreign) -> None:
    outcome = receive(roles, wallet, copies=10)
    assert [(each["type"], each["copies"]) for each in outcome["received"]] == [(VCT, 10), (DOCTYPE, 10)]
    assert all(each["notified"] for each in outcome["received"])
    assert outcome["refreshable"]
    sd_jwt, mdoc = (each["claims"] for each in outcome["received"])
    assert sd_jwt["family_name"] == mdoc[DOCTYPE]["family_name"] == "Voorbeeld"


def test_a_credo_wallet_presents(roles: Roles, wallet: Foreign, tmp_path: Path) -> None:
    receive(roles, wallet)
    modes = ["direct_post.jwt"] if roles.profile == "haip" else ["direct_post.jwt", "direct_post"]
    prefixes = ["x509_hash"] if roles.profile == "haip" else ["x509_hash", "x509_san_dns"]
    for query, mode, prefix, method in product(QUERIES.values(), modes, prefixes, ["get", "post"]):
        result = present(roles, wallet, query, tmp_path, mode, prefix, method)
        (credential,) = result["credentials"]
        assert (credential["id"], credential["format"], credential["status"]) == ("pid", query["format"], "valid")
        names = credential["claims"].get(DOCTYPE, credential["claims"])
        assert names["family_name"] == "Voorbeeld"
        assert "given_name" not in names


def present(
    roles: Roles, wallet: Foreign, query: dict[str, Any], folder: Path, mode: str, prefix: str, method: str
) -> dict[str, Any]:
    """Ask, present, come back, and read the result."""
    question = folder / "query.json"
    question.write_text(json.dumps({"credentials": [query]}))
    options = ["--response-mode", mode, "--client-id-prefix", prefix, "--request-uri-method", method]
    asked = roles.zegel("verifier", "request", str(question), *options)
    presented = wallet.tell("present", request=asked["link"])
    assert presented["ok"], presented
    with PlainBrowser(roles.context) as browser:
        browser.open(presented["redirect_uri"])
        assert browser.status == 200
    result = roles.zegel("verifier", "result", asked["session"], "--wait", "5")
    assert result["state"] == "accepted"
    return result
