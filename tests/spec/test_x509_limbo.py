"""The certificate paths of x509-limbo against access certificates: the chain, its profile, and the name it is bound to.

Every case runs. What limbo says is valid is accepted, and what it says is invalid is refused, but for what
``skips.toml`` names with the reason; that comes out the other way.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.x509 import Certificate, CertificateProfile, parse_pem_certificates, verify_path
from zegel.trust.access import DNS_PREFIX, certificate_client_id, verify_party
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.revocation import RevocationLists

FOLDER = Path(__file__).parents[1] / "vectors" / "x509-limbo"
CASES = {case["id"]: case for case in json.loads((FOLDER / "limbo-offline.json").read_text())["testcases"]}
SKIPS = tomllib.loads((FOLDER / "skips.toml").read_text())
USAGES = {"serverAuth": "1.3.6.1.5.5.7.3.1", "clientAuth": "1.3.6.1.5.5.7.3.2"}
MAX_PATHS = 20  # of the cases that are made of many

Case = Mapping[str, Any]


def reason(case: Case) -> str | None:
    """Why the case comes out otherwise; None where it does not."""
    kind = "refused" if case["expected_result"] == "SUCCESS" else "accepted"
    return next((skip["reason"] for skip in SKIPS[kind] if case["id"] in skip["ids"]), None)


def certificates(*pems: str) -> tuple[Certificate, ...]:
    return tuple(each for pem in pems for each in parse_pem_certificates(pem.encode(), what="limbo"))


def now_of(case: Case) -> int:
    return int(datetime.fromisoformat(case["validation_time"] or "2026-01-01T00:00:00+00:00").timestamp())


def refusal(case: Case) -> Check | None:
    """The rule by which a wallet refuses whoever asks with such a chain; None where it does not.

    Limbo has a pool of intermediates, the wire has a path: one of those that the pool holds is enough.
    """
    try:
        (leaf,) = certificates(case["peer_certificate"])
        pool, roots = certificates(*case["untrusted_intermediates"]), certificates(*case["trusted_certs"])
    except Malformed as error:
        return error.check
    checks: list[Check] = []
    for chain in islice(paths((leaf,), pool, {root.subject for root in roots}), MAX_PATHS):
        try:
            verify(case, chain, roots)
        except (Malformed, Rejected) as error:
            checks.append(error.check)
        else:
            return None
    return checks[0]


def paths(path: tuple[Certificate, ...], pool: tuple[Certificate, ...], roots: set[str]) -> Iterator[tuple[Any, ...]]:
    """The paths by name from the leaf to a root that is left out; what leads to none is sent as it is."""
    top = path[-1]
    above = [each for each in pool if each.subject == top.issuer and each not in path]
    if top.issuer in roots or not above:
        yield path
    for each in above:
        yield from paths((*path, each), pool, roots)


def verify(case: Case, chain: tuple[Certificate, ...], roots: tuple[Certificate, ...]) -> None:
    verify_party(
        client_id=client_id(case, chain[0]),
        x5c=tuple(each.der for each in chain),
        anchors=TrustAnchors(
            (TrustAnchor(certificate=r, purpose=Purpose.ACCESS, entity="limbo") for r in roots),
            revocation=RevocationLists(unsafe_unknown=True),  # no case of limbo brings a list
        ),
        timestamps_required=False,
        now=now_of(case),
    )
    for usage in case["extended_key_usage"]:  # access certificates are asked for none
        profile = CertificateProfile(name="limbo", extended_key_usage=USAGES[usage])
        verify_path(chain, anchors=roots, profile=profile, now=now_of(case))


def client_id(case: Case, leaf: Certificate) -> str:
    name = case["expected_peer_name"]
    return certificate_client_id(leaf) if name is None else DNS_PREFIX + name["value"]


@pytest.mark.parametrize("id_", CASES)
def test_a_path_is_valid_where_limbo_says_so_and_nowhere_else(id_: str) -> None:
    case = CASES[id_]
    accepted = refusal(case) is None
    assert accepted == ((case["expected_result"] == "SUCCESS") != (reason(case) is not None))


@pytest.mark.parametrize(
    ("part", "checks"),
    [
        ("rfc5280::validity", {Check.CERTIFICATE_VALIDITY, Check.ANCHOR}),
        ("rfc5280::nc::", {Check.ANCHOR, Check.CHAIN, Check.CERTIFICATE_PROFILE, Check.SYNTAX}),
        ("rfc5280::aki::", {Check.ANCHOR, Check.CERTIFICATE_PROFILE, Check.SYNTAX}),
        ("rfc5280::ski::", {Check.ANCHOR, Check.CERTIFICATE_PROFILE}),
        ("pathlen::", {Check.ANCHOR}),
        ("webpki::san::", {Check.CLIENT_BINDING, Check.SYNTAX, Check.ANCHOR}),
        ("webpki::forbidden", {Check.SYNTAX, Check.ANCHOR}),
    ],
)
def test_what_is_invalid_is_refused_by_the_rule_that_it_breaks(part: str, checks: set[Check]) -> None:
    invalid = [case for id_, case in CASES.items() if id_.startswith(part) and case["expected_result"] == "FAILURE"]
    found = {refusal(case) for case in invalid if reason(case) is None}
    assert found
    assert found <= checks


def test_the_skips_are_needed_few_and_each_is_there() -> None:
    for kind, expected in (("refused", "SUCCESS"), ("accepted", "FAILURE")):
        ids = [id_ for skip in SKIPS[kind] for id_ in skip["ids"]]
        assert len(ids) == len(set(ids)) <= SKIPS["at_most"][kind]
        assert {CASES[id_]["expected_result"] for id_ in ids} == {expected}
    assert Counter(case["expected_result"] for case in CASES.values()) == {"FAILURE": 145, "SUCCESS": 63}


def test_the_vectors_are_those_that_the_source_names() -> None:
    digest = sha256((FOLDER / "limbo-offline.json").read_bytes()).hexdigest()
    assert f"| limbo-offline.json | {digest} |" in (FOLDER / "SOURCE.md").read_text()
