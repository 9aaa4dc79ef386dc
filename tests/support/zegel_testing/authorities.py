"""A small world of authorities with fixed keys: everything that a test needs to sign and to trust."""

from dataclasses import dataclass
from hashlib import sha256
from itertools import count

from zegel.primitives.keys import Curve, PrivateKey, derive_private_key
from zegel.primitives.x509 import Certificate
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.authority import Authority, SubjectName, create_authority, issue_certificate

NOW = 1_795_305_600  # 2026-11-22T00:00:00Z
DAY = 86_400


def fixed_random(seed: str = "zegel"):
    """Bytes that are the same in every run and differ in every call."""
    calls = count()
    return lambda size: b"".join(
        sha256(f"{seed}/{call}/{block}".encode()).digest() for call in [next(calls)] for block in range(size // 32 + 1)
    )[:size]


def fixed_key(name: str, curve: Curve = Curve.P256) -> PrivateKey:
    """A key that is the same in every run."""
    return derive_private_key(sha256(name.encode()).digest(), curve=curve)


@dataclass(frozen=True)
class CertifiedSigner:
    """An end entity: its key and its chain, leaf first, without the anchor."""

    key: PrivateKey
    certificate: Certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        return (self.certificate.der,)


def authority(name: str, *, country: str = "UT", curve: Curve = Curve.P256, now: int = NOW) -> Authority:
    """A root by that name."""
    return create_authority(
        SubjectName(country=country, organization="Utopia", common_name=name),
        key=fixed_key(f"authority {name}", curve),
        now=now - 10 * DAY,
        random=fixed_random(name),
        contact="https://authority.utopia.example",
    )


def signer(
    root: Authority,
    name: str,
    purpose: Purpose,
    *,
    country: str = "UT",
    days: int = 90,
    now: int = NOW,
    dns_names: tuple[str, ...] = (),
    uris: tuple[str, ...] = (),
    curve: Curve = Curve.P256,
) -> CertifiedSigner:
    """An end entity under ``root``, valid from a day before ``now``."""
    key = fixed_key(f"signer {name}", curve)
    certificate = issue_certificate(
        root,
        SubjectName(country=country, organization="Utopia", common_name=name),
        key=key.public_key,
        purpose=purpose,
        now=now - DAY,
        days=days,
        random=fixed_random(name),
        dns_names=dns_names,
        uris=uris,
    )
    return CertifiedSigner(key=key, certificate=certificate)


def anchor(
    root: Authority, purpose: Purpose, *, entity: str = "Utopia", types: frozenset[str] | None = None
) -> TrustAnchor:
    """Trust in ``root`` for ``purpose``."""
    return TrustAnchor(certificate=root.certificate, purpose=purpose, entity=entity, types=types)


def trusting(*anchors: TrustAnchor) -> TrustAnchors:
    """A set of anchors."""
    return TrustAnchors(anchors)
