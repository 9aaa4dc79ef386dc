"""By what a person is let in at the registrar: passkeys, tokens of programs, and the sessions that these began.

One record a person, under the subject. What is withdrawn counts no more from the next request on: sessions, tokens and
invitations carry the number of their generation, and the record has the present one.
"""

from dataclasses import dataclass, field, replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.services.ports import FOR_EVER, Kind, Stored, Transaction

MAX_PASSKEYS: Final = 10  # of a person; a telephone, a computer, a key, and each of them replaced
MAX_PASSKEY_NAME: Final = 60  # characters


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey of a person: its id, its public key, where its counter stands, the name that its owner gave it.

    ``backup_eligible`` is as ``VerifiedPasskey`` has it.
    """

    id: str
    key: bytes
    counter: int
    name: str
    since: int
    used: int | None = None
    backup_eligible: bool | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What lets a person in, and of sessions, tokens and invitations which generation still does.

    ``handle`` is who the person is to authenticators, and says nothing of them.
    """

    subject: str = field(repr=False)
    name: str = field(repr=False)
    handle: bytes = field(default=b"", repr=False)
    passkeys: tuple[Passkey, ...] = ()
    sessions: int = 0
    tokens: int = 0
    invitations: int = 0

    def passkey(self, id_: str) -> Passkey:
        """The passkey of this id; ``Rejected(PASSKEY_KNOWN)`` when there is none."""
        for each in self.passkeys:
            if each.id == id_:
                return each
        raise Rejected(Check.PASSKEY_KNOWN, "expected a passkey that was enrolled here and not removed")

    def with_passkey(self, passkey: Passkey) -> "Admission":
        """With one more, or with one as it now stands; ``Rejected(PASSKEY_KNOWN)`` for one too many."""
        kept = tuple(each for each in self.passkeys if each.id != passkey.id)
        if len(kept) == MAX_PASSKEYS:
            raise Rejected(Check.PASSKEY_KNOWN, f"expected at most {MAX_PASSKEYS} passkeys; remove one")
        return replace(self, passkeys=(*kept, passkey))

    def without_passkey(self, id_: str) -> "Admission":
        """With one less; ``Rejected(PASSKEY_KNOWN)`` when it is not there."""
        gone = self.passkey(id_)
        return replace(self, passkeys=tuple(each for each in self.passkeys if each is not gone))

    def without_invitations(self) -> "Admission":
        """With no invitation from before."""
        return replace(self, invitations=self.invitations + 1)

    def without_tokens(self) -> "Admission":
        """With no token of a program."""
        return replace(self, tokens=self.tokens + 1)

    def without_anything(self) -> "Admission":
        """With no passkey, no token, no invitation, and no session that anything of these began."""
        return replace(self.without_tokens().without_invitations(), passkeys=(), sessions=self.sessions + 1)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyOwner:
    """Whose passkey it is that this record is kept under."""

    subject: str = field(repr=False)


ADMISSION: Final = Kind(name="admission", states=(Admission,))
PASSKEY_OWNER: Final = Kind(name="passkey owner", states=(PasskeyOwner,))


async def load_admission(transaction: Transaction, subject: str, *, name: str = "") -> tuple[Admission, int | None]:
    """What lets a person in, and the version that it was loaded at; nothing yet, and None, for somebody new.

    ``name`` is how the person is called now, where that is known.
    """
    stored: Stored[Admission] | None = await transaction.load(ADMISSION, subject)
    if stored is None:
        return Admission(subject=subject, name=name), None
    return replace(stored.value, name=name or stored.value.name), stored.version


async def save_admission(transaction: Transaction, admission: Admission, *, version: int | None) -> Admission:
    """Put it in the place of what was loaded in this transaction."""
    if version is None:
        await transaction.put(ADMISSION, admission.subject, admission, expires=FOR_EVER)
    else:
        swapped = await transaction.swap(ADMISSION, admission.subject, admission, version=version, expires=FOR_EVER)
        assert swapped  # loaded in this very transaction
    return admission
