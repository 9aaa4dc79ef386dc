"""Everything that is measured, made once by zegel: keys, certificates, presentations, and the status list."""

import json
import time
from base64 import b64encode
from dataclasses import dataclass
from os import urandom
from pathlib import Path

from person import ADDRESS, CLAIMS, DATES, DISCLOSED, DISCLOSED_ELEMENTS, DOCTYPE, ELEMENTS, FLAT, NAMESPACE, VCT
from zegel.formats.credential import StatusReference
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.formats.mdoc.present import present_mdoc
from zegel.formats.mdoc.transcript import SessionTranscript, redirect_transcript
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.present import present_sdjwt
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.token import (
    VerifiedStatusList,
    parse_status_list,
    sign_status_list_jwt,
    verify_status_list,
)
from zegel.primitives.cbor import TAG_FULL_DATE, Tag, encode_embedded
from zegel.primitives.keys import Curve, PrivateKey, derive_private_key
from zegel.primitives.x509 import Certificate
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.authority import Authority, SubjectName, create_authority, issue_certificate
from zegel.trust.signing import CertifiedSigner

DAY = 86_400
ALL_ELEMENTS = {**ELEMENTS, **{name: Tag(TAG_FULL_DATE, date) for name, date in DATES.items()}}
AUDIENCE = "x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk"
NONCE = "n-0S6_WzA2Mj-9f8h3kLmQ"
STATUS_URI = "https://issuer.utopia.example/status/1"
ENTRIES = 100_000
RESPONSE_URI = "https://verifier.utopia.example/response"
TRANSCRIPT: SessionTranscript = redirect_transcript(
    client_id=AUDIENCE, nonce=NONCE, response_uri=RESPONSE_URI, encryption_key_thumbprint=bytes(32)
)
IN_THE_CLEAR = (
    ("address",),
    ("nationalities", None),
    ("place_of_birth", "country"),
    ("place_of_birth", "region"),
    ("place_of_birth", "locality"),
)


@dataclass(frozen=True)
class World:
    """An issuer under its root, a holder, and who trusts them."""

    now: int
    issuer: PrivateKey
    certificate: Certificate
    holder: PrivateKey
    anchors: TrustAnchors
    status: StatusReference
    status_list: VerifiedStatusList

    @property
    def chain(self) -> tuple[bytes, ...]:
        return (self.certificate.der,)

    @property
    def expires(self) -> int:
        return self.now + 14 * DAY

    def sd_jwt_issuer(self) -> SdJwtIssuer:
        return SdJwtIssuer(signer=self.issuer, chain=self.chain, vct=VCT, in_the_clear=IN_THE_CLEAR)

    def issue_sd_jwt(self, issuer: SdJwtIssuer) -> bytes:
        return issuer.issue(
            CLAIMS,
            holder_key=self.holder.public_key,
            status=self.status,
            issued_at=self.now,
            valid_from=None,
            valid_until=self.expires,
            random=urandom,
        )

    def mdoc_issuer(self) -> MdocIssuer:
        return MdocIssuer(signer=self.issuer, chain=self.chain, doc_type=DOCTYPE, namespaces=(NAMESPACE,))

    def issue_mdoc(self, issuer: MdocIssuer) -> bytes:
        return issuer.issue(
            {NAMESPACE: ALL_ELEMENTS},
            holder_key=self.holder.public_key,
            status=self.status,
            issued_at=self.now,
            valid_from=self.now,
            valid_until=self.expires,
            random=urandom,
        )


@dataclass(frozen=True)
class StatusAuthority:
    """Who signs status lists, and who trusts it."""

    signer: CertifiedSigner
    anchors: TrustAnchors


def make_status_authority(now: int) -> StatusAuthority:
    """A root, a signer under it, fresh keys."""
    key, root = _key(), _authority("Utopia root", now)
    certificate = _certificate(root, "Status signer", key, Purpose.STATUS, now)
    anchor = TrustAnchor(certificate=root.certificate, purpose=Purpose.STATUS, entity="Utopia")
    return StatusAuthority(
        signer=CertifiedSigner(signer=key, certificates=(certificate,)), anchors=TrustAnchors((anchor,))
    )


def make_world(now: int) -> World:
    """Fresh keys; certificates and list as an issuer of the sandbox would have them."""
    issuer, holder, signer = (_key() for _ in range(3))
    root = _authority("Utopia root", now)
    anchors = TrustAnchors(
        TrustAnchor(certificate=root.certificate, purpose=purpose, entity="Utopia")
        for purpose in (Purpose.ISSUER, Purpose.STATUS)
    )
    lists = _certificate(root, "Status signer", signer, Purpose.STATUS, now)
    token = sign_status_list_jwt(
        compress(empty_status_list(ENTRIES, bits=1)),
        uri=STATUS_URI,
        signer=signer,
        chain=(lists.der,),
        now=now,
        expires=now + DAY,
        ttl=3_600,
    )
    return World(
        now=now,
        issuer=issuer,
        certificate=_certificate(root, "PID provider", issuer, Purpose.ISSUER, now),
        holder=holder,
        anchors=anchors,
        status=StatusReference(uri=STATUS_URI, index=41_234),
        status_list=verify_status_list(
            parse_status_list(token, content_type="application/statuslist+jwt"),
            uri=STATUS_URI,
            anchors=anchors,
            now=now,
        ),
    )


def present_claims(world: World) -> bytes:
    """Five of the twenty-five claims, holder-bound."""
    return present_sdjwt(
        parse_sdjwt(world.issue_sd_jwt(world.sd_jwt_issuer())),
        paths=DISCLOSED,
        holder=world.holder,
        audience=AUDIENCE,
        nonce=NONCE,
        now=world.now,
    )


def present_elements(world: World) -> bytes:
    """Five of the twenty-eight elements, holder-bound."""
    return present_mdoc(
        parse_issuer_signed(world.issue_mdoc(world.mdoc_issuer())),
        paths=[(NAMESPACE, element) for element in DISCLOSED_ELEMENTS],
        holder=world.holder,
        transcript=TRANSCRIPT,
    )


def write_fixture(world: World, path: Path) -> None:
    """What the peers need, as JSON; each verifies the very bytes that zegel verifies."""
    fixture = {
        "issuer_key": world.issuer.secret_pem().decode(),
        "holder_key": world.holder.secret_pem().decode(),
        "certificate": world.certificate.pem,
        "x5c": [b64encode(world.certificate.der).decode()],
        "expires": world.expires,
        "status": {"status_list": {"idx": world.status.index, "uri": world.status.uri}},
        "vct": VCT,
        "flat": FLAT,
        "address": ADDRESS,
        "audience": AUDIENCE,
        "nonce": NONCE,
        "sd_jwt": present_claims(world).decode(),
        "doctype": DOCTYPE,
        "namespace": NAMESPACE,
        "elements": ELEMENTS,
        "dates": DATES,
        "device_response": b64encode(present_elements(world)).decode(),
        "session_transcript": b64encode(TRANSCRIPT.encoded).decode(),
        "session_transcript_bytes": b64encode(encode_embedded(TRANSCRIPT.encoded)).decode(),
    }
    path.write_text(json.dumps(fixture))


def current_time() -> int:
    """The peers look at the clock, so the fixtures do."""
    return int(time.time())


def _key() -> PrivateKey:
    return derive_private_key(urandom(31).rjust(32, b"\x01"), curve=Curve.P256)


def _authority(name: str, now: int) -> Authority:
    return create_authority(
        SubjectName(country="UT", organization="Utopia", common_name=name),
        key=_key(),
        now=now - DAY,
        random=urandom,
        contact="https://authority.utopia.example",
    )


def _certificate(root: Authority, name: str, key: PrivateKey, purpose: Purpose, now: int) -> Certificate:
    return issue_certificate(
        root,
        SubjectName(country="UT", organization="Utopia", common_name=name),
        key=key.public_key,
        purpose=purpose,
        now=now - DAY,
        days=90,
        random=urandom,
    )
