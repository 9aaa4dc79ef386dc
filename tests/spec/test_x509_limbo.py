"""The certificate paths of x509-limbo against access certificates: the chain, its profile, and the name it is bound to.

Every case runs. What fits our profile (``zegel_testing.limbo``) comes out as limbo says; what does not is counted by
the reason, and so is how much of that comes out otherwise.
"""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.limbo import OTHER, STRICTER, Case, unfit

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.crl import parse_crl
from zegel.primitives.x509 import Certificate, CertificateProfile, parse_pem_certificates, verify_path
from zegel.trust.access import DNS_PREFIX, certificate_client_id, verify_party
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.revocation import RevocationLists

FOLDER = Path(__file__).parents[1] / "vectors" / "x509-limbo"
CASES = {case["id"]: case for case in json.loads((FOLDER / "limbo-offline.json").read_text())["testcases"]}
USAGES = {"serverAuth": "1.3.6.1.5.5.7.3.1", "clientAuth": "1.3.6.1.5.5.7.3.2"}
MAX_PATHS = 20  # of the cases that are made of many
PUBLISHED = ("https://limbo.example/crl",)
# By reason: how many cases do not fit, and how many of those come out otherwise than limbo says.
UNFIT = {
    "a key or signature that is not ECDSA's (HAIP 1.0 section 7)": (12, 12),
    "an address is no client identifier (OpenID4VP 1.0 section 5.9.3)": (3, 3),
    "a name that a pattern fits is no client identifier (OpenID4VP 1.0 section 5.9.3)": (2, 2),
    "whoever asks has a name (ETSI TS 119 411-8; ARF 3.0 RPA_06)": (1, 1),
    "an access certificate is an end entity's (ETSI TS 119 411-8)": (2, 2),
    "a leaf has the key usage digitalSignature (ISO/IEC 18013-5 table B.3)": (1, 1),
    "an authority has a key usage (RFC 5280 section 4.2.1.3)": (1, 1),
    "what is self-issued is an anchor, which x5c leaves out (HAIP 1.0 section 5)": (4, 3),
    "constraints of directory names are not understood, and critical (RFC 5280 section 4.2)": (1, 1),
    "the depth is bounded for all, not for each caller (RFC 5280 section 6.1.1 knows no such input)": (3, 2),
    "an anchor is an input, whatever it says of who is above it (RFC 5280 section 6.1.1)": (6, 3),
    "critical is a rule for issuing; what is known holds, what is not may be ignored (RFC 5280 section 4.2)": (2, 2),
    "names are critical only beside an empty subject, for web servers (CA/Browser Forum BR 7.1.2.7.12)": (2, 1),
    "the common name is one of the names, for web servers (CA/Browser Forum BR 7.1.4.3; RFC 9525 section 2)": (12, 4),
    "which extended key usage a web server has (CA/Browser Forum BR 7.1.2.7.6)": (5, 2),
}


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
            revocation=RevocationLists(unsafe_unknown=True),
        ),
        timestamps_required=False,
        now=now_of(case),
    )
    for usage in case["extended_key_usage"]:  # access certificates are asked for none
        profile = CertificateProfile(name="limbo", extended_key_usage=USAGES[usage])
        verify_path(chain, anchors=roots, profile=profile, now=now_of(case))
    check_revocation(case, chain[0], roots)


def check_revocation(case: Case, leaf: Certificate, roots: tuple[Certificate, ...]) -> None:
    """Limbo gives the lists beside the leaf, which does not name where they stand: here it does."""
    if case["crls"]:
        (root,) = (each for each in roots if each.subject == leaf.issuer)
        lists = RevocationLists([parse_crl(b64decode("".join(pem.splitlines()[1:-1]))) for pem in case["crls"]])
        lists.check_chain((replace(leaf, revocation_points=PUBLISHED),), anchor=root, now=now_of(case))


def client_id(case: Case, leaf: Certificate) -> str:
    name = case["expected_peer_name"]
    return certificate_client_id(leaf) if name is None else DNS_PREFIX + name["value"]


def agrees(case: Case) -> bool:
    return (refusal(case) is None) == (case["expected_result"] == "SUCCESS")


@pytest.mark.parametrize("id_", [id_ for id_, case in CASES.items() if unfit(case) is None])
def test_a_path_is_valid_where_limbo_says_so_and_nowhere_else(id_: str) -> None:
    assert agrees(CASES[id_])


def test_what_does_not_fit_is_counted_by_its_reason() -> None:
    found: dict[str, list[bool]] = {}
    for case in CASES.values():
        if (reason := unfit(case)) is not None:
            found.setdefault(reason, []).append(agrees(case))
    assert {reason: (len(all_), all_.count(False)) for reason, all_ in found.items()} == UNFIT
    assert found.keys() == STRICTER.keys() | OTHER.keys()


@pytest.mark.parametrize(
    ("part", "checks"),
    [
        ("rfc5280::validity", {Check.CERTIFICATE_VALIDITY, Check.ANCHOR}),
        ("rfc5280::nc::", {Check.ANCHOR, Check.CHAIN, Check.CERTIFICATE_PROFILE, Check.SYNTAX}),
        ("rfc5280::aki::", {Check.ANCHOR, Check.CERTIFICATE_PROFILE, Check.SYNTAX}),
        ("rfc5280::ski::", {Check.ANCHOR, Check.CERTIFICATE_PROFILE}),
        ("pathlen::", {Check.ANCHOR}),
        ("webpki::san::", {Check.CLIENT_BINDING, Check.SYNTAX, Check.ANCHOR}),
        ("crl::", {Check.CERTIFICATE_REVOKED, Check.REVOCATION_LIST}),
        ("webpki::forbidden", {Check.SYNTAX, Check.ANCHOR}),
    ],
)
def test_what_is_invalid_is_refused_by_the_rule_that_it_breaks(part: str, checks: set[Check]) -> None:
    invalid = [case for id_, case in CASES.items() if id_.startswith(part) and case["expected_result"] == "FAILURE"]
    found = {refusal(case) for case in invalid if unfit(case) is None}
    assert found
    assert found <= checks


def test_limbo_calls_so_many_valid_and_so_many_invalid() -> None:
    assert Counter(case["expected_result"] for case in CASES.values()) == {"FAILURE": 145, "SUCCESS": 63}


def test_the_vectors_are_those_that_the_source_names() -> None:
    digest = sha256((FOLDER / "limbo-offline.json").read_bytes()).hexdigest()
    assert f"| limbo-offline.json | {digest} |" in (FOLDER / "SOURCE.md").read_text()
