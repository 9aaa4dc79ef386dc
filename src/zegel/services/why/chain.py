"""The path from a signer's certificate to its anchor, a certificate a step."""

import re
from collections.abc import Iterator
from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.x509 import Certificate, CertificateProfile, parse_certificate
from zegel.services.why.tree import Branch, breaks, holds, name_day, not_reached
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors, VerifiedChain

_MOST: Final = 12  # names on a screen; a country's list has thirty
_POSITION: Final = re.compile(r"x5c\[(\d{1,3})\]")


def trace_chain(
    x5c: tuple[bytes, ...],
    *,
    purpose: Purpose,
    anchors: TrustAnchors,
    now: int,
    profile: CertificateProfile | None = None,
) -> tuple[Branch, VerifiedChain | None]:
    """The steps from the leaf to the anchor for ``purpose``, and the chain where all of them hold."""
    try:
        certificates = tuple(map(parse_certificate, x5c))
    except Malformed as error:
        return breaks("certificate", error), None
    if not certificates:
        return breaks("certificate", Rejected(Check.CHAIN, "expected a certificate chain", field="x5c")), None
    try:
        chain = anchors.verify_chain(x5c, purpose=purpose, profile=profile, now=now)
    except Rejected as error:
        return _broken(certificates, error, purpose=purpose, anchors=anchors, now=now), None
    return nested([*map(name_certificate, certificates), name_anchor(chain.anchor, purpose)]), chain


def _broken(
    certificates: tuple[Certificate, ...], error: Rejected, *, purpose: Purpose, anchors: TrustAnchors, now: int
) -> Branch:
    at = _where(certificates, error, now=now)
    if at == len(certificates):
        top = breaks("anchor", error).with_below(*_candidates(certificates[-1], purpose, anchors))
        return nested([*map(name_certificate, certificates), top])
    broken = breaks("certificate", error).with_below(_subject(certificates[at]))
    above = [not_reached("certificate").with_below(_subject(each)) for each in certificates[at + 1 :]]
    return nested([*map(name_certificate, certificates[:at]), broken, *above, not_reached("anchor")])


def _where(certificates: tuple[Certificate, ...], error: Rejected, *, now: int) -> int:
    """Which certificate is at fault; their number where it is what is above the last of them."""
    if error.check is Check.ANCHOR:
        return len(certificates)
    found = _POSITION.fullmatch(error.field)
    if found is not None:
        return min(int(found.group(1)), len(certificates) - 1)
    if error.check is Check.CERTIFICATE_VALIDITY:
        expired = [at for at, each in enumerate(certificates) if not each.not_before <= now <= each.not_after]
        return expired[0] if expired else len(certificates)
    return 0


def _candidates(top: Certificate, purpose: Purpose, anchors: TrustAnchors) -> Iterator[Branch]:
    """What comes close: the same authority, trusted for something else; and whoever is trusted for this."""
    elsewhere = {
        other: anchor for other in Purpose for anchor in anchors.of(other) if anchor.certificate.subject == top.issuer
    }
    if purpose not in elsewhere:
        for other, anchor in elsewhere.items():
            yield Branch(name="but", said=f"{anchor.entity} is trusted for {other}, which is not {purpose}")
    yield name_trusted(purpose, anchors)


def name_trusted(purpose: Purpose, anchors: TrustAnchors) -> Branch:
    """Who is trusted for a purpose."""
    trusted = sorted({anchor.certificate.subject for anchor in anchors.of(purpose)})
    said = trusted[:_MOST] if trusted else ["nobody"]
    more = f", and {len(trusted) - _MOST} more" if len(trusted) > _MOST else ""
    return Branch(name=f"trusted for {purpose}", said=", ".join(said) + more)


def name_certificate(certificate: Certificate) -> Branch:
    """A certificate: whom it names, and for when it is valid."""
    return holds("certificate", _told(certificate))


def _subject(certificate: Certificate) -> Branch:
    return Branch(name="subject", said=_told(certificate))


def _told(certificate: Certificate) -> str:
    return f"{certificate.subject}, valid {name_day(certificate.not_before)} to {name_day(certificate.not_after)}"


def name_anchor(anchor: TrustAnchor, purpose: Purpose) -> Branch:
    """An anchor, what it is trusted for, and the lists that it stands on."""
    types = "any type" if anchor.types is None else f"{len(anchor.types)} types"
    scope = f" of {types}" if purpose is Purpose.ISSUER else ""
    named = holds("anchor", f"{anchor.certificate.subject}, trusted for {purpose}{scope}")
    return named.with_below(Branch(name="entity", said=anchor.entity), *_listings(anchor))


def _listings(anchor: TrustAnchor) -> Iterator[Branch]:
    if not anchor.listings:
        yield Branch(name="listed", said="on no list: somebody vouches for it by hand")
    for each in anchor.listings:
        said = f"{each.type} number {each.sequence} of {each.operator}, next update {name_day(each.next_update)}"
        yield Branch(name="listed", said=said)


def nested(branches: list[Branch]) -> Branch:
    """Each below the one before it: who signed it."""
    *before, last = branches
    for branch in reversed(before):
        last = branch.with_below(last)
    return last
