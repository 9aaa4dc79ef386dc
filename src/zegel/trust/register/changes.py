"""The log of changes (ARF 3.0 Reg_09): a chain of hashes, whose head is signed and given out, so that a cut tail shows.

An entry says when, what was done, to which party, by whom, and the digest of what is registered since; or that somebody
was enrolled or dismissed as an officer, or had withdrawn what let them in. The hash of an entry covers the one before
it. Whoever keeps a head can tell later whether the log still is what it was then.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import encode_json
from zegel.primitives.jws import parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import PublicKey, Signer
from zegel.primitives.members import read_text
from zegel.primitives.times import parse_numeric_date
from zegel.trust.register.build import build_public_party
from zegel.trust.register.states import Deed, Registration

HEAD_TYPE: Final = "zegel-register-head+jwt"
MAX_HEAD: Final = 2_048  # bytes
START: Final = bytes(32)
"""What the first entry stands on."""
_PREFIX: Final = b"zegel register change\n"
_WHAT: Final = "head of the log"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry; ``sequence`` counts from 1, ``digest`` is of the registration after it."""

    sequence: int
    at: int
    deed: Deed
    identifier: str
    by: str
    digest: bytes
    previous: bytes

    @property
    def hash(self) -> bytes:
        """What the next entry stands on."""
        members = (
            self.sequence, self.at, self.deed, self.identifier, self.by, self.digest.hex(), self.previous.hex(),
        )  # fmt: skip
        return sha256(_PREFIX + encode_json(members)).digest()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """How long the log is, and the hash of its last entry."""

    size: int = 0
    hash: bytes = START

    def follow(self, change: Change) -> "LogHead":
        """The head after an entry that stands on this one; ``Rejected(REGISTER_LOG)`` for any other."""
        if change.sequence != self.size + 1 or change.previous != self.hash:
            raise Rejected(Check.REGISTER_LOG, f"entry {self.size + 1} does not stand on the one before it")
        return LogHead(size=change.sequence, hash=change.hash)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """A head that the registrar signed at ``at``."""

    head: LogHead
    at: int


def registration_digest(registration: Registration) -> bytes:
    """The digest of how a registration stands and what it gives out; of the contact nothing is in it."""
    public = registration.public
    shown = None if public is None else build_public_party(public)
    return sha256(encode_json((registration.standing, shown))).digest()


def person_digest(subject: str, deed: Deed) -> bytes:
    """The digest of an entry about a person, under whom nothing is registered."""
    return sha256(encode_json(("person", subject, deed))).digest()


def sign_log_head(head: LogHead, *, issuer: str, signer: Signer, now: int) -> bytes:
    """Sign a head, for whoever wants to hold the log to it."""
    claims = {"iss": issuer, "iat": now, "size": head.size, "hash": base64url(head.hash)}
    return sign_jws(claims, signer=signer, typ=HEAD_TYPE)


def verify_log_head(compact: bytes | str, *, issuer: str, key: PublicKey) -> SignedHead:
    """Verify a head that somebody kept; ``Malformed``, or ``Rejected`` with REGISTER_LOG for another register's."""
    jws = parse_jws(compact, what=_WHAT, max_bytes=MAX_HEAD)
    claims = verify_jws(jws, key=key, typ=HEAD_TYPE).claims
    if claims.get("iss") != issuer:
        raise Rejected(Check.REGISTER_LOG, "expected a head of this register", field="iss")
    size, at = (parse_numeric_date(claims.get(name), _WHAT, name) for name in ("size", "iat"))
    hash_ = parse_base64url(read_text(claims.get("hash"), what=_WHAT, where="hash"), what=_WHAT, where="hash")
    if size is None or at is None or len(hash_) != len(START):
        raise Malformed(_WHAT, "", "expected size, iat and hash")
    return SignedHead(head=LogHead(size=size, hash=hash_), at=at)


def check_kept(reached: LogHead, kept: LogHead) -> LogHead:
    """Return where the log stands if it is where a kept head says; ``Rejected(REGISTER_LOG)`` where it was rewritten.

    For a log that ends before the kept head, its tail was cut.
    """
    if reached.size < kept.size:
        raise Rejected(Check.REGISTER_LOG, f"it ends at entry {reached.size}, and had {kept.size}: its tail was cut")
    if reached.size == kept.size and reached.hash != kept.hash:
        raise Rejected(Check.REGISTER_LOG, f"entry {kept.size} is not the one that the head was signed for")
    return reached
