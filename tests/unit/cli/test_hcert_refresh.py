"""``zegel hcert refresh``, and what commands say of the lists by which they judge."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.gateway_list import GATEWAY
from zegel_testing.health import Health
from zegel_testing.health_lists import OFFICE, OTHER, did_document, gateway_entry, method

from zegel.adapters.clock import SystemClock
from zegel.adapters.kept_health import HealthListFolder

Zegel = Callable[..., Any]
EMPTY = "/empty"
DAY = 86_400


class _Publisher(BaseHTTPRequestHandler):
    """Two signers, one of them with a key of a kind that is not read; and a list with nobody on it."""

    def do_GET(self) -> None:
        listed = [] if self.path == EMPTY else [method(OFFICE), method(OFFICE, x5c=["AAAA"])]
        body = json.dumps(did_document(*listed)).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """Where the lists are, as a configuration in this folder has it."""
    here = tmp_path / "here"
    here.mkdir(exist_ok=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Publisher) as server:
        origin = f"http://127.0.0.1:{server.server_address[1]}"
        (here / "zegel.toml").write_text(
            f'[outbound]\nloopback_origins = ["{origin}"]\n[health]\nlists = ["{origin}/did.json"]\nkept = "lists"\n'
        )
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield origin
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_lists_are_kept_and_believed_and_what_is_left_out_is_said(zegel: Zegel, origin: str) -> None:
    ran = zegel("hcert", "refresh")
    assert ran.code == 0
    assert ran.out == f"{origin}/did.json: 1 signers are kept, 1 entries left out\n"
    assert ran.err.startswith("left out: verificationMethod[1]: ")
    code = OFFICE.code(claims={4: SystemClock().now() + DAY, 6: SystemClock().now() - DAY}).decode()
    ran = zegel("hcert", "verify", code, "--trust", "lists")
    assert ran.code == 0
    assert "trust: 127.0.0.1: 1 signer, as of 2026-11-10, fetched today\n" in ran.err
    assert "trust: 127.0.0.1: left out verificationMethod[1]: " in ran.err
    ran = zegel("hcert", "verify", code, "--trust", "lists", "--json")
    (told,) = ran.json["trust"]
    assert (told["list"], told["signers"], len(told["left_out"]), ran.err) == ("127.0.0.1", 1, 1, "")
    assert told["fetched"] is not None
    batch = json.dumps({"id": 1, "code": code}).encode()
    ran = zegel("hcert", "verify", "--batch", "-", "--trust", "lists", "--json", stdin=batch)
    assert ran.json == {"id": 1, "verdict": "accepted", "check": None, "detail": ""}
    assert "left out verificationMethod[1]" in ran.err


@pytest.mark.slow
def test_a_list_with_nobody_on_it_replaces_none_and_a_config_is_not_always_needed(zegel: Zegel, origin: str) -> None:
    assert zegel("hcert", "refresh", origin + EMPTY, "--into", "mine", "--config", "zegel.toml").code == 2
    assert not Path("mine").exists()
    ran = zegel("hcert", "refresh", origin + EMPTY, "--json")
    assert (ran.code, ran.json["lists"][0]["kept"]) == (2, False)
    ran = zegel("hcert", "refresh", origin + "/did.json", "--into", "mine")
    assert ran.code == 3  # plain http of this machine, which nothing allows here
    assert "what is kept stays as it is" in ran.err


@pytest.mark.slow
def test_a_list_that_lost_much_is_kept_out_until_the_operator_says_yes(zegel: Zegel, origin: str) -> None:
    file = HealthListFolder(Path("lists")).path(f"{origin}/did.json")
    file.parent.mkdir()
    before = json.dumps(did_document(*map(method, [OTHER, Health(name="a"), Health(name="b")]))).encode()
    file.write_bytes(before)
    ran = zegel("hcert", "refresh")
    assert (ran.code, ran.out) == (1, "")
    assert "health-list: expected at most 25 % of 3 signers gone at once, got 3" in ran.err
    assert "what is kept stays as it is" in ran.err
    assert file.read_bytes() == before
    assert zegel("hcert", "refresh", "--accept").code == 0
    assert file.read_bytes() != before


def test_an_old_list_is_said_to_be_old(zegel: Zegel, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps([gateway_entry(OFFICE)]))
    fetched = {"url": "https://lists.utopia.example/", "at": SystemClock().now() - 9 * DAY}
    (tmp_path / "list.fetched").write_text(json.dumps(fetched))
    ran = zegel("hcert", "verify", "HC1:x", "--trust", tmp_path / "list.json")
    assert "trust: old: lists.utopia.example: 1 signer, as of 2026-10-01, fetched 9 days ago; zegel hcert" in ran.err
    ran = zegel("hcert", "verify", "HC1:x", "--trust", tmp_path / "list.json", "--json")
    assert ran.json["trust"][0]["old"] is True


def test_signers_of_another_trust_domain_count_where_they_are_named(zegel: Zegel, tmp_path: Path) -> None:
    (tmp_path / "did.json").write_text(json.dumps(did_document(method(OFFICE, domain="PH4H"))))
    code = OFFICE.code(claims={4: SystemClock().now() + DAY, 6: SystemClock().now() - DAY}).decode()
    asked = ("hcert", "verify", "--trust", tmp_path / "did.json")
    ran = zegel(*asked, code)
    assert (ran.code, "in another domain: PH4H" in ran.out) == (1, True)
    assert zegel(*asked, code, "--domain", "icvp=PH4H").code == 1
    assert zegel(*asked, code, "--domain", "dcc=PH4H").code == 0
    batch = json.dumps({"id": 1, "code": code}).encode()
    ran = zegel(*asked, "--batch", "-", "--domain", "dcc=PH4H", "--json", stdin=batch)
    assert ran.json["verdict"] == "accepted"
    ran = zegel(*asked, code, "--domain", "PH4H")
    assert (ran.code, "expected dcc or ddcc or icvp, and =DOMAIN" in ran.err) == (2, True)


def test_of_a_list_of_the_gateways_those_count_that_its_anchor_vouches_for(zegel: Zegel, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps([*GATEWAY.entries(), gateway_entry(OFFICE)]))
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(GATEWAY.anchor.certificate.public_bytes(Encoding.PEM))
    code = OFFICE.code(claims={4: SystemClock().now() + DAY, 6: SystemClock().now() - DAY}).decode()
    asked = ("hcert", "verify", "--trust", tmp_path / "list.json", "--json")
    assert zegel(*asked, code).json["verdict"] == "accepted"
    ran = zegel(*asked, code, "--gateway-anchor", anchor)
    assert (ran.code, ran.json["check"], ran.json["trust"][0]["signers"]) == (1, "health-signer", 2)
    batch = json.dumps({"id": 1, "code": code}).encode()
    ran = zegel(*asked, "--batch", "-", "--gateway-anchor", anchor, stdin=batch)
    assert ran.json["verdict"] == "rejected"


@pytest.mark.slow
def test_with_the_anchor_a_list_of_another_form_is_neither_kept_nor_read(
    zegel: Zegel, origin: str, tmp_path: Path
) -> None:
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(GATEWAY.anchor.certificate.public_bytes(Encoding.PEM))
    ran = zegel("hcert", "refresh", "--into", "mine", "--gateway-anchor", anchor)
    assert ran.code == 1
    assert "health-voucher: expected the gateway's list" in ran.err
    assert not Path("mine").exists()
    own = tmp_path / "office.der"
    own.write_bytes(OFFICE.der)
    code = OFFICE.code(claims={4: SystemClock().now() + DAY, 6: SystemClock().now() - DAY}).decode()
    assert zegel("hcert", "verify", code, "--trust", own).code == 0
    ran = zegel("hcert", "verify", code, "--trust", own, "--gateway-anchor", anchor, "--json")
    assert (ran.code, ran.json["check"], ran.json["fault"]) == (3, "health-voucher", "operator")


def test_without_a_list_there_is_nothing_to_fetch(zegel: Zegel) -> None:
    Path("zegel.toml").write_text("")
    ran = zegel("hcert", "refresh", "--json")
    assert (ran.code, ran.json["field"]) == (2, "URL")


def test_a_refused_certificate_has_the_lists_beside_it_too(zegel: Zegel, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps([gateway_entry(OFFICE), gateway_entry(OFFICE, kid="A")]))
    ran = zegel("hcert", "verify", "HC1:x", "--trust", tmp_path / "list.json", "--json")
    assert (ran.code, ran.json["trust"][0]["signers"]) == (2, 1)
    ran = zegel("hcert", "verify", "HC1:x", "--trust", tmp_path / "list.json")
    assert "left out [1]" in ran.err
