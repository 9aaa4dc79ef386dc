"""zegel's roles and wallet as processes, and Credo's in their places: each side was written by somebody else.

All of it as a user would: the command line makes offers and requests, receives, presents and reads results, a browser
without scripts logs in, over real sockets, under both profiles, with and without TLS.
"""

import json
import os
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from ssl import PEM_cert_to_DER_cert, SSLContext, create_default_context
from typing import Any

import httpx2
import pytest
from zegel_testing.authorities import signer
from zegel_testing.foreign import MDOC_ELEMENTS, SD_JWT_CLAIMS, Foreign, ForeignError, ForeignProcess, pem_signer
from zegel_testing.plain_browser import PlainBrowser
from zegel_testing.ports import reserved_ports
from zegel_testing.preloaded import preloaded
from zegel_testing.queries import DOCTYPE, QUERIES, VCT
from zegel_testing.transparency import log_of

from zegel.adapters.configuration import load_config
from zegel.adapters.sandbox.access_root import BELOW_ROOT
from zegel.primitives.http import origin_of
from zegel.primitives.keys import parse_private_pem, random_private_key
from zegel.primitives.x509 import parse_certificate
from zegel.trust.anchors import Purpose
from zegel.trust.authority import Authority, issue_web_certificate
from zegel.trust.transparency.logs import LogSigner

pytestmark = pytest.mark.slow

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

    @property
    def web_authorities(self) -> list[str]:
        """What a Node program needs to trust this sandbox's TLS."""
        return [self.web_ca.read_text()] if self.tls else []

    def root(self, name: str) -> Authority:
        """An authority of the sandbox, with its key."""
        folder = self.folder / "authorities"
        key = parse_private_pem((folder / f"{name}.key.pem").read_bytes(), what=name)
        der = PEM_cert_to_DER_cert((folder / f"{name}.pem").read_text())
        return Authority(certificate=parse_certificate(der), key=key)

    @property
    def log(self) -> LogSigner:
        """The log on the sandbox's list."""
        return log_of(load_config(self.folder / "zegel.toml"))

    def tls_options(self, host: str) -> dict[str, Any]:
        """Key and certificate of the sandbox's web authority for a foreign server."""
        if not self.tls:
            return {}
        key, now = random_private_key(os.urandom), int(time.time())
        certificate = issue_web_certificate(
            self.root("web"), host, key=key.public_key, now=now - 60, days=1, random=os.urandom
        )
        return {"tls": {"key": key.secret_pem().decode(), "cert": certificate.pem}}

    def let_wallets_reach(self, url: str) -> None:
        """Add an origin of this machine to those that the wallet may fetch from."""
        config = self.folder / "zegel.toml"
        text = config.read_text()
        named = set(tomllib.loads(text)["outbound"].get("loopback_origins", [])) | {origin_of(url, what="url")}
        kept = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("loopback_origins"))
        config.write_text(kept.replace("[outbound]\n", f"[outbound]\nloopback_origins = {json.dumps(sorted(named))}\n"))

    def zegel(self, *arguments: str) -> Any:
        """Run a command; returns its JSON."""
        done = subprocess.run(
            [preloaded(), *arguments, "--json", "--config", self.folder / "zegel.toml"],
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
    with tempfile.TemporaryDirectory() as folder, reserved_ports(16) as ports:
        sandbox = Path(folder) / "sandbox"
        made = ["sandbox", sandbox, "--profile", profile, "--port", str(ports[0]), *(["--tls"] if tls else [])]
        subprocess.run([preloaded(), *made], check=True, capture_output=True)
        warn_of_the_unregistered(sandbox / "zegel.toml")
        with serving(sandbox, Path(folder) / "log"):
            yield Roles(folder=sandbox, profile=profile, tls=tls)


def warn_of_the_unregistered(config: Path) -> None:
    """Leave it to the owner to ask an issuer without a registration certificate: Credo's has none."""
    text = config.read_text()
    assert "[wallet]\n" in text
    config.write_text(text.replace("[wallet]\n", '[wallet]\nunregistered = "warn"\n'))


@contextmanager
def serving(sandbox: Path, log: Path) -> Iterator[None]:
    """The roles as a process, from when all of them answer until the end of the block."""
    with log.open("w") as output:
        process = subprocess.Popen([preloaded(), "serve", *ROLES, "--config", sandbox / "zegel.toml"], stderr=output)
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


@pytest.fixture(scope="module")
def wallet_program(credo: ForeignProcess, roles: Roles) -> Iterator[Foreign]:
    def attest_keys(asked: dict[str, Any]) -> str:
        jwks = [json.dumps(key) for key in asked["keys"]]
        attested = roles.zegel("wallet-provider", "attest", *jwks, "--nonce", asked["c_nonce"])
        return str(attested["key_attestation"])

    answers = {"key_attestation": attest_keys}
    with Foreign(credo, "wallet", web_authorities=roles.web_authorities, answers=answers) as program:
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


@pytest.fixture(scope="module")
def credo_issuer(credo: ForeignProcess, roles: Roles) -> Iterator[Foreign]:
    """A Credo issuer whom the attestation authority of the sandbox certifies."""
    now = int(time.time())
    provider = pem_signer(signer(roles.root("attestations"), "Credo PID provider", Purpose.ISSUER, now=now))
    with Foreign(credo, "issuer", web_authorities=roles.web_authorities) as issuer:
        issuer.tell(
            "start",
            host="credo-issuer.localhost",
            trusted=[roles.root("wallets").certificate.pem],
            sd_jwt={"vct": VCT, "signer": provider, "claims": SD_JWT_CLAIMS},
            mdoc={"doctype": DOCTYPE, "namespace": DOCTYPE, "signer": provider, "elements": MDOC_ELEMENTS},
            **roles.tls_options("credo-issuer.localhost"),
        )
        roles.let_wallets_reach(issuer.started["issuer"])
        yield issuer


@pytest.fixture(scope="module")
def credo_verifier(credo: ForeignProcess, roles: Roles) -> Iterator[Foreign]:
    """A Credo verifier with an access certificate of the sandbox."""
    host, now = "credo-verifier.localhost", int(time.time())
    issuing = roles.root(BELOW_ROOT)
    certified = signer(issuing, "Credo verifier", Purpose.ACCESS, now=now, dns_names=(host,), log=roles.log)
    with Foreign(credo, "verifier", web_authorities=roles.web_authorities) as verifier:
        verifier.tell(
            "start",
            host=host,
            signer=pem_signer(certified, issuing.certificate),
            trusted=[roles.root("attestations").certificate.pem],
            **roles.tls_options(host),
        )
        roles.let_wallets_reach(verifier.started["origin"])
        yield verifier


UNREGISTERED = ("--despite", "registration-certificate")  # Credo 0.6 knows of none, and the wallet says so


@dataclass(frozen=True)
class OurWallet:
    """``zegel wallet`` over a vault of its own."""

    roles: Roles
    folder: Path

    def options(self, *, network: bool) -> list[str]:
        passphrase = self.folder / "passphrase"
        if not passphrase.exists():
            passphrase.write_text("a long passphrase for tests")
            passphrase.chmod(0o600)
        own = ["--vault", str(self.folder / "vault"), "--passphrase-file", str(passphrase), "--json"]
        return own + (["--config", str(self.roles.folder / "zegel.toml")] if network else [])

    def run(self, command: str, *arguments: str, network: bool = False) -> Any:
        done = subprocess.run(
            [preloaded(), "wallet", command, *arguments, *self.options(network=network)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    def receive_after_log_in(self, link: str) -> Any:
        """Receive, with the log-in in a browser that comes back to the command."""
        command = [preloaded(), "wallet", "receive", link, *UNREGISTERED, *self.options(network=True)]
        with (self.folder / "said").open("w+") as said:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
            assert process.stdout is not None
            first = process.stdout.readline()
            assert "authorization_url" in first, first + (self.folder / "said").read_text()
            with PlainBrowser(self.roles.context) as browser:
                browser.open(json.loads(first)["authorization_url"])
            httpx2.get(browser.at)
            answer, _ = process.communicate(timeout=60)
            assert process.returncode == 0, (self.folder / "said").read_text()
        return json.loads(answer)


@pytest.fixture
def our_wallet(roles: Roles, tmp_path: Path) -> OurWallet:
    wallet = OurWallet(roles=roles, folder=tmp_path)
    wallet.run("init")
    return wallet


def test_our_wallet_receives_from_credo_and_presents_to_credo(
    roles: Roles, our_wallet: OurWallet, credo_issuer: Foreign, credo_verifier: Foreign
) -> None:
    haip = roles.profile == "haip"
    attested = "-attested" if haip else ""
    offer = credo_issuer.tell(
        "offer",
        configurations=[f"pid-sd-jwt{attested}", f"pid-mdoc{attested}"],
        grant="authorization_code",
        wallet_attestation=haip,
    )
    received = our_wallet.receive_after_log_in(offer["offer"])
    assert received["state"] == "received"
    assert [credential["format"] for credential in received["credentials"]] == ["dc+sd-jwt", "mso_mdoc"]
    assert credo_issuer.tell("session", session=offer["session"])["state"] == "Completed"
    modes = ["direct_post.jwt"] if haip else ["direct_post.jwt", "direct_post"]
    prefixes = ["x509_hash"] if haip else ["x509_hash", "x509_san_dns"]
    for query, mode, prefix in product(QUERIES.values(), modes, prefixes):
        asked = credo_verifier.tell("request", query={"credentials": [query]}, response_mode=mode, prefix=prefix)
        assert our_wallet.run("present", asked["link"], "--yes", *UNREGISTERED, network=True)["state"] == "accepted"
        result = credo_verifier.tell("result", session=asked["session"])
        assert result["state"] == "ResponseVerified"
        assert "Voorbeeld" in str(result["presentations"])
        assert "Noor" not in str(result["presentations"])


def test_our_wallet_receives_from_credo_with_a_transaction_code(
    roles: Roles, our_wallet: OurWallet, credo_issuer: Foreign
) -> None:
    if roles.profile == "haip":
        return
    offer = credo_issuer.tell(
        "offer", configurations=["pid-sd-jwt", "pid-mdoc"], grant="pre-authorized_code", tx_code=True
    )
    code = ("--tx-code", offer["tx_code"])
    received = our_wallet.run("receive", offer["offer"], *code, *UNREGISTERED, network=True)
    assert received["state"] == "received"
    assert len(our_wallet.run("list")["credentials"]) == 2
