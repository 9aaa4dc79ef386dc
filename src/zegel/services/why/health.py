"""A health certificate: its key stands on a list itself, so that there is no chain, but a signer."""

from typing import Final

from zegel.checks import Check
from zegel.formats.hcert.certificate import UnverifiedHealthCertificate, verify_health_certificate
from zegel.formats.hcert.keys import DocumentSigner, DocumentSigners
from zegel.formats.hcert.who_certificate import (
    UnverifiedHealthRecord,
    VerifiedHealthRecord,
    parse_health_record,
    verify_who_certificate,
)
from zegel.services.why.steps import Step, trace_steps
from zegel.services.why.tree import Branch, Standing, name_day

_STEPS: Final = (  # in the order of formats/hcert/certificate.py
    Step(
        name="header",
        checks=frozenset({Check.CRITICAL_HEADER, Check.ALGORITHM}),
        said="it is signed by ES256 or PS256, and has nothing critical that is not known",
    ),
    Step(name="signer", checks=frozenset({Check.HEALTH_SIGNER}), said="its key identifier is that of a trusted signer"),
    Step(name="signature", checks=frozenset({Check.SIGNATURE}), said="that signer signed these bytes"),
    Step(name="validity", checks=frozenset({Check.HEALTH_VALIDITY}), said="it is valid at this time"),
    Step(name="usage", checks=frozenset({Check.HEALTH_KEY_USAGE}), said="the signer may sign this kind"),
)
_MOST: Final = 12  # key identifiers on a screen; a state has a dozen, the Union some hundreds
_ELSEWHERE: Final = Branch(
    name="revocation and rules",
    said="not looked at: zegel hcert verify takes them",
    standing=Standing.NOT_REACHED,
)


def explain_health(text: bytes, *, signers: DocumentSigners, now: int) -> Branch:
    """The path of the text of a health certificate's code to a signer that is trusted; ``Malformed`` for another."""
    certificate = parse_health_record(text)
    top = Branch(name="health certificate", said=_about(certificate)).with_below(*_named(certificate, signers))

    def verify() -> VerifiedHealthRecord:
        if isinstance(certificate, UnverifiedHealthCertificate):
            return verify_health_certificate(certificate, signers=signers, now=now)
        return verify_who_certificate(certificate, signers=signers, now=now)

    return trace_steps(top, _STEPS, verify).with_below(_ELSEWHERE)


def _about(certificate: UnverifiedHealthRecord) -> str:
    if isinstance(certificate, UnverifiedHealthCertificate):
        about = certificate.kind.name.lower()
    else:
        about = certificate.profile.title
    return f"{about}, issued by {certificate.unverified_issuer or 'nobody that it names'}"


def _named(certificate: UnverifiedHealthRecord, signers: DocumentSigners) -> tuple[Branch, ...]:
    named = signers.named(certificate.kid)
    top = Branch(name="key identifier", said=f"{certificate.kid.hex()}, of {len(named)} among {len(signers)} signers")
    return (top.with_below(*(Branch(name="signer", said=tell_signer(each)) for each in named[:_MOST])),)


def tell_signer(signer: DocumentSigner) -> str:
    """What a list says of a signer."""
    said = f"{signer.algorithm.name} of {signer.country or 'no country'}"
    if signer.domain is not None:
        said += f", in the domain {signer.domain}"
    if signer.not_before is None or signer.not_after is None:
        return f"{said}, a bare key"
    return f"{said}, valid {name_day(signer.not_before)} to {name_day(signer.not_after)}"
