"""A batch of credentials: one record, one copy for each key, nothing in two copies that is unique.

Times are rounded to the day, status entries are random and never used twice, salts and digest ids are fresh. What is
kept is what revocation needs; keys and salts are not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.formats.catalogue.records import CheckedRecord, check_record, mdoc_elements, sdjwt_claims
from zegel.formats.catalogue.types import CATEGORY_NAMESPACE, AttestationType
from zegel.formats.claims import Claims
from zegel.formats.credential import Format, IdentifierReference, Reference, StatusReference
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.formats.status.entries import INVALID
from zegel.primitives.encoding import base64url
from zegel.primitives.json import encode_json
from zegel.primitives.keys import PublicKey
from zegel.primitives.x509 import DAY
from zegel.services.ports import Issuance, IssuerTransaction, Random, Watch, Watched
from zegel.services.status_ports import Listed, ListedIdentifier, StatusEntry
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.disclosure_policy.parse import build_disclosure_policy
from zegel.trust.disclosure_policy.values import DisclosurePolicy
from zegel.trust.signing import CertifiedSigner

STATUS_PATH: Final = "/status/"
IDENTIFIERS_PATH: Final = "/identifiers/"
STATUS_BITS: Final = 1  # valid or revoked; nothing is suspended here (ARF 3.0 VCR_07: revocation is final)
_ID_BYTES: Final = 16
_DIGEST_BYTES: Final = 16


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedStatus:
    """The status of a wallet or of its key storage, found valid; it is to be looked at again when it is ``due``."""

    what: Watched
    status: AttestationStatus
    due: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be issued: ``record`` of ``person`` as ``type`` in ``format``, a copy for each of ``keys``.

    ``hangs_on`` are the statuses with which the credentials end: none outlives their maintenance (ARF 3.0 ISSU_12c).
    """

    person: str
    type: AttestationType
    format: Format
    record: Claims
    keys: tuple[PublicKey, ...]
    hangs_on: tuple[CheckedStatus, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Plates:
    """What one document signer makes each type with. ``ends`` is the last midnight of its certificate."""

    ends: int
    sdjwt: Mapping[str, SdJwtIssuer]
    mdoc: Mapping[str, MdocIssuer]


@final
class CredentialPress:
    """Makes credentials of every type on offer, under one document signer at a time.

    mdocs of the types ``by_identifier`` are revoked by an identifier list, everything else by a status list (ARF 3.0
    VCR_11, VCR_11a).
    """

    def __init__(
        self,
        types: Sequence[AttestationType],
        *,
        signer: CertifiedSigner,
        origin: str,
        random: Random,
        by_identifier: frozenset[str] = frozenset(),
    ) -> None:
        self._types = tuple(types)
        self._by_identifier = by_identifier
        self._origin = origin
        self._random = random
        self._plates = self._engrave(signer)

    def sign_with(self, signer: CertifiedSigner) -> None:
        """From now on this is the document signer; what is being issued is issued by the one that it began with."""
        self._plates = self._engrave(signer)

    async def issue(self, order: Order, *, now: int, transaction: IssuerTransaction) -> tuple[bytes, ...]:
        """Issue the copies and note the batch; ``Rejected(RECORD)`` for a record that the type does not allow.

        A credential that is bound to nobody is one copy. None outlives its signer's certificate, with which every
        reader stops to believe it; ``Unavailable`` on that certificate's last day. Nor does one outlive the time for
        which what it hangs on is maintained; ``Rejected(ATTESTATION_STATUS)`` on the last day of that.
        """
        record, plates = check_record(order.type, order.record), self._plates
        today = now // DAY * DAY
        until = min(today + order.type.validity_days * DAY, plates.ends)
        if until <= today:
            raise Unavailable("the signer of attestations", "its certificate ends; renew it")
        until = min([until, *map(_last_midnight, order.hangs_on)])
        if until <= today:
            raise Rejected(Check.ATTESTATION_STATUS, "expected a status that is maintained for longer", field="exp")
        holders: tuple[PublicKey | None, ...] = order.keys or (None,)
        issuance = await self._note(order, count=len(holders), today=today, until=until, transaction=transaction)
        nothing = (None,) * len(holders)
        match order.format:
            case Format.SD_JWT_VC:
                entries = tuple(map(self._entry, issuance.entries))
                return self._issue_sdjwt(plates, record, holders, entries or nothing, today, until)
            case Format.MDOC:
                listed = tuple(map(self._reference, issuance.listed))
                return self._issue_mdoc(plates, record, order.keys, listed or nothing, today, until)

    def _engrave(self, signer: CertifiedSigner) -> _Plates:
        return _Plates(
            ends=signer.leaf.not_after // DAY * DAY,
            sdjwt={type_.id: sdjwt_issuer(type_, signer) for type_ in self._types if type_.vct is not None},
            mdoc={type_.id: mdoc_issuer(type_, signer) for type_ in self._types if type_.doctype is not None},
        )

    async def _note(
        self, order: Order, *, count: int, today: int, until: int, transaction: IssuerTransaction
    ) -> Issuance:
        entries: tuple[StatusEntry, ...] = ()
        identifiers: tuple[ListedIdentifier, ...] = ()
        if order.type.revocable:
            statuses = transaction.statuses
            if order.format is Format.MDOC and order.type.id in self._by_identifier:
                identifiers = await statuses.allocate_identifiers(count=count, expires=until)
            else:
                entries = await statuses.allocate(bits=STATUS_BITS, count=count, expires=until)
        issuance = Issuance(
            id=base64url(self._random(_ID_BYTES)),
            person=order.person,
            type=order.type.id,
            format=order.format,
            entries=entries,
            day=today,
            expires=until,
            identifiers=identifiers,
            policy=digest_of(order.type.policy),
        )
        await transaction.issuances.add(issuance)
        for watch in _watches(issuance, order.hangs_on):
            await transaction.watches.add(watch)
        return issuance

    def _reference(self, listed: Listed) -> Reference:
        if isinstance(listed, StatusEntry):
            return self._entry(listed)
        uri = self._origin + IDENTIFIERS_PATH + listed.list_id
        return IdentifierReference(uri=uri, identifier=listed.identifier)

    def _entry(self, entry: StatusEntry) -> StatusReference:
        return StatusReference(uri=self._origin + STATUS_PATH + entry.list_id, index=entry.index)

    def _issue_sdjwt(
        self,
        plates: _Plates,
        record: CheckedRecord,
        holders: Sequence[PublicKey | None],
        statuses: Sequence[StatusReference | None],
        today: int,
        until: int,
    ) -> tuple[bytes, ...]:
        issuer, claims = plates.sdjwt[record.type.id], sdjwt_claims(record)
        return tuple(
            issuer.issue(
                claims,
                holder_key=holder,
                status=status,
                issued_at=today,
                valid_from=today,
                valid_until=until,
                random=self._random,
            )
            for holder, status in zip(holders, statuses, strict=True)
        )

    def _issue_mdoc(
        self,
        plates: _Plates,
        record: CheckedRecord,
        keys: Sequence[PublicKey],
        statuses: Sequence[Reference | None],
        today: int,
        until: int,
    ) -> tuple[bytes, ...]:
        issuer, elements = plates.mdoc[record.type.id], mdoc_elements(record)
        return tuple(
            issuer.issue(
                elements,
                holder_key=key,
                status=status,
                issued_at=today,
                valid_from=today,
                valid_until=until,
                random=self._random,
            )
            for key, status in zip(keys, statuses, strict=True)
        )


def _watches(issuance: Issuance, hangs_on: Sequence[CheckedStatus]) -> Iterator[Watch]:
    """What is watched for a batch, if it can be revoked at all."""
    for place, checked in enumerate(hangs_on if issuance.listed else ()):
        yield Watch(
            issuance=issuance.id,
            place=place,
            what=checked.what,
            status=checked.status,
            due=checked.due,
            expires=issuance.expires,
        )


async def revoke_batch(transaction: IssuerTransaction, batch: Issuance, *, now: int) -> Issuance | None:
    """Revoke every copy of a batch, for good, and watch nothing of it any more."""
    await transaction.statuses.mark(batch.listed, INVALID)
    await transaction.watches.drop(batch.id)
    return await transaction.issuances.revoke(batch.id, now=now)


def _last_midnight(checked: CheckedStatus) -> int:
    """TS3 1.5 section 2.4.3: a PID ends before the maintenance does."""
    until = checked.status.maintained_until
    assert until is not None  # it was checked to be maintained
    return (until - 1) // DAY * DAY


def sdjwt_issuer(type_: AttestationType, signer: CertifiedSigner) -> SdJwtIssuer:
    """What issues a type as SD-JWT VC."""
    return SdJwtIssuer(
        signer=signer.signer,
        chain=signer.chain,
        vct=type_.identifier(Format.SD_JWT_VC),
        in_the_clear=type_.in_the_clear,
        decoys=type_.decoys,
    )


def mdoc_issuer(type_: AttestationType, signer: CertifiedSigner) -> MdocIssuer:
    """What issues a type as mdoc."""
    authorizations: Mapping[str, tuple[str, ...]] = type_.key_authorizations
    return MdocIssuer(
        signer=signer.signer,
        chain=signer.chain,
        doc_type=type_.identifier(Format.MDOC),
        namespaces=_namespaces(type_),
        decoys=type_.decoys,
        key_authorizations=authorizations or None,
    )


def _namespaces(type_: AttestationType) -> tuple[str, ...]:
    own = dict.fromkeys(claim.mdoc[0] for claim in type_.claims if claim.mdoc is not None)
    return tuple(own) if type_.category is None else (*own, CATEGORY_NAMESPACE)


def digest_of(policy: DisclosurePolicy | None) -> str:
    """What tells one policy from another; empty for none."""
    if policy is None:
        return ""
    return base64url(sha256(encode_json(build_disclosure_policy(policy))).digest()[:_DIGEST_BYTES])
