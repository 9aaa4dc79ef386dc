"""Log-in with a health certificate, which everybody can carry around, and a PID, which is its holder's own.

The certificate is judged when it is brought; what is kept of it is whose it is, until that person has presented a PID.
Then it is held against the PID, and neither is kept: what is attested is that the rules are met, and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.catalogue.types import AttestationType
from zegel.formats.hcert.matching import Person as Matched
from zegel.formats.hcert.matching import check_holder
from zegel.formats.hcert.schema import Kind
from zegel.primitives.encoding import base64url
from zegel.primitives.x509 import DAY
from zegel.services.health import RULE_SET, VALID, HealthDesk
from zegel.services.ports import Clock, KnownPerson, Person, Random
from zegel.services.presented import PresentationLogIn

IDENTIFYING: Final = ("family_name", "given_name", "birth_date")
"""What is asked of a PID: the claims that a health certificate has too."""
_NAMES: Final = ("fn", "fnt", "gn", "gnt")
_REFERENCE_BYTES: Final = 18


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthProof:
    """Whose a certificate is that was brought and found valid: its ``nam`` and ``dob``, and its ``ver``, nothing else.

    What is issued by ``until`` has ended when the certificate or the rules do.
    """

    name: Mapping[str, str]
    born: str
    version: str
    until: int


@final
class HealthLogIn:
    """Whoever brings a certificate and presents a PID of the same person is attested that it meets the rules.

    ``asking`` asks for the PID, ``rule_set`` is what the attestation calls the rules. ``lasts`` is for how many seconds
    a log-in may still lead to an issuance.
    """

    def __init__(
        self,
        desk: HealthDesk,
        *,
        type_: AttestationType,
        asking: PresentationLogIn,
        rule_set: str,
        lasts: int,
        clock: Clock,
        random: Random,
    ) -> None:
        self.type: Final = type_.id
        self.asking: Final = asking
        self._desk = desk
        self._days = type_.validity_days
        self._rule_set = rule_set
        self._lasts = lasts
        self._clock = clock
        self._random = random

    def prove(self, text: bytes, *, languages: Sequence[str]) -> HealthProof:
        """Judge a certificate, as of now, as of the end of what could be issued for it, and as of each day between.

        ``Malformed`` and ``Rejected`` as ``HealthDesk.judge``: no attestation outlives the certificate or the rules.
        ``Rejected(BUSINESS_RULE)`` for what is no vaccination, and where there are no rules that it could meet.
        ``languages`` are the reader's, best first.
        """
        now = self._clock.now()
        unverified = self._desk.parse(text)
        certificate = self._desk.verify(unverified, at=now, languages=languages)
        if certificate.kind is not Kind.VACCINATION:  # rules may say nothing of the others, and so let them pass
            raise Rejected(Check.BUSINESS_RULE, "expected a certificate of vaccination", field="v")
        if self._desk.grounds.ruling is None:  # what is attested is that they are met
            raise Rejected(Check.BUSINESS_RULE, "there are no rules here by which it could be judged")
        until = now + self._lasts
        end = (until // DAY + self._days) * DAY
        try:
            for moment in (*range(now + DAY, end, DAY), end):
                self._desk.verify(unverified, at=moment, languages=languages)
        except Rejected as error:
            detail = f"expected a certificate that holds for {self._days + 1} days more: {error.detail}"
            raise Rejected(error.check, detail, field=error.field, said=error.said) from None
        name = {member: certificate.name[member] for member in _NAMES if member in certificate.name}
        return HealthProof(name=name, born=certificate.birth_date, version=certificate.version, until=until)

    def attest(self, known: KnownPerson, proof: HealthProof) -> KnownPerson:
        """What is known of the person after that; ``Rejected(HEALTH_HOLDER)`` when the PID is somebody else's.

        The reference is fresh: nobody is found again, and two attestations of one person have nothing in common.
        """
        claims = known.claims
        if any(not isinstance(claims.get(name), str) for name in IDENTIFYING):
            raise Rejected(Check.HEALTH_HOLDER, "expected a PID with names and a date of birth", field="vp_token")
        family, given, born = (str(claims[name]) for name in IDENTIFYING)
        holder = Matched(family_name=family, given_name=given, birth_date=born)
        check_holder({"nam": dict(proof.name), "dob": proof.born, "ver": proof.version}, person=holder)
        person = Person(id=base64url(self._random(_REFERENCE_BYTES)), name="the holder of the certificate")
        return KnownPerson(person=person, claims={VALID: True, RULE_SET: self._rule_set}, until=proof.until)
