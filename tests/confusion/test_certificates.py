"""Certificates, and what is signed about them, each where another is expected: all are refused."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, LOG, NOW, fixed_key, fixed_random
from zegel_testing.signed_objects import ANCHORS, KINDS, Kind, certified, sign
from zegel_testing.transparency import ACCESS_DRAFT, ITEMS, LOGGED_ROOT

from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.sandbox.authorities import END_ENTITIES, ROOTS
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, PORTS, ROLES, SandboxPlan
from zegel.adapters.trust_files import load_trust
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError
from zegel.primitives.crl import parse_crl, sign_crl
from zegel.primitives.encoding import base64, parse_base64
from zegel.primitives.json import encode_json
from zegel.primitives.jws import parse_jws
from zegel.primitives.x509 import parse_certificate
from zegel.protocols.transparency.answers import LogAnswer, parse_log_answer
from zegel.trust.access_authority.request import build_certificate_request, parse_certificate_request
from zegel.trust.anchors import Purpose
from zegel.trust.transparency.extensions import TRANSPARENCY_INFORMATION, transparency_information
from zegel.trust.transparency.heads import verify_tree_head
from zegel.trust.transparency.issuance import announce
from zegel.trust.transparency.items import TransItem, encode_trans_items
from zegel.trust.transparency.precertificate import parse_precertificate
from zegel.trust.transparency.timestamps import verify_timestamps


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ports = {role: 7_000 + at for role, at in PORTS.items()}
    operated = {role: 7_100 + at for at, role in enumerate(OPERATED)}
    plan = SandboxPlan(profile="haip", tls=True, ports=ports, operator_ports=operated)
    folder = tmp_path_factory.mktemp("confusion") / "utopia"
    create_sandbox(folder, plan, now=NOW, random=fixed_random("sandbox"))
    return folder


LIST_SIGNER = "the signer of the lists of trusted entities"
USED_FOR = {
    **{entity.file: {ROOTS[entity.root].purpose} for entity in END_ENTITIES},
    **{f"{role}-web": set() for role in ROLES},
}
USED_FOR |= {
    "registration": {Purpose.REGISTRATION, Purpose.REGISTRATION_STATUS},
    "access-authority": set(),  # it signs certificates, and nothing else
    "health": set(),  # the lists of health name it, no list of trusted entities
}
REFUSED_BY: dict[tuple[str, Purpose], Check] = {
    ("access-authority", Purpose.ACCESS): Check.CERTIFICATE_PROFILE,  # it leads to the anchor, and signs no request
}
USED_FOR["issuer"] |= {Purpose.STATUS}  # the sandbox's issuer signs its own status lists
USED_FOR[LIST_SIGNER] = {Purpose.LIST}


def chain_of(sandbox: Path, name: str) -> tuple[bytes, ...]:
    if name == LIST_SIGNER:  # its certificate stands in what it signed, and nowhere else
        return parse_jws((sandbox / "trust" / "pid-providers.jwt").read_bytes(), what="list").unverified_header.x5c
    return tuple(certificate.der for certificate in load_certificates(sandbox / "keys" / f"{name}.pem"))


@pytest.mark.slow
@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("file", USED_FOR)
def test_each_certificate_of_the_sandbox_serves_its_own_purpose_alone(
    sandbox: Path, file: str, purpose: Purpose
) -> None:
    anchors = load_trust([sandbox / "trust"], now=NOW, operators=True)
    chain = chain_of(sandbox, file)
    if purpose in USED_FOR[file]:
        assert anchors.verify_chain(chain, purpose=purpose, now=NOW)
        return
    with pytest.raises(Rejected) as refusal:
        anchors.verify_chain(chain, purpose=purpose, now=NOW)
    assert refusal.value.check is REFUSED_BY.get((file, purpose), Check.ANCHOR)


def test_every_certificate_of_the_sandbox_is_tried(sandbox: Path) -> None:
    there = {file.stem for file in (sandbox / "keys").glob("*.pem") if not file.stem.endswith(".key")}
    assert there | {LIST_SIGNER} == USED_FOR.keys()


@pytest.mark.parametrize("root", ROOTS)
def test_no_root_of_the_sandbox_signs_anything_but_certificates(sandbox: Path, root: str) -> None:
    anchors = load_trust([sandbox / "trust"], now=NOW, operators=True)
    (certificate,) = load_certificates(sandbox / "authorities" / f"{root}.pem")
    for purpose in Purpose:
        with pytest.raises(Rejected) as refusal:
            anchors.verify_chain((certificate.der,), purpose=purpose, now=NOW)
        assert refusal.value.check in (Check.CHAIN, Check.ANCHOR)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "x5c" in kind.header], ids=lambda kind: kind.name)
def test_two_leaves_are_no_chain(kind: Kind) -> None:
    second = certified(Purpose.ACCESS).chain[0]
    header = {"alg": "ES256", "typ": kind.typ} | kind.header
    header["x5c"] = [*header["x5c"], base64(second)]
    with pytest.raises(ZegelError) as refusal:
        kind.take(sign(header, kind.claims))
    assert refusal.value.check in (Check.CHAIN, Check.ANCHOR, Check.CERTIFICATE_PROFILE)


# --- what is made of DER, and what a log signs ----------------------------------------------------------------------


def request_in_der() -> bytes:
    lines = build_certificate_request(fixed_key("verifier"), hosts=("verifier.utopia.example",)).split()
    return parse_base64("".join(lines[3:-3]), what="request")  # -----BEGIN CERTIFICATE REQUEST-----


DER: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "certificate": (LOGGED_ROOT.certificate.der, parse_certificate),
    "announced certificate": (announce(ACCESS_DRAFT), parse_precertificate),
    "request for a certificate": (request_in_der(), parse_certificate_request),
    "list of revoked certificates": (
        sign_crl(
            LOGGED_ROOT.certificate, key=LOGGED_ROOT.key, revoked={1: NOW}, number=1, now=NOW, next_update=NOW + DAY
        ),
        parse_crl,
    ),
}
DER_PAIRS = list(permutations(DER, 2))


@pytest.mark.parametrize("name", DER)
def test_each_of_the_four_is_taken_where_it_is_expected(name: str) -> None:
    der, parse = DER[name]
    assert parse(der)


@pytest.mark.parametrize(("offered", "expected"), DER_PAIRS)
def test_none_of_the_four_is_taken_for_another(offered: str, expected: str) -> None:
    with pytest.raises(Malformed):
        DER[expected][1](DER[offered][0])


@pytest.mark.parametrize("offered", [name for name in DER if name != "certificate"])
def test_nothing_but_a_certificate_stands_in_a_chain(offered: str) -> None:
    with pytest.raises(Malformed, match="certificate"):
        ANCHORS.verify_chain((DER[offered][0],), purpose=Purpose.ACCESS, now=NOW)


TIMESTAMP, HEAD, PROOF = ITEMS
ITEM_NAMES = {"sct": TIMESTAMP, "sth": HEAD, "inclusion": PROOF}
ITEM_PAIRS = list(permutations(ITEM_NAMES, 2))


def take_timestamp(*carried: TransItem) -> object:
    """In the certificate that the log was asked about."""
    extension = transparency_information(encode_trans_items(carried))
    certificate = ACCESS_DRAFT.sign({TRANSPARENCY_INFORMATION: extension})
    return verify_timestamps(certificate, issuer=LOGGED_ROOT.certificate, logs=(LOG,), required=True, now=NOW)


def answer(name: str, item: TransItem) -> LogAnswer:
    return parse_log_answer(encode_json({name: base64(item.encode())}))


def test_what_a_log_signs_is_taken_where_it_is_expected() -> None:
    assert take_timestamp(*ITEMS)
    assert verify_tree_head(HEAD, log=LOG, now=NOW)
    for name, item in ITEM_NAMES.items():
        assert getattr(answer(name, item), name) == item


def test_the_signature_of_a_timestamp_makes_no_tree_head_and_the_other_way_round() -> None:
    """One key signs both: a timestamp as what begins with its type, a head as what begins with a time."""
    with pytest.raises(Rejected) as of_head:
        verify_tree_head(replace(HEAD, signature=TIMESTAMP.signature), log=LOG, now=NOW)
    assert of_head.value.check is Check.TREE_HEAD
    with pytest.raises(Rejected) as of_timestamp:
        take_timestamp(replace(TIMESTAMP, signature=HEAD.signature))
    assert of_timestamp.value.check is Check.CERTIFICATE_TIMESTAMP


def test_a_tree_head_in_a_certificate_is_no_timestamp() -> None:
    with pytest.raises(Rejected, match="it carries none") as refusal:
        take_timestamp(HEAD, PROOF)
    assert refusal.value.check is Check.CERTIFICATE_TIMESTAMP


@pytest.mark.parametrize(("offered", "expected"), ITEM_PAIRS)
def test_no_item_of_a_log_is_taken_for_another(offered: str, expected: str) -> None:
    with pytest.raises(Malformed) as refusal:
        answer(expected, ITEM_NAMES[offered])
    assert refusal.value.where == expected


def test_the_matrix_of_certificates_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    offered = {
        "certificates of the sandbox": len(USED_FOR) * len(Purpose) - sum(map(len, USED_FOR.values())),
        "its roots": len(ROOTS) * len(Purpose),
        "objects in DER": len(DER_PAIRS) + len(DER) - 1,
        "items of a log": len(ITEM_PAIRS) + 3,
    }
    with capsys.disabled():
        print("\nrefused:", ", ".join(f"{count} {name}" for name, count in offered.items()))
    assert all(any(purpose in used for used in USED_FOR.values()) for purpose in Purpose)
