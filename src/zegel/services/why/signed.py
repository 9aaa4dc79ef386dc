"""Signed objects that are no credentials, by the type that their header names: JWTs and CWTs, each to its anchor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from zegel.errors import Malformed
from zegel.formats.status.entries import MAX_LARGE_LIST
from zegel.formats.status.identifiers import IDENTIFIER_LIST, parse_identifier_list, verify_identifier_list
from zegel.formats.status.token import CWT_TYPE as STATUS_CWT_TYPE
from zegel.formats.status.token import JWT_TYPE as STATUS_TYPE
from zegel.formats.status.token import parse_status_list, verify_status_list
from zegel.primitives.cbor import parse_cbor
from zegel.primitives.cose import UnverifiedSign1, parse_sign1
from zegel.primitives.jws import UnverifiedJws, parse_jws, verify_jws
from zegel.primitives.x509 import parse_certificate
from zegel.protocols.openid4vci.metadata import TYP as METADATA_TYPE
from zegel.protocols.openid4vci.metadata import UnverifiedIssuerMetadata
from zegel.protocols.openid4vp.request import REQUEST_TYPE
from zegel.protocols.openid4vp.sender import parse_request
from zegel.services.why.registration import (
    RegistrationTracer,
    kept_status,
    unreached_asked,
    unreached_issued,
)
from zegel.services.why.steps import (
    ATTESTATION,
    REQUEST,
    SIGNATURE,
    STATUS,
    TIMESTAMP,
    TRUSTED_LIST,
    Step,
    lacks_anchor,
    trace_path,
)
from zegel.services.why.tree import Branch, Standing
from zegel.trust.access import verify_access_chain, verify_party
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.attestation import WALLET_TYPE, parse_wallet_attestation, verify_wallet_attestation
from zegel.trust.key_attestation import KEY_TYPE, parse_key_attestation, verify_key_attestation
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import LIST_HEADER, ListType
from zegel.trust.lists.verify import verify_trusted_list
from zegel.trust.registration.values import CWT_TYPE as REGISTRATION_CWT_TYPE
from zegel.trust.registration.values import JWT_TYPE as REGISTRATION_TYPE

_STATUS_PURPOSES = (Purpose.STATUS, Purpose.WALLET_STATUS, Purpose.REGISTRATION_STATUS)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTracer:
    """Traces what is signed to ``anchors``, at ``now``."""

    anchors: TrustAnchors
    now: int

    def jwt(self, text: bytes) -> Branch:
        """A JWT by its typ; ``Malformed`` for one that is none of those here."""
        jws = parse_jws(text, what="JWT", max_bytes=len(text))
        tracers: Mapping[str, Callable[[bytes], Branch]] = {
            REQUEST_TYPE: self._request,
            METADATA_TYPE: self._metadata,
            WALLET_TYPE: self._wallet_attestation,
            KEY_TYPE: self._key_attestation,
            REGISTRATION_TYPE: RegistrationTracer(anchors=self.anchors, now=self.now).alone,
            STATUS_TYPE: self._status_list,
            LIST_HEADER: self._trusted_list,
        }
        typ = jws.unverified_header.typ or ""
        if typ not in tracers and "LoTE" in jws.unverified_claims:  # JAdES asks for no typ
            typ = LIST_HEADER
        if typ not in tracers:
            raise Malformed("JWT", "header.typ", f"expected one of {', '.join(sorted(tracers))}, or an SD-JWT")
        return tracers[typ](text)

    def cwt(self, data: bytes) -> Branch:
        """A CWT by its typ."""
        tracers: Mapping[str, Callable[[bytes], Branch]] = {
            REGISTRATION_CWT_TYPE: RegistrationTracer(anchors=self.anchors, now=self.now).alone,
            STATUS_CWT_TYPE: self._status_list,
            IDENTIFIER_LIST: self._identifier_list,
        }
        typ = parse_sign1(parse_cbor(data, what="CWT", max_bytes=len(data)), what="CWT").typ
        if typ not in tracers:
            raise Malformed("CWT", "header.typ", f"expected one of {', '.join(sorted(tracers))}")
        return tracers[typ](data)

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
        path = self._path(top, jws, Purpose.ACCESS, REQUEST, verify)
        if path.broken is not None:
            return path.with_below(*unreached_asked())
        leaf = parse_certificate(jws.unverified_header.x5c[0])
        return path.with_below(*RegistrationTracer(anchors=self.anchors, now=self.now).asked(jws, leaf))

    def _metadata(self, text: bytes) -> Branch:
        jws = parse_jws(text, what="issuer metadata")
        issuer = jws.unverified_claims.get("sub")

        def verify() -> object:
            x5c = jws.unverified_header.x5c
            chain = verify_access_chain(x5c, anchors=self.anchors, timestamps_required=True, now=self.now)
            return verify_jws(jws, key=chain.leaf.key, typ=METADATA_TYPE)

        top = Branch(name="issuer metadata", said=issuer if type(issuer) is str else "of nobody")
        path = self._path(top, jws, Purpose.ACCESS, (TIMESTAMP, SIGNATURE), verify)
        if path.broken is not None:
            return path.with_below(*unreached_issued())
        metadata = UnverifiedIssuerMetadata(unverified_members=jws.unverified_claims, jws=jws)
        leaf = parse_certificate(jws.unverified_header.x5c[0])
        return path.with_below(*RegistrationTracer(anchors=self.anchors, now=self.now).issued(metadata, leaf))

    def _wallet_attestation(self, text: bytes) -> Branch:
        attestation = parse_wallet_attestation(text)
        path = self._path(
            Branch(name="wallet attestation", said=attestation.unverified_client_id),
            attestation.jws,
            Purpose.WALLET_PROVIDER,
            ATTESTATION,
            lambda: verify_wallet_attestation(attestation, anchors=self.anchors, now=self.now),
        )
        return path.with_below(kept_status(attestation.unverified_status))

    def _key_attestation(self, text: bytes) -> Branch:
        attestation = parse_key_attestation(text)
        path = self._path(
            Branch(name="key attestation", said=f"of {len(attestation.unverified_keys)} keys"),
            attestation.jws,
            Purpose.WALLET_PROVIDER,
            ATTESTATION,
            lambda: verify_key_attestation(attestation, anchors=self.anchors, now=self.now),
        )
        return path.with_below(kept_status(attestation.unverified_status))

    def _status_list(self, data: bytes) -> Branch:
        listed = parse_status_list(data, content_type=None, max_bytes=MAX_LARGE_LIST)
        uri = listed.unverified_uri

        def traced(purpose: Purpose) -> Branch:
            return self._path(
                Branch(name="status list", said=uri),
                listed.token,
                purpose,
                STATUS,
                lambda: verify_status_list(listed, uri=uri, anchors=self.anchors, now=self.now, purpose=purpose),
            )

        # it does not say whose statuses it holds: what comes closest is what it is
        paths = tuple(map(traced, _STATUS_PURPOSES))
        trusted = (path for path in paths if path.broken is None)
        return next(trusted, next((path for path in paths if not lacks_anchor(path)), paths[0]))

    def _identifier_list(self, data: bytes) -> Branch:
        listed = parse_identifier_list(data, content_type=None)
        uri = listed.unverified_terms.uri
        return self._path(
            Branch(name="identifier list", said=uri),
            listed.token,
            Purpose.STATUS,
            STATUS,
            lambda: verify_identifier_list(listed, uri=uri, anchors=self.anchors, now=self.now),
        )

    def _trusted_list(self, text: bytes) -> Branch:
        listed = parse_trusted_list(text)
        type_ = listed.unverified_type
        # one of no kind that is known breaks at its type
        expected = next((each for each in ListType if each == type_), ListType.PID_PROVIDERS)
        said = f"{type_.rpartition('/')[2]} number {listed.unverified_sequence} of {listed.unverified_operator}"
        return self._path(
            Branch(name="list of trusted entities", said=said),
            listed.jws,
            Purpose.LIST,
            TRUSTED_LIST,
            lambda: verify_trusted_list(listed, expected=expected, anchors=self.anchors, now=self.now, seen=0),
        )

    def _path(
        self,
        top: Branch,
        token: UnverifiedJws | UnverifiedSign1,
        purpose: Purpose,
        steps: Sequence[Step],
        verify: Callable[[], object],
    ) -> Branch:
        x5c = token.unverified_header.x5c if isinstance(token, UnverifiedJws) else token.x5chain
        return trace_path(top, x5c, purpose, steps, verify, anchors=self.anchors, now=self.now)


def status_branch(uri: str | None) -> Branch:
    """Where the status of something is kept; it is not fetched."""
    if uri is None:
        return Branch(name="status", said="it cannot be revoked")
    return Branch(name="status", said=f"kept by {uri}; zegel verify looks it up", standing=Standing.NOT_REACHED)
