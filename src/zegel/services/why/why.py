"""What a file is, and the path from it to its anchor: the very checks that a wallet or a verifier makes, one by one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import VerifiedCredential
from zegel.formats.detect import parse_any
from zegel.formats.mdoc.parse import UnverifiedDeviceResponse, UnverifiedIssuerSigned
from zegel.formats.mdoc.verify import verify_issued_mdoc
from zegel.formats.sdjwt.parse import UnverifiedSdJwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_unbound_sdjwt
from zegel.formats.status.token import JWT_TYPE as STATUS_TYPE
from zegel.formats.status.token import parse_status_list, verify_status_list
from zegel.primitives.jws import parse_jws, verify_jws
from zegel.primitives.x509 import parse_pem_certificates
from zegel.protocols.openid4vci.metadata import TYP as METADATA_TYPE
from zegel.protocols.openid4vp.request import REQUEST_TYPE
from zegel.protocols.openid4vp.sender import parse_request
from zegel.services.why.chain import trace_chain
from zegel.services.why.tree import Branch, Standing, breaks, holds, not_reached
from zegel.trust.access import verify_access_chain, verify_party
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.attestation import WALLET_TYPE, parse_wallet_attestation, verify_wallet_attestation
from zegel.trust.key_attestation import KEY_TYPE, parse_key_attestation, verify_key_attestation

_PEM: Final = b"-----BEGIN"
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


_SIGNATURE: Final = Step(name="signature", checks=_SIGNED, said="the signer signed these bytes, as what they are")
_SDJWT: Final = (  # in the order of formats/sdjwt/verify.py
    _SIGNATURE,
    Step(name="disclosures", checks=_DISCLOSED, said="what is disclosed is what was signed"),
    Step(name="entitlement", checks=frozenset({Check.ENTITLEMENT}), said="the signer may issue this type"),
    Step(name="issuer", checks=frozenset({Check.ISSUER_NAME}), said="it names itself as its certificate does"),
    Step(name="validity", checks=frozenset({Check.CREDENTIAL_VALIDITY}), said="it is valid at this time"),
)
_MDOC: Final = (  # in the order of formats/mdoc/verify.py
    _SIGNATURE,
    Step(name="digests", checks=_DISCLOSED, said="each element is one that was signed"),
    Step(name="entitlement", checks=frozenset({Check.ENTITLEMENT}), said="the signer may issue this type"),
    Step(name="signed", checks=frozenset({Check.SIGNING_TIME}), said="it was signed while its signer might sign"),
    Step(name="validity", checks=frozenset({Check.CREDENTIAL_VALIDITY}), said="it is valid at this time"),
)
_ATTESTATION: Final = (
    _SIGNATURE,
    Step(name="validity", checks=frozenset({Check.ATTESTATION_VALIDITY}), said="it is valid at this time"),
)
_STATUS: Final = (
    _SIGNATURE,
    Step(name="freshness", checks=frozenset({Check.STATUS_FRESHNESS}), said="it may be answered from"),
)
_STATUS_PURPOSES: Final = (Purpose.STATUS, Purpose.WALLET_STATUS, Purpose.REGISTRATION_STATUS)
_TIMESTAMP: Final = Step(
    name="timestamp",
    checks=frozenset({Check.CERTIFICATE_TIMESTAMP, Check.TREE_HEAD, Check.LOG_PROOF}),
    said="a log on the list knew the certificate before it was used",
)
_REQUEST: Final = (
    _TIMESTAMP,
    Step(name="client", checks=frozenset({Check.CLIENT_BINDING}), said="client_id names the certificate"),
    _SIGNATURE,
)


def explain_path(data: bytes, *, anchors: TrustAnchors, now: int) -> Branch:
    """The path of a credential, a presentation, a request or any other signed object; of certificates, too.

    ``Malformed`` for what is none of these. What a holder proves takes the nonce of a session: ``zegel verify`` does.
    """
    tracer = _Tracer(anchors=anchors, now=now)
    text = data.strip()
    if text.startswith(_PEM):
        return tracer.certificates(text)
    if b"~" not in text and text.count(b".") == 2 and text.isascii():
        return tracer.jwt(text)
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
                return verify_unbound_sdjwt(sdjwt, anchors=self.anchors, now=self.now).credential
            return verify_issued_sdjwt(sdjwt, anchors=self.anchors, now=self.now)

        traced = self._path(top, sdjwt.unverified_jws.unverified_header.x5c, Purpose.ISSUER, _SDJWT, verify)
        status = sdjwt.unverified_status
        traced = traced.with_below(_status(None if status is None else status.uri))
        return traced.with_below(_UNPROVEN) if presented else traced

    def mdoc(self, issued: UnverifiedIssuerSigned, kind: str) -> Branch:
        """The part of an mdoc that its issuer signed."""
        top = Branch(name=kind, said=issued.unverified_doc_type)
        status = issued.unverified_security_object.status

        def verify() -> VerifiedCredential:
            return verify_issued_mdoc(issued, anchors=self.anchors, now=self.now)

        traced = self._path(top, issued.issuer_auth.x5chain, Purpose.ISSUER, _MDOC, verify)
        return traced.with_below(_status(None if status is None else status.uri))

    def jwt(self, text: bytes) -> Branch:
        """Any other JWT, by its typ."""
        typ = parse_jws(text, what="JWT").unverified_header.typ
        tracer = self._by_type().get(typ or "")
        if tracer is None:
            known = ", ".join(sorted(self._by_type()))
            raise Malformed("JWT", "header.typ", f"expected one of {known}, or an SD-JWT")
        return tracer(text)

    def _by_type(self) -> Mapping[str, Callable[[bytes], Branch]]:
        return {
            REQUEST_TYPE: self._request,
            METADATA_TYPE: self._metadata,
            WALLET_TYPE: self._wallet_attestation,
            KEY_TYPE: self._key_attestation,
            STATUS_TYPE: self._status_list,
        }

    def _request(self, text: bytes) -> Branch:
        jws = parse_request(text).unverified_jws
        client_id = jws.unverified_claims.get("client_id")
        if type(client_id) is not str:
            raise Malformed("presentation request", "client_id", "expected text")

        def verify() -> object:
            x5c = jws.unverified_header.x5c
            party = verify_party(
                client_id=client_id, x5c=x5c, anchors=self.anchors, timestamps_required=True, now=self.now
            )
            return verify_jws(jws, key=party.chain.leaf.key, typ=REQUEST_TYPE)

        top = Branch(name="presentation request", said=client_id)
        return self._path(top, jws.unverified_header.x5c, Purpose.ACCESS, _REQUEST, verify)

    def _metadata(self, text: bytes) -> Branch:
        jws = parse_jws(text, what="issuer metadata")
        issuer = jws.unverified_claims.get("sub")

        def verify() -> object:
            x5c = jws.unverified_header.x5c
            chain = verify_access_chain(x5c, anchors=self.anchors, timestamps_required=True, now=self.now)
            return verify_jws(jws, key=chain.leaf.key, typ=METADATA_TYPE)

        top = Branch(name="issuer metadata", said=issuer if type(issuer) is str else "of nobody")
        return self._path(top, jws.unverified_header.x5c, Purpose.ACCESS, (_TIMESTAMP, _SIGNATURE), verify)

    def _wallet_attestation(self, text: bytes) -> Branch:
        attestation = parse_wallet_attestation(text)
        return self._path(
            Branch(name="wallet attestation", said=attestation.unverified_client_id),
            attestation.jws.unverified_header.x5c,
            Purpose.WALLET_PROVIDER,
            _ATTESTATION,
            lambda: verify_wallet_attestation(attestation, anchors=self.anchors, now=self.now),
        )

    def _key_attestation(self, text: bytes) -> Branch:
        attestation = parse_key_attestation(text)
        return self._path(
            Branch(name="key attestation", said=f"of {len(attestation.unverified_keys)} keys"),
            attestation.jws.unverified_header.x5c,
            Purpose.WALLET_PROVIDER,
            _ATTESTATION,
            lambda: verify_key_attestation(attestation, anchors=self.anchors, now=self.now),
        )

    def _status_list(self, text: bytes) -> Branch:
        listed = parse_status_list(text, content_type=None)
        uri, x5c = listed.unverified_uri, parse_jws(text, what="status list").unverified_header.x5c

        def traced(purpose: Purpose) -> Branch:
            return self._path(
                Branch(name="status list", said=uri),
                x5c,
                purpose,
                _STATUS,
                lambda: verify_status_list(listed, uri=uri, anchors=self.anchors, now=self.now, purpose=purpose),
            )

        # it does not say whose statuses it holds: what comes closest is what it is
        paths = tuple(map(traced, _STATUS_PURPOSES))
        trusted = (path for path in paths if path.broken is None)
        return next(trusted, next((path for path in paths if not _lacks_anchor(path)), paths[0]))

    def certificates(self, pem: bytes) -> Branch:
        """Certificates, leaf first: what the chain may be used for."""
        found = parse_pem_certificates(pem, what="certificates")
        x5c = tuple(certificate.der for certificate in found)
        traced = [trace_chain(x5c, purpose=each, anchors=self.anchors, now=self.now) for each in Purpose]
        trusted = [branch for branch, chain in traced if chain is not None]
        # where nothing holds, what comes closest: a chain with an anchor that breaks elsewhere, or none at all
        closest = [branch for branch, _ in traced if not _lacks_anchor(branch)]
        top = Branch(name="certificates", said=found[0].subject)
        return top.with_below(*(trusted or closest or [traced[0][0]]))

    def _path(
        self,
        top: Branch,
        x5c: tuple[bytes, ...],
        purpose: Purpose,
        steps: Sequence[Step],
        verify: Callable[[], object],
    ) -> Branch:
        """The chain, then each step as ``verify``, which takes them in this order, finds it."""
        traced, chain = trace_chain(x5c, purpose=purpose, anchors=self.anchors, now=self.now)
        path = top.with_below(traced)
        if chain is None:
            return path.with_below(*(not_reached(step.name) for step in steps))
        try:
            verify()
        except Rejected as error:
            return path.with_below(*_until(steps, error))
        return path.with_below(*(holds(step.name, step.said) for step in steps))


def _until(steps: Sequence[Step], error: Rejected) -> list[Branch]:
    """The steps above the one that breaks hold; those below it were not reached."""
    at = next((position for position, step in enumerate(steps) if error.check in step.checks), None)
    if at is None:
        return [breaks(error.check.id, error)]
    before = [holds(step.name, step.said) for step in steps[:at]]
    return [*before, breaks(steps[at].name, error), *(not_reached(step.name) for step in steps[at + 1 :])]


def _lacks_anchor(branch: Branch) -> bool:
    broken = branch.broken
    return broken is not None and broken.explanation is not None and broken.explanation.check == Check.ANCHOR.id


def _status(uri: str | None) -> Branch:
    if uri is None:
        return Branch(name="status", said="it cannot be revoked")
    return Branch(name="status", said=f"kept by {uri}; zegel verify looks it up", standing=Standing.NOT_REACHED)
