"""The life of a key: announced before it signs, in use, retired for as long as what it did has to be believed.

A key ring holds one key's generations. It is a value: whoever rotates makes the next one, and whoever uses it takes
from it what its time allows.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise, takewhile
from typing import final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.keys import PrivateKey, PublicKey
from zegel.primitives.x509 import Certificate
from zegel.trust.signing import CertifiedSigner


class Kept(StrEnum):
    """What is kept of a retired key, from the least to the most."""

    CERTIFICATE = "certificate"  # it travels along with what was signed; the key is destroyed
    PUBLIC = "public"  # whoever verifies fetches it from us
    PRIVATE = "private"  # it still opens, or still signs what was begun under its name


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPractice:
    """How a key is rotated. ``announced`` is for how many seconds its successor is published before it signs; 0 where
    nobody has to know it before.

    ``trails`` is for how many seconds after its end the last of what it did counts; None: as long as its certificate.
    """

    kept: Kept
    announced: int
    trails: int | None

    def end_of(self, generation: "Generation", *, now: int) -> int:
        """When nothing counts any more of what a key did that ends now."""
        if self.trails is None:
            return max((certificate.not_after for certificate in generation.certificates[:1]), default=now)
        return now + self.trails


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A key at one time of its life. ``since`` is when its present state began, None where nobody wrote it down;
    ``until`` is when a retired one is over. ``private`` is None once it is destroyed."""

    key: PublicKey
    private: PrivateKey | None
    certificates: tuple[Certificate, ...] = ()
    since: int | None = None
    until: int | None = None

    @property
    def id(self) -> str:
        """Its name: the thumbprint of the key (RFC 7638)."""
        return base64url(self.key.thumbprint())

    def is_kept_at(self, time: int) -> bool:
        """Whether it ended after that, and its private part is kept."""
        return self.private is not None and self.since is not None and time < self.since

    @property
    def signer(self) -> CertifiedSigner:
        """It as a signer with its chain; ``ValueError`` for one that has no certificate or no private part any more."""
        if self.private is None or not self.certificates:
            raise ValueError("a signer has a private key and its chain")
        return CertifiedSigner(signer=self.private, certificates=self.certificates)


def check_successor(successor: Generation, *, current: Generation, another_party: bool = False) -> Generation:
    """Return a successor that was certified elsewhere if its certificate can stand in the place of the present one.

    It says of its key what that one says of its own: the same kind and usage, and but for ``another_party`` the same
    subject and at least the same names. Where an authority issued that one, an authority issued this one. Each of its
    chain is issued by the next.
    ``Rejected(CERTIFICATE_PROFILE)`` otherwise: the key whose place it takes would be gone for one that nobody trusts.
    """
    for issued, issuer in pairwise(successor.certificates):
        if issued.issuer != issuer.subject or issued.authority_key_id != issuer.key_id:
            raise _unlike("a chain of which each certificate is issued by the next", "chain")
    for old, new in zip(current.certificates[:1], successor.certificates[:1], strict=True):
        for field in ("is_authority", "extended_key_usage", *(() if another_party else ("subject",))):
            if getattr(new, field) != getattr(old, field):
                raise _unlike(f"what {field} says in the certificate whose place it takes", field)
        if not another_party and not {*old.dns_names, *old.uris} <= {*new.dns_names, *new.uris}:
            raise _unlike("the names of the certificate whose place it takes", "subjectAltName")
        if new.issuer == new.subject and old.issuer != old.subject:
            raise _unlike("a certificate that an authority issued", "issuer")
    return successor


def _unlike(expected: str, field: str) -> Rejected:
    return Rejected(Check.CERTIFICATE_PROFILE, f"expected {expected}", field=field)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """The generations of one key. ``retired`` begins with the one that was in use last."""

    current: Generation
    successor: Generation | None = None
    retired: tuple[Generation, ...] = ()

    def at(self, now: int) -> "KeyRing":
        """The ring without those whose time is over."""
        left = tuple(each for each in self.retired if each.until is not None and now < each.until)
        return self if left == self.retired else replace(self, retired=left)

    def held_back(self, *, seconds: int, now: int) -> "KeyRing":
        """The ring as one of several processes uses it, each of which reads it within so many seconds.

        Until then a key whose private part is kept stays in use: what one process begins under a new name another has
        to finish. The newest one is the successor meanwhile, known and not in use.
        """
        kept = tuple(takewhile(lambda each: each.is_kept_at(now - seconds), self.retired))
        if not kept:
            return self
        others = (*kept[:-1], *self.retired[len(kept) :])
        return KeyRing(current=replace(kept[-1], until=None), successor=self.current, retired=others)

    def announce(self, successor: Generation, *, now: int) -> "KeyRing":
        """The ring with a successor, who signs nothing yet."""
        return replace(self, successor=replace(successor, since=now))

    def ready_at(self, practice: KeyPractice) -> int | None:
        """When the successor has been published long enough to sign; None without one."""
        if self.successor is None or self.successor.since is None:
            return None
        return self.successor.since + practice.announced

    def hand_over(self, *, practice: KeyPractice, now: int) -> "KeyRing":
        """The successor signs from now on, and what is over is gone; ``ValueError`` without a successor."""
        if self.successor is None:
            raise ValueError("there is no successor")
        private = self.current.private if practice.kept is Kept.PRIVATE else None
        until = practice.end_of(self.current, now=now)
        ended = replace(self.current, private=private, since=now, until=until)
        return KeyRing(current=replace(self.successor, since=now), retired=(ended, *self.at(now).retired))


def strictest(practices: tuple[KeyPractice, ...]) -> KeyPractice:
    """The practice for a key that has several uses: nothing ends before the last of them."""
    order = tuple(Kept)
    return KeyPractice(
        kept=max((each.kept for each in practices), key=order.index),
        announced=max(each.announced for each in practices),
        trails=None if any(each.trails is None for each in practices) else max(each.trails or 0 for each in practices),
    )
