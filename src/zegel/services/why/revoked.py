"""A list of revoked certificates: which authority it is of, and whether it may be answered from."""

from typing import Final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.crl import UnverifiedCrl, verify_crl
from zegel.services.why.chain import name_day, name_trusted
from zegel.services.why.steps import Step, trace_steps
from zegel.services.why.tree import Branch, breaks, holds, not_reached
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors

_STEPS: Final = (
    Step(
        name="signature",
        checks=frozenset({Check.REVOCATION_LIST}),
        said="the authority signed it, and it may sign such lists; it is complete and numbered",
    ),
    Step(name="freshness", checks=frozenset({Check.REVOCATION_STALE}), said="its next update is not overdue"),
)


def explain_revocations(crl: UnverifiedCrl, *, anchors: TrustAnchors, now: int) -> Branch:
    """The path of a list to an authority that is trusted for anything. One below an anchor is not known by its list."""
    issuer = crl.unverified_issuer
    of_issuer = [each for purpose in Purpose for each in anchors.of(purpose) if each.certificate.subject == issuer]
    said = f"number {crl.unverified_number}, with {len(crl.unverified_serials)} certificates, of {issuer}"
    top = Branch(name="list of revoked certificates", said=said)
    if not of_issuer:
        detail = f"no authority that is trusted is {issuer}; one below an anchor shows itself with a chain alone"
        broken = breaks("anchor", Rejected(Check.ANCHOR, detail, field="issuer"))
        trusted = [name_trusted(purpose, anchors) for purpose in Purpose if anchors.of(purpose)]
        return top.with_below(broken.with_below(*trusted), *(not_reached(step.name) for step in _STEPS))
    traced = [_traced(top, crl, anchor, now) for anchor in of_issuer]  # an authority may stand there with several keys
    return next((path for path in traced if path.broken is None), traced[0])


def _traced(top: Branch, crl: UnverifiedCrl, anchor: TrustAnchor, now: int) -> Branch:
    def verify() -> object:
        verified = verify_crl(crl, issuer=anchor.certificate.parse(), now=now)
        if now >= verified.next_update:
            detail = f"the next update was due on {name_day(verified.next_update)}"
            raise Rejected(Check.REVOCATION_STALE, detail, field="nextUpdate")
        return verified

    named = holds("anchor", f"{anchor.certificate.subject}, trusted for {anchor.purpose}")
    return trace_steps(top.with_below(named.with_below(Branch(name="entity", said=anchor.entity))), _STEPS, verify)
