"""Whether a certificate was revoked: the lists of its issuer, held against the whole of a chain (RFC 5280 section 6.3).

A certificate that names where its revocation is published is looked up. One that names nothing cannot be revoked: it
is taken, however long it is valid, until it ends or its authority is off the lists, for no profile has readers refuse
it, and signers of others have none (docs/divergences.md). Lists are fetched ahead, so that nobody learns which
certificate is looked at.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from dataclasses import field as member
from itertools import pairwise
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.crl import UnverifiedCrl, VerifiedCrl, check_current, verify_crl
from zegel.primitives.x509 import Certificate

GRACE: Final = 3_600
"""For how long after its next update a list is answered from, in seconds, where a profile does not say otherwise: an
authority that is late by more than an hour has a fault, or somebody stands between."""
SERVED_FOR: Final = 86_400
"""Seconds after which a list has to be fetched again, whatever its next update: as those of trusted entities, so that
whoever keeps it away gains a day, and not the half year that some authorities sign for (ARF 3.0 VCR_14)."""
_MAX_WANTED: Final = 1_024  # addresses; an issuer that comes anew brings one or two, and none is ever forgotten
_MAX_POINTS: Final = 2  # of one certificate; a second one is a mirror


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServedLists:
    """What one address has served: the newest list that an anchor signed, and the newest of which that is not known.

    An authority between an anchor and a leaf shows itself with a chain, so that its list is kept unproven until then.
    When each was served last, in seconds since the epoch, is no part of what there is.
    """

    proven: UnverifiedCrl | None = None
    unproven: UnverifiedCrl | None = None
    proven_at: int = member(default=0, compare=False)
    unproven_at: int = member(default=0, compare=False)

    def lists(self) -> tuple[UnverifiedCrl, ...]:
        """Those that there are."""
        return tuple(each for each in (self.proven, self.unproven) if each is not None)

    def is_old(self, *, before: int) -> tuple[bool, bool]:
        """Whether the one, and the other, was served last ``before`` a second; neither of what is not there."""
        proven, unproven = self.proven is not None, self.unproven is not None
        return proven and self.proven_at < before, unproven and self.unproven_at < before

    def old(self, *, before: int) -> tuple[UnverifiedCrl, ...]:
        """Those that were served last ``before`` a second."""
        there = zip((self.proven, self.unproven), self.is_old(before=before), strict=True)
        return tuple(crl for crl, is_old in there if crl is not None and is_old)

    def due(self) -> tuple[int, ...]:
        """When each is to be fetched again at the latest: at its next update or after a day, whichever is sooner."""
        there = ((self.proven, self.proven_at), (self.unproven, self.unproven_at))
        return tuple(min(crl.unverified_next_update, at + SERVED_FOR) for crl, at in there if crl is not None)

    @property
    def sizes(self) -> tuple[int, int]:
        """The bytes of both."""
        return self.proven.size if self.proven else 0, self.unproven.size if self.unproven else 0

    def followed_by(
        self, crl: UnverifiedCrl, *, issuers: Iterable[Certificate], now: int, served_at: int
    ) -> "ServedLists":
        """With another list that the address has served; ``issuers`` are the anchors that bear its issuer's name.

        None that is older takes a newer one's place, and none that is unproven that of one that an anchor signed:
        whoever stands between could put a forged one there. ``Rejected(REVOCATION_LIST)`` for a list of the future.
        """
        check_current(crl, now=now)
        # that an older one was served says nothing of how old the newer one is
        if _is_signed(crl, issuers, now):
            kept = _newer(crl, self.proven)
            return ServedLists(proven=kept, proven_at=served_at if kept is crl else self.proven_at)
        kept = _newer(crl, self.unproven)
        return replace(self, unproven=kept, unproven_at=served_at if kept is crl else self.unproven_at)


@final
class RevocationLists:
    """Lists as they were fetched last; which authority each is of shows when a chain needs it.

    The set is immutable, so that a list that was verified once is remembered. ``grace`` is for how long a list is
    answered from after its next update was due, in seconds. What is on one of the ``old`` among them is revoked, and
    they say nothing of what is not: they could not be had again in time. ``wanted`` grows by the addresses of lists
    that a chain to an anchor named, and that were not there: whoever fetches lists reads it. ``unsafe_unknown`` lets
    pass what no list speaks of: for a person without a network, who judges a file by hand and is told so.
    """

    def __init__(
        self,
        lists: Iterable[UnverifiedCrl] = (),
        *,
        old: Iterable[UnverifiedCrl] = (),
        grace: int = GRACE,
        wanted: Iterable[str] = (),
        unsafe_unknown: bool = False,
    ) -> None:
        self.wanted: Final[set[str]] = set(wanted)
        self._by_issuer: dict[str, list[UnverifiedCrl]] = {}
        for each in lists:
            self._by_issuer.setdefault(each.unverified_issuer, []).append(each)
        self._old = frozenset(map(id, old))
        self._grace = grace
        self._unsafe_unknown = unsafe_unknown
        self._verified: dict[tuple[int, bytes], VerifiedCrl | Rejected] = {}

    def check_chain(self, chain: tuple[Certificate, ...], *, anchor: Certificate, now: int) -> int | None:
        """Check that none of a chain (leaf first, without the anchor) is revoked; the second at which that is not known
        any more, None where nothing has to be known.

        ``Rejected`` with CERTIFICATE_REVOKED; with REVOCATION_STALE where no list can say so, or none that is in force;
        with REVOCATION_LIST where the only list that there is cannot be believed.
        """
        ends = [
            self._check(certificate, issuer, now, f"x5c[{position}]")
            for position, (certificate, issuer) in enumerate(pairwise((*chain, anchor)))
            if certificate.revocation_points
        ]
        return min((end for end in ends if end is not None), default=None)

    def _check(self, certificate: Certificate, issuer: Certificate, now: int, field: str) -> int | None:
        lists = dict(self._believed(certificate, issuer, now))
        # a serial number that is on any of them is revoked, however old that list is: revocation is final
        if any(certificate.serial_number in each.serials for each in lists.values()):
            detail = f"the certificate of {certificate.subject} is revoked by {issuer.subject}"
            raise Rejected(Check.CERTIFICATE_REVOKED, detail, field=field)
        if not lists and len(self.wanted) < _MAX_WANTED:
            self.wanted.update(certificate.revocation_points[:_MAX_POINTS])
        newest = max((each.next_update for id_, each in lists.items() if id_ not in self._old), default=None)
        if newest is None and self._unsafe_unknown:
            return None
        if newest is None and lists:
            detail = f"the list of {issuer.subject} could not be had again for longer than {SERVED_FOR} seconds"
            raise Rejected(Check.REVOCATION_STALE, detail, field=field)
        if newest is None:
            detail = f"no list of {issuer.subject} could be had: nobody knows whether the certificate is revoked"
            raise Rejected(Check.REVOCATION_STALE, detail, field=field)
        if now >= newest + self._grace:
            detail = f"the list of {issuer.subject} was to be updated {now - newest} seconds ago"
            raise Rejected(Check.REVOCATION_STALE, detail, field=field)
        return newest + self._grace

    def _believed(self, certificate: Certificate, issuer: Certificate, now: int) -> Iterator[tuple[int, VerifiedCrl]]:
        """By what the set knows each list by."""
        refused: Rejected | None = None
        found = False
        for each in self._by_issuer.get(issuer.subject, ()):
            verified = self._verify(each, issuer, now)
            if isinstance(verified, Rejected):
                refused = verified
            elif verified.speaks_of(certificate):
                found = True
                yield id(each), verified
        if not found and refused is not None:
            raise refused.with_traceback(None)  # it is remembered, and would grow with each time

    def _verify(self, crl: UnverifiedCrl, issuer: Certificate, now: int) -> VerifiedCrl | Rejected:
        try:
            check_current(crl, now=now)
        except Rejected as error:  # not remembered: a list of the future will be one of the present
            return error
        remembered = (id(crl), issuer.der)
        verified = self._verified.get(remembered)
        if verified is None:
            try:
                verified = verify_crl(crl, issuer=issuer, now=now)
            except Rejected as error:  # remembered, for its bytes would be hashed again for every chain
                verified = error
            self._verified[remembered] = verified
        return verified


def _is_signed(crl: UnverifiedCrl, issuers: Iterable[Certificate], now: int) -> bool:
    for issuer in issuers:
        with suppress(Rejected):
            verify_crl(crl, issuer=issuer, now=now)
            return True
    return False


def _newer(crl: UnverifiedCrl, known: UnverifiedCrl | None) -> UnverifiedCrl:
    return known if known is not None and known.unverified_this_update > crl.unverified_this_update else crl
