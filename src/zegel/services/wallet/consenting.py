"""What a person sees before a yes: who asks, what leaves the wallet and with which values, what for, and the choices.

And from what the person ticked back to the engine's ``Choice``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.catalogue.describe import name_in
from zegel.formats.catalogue.types import Catalogue, PayloadClaim, TransactionDataType
from zegel.formats.credential import Format
from zegel.primitives.json import Json
from zegel.protocols.openid4vp.another_device import is_for_another_device
from zegel.protocols.openid4vp.dcql import CredentialQuery
from zegel.protocols.openid4vp.matching import Candidate, Choice, CredentialMatch, QueryMatch, default_choice
from zegel.protocols.openid4vp.overasking import AskedClaim
from zegel.protocols.openid4vp.purpose import stated_purposes
from zegel.protocols.openid4vp.transaction_data import TransactionData
from zegel.services.wallet.cautioning import Caution, RegistrationView, describe_cautions, describe_registration
from zegel.services.wallet.contents import Asked, Brought, Counterpart, Holding, WalletContents
from zegel.services.wallet.describing import Named, named_batch, named_type, shown_value
from zegel.services.wallet.disclosing import PolicyOutcome, asking_party, outcome_of, policy_caution, sca_types
from zegel.services.wallet.holdings import always_visible, find_holding
from zegel.services.wallet.journal import asking_counterpart
from zegel.trust.disclosure_policy.check import AskingParty

DESPITE: Final = "despite-"
NOTHING: Final = "none"
"""What is ticked to leave out an optional set."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """A held credential that answers, and what of it would be disclosed: names and values.

    What the issuer left visible in every presentation is among them. ``repeats``: every copy has been shown before, so
    that verifiers could compare. ``policy`` is what came of the issuer's policy, None where it has none.
    """

    holding: str
    name: str
    format: str
    issuer: str
    claims: tuple[tuple[str, Any], ...]
    repeats: bool
    revoked: bool
    policy: PolicyOutcome | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A credential that is asked for. No offerings: nothing held answers. ``asked`` are the names of what is asked."""

    id: str
    name: str
    format: str
    asked: tuple[str, ...]
    multiple: bool
    offerings: tuple[Offering, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One of several ways to answer a set: the ids of its questions, and their names."""

    value: str
    questions: tuple[str, ...]
    names: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """A set with a choice in it. ``purpose`` is the verifier's own word, ``proposed`` the value that is ticked."""

    field: str
    purpose: str | None
    required: bool
    options: tuple[Alternative, ...]
    proposed: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What is authorised by the answer, in full: a title, and pairs of a name and a value, the most important first."""

    title: str
    pairs: tuple[tuple[str, Any], ...]
    agree: str | None
    deny: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """All of it. ``elsewhere``: the request came by scanning or pasting, or its verifier says that it is for a wallet
    on another device, so that its page may be another's screen.

    ``registration`` is what the party registered, ``cautions`` what the person has to set aside, one by one, before
    anything is shared. ``purposes`` say why, in the verifier's own words: those of the request, and of the sets in
    which there is nothing to choose. ``withheld`` are the names of credentials that the wallet shows nobody whom their
    issuers do not name.
    """

    party: Counterpart
    registration: RegistrationView | None
    cautions: tuple[Caution, ...]
    elsewhere: bool
    purposes: tuple[str, ...]
    questions: tuple[Question, ...]
    choices: tuple[Alternatives, ...]
    missing: tuple[str, ...]
    withheld: tuple[str, ...]
    transactions: tuple[Transaction, ...]


def describe_consent(
    asked: Asked,
    match: QueryMatch,
    *,
    contents: WalletContents,
    catalogue: Catalogue,
    locale: str,
) -> ConsentView:
    """Put a request, who makes it and what answers it into words."""
    request, vetting = asked.consent.request, asked.vetting
    party = asking_party(request.party, vetting)
    words = _Words(contents=contents, catalogue=catalogue, locale=locale, party=party)
    questions = {each.query.id: words.question(each) for each in match.credentials}
    choices = _choices(match, questions)
    fields = {choice.field for choice in choices}
    # what answers nothing, and is not missed, is not there
    told = {id_ for each in match.sets for option in each.options for id_ in option} | set(match.missing)
    return ConsentView(
        party=asking_counterpart(request.party, request.reply, vetting),
        registration=describe_registration(vetting, locale=locale),
        cautions=(*describe_cautions(vetting, name_of=words.asked_claim), *_policy_cautions(questions, told)),
        elsewhere=asked.brought is Brought.PASTED or is_for_another_device(request.verifier_info),
        purposes=stated_purposes(request.verifier_info)
        + tuple(
            each.set.purpose
            for position, each in enumerate(match.sets)
            if each.set.purpose is not None and set_field(position) not in fields
        ),
        questions=tuple(question for id_, question in questions.items() if id_ in told),
        choices=tuple(choices),
        missing=tuple(questions[id_].name for id_ in match.missing),
        withheld=tuple(question.name for id_, question in questions.items() if id_ in told and _is_withheld(question)),
        transactions=tuple(words.transaction(item) for item in request.transaction_data),
    )


def _policy_cautions(questions: Mapping[str, Question], told: Collection[str]) -> tuple[Caution, ...]:
    offerings = (offering for id_, question in questions.items() if id_ in told for offering in question.offerings)
    caution = policy_caution(
        (f"{offering.name} ({offering.format})", offering.policy)
        for offering in offerings
        if offering.policy is not None
    )
    return () if caution is None else (caution,)


def _is_withheld(question: Question) -> bool:
    """Nothing that answers may be shown, whatever the person says."""
    final_ = [offering.policy is not None and offering.policy.final for offering in question.offerings]
    return bool(final_) and all(final_)


def set_aside(form: Mapping[str, str]) -> frozenset[str]:
    """The checks whose warnings a form sets aside: ``despite-CHECK`` for each, and none is ticked beforehand."""
    return frozenset(name.removeprefix(DESPITE) for name in form if name.startswith(DESPITE))


def choice_of(match: QueryMatch, form: Mapping[str, str]) -> Choice:
    """The choice that a form stands for: ``set-N`` names an option, ``use-ID`` (or ``use-ID-HELD``) what answers.

    What is not named is what the page proposes. ``Rejected(HELD)`` for what is not on the page.
    """
    proposed = _proposed(match)
    options = tuple(_chosen_option(match, position, form, proposed) for position in range(len(match.sets)))
    ids = dict.fromkeys(id_ for option in options for id_ in option or ())
    return Choice(options=options, held={id_: _chosen_held(match, id_, form) for id_ in ids})


def _proposed(match: QueryMatch) -> Sequence[tuple[str, ...] | None]:
    """What is ticked of each set; nothing where the query as a whole cannot be answered."""
    return [None] * len(match.sets) if match.missing else default_choice(match).options


def _chosen_option(
    match: QueryMatch, position: int, form: Mapping[str, str], proposed: Sequence[tuple[str, ...] | None]
) -> tuple[str, ...] | None:
    set_ = match.sets[position]
    value = form.get(set_field(position))
    if value is None:
        return proposed[position]
    if value == NOTHING and not set_.set.required:
        return None
    if value.isdecimal() and len(value) < 4 and int(value) < len(set_.options):
        return set_.options[int(value)]
    raise Rejected(Check.HELD, "expected one of the options on the page", field=set_field(position))


def _chosen_held(match: QueryMatch, id_: str, form: Mapping[str, str]) -> tuple[str, ...]:
    candidates = [candidate.held.id for candidate in match.candidates(id_)]
    if match.query.credential(id_).multiple and len(candidates) > 1:
        ticked = tuple(held for held in candidates if held_field(id_, held) in form)
        return ticked or tuple(candidates[:1])
    named = form.get(held_field(id_))
    return (named,) if named is not None else tuple(candidates[:1])


def set_field(position: int) -> str:
    """The name of the field in which the option of a set is chosen."""
    return f"set-{position}"


def held_field(query_id: str, held: str | None = None) -> str:
    """The name of the field in which it is chosen what answers a credential query."""
    return f"use-{query_id}" if held is None else f"use-{query_id}-{held}"


def _choices(match: QueryMatch, questions: Mapping[str, Question]) -> list[Alternatives]:
    """The sets in which there is something to choose."""
    found = []
    proposed = _proposed(match)
    for position, each in enumerate(match.sets):
        if len(each.options) > 1 or (each.options and not each.set.required):
            options = tuple(
                Alternative(
                    value=str(at),
                    questions=option,
                    names=tuple(f"{questions[id_].name}, {questions[id_].format}" for id_ in option),
                )
                for at, option in enumerate(each.options)
            )
            found.append(
                Alternatives(
                    field=set_field(position),
                    purpose=each.set.purpose,
                    required=each.set.required,
                    options=options,
                    proposed=_value_of(each.options, proposed[position]),
                )
            )
    return found


def _value_of(options: Sequence[tuple[str, ...]], option: tuple[str, ...] | None) -> str:
    return NOTHING if option is None else str(options.index(option))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Where names come from."""

    contents: WalletContents
    catalogue: Catalogue
    locale: str
    party: AskingParty

    def question(self, match: CredentialMatch) -> Question:
        query = match.query
        named = self._of_query(query)
        return Question(
            id=query.id,
            name=query.id if named is None else named.name,
            format=query.format if named is None else named.format_name,
            asked=tuple(self._asked(query, named)),
            multiple=query.multiple and len(match.candidates) > 1,
            offerings=tuple(map(self._offering, match.candidates)),
        )

    def asked_claim(self, asked: AskedClaim) -> str:
        """A claim that is asked for, with the name of what it is in."""
        formats = {str(format_): format_ for format_ in Format}
        if asked.format not in formats:
            return ".".join(map(str, asked.path)) or asked.format
        named = named_type(asked.type, formats[asked.format], self.catalogue, locale=self.locale)
        claim = named.claim(asked.path) if asked.path else "that you hold it"
        return f"{named.name} ({named.format_name}): {claim}"

    def transaction(self, item: TransactionData) -> Transaction:
        """The members that the type describes, then every other one: nothing that is signed stays out of sight."""
        known = self._transaction_type(item.type)
        leaves = dict(_leaves((), item.members))
        claims = sorted(() if known is None else known.claims, key=lambda claim: claim.visualisation)
        pairs = [
            (name_in(claim.names, self.locale), self._meaning(claim, leaves.pop(claim.path)))
            for claim in claims
            if claim.path in leaves
        ]
        pairs += [(".".join(path), value) for path, value in leaves.items()]
        return Transaction(
            title=self._label(known, "transaction_title") or item.type,
            pairs=tuple(pairs),
            agree=self._label(known, "affirmative_action_label"),
            deny=self._label(known, "denial_action_label"),
        )

    def _meaning(self, claim: PayloadClaim, value: Json) -> Json:
        names = claim.values.get(value) if isinstance(value, str) else None
        return value if names is None else name_in(names, self.locale)

    def _offering(self, candidate: Candidate) -> Offering:
        holding = find_holding(self.contents, candidate.held.id)
        named = named_batch(holding.batch, self.catalogue, locale=self.locale)
        visible = [path for path in always_visible(holding) if path not in candidate.paths]
        claims = [*candidate.claims, *((path, holding.credential.claims[str(path[0])]) for path in visible)]
        return Offering(
            holding=holding.id,
            name=named.name,
            format=named.format_name,
            issuer=holding.credential.issuer.entity,
            claims=tuple((named.claim(path), shown_value(value, path, named)) for path, value in claims),
            repeats=holding.unused == 0,
            revoked=_is_revoked(holding),
            policy=outcome_of(holding, self.party, sca=sca_types(self.catalogue)),
        )

    def _of_query(self, query: CredentialQuery) -> Named | None:
        formats = {str(format_): format_ for format_ in Format}
        if query.format not in formats:
            return None
        return named_type(query.types[0], formats[query.format], self.catalogue, locale=self.locale)

    def _asked(self, query: CredentialQuery, named: Named | None) -> list[str]:
        if named is None:
            return [".".join(map(str, claim.path)) for claim in query.claims]
        return [named.claim(claim.path) for claim in query.claims]

    def _transaction_type(self, type_: str) -> TransactionDataType | None:
        described = (data for attestation in self.catalogue.types.values() for data in attestation.transaction_data)
        return next((data for data in described if data.type == type_), None)

    def _label(self, known: TransactionDataType | None, label: str) -> str | None:
        names = None if known is None else known.labels.get(label)
        return None if names is None else name_in(names, self.locale)


def _is_revoked(holding: Holding) -> bool:
    return holding.standing is not None and bool(holding.standing.check)


def _leaves(at: tuple[str, ...], value: Json) -> list[tuple[tuple[str, ...], Json]]:
    if isinstance(value, Mapping) and value:
        return [leaf for name, inner in value.items() for leaf in _leaves((*at, name), inner)]
    return [(at, value)]
