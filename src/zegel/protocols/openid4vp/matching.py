"""The wallet's side of a DCQL query: what it can answer, what that would disclose, and what the user chose.

    match_query     the candidates for each credential query, each with the very claims it would disclose
    default_choice  what the wallet proposes
    check_choice    the user's choice as instructions: this credential, these paths, nothing else

OpenID4VP 1.0 sections 6.4 and 7.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Final, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.claims import Claim, Claims, json_claim, select_claims
from zegel.formats.credential import Format, VerifiedCredential
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.encoding import base64url
from zegel.primitives.keys import Algorithm
from zegel.primitives.times import whole
from zegel.protocols.openid4vp.dcql import (
    AUTHORITY_KEY_ID,
    ClaimQuery,
    CredentialQuery,
    CredentialSet,
    DcqlQuery,
    TrustedAuthority,
)
from zegel.protocols.openid4vp.pid import is_pid

Found: TypeAlias = tuple[tuple[ClaimPath, Claim], ...]
MAX_WAYS: Final = 1_000  # to answer, in which whoever signs is looked for; nobody reads a query that has more
MAX_PRESENTATIONS: Final = 16  # of one credential query with ``multiple``; nobody holds more of a kind


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCredential:
    """A credential of the wallet, under its id there. Of a batch's copies one stands for all."""

    id: str
    credential: VerifiedCredential


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A held credential that answers a credential query, and each claim that it would disclose, with its own path."""

    held: HeldCredential
    claims: Found

    @property
    def paths(self) -> tuple[ClaimPath, ...]:
        """The paths to disclose; empty for nothing that is selectively disclosable."""
        return tuple(path for path, _ in self.claims)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialMatch:
    """A credential query and what answers it."""

    query: CredentialQuery
    candidates: tuple[Candidate, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SetMatch:
    """A credential set and those of its options that can be answered, in the verifier's order."""

    set: CredentialSet
    options: tuple[tuple[str, ...], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class QueryMatch:
    """What a wallet can answer to a query: the consent page shows it.

    ``signers``: for each piece of transaction data, the ids of the credential queries of which an answer signs it.
    """

    query: DcqlQuery
    credentials: tuple[CredentialMatch, ...]
    sets: tuple[SetMatch, ...]
    signers: tuple[tuple[str, ...], ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The credential queries that nothing answers and for want of which a required set fails."""
        answered = {match.query.id for match in self.credentials if match.candidates}
        wanted = [match.set.options for match in self.sets if match.set.required and not match.options]
        ids = [id_ for options in wanted for option in options for id_ in option if id_ not in answered]
        return tuple(dict.fromkeys(ids))

    def candidates(self, query_id: str) -> tuple[Candidate, ...]:
        """What answers the credential query of that id; nothing for an unknown one."""
        for match in self.credentials:
            if match.query.id == query_id:
                return match.candidates
        return ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the user chose: of each set of the query an option, None for nothing; and ids of held credentials, by the id
    of the credential query that they answer."""

    options: tuple[tuple[str, ...] | None, ...]
    held: Mapping[str, tuple[str, ...]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One presentation to make: of which credential, for which credential query, with which claims."""

    query_id: str
    held: HeldCredential
    paths: tuple[ClaimPath, ...]

    @property
    def holder_binding(self) -> bool:
        """Whether to prove possession of the holder's key.

        HAIP 1.0 section 6.1.1.1: always where the credential has one, also where the query would do without.
        """
        return self.held.credential.holder_key is not None


def match_query(
    query: DcqlQuery,
    held: Sequence[HeldCredential],
    *,
    formats: Collection[str],
    issuer_algorithms: Mapping[str, Collection[Algorithm]],
    without_pid: Collection[str],
    signers: tuple[tuple[str, ...], ...] = (),
) -> QueryMatch:
    """Match what is held against the query.

    ``formats`` are those that the verifier can take, and ``issuer_algorithms`` those with which it takes them signed,
    where it names any; ``without_pid`` the ids of the credential queries that no PID may answer; ``signers`` as in
    ``QueryMatch``.
    """
    matches = tuple(
        CredentialMatch(
            query=credential,
            candidates=tuple(
                Candidate(held=entry, claims=claims)
                for entry in (held if credential.format in formats else ())
                if not (credential.id in without_pid and is_pid(entry.credential.types))
                and _can_be_verified(entry.credential, issuer_algorithms)
                and (claims := _disclosed(credential, entry.credential)) is not None
            ),
        )
        for credential in query.credentials
    )
    answered = {match.query.id for match in matches if match.candidates}
    return QueryMatch(
        query=query,
        credentials=matches,
        sets=tuple(
            SetMatch(set=set_, options=tuple(option for option in set_.options if answered.issuperset(option)))
            for set_ in query.sets
        ),
        signers=signers,
    )


def _can_be_verified(credential: VerifiedCredential, issuer_algorithms: Mapping[str, Collection[Algorithm]]) -> bool:
    # sections B.2.2 and B.3.4: what the verifier cannot verify would be shown to it for nothing
    algorithm = credential.issuer.algorithm
    return algorithm is None or algorithm in issuer_algorithms.get(str(credential.format), (algorithm,))


def default_choice(match: QueryMatch) -> Choice:
    """What the query prefers among the ways that sign the transaction data with the least of what is optional.

    ``Rejected(HELD)`` when nothing answers. Of a query with more ways than ``MAX_WAYS`` the first are looked at.
    """
    _refuse_missing(match)
    ways = product(*(set_.options if set_.set.required else (None, *set_.options) for set_ in match.sets))
    options = min(islice(ways, MAX_WAYS if match.signers else 1), key=lambda way: _cost(match, way))
    ids = _ids(options)
    return Choice(options=options, held={id_: (match.candidates(id_)[0].held.id,) for id_ in sorted(ids)})


def _cost(match: QueryMatch, way: Sequence[tuple[str, ...] | None]) -> tuple[int, int]:
    """How much of the transaction data nobody would sign, and how many optional sets are answered."""
    ids = _ids(way)
    optional = sum(option is not None and not set_.set.required for option, set_ in zip(way, match.sets, strict=True))
    return sum(ids.isdisjoint(signers) for signers in match.signers), optional


def _ids(options: Sequence[tuple[str, ...] | None]) -> frozenset[str]:
    return frozenset(id_ for option in options for id_ in option or ())


def check_choice(match: QueryMatch, choice: Choice) -> tuple[Disclosure, ...]:
    """Turn a choice into what to present; ``Rejected(HELD)`` unless it answers the query, with nothing beyond it."""
    _refuse_missing(match)
    for set_, option in zip(match.sets, choice.options, strict=True):
        if option not in (set_.options if set_.set.required else (None, *set_.options)):
            raise Rejected(Check.HELD, "expected an option of each required set of credentials", field="choice")
    needed = _ids(choice.options)
    if any(needed.isdisjoint(signers) for signers in match.signers):
        # section 5.1: a credential that the transaction data names has to sign it
        raise Rejected(Check.HELD, "expected a credential that signs what is to be confirmed", field="choice")
    if {id_ for id_, held in choice.held.items() if held} != needed:
        # section 6.4.2: what satisfies the query is returned, not what else would match
        detail = "expected credentials for the options that were chosen, and none beyond those"
        raise Rejected(Check.HELD, detail, field="choice")
    return tuple(
        disclosure
        for credential in match.query.credentials
        for disclosure in _disclosures(match, credential, choice.held.get(credential.id, ()))
    )


def is_of_type(query: CredentialQuery, credential: VerifiedCredential) -> bool:
    """Whether the credential has the format and a type that are asked for (sections B.2.3 and B.3.5)."""
    if query.format != credential.format:
        return False
    # section B.3.5: also a credential whose type extends one of them; a doctype is what it is
    types = credential.types if credential.format is Format.SD_JWT_VC else (credential.type,)
    return not set(types).isdisjoint(query.types)


def is_certified(query: CredentialQuery, credential: VerifiedCredential) -> bool:
    """Whether one of the trusted authorities, if any are asked for, certified the issuer (section 6.1.1)."""
    key_ids = {base64url(key_id) for key_id in credential.issuer.key_ids}
    return not query.trusted_authorities or any(
        _certifies(authority, key_ids) for authority in query.trusted_authorities
    )


def select_asked(claim: ClaimQuery, claims: Claims) -> Found:
    """The claims that a claim query selects; one whose value is not among ``values`` counts as not there.

    Section 6.3: type and value both match exactly; what an mdoc holds is converted to JSON first.
    """
    found = select_claims(claims, claim.path)
    if not claim.values:
        return found
    return tuple((path, value) for path, value in found if _is_among(value, claim.values))


def _disclosed(query: CredentialQuery, credential: VerifiedCredential) -> Found | None:
    """What the credential would disclose to answer the query; None if it cannot."""
    if not is_of_type(query, credential) or not is_certified(query, credential):
        return None
    if query.holder_binding and credential.holder_key is None:
        return None  # section B.3.6: what is bound to nobody cannot be returned in this case
    for option in query.options:  # section 6.4.1: the first option that can be satisfied
        found = _select_all(option, credential.claims)
        if found is not None:
            return found
    return None


def _select_all(option: tuple[ClaimQuery, ...], claims: Claims) -> Found | None:
    wanted: dict[ClaimPath, ClaimQuery] = {}
    for claim in option:
        wanted.setdefault(claim.path, claim)  # section 6.1: of two claim queries for one claim the second is ignored
    selected: dict[ClaimPath, Claim] = {}
    for claim in wanted.values():
        found = select_asked(claim, claims)
        if not found:
            return None
        selected.update(found)
    return tuple(selected.items())


def _certifies(authority: TrustedAuthority, key_ids: Collection[str]) -> bool:
    # etsi_tl and openid_federation need lists and federations that are not loaded here: nothing ever matches them
    return authority.type == AUTHORITY_KEY_ID and not set(authority.values).isdisjoint(key_ids)


def _is_among(value: Claim, values: Collection[str | int | bool]) -> bool:
    converted = whole(json_claim(value))
    return any(type(candidate) is type(converted) and candidate == converted for candidate in values)


def _refuse_missing(match: QueryMatch) -> None:
    if match.missing:
        # section 6.4.2: what cannot be answered as a whole is not answered at all
        raise Rejected(Check.HELD, f"nothing held answers {', '.join(match.missing)}", field="dcql_query")


def _disclosures(match: QueryMatch, query: CredentialQuery, chosen: Sequence[str]) -> tuple[Disclosure, ...]:
    candidates = {candidate.held.id: candidate for candidate in match.candidates(query.id)}
    limit = MAX_PRESENTATIONS if query.multiple else 1
    if len(set(chosen)) != len(chosen) or len(chosen) > limit or not candidates.keys() >= set(chosen):
        raise Rejected(Check.HELD, f"expected candidates, at most {limit}", field=f"choice.{query.id}")
    return tuple(
        Disclosure(
            query_id=query.id,
            held=candidates[id_].held,
            paths=candidates[id_].paths,
        )
        for id_ in chosen
    )
