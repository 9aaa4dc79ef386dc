"""Health certificates, judged: whose signature is on one, whether it is valid, and whether it meets the rules.

1. it parses, by the reading that is asked for
2. its signer, its signature, its time and its key usage
3. it is not revoked
4. it meets the rules
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import (
    UnverifiedHealthCertificate,
    VerifiedHealthCertificate,
    parse_health_certificate,
    verify_health_certificate,
)
from zegel.formats.hcert.code import PREFIX
from zegel.formats.hcert.keys import DocumentSigners
from zegel.formats.hcert.revocation import RevokedHashes, check_not_revoked
from zegel.formats.hcert.rules.book import RuleBook
from zegel.formats.hcert.rules.check import RuledCertificate, RulesMet, check_rules
from zegel.formats.hcert.schema import Reading
from zegel.formats.hcert.who_certificate import (
    UnverifiedHealthRecord,
    VerifiedHealthRecord,
    parse_health_record,
    verify_who_certificate,
)

_NAMED: Final = 3  # files in a refusal, which people read; the log has all of them
VALID: Final = "vaccination_valid"
RULE_SET: Final = "rule_set"
"""The attestation type that says so to a door, its one flag, which has the same name, and the name of the rules."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The rules that a certificate has to meet as well, and the country where it is shown.

    ``needed``: where that country has no rule in force, as when all of them have ended, nothing is accepted.
    """

    book: RuleBook
    to: str
    needed: bool = False

    def check(self, certificate: VerifiedHealthCertificate, *, now: int, languages: Sequence[str]) -> RulesMet:
        """``Rejected(BUSINESS_RULE)`` as ``check_rules``, and where there should be rules and are none."""
        if self.needed and not self.book.binds(self.to, now=now):
            passed = self.book.passed_over
            beside = f"; passed over in their folder: {', '.join(passed[:_NAMED])}" if passed else ""
            detail = f"no rule of {self.to} is in force, and it is judged by them{beside}"
            raise Rejected(Check.BUSINESS_RULE, detail)
        return check_rules(_ruled(certificate), book=self.book, to=self.to, now=now, languages=languages)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthList:
    """Where signers come from: a file, or a list that was fetched at ``fetched_at``, in seconds.

    ``as_of`` is when its operator made it, where that is said; ``left_out`` are entries that cannot be read, and why.
    ``url`` is where it is fetched from, and ``held_back`` why what was found there last is not believed; "" for none.
    ``unread`` says why a file of a folder is passed over, "" for one that is not.
    """

    name: str
    signers: int
    left_out: tuple[str, ...] = ()
    as_of: int | None = None
    fetched_at: int | None = None
    url: str = ""
    held_back: str = ""
    unread: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFolder:
    """Files that something else puts where the setting ``name`` says: how many, and when the newest was written, in
    seconds; None where there is none. ``ages`` says whether it has to be new to be right, as what is revoked has to."""

    name: str
    files: int
    newest: int | None
    ages: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthGrounds:
    """What is judged by: signers, and where they come from; the rules to be met, None for none; what is revoked; and
    the folders in which some of that stands."""

    signers: DocumentSigners
    lists: tuple[HealthList, ...]
    ruling: Ruling | None
    revoked: RevokedHashes
    folders: tuple[HealthFolder, ...] = ()


@final
class HealthDesk:
    """Judges certificates by its grounds, which whoever keeps them fresh replaces. Nothing is kept and nothing fetched.

    Without a ``ruling`` a certificate only has to be valid, without ``revoked`` none is revoked.
    """

    def __init__(
        self,
        signers: DocumentSigners,
        *,
        ruling: Ruling | None = None,
        revoked: RevokedHashes | None = None,
        reading: Reading = Reading.FIELD,
        lists: Sequence[HealthList] = (),
        folders: Sequence[HealthFolder] = (),
    ) -> None:
        self.grounds = HealthGrounds(
            signers=signers,
            lists=tuple(lists),
            ruling=ruling,
            revoked=RevokedHashes() if revoked is None else revoked,
            folders=tuple(folders),
        )
        self._reading = reading

    @property
    def lists(self) -> tuple[HealthList, ...]:
        """Where its signers come from."""
        return self.grounds.lists

    @property
    def folders(self) -> tuple[HealthFolder, ...]:
        """Where files stand that nobody fetches."""
        return self.grounds.folders

    def judge(
        self, text: bytes, *, at: int, languages: Sequence[str] = (), signers: DocumentSigners | None = None
    ) -> VerifiedHealthCertificate:
        """What the text of a QR code says, if it counts at ``at``, in seconds; ``signers`` in place of the desk's own.

        ``Malformed`` as ``parse_health_certificate``, ``Rejected`` as ``verify``.
        """
        return self.verify(self.parse(text), at=at, languages=languages, signers=signers)

    def parse(self, text: bytes) -> UnverifiedHealthCertificate:
        """What the text of a QR code says, unverified; ``Malformed`` as ``parse_health_certificate``."""
        return parse_health_certificate(text, self._reading)

    def parse_record(self, text: bytes) -> UnverifiedHealthRecord:
        """The same for a certificate of the EU or of WHO; ``Malformed`` as ``parse_health_record``."""
        return parse_health_record(text, self._reading)

    def judge_record(
        self, text: bytes, *, at: int, languages: Sequence[str] = (), signers: DocumentSigners | None = None
    ) -> VerifiedHealthRecord:
        """What such a text says, if it counts; ``Malformed`` as ``parse_record``, ``Rejected`` as ``verify_record``."""
        record = self.parse_record(text)
        return self.verify_record(record, at=at, languages=languages, signers=signers)

    def verify_record(
        self,
        certificate: UnverifiedHealthRecord,
        *,
        at: int,
        languages: Sequence[str] = (),
        signers: DocumentSigners | None = None,
    ) -> VerifiedHealthRecord:
        """The same for one that was parsed. There are no rules for those of WHO, so that none meets them."""
        if isinstance(certificate, UnverifiedHealthCertificate):
            return self.verify(certificate, at=at, languages=languages, signers=signers)
        grounds = self.grounds
        trusted = grounds.signers if signers is None else signers
        verified = verify_who_certificate(certificate, signers=trusted, now=at)
        check_not_revoked(verified, revoked=grounds.revoked)
        if grounds.ruling is not None:
            raise Rejected(Check.BUSINESS_RULE, "there are no rules for certificates of WHO", field="hcert")
        return verified

    def verify(
        self,
        certificate: UnverifiedHealthCertificate,
        *,
        at: int,
        languages: Sequence[str] = (),
        signers: DocumentSigners | None = None,
    ) -> VerifiedHealthCertificate:
        """The same for one that was parsed; ``Rejected`` as ``verify_health_certificate``, as ``check_not_revoked``,
        and as ``check_rules``, which says the rule that is not met in the reader's language."""
        grounds = self.grounds
        trusted = grounds.signers if signers is None else signers  # none at all are not the desk's own
        verified = verify_health_certificate(certificate, signers=trusted, now=at)
        check_not_revoked(verified, revoked=grounds.revoked)
        if grounds.ruling is not None:
            grounds.ruling.check(verified, now=at, languages=languages)
        return verified


def pasted_code(text: str) -> str:
    """A text as it was pasted, without what stands around it.

    RFC 9285 section 4: a space is a sign of Base45, 36, and the last of a group is at most 32, so that no text ends so.
    """
    return text.strip()


def health_codes(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a picture's texts that are health certificates; ``Malformed`` where none is."""
    found = tuple(text for text in texts if text.startswith(PREFIX.decode()))
    if not found:
        expected = "a code" if not texts else "the code of a health certificate, whose text begins with HC1:"
        raise Malformed("picture", "", f"expected {expected}")
    return found


def _ruled(certificate: VerifiedHealthCertificate) -> RuledCertificate:
    """What rules see of a certificate."""
    return RuledCertificate(
        payload=certificate.payload,
        issuer=certificate.country,
        issued=certificate.issued_at,
        expires=certificate.expires,
        kid=certificate.kid,
    )
