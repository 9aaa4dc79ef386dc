"""Health certificates, judged: whose signature is on one, whether it is valid, and whether it meets the rules."""

from collections.abc import Sequence
from typing import final

from zegel.formats.hcert.certificate import (
    VerifiedHealthCertificate,
    parse_health_certificate,
    verify_health_certificate,
)
from zegel.formats.hcert.keys import DocumentSigners
from zegel.formats.hcert.revocation import RevokedHashes, check_not_revoked
from zegel.formats.hcert.rules.book import RuleBook
from zegel.formats.hcert.rules.check import RuledCertificate, check_rules
from zegel.formats.hcert.schema import Reading


@final
class HealthDesk:
    """Judges certificates by the signers that it knows and the rules of ``book`` for whoever arrives in ``country``.

    Without a book a certificate only has to be valid. Nothing is kept and nothing fetched.
    """

    def __init__(
        self,
        signers: DocumentSigners,
        *,
        book: RuleBook | None,
        country: str,
        revoked: RevokedHashes | None = None,
    ) -> None:
        self._signers = signers
        self._revoked = revoked or RevokedHashes()
        self._book = book
        self._country = country

    def judge(self, text: bytes, *, at: int, languages: Sequence[str] = ()) -> VerifiedHealthCertificate:
        """What the text of a QR code says, if it counts at ``at``, in seconds.

        ``Malformed`` as ``parse_health_certificate``; ``Rejected`` as ``verify_health_certificate``, as
        ``check_not_revoked``, and as ``check_rules``, which says the rule that is not met in the reader's language.
        """
        certificate = parse_health_certificate(text, Reading.FIELD)
        verified = verify_health_certificate(certificate, signers=self._signers, now=at)
        check_not_revoked(verified, revoked=self._revoked)
        if self._book is not None:
            ruled = RuledCertificate(
                payload=dict(verified.payload),
                issuer=verified.issuer,
                issued=verified.issued_at,
                expires=verified.expires,
                kid=verified.kid,
            )
            check_rules(ruled, book=self._book, to=self._country, now=at, languages=languages)
        return verified
