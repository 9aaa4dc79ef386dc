"""Invitations: with a one-time code, a person who has no wallet yet makes a first passkey, and is signed in by it.

The operator names the person, and hands the code over. Half of the code finds the invitation, the other half is the
secret, of which the hash is kept: whoever errs five times has spent it. It is taken in the transaction that stores the
passkey, so that whoever breaks off before may go on, and nobody makes a second passkey with it.
"""

import hmac
from base64 import b32encode
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.json import JsonObject
from zegel.protocols.webauthn.options import (
    CHALLENGE_BYTES,
    CHALLENGE_SECONDS,
    Account,
    RelyingParty,
    creation_options,
)
from zegel.protocols.webauthn.response import parse_registration_response
from zegel.protocols.webauthn.verify import verify_registration
from zegel.services.ports import FOR_EVER, Clock, Kind, Random, Transaction
from zegel.services.register_ports import RegistrarStore, RegistrarTransaction
from zegel.services.registrar import ITSELF
from zegel.services.registrar_admission import Admission, load_admission, save_admission
from zegel.services.registrar_passkeys import HANDLE_BYTES, add_passkey, no_challenge, passkey_ids, passkey_of
from zegel.services.registrar_people import CODE_SECONDS, OFFICER, SESSION, SESSION_SECONDS, Officer, SignedIn, log_deed
from zegel.trust.register.states import Actor, Deed, Duty

MAX_TRIES: Final = 5  # as many as a transaction code has: five of 2^40 are no chance, and a person may err
_HALF_BYTES: Final = 5  # of a code of sixteen letters: one half is looked up, the other one guessed at
_GROUP: Final = 4


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Who may make a passkey, and whether they become an officer by it. ``generation`` is that of their sessions."""

    subject: str = field(repr=False)
    name: str = field(repr=False)
    officer: bool
    secret: bytes = field(repr=False)
    generation: int
    tries_left: int = MAX_TRIES


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InvitedChallenge:
    """A browser that showed the code was asked for a new passkey; ``invitation`` finds what the code was for."""

    value: bytes = field(repr=False)
    invitation: str = field(repr=False)


INVITATION: Final = Kind(name="invitation", states=(Invitation,))
INVITED: Final = Kind(name="invited passkey", states=(InvitedChallenge,))


@final
class RegistrarInvitations:
    """Invites people, and lets them in, at one site."""

    def __init__(self, site: RelyingParty, *, store: RegistrarStore, clock: Clock, random: Random) -> None:
        self._site = site
        self._store = store
        self._clock = clock
        self._random = random

    async def invite(
        self, subject: str, *, name: str = "", officer: bool = False, applicant: bool = False, by: Actor
    ) -> str:
        """A code for a person who is known here, or is to be an ``officer``, or is new and to be an ``applicant``.

        Who is new may register a party, and nothing else. It is the one code that counts: an earlier one of the same
        person does no more. ``Rejected(REGISTER_ENTRY)`` for somebody unknown who is to be neither, and for an
        applicant whose subject lets in to what is somebody's already.
        """
        found, secret = _letters(self._random(_HALF_BYTES)), _letters(self._random(_HALF_BYTES))
        now = self._clock.now()
        if subject == ITSELF.subject:
            raise _not_invited("expected a person: the registrar itself has this name")
        async with self._store.transaction(durable=True) as transaction:
            admission, version = await load_admission(transaction, subject)
            known = await transaction.load(OFFICER, subject)
            called = name or admission.name or ("" if known is None else known.value.name) or subject
            owns = bool(await transaction.register.of_owner(subject))
            if applicant and (known is not None or owns or admission.passkeys):
                raise _not_invited("expected a subject of nobody's: an officer, a party or a passkey has this one")
            if not (officer or applicant or owns) and known is None and version is None:
                raise _not_invited(
                    "expected somebody who registered a party or is an officer, or who is to be one, or an applicant"
                )
            admission = replace(admission.without_invitations(), name=called)
            await save_admission(transaction, admission, version=version)
            invitation = Invitation(
                subject=subject,
                name=called,
                officer=officer,
                secret=_hash(secret),
                generation=admission.invitations,
            )
            await transaction.put(INVITATION, found, invitation, expires=now + CODE_SECONDS)
            await log_deed(transaction, Deed.INVITED, subject, by=by.subject, at=now)
        code = found + secret
        return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))

    async def begin(self, browser: str, code: str) -> JsonObject:
        """What the browser is asked for whoever shows a code; ``Rejected(REGISTER_DUTY)`` for a wrong one, counted."""
        letters = "".join(code.split()).replace("-", "").lower()
        found, secret = letters[: len(letters) // 2], letters[len(letters) // 2 :]
        challenge = self._random(CHALLENGE_BYTES)
        asked = None
        async with self._store.transaction(durable=True) as transaction:
            if await self._check(transaction, found, secret):
                asked = await self._ask(transaction, found, browser, challenge)
        if asked is None:  # outside, so that the try is counted
            raise _wrong()
        account = Account(handle=asked.handle, name=asked.name)
        return creation_options(self._site, account, challenge=challenge, known=passkey_ids(asked))

    async def accept(self, browser: str, answer: str, *, name: str, renewed: str) -> SignedIn:
        """Take the invitation for the passkey that this browser made, and sign its person in under a new session id.

        ``Rejected`` as ``verify_registration`` says, and with REGISTER_DUTY for an invitation that is there no more.
        """
        async with self._store.transaction(durable=True) as transaction:
            asked = await transaction.take(INVITED, browser)
        response = parse_registration_response(answer)
        if asked is None:
            raise no_challenge()
        verified = verify_registration(response, site=self._site, challenge=asked.value)
        now = self._clock.now()
        passkey = passkey_of(verified, name=name, now=now)
        async with self._store.transaction(durable=True) as transaction:
            invitation = await transaction.take(INVITATION, asked.invitation)
            if invitation is None:
                raise _wrong()
            admission, version = await load_admission(transaction, invitation.subject, name=invitation.name)
            if admission.invitations != invitation.generation:
                raise _wrong()
            await add_passkey(transaction, admission, passkey, version=version)
            officer = await self._enrol(transaction, invitation, now=now)
            signed_in = SignedIn(
                subject=invitation.subject,
                name=invitation.name,
                duty=Duty.OFFICER if officer else Duty.PARTY,
                enrolled=officer,
                generation=admission.sessions,
                passkey=passkey.id,
            )
            await transaction.put(SESSION, renewed, signed_in, expires=now + SESSION_SECONDS)
        return signed_in

    async def _check(self, transaction: Transaction, found: str, secret: str) -> bool:
        """Whether the secret is the invitation's; a try is gone if not, and the invitation with the last one."""
        stored = await transaction.load(INVITATION, found)
        if stored is None:
            return False
        if hmac.compare_digest(stored.value.secret, _hash(secret)):
            return True
        left = replace(stored.value, tries_left=stored.value.tries_left - 1)
        if left.tries_left:
            swapped = await transaction.swap(INVITATION, found, left, version=stored.version, expires=stored.expires)
            assert swapped  # loaded in this very transaction
        else:
            await transaction.take(INVITATION, found)
        return False

    async def _ask(self, transaction: Transaction, found: str, browser: str, challenge: bytes) -> Admission | None:
        """Who is asked; None where everything that let the person in was withdrawn since."""
        stored = await transaction.load(INVITATION, found)
        assert stored is not None  # it was checked
        invitation = stored.value
        admission, version = await load_admission(transaction, invitation.subject, name=invitation.name)
        if admission.invitations != invitation.generation:
            return None
        if not admission.handle:
            admission = replace(admission, handle=self._random(HANDLE_BYTES))
            await save_admission(transaction, admission, version=version)
        await transaction.take(INVITED, browser)
        asked = InvitedChallenge(value=challenge, invitation=found)
        await transaction.put(INVITED, browser, asked, expires=self._clock.now() + CHALLENGE_SECONDS)
        return admission

    async def _enrol(self, transaction: RegistrarTransaction, invitation: Invitation, *, now: int) -> bool:
        """Whether the person is an officer, from now on or before."""
        if await transaction.load(OFFICER, invitation.subject) is not None:
            return True
        if invitation.officer:
            officer = Officer(subject=invitation.subject, name=invitation.name, since=now)
            await transaction.put(OFFICER, officer.subject, officer, expires=FOR_EVER)
            await log_deed(transaction, Deed.ENROLLED, officer.subject, by=officer.subject, at=now)
        return invitation.officer


def _letters(value: bytes) -> str:
    """Letters and digits that nobody takes for each other, whichever way they are written (RFC 4648 section 6)."""
    return b32encode(value).decode().lower()


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _not_invited(detail: str) -> Rejected:
    return Rejected(Check.REGISTER_ENTRY, detail, field="subject")


def _wrong() -> Rejected:
    detail = f"expected a code that the operator made lately, unused and not mistyped {MAX_TRIES} times"
    return Rejected(Check.REGISTER_DUTY, detail, field="code")
