"""Health certificates in the wallet: added, looked at, shown as a code again, deleted.

They are papers: whoever has the text can show it. Each is judged anew whenever it is looked at, under the signers that
the wallet trusts, and nothing is fetched for it. What is worth nothing may be kept all the same: most have expired. So
may what an earlier version has taken and this one cannot read: it is a text, which is shown again, and deleted by hand.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import TITLE, UnverifiedHealthCertificate
from zegel.formats.hcert.names import ValueSets
from zegel.formats.hcert.schema import Kind
from zegel.formats.hcert.who_certificate import UnverifiedHealthRecord, parse_health_record
from zegel.services.health import HealthDesk, pasted_code
from zegel.services.ports import Clock
from zegel.services.wallet.contents import Counterpart, Entry, Happening, HealthCertificate, Outcome, WalletContents
from zegel.services.wallet.journal import noted
from zegel.services.wallet.safe import Safe

MAX_CERTIFICATES: Final = 64  # a family's, with every dose and test
_KINDS: Final = {Kind.VACCINATION: "vaccination", Kind.TEST: "test", Kind.RECOVERY: "recovery"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthBooks:
    """What certificates are judged and read by: a desk without rules, and the names of codes.

    ``old`` is the age, in seconds, of a list of signers that has to be said.
    """

    desk: HealthDesk
    value_sets: ValueSets
    old: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCertificate:
    """A certificate as it is looked at: what it says, and ``refusal``, the first check that failed; None for none.

    ``at`` is when it was looked at. Whether it has expired is known beside a refusal for another reason, too.
    """

    certificate: UnverifiedHealthRecord
    refusal: Rejected | None
    at: int

    @property
    def expired(self) -> bool:
        """Whether its time is over, as it says itself."""
        expires = self.certificate.unverified_expires
        return expires is not None and self.at > expires

    @property
    def title(self) -> str:
        """Which certificate it is."""
        certificate = self.certificate
        return TITLE if isinstance(certificate, UnverifiedHealthCertificate) else certificate.profile.title

    @property
    def kind(self) -> Kind:
        """What it is about."""
        certificate = self.certificate
        return certificate.kind if isinstance(certificate, UnverifiedHealthCertificate) else certificate.profile.kind

    @property
    def subject(self) -> str:
        """What it is, without anybody's data."""
        return f"{self.title}: {_KINDS[self.kind]}"

    @property
    def counterpart(self) -> Counterpart:
        """Who issued it, as the log has it; certified where one is known who may have signed it."""
        known = self.refusal is None or self.refusal.check not in (Check.HEALTH_SIGNER, Check.SIGNATURE)
        return Counterpart(name=self.certificate.unverified_issuer, host="", certified=known)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadCertificate:
    """A certificate that is held and cannot be read, as ``error`` says. Nothing else is known of it."""

    error: Malformed

    @property
    def subject(self) -> str:
        """What it is."""
        return "a health certificate that cannot be read"

    @property
    def counterpart(self) -> Counterpart:
        """Who issued it, as the log has it."""
        return Counterpart(name="an unknown issuer", host="", certified=False)


LookedAt: TypeAlias = JudgedCertificate | UnreadCertificate
"""What is seen of a certificate that is held."""


@final
class HealthDrawer:
    """The certificates of an open wallet."""

    def __init__(self, safe: Safe, *, books: HealthBooks, clock: Clock, new_id: Callable[[], str]) -> None:
        self._safe = safe
        self.books: Final = books
        self._clock = clock
        self._new_id = new_id

    def judge(self, text: str) -> JudgedCertificate:
        """Read a certificate, and judge it today; ``Malformed`` for what is none."""
        certificate, now = parse_health_record(pasted_code(text).encode()), self._clock.now()
        refusal = None
        try:
            self.books.desk.verify_record(certificate, at=now)
        except Rejected as error:
            refusal = error
        return JudgedCertificate(certificate=certificate, refusal=refusal, at=now)

    def look(self, held: HealthCertificate) -> LookedAt:
        """Judge a certificate that is held; one that cannot be read is none the less there."""
        try:
            return self.judge(held.text)
        except Malformed as error:
            return UnreadCertificate(error=error)

    def find(self, certificate_id: str) -> HealthCertificate:
        """A certificate of the wallet; ``Rejected(HELD)`` when there is none."""
        return _found(self._safe.contents, certificate_id)

    async def add(self, text: str) -> HealthCertificate:
        """Keep a certificate, whatever it is worth; one that is there stays as it is. ``Malformed`` otherwise."""
        judged, text = self.judge(text), pasted_code(text)

        def move(contents: WalletContents) -> tuple[WalletContents, HealthCertificate]:
            for held in contents.certificates:
                if held.text == text:
                    return contents, held
            if len(contents.certificates) >= MAX_CERTIFICATES:
                raise Malformed("certificate", "", f"expected at most {MAX_CERTIFICATES} in one wallet")
            held = HealthCertificate(id=self._new_id(), text=text, added_at=self._clock.now())
            added = replace(contents, certificates=(*contents.certificates, held))
            return noted(added, self._entry(Happening.ADDED, judged)), held

        return await self._safe.change(move)

    async def show_code(self, certificate_id: str) -> str:
        """The text of a certificate, to be drawn for somebody; the log keeps that it was shown."""

        def move(contents: WalletContents) -> tuple[WalletContents, str]:
            held = _found(contents, certificate_id)
            return noted(contents, self._entry(Happening.CODE_SHOWN, self.look(held))), held.text

        return await self._safe.change(move)

    async def delete(self, certificate_id: str) -> HealthCertificate:
        """Delete a certificate; returns what it was."""

        def move(contents: WalletContents) -> tuple[WalletContents, HealthCertificate]:
            held = _found(contents, certificate_id)
            kept = tuple(other for other in contents.certificates if other.id != certificate_id)
            entry = self._entry(Happening.DELETED, self.look(held))
            return noted(replace(contents, certificates=kept), entry), held

        return await self._safe.change(move)

    def _entry(self, happening: Happening, seen: LookedAt) -> Entry:
        """A line for the log: the kind and who issued it, and no word of what it says."""
        return Entry(
            id=self._new_id(),
            at=self._clock.now(),
            happening=happening,
            outcome=Outcome.DONE,
            counterpart=seen.counterpart,
            transactions=(seen.subject,),
        )


def _found(contents: WalletContents, certificate_id: str) -> HealthCertificate:
    for held in contents.certificates:
        if held.id == certificate_id:
            return held
    raise Rejected(Check.HELD, "there is no such certificate in this wallet", field="id")
