"""A small world of authorities with fixed keys: everything that a test needs to sign and to trust."""

from dataclasses import dataclass
from hashlib import sha256
from itertools import count

from zegel.primitives.der import encode_oid
from zegel.primitives.keys import Curve, PrivateKey, derive_private_key
from zegel.primitives.x509 import Certificate
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.authority import Authority, Draft, SubjectName, create_authority, draft_certificate
from zegel.trust.revocation import RevocationLists
from zegel.trust.transparency.issuance import issue_stamped
from zegel.trust.transparency.logs import LogSigner, TransparencyLog

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


LOG_SIGNER = LogSigner(id=encode_oid("2.25.1"), signer=fixed_key("log"))
LOG = TransparencyLog(
    id=LOG_SIGNER.id, key=LOG_SIGNER.signer.public_key, entity="Utopia log office", url="https://log.utopia.example"
)


def certify(draft: Draft, purpose: Purpose, *, now: int, log: LogSigner = LOG_SIGNER) -> Certificate:
    """Issue it; with the timestamp of a log, where it is for access."""
    return issue_stamped(draft, log=log, now=now) if purpose is Purpose.ACCESS else draft.sign()


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
    log: LogSigner = LOG_SIGNER,
) -> CertifiedSigner:
    """An end entity under ``root``, valid from a day before ``now``; ``log`` stamps it, where it is for access."""
    key = fixed_key(f"signer {name}", curve)
    draft = draft_certificate(
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
    return CertifiedSigner(key=key, certificate=certify(draft, purpose, now=now - DAY, log=log))


def anchor(
    root: Authority, purpose: Purpose, *, entity: str = "Utopia", types: frozenset[str] | None = None
) -> TrustAnchor:
    """Trust in ``root`` for ``purpose``."""
    return TrustAnchor(certificate=root.certificate, purpose=purpose, entity=entity, types=types)


def trusting(*anchors: TrustAnchor, unsafe_unknown: bool = False) -> TrustAnchors:
    """A set of anchors, and the log that stamps the access certificates of tests.

    ``unsafe_unknown`` where certificates of others name lists of revoked ones that nobody here has.
    """
    return TrustAnchors((*anchors, LOG), revocation=RevocationLists(unsafe_unknown=unsafe_unknown))
