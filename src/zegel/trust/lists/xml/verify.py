"""Trusted lists in XML, verified: the list of the lists through its pivots, and the national lists it points to.

What may sign a list is said by whoever points to it, byte for byte: the Union's Official Journal for the first of them.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.times import TOLERATED_EARLY
from zegel.trust.anchors import Listing, Purpose, TrustAnchor
from zegel.trust.lists.verify import usable_certificates, without_pids
from zegel.trust.lists.xml.parse import UnverifiedXmlList
from zegel.trust.lists.xml.signature import VerifiedSigner, verify_xml_signature
from zegel.trust.lists.xml.values import (
    FOR_SEALS,
    XML_LIST,
    NationalService,
    QualifiedService,
    TrustServiceProvider,
    XmlListPointer,
    XmlListType,
)

MAX_PIVOTS: Final = 16  # the newest of those that are named; the Official Journal is published anew after a handful
_PIVOT: Final = ".xml"  # the other addresses are those of the Official Journal and of notices in twenty-four languages


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedXmlList:
    """A list whose signer may sign it, of the type expected, in force, and not behind one that was seen."""

    type: XmlListType
    sequence: int
    operator: str
    territory: str
    issued_at: int
    next_update: int
    pointers: tuple[XmlListPointer, ...]
    providers: tuple[TrustServiceProvider, ...]
    signer: VerifiedSigner

    def national_pointers(self) -> tuple[XmlListPointer, ...]:
        """The national lists in XML that a list of the lists points to: no territory vouches for another."""
        if self.type != XmlListType.LIST_OF_LISTS:
            return ()
        return tuple(
            pointer
            for pointer in self.pointers
            if pointer.type == XmlListType.NATIONAL and pointer.media_type == XML_LIST
        )

    def anchors(self, *, types: frozenset[str], services: frozenset[QualifiedService]) -> tuple[TrustAnchor, ...]:
        """What the list makes trusted for ``types``, which no such list names: the rulebooks say who issues them.

        Never for PIDs, whose providers stand on a list of their own (OIA_12). There is no service for statuses either:
        who issues an attestation signs the list that says whether it is revoked.
        """
        allowed = without_pids(types)
        listing = Listing(
            type=f"{self.type.rpartition('/')[2]} {self.territory}",
            sequence=self.sequence,
            operator=self.operator,
            next_update=self.next_update,
        )
        return tuple(
            TrustAnchor(
                certificate=certificate,
                purpose=purpose,
                entity=provider.name,
                types=allowed if purpose is Purpose.ISSUER else None,
                listings=(listing,),
            )
            for provider in self.providers
            for service in provider.services
            if any(_is(service, kind) for kind in services)
            for certificate in usable_certificates(service.certificates)
            for purpose in (Purpose.ISSUER, Purpose.STATUS)
        )


def verify_list_of_lists(
    document: UnverifiedXmlList,
    *,
    pivots: tuple[UnverifiedXmlList, ...],
    signers: tuple[bytes, ...],
    now: int,
    seen: int,
) -> VerifiedXmlList:
    """Verify the list of the lists. ``signers`` are the certificates, as DER, that the Official Journal names.

    ``pivots`` are those that ``pivots_of`` names, the newest first: lists of lists of the past, each of which says who
    signs the next. Those from before ``signers`` were named lead nowhere, and are passed over.
    ``Rejected`` with the checks of ``verify_xml_signature``, or LIST_TYPE, LIST_FRESHNESS, LIST_SEQUENCE.
    """
    begun = False
    for pivot in reversed(pivots):
        if not begun and pivot.signature.signer not in signers:
            continue
        begun = True
        signers = _signers_after(pivot, signers, before=document)
    return _verify(document, expected=XmlListType.LIST_OF_LISTS, signers=signers, now=now, seen=seen)


def verify_national_list(
    document: UnverifiedXmlList, *, pointer: XmlListPointer, now: int, seen: int
) -> VerifiedXmlList:
    """Verify a national list that a verified list of lists points to; ``Rejected`` as ``verify_list_of_lists``."""
    verified = _verify(document, expected=XmlListType.NATIONAL, signers=pointer.certificates, now=now, seen=seen)
    if verified.territory != pointer.territory:
        raise Rejected(Check.LIST_TYPE, f"expected the list of {pointer.territory[:2]}", field="SchemeTerritory")
    return verified


def pointer_by_hand(
    document: UnverifiedXmlList, *, signers: tuple[bytes, ...], territories: frozenset[str] = frozenset()
) -> XmlListPointer:
    """What points to a national list where whoever names its signers vouches for it: to one of these territories, or to
    any without them."""
    found = document.unverified_territory
    return XmlListPointer(
        location="",
        type=XmlListType.NATIONAL,
        territory=found if found in (territories or {found}) else min(territories),
        media_type=None,
        certificates=signers,
    )


def pivots_of(document: UnverifiedXmlList) -> tuple[str, ...]:
    """The addresses of the pivots, the newest first: to be fetched before the list can be verified."""
    return tuple(uri for uri in document.unverified_information if uri.endswith(_PIVOT))


def _signers_after(
    pivot: UnverifiedXmlList, signers: tuple[bytes, ...], *, before: UnverifiedXmlList
) -> tuple[bytes, ...]:
    """Who signs the list of the lists from this pivot on. It is of the past, and judged as at its own time."""
    _check_type(pivot, XmlListType.LIST_OF_LISTS)
    verify_xml_signature(pivot.signature, signers=signers, now=pivot.unverified_issued_at)
    if pivot.unverified_sequence >= before.unverified_sequence:
        raise Rejected(Check.LIST_SEQUENCE, "expected pivots that are older than the list", field="TSLSequenceNumber")
    own = [each for each in pivot.unverified_pointers if each.type == XmlListType.LIST_OF_LISTS]
    return tuple(certificate for pointer in own for certificate in pointer.certificates)


def _verify(
    document: UnverifiedXmlList, *, expected: XmlListType, signers: tuple[bytes, ...], now: int, seen: int
) -> VerifiedXmlList:
    # 1. one of those who may signed this very tree (clause 5.7, annex B)
    signer = verify_xml_signature(document.signature, signers=signers, now=now)
    # 2. it is the kind of list that was asked for
    _check_type(document, expected)
    # 3. it is in force (clauses 5.3.14 and 5.3.15)
    issued_at, next_update = document.unverified_issued_at, document.unverified_next_update
    if issued_at > now + TOLERATED_EARLY:
        raise Rejected(Check.LIST_FRESHNESS, "the list is issued in the future", field="ListIssueDateTime")
    if next_update is None or now >= next_update:
        state = "the list is closed" if next_update is None else "the next update is overdue"
        raise Rejected(Check.LIST_FRESHNESS, state, field="NextUpdate")
    # 4. nobody serves an old one, on which a withdrawn service is still granted (clause 5.3.2)
    if document.unverified_sequence < seen:
        detail = f"expected a sequence number of at least {seen}, got {document.unverified_sequence}"
        raise Rejected(Check.LIST_SEQUENCE, detail, field="TSLSequenceNumber")
    return VerifiedXmlList(
        type=expected,
        sequence=document.unverified_sequence,
        operator=document.unverified_operator,
        territory=document.unverified_territory,
        issued_at=issued_at,
        next_update=next_update,
        pointers=document.unverified_pointers,
        providers=document.unverified_providers,
        signer=signer,
    )


def _check_type(document: UnverifiedXmlList, expected: XmlListType) -> UnverifiedXmlList:
    if document.unverified_type != expected:
        raise Rejected(Check.LIST_TYPE, f"expected {expected}", field="TSLType")
    return document


def _is(service: NationalService, kind: QualifiedService) -> bool:
    """A QEAA is sealed (article 45d): of those who certify, those who certify for seals may have certified that key."""
    sealing = kind is not QualifiedService.CERTIFICATES or FOR_SEALS in service.information
    return service.type == kind and service.granted and sealing
