"""A list of trusted entities, verified and turned into trust anchors. What cannot be understood is not trusted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.der import parse_oid
from zegel.primitives.jws import verify_jws
from zegel.primitives.times import TOLERATED_EARLY
from zegel.primitives.x509 import DAY, NamedCertificate, name_certificate
from zegel.trust.anchors import Listing, Purpose, TrustAnchor, TrustAnchors, VerifiedChain
from zegel.trust.lists.parse import UnverifiedTrustedList
from zegel.trust.lists.values import (
    LIST_HEADER,
    LOG_RADIX,
    PURPOSES,
    ListPointer,
    ListType,
    ServiceType,
    TrustedEntity,
    TrustedService,
)
from zegel.trust.transparency.logs import LOG_CURVE, TransparencyLog

MAX_PERIOD: Final = 186 * DAY  # TS 119 602 annexes D to H: the next update is at most six months away
_HEADERS: Final = frozenset({LIST_HEADER, "jose", "JAdES", ""})  # JAdES asks for no typ
_PID_TYPES: Final = frozenset({"urn:eudi:pid:1", "eu.europa.ec.eudi.pid.1"})  # PID_04, PID_14
_PID_RADIXES: Final = ("urn:eudi:pid:", "eu.europa.ec.eudi.pid.")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedTrustedList:
    """A list whose signer is trusted for lists, of the type expected, in force, and not behind one that was seen."""

    type: ListType
    sequence: int
    operator: str
    issued_at: int
    next_update: int
    entities: tuple[TrustedEntity, ...]
    pointers: tuple[ListPointer, ...]
    chain: VerifiedChain

    def services(self, type_: str) -> Iterator[tuple[TrustedEntity, TrustedService]]:
        """The active services of a type, each with the entity whose it is."""
        for entity in self.entities:
            for service in entity.services:
                if service.type == type_ and service.active:
                    yield entity, service

    def anchors(self) -> tuple[TrustAnchor, ...]:
        """What the list makes trusted, an anchor for each certificate of each active service."""
        return tuple(_anchors(self))

    def logs(self) -> tuple[TransparencyLog, ...]:
        """The logs of Certificate Transparency that the list makes trusted, with those that were retired.

        They stand beside the authorities whose certificates they hold (ARF 3.0 CT_01).
        """
        return tuple(_logs(self)) if self.type is ListType.ACCESS_PROVIDERS else ()


def verify_trusted_list(
    trusted_list: UnverifiedTrustedList, *, expected: ListType, anchors: TrustAnchors, now: int, seen: int
) -> VerifiedTrustedList:
    """Verify a list. ``seen`` is the highest sequence number of this list so far, zero before the first.

    ``Rejected`` with CHAIN, CERTIFICATE_VALIDITY, ANCHOR, CERTIFICATE_PROFILE, the checks of ``verify_jws``, or
    LIST_TYPE, LIST_FRESHNESS, LIST_SEQUENCE.
    """
    # 1. a list operator that we trust signed these bytes (annexes D.4 to H.4: compact JAdES, baseline B)
    jws = trusted_list.jws
    chain = anchors.verify_chain(jws.unverified_header.x5c, purpose=Purpose.LIST, now=now)
    typ = jws.unverified_header.typ
    verify_jws(jws, key=chain.leaf.key, typ=typ if typ in _HEADERS else LIST_HEADER)
    # 2. it is the kind of list that was asked for
    if trusted_list.unverified_type != expected:
        raise Rejected(Check.LIST_TYPE, f"expected {expected}", field="LoTEType")
    # 3. it is in force
    issued_at, next_update = trusted_list.unverified_issued_at, trusted_list.unverified_next_update
    if issued_at > now + TOLERATED_EARLY:
        raise Rejected(Check.LIST_FRESHNESS, "the list is issued in the future", field="ListIssueDateTime")
    if now >= next_update:
        raise Rejected(Check.LIST_FRESHNESS, "the next update is overdue", field="NextUpdate")
    if next_update - issued_at > MAX_PERIOD:
        raise Rejected(Check.LIST_FRESHNESS, "expected the next update within six months", field="NextUpdate")
    # 4. nobody serves an old one, on which a withdrawn entity still stands
    if trusted_list.unverified_sequence < seen:
        detail = f"expected a sequence number of at least {seen}, got {trusted_list.unverified_sequence}"
        raise Rejected(Check.LIST_SEQUENCE, detail, field="LoTESequenceNumber")
    return VerifiedTrustedList(
        type=expected,
        sequence=trusted_list.unverified_sequence,
        operator=trusted_list.unverified_operator,
        issued_at=issued_at,
        next_update=next_update,
        entities=trusted_list.unverified_entities,
        pointers=trusted_list.unverified_pointers,
        chain=chain,
    )


def without_pids(types: frozenset[str]) -> frozenset[str]:
    """The attestation types that somebody who is no PID provider may issue."""
    return frozenset(name for name in types if not name.startswith(_PID_RADIXES))


def _anchors(verified: VerifiedTrustedList) -> Iterator[TrustAnchor]:
    listing = Listing(
        type=verified.type.rpartition("/")[2],
        sequence=verified.sequence,
        operator=verified.operator,
        next_update=verified.next_update,
    )
    for entity in verified.entities:
        for service in entity.services:
            purpose = PURPOSES[verified.type].get(service.type)
            if purpose is None or not service.active:
                continue
            types = _types(verified.type, entity, service) if purpose is Purpose.ISSUER else None
            for certificate in usable_certificates(service.certificates):
                yield TrustAnchor(
                    certificate=certificate, purpose=purpose, entity=entity.name, types=types, listings=(listing,)
                )


def logs_of(service: TrustedService, entity: str) -> Iterator[TransparencyLog]:
    """The logs that a service of the entity is, one a key; none where an entry cannot be read."""
    if service.type != ServiceType.TRANSPARENCY_LOG or not service.understood:
        return
    if not service.active and service.since is None:  # nobody can tell what it stamped before
        return
    for key in service.public_keys():
        log_id = _log_id(service)
        if log_id is not None and key.curve is LOG_CURVE:
            yield TransparencyLog(
                id=log_id,
                key=key,
                entity=entity,
                url=next((point.url for point in service.supply_points), None),
                retired_at=None if service.active else service.since,
            )


def _logs(verified: VerifiedTrustedList) -> Iterator[TransparencyLog]:
    for entity in verified.entities:
        for service in entity.services:
            yield from logs_of(service, entity.name)


def _log_id(service: TrustedService) -> bytes | None:
    """What cannot be read costs its entry, not the list."""
    identifier = service.identifier or ""
    if not identifier.startswith(LOG_RADIX):
        return None
    try:
        return parse_oid(identifier.removeprefix(LOG_RADIX), what="log ID")
    except Malformed:
        return None


def usable_certificates(certificates: tuple[bytes, ...]) -> Iterator[NamedCertificate]:
    """Those of a service's certificates that can be an anchor."""
    for der in certificates:
        try:
            yield name_certificate(der)
        except Malformed:  # a kind of key that is unknown here costs its entry, not the list
            continue


def _types(list_type: ListType, entity: TrustedEntity, service: TrustedService) -> frozenset[str]:
    """A PID provider issues PIDs, the common one and its country's own; nobody else ever does (OIA_12)."""
    if list_type is not ListType.PID_PROVIDERS:
        return without_pids(service.types)
    domestic = () if entity.country is None else (f"urn:eudi:pid:{entity.country.lower()}:*",)
    return _PID_TYPES | frozenset(domestic)
