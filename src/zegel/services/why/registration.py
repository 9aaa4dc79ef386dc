"""A registration certificate: alone, and as it stands in a request or in metadata beside an access certificate.

There it is looked at as a wallet looks at it (ARF 3.0 topic 44), by the same functions: one, sent by value, of a listed
provider, for the holder of the access certificate, and enough for what is asked or issued.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.json import Json
from zegel.primitives.jws import UnverifiedJws
from zegel.primitives.x509 import Certificate
from zegel.protocols.openid4vci.metadata import UnverifiedIssuerMetadata, verify_issuer_metadata
from zegel.protocols.openid4vp.dcql import parse_query
from zegel.protocols.openid4vp.overasking import asked_claims, check_registered, domestic_types
from zegel.protocols.openid4vp.pid import is_pid
from zegel.protocols.openid4vp.received_request import read_verifier_info, registered_queries
from zegel.services.why.steps import REGISTRATION, Step, trace_path
from zegel.services.why.tree import Branch, Standing, breaks, holds, not_reached
from zegel.trust.access import party_identifier, party_service
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.transport import check_one_sent
from zegel.trust.registration.values import BoundRegistration, UnverifiedRegistration
from zegel.trust.registration.verify import (
    check_registered_attestation,
    check_registered_provider,
    check_registration_party,
    verify_registration,
)

_NAME: Final = "registration certificate"
_ASKED: Final = "over-asking"
_ISSUED: Final = "what is issued"
_UNBOUND: Final = Branch(
    name="party",
    said="not looked at: whose it is shows beside an access certificate, as in a request",
    standing=Standing.NOT_REACHED,
)
_PARTY: Final = Step(
    name="party",
    checks=frozenset({Check.REGISTRATION_PARTY, Check.REGISTRATION_SERVICE}),
    said="it is for the holder of the access certificate, and for its Service",
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationTracer:
    """Traces registration certificates to ``anchors``, at ``now``."""

    anchors: TrustAnchors
    now: int

    def alone(self, data: bytes | str) -> Branch:
        """The path of a certificate that stands by itself."""
        registration = parse_registration(data)
        path = self._path(registration, lambda: verify_registration(registration, anchors=self.anchors, now=self.now))
        return path.with_below(_UNBOUND, kept_status(registration.unverified_certificate.status))

    def asked(self, jws: UnverifiedJws, leaf: Certificate) -> tuple[Branch, Branch]:
        """What a request that is signed under ``leaf`` shows of its registration, and whether it asks for more."""
        parameters = jws.unverified_claims
        try:
            query = parse_query(parameters.get("dcql_query"))
            infos = read_verifier_info(parameters, query)
        except Malformed as error:
            return breaks(_NAME, error), not_reached(_ASKED)
        entries = [(info.format, info.data) for info in infos]
        path, bound = self._sent(entries, field="verifier_info", leaf=leaf)
        if bound is None:
            return path, not_reached(_ASKED)
        registered, concerned = bound.certificate.credentials, registered_queries(infos)
        try:
            check_registered(query, registered, concerned=concerned, extended=domestic_types(query))
        except Rejected as error:
            return path, breaks(_ASKED, error)
        return path, holds(_ASKED, f"none: {len(asked_claims(query))} claims are asked for, all of them registered")

    def issued(self, metadata: UnverifiedIssuerMetadata, leaf: Certificate) -> tuple[Branch, Branch]:
        """What metadata that is signed under ``leaf`` shows of its issuer's registration, and what is issued."""
        issuer = metadata.unverified_members.get("credential_issuer")
        try:
            known = verify_issuer_metadata(
                metadata,
                credential_issuer=issuer if type(issuer) is str else "",
                anchors=None,  # who signed it was looked at
                timestamps_required=False,
                now=self.now,
            )
        except (Malformed, Rejected) as error:
            return breaks(_NAME, error), not_reached(_ISSUED)
        entries = [(statement.format, statement.data) for statement in known.statements]
        path, bound = self._sent(entries, field="issuer_info", leaf=leaf)
        if bound is None:
            return path, not_reached(_ISSUED)
        try:
            for offered in known.configurations.values():
                check_registered_provider(bound, of_pid=is_pid((offered.type,)))
                check_registered_attestation(bound, format_=offered.format, type_=offered.type)
        except Rejected as error:
            return path, breaks(_ISSUED, error)
        return path, holds(_ISSUED, f"{len(known.configurations)} configurations, all of them registered")

    def _sent(
        self, entries: Iterable[tuple[str, Json]], *, field: str, leaf: Certificate
    ) -> tuple[Branch, BoundRegistration | None]:
        """The path of the one that is sent, and the certificate where all of it holds."""
        try:
            registration = parse_registration(check_one_sent(entries, field=field))
        except (Malformed, Rejected) as error:
            return breaks(_NAME, error), None
        found: list[BoundRegistration] = []

        def verify() -> object:
            verified = verify_registration(registration, anchors=self.anchors, now=self.now)
            identifier, service = party_identifier(leaf), party_service(leaf)
            found.append(check_registration_party(verified, identifier=identifier, service=service))
            return found

        path = self._path(registration, verify, _PARTY)
        return path.with_below(kept_status(registration.unverified_certificate.status)), next(iter(found), None)

    def _path(self, registration: UnverifiedRegistration, verify: Callable[[], object], *more: Step) -> Branch:
        certificate, token = registration.unverified_certificate, registration.token
        about = [certificate.name, certificate.service_name or certificate.service, certificate.intended_use]
        return trace_path(
            Branch(name=_NAME, said=", ".join(each for each in about if each)),
            token.unverified_header.x5c if isinstance(token, UnverifiedJws) else token.x5chain,
            Purpose.REGISTRATION,
            (*REGISTRATION, *more),
            verify,
            anchors=self.anchors,
            now=self.now,
        )


def unreached_asked() -> tuple[Branch, Branch]:
    """The same of a request that breaks itself."""
    return not_reached(_NAME), not_reached(_ASKED)


def unreached_issued() -> tuple[Branch, Branch]:
    """The same of metadata that break themselves."""
    return not_reached(_NAME), not_reached(_ISSUED)


def kept_status(status: AttestationStatus | None) -> Branch:
    """Where the status of something of a party or a wallet is kept; it is not fetched."""
    if status is None:
        return Branch(name="status", said="it cannot be revoked")
    said = f"not looked at: kept by {status.uri}, and not fetched"
    return Branch(name="status", said=said, standing=Standing.NOT_REACHED)
