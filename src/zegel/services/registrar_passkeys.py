"""Passkeys of officers and parties: made by somebody who is signed in, and then a way to sign in without the provider.

A challenge is kept under the browser that it was given to, for some minutes, and is taken by the first answer.
"""

from dataclasses import dataclass, field, replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.json import JsonObject
from zegel.protocols.webauthn.options import (
    CHALLENGE_BYTES,
    CHALLENGE_SECONDS,
    Account,
    RelyingParty,
    creation_options,
    request_options,
)
from zegel.protocols.webauthn.response import parse_assertion, parse_registration_response
from zegel.protocols.webauthn.verify import VerifiedPasskey, verify_assertion, verify_registration
from zegel.services.ports import FOR_EVER, Clock, Kind, Random, Transaction
from zegel.services.register_ports import RegistrarStore
from zegel.services.registrar_admission import (
    MAX_PASSKEY_NAME,
    PASSKEY_OWNER,
    Admission,
    Passkey,
    PasskeyOwner,
    load_admission,
    save_admission,
)
from zegel.services.registrar_people import OFFICER, SESSION, SESSION_SECONDS, SignedIn
from zegel.trust.register.states import Duty

HANDLE_BYTES: Final = 32  # WebAuthn Level 3 section 14.6.1 recommends 64, or fewer that are as random


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MakingChallenge:
    """A browser was asked for a new passkey of this person."""

    value: bytes = field(repr=False)
    subject: str = field(repr=False)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChallenge:
    """A browser was asked for an answer of any passkey."""

    value: bytes = field(repr=False)


MAKING: Final = Kind(name="passkey to be made", states=(MakingChallenge,))
ANSWERING: Final = Kind(name="passkey to be answered", states=(AnswerChallenge,))


@final
class RegistrarPasskeys:
    """Makes, uses, names and removes passkeys at one site."""

    def __init__(self, site: RelyingParty, *, store: RegistrarStore, clock: Clock, random: Random) -> None:
        self._site = site
        self._store = store
        self._clock = clock
        self._random = random

    async def of(self, signed_in: SignedIn) -> tuple[Passkey, ...]:
        """A person's passkeys."""
        async with self._store.transaction() as transaction:
            admission, _ = await load_admission(transaction, signed_in.subject)
        return admission.passkeys

    async def begin_making(self, browser: str, signed_in: SignedIn) -> JsonObject:
        """What this browser is asked, for the person who is signed in with it."""
        challenge = self._random(CHALLENGE_BYTES)
        async with self._store.transaction(durable=True) as transaction:
            admission, version = await load_admission(transaction, signed_in.subject, name=signed_in.name)
            signed_in.check_stands(admission)
            if not admission.handle:
                admission = replace(admission, handle=self._random(HANDLE_BYTES))
                await save_admission(transaction, admission, version=version)
            await transaction.take(MAKING, browser)
            made = MakingChallenge(value=challenge, subject=signed_in.subject)
            await transaction.put(MAKING, browser, made, expires=self._clock.now() + CHALLENGE_SECONDS)
        account = Account(handle=admission.handle, name=signed_in.name)
        return creation_options(self._site, account, challenge=challenge, known=passkey_ids(admission))

    async def make(self, browser: str, signed_in: SignedIn, answer: str, *, name: str) -> Passkey:
        """The passkey that this browser made, under a name; ``Rejected`` as ``verify_registration`` says."""
        async with self._store.transaction(durable=True) as transaction:
            asked = await transaction.take(MAKING, browser)
        response = parse_registration_response(answer)
        if asked is None or asked.subject != signed_in.subject:
            raise no_challenge()
        verified = verify_registration(response, site=self._site, challenge=asked.value)
        passkey = passkey_of(verified, name=name, now=self._clock.now())
        async with self._store.transaction(durable=True) as transaction:
            admission, version = await load_admission(transaction, signed_in.subject, name=signed_in.name)
            signed_in.check_stands(admission)
            await add_passkey(transaction, admission, passkey, version=version)
        return passkey

    async def begin_sign_in(self, browser: str) -> JsonObject:
        """What this browser is asked, whoever sits there."""
        challenge = self._random(CHALLENGE_BYTES)
        async with self._store.transaction() as transaction:
            await transaction.take(ANSWERING, browser)
            asked = AnswerChallenge(value=challenge)
            await transaction.put(ANSWERING, browser, asked, expires=self._clock.now() + CHALLENGE_SECONDS)
        return request_options(self._site, challenge=challenge)

    async def sign_in(self, browser: str, answer: str, *, duty: Duty, renewed: str) -> SignedIn:
        """Who answered, signed in under a new session id; ``Rejected`` as ``verify_assertion`` says."""
        async with self._store.transaction(durable=True) as transaction:
            asked = await transaction.take(ANSWERING, browser)
        response = parse_assertion(answer)
        if asked is None:
            raise no_challenge()
        async with self._store.transaction(durable=True) as transaction:
            owner = await transaction.load(PASSKEY_OWNER, response.unverified_id)
            subject = "" if owner is None else owner.value.subject
            admission, version = await load_admission(transaction, subject)
            passkey = admission.passkey(response.unverified_id)
            verified = verify_assertion(
                response,
                site=self._site,
                challenge=asked.value,
                passkey=VerifiedPasskey(
                    id=passkey.id, key=passkey.key, counter=passkey.counter, backup_eligible=passkey.backup_eligible
                ),
                handle=admission.handle,
            )
            used = replace(
                passkey,
                counter=verified.counter,
                used=self._clock.now(),
                backup_eligible=verified.backup_eligible,
            )
            await save_admission(transaction, admission.with_passkey(used), version=version)
            return await self._signed_in(transaction, admission, used, duty=duty, renewed=renewed)

    async def rename(self, signed_in: SignedIn, id_: str, *, name: str) -> Passkey:
        """Give one's passkey another name."""
        name = _named(name)
        async with self._store.transaction(durable=True) as transaction:
            admission, version = await load_admission(transaction, signed_in.subject)
            signed_in.check_stands(admission)
            renamed = replace(admission.passkey(id_), name=name)
            await save_admission(transaction, admission.with_passkey(renamed), version=version)
        return renamed

    async def remove(self, signed_in: SignedIn, id_: str) -> Admission:
        """Remove one's passkey; whoever is signed in by it is so no more."""
        async with self._store.transaction(durable=True) as transaction:
            admission, version = await load_admission(transaction, signed_in.subject)
            signed_in.check_stands(admission)
            left = await save_admission(transaction, admission.without_passkey(id_), version=version)
            await transaction.take(PASSKEY_OWNER, id_)
        return left

    async def _signed_in(
        self, transaction: Transaction, admission: Admission, passkey: Passkey, *, duty: Duty, renewed: str
    ) -> SignedIn:
        signed_in = SignedIn(
            subject=admission.subject,
            name=admission.name,
            duty=duty,
            enrolled=await transaction.load(OFFICER, admission.subject) is not None,
            generation=admission.sessions,
            passkey=passkey.id,
        )
        await transaction.put(SESSION, renewed, signed_in, expires=self._clock.now() + SESSION_SECONDS)
        return signed_in


def passkey_ids(admission: Admission) -> list[bytes]:
    """The passkeys that a person has, for an authenticator not to make another one."""
    return [parse_base64url(each.id, what="passkey", where="id") for each in admission.passkeys]


def passkey_of(verified: VerifiedPasskey, *, name: str, now: int) -> Passkey:
    """A new passkey under a name; ``Malformed`` for none, or one that is too long."""
    return Passkey(
        id=verified.id,
        key=verified.key,
        counter=verified.counter,
        name=_named(name),
        since=now,
        backup_eligible=verified.backup_eligible,
    )


async def add_passkey(
    transaction: Transaction, admission: Admission, passkey: Passkey, *, version: int | None
) -> Admission:
    """Store a person's new passkey; ``Rejected(PASSKEY_KNOWN)`` for one that somebody has (section 7.1, step 26)."""
    if await transaction.load(PASSKEY_OWNER, passkey.id) is not None:
        raise Rejected(Check.PASSKEY_KNOWN, "expected a passkey that nobody has enrolled")
    added = await save_admission(transaction, admission.with_passkey(passkey), version=version)
    await transaction.put(PASSKEY_OWNER, passkey.id, PasskeyOwner(subject=admission.subject), expires=FOR_EVER)
    return added


def no_challenge() -> Rejected:
    """A browser answers what it was not asked."""
    detail = "expected the challenge that this browser was given, once and lately"
    return Rejected(Check.PASSKEY, detail, field="clientDataJSON.challenge")


def _named(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= MAX_PASSKEY_NAME:
        raise Malformed("passkey", "name", f"expected a name of one to {MAX_PASSKEY_NAME} characters")
    return name
