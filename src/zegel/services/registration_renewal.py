"""A registration certificate as the role that shows it looks after it: is it still good, and is there a later one.

It is judged as a wallet judges it. What the registrar gives out is believed no more than what anybody else does: it has
to be about the same Service, intended use and intermediary, and about the holder of the same access certificate.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.primitives.http import HttpRequest
from zegel.services.ports import Clock, Outbound
from zegel.services.registration_status import fetch_current
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.trust.anchors import Purpose
from zegel.trust.registration.carried import CarriedRegistration, read_registration
from zegel.trust.registration.parse import MAX_CERTIFICATE
from zegel.trust.registration.transport import certificate_path
from zegel.trust.registration.values import (
    CurrentRegistration,
    RegistrationCertificate,
    RegistrationFormat,
    UnverifiedRegistration,
)
from zegel.trust.registration.verify import check_registration_party, verify_registration

_WHAT: Final = "registrar"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who shows a certificate: the identifier and the Service of its access certificate."""

    identifier: str | None
    service: str | None


@final
class RegistrationDesk:
    """Judges the certificates of a role, and fetches later ones from ``registrar``, its origin; None: from nowhere."""

    def __init__(self, registrar: str | None, *, outbound: Outbound, trust: Trust, clock: Clock, keep: int) -> None:
        self._registrar = registrar
        self._outbound = outbound
        self._trust = trust
        self._clock = clock
        self._statuses = StatusReader(outbound=outbound, trust=trust, clock=clock, keep=keep)

    @property
    def renews(self) -> bool:
        """Whether there is somewhere to fetch from."""
        return self._registrar is not None

    @property
    def judges(self) -> bool:
        """Whether anybody is trusted to say who is registered; a role whose lists name nobody cannot judge."""
        return bool(self._trust.anchors.of(Purpose.REGISTRATION))

    async def judge(self, shown: UnverifiedRegistration, *, holder: Holder) -> CurrentRegistration:
        """Judge it as a wallet does; the refusals of ``verify_registration``, ``check_registration_party``,
        ``fetch_current``."""
        verified = verify_registration(shown, anchors=self._trust.anchors, now=self._clock.now())
        bound = check_registration_party(verified, identifier=holder.identifier, service=holder.service)
        return await fetch_current(bound, statuses=self._statuses, clock=self._clock)

    async def fetch_later(self, shown: UnverifiedRegistration, *, holder: Holder) -> CarriedRegistration:
        """The certificate that takes the place of the one ``shown``, judged, as the registrar gives it out.

        It is asked for in the same format, and taken in either: wallets read both. ``Unavailable`` where the registrar
        has none or cannot be reached, ``Malformed`` for what is none, ``Rejected`` with REGISTRATION_CERTIFICATE for
        one about something else, REGISTRATION_VALIDITY for one that does not end later, and as ``judge`` says.
        """
        present = shown.unverified_certificate
        fetched = read_registration(await self._fetch(present, shown.format))
        judged = (await self.judge(fetched.registration, holder=holder)).certificate
        if _about(judged) != _about(present):
            detail = "expected the party, the Service, the intended use and the intermediary of the one before"
            raise Rejected(Check.REGISTRATION_CERTIFICATE, detail)
        if judged.valid_until <= present.valid_until:
            raise Rejected(Check.REGISTRATION_VALIDITY, "the registrar has none that ends later", field="exp")
        return fetched

    async def _fetch(self, present: RegistrationCertificate, format_: RegistrationFormat) -> bytes:
        assert self._registrar is not None  # whoever asks knows that it renews
        url = self._registrar + certificate_path(present)
        # by a header: a registrar that knows one format alone gives that one out
        request = HttpRequest(method="GET", url=url, headers=(("accept", format_.media_type),))
        response = await self._outbound.fetch(request, max_bytes=MAX_CERTIFICATE)
        if response.status != 200:
            raise Unavailable(_WHAT, f"it gave out no certificate for this Service and use: status {response.status}")
        return response.body


def _about(certificate: RegistrationCertificate) -> tuple[str, str | None, str | None, str | None]:
    through = None if certificate.intermediary is None else certificate.intermediary.identifier
    return certificate.identifier, certificate.service, certificate.intended_use, through
