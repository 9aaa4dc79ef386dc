"""A registration as one state: its methods are the only moves, each for whoever may make it.

A party applies and changes, an officer decides, and never the person who asked for what is decided (four eyes).
``Rejected`` is raised with REGISTER_DUTY, FOUR_EYES or REGISTER_MOVE; the state stays as it was.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.json import encode_json
from zegel.trust.register.build import build_party, build_public_party
from zegel.trust.register.parse import read_public_party
from zegel.trust.register.values import IntendedUse, WalletRelyingParty

MAX_REASON: Final = 400  # characters
_IDENTIFIER_BYTES: Final = 12


class Duty(StrEnum):
    """What somebody is signed in for; nobody has both duties at once."""

    PARTY = "party"
    OFFICER = "officer"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who moves: ``subject`` is the person, as the registrar knows one, and not a name."""

    subject: str
    duty: Duty


class Standing(StrEnum):
    """How a registration stands (CIR 2025/848 articles 6 to 9)."""

    APPLIED = "applied"
    REGISTERED = "registered"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class Deed(StrEnum):
    """What the log of changes knows (ARF 3.0 Reg_09)."""

    APPLIED = "applied"
    CHANGED = "changed"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    RENEWED = "renewed"
    ENROLLED = "enrolled"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"
    INVITED = "invited"


OF_PEOPLE: Final = frozenset({Deed.ENROLLED, Deed.DISMISSED, Deed.WITHDRAWN, Deed.INVITED})
"""Deeds that are about people, and about no registration."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What waits for an officer: the party as it wants to be, and the person who asked for that."""

    party: WalletRelyingParty
    by: str

    @property
    def digest(self) -> str:
        """By what an officer says which proposal it is that is decided on."""
        return base64url(sha256(encode_json(build_party(self.party))).digest())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A party at the register. ``party`` is as approved last, None before; ``since`` is when it last moved."""

    identifier: str
    owner: str
    standing: Standing
    since: int
    party: WalletRelyingParty | None = None
    proposal: Proposal | None = None
    reason: str = ""

    @property
    def public(self) -> WalletRelyingParty | None:
        """What the register gives out: nothing of who is suspended or cancelled."""
        return self.party if self.standing is Standing.REGISTERED else None

    def change(self, party: WalletRelyingParty, *, by: Actor, now: int) -> "Registration":
        """The party asks for a change, which waits for an officer; what is registered stays until then (Reg_07)."""
        self._check_owner(by)
        if self.standing is Standing.CANCELLED:
            raise _illegal("expected a registration that is not cancelled")
        if party.identifier != self.identifier:  # Reg_32a: the same in all certificates
            raise _illegal("expected the identifier that is registered", field="identifier[0].identifier")
        standing = Standing.APPLIED if self.party is None else self.standing
        proposal = Proposal(party=_readable(party), by=by.subject)
        return replace(self, standing=standing, since=now, proposal=proposal, reason="")

    def approve(
        self, *, by: Actor, now: int, today: str, registry: str, random: Callable[[int], bytes]
    ) -> "Registration":
        """An officer approves: what was proposed is registered from ``today`` on, at ``registry``.

        Intended uses get their identifiers; those that are left out are kept, as ended, for whoever looks them up: as
        many as a party may have, the latest.
        """
        proposal = self._decidable(by)
        if self.standing is Standing.SUSPENDED:
            raise _illegal("expected a registration that is not suspended")
        known = () if self.party is None else self.party.intended_uses
        uses, ended = _assigned(proposal.party.intended_uses, known, today=today, random=random)
        party = _with_ended(replace(proposal.party, intended_uses=uses, registry=registry), ended)
        return replace(self, standing=Standing.REGISTERED, since=now, party=party, proposal=None, reason="")

    def reject(self, *, by: Actor, now: int, reason: str) -> "Registration":
        """An officer refuses what was proposed, and says why; what is registered stays."""
        self._decidable(by)
        standing = Standing.REJECTED if self.party is None else self.standing
        return replace(self, standing=standing, since=now, proposal=None, reason=_said(reason))

    def suspend(self, *, by: Actor, now: int, reason: str) -> "Registration":
        """An officer suspends (Reg_20a, Reg_22a), and says why."""
        _check_duty(by, Duty.OFFICER)
        if self.standing is not Standing.REGISTERED:
            raise _illegal("expected a registration that is in force")
        return replace(self, standing=Standing.SUSPENDED, since=now, reason=_said(reason))

    def resume(self, *, by: Actor, now: int) -> "Registration":
        """An officer ends a suspension; never the party's own person."""
        _check_duty(by, Duty.OFFICER)
        self._check_other(by, self.owner)
        if self.standing is not Standing.SUSPENDED:
            raise _illegal("expected a registration that is suspended")
        return replace(self, standing=Standing.REGISTERED, since=now, reason="")

    def renew(self, *, by: Actor) -> "Registration":
        """An officer has it certified for longer, and it stays as it is; never the party's own person."""
        _check_duty(by, Duty.OFFICER)
        self._check_other(by, self.owner)
        return self

    def cancel(self, *, by: Actor, now: int, reason: str) -> "Registration":
        """The party or an officer ends it for good (Reg_20b, Reg_22b, Reg_29)."""
        if by.duty is Duty.PARTY:
            self._check_owner(by)
        if self.standing is Standing.CANCELLED:
            raise _illegal("expected a registration that is not cancelled")
        return replace(self, standing=Standing.CANCELLED, since=now, proposal=None, reason=_said(reason))

    def _decidable(self, by: Actor) -> Proposal:
        _check_duty(by, Duty.OFFICER)
        if self.proposal is None:
            raise _illegal("expected something that waits for a decision")
        self._check_other(by, self.proposal.by, self.owner)
        return self.proposal

    def _check_owner(self, by: Actor) -> Actor:
        _check_duty(by, Duty.PARTY)
        if by.subject != self.owner:
            raise Rejected(Check.REGISTER_DUTY, "expected the person who registered this party")
        return by

    def _check_other(self, by: Actor, *others: str) -> Actor:
        if by.subject in others:
            raise Rejected(Check.FOUR_EYES, "expected another person than the one who asked for this", field="by")
        return by


def apply(party: WalletRelyingParty, before: Registration | None, *, by: Actor, now: int) -> Registration:
    """A party applies; ``before`` is what is known under its identifier, which then was refused or cancelled."""
    _check_duty(by, Duty.PARTY)
    if before is not None and before.standing not in (Standing.REJECTED, Standing.CANCELLED):
        raise _illegal("expected an identifier that nobody has registered", field="identifier[0].identifier")
    proposal = Proposal(party=_readable(party), by=by.subject)
    return Registration(
        identifier=party.identifier, owner=by.subject, standing=Standing.APPLIED, since=now, proposal=proposal
    )


def _assigned(
    proposed: Iterable[IntendedUse], known: Iterable[IntendedUse], *, today: str, random: Callable[[int], bytes]
) -> tuple[tuple[IntendedUse, ...], tuple[IntendedUse, ...]]:
    """Uses as they are registered, and those left out: what was known keeps its identifier and its first day, or ends
    today."""
    before = {use.identifier: use for use in known}
    uses = []
    for use in proposed:
        old = before.pop(use.identifier, None) if use.identifier is not None else None
        if old is None:
            use = replace(use, identifier=base64url(random(_IDENTIFIER_BYTES)), created=today)
        else:
            use = replace(use, created=old.created, revoked=old.revoked or use.revoked)
        uses.append(use)
    return tuple(uses), tuple(replace(use, revoked=use.revoked or today) for use in before.values())


def _with_ended(party: WalletRelyingParty, ended: tuple[IntendedUse, ...]) -> WalletRelyingParty:
    """With the latest of the uses that ended, as many as leave it one that is read again."""
    latest = sorted(ended, key=lambda use: use.revoked or "", reverse=True)
    for count in range(len(latest), 0, -1):
        with suppress(Rejected):
            return _readable(replace(party, intended_uses=(*party.intended_uses, *latest[:count])))
    return _readable(party)


def _readable(party: WalletRelyingParty) -> WalletRelyingParty:
    """Return a party that can be read again as it would be given out: one that could not would stop every search."""
    try:
        read_public_party(encode_json(build_public_party(party)))
    except Malformed as error:
        raise _illegal(f"it could not be given out: {error.detail}", field=error.where) from None
    return party


def _check_duty(by: Actor, duty: Duty) -> Actor:
    if by.duty is not duty:
        raise Rejected(Check.REGISTER_DUTY, f"expected somebody signed in as {duty}")
    return by


def _illegal(detail: str, *, field: str = "") -> Rejected:
    return Rejected(Check.REGISTER_MOVE, detail, field=field)


def _said(reason: str) -> str:
    if not 0 < len(reason) <= MAX_REASON:
        raise _illegal(f"expected a reason of one to {MAX_REASON} characters", field="reason")
    return reason
