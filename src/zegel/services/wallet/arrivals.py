"""What arrived: verified as a whole or refused as a whole, and put where its person decides."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.catalogue.types import Catalogue
from zegel.formats.claims import Claim, select_claims
from zegel.formats.credential import VerifiedCredential
from zegel.protocols.openid4vci.states import Event
from zegel.protocols.openid4vci.wallet.issuance import Done
from zegel.protocols.openid4vci.wallet.session import Session
from zegel.services.ports import Clock, Random
from zegel.services.trust import Trust
from zegel.services.wallet.contents import (
    Arrived,
    Batch,
    Deferred,
    Entry,
    Finished,
    Grant,
    Happening,
    Holding,
    Mention,
    Outcome,
    Provider,
    WalletContents,
)
from zegel.services.wallet.flows import drop_flow, put_flow
from zegel.services.wallet.holdings import (
    attested,
    changed_claims,
    drop_holding,
    find_holding,
    put_holding,
    verify_batch,
)
from zegel.services.wallet.issuance import IssuanceDriver, ProvenKeys
from zegel.services.wallet.journal import issuer_counterpart, noted

ID_BYTES: Final = 16


@final
class ArrivalsDesk:
    """Judges what issuers send."""

    def __init__(
        self, driver: IssuanceDriver, *, catalogue: Catalogue, trust: Trust, clock: Clock, random: Random
    ) -> None:
        self._driver = driver
        self._catalogue = catalogue
        self._trust = trust
        self._clock = clock
        self._random = random

    async def verify(self, done: Done, keys: ProvenKeys) -> tuple[Batch, ...]:
        """Verify everything that came; when one is refused the issuer is told that all of it failed."""
        try:
            return tuple(
                verify_batch(
                    received,
                    configuration=done.session.issuer.configurations[received.configuration],
                    keys=keys.get(received.configuration, ()),
                    anchors=self._trust.anchors,
                    now=self._clock.now(),
                )
                for received in done.received
            )
        except (Malformed, Rejected):
            await self._driver.notify(done.session, done.received, Event.FAILURE)
            raise

    def put(
        self,
        contents: WalletContents,
        flow_id: str,
        done: Done,
        batches: tuple[Batch, ...],
        keys: ProvenKeys,
        *,
        provider: Provider,
        grant: str,
        replaces: str | None = None,
    ) -> WalletContents:
        """The contents with what came, and with what is still to come, each as a flow of its own."""
        now, session = self._clock.now(), replace(done.session, received=(), pending=(), wanted=())
        waiting = [
            Deferred(
                at=now,
                session=replace(session, withheld=()) if batches else session,  # it is said once
                provider=provider,
                grant=grant,
                pending=pending,
                keys=keys.get(pending.configuration, ()),
                replaces=replaces,
            )
            for pending in done.pending
        ]
        contents = drop_flow(contents, flow_id)
        if batches:
            arrived = Arrived(
                at=now,
                session=session,
                provider=provider,
                grant=grant,
                received=tuple(replace(received, credentials=()) for received in done.received),
                batches=batches,
            )
            contents = put_flow(contents, flow_id, arrived)
        for position, deferred in enumerate(waiting):
            id_ = flow_id if not batches and position == 0 else self.new_id()
            contents = put_flow(contents, id_, deferred)
        return contents

    def note_withheld(self, contents: WalletContents, session: Session, provider: Provider) -> WalletContents:
        """The contents with a line in the log about each credential that was asked for and did not come."""
        for each in session.withheld:
            asked = session.issuer.configurations[each.configuration]
            mention = Mention(type=asked.type, format=asked.format, copies=0)
            entry = self.entry(Happening.FAILED, provider, (mention,), outcome=Outcome.REFUSED, check=each.check)
            contents = noted(contents, entry)
        return contents

    def keep(self, contents: WalletContents, flow_id: str, arrived: Arrived) -> tuple[WalletContents, tuple[str, ...]]:
        """The contents with the credentials among what is held; the ids under which they are.

        What they stand in the place of is gone, and shown beside them until the person has seen what changed.
        """
        now = self._clock.now()
        ids = tuple(self.new_id() for _ in arrived.batches)
        for id_, batch in zip(ids, arrived.batches, strict=True):
            new = Holding(id=id_, batch=batch, provider=arrived.provider, grant=arrived.grant, received_at=now)
            for other in contents.holdings:
                if self._replaces(new, other):
                    changed = changed_claims(other.credential, new.credential)
                    new = replace(new, before=new.before or other.before or (other.credential if changed else None))
                    contents = drop_holding(contents, other.id)
            contents = put_holding(contents, new)
        grant = grant_of(arrived.session, arrived.provider)
        contents = replace(contents, grants={**contents.grants, arrived.grant: grant})
        contents = put_flow(contents, flow_id, Finished(at=now, holdings=ids))
        entry = self.entry(Happening.RECEIVED, arrived.provider, mentions_of(arrived.batches))
        return noted(contents, entry), ids

    def renew(
        self, contents: WalletContents, holding_id: str, batch: Batch, session: Session
    ) -> tuple[WalletContents, Holding]:
        """The contents with new copies in the old ones' place.

        ``Rejected(OFFERED_CREDENTIAL)`` for another issuer's, or for those of another type.

        What changed is kept beside them until the person has seen it.
        """
        holding = find_holding(contents, holding_id)
        if batch.credential.issuer.entity != holding.credential.issuer.entity:
            detail = f"expected {holding.credential.issuer.entity}, got {batch.credential.issuer.entity}"
            raise Rejected(Check.OFFERED_CREDENTIAL, detail, field="issuer")
        if batch.credential.type != holding.credential.type:  # the metadata may say another one by now
            detail = f"expected {holding.credential.type}, got {batch.credential.type[:80]}"
            raise Rejected(Check.OFFERED_CREDENTIAL, detail, field="type")
        changed = changed_claims(holding.credential, batch.credential)
        renewed = replace(
            holding,
            batch=batch,
            before=holding.before or (holding.credential if changed else None),
            standing=None,
            tried_at=None,
            renewed_at=self._clock.now(),
        )
        grants = {**contents.grants, holding.grant: grant_of(session, holding.provider)}
        mention = replace(mentions_of((batch,))[0], paths=changed)
        contents = noted(contents, self.entry(Happening.RENEWED, holding.provider, (mention,)))
        return replace(put_holding(contents, renewed), grants=grants), renewed

    def entry(
        self,
        happening: Happening,
        provider: Provider,
        mentions: tuple[Mention, ...],
        *,
        outcome: Outcome = Outcome.DONE,
        check: str = "",
    ) -> Entry:
        """A line for the log about an issuer."""
        return Entry(
            id=self.new_id(),
            at=self._clock.now(),
            happening=happening,
            outcome=outcome,
            counterpart=issuer_counterpart(provider),
            mentions=mentions,
            check=check,
        )

    def new_id(self) -> str:
        """An identifier that nobody guesses; without a dash, which a command line would take for an option."""
        return self._random(ID_BYTES).hex()

    def _replaces(self, new: Holding, old: Holding) -> bool:
        """Whether the new one is the old one issued again (OpenID4VCI 1.0 section 13.5; ARF 3.0 ISSU_62).

        It is of the same issuer and says the same, or something else of the same person, as far as its type tells
        persons apart.
        """
        ours, theirs = new.credential, old.credential
        kind = (ours.type, ours.format, ours.issuer.entity, new.provider.url)
        if kind != (theirs.type, theirs.format, theirs.issuer.entity, old.provider.url):
            return False
        return attested(ours) == attested(theirs) or (self._unique(ours) == self._unique(theirs) != ())

    def _unique(self, credential: VerifiedCredential) -> tuple[Claim, ...]:
        """The values by which the type tells persons apart; none where it does not, or one is missing."""
        type_ = self._catalogue.find(credential.type)
        paths = () if type_ is None else type_.unique_paths(credential.format)
        found = [select_claims(credential.claims, path) for path in paths]
        return tuple(each[0][1] for each in found) if all(found) else ()


def mentions_of(batches: Sequence[Batch]) -> tuple[Mention, ...]:
    """Batches in the log."""
    return tuple(
        Mention(type=batch.credential.type, format=batch.credential.format, copies=len(batch.copies))
        for batch in batches
    )


def grant_of(session: Session, provider: Provider) -> Grant:
    """By what the issuer of a session issues again."""
    client, tokens = session.client, session.tokens
    return Grant(
        provider=provider,
        server=session.server.issuer,
        client_id=client.client_id,
        dpop=client.dpop,
        instance=None if client.attestation is None else client.attestation.signer,
        refresh_token=None if tokens is None else tokens.refresh_token,
    )
