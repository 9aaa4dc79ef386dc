"""Which cases of x509-limbo fit a profile of ours: a predicate on the case alone, each reason with its clause.

Limbo judges paths of web servers. What it says holds here but where our profile is stricter, where a rule is one of the
CA/Browser Forum for web servers alone, and where it asks for what no wallet is asked for. What limbo expects of a case
is not looked at.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar, final
from warnings import catch_warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from zegel.trust.anchors import PROFILES, Purpose

Case = Mapping[str, Any]
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_WEB: Final = "webpki"
_E = TypeVar("_E", bound=x509.ExtensionType)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The certificates of a case, as far as a library reads them, and what our profile for ``purpose`` is asked."""

    purpose: Purpose
    leaf: x509.Certificate
    above: tuple[x509.Certificate, ...]
    roots: tuple[x509.Certificate, ...]
    asked: Case

    def __iter__(self) -> Iterator[x509.Certificate]:
        """All of them, the leaf first."""
        return iter((self.leaf, *self.above, *self.roots))


def unfit(case: Case, purpose: Purpose) -> str | None:
    """Why a case does not fit a profile: the first reason of ``STRICTER`` or ``OTHER``; None for one that fits.

    What no library reads fits: it has to be refused.
    """
    try:
        with catch_warnings(action="ignore"):
            path = _path(case, purpose)
            for each in path:
                _ = each.extensions, each.subject, each.issuer, each.public_key()  # raises for what cannot be read
    except _UNREADABLE:
        return None
    return next((reason for reason, applies in (STRICTER | OTHER).items() if applies(path)), None)


def _path(case: Case, purpose: Purpose) -> Path:
    leaf, *above = map(_certificate, (case["peer_certificate"], *case["untrusted_intermediates"]))
    roots = map(_certificate, case["trusted_certs"])
    return Path(purpose=purpose, leaf=leaf, above=tuple(above), roots=tuple(roots), asked=case)


@cache
def _certificate(pem: str) -> x509.Certificate:
    """Read once, for each case is looked at for each purpose, by each test."""
    return x509.load_pem_x509_certificate(pem.encode())


def _other_key(path: Path) -> bool:
    return any(not isinstance(each.public_key(), ec.EllipticCurvePublicKey) for each in path)


def _depth(path: Path) -> bool:
    return path.asked["max_chain_depth"] is not None


def _address(path: Path) -> bool:
    return _for_access(path) and (path.asked["expected_peer_name"] or {}).get("kind") == "IP"


def _pattern(path: Path) -> bool:
    """The name that is looked for is in the leaf by way of a pattern alone."""
    asked, names = path.asked["expected_peer_name"], _names(path.leaf)
    elsewhere = asked is not None and asked["value"] not in names
    return _for_access(path) and elsewhere and any(each.startswith("*.") for each in names)


def _other_usage(path: Path) -> bool:
    """The leaf is for something that a certificate of this purpose is not for."""
    profile, found = PROFILES[path.purpose], _value(path.leaf, x509.ExtendedKeyUsage)
    usages = frozenset(() if found is None else (each.dotted_string for each in found))
    if profile.extended_key_usage is not None:
        return usages != {profile.extended_key_usage}
    return profile.allowed_usages is not None and not usages <= profile.allowed_usages


def _host(path: Path) -> bool:
    """A host is asked for that is not the leaf's letter by letter, or cannot be one's."""
    asked = path.asked["expected_peer_name"]
    return (
        not _for_access(path)
        and asked is not None
        and (
            asked["kind"] != "DNS"
            or asked["value"] not in _names(path.leaf)
            or not asked["value"].replace(".", "").replace("-", "").isalnum()
        )
    )


def _asked_usage(path: Path) -> bool:
    return not _for_access(path) and bool(path.asked["extended_key_usage"])


def _nameless(path: Path) -> bool:
    return not list(path.leaf.subject)


def _authority_for_a_leaf(path: Path) -> bool:
    constraints = _value(path.leaf, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _leaf_without_usage(path: Path) -> bool:
    return _value(path.leaf, x509.KeyUsage) is None


def _authority_without_usage(path: Path) -> bool:
    return any(_value(each, x509.KeyUsage) is None for each in (*path.above, *path.roots))


def _self_issued(path: Path) -> bool:
    """One is on the way: it issued the leaf, or no anchor did."""
    direct = path.leaf.issuer in {root.subject for root in path.roots}
    return any(each.subject == each.issuer and (each.subject == path.leaf.issuer or not direct) for each in path.above)


def _directory_constraint(path: Path) -> bool:
    return any(
        isinstance(subtree, x509.DirectoryName)
        for each in path
        if (constraints := _value(each, x509.NameConstraints)) is not None
        for subtree in (*(constraints.permitted_subtrees or ()), *(constraints.excluded_subtrees or ()))
    )


def _anchor_of_another(path: Path) -> bool:
    return any(
        (key_id := _value(root, x509.AuthorityKeyIdentifier)) is not None
        and (own := _value(root, x509.SubjectKeyIdentifier)) is not None
        and (key_id.authority_cert_serial_number is not None or key_id.key_identifier != own.digest)
        for root in path.roots
    ) or any(root.subject != root.issuer for root in path.roots)


def _uncritical(path: Path) -> bool:
    """By the rules for web servers, constraints of names need not be critical."""
    kinds = (x509.NameConstraints, x509.PolicyConstraints)
    return _rules(path) != _WEB and any(
        isinstance(extension.value, kinds) and not extension.critical
        for each in (*path.above, *path.roots)
        for extension in each.extensions
    )


def _critical_names(path: Path) -> bool:
    return _rules(path) == _WEB and any(
        isinstance(extension.value, x509.SubjectAlternativeName) and extension.critical
        for extension in path.leaf.extensions
    )


def _common_name(path: Path) -> bool:
    """The name that is looked for is there, and another one that looks like a host's is the subject's."""
    asked, names = path.asked["expected_peer_name"], _names(path.leaf)
    common = [str(each.value) for each in path.leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    there = asked is not None and asked["value"] in names
    return _rules(path) == _WEB and there and any("." in each and each not in names for each in common)


def _web_usage(path: Path) -> bool:
    """Its leaf has no extended key usage, or a critical one: RFC 5280 section 4.2.1.12 allows both."""
    found = [each for each in path.leaf.extensions if isinstance(each.value, x509.ExtendedKeyUsage)]
    return _rules(path) == _WEB and (not found or found[0].critical)


def _rules(path: Path) -> str:
    """Whose rules a case is about, by its name: ``rfc5280`` and ``webpki`` have cases that are the same otherwise."""
    return str(path.asked["id"]).partition("::")[0]


def _for_access(path: Path) -> bool:
    return path.purpose is Purpose.ACCESS


def _names(leaf: x509.Certificate) -> list[str]:
    names = _value(leaf, x509.SubjectAlternativeName)
    return [] if names is None else names.get_values_for_type(x509.DNSName)


def _value(certificate: x509.Certificate, kind: type[_E]) -> _E | None:
    return next((each.value for each in certificate.extensions if isinstance(each.value, kind)), None)


# What we refuse, whatever limbo says of it.
STRICTER: Final[Mapping[str, Callable[[Path], bool]]] = {
    "a key or signature that is not ECDSA's (HAIP 1.0 section 7)": _other_key,
    "an address is no client identifier (OpenID4VP 1.0 section 5.9.3)": _address,
    "a name that a pattern fits is no client identifier (OpenID4VP 1.0 section 5.9.3)": _pattern,
    "whoever signs has a name (ETSI TS 119 411-8; ARF 3.0 RPA_06)": _nameless,
    "what signs is an end entity (ETSI TS 119 411-8; ISO/IEC 18013-5 table B.3)": _authority_for_a_leaf,
    "a leaf has the key usage digitalSignature (ISO/IEC 18013-5 table B.3)": _leaf_without_usage,
    "an authority has a key usage (RFC 5280 section 4.2.1.3)": _authority_without_usage,
    "what is self-issued is an anchor, which x5c leaves out (HAIP 1.0 section 5)": _self_issued,
    "a certificate that is for something else (ISO/IEC 18013-5 table B.3; status list draft 20 section 11.3)":
        _other_usage,
    "constraints of directory names are not understood, and critical (RFC 5280 section 4.2)": _directory_constraint,
}  # fmt: skip
# Rules that are not ours: what limbo calls valid is valid here, and so is some of what it does not.
OTHER: Final[Mapping[str, Callable[[Path], bool]]] = {
    "the depth is bounded for all, not for each caller (RFC 5280 section 6.1.1 knows no such input)": _depth,
    "an anchor is an input, whatever it says of who is above it (RFC 5280 section 6.1.1)": _anchor_of_another,
    "critical is a rule for issuing; what is known holds, what is not may be ignored (RFC 5280 section 4.2)":
        _uncritical,
    "names are critical only beside an empty subject, for web servers (CA/Browser Forum BR 7.1.2.7.12)":
        _critical_names,
    "the common name is one of the names, for web servers (CA/Browser Forum BR 7.1.4.3; RFC 9525 section 2)":
        _common_name,
    "which extended key usage a web server has (CA/Browser Forum BR 7.1.2.7.6)": _web_usage,
    "of a signer nobody asks for a host (RFC 5280 section 6.1 binds no name; only OpenID4VP 1.0 section 5.9.3 does)":
        _host,
    "of a signer nobody asks for a usage but its profile (RFC 5280 section 4.2.1.12 leaves it to the application)":
        _asked_usage,
}  # fmt: skip
