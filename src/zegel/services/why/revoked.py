"""A list of revoked certificates: which authority it is of, and whether it may be answered from.

An authority on no list itself, below one that is, shows itself by its certificate alone, which such a list has not: a
list of it is no worse for that, and whoever has the certificate gives it.
"""

from typing import Final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.crl import UnverifiedCrl, verify_crl
from zegel.primitives.x509 import Certificate, verify_issuers
from zegel.services.why.chain import name_anchor, name_certificate, nested
from zegel.services.why.steps import Step, trace_steps
from zegel.services.why.tree import Branch, Standing, breaks, holds, name_day, not_reached
from zegel.trust.anchors import Purpose, TrustAnchors

_SIGNED: Final = Step(
    name="signature",
    checks=frozenset({Check.REVOCATION_LIST}),
    said="the authority signed it, and it may sign such lists; it is complete and numbered",
)
_FRESH: Final = Step(
    name="freshness", checks=frozenset({Check.REVOCATION_STALE}), said="its next update is not overdue"
)


def explain_revocations(
    crl: UnverifiedCrl, *, between: tuple[Certificate, ...], anchors: TrustAnchors, now: int
) -> Branch:
    """The path of a list to an authority that is trusted for anything, or to one of ``between`` that is below such.

    ``between`` are certificates, each under the one behind it; what is below the list's authority is left out.
    """
    issuer = crl.unverified_issuer
    said = f"number {crl.unverified_number}, with {len(crl.unverified_serials)} certificates, of {issuer}"
    top = Branch(name="list of revoked certificates", said=said)
    named = [each for purpose in Purpose for each in anchors.of(purpose) if each.certificate.subject == issuer]
    if named:  # an authority may stand there with several keys
        traced = [
            _traced(top.with_below(name_anchor(each, each.purpose)), crl, each.certificate.parse(), now)
            for each in named
        ]
        return next((path for path in traced if path.broken is None), traced[0])
    above = between[next((at for at, each in enumerate(between) if each.subject == issuer), len(between)) :]
    if above:
        return _below_anchor(top, crl, above, anchors=anchors, now=now)
    return _unproven(top, crl, now)


def _below_anchor(
    top: Branch, crl: UnverifiedCrl, authorities: tuple[Certificate, ...], *, anchors: TrustAnchors, now: int
) -> Branch:
    """That of an authority which shows itself, its own certificate first."""
    try:
        root = verify_issuers(authorities, anchors=anchors.named(authorities[-1].issuer), now=now)
        anchors.revocation.check_chain(authorities, anchor=root, now=now)
    except Rejected as error:
        named = [name_certificate(each) for each in authorities]
        broken = breaks("anchor" if error.check is Check.ANCHOR else "authority", error)
        return top.with_below(*named, broken, not_reached(_SIGNED.name), not_reached(_FRESH.name))
    trusted = next(each for p in Purpose for each in anchors.of(p) if each.certificate.der == root.der)
    chain = nested([*map(name_certificate, authorities), name_anchor(trusted, trusted.purpose)])
    return _traced(top.with_below(chain), crl, authorities[0], now)


def _traced(top: Branch, crl: UnverifiedCrl, issuer: Certificate, now: int) -> Branch:
    def verify() -> object:
        verified = verify_crl(crl, issuer=issuer, now=now)
        _refuse_overdue(verified.next_update, now)
        return verified

    return trace_steps(top, (_SIGNED, _FRESH), verify)


def _unproven(top: Branch, crl: UnverifiedCrl, now: int) -> Branch:
    """Nothing is wrong with it: a wallet proves it by the chain that it is looked up for (RFC 5280 section 6.3)."""
    said = f"signed by {crl.unverified_issuer}, which the lists do not name: not provable by this file alone"
    how = "; --chain takes the certificate of an authority below one that they name"
    signer = Branch(name="signer", said=said + how, standing=Standing.NOT_REACHED)
    path = top.with_below(signer, not_reached(_SIGNED.name))
    try:
        _refuse_overdue(crl.unverified_next_update, now)
    except Rejected as error:
        return path.with_below(breaks(_FRESH.name, error))
    return path.with_below(holds(_FRESH.name, f"{_FRESH.said}, as it says itself"))


def _refuse_overdue(next_update: int, now: int) -> None:
    if now >= next_update:
        detail = f"the next update was due on {name_day(next_update)}"
        raise Rejected(Check.REVOCATION_STALE, detail, field="nextUpdate")
