"""A presentation of either format: parsed, verified, its format forgotten.

What differs between the formats ends here; who reads on sees a ``VerifiedPresentation``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, final

from msgspec import structs

from zegel.formats.credential import Format, UnboundPresentation, VerifiedCredential, VerifiedPresentation
from zegel.formats.mdoc.parse import (
    UnverifiedDeviceResponse,
    UnverifiedIssuerSigned,
    parse_device_response,
    parse_issuer_signed,
)
from zegel.formats.mdoc.transcript import SessionTranscript
from zegel.formats.mdoc.verify import verify_issued_mdoc, verify_presented_mdoc, verify_unbound_mdoc
from zegel.formats.sdjwt.parse import UnverifiedSdJwt, parse_sdjwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_presented_sdjwt, verify_unbound_sdjwt
from zegel.primitives.times import TOLERATED_EARLY
from zegel.trust.anchors import TrustAnchors

UnverifiedPresentation: TypeAlias = UnverifiedSdJwt | UnverifiedDeviceResponse
Presented = TypeVar("Presented", bound=VerifiedPresentation | UnboundPresentation)
UnverifiedCredential: TypeAlias = UnverifiedSdJwt | UnverifiedIssuerSigned


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a presentation has to be bound to: the request, as each format spells it."""

    audience: str
    nonce: str
    transcript: SessionTranscript


def parse_presentation(format_: Format, data: bytes) -> UnverifiedPresentation:
    """Parse what a wallet presents; ``Malformed`` otherwise."""
    match format_:
        case Format.SD_JWT_VC:
            return parse_sdjwt(data)
        case Format.MDOC:  # pragma: no branch
            return parse_device_response(data)


def parse_credential(format_: Format, data: bytes | str) -> UnverifiedCredential:
    """Parse what an issuer sends (OpenID4VCI 1.0 appendix A); ``Malformed`` otherwise."""
    match format_:
        case Format.SD_JWT_VC:
            return parse_sdjwt(data)
        case Format.MDOC:  # pragma: no branch
            return parse_issuer_signed(data)


def verify_presentation(
    presentation: UnverifiedPresentation,
    *,
    anchors: TrustAnchors,
    binding: Binding,
    transaction_data: Sequence[str],
    now: int,
) -> VerifiedPresentation:
    """Verify issuer and holder. ``transaction_data`` are the strings of the request that this one has to sign."""
    match presentation:
        case UnverifiedSdJwt():
            return verify_presented_sdjwt(
                presentation,
                anchors=anchors,
                audience=binding.audience,
                nonce=binding.nonce,
                transaction_data=transaction_data,
                now=now,
            )
        case UnverifiedDeviceResponse():  # pragma: no branch
            return verify_presented_mdoc(
                presentation,
                anchors=anchors,
                transcript=binding.transcript,
                transaction_data=transaction_data,
                now=now,
            )


def verify_unbound_presentation(
    presentation: UnverifiedPresentation, *, anchors: TrustAnchors, audience: str, now: int
) -> UnboundPresentation:
    """Verify the issuer alone, for a query that asks for no holder binding (OpenID4VP 1.0 section 6.1)."""
    match presentation:
        case UnverifiedSdJwt():
            return verify_unbound_sdjwt(presentation, anchors=anchors, audience=audience, now=now)
        case UnverifiedDeviceResponse():  # pragma: no branch
            return verify_unbound_mdoc(presentation, anchors=anchors, now=now)


def with_types(presentation: Presented, credential: VerifiedCredential) -> Presented:
    """The presentation of its own credential, which ``check_types`` gave back with the types that it extends."""
    return structs.replace(presentation, credential=credential)


def verify_credential(
    credential: UnverifiedCredential, *, anchors: TrustAnchors, now: int, early: int = TOLERATED_EARLY
) -> VerifiedCredential:
    """Verify a credential as its issuer sends it. Of who holds it, nothing is shown.

    It may begin to be valid so many seconds from now (``early``): a wallet can wait, a verifier cannot.
    """
    match credential:
        case UnverifiedSdJwt():
            return verify_issued_sdjwt(credential, anchors=anchors, now=now, early=early)
        case UnverifiedIssuerSigned():  # pragma: no branch
            return verify_issued_mdoc(credential, anchors=anchors, now=now, early=early)
