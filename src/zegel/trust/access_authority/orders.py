"""An order of an access certificate as one state: its methods are the only moves.

    ordered -> proven -> issued -> revoked
    ordered, proven or issued, once its time is over: expired

``Rejected`` with ACCESS_ORDER for a move that the state does not have, HOST_CONTROL for a host that does not answer
with the token; the state stays as it was.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.keys import PublicKey
from zegel.primitives.x509 import Certificate
from zegel.trust.access_authority.profile import Certified

CHALLENGE_PATH: Final = "/.well-known/access-certificate/"
ORDER_SECONDS: Final = 3_600  # an hour, in which somebody can put a file on a server by hand
MAX_REASON: Final = 400  # characters; as many as a register's reason has
_TOKEN_BYTES: Final = 32  # RFC 8555 section 8.3: at least 128 bits
_ID_BYTES: Final = 16
_SEED_BYTES: Final = 32  # as many as SHA-256 gives


class Standing(StrEnum):
    """How an order stands."""

    ORDERED = "ordered"
    PROVEN = "proven"
    ISSUED = "issued"
    REVOKED = "revoked"
    EXPIRED = "expired"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a host is to serve: ``content`` at ``url``, the way of RFC 8555 section 8.3."""

    host: str
    url: str
    content: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOrder:
    """An order. ``until`` is the second at which the order is over, and once it is issued, the certificate.

    ``challenges`` are there until they are answered. ``issuer`` is the key identifier of who issued, in hexadecimal.
    ``seed`` is the authority's secret until it is issued: what is announced again after an interruption is the same.
    """

    id: str
    party: str
    service: str
    key: PublicKey
    hosts: tuple[str, ...]
    challenges: tuple[Challenge, ...]
    standing: Standing
    since: int
    until: int
    chain: tuple[Certificate, ...] = ()
    issuer: str = ""
    reason: str = ""
    seed: bytes = field(default=b"", repr=False)

    @property
    def certificate(self) -> Certificate:
        """The certificate that was issued; ``Rejected(ACCESS_ORDER)`` before."""
        if not self.chain:
            raise _illegal(f"the order is {self.standing}, and no certificate is issued yet")
        return self.chain[0]

    def at(self, now: int) -> "AccessOrder":
        """The order as it stands at ``now``: what was not revoked ends by itself."""
        if self.standing is Standing.REVOKED or now < self.until:
            return self
        return replace(self, standing=Standing.EXPIRED)

    def check_open(self) -> "AccessOrder":
        """Return the order if it still leads to a certificate; ``Rejected(ACCESS_ORDER)`` otherwise."""
        if self.standing not in (Standing.ORDERED, Standing.PROVEN):
            raise _illegal(f"the order is {self.standing}, expected one that is open", field="order")
        return self

    def prove(self, answers: Mapping[str, bytes], *, now: int) -> "AccessOrder":
        """Each host has answered, by its name, with its token and the key's thumbprint (RFC 8555 section 8.1)."""
        self._expect(Standing.ORDERED, now)
        for challenge in self.challenges:
            answer = answers.get(challenge.host, b"").rstrip()  # section 8.3: white space at the end is passed over
            if not hmac.compare_digest(answer, challenge.content.encode()):
                detail = f"{challenge.host} does not answer with the token of this order and the key's thumbprint"
                raise Rejected(Check.HOST_CONTROL, detail, field=challenge.url)
        return replace(self, standing=Standing.PROVEN, since=now, challenges=())

    def issue(self, chain: tuple[Certificate, ...], *, now: int) -> "AccessOrder":
        """The certificate is issued; ``chain`` is it and those above it, without the anchor (Reg_10b)."""
        self._expect(Standing.PROVEN, now)
        leaf, issuer = chain[0], chain[1]
        if leaf.key != self.key or issuer.key_id is None:
            raise _illegal("expected a certificate of the key that was ordered for", field="request")
        return replace(
            self,
            standing=Standing.ISSUED,
            since=now,
            until=leaf.not_after + 1,
            chain=chain,
            issuer=issuer.key_id.hex(),
            seed=b"",
        )

    def serial_of(self, tbs: bytes, count: int) -> bytes:
        """``count`` bytes of a serial number, for what is certified: the same for the same ``tbs``, a guess to others.

        A log that knows what was announced says again what it said (RFC 9162 section 11.3), and has it once.
        """
        return hmac.digest(self.seed, tbs, "sha256")[:count]

    def revoke(self, *, now: int, reason: str) -> "AccessOrder":
        """The certificate counts no longer, for good; ``reason`` is for whoever asks."""
        self._expect(Standing.ISSUED, now)
        return replace(self, standing=Standing.REVOKED, since=now, reason=check_reason(reason))

    def _expect(self, standing: Standing, now: int) -> None:
        found = self.at(now).standing
        if found is not standing:
            raise _illegal(f"the order is {found}, expected one that is {standing}")


def begin_order(
    certified: Certified, *, now: int, random: Callable[[int], bytes], seconds: int = ORDER_SECONDS
) -> AccessOrder:
    """A new order, with a token of its own for each host."""
    return AccessOrder(
        id=random(_ID_BYTES).hex(),  # it is typed on command lines, where a first hyphen means something
        party=certified.party.identifier,
        service=certified.service.identifier,
        key=certified.key,
        hosts=tuple(certified.origins),
        challenges=tuple(
            _challenge(host, origin, key=certified.key, token=base64url(random(_TOKEN_BYTES)))
            for host, origin in certified.origins.items()
        ),
        standing=Standing.ORDERED,
        since=now,
        until=now + seconds,
        seed=random(_SEED_BYTES),
    )


def check_reason(reason: str) -> str:
    """Return a reason that somebody can read; ``Rejected(ACCESS_ORDER)`` otherwise."""
    if not 0 < len(reason) <= MAX_REASON:
        raise _illegal(f"expected a reason of one to {MAX_REASON} characters", field="reason")
    return reason


def _challenge(host: str, origin: str, *, key: PublicKey, token: str) -> Challenge:
    content = f"{token}.{base64url(key.thumbprint())}"
    return Challenge(host=host, url=f"{origin}{CHALLENGE_PATH}{token}", content=content)


def _illegal(detail: str, *, field: str = "") -> Rejected:
    return Rejected(Check.ACCESS_ORDER, detail, field=field)
