"""Keys rotated on the disk: a successor is announced, takes over when its time has come, and what is over goes.

Every change is one replaced file, so that a rotation which is interrupted has happened or has not.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import final

from zegel.adapters.files import os_errors
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.keyrings import KeyFiles, load_generation, rotating, settle, store_ring
from zegel.adapters.sandbox.access_root import ACCESS, open_access_root
from zegel.adapters.sealing import KEY_BYTES
from zegel.adapters.sealing_keys import SealingKeys, load_sealing_keys, store_sealing_keys
from zegel.adapters.sql.upkeep import check_sealed
from zegel.errors import Unavailable
from zegel.primitives.keys import random_private_key
from zegel.primitives.x509 import DAY, Certificate
from zegel.trust.authority import Authority, Draft, draft_renewal
from zegel.trust.rotation import Generation, KeyPractice, KeyRing, check_successor
from zegel.trust.transparency.extensions import parse_logged_certificate

Random = Callable[[int], bytes]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessorMaker:
    """Makes successors. ``authorities`` is a folder with authorities and their keys, as a sandbox has one; elsewhere
    certificates come from outside.

    ``stamp`` issues by way of a log, where the present certificate was issued so.
    """

    authorities: Path
    random: Random
    stamp: Callable[[Draft], Certificate]

    def make(self, current: Generation, *, now: int) -> Generation:
        """A fresh key on the same curve, certified as the present one is; ``Unavailable`` when no authority is here, or
        it is over."""
        key = random_private_key(self.random, curve=current.key.curve)
        if not current.certificates:
            return load_generation(key)
        leaf = current.certificates[0]
        authority = self._authority_of(leaf)
        if authority.certificate.not_after < now:
            raise Unavailable("certificate", f"the authority {leaf.issuer} is over, and certifies nobody any more")
        # from yesterday on: what is issued today is dated with its midnight
        draft = draft_renewal(authority, leaf, key=key.public_key, now=now - DAY, days=_days(leaf), random=self.random)
        is_logged = parse_logged_certificate(leaf.der).items is not None
        certificate = self.stamp(draft) if is_logged else draft.sign()
        return load_generation(key, (certificate, *current.certificates[1:]))  # the same authority, below the same

    def _authority_of(self, leaf: Certificate) -> Authority:
        with os_errors(self.authorities):
            files = sorted(self.authorities.glob("*.key.pem")) if self.authorities.exists() else []
        for file in files:
            certificate = load_certificates(file.with_name(file.name.removesuffix(".key.pem") + ".pem"))[0]
            if _certified(certificate, leaf):
                return Authority(certificate=certificate, key=load_private_key(file))
        sealed = self.authorities / f"{ACCESS}.pem"
        if sealed.exists() and _certified(load_certificates(sealed)[0], leaf):
            with open_access_root(self.authorities) as vault:
                return vault.value.authority
        raise Unavailable(
            "certificate",
            f"the authority {leaf.issuer} is not in {self.authorities}: have a new key certified, and give both files",
        )


def _certified(authority: Certificate, leaf: Certificate) -> bool:
    return authority.subject == leaf.issuer and authority.key_id == leaf.authority_key_id


def rotate_key(
    files: KeyFiles,
    *,
    practice: KeyPractice,
    maker: SuccessorMaker | None = None,
    given: Generation | None = None,
    another_party: bool = False,
    at_once: bool = False,
    now: int,
) -> KeyRing:
    """Take the next step: the successor takes over; where nobody could know it yet, it is announced.

    ``given`` is a successor from outside, for which no ``maker`` is needed. ``at_once`` has nobody waited for, and a
    fresh successor: whoever has stolen the key may have the one that was announced, for it lies beside it. A key whose
    successors are announced has the next one announced at once. ``Unavailable`` while the successor is not known for
    long enough, and for one whose certificate is not in force: nothing would be left of the key whose place it takes.
    ``Rejected(CERTIFICATE_PROFILE)`` for a successor from outside that cannot take it (``check_successor``).
    """
    for certificate in given.certificates if given is not None else ():
        if not certificate.not_before <= now <= certificate.not_after:
            raise Unavailable("certificate", "one of the successor's chain is not in force")
    with rotating(files.key, files.chain, files.ring):
        ring = settle(files).at(now)
        if given is not None:
            check_successor(given, current=ring.current, another_party=another_party)
        known = ring.successor is not None and given is None and not at_once
        if not known:
            ring = ring.announce(given or _made(maker, ring.current, now), now=now)
        ready_at = ring.ready_at(practice)
        assert ready_at is not None  # there is a successor
        if now < ready_at and not at_once:
            if known:
                raise Unavailable(str(files.key), f"its successor may sign in {ready_at - now} seconds")
            return store_ring(files, ring)
        ring = ring.hand_over(practice=practice, now=now)
        if practice.announced:
            ring = ring.announce(_made(maker, ring.current, now), now=now)
        return store_ring(files, ring)


def _made(maker: SuccessorMaker | None, current: Generation, now: int) -> Generation:
    if maker is None:
        raise Unavailable("certificate", "nobody here makes a successor: give one")
    return maker.make(current, now=now)


def tidy_key(files: KeyFiles, *, now: int) -> KeyRing:
    """Remove what is over, and finish what was interrupted; the ring as it stands."""
    with rotating(files.key, files.chain, files.ring):
        ring = settle(files)
        left = ring.at(now)
        return ring if left is ring else store_ring(files, left)


def rotate_sealing_key(
    path: Path, *, databases: Sequence[Path], trails: int, random: Random, given: bytes | None = None, now: int
) -> SealingKeys:
    """Have another key seal the databases from each role's next start on: ``given``, or a fresh one. What was derived
    from the old one counts ``trails`` seconds longer than it is in use.

    ``Unavailable`` for one that is, or was, there already: from when it seals could not be told.
    """
    with rotating(path):
        keys = load_sealing_keys(path)
        with suppress(Unavailable):  # an older one is still needed
            keys = _tidied(keys, databases, trails, now)
        if given in (keys.current, *keys.earlier()):
            raise Unavailable(str(path), "the successor is one of its keys already; give another")
        return store_sealing_keys(path, keys.rotate(given or random(KEY_BYTES)))


def tidy_sealing_keys(path: Path, *, databases: Sequence[Path], trails: int, now: int) -> SealingKeys:
    """Remove the keys that are over, and have the time begin of those that were seen to be in use no longer.

    ``Unavailable`` while a database is still sealed with one that is over.
    """
    with rotating(path):
        keys = load_sealing_keys(path)
        try:
            left = _tidied(keys, databases, trails, now)
        except Unavailable:
            if keys.tidy(now) == keys:
                return keys
            raise
        return keys if left == keys else store_sealing_keys(path, left)


def _tidied(keys: SealingKeys, databases: Sequence[Path], trails: int, now: int) -> SealingKeys:
    """``Unavailable`` while a database is not sealed with the present one."""
    if keys.retired:
        for database in databases:
            check_sealed(database, key=keys.current)
    return keys.end(until=now + trails).tidy(now)


def _days(leaf: Certificate) -> int:
    return (leaf.not_after - leaf.not_before) // DAY + 1
