"""The certificate paths of x509-limbo against each of our profiles: the chain, its profile, and for access its name.

Every case runs against every profile. What fits one (``zegel_testing.limbo``, which looks at the case alone) comes out
as limbo says; what does not is counted by the reason, and so is how much of that comes out otherwise.
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
_ALL = {
    "a key or signature that is not ECDSA's (HAIP 1.0 section 7)": (21, 12),
    "whoever signs has a name (ETSI TS 119 411-8; ARF 3.0 RPA_06)": (3, 1),
    "what signs is an end entity (ETSI TS 119 411-8; ISO/IEC 18013-5 table B.3)": (5, 2),
    "a leaf has the key usage digitalSignature (ISO/IEC 18013-5 table B.3)": (2, 1),
    "an authority has a key usage (RFC 5280 section 4.2.1.3)": (2, 1),
    "what is self-issued is an anchor, which x5c leaves out (HAIP 1.0 section 5)": (8, 3),
}
_ANY_USAGE = _ALL | {
    "constraints of directory names are not understood, and critical (RFC 5280 section 4.2)": (5, 1),
    "the depth is bounded for all, not for each caller (RFC 5280 section 6.1.1 knows no such input)": (5, 2),
    "an anchor is an input, whatever it says of who is above it (RFC 5280 section 6.1.1)": (6, 3),
    "critical is a rule for issuing; what is known holds, what is not may be ignored (RFC 5280 section 4.2)": (2, 2),
    "names are critical only beside an empty subject, for web servers (CA/Browser Forum BR 7.1.2.7.12)": (1, 1),
    "the common name is one of the names, for web servers (CA/Browser Forum BR 7.1.4.3; RFC 9525 section 2)": (4, 4),
    "which extended key usage a web server has (CA/Browser Forum BR 7.1.2.7.6)": (2, 2),
}
_ACCESS = _ANY_USAGE | {
    "an address is no client identifier (OpenID4VP 1.0 section 5.9.3)": (13, 3),
    "a name that a pattern fits is no client identifier (OpenID4VP 1.0 section 5.9.3)": (9, 2),
}
_SIGNER = _ANY_USAGE | {
    "of a signer nobody asks for a host (RFC 5280 section 6.1 binds no name; only OpenID4VP 1.0 section 5.9.3 does)":
        (36, 22),
    "of a signer nobody asks for a usage but its profile (RFC 5280 section 4.2.1.12 leaves it to the application)":
        (13, 2),
}  # fmt: skip
_OF_SOMETHING_ELSE = (
    "a certificate that is for something else (ISO/IEC 18013-5 table B.3; status list draft 20 section 11.3)"
)
_STATUS = _ALL | {
    _OF_SOMETHING_ELSE: (153, 42),
    "which extended key usage a web server has (CA/Browser Forum BR 7.1.2.7.6)": (1, 1),
}
UNFIT = {
    Purpose.ISSUER: _ALL | {_OF_SOMETHING_ELSE: (155, 43)},
    Purpose.STATUS: _STATUS,
    Purpose.WALLET_STATUS: _STATUS,
    Purpose.REGISTRATION_STATUS: _STATUS,
    Purpose.WALLET_PROVIDER: _SIGNER,
    Purpose.ACCESS: _ACCESS,
    Purpose.REGISTRATION: _SIGNER,
    Purpose.LIST: _SIGNER,
}


Path = tuple[Certificate, ...]


def certificates(*pems: str) -> Path:
    return tuple(each for pem in pems for each in parse_pem_certificates(pem.encode(), what="limbo"))


def now_of(case: Case) -> int:
    return int(datetime.fromisoformat(case["validation_time"] or "2026-01-01T00:00:00+00:00").timestamp())


def refusal(case: Case, purpose: Purpose = Purpose.ACCESS) -> Check | None:
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
            verify(case, chain, roots, purpose)
        except (Malformed, Rejected) as error:
            checks.append(error.check)
        else:
            return None
    return checks[0]


def paths(path: Path, pool: Path, roots: set[str]) -> Iterator[Path]:
    """The paths by name from the leaf to a root that is left out; what leads to none is sent as it is."""
    top = path[-1]
    above = [each for each in pool if each.subject == top.issuer and each not in path]
    if top.issuer in roots or not above:
        yield path
    for each in above:
        yield from paths((*path, each), pool, roots)


def verify(case: Case, chain: Path, roots: Path, purpose: Purpose) -> None:
    anchors = TrustAnchors(
        (TrustAnchor(certificate=root, purpose=purpose, entity="limbo") for root in roots),
        revocation=RevocationLists(unsafe_unknown=True),
    )
    x5c, now = tuple(each.der for each in chain), now_of(case)
    if purpose is Purpose.ACCESS:
        name = client_id(case, chain[0])
        verify_party(client_id=name, x5c=x5c, anchors=anchors, timestamps_required=False, now=now)
        for usage in case["extended_key_usage"]:  # access certificates are asked for none
            profile = CertificateProfile(name="limbo", extended_key_usage=USAGES[usage])
            verify_path(chain, anchors=roots, profile=profile, now=now)
    else:
        anchors.verify_chain(x5c, purpose=purpose, now=now)
    check_revocation(case, chain[0], roots)


def check_revocation(case: Case, leaf: Certificate, roots: Path) -> None:
    """Limbo gives the lists beside the leaf, which does not name where they stand: here it does."""
    if case["crls"]:
        (root,) = (each for each in roots if each.subject == leaf.issuer)
        lists = RevocationLists([parse_crl(b64decode("".join(pem.splitlines()[1:-1]))) for pem in case["crls"]])
        lists.check_chain((replace(leaf, revocation_points=PUBLISHED),), anchor=root, now=now_of(case))


def client_id(case: Case, leaf: Certificate) -> str:
    name = case["expected_peer_name"]
    return certificate_client_id(leaf) if name is None else DNS_PREFIX + name["value"]


def agrees(case: Case, purpose: Purpose) -> bool:
    return (refusal(case, purpose) is None) == (case["expected_result"] == "SUCCESS")


@pytest.mark.slow
@pytest.mark.parametrize("purpose", Purpose)
def test_a_path_is_valid_where_limbo_says_so_and_nowhere_else(purpose: Purpose) -> None:
    fitting = {id_: case for id_, case in CASES.items() if unfit(case, purpose) is None}
    assert fitting
    assert [id_ for id_, case in fitting.items() if not agrees(case, purpose)] == []


@pytest.mark.slow
@pytest.mark.parametrize("purpose", Purpose)
def test_what_does_not_fit_is_counted_by_its_reason(purpose: Purpose) -> None:
    found: dict[str, list[bool]] = {}
    for case in CASES.values():
        if (reason := unfit(case, purpose)) is not None:
            found.setdefault(reason, []).append(agrees(case, purpose))
    assert {reason: (len(all_), all_.count(False)) for reason, all_ in found.items()} == UNFIT[purpose]


def test_every_reason_applies_to_some_case() -> None:
    assert {reason for counted in UNFIT.values() for reason in counted} == STRICTER.keys() | OTHER.keys()


@pytest.mark.slow
@pytest.mark.parametrize("purpose", Purpose)
def test_what_a_stricter_rule_is_about_is_refused_whatever_limbo_says(purpose: Purpose) -> None:
    stricter = [id_ for id_, case in CASES.items() if unfit(case, purpose) in STRICTER]
    assert stricter
    assert [id_ for id_ in stricter if refusal(CASES[id_], purpose) is None] == []


@pytest.mark.slow
@pytest.mark.parametrize("purpose", Purpose)
def test_a_rule_that_is_not_ours_refuses_nothing_that_limbo_calls_valid(purpose: Purpose) -> None:
    other = {id_: case for id_, case in CASES.items() if unfit(case, purpose) in OTHER}
    valid = [id_ for id_, case in other.items() if case["expected_result"] == "SUCCESS"]
    assert [id_ for id_ in valid if refusal(CASES[id_], purpose) is not None] == []


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
    found = {refusal(case) for case in invalid if unfit(case, Purpose.ACCESS) is None}
    assert found
    assert found <= checks


def test_limbo_calls_so_many_valid_and_so_many_invalid() -> None:
    assert Counter(case["expected_result"] for case in CASES.values()) == {"FAILURE": 145, "SUCCESS": 63}


def test_the_vectors_are_those_that_the_source_names() -> None:
    digest = sha256((FOLDER / "limbo-offline.json").read_bytes()).hexdigest()
    assert f"| limbo-offline.json | {digest} |" in (FOLDER / "SOURCE.md").read_text()
