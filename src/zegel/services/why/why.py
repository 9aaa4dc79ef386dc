"""What a file is, and the path from it to its anchor: the very checks that a wallet or a verifier makes, one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.formats.credential import VerifiedCredential
from zegel.formats.detect import parse_any
from zegel.formats.mdoc.parse import UnverifiedDeviceResponse, UnverifiedIssuerSigned
from zegel.formats.mdoc.verify import verify_issued_mdoc
from zegel.formats.sdjwt.parse import UnverifiedSdJwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_unbound_sdjwt
from zegel.primitives.crl import parse_crl
from zegel.primitives.encoding import parse_base64, parse_base64url
from zegel.primitives.x509 import Certificate, parse_certificate, parse_pem_certificates
from zegel.services.why.chain import name_anchor, trace_chain
from zegel.services.why.revoked import explain_revocations
from zegel.services.why.signed import SignedTracer, status_branch
from zegel.services.why.steps import MDOC, SDJWT, TIMESTAMP, lacks_anchor, trace_path, trace_steps
from zegel.services.why.tree import Branch, Standing
from zegel.trust.access import verify_access_chain
from zegel.trust.anchors import JWT_SIGNER, Purpose, TrustAnchors

_PEM: Final = b"-----BEGIN"
_PEM_LIST: Final = b"-----BEGIN X509 CRL"  # RFC 7468 section 6
_SEQUENCES: Final = (b"\x30\x81", b"\x30\x82", b"\x30\x83")  # in DER a certificate, or a list of revoked ones; no text
_SIGN1: Final = b"\xd2"  # the tag of COSE_Sign1
_SIGN1_TEXT: Final = b"0o"  # and the array of four behind it, in base64url


def explain_path(data: bytes, *, anchors: TrustAnchors, now: int, between: tuple[Certificate, ...] = ()) -> Branch:
    """The path of a credential, a presentation, a request or any other signed object; of certificates and lists, too.

    ``between`` are authorities below an anchor, for a list of revoked certificates that one of them signed.
    ``Malformed`` for what is none of these. What a holder proves takes the nonce of a session: ``zegel verify`` does.
    """
    tracer, signed = _Tracer(anchors=anchors, now=now), SignedTracer(anchors=anchors, now=now)
    text = data.strip()
    if text.startswith(_PEM_LIST):
        return explain_revocations(parse_crl(_pem_body(text)), between=between, anchors=anchors, now=now)
    if text.startswith(_PEM):
        return tracer.certificates(parse_pem_certificates(text, what="certificates"))
    if data.startswith(_SEQUENCES):
        return _explain_der(data, tracer, between)
    if data.startswith(_SIGN1):
        return signed.cwt(data)
    if b"~" not in text and text.isascii():
        if text.count(b".") == 2:
            return signed.jwt(text)
        if text.startswith(_SIGN1_TEXT):
            return signed.cwt(parse_base64url(text, what="CWT"))
    match parse_any(data):
        case UnverifiedSdJwt() as sdjwt:
            return tracer.sdjwt(sdjwt)
        case UnverifiedIssuerSigned() as issued:
            return tracer.mdoc(issued, "mdoc")
        case UnverifiedDeviceResponse() as response:
            documents = [tracer.mdoc(each.issuer_signed, "document") for each in response.documents]
            top = Branch(name="mdoc presentation", said=f"{len(documents)} documents")
            return top.with_below(*documents, _UNPROVEN)


_UNPROVEN: Final = Branch(
    name="holder",
    said="not looked at: who presented it shows against the nonce of the session; zegel verify takes it",
    standing=Standing.NOT_REACHED,
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Tracer:
    anchors: TrustAnchors
    now: int

    def sdjwt(self, sdjwt: UnverifiedSdJwt) -> Branch:
        """An SD-JWT VC as issued, or as presented."""
        presented = sdjwt.unverified_key_binding is not None
        kind = "SD-JWT VC presentation" if presented else "SD-JWT VC"
        top = Branch(name=kind, said=sdjwt.unverified_vct)

        def verify() -> VerifiedCredential:
            if presented:
                return verify_unbound_sdjwt(sdjwt, anchors=self.anchors, audience=None, now=self.now).credential
            return verify_issued_sdjwt(sdjwt, anchors=self.anchors, now=self.now)

        x5c = sdjwt.unverified_jws.unverified_header.x5c
        traced = trace_path(
            top, x5c, Purpose.ISSUER, SDJWT, verify, anchors=self.anchors, now=self.now, profile=JWT_SIGNER
        )
        status = sdjwt.unverified_status
        traced = traced.with_below(status_branch(None if status is None else status.uri))
        return traced.with_below(_UNPROVEN) if presented else traced

    def mdoc(self, issued: UnverifiedIssuerSigned, kind: str) -> Branch:
        """The part of an mdoc that its issuer signed."""
        top = Branch(name=kind, said=issued.unverified_doc_type)
        status = issued.unverified_security_object.status

        def verify() -> VerifiedCredential:
            return verify_issued_mdoc(issued, anchors=self.anchors, now=self.now)

        x5c = issued.issuer_auth.x5chain
        traced = trace_path(top, x5c, Purpose.ISSUER, MDOC, verify, anchors=self.anchors, now=self.now)
        return traced.with_below(status_branch(None if status is None else status.uri))

    def certificates(self, found: Sequence[Certificate]) -> Branch:
        """Certificates, leaf first: what the chain may be used for."""
        top = Branch(name="certificates", said=found[0].subject)
        if len(found) == 1 and (itself := tuple(self._as_anchor(found[0]))):
            return top.with_below(*itself)
        x5c = tuple(certificate.der for certificate in found)
        traced = [trace_chain(x5c, purpose=each, anchors=self.anchors, now=self.now) for each in Purpose]
        trusted = [branch for branch, chain in traced if chain is not None]
        # where nothing holds, what comes closest: a chain with an anchor that breaks elsewhere, or none at all
        closest = [branch for branch, _ in traced if not lacks_anchor(branch)]
        # the same break for each purpose is said once
        path = top.with_below(*(trusted or dict.fromkeys(closest) or [traced[0][0]]))
        if not any(chain is not None and chain.anchor.purpose is Purpose.ACCESS for _, chain in traced):
            return path

        def verify() -> object:
            return verify_access_chain(x5c, anchors=self.anchors, timestamps_required=True, now=self.now)

        return trace_steps(path, (TIMESTAMP,), verify)  # without it wallets take it from nobody (ARF 3.0 CT_05)

    def _as_anchor(self, certificate: Certificate) -> Iterator[Branch]:
        """What it is trusted for itself: no chain leads to it, nor has to."""
        for purpose in Purpose:
            for anchor in self.anchors.of(purpose):
                if anchor.certificate.der == certificate.der:
                    yield name_anchor(anchor, purpose)


def _pem_body(pem: bytes) -> bytes:
    """What the first PEM of a file encodes (RFC 7468 section 2)."""
    body = pem.partition(b"-----END")[0].partition(b"\n")[2]
    return parse_base64(b"".join(body.split()).decode("ascii", "replace"), what="list of revoked certificates")


def _explain_der(der: bytes, tracer: _Tracer, between: tuple[Certificate, ...]) -> Branch:
    try:
        crl = parse_crl(der)
    except Malformed:
        return tracer.certificates((parse_certificate(der, what="certificate"),))
    return explain_revocations(crl, between=between, anchors=tracer.anchors, now=tracer.now)
