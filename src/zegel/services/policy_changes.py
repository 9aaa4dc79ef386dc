"""A disclosure policy that is added, changed or dropped: what was issued before it ends (ARF 3.0 EDP_11).

The wallet keeps the policy that came with an attestation, and asks nobody for a newer one; so the issuer revokes the
attestation, and the wallet obtains another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.formats.catalogue.types import AttestationType
from zegel.services.issuing import digest_of, revoke_batch
from zegel.services.ports import Clock, Issuance, IssuerStore, IssuerTransaction, Kind

PAGE: Final = 100  # batches of a transaction; the loop goes on between two
_NEVER: Final = 1 << 62


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPolicies:
    """The policies that everything in force was issued under, by type: their digests."""

    digests: Mapping[str, str]


KNOWN: Final = Kind(name="disclosure policies", states=(KnownPolicies,))


@final
class PolicyChanges:
    """Looks once whether the policies of the catalogue are those that things were issued under."""

    def __init__(self, types: Iterable[AttestationType], *, store: IssuerStore, clock: Clock) -> None:
        self._digests = {type_.id: digest_of(type_.policy) for type_ in types}
        self._store = store
        self._clock = clock

    async def follow(self) -> int:
        """Revoke what was issued under another policy than its type has now; how many batches.

        What was begun and not finished is begun again at the next start.
        """
        async with self._store.transaction() as transaction:
            known = await transaction.load(KNOWN, "")
        if known is not None and known.value.digests == self._digests:
            return 0
        revoked, after = 0, ""
        while True:
            async with self._store.transaction(durable=True) as transaction:
                page = await transaction.issuances.page(after=after, limit=PAGE)
                for batch in page:
                    revoked += await self._revoke_outdated(transaction, batch)
            if not page:
                break
            after = page[-1].id
        async with self._store.transaction(durable=True) as transaction:
            await transaction.take(KNOWN, "")
            await transaction.put(KNOWN, "", KnownPolicies(digests=self._digests), expires=_NEVER)
        return revoked

    async def _revoke_outdated(self, transaction: IssuerTransaction, batch: Issuance) -> int:
        """A type that is on offer no longer has no policy that could have changed."""
        current = self._digests.get(batch.type, batch.policy)
        if batch.policy == current or batch.revoked_at is not None or not batch.listed:
            return 0
        await revoke_batch(transaction, batch, now=self._clock.now())
        return 1
