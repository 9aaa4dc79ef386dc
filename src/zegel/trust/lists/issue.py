"""A list of trusted entities, issued by its operator: signed, and read back as those will read it whom it is for.

What our own reader would refuse, or would leave out without a word, is refused here: a list that is out cannot be
taken back before everybody has fetched the next one.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.x509 import DAY, check_authority, check_validity, parse_certificate
from zegel.trust.anchors import TrustAnchors
from zegel.trust.lists.build import ListedEntity, ListScheme, build_trusted_list, sign_trusted_list
from zegel.trust.lists.parse import UnverifiedTrustedList, parse_trusted_list
from zegel.trust.lists.values import PURPOSES, ListType, ServiceType, TrustedService
from zegel.trust.lists.verify import VerifiedTrustedList, logs_of, verify_trusted_list, without_pids
from zegel.trust.signing import CertifiedSigner

MAX_DAYS: Final = 181  # TS 119 602 annexes D to H: six months; from September to February they have so many days
_WHAT: Final = "list of trusted entities"
_NO_ANCHORS: Final = frozenset({ServiceType.ACCESS_REVOCATION, ServiceType.TRANSPARENCY_LOG})  # of access


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedList:
    """A list as it is given out, and what was read back of it."""

    compact: bytes
    verified: VerifiedTrustedList


def issue_trusted_list(
    scheme: ListScheme,
    entities: tuple[ListedEntity, ...],
    *,
    signer: CertifiedSigner,
    operators: TrustAnchors,
    before: UnverifiedTrustedList | None,
    days: int,
    now: int,
) -> IssuedList:
    """Sign the list that follows ``before``, or the first one. ``operators`` is what its readers trust for lists.

    ``days`` are until the next update. ``Malformed`` for a service that says what this type of list has no place for,
    or too many entities. ``Rejected`` with LIST_TYPE if the list before is of another, CERTIFICATE_PROFILE and
    CERTIFICATE_VALIDITY for what is no anchor or ends too soon, and whatever ``verify_trusted_list`` says.
    """
    if not 0 < days <= MAX_DAYS:
        raise Malformed(_WHAT, "days", f"expected 1 to {MAX_DAYS}")
    if before is not None and before.unverified_type != scheme.type:
        detail = f"the list that stands there is another: {before.unverified_type}"
        raise Rejected(Check.LIST_TYPE, detail, field="LoTEType")
    for number, entity in enumerate(entities):
        if not entity.services:
            raise Malformed(_WHAT, f"entities[{number}].services", "expected one at least")
        for position, service in enumerate(entity.services):
            _Described(scheme.type, service, f"entities[{number}].services[{position}]").refuse_contradictions(now)
    sequence, next_update = 1 if before is None else before.unverified_sequence + 1, now + days * DAY
    document = build_trusted_list(
        scheme, entities, signer=signer.leaf, sequence=sequence, issued_at=now, next_update=next_update
    )
    compact = sign_trusted_list(document, signer=signer.signer, chain=signer.chain, now=now)
    found = parse_trusted_list(compact)
    verified = verify_trusted_list(found, expected=scheme.type, anchors=operators, now=now, seen=sequence)
    for certificate in (*signer.certificates, verified.chain.anchor.certificate.parse()):
        if certificate.not_after < next_update:  # it takes the list along
            detail = f"the certificate of {certificate.subject} ends before the next update, in {days} days"
            raise Rejected(Check.CERTIFICATE_VALIDITY, detail, field="days")
    return IssuedList(compact=compact, verified=verified)


@final
@dataclass(frozen=True, slots=True)
class _Described:
    """A service that is to stand on a list of a type, and the path of its description."""

    list_type: ListType
    service: TrustedService
    where: str

    def refuse_contradictions(self, now: int) -> None:
        """What a reader would not make of it what its operator means."""
        service, is_log = self.service, self.service.type == ServiceType.TRANSPARENCY_LOG
        is_access = self.list_type is ListType.ACCESS_PROVIDERS
        if service.type not in PURPOSES[self.list_type] and not (is_access and service.type in _NO_ANCHORS):
            raise self._malformed("kind", "expected a service of this type of list")
        self._refuse_status(has_status=is_log or self.list_type is ListType.PUB_EAA_PROVIDERS)
        self._refuse_types()
        if is_log and service.certificates:
            raise self._malformed("certificates", "expected none: what a log signs is verified with its key")
        if is_log and not 0 < len(service.keys) == len(tuple(logs_of(service, ""))):
            detail = "expected the P-256 key of a log, and as its identifier urn:oid: with its log ID"
            raise self._malformed("keys", detail)
        if not is_log and not service.certificates:
            raise self._malformed("certificates", "expected one at least")
        for der in service.certificates:
            self._refuse_certificate(der, now)

    def _refuse_types(self) -> None:
        types = self.service.types
        if self.service.type != ServiceType.PUB_EAA_ISSUANCE:
            if types:
                raise self._malformed("types", "expected none: whoever issues attestations has some, and nobody else")
        elif not types or types != without_pids(types):
            raise self._malformed("types", "expected one at least, and no PID: who issues those stands on another list")

    def _refuse_status(self, *, has_status: bool) -> None:
        if has_status and self.service.since is None:
            raise self._malformed("since", "expected since when: this status is on the list")
        if not has_status and self.service.since is not None:
            raise self._malformed("since", "expected none: this list keeps no status")
        if not has_status and not self.service.active:
            raise self._malformed("withdrawn", "expected false: what this list is to trust no more is left out of it")

    def _refuse_certificate(self, der: bytes, now: int) -> None:
        """One that counts no more may have expired, and one that is not valid yet may stand there ahead of its use."""
        where = f"{self.where}.certificates"
        try:
            certificate = parse_certificate(der)
            if self.service.type in PURPOSES[self.list_type]:
                check_authority(certificate)
            if self.service.active:
                check_validity(certificate, now=max(now, certificate.not_before))
        except Malformed as error:
            raise Malformed(_WHAT, where, error.detail) from None
        except Rejected as refusal:
            raise Rejected(refusal.check, refusal.detail, field=where) from None

    def _malformed(self, name: str, detail: str) -> Malformed:
        return Malformed(_WHAT, f"{self.where}.{name}", detail)
