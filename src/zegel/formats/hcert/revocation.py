"""Certificates that their issuers took back: the gateway's batches of hashes, looked up where they were fetched to.

Nobody is asked about a certificate: whoever fetches batches fetches all of them. A batch lists sixteen bytes of the
SHA-256 of identifiers, of the issuer's country and them, or of signatures.
"""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final, TypeVar, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import VerifiedHealthCertificate
from zegel.formats.hcert.keys import Algorithm, read_key_id
from zegel.formats.hcert.rules.dates import date_time
from zegel.formats.hcert.slices import BEGINNING, NamedSlice, SignerSlice, parse_partition
from zegel.formats.hcert.who_certificate import VerifiedHealthRecord, VerifiedWhoCertificate
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import Json, parse_object
from zegel.primitives.members import read_array, read_object, read_text

MAX_BATCH: Final = 1 << 18  # bytes; a thousand entries have forty thousand
MAX_ENTRIES: Final = 1_000  # the gateway's own limit (RevocationBatchDto)
HASH: Final = 16  # bytes of a hash that are listed
_Certificate = TypeVar("_Certificate", VerifiedHealthCertificate, VerifiedWhoCertificate)
UNKNOWN_KID: Final = "UNKNOWN_KID"
_WHAT: Final = "revocation batch"
_JSON: Final = (b"{", b"[", BOM_UTF8)  # as it begins, well formed or not


class HashType(StrEnum):
    """What a batch has the hashes of."""

    UCI = "UCI"
    COUNTRY_CODE_UCI = "COUNTRYCODEUCI"
    SIGNATURE = "SIGNATURE"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationBatch:
    """A batch. ``kid`` is None where it was not known; from ``expires`` on, in seconds, it may be thrown away."""

    country: str
    kid: bytes | None
    hash_type: HashType
    expires: int
    hashes: frozenset[bytes] = field(repr=False)


@final
class RevokedHashes:
    """What batches list, by kind of hash and by key identifier, or by country where that is not known; and slices.

    ``passed_over`` are the names of files that are neither.
    """

    def __init__(
        self,
        batches: Iterable[RevocationBatch] = (),
        *,
        slices: Iterable[SignerSlice] = (),
        passed_over: Iterable[str] = (),
    ) -> None:
        self.passed_over = tuple(passed_over)
        self._of: dict[tuple[HashType, bytes | str], set[bytes]] = {}
        self._slices: dict[bytes, list[SignerSlice]] = {}
        for batch in batches:
            whose = batch.country.upper() if batch.kid is None else batch.kid
            self._of.setdefault((batch.hash_type, whose), set()).update(batch.hashes)
        for each in slices:
            self._slices.setdefault(each.kid, []).append(each)

    def lists(self, certificate: VerifiedHealthRecord) -> bool:
        """Whether one of the certificate's hashes is listed."""
        if not self._of and not self._slices:
            return False
        slices = self._slices.get(certificate.kid, ())
        return any(
            hash_ in self._of.get((type_, certificate.kid), ())
            or hash_ in self._of.get((type_, certificate.country), ())
            or any(hash_.hex().startswith(each.prefix) and each.slice.may_hold(hash_) for each in slices)
            for type_, hash_ in _hashes(certificate)
        )


def parse_revocation_batch(data: bytes) -> RevocationBatch:
    """Parse a batch as the gateway hands it out, out of its signed envelope; ``Malformed`` names the member."""
    members = parse_object(data, what=_WHAT, max_bytes=MAX_BATCH)
    type_ = read_text(members.get("hashType"), what=_WHAT, where="hashType")
    if type_ not in tuple(HashType):
        raise Malformed(_WHAT, "hashType", f"expected {' or '.join(HashType)}")
    entries = read_array(members.get("entries"), what=_WHAT, where="entries", limit=MAX_ENTRIES)
    expires = date_time(read_text(members.get("expires"), what=_WHAT, where="expires"))
    if expires is None:
        raise Malformed(_WHAT, "expires", "expected a date-time")
    return RevocationBatch(
        country=read_text(members.get("country"), what=_WHAT, where="country"),
        kid=_kid(members.get("kid")),
        hash_type=HashType(type_),
        expires=expires.milliseconds // 1000,
        hashes=frozenset(_hash(entry, f"entries[{position}]") for position, entry in enumerate(entries)),
    )


def parse_revoked(files: Iterable[tuple[str, bytes]]) -> RevokedHashes:
    """Parse the files of a folder, by name: batches, partitions, and the slices that these name.

    ``Malformed`` for other JSON, a slice that is not there, and one that none names: what it lists would pass. What is
    neither JSON nor a slice is passed over.
    """
    batches: list[RevocationBatch] = []
    named: list[NamedSlice] = []
    contents: dict[str, bytes] = {}
    others: list[tuple[str, str]] = []
    for name, data in files:
        if not data.lstrip().startswith(_JSON):
            digest = sha256(data).hexdigest()
            contents[digest] = data
            others.append((name, digest))
        elif b'"chunks"' in data:
            named.extend(parse_partition(data))
        else:
            batches.append(parse_revocation_batch(data))
    digests = {each.digest for each in named}
    unnamed = [(name, contents[digest]) for name, digest in others if digest not in digests]
    for name, data in unnamed:
        if data.startswith(BEGINNING) or name.lower().endswith(".json"):
            raise Malformed(_WHAT, name, "expected a batch, a partition, or a slice that one names")
    slices = [each.open(contents) for each in named]
    return RevokedHashes(batches, slices=slices, passed_over=[name for name, _ in unnamed])


def check_not_revoked(certificate: _Certificate, *, revoked: RevokedHashes) -> _Certificate:
    """Return the certificate that no batch lists; ``Rejected(HEALTH_REVOKED)`` otherwise."""
    if revoked.lists(certificate):
        raise Rejected(Check.HEALTH_REVOKED, "its issuer has revoked it", field="ci")
    return certificate


def _kid(value: Json) -> bytes | None:
    return None if value == UNKNOWN_KID else read_key_id(value, what=_WHAT, where="kid")


def _hash(value: Json, where: str) -> bytes:
    entry = read_object(value, what=_WHAT, where=where)
    text = read_text(entry.get("hash"), what=_WHAT, where=f"{where}.hash")
    hash_ = parse_base64(text, what=_WHAT, where=f"{where}.hash")
    if len(hash_) != HASH:
        raise Malformed(_WHAT, f"{where}.hash", f"expected {HASH} bytes")
    return hash_


def _hashes(certificate: VerifiedHealthRecord) -> Iterator[tuple[HashType, bytes]]:
    """Each hash that a certificate may be listed by. Those of WHO have no identifier that the gateway lists."""
    if isinstance(certificate, VerifiedHealthCertificate):
        identifier = str(certificate.entry["ci"])
        countries = {certificate.issuer, str(certificate.entry["co"])}  # issuers took one or the other
        yield HashType.UCI, _first(identifier.encode())
        for country in countries.union(each.upper() for each in countries):
            yield HashType.COUNTRY_CODE_UCI, _first(f"{country}{identifier}".encode())
    yield HashType.SIGNATURE, _first(certificate.signature)
    if certificate.signer.algorithm is Algorithm.ES256:
        # who has (r, s) has (r, -s) too, which verifies as well: r alone cannot be changed
        yield HashType.SIGNATURE, _first(certificate.signature[: len(certificate.signature) // 2])


def _first(data: bytes) -> bytes:
    return sha256(data).digest()[:HASH]
