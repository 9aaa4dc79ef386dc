"""What is submitted to a log, and what a log takes in (RFC 9162 sections 4.2 and 5.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar, final

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected
from zegel.primitives.encoding import base64, parse_base64
from zegel.primitives.json import Json, JsonObject, encode_json, parse_object
from zegel.primitives.members import read_text
from zegel.primitives.x509 import Certificate, parse_certificate, verify_issuers
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.transparency.extensions import parse_logged_certificate
from zegel.trust.transparency.precertificate import parse_precertificate, verify_precertificate

MAX_SUBMISSION: Final = 65_536  # a certificate and its chain, each under 8 kB, in base64
MAX_CHAIN_LENGTH: Final = 4  # certificates of a submission with its anchor: root, two authorities below it, and a leaf
_WHAT: Final = "submission"
CERTIFICATE: Final = 1  # section 5.1 has these two numbers, and not those of section 10.2.3
PRECERTIFICATE: Final = 2

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedSubmission:
    """A submission that parses. ``submission`` is a certificate or, by its ``type``, a pre-certificate; ``chain`` is
    who certified it."""

    type: int
    submission: bytes
    chain: tuple[bytes, ...]

    def members(self) -> JsonObject:
        """It as JSON."""
        return {
            "submission": base64(self.submission),
            "type": self.type,
            "chain": [base64(each) for each in self.chain],
        }

    def encode(self) -> bytes:
        """The body of the request."""
        return encode_json(self.members())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedSubmission:
    """What a log may not refuse: it leads to an anchor. ``tbs`` is what the entry holds; ``chain`` ends in the anchor.

    ``announced`` is what it says, whether it is issued already or not.
    """

    precertificate: bool
    submission: bytes
    tbs: bytes
    issuer: Certificate
    chain: tuple[bytes, ...]
    announced: Certificate


def parse_submission(body: bytes) -> UnverifiedSubmission:
    """Parse the body of ``submit-entry``; ``Malformed`` for anything else."""
    members = parse_object(body, what=_WHAT, max_bytes=MAX_SUBMISSION)
    chain = members.get("chain")
    if not isinstance(chain, list) or len(chain) > MAX_CHAIN_LENGTH:
        raise Malformed(_WHAT, "chain", f"expected an array of at most {MAX_CHAIN_LENGTH}")
    submission = _bytes(members.get("submission"), "submission")
    type_ = members.get("type")
    if type(type_) is not int:
        raise Malformed(_WHAT, "type", "expected a number")
    return UnverifiedSubmission(
        type=type_,
        submission=submission,
        chain=tuple(_bytes(each, f"chain[{at}]") for at, each in enumerate(chain)),
    )


def accept_submission(submission: UnverifiedSubmission, *, anchors: TrustAnchors, now: int) -> AcceptedSubmission:
    """Take a submission that leads to an authority for access certificates.

    ``Denied`` with badType, badSubmission, badCertificate, badChain or unknownAnchor.
    """
    if submission.type not in (CERTIFICATE, PRECERTIFICATE):
        raise _deny("badType", "expected 1 for a certificate or 2 for a pre-certificate", "type")
    known = {anchor.certificate.der: anchor.certificate.parse() for anchor in anchors.of(Purpose.ACCESS)}
    sent = submission.chain[:-1] if submission.chain and submission.chain[-1] in known else submission.chain
    chain = tuple(_certificate(der, f"chain[{at}]") for at, der in enumerate(sent))
    if submission.type == PRECERTIFICATE:
        return _accept_announced(submission, chain, tuple(known.values()), now)
    return _accept_issued(submission, chain, anchors, now)


def _accept_announced(
    submission: UnverifiedSubmission, chain: tuple[Certificate, ...], anchors: tuple[Certificate, ...], now: int
) -> AcceptedSubmission:
    unverified = _parsed(lambda: parse_precertificate(submission.submission))
    if chain:
        anchor = _led(lambda: verify_issuers(chain, anchors=anchors, now=now))
    else:
        named = [each for each in anchors if each.key_id == unverified.unverified_key_id]
        if not named:
            raise _deny("unknownAnchor", "no accepted authority has the key that announced it", "chain")
        anchor = named[0]
    issuer = chain[0] if chain else anchor
    try:
        verified = verify_precertificate(unverified, issuer=issuer)
    except Rejected as error:
        code = "badChain" if unverified.unverified_key_id != issuer.key_id else "badSubmission"
        raise _deny(code, error.detail, error.field) from None
    return AcceptedSubmission(
        precertificate=True,
        submission=submission.submission,
        tbs=verified.tbs,
        issuer=issuer,
        chain=(*(each.der for each in chain), anchor.der),
        announced=verified.announced,
    )


def _accept_issued(
    submission: UnverifiedSubmission, chain: tuple[Certificate, ...], anchors: TrustAnchors, now: int
) -> AcceptedSubmission:
    leaf = _parsed(lambda: parse_certificate(submission.submission))
    logged = _parsed(lambda: parse_logged_certificate(submission.submission))
    x5c = (submission.submission, *(each.der for each in chain))
    verified = _led(lambda: anchors.verify_chain(x5c, purpose=Purpose.ACCESS, now=now))
    anchor = verified.anchor.certificate.parse()
    return AcceptedSubmission(
        precertificate=False,
        submission=submission.submission,
        tbs=logged.tbs,
        issuer=chain[0] if chain else anchor,
        chain=(*(each.der for each in chain), anchor.der),
        announced=leaf,
    )


def _parsed(parse: Callable[[], T]) -> T:
    try:
        return parse()
    except Malformed as error:
        raise _deny("badSubmission", error.detail, "submission") from None


def _led(verify: Callable[[], T]) -> T:
    """Whatever is wrong with a path, in the words of section 5.1."""
    codes = {Check.ANCHOR: "unknownAnchor", Check.CHAIN: "badChain"}
    try:
        return verify()
    except Rejected as error:
        raise _deny(codes.get(error.check, "badSubmission"), error.detail, error.field) from None


def _certificate(der: bytes, where: str) -> Certificate:
    try:
        return parse_certificate(der)
    except Malformed as error:
        raise _deny("badCertificate", error.detail, where) from None


def _bytes(value: Json, where: str) -> bytes:
    return parse_base64(read_text(value, what=_WHAT, where=where, limit=MAX_SUBMISSION), what=_WHAT, where=where)


def _deny(code: str, detail: str, field: str) -> Denied:
    return Denied(code, Check.LOG_SUBMISSION, detail, field=field)
