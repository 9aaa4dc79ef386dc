"""The foreign programs, and the authorities that both sides trust. Real clocks and real sockets: these are no mocks."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from zegel_testing.authorities import CertifiedSigner, authority, signer
from zegel_testing.foreign import MDOC_ELEMENTS, SD_JWT_CLAIMS, Foreign, ForeignProcess, pem_signer
from zegel_testing.localhost import localhost_names
from zegel_testing.web_authority import WebAuthority

from zegel.primitives.keys import parse_jwk
from zegel.trust.anchors import Purpose
from zegel.trust.authority import Authority
from zegel.trust.key_attestation import sign_key_attestation


@pytest.fixture(scope="session", autouse=True)
def names_of_this_machine() -> Iterator[None]:
    """Both sides have hosts under .localhost."""
    with localhost_names():
        yield


@pytest.fixture(scope="session")
def credo() -> Iterator[ForeignProcess]:
    """Where all of Credo's wallets, issuers and verifiers are."""
    with ForeignProcess("credo") as process:
        yield process


@pytest.fixture(scope="session")
def now() -> int:
    return int(time.time())


@pytest.fixture(scope="session")
def roots(now: int) -> dict[Purpose, Authority]:
    return {purpose: authority(f"{purpose} root", now=now) for purpose in ROOTS}


ROOTS = (Purpose.ISSUER, Purpose.ACCESS, Purpose.WALLET_PROVIDER)


@pytest.fixture(scope="session")
def web_authority(tmp_path_factory: pytest.TempPathFactory) -> WebAuthority:
    return WebAuthority(tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="session", params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Everything of Credo's is shown without TLS and with it."""
    return str(request.param)


def tls_options(scheme: str, host: str, web_authority: WebAuthority) -> dict[str, Any]:
    return {"tls": web_authority.issue(host)} if scheme == "https" else {}


@pytest.fixture(scope="session")
def credo_issuer(
    credo: ForeignProcess, now: int, roots: dict[Purpose, Authority], scheme: str, web_authority: WebAuthority
) -> Iterator[Foreign]:
    """A Credo issuer of a PID in both formats, signing under our issuer root."""
    host = "credo-issuer.localhost"
    provider = pem_signer(signer(roots[Purpose.ISSUER], "Credo PID provider", Purpose.ISSUER, now=now))
    with Foreign(credo, "issuer", web_authorities=[web_authority.pem]) as issuer:
        issuer.tell(
            "start",
            host=host,
            **tls_options(scheme, host, web_authority),
            trusted=[roots[Purpose.WALLET_PROVIDER].certificate.pem],
            sd_jwt={"vct": "urn:eudi:pid:1", "signer": provider, "claims": SD_JWT_CLAIMS},
            mdoc={
                "doctype": "eu.europa.ec.eudi.pid.1",
                "namespace": "eu.europa.ec.eudi.pid.1",
                "signer": provider,
                "elements": MDOC_ELEMENTS,
            },
        )
        yield issuer


@pytest.fixture(scope="session")
def credo_verifier(
    credo: ForeignProcess, now: int, roots: dict[Purpose, Authority], scheme: str, web_authority: WebAuthority
) -> Iterator[Foreign]:
    """A Credo verifier under our access root; it trusts our issuer root."""
    host = "credo-verifier.localhost"
    certified = signer(roots[Purpose.ACCESS], "Credo verifier", Purpose.ACCESS, now=now, dns_names=(host,))
    with Foreign(credo, "verifier", web_authorities=[web_authority.pem]) as verifier:
        verifier.tell("start", host=host, signer=pem_signer(certified), trusted=[roots[Purpose.ISSUER].certificate.pem])
        yield verifier


@pytest.fixture(scope="session")
def wallet_provider(now: int, roots: dict[Purpose, Authority]) -> CertifiedSigner:
    return signer(roots[Purpose.WALLET_PROVIDER], "Wallet provider", Purpose.WALLET_PROVIDER, now=now)


@pytest.fixture(scope="session")
def wallet_process(
    credo: ForeignProcess, wallet_provider: CertifiedSigner, web_authority: WebAuthority
) -> Iterator[Foreign]:
    def attest_keys(asked: dict[str, Any]) -> str:
        kids = {parse_jwk(key, what="wallet's key"): key["kid"] for key in asked["keys"]}
        attestation = sign_key_attestation(
            signer=wallet_provider.key,
            chain=wallet_provider.chain,
            provider="https://wallet-provider.example",
            keys=list(kids),
            kids=kids,
            key_storage=["iso_18045_moderate"],
            user_authentication=["iso_18045_moderate"],
            nonce=asked["c_nonce"],
            now=int(time.time()),
            expires=int(time.time()) + 300,
        )
        return attestation.decode()

    answers = {"key_attestation": attest_keys}
    with Foreign(credo, "wallet", web_authorities=[web_authority.pem], answers=answers) as wallet:
        yield wallet


@pytest.fixture
def credo_wallet(wallet_process: Foreign, roots: dict[Purpose, Authority]) -> Foreign:
    """An empty Credo wallet that trusts our two roots."""
    wallet_process.tell("start", trusted=[root.certificate.pem for root in roots.values()])
    return wallet_process
