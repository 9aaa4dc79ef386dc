"""The steps behind a chain, for each kind of object: which checks fail in one, and what is said where it holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.x509 import CertificateProfile
from zegel.services.why.chain import trace_chain
from zegel.services.why.tree import Branch, breaks, holds, not_reached
from zegel.trust.anchors import Purpose, TrustAnchors

_SIGNED: Final = frozenset(
    {Check.TOKEN_TYPE, Check.ALGORITHM, Check.CRITICAL_HEADER, Check.KEY_SOURCE, Check.SIGNATURE}
)
_DISCLOSED: Final = frozenset(
    {
        Check.HASH_ALGORITHM,
        Check.DIGEST_PLACE,
        Check.DISCLOSED_CLAIM,
        Check.DISCLOSURE,
        Check.ALWAYS_DISCLOSED,
        Check.SECURITY_OBJECT,
        Check.ELEMENT_DIGEST,
        Check.REPEATED_ELEMENT,
    }
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step behind the chain: the checks that fail in it, and what is said of it where it holds."""

    name: str
    checks: frozenset[Check]
    said: str


SIGNATURE: Final = Step(name="signature", checks=_SIGNED, said="the signer signed these bytes, as what they are")
REGISTRATION: Final = (  # in the order of trust/registration/verify.py
    SIGNATURE,
    Step(
        name="policy",
        checks=frozenset({Check.REGISTRATION_POLICY}),
        said="under the policy of registration certificates",
    ),
    Step(name="validity", checks=frozenset({Check.REGISTRATION_VALIDITY}), said="it is valid at this time"),
)
TRUSTED_LIST: Final = (  # in the order of trust/lists/verify.py
    SIGNATURE,
    Step(name="type", checks=frozenset({Check.LIST_TYPE}), said="it is a list of a kind that we know"),
    Step(name="freshness", checks=frozenset({Check.LIST_FRESHNESS}), said="its next update is not overdue"),
)
XML_LIST: Final = (  # in the order of trust/lists/xml/verify.py
    Step(
        name="signer",
        checks=frozenset({Check.ANCHOR, Check.CERTIFICATE_VALIDITY}),
        said="whoever points to the list says that its signer may sign it",
    ),
    SIGNATURE,
    *TRUSTED_LIST[1:],
)
SDJWT: Final = (  # in the order of formats/sdjwt/verify.py
    SIGNATURE,
    Step(name="disclosures", checks=_DISCLOSED, said="what is disclosed is what was signed"),
    Step(name="entitlement", checks=frozenset({Check.ENTITLEMENT}), said="the signer may issue this type"),
    Step(name="issuer", checks=frozenset({Check.ISSUER_NAME}), said="it names itself as its certificate does"),
    Step(name="validity", checks=frozenset({Check.CREDENTIAL_VALIDITY}), said="it is valid at this time"),
)
MDOC: Final = (  # in the order of formats/mdoc/verify.py
    SIGNATURE,
    Step(name="digests", checks=_DISCLOSED, said="each element is one that was signed"),
    Step(name="entitlement", checks=frozenset({Check.ENTITLEMENT}), said="the signer may issue this type"),
    Step(name="signed", checks=frozenset({Check.SIGNING_TIME}), said="it was signed while its signer might sign"),
    Step(name="validity", checks=frozenset({Check.CREDENTIAL_VALIDITY}), said="it is valid at this time"),
)
ATTESTATION: Final = (
    SIGNATURE,
    Step(name="validity", checks=frozenset({Check.ATTESTATION_VALIDITY}), said="it is valid at this time"),
)
STATUS: Final = (
    SIGNATURE,
    Step(name="freshness", checks=frozenset({Check.STATUS_FRESHNESS}), said="it may be answered from"),
)
TIMESTAMP: Final = Step(
    name="timestamp",
    checks=frozenset({Check.CERTIFICATE_TIMESTAMP, Check.TREE_HEAD, Check.LOG_PROOF}),
    said="a log on the list knew the certificate before it was used",
)
REQUEST: Final = (
    TIMESTAMP,
    Step(name="client", checks=frozenset({Check.CLIENT_BINDING}), said="client_id names the certificate"),
    SIGNATURE,
)


def trace_path(
    top: Branch,
    x5c: tuple[bytes, ...],
    purpose: Purpose,
    steps: Sequence[Step],
    verify: Callable[[], object],
    *,
    anchors: TrustAnchors,
    now: int,
    profile: CertificateProfile | None = None,
) -> Branch:
    """The chain, then each step as ``verify``, which takes them in this order, finds it."""
    traced, chain = trace_chain(x5c, purpose=purpose, anchors=anchors, now=now, profile=profile)
    path = top.with_below(traced)
    if chain is None:
        return path.with_below(*(not_reached(step.name) for step in steps))
    return trace_steps(path, steps, verify)


def trace_steps(top: Branch, steps: Sequence[Step], verify: Callable[[], object]) -> Branch:
    """Each step as ``verify`` finds it: those above the one that breaks hold, those below it were not reached."""
    try:
        verify()
    except Rejected as error:
        return top.with_below(*_until(steps, error))
    return top.with_below(*(holds(step.name, step.said) for step in steps))


def _until(steps: Sequence[Step], error: Rejected) -> list[Branch]:
    at = next((position for position, step in enumerate(steps) if error.check in step.checks), None)
    if at is None:
        return [breaks(error.check.id, error)]
    before = [holds(step.name, step.said) for step in steps[:at]]
    return [*before, breaks(steps[at].name, error), *(not_reached(step.name) for step in steps[at + 1 :])]


def lacks_anchor(branch: Branch) -> bool:
    """Whether it breaks at the anchor: nobody is trusted for this."""
    broken = branch.broken
    return broken is not None and broken.explanation is not None and broken.explanation.check == Check.ANCHOR.id
