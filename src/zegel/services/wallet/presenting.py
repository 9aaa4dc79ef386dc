"""Presenting: a request is fetched when the person says so, shown, and answered when the person says so.

    begin --> Asked --accept, refuse--> Answering --> Finished, taken or not
          --> Unanswerable --tell-----> Answering
                           --forget---> gone

What is finished stays so: another decision, from another page of the same request, changes nothing.

Copies are marked as used, and the log has its line, before anything leaves: a crash can cost a copy, never show one
twice.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable, explain
from zegel.formats.credential import Format
from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.formats.mdoc.present import present_mdoc, signs_transaction_data
from zegel.formats.mdoc.transcript import redirect_transcript
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.present import present_sdjwt, present_unbound_sdjwt
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.profiles import Profile
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.matching import Choice, HeldCredential, QueryMatch, default_choice
from zegel.protocols.openid4vp.request import Challenge
from zegel.protocols.openid4vp.transaction_data import TransactionType
from zegel.protocols.openid4vp.wallet import (
    Consent,
    Fetching,
    PlannedPresentation,
    Refusal,
    Sending,
    WalletPolicy,
    begin,
)
from zegel.services.ports import Clock, Outbound, Random
from zegel.services.trust import Trust
from zegel.services.turns import Turns
from zegel.services.wallet.answers import not_taken
from zegel.services.wallet.contents import (
    Answering,
    Asked,
    Brought,
    Copy,
    Counterpart,
    Entry,
    Finding,
    Finished,
    Flow,
    Happening,
    Mention,
    Outcome,
    Unanswerable,
    Vetting,
    WalletContents,
)
from zegel.services.wallet.disclosing import asking_party, check_outcomes
from zegel.services.wallet.flows import check_step, drop_flow, find_flow, put_flow
from zegel.services.wallet.holdings import always_visible, find_holding, is_usable, put_holding, take_copy
from zegel.services.wallet.instance import check_not_revoked
from zegel.services.wallet.journal import amended, asking_counterpart, host_of, noted, verifier_counterpart, vetted
from zegel.services.wallet.safe import Safe
from zegel.services.wallet.vetting import VettingDesk, check_approved

Presentations: TypeAlias = dict[str, list[bytes]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PresentingRules:
    """What the wallet holds requests against. ``plain_origins`` are spoken to without TLS: a sandbox on loopback.

    Of credentials of ``sca_types``, which authorise payments, no policy of their issuers is set aside (TS12 3.1).
    """

    profile: Profile
    plain_origins: frozenset[str]
    transaction_types: Mapping[str, TransactionType]
    sca_types: frozenset[str] = frozenset()


@final
class PresentingService:
    """Requests, and what becomes of them."""

    def __init__(
        self,
        safe: Safe,
        rules: PresentingRules,
        *,
        trust: Trust,
        vetting: VettingDesk,
        outbound: Outbound,
        clock: Clock,
        random: Random,
        new_id: Callable[[], str],
    ) -> None:
        self._safe = safe
        self._rules = rules
        self._trust = trust
        self._vetting = vetting
        self._outbound = outbound
        self._clock = clock
        self._random = random
        self._new_id = new_id
        self._turns = Turns()

    async def begin(self, link: str, *, brought: Brought) -> str:
        """Act on a link, when the person says so; the id of the flow.

        ``Malformed`` or ``Rejected`` when it leads to no request of somebody who is known: then nobody is told.
        """
        parsed = parse_link(link)
        check_not_revoked(self._safe.contents)  # a locked wallet fetches nothing, a revoked one neither
        policy = self._policy()
        step = begin(parsed, policy=policy, random=self._random)
        if isinstance(step, Fetching):
            try:
                response = await self._fetch(step.request)
                step = step.receive(response, policy=policy, now=self._clock.now())
            except (Malformed, Rejected) as error:
                await self._note_unknown(parsed.unverified_host, error)
                raise
        flow_id, at = self._new_id(), self._clock.now()
        flow: Flow
        if isinstance(step, Consent):
            flow = Asked(at=at, consent=step, brought=brought, vetting=await self._vet(step))
        else:
            flow = Unanswerable(at=at, refusal=step, brought=brought)
        await self._safe.change(lambda contents: (put_flow(contents, flow_id, flow), None))
        return flow_id

    def look(self, flow_id: str) -> Flow:
        """The flow as it stands; ``Rejected(WALLET_STEP)`` when it is over."""
        return find_flow(self._safe.contents, flow_id, now=self._clock.now())

    def match(self, consent: Consent) -> QueryMatch:
        """What would answer the request, with what it would disclose: of what is valid now, unused copies first."""
        return consent.match(self._held(self._safe.contents))

    async def accept(self, flow_id: str, choice: Choice | None, *, despite: Collection[str] = ()) -> Finished:
        """Answer with what the person chose, or with the least that answers; where the browser goes on.

        ``despite`` are the ids of the checks whose warnings the person has read and set aside, one by one (RPA_07b).
        ``Rejected(HELD)`` when the choice does not answer the request; ``EXPLICIT_APPROVAL`` when there is a warning
        that was not set aside, ``DISCLOSURE_POLICY`` for one that nobody sets aside; ``REQUEST_TIME`` when it has
        expired meanwhile, and then no copy is used;
        ``ANSWER_DELIVERY``, or as ``not_taken``, when the verifier does not take it, and then the flow is finished,
        too; ``Unavailable`` when it cannot be reached, and then the answer waits to be sent again.
        """
        async with self._turns.of(flow_id):
            flow = self.look(flow_id)
            if isinstance(flow, Finished):  # the same form, sent twice
                return flow
            asked = await self._vetted_anew(flow_id, check_step(flow, Asked))
            check_approved(asked.vetting, despite=despite)
            answering = await self._safe.change(
                lambda contents: self._answer(contents, flow_id, asked, choice, despite)
            )
            return await self._send(flow_id, answering)

    async def refuse(self, flow_id: str) -> Finished:
        """Do not answer, and tell the verifier no more than that; where the browser goes on."""
        async with self._turns.of(flow_id):
            flow = self.look(flow_id)
            if isinstance(flow, Finished):
                return flow
            asked = check_step(flow, Asked)
            entry = replace(self._asked_entry(Happening.DECLINED, asked), mentions=_asked_for(asked.consent))
            return await self._send(flow_id, await self._reply(flow_id, asked.consent.refuse(), entry))

    async def tell(self, flow_id: str) -> Finished:
        """Tell the verifier why its request is not answered."""
        async with self._turns.of(flow_id):
            flow = self.look(flow_id)
            if isinstance(flow, Finished):
                return flow
            refusal = check_step(flow, Unanswerable).refusal
            entry = self._refusal_entry(refusal)
            return await self._send(flow_id, await self._reply(flow_id, refusal.tell(), entry))

    async def send_again(self, flow_id: str) -> Finished:
        """Send what could not be sent, once more and unchanged."""
        async with self._turns.of(flow_id):
            flow = self.look(flow_id)
            return flow if isinstance(flow, Finished) else await self._send(flow_id, check_step(flow, Answering))

    async def forget(self, flow_id: str) -> Finished | None:
        """Leave a request without a word to the verifier; what was answered already stays so, and is returned."""
        async with self._turns.of(flow_id):
            flow = self.look(flow_id)
            match flow:
                case Asked(consent=consent):
                    entry = replace(self._asked_entry(Happening.DECLINED, flow), mentions=_asked_for(consent))
                case Unanswerable(refusal=refusal):
                    entry = self._refusal_entry(refusal)
                case Finished():
                    return flow
                case Answering():
                    await self._safe.change(lambda contents: (drop_flow(contents, flow_id), None))
                    return None
                case _:  # what is being received is left elsewhere, where its issuer is told
                    raise Rejected(Check.WALLET_STEP, "nothing is asked here", field="flow")
            await self._safe.change(lambda contents: (noted(drop_flow(contents, flow_id), entry), None))
        return None

    def _answer(
        self,
        contents: WalletContents,
        flow_id: str,
        asked: Asked,
        choice: Choice | None,
        despite: Collection[str],
    ) -> tuple[WalletContents, Answering]:
        """One move: the copies are taken, the presentations made, the line is in the log, and the answer waits."""
        consent = asked.consent.check_open(now=self._clock.now())
        match = consent.match(self._held(contents))
        planned = consent.plan(match, default_choice(match) if choice is None else choice)
        aside = check_outcomes(
            [find_holding(contents, each.disclosure.held.id) for each in planned],
            asking_party(consent.request.party, asked.vetting),
            sca=self._rules.sca_types,
            despite=despite,
        )
        presentations: Presentations = {}
        mentions: list[Mention] = []
        for each in planned:
            holding, copy, repeated = take_copy(find_holding(contents, each.disclosure.held.id), random=self._random)
            contents = put_holding(contents, holding)
            made = present_copy(copy, each, challenge=consent.request.challenge, now=self._clock.now())
            presentations.setdefault(each.disclosure.query_id, []).append(made)
            credential = holding.credential
            paths = dict.fromkeys((*each.disclosure.paths, *always_visible(holding)))
            mentions.append(
                Mention(type=credential.type, format=credential.format, paths=tuple(paths), repeated=repeated)
            )
        entry = self._asked_entry(Happening.PRESENTED, asked)
        entry = replace(
            entry,
            warnings=(*entry.warnings, *aside),
            mentions=tuple(mentions),
            transactions=tuple(item.type for item in consent.request.transaction_data),
        )
        answering = Answering(at=self._clock.now(), sending=consent.accept(presentations), entry=entry.id)
        return noted(put_flow(contents, flow_id, answering), entry), answering

    async def _reply(self, flow_id: str, sending: Sending, entry: Entry) -> Answering:
        answering = Answering(at=self._clock.now(), sending=sending, entry=entry.id)
        await self._safe.change(lambda contents: (noted(put_flow(contents, flow_id, answering), entry), None))
        return answering

    async def _send(self, flow_id: str, answering: Answering) -> Finished:
        response = await self._fetch(answering.sending.request)
        finished = Finished(at=self._clock.now(), entry=answering.entry)
        try:
            done = answering.sending.receive(response)
        except (Malformed, Rejected) as error:
            refused = not_taken(error, response)
            finding = Finding(check=refused.check.id, detail=explain(refused).detail, field=refused.field)
            # OpenID4VP 1.0 section 8.2: who names where to go on has taken the answer, whatever that place is
            taken = refused.check is Check.RETURN_TARGET
            outcome = Outcome.DONE if taken else Outcome.REFUSED
            await self._end(flow_id, replace(finished, refusal=finding), outcome=outcome)
            raise refused from None
        finished = replace(finished, redirect_uri=done.redirect_uri)
        await self._end(flow_id, finished, outcome=Outcome.DONE)
        return finished

    async def _end(self, flow_id: str, finished: Finished, *, outcome: Outcome) -> None:
        check = None if finished.refusal is None else finished.refusal.check
        await self._safe.change(
            lambda contents: (
                amended(put_flow(contents, flow_id, finished), finished.entry, outcome=outcome, check=check),
                None,
            )
        )

    async def _fetch(self, request: HttpRequest) -> HttpResponse:
        """What the verifier answers; ``Unavailable`` where it says itself that it does not work.

        RFC 9110 section 15.6: the request may have been a good one, so that it is not refused.
        """
        response = await self._outbound.fetch(request)
        if response.status >= 500:
            raise Unavailable(host_of(request.url), f"it answers with status {response.status}")
        return response

    async def _note_unknown(self, host: str, error: Malformed | Rejected) -> None:
        """A request that came to nothing, because nobody who is known asked."""
        counterpart = Counterpart(name=host, host=host, certified=False)
        entry = replace(self._entry(Happening.REFUSED, counterpart), outcome=Outcome.DONE, check=error.check.id)
        await self._safe.change(lambda contents: (noted(contents, entry), None))

    async def _vet(self, consent: Consent) -> Vetting:
        held = [holding.credential for holding in self._safe.contents.holdings]
        return await self._vetting.vet_request(consent.request, held=held)

    async def _vetted_anew(self, flow_id: str, asked: Asked) -> Asked:
        """What was found may be told for a while; after that it is looked at again, before anything leaves."""
        if self._clock.now() < asked.vetting.until:
            return asked
        looked = replace(asked, vetting=await self._vet(asked.consent))
        await self._safe.change(lambda contents: (put_flow(contents, flow_id, looked), None))
        return looked

    def _asked_entry(self, happening: Happening, asked: Asked) -> Entry:
        request, vetting = asked.consent.request, asked.vetting
        entry = self._entry(happening, asking_counterpart(request.party, request.reply, vetting))
        return vetted(entry, vetting, sender=verifier_counterpart(request.party, request.reply))

    def _refusal_entry(self, refusal: Refusal) -> Entry:
        counterpart = verifier_counterpart(refusal.party, refusal.reply)
        return replace(self._entry(Happening.REFUSED, counterpart), check=refusal.check.id)

    def _entry(self, happening: Happening, counterpart: Counterpart) -> Entry:
        return Entry(
            id=self._new_id(),
            at=self._clock.now(),
            happening=happening,
            outcome=Outcome.UNKNOWN,
            counterpart=counterpart,
        )

    def _held(self, contents: WalletContents) -> Sequence[HeldCredential]:
        now = self._clock.now()
        usable = [holding for holding in reversed(contents.holdings) if is_usable(holding, now=now)]
        usable.sort(key=lambda holding: holding.unused == 0)
        return tuple(HeldCredential(id=holding.id, credential=holding.credential) for holding in usable)

    def _policy(self) -> WalletPolicy:
        return WalletPolicy(
            profile=self._rules.profile,
            anchors=self._trust.anchors,
            plain_origins=self._rules.plain_origins,
            transaction_types=self._rules.transaction_types,
        )


def present_copy(copy: Copy, planned: PlannedPresentation, *, challenge: Challenge, now: int) -> bytes:
    """Present one copy as the request asks; ``Rejected(TRANSACTION_REQUEST)`` where its issuer lets it sign nothing."""
    disclosure = planned.disclosure
    if disclosure.held.credential.format is Format.MDOC:
        issued = parse_issuer_signed(copy.data)
        if planned.transaction_data and not signs_transaction_data(issued):
            detail = "the issuer does not let the holder of this credential sign transactions"
            raise Rejected(Check.TRANSACTION_REQUEST, detail, field="transaction_data")
        assert copy.key is not None  # an mdoc is always bound to a key
        return present_mdoc(
            issued,
            paths=disclosure.paths,
            holder=copy.key,
            transcript=redirect_transcript(
                client_id=challenge.client_id,
                nonce=challenge.nonce,
                response_uri=challenge.response_uri,
                encryption_key_thumbprint=challenge.jwk_thumbprint,
            ),
            transaction_data=planned.transaction_data,
        )
    sdjwt = parse_sdjwt(copy.data)
    if copy.key is None:
        return present_unbound_sdjwt(sdjwt, paths=disclosure.paths)
    return present_sdjwt(
        sdjwt,
        paths=disclosure.paths,
        holder=copy.key,
        audience=challenge.client_id,
        nonce=challenge.nonce,
        now=now,
        transaction_data=planned.transaction_data,
    )


def _asked_for(consent: Consent) -> tuple[Mention, ...]:
    """What was asked for and not shown, as far as it is of a format that we know."""
    formats = {str(format_): format_ for format_ in Format}
    return tuple(
        Mention(
            type=query.types[0],
            format=formats[query.format],
            paths=tuple(claim.path for claim in query.claims),
            copies=0,
        )
        for query in consent.request.query.credentials
        if query.format in formats
    )
