"""Over-asking: what a query could make a wallet disclose, held against what is registered (ARF 3.0 RPRC_21).

What counts is every answer that the query admits, not the one that a wallet would give: each option of each credential
set, optional ones too, and each claim set. A path asks for all that lies below it, and null for every entry. Values,
``multiple`` and trusted authorities change which credentials answer, and never which claims.

Who registered every member of an object that is known today did not register the object. Who registered every entry of
an array registered the array where the query leads into it as into one: without that, anything could stand there, and
an empty array has no entry. What no credential can be, an object and an array at once, is not asked for at all.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.claim_path import ClaimPath, is_within
from zegel.primitives.json import JsonObject
from zegel.protocols.openid4vp.dcql import CredentialQuery, DcqlQuery
from zegel.protocols.openid4vp.pid import is_pid
from zegel.trust.registration.credentials import RegisteredCredential

_PID: Final = "urn:eudi:pid:1"  # which every domestic PID extends (PID rulebook 1.7 PID_14)
_Option: TypeAlias = tuple[ClaimPath, ...]
"""Paths of one claim set, which one credential answers together."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AskedClaim:
    """A claim of an attestation type that some admissible answer discloses.

    An empty ``path`` is the attestation itself: a query without claims discloses that it is there, and of it what its
    format always discloses (OpenID4VP 1.0 section 6.4.1). ``type`` is empty in a format that is not ours.
    """

    query_id: str
    format: str
    type: str
    path: ClaimPath


def asked_claims(query: DcqlQuery) -> tuple[AskedClaim, ...]:
    """Everything that an admissible answer could disclose, in the order of the query, each claim once a type."""
    return tuple(dict.fromkeys(asked for credential in _answerable(query) for asked, _ in _asked(credential)))


def unregistered_claims(
    query: DcqlQuery,
    registered: Sequence[RegisteredCredential],
    *,
    concerned: Collection[str],
    extended: Mapping[str, Collection[str]],
) -> tuple[AskedClaim, ...]:
    """Exactly what is asked for beyond the registration; empty when all of it is registered.

    ``concerned`` are the credential queries that the registration is for, empty for all. ``extended`` gives the types
    that a type extends, as far as they are known: whoever registered the one may ask for the other.
    """
    beyond = (
        asked
        for credential in _answerable(query)
        for asked, spelled in _asked(credential)
        if (concerned and credential.id not in concerned)
        or not any(_covers(each, asked, spelled, credential.foreign_meta, extended) for each in registered)
    )
    return tuple(dict.fromkeys(beyond))


def check_registered(
    query: DcqlQuery,
    registered: Sequence[RegisteredCredential],
    *,
    concerned: Collection[str],
    extended: Mapping[str, Collection[str]],
) -> DcqlQuery:
    """Return the query if it asks for nothing beyond the registration; ``Rejected(OVER_ASKING)`` says what it does."""
    beyond = unregistered_claims(query, registered, concerned=concerned, extended=extended)
    if beyond:
        raise Rejected(Check.OVER_ASKING, f"not registered: {_words(beyond)}", field="dcql_query")
    return query


def domestic_types(query: DcqlQuery) -> Mapping[str, frozenset[str]]:
    """What is known of the types in a query without holding any: a domestic PID extends the PID (PID_14).

    What other types extend shows to whoever holds one.
    """
    types = (type_ for credential in query.credentials for type_ in credential.types)
    return {type_: frozenset({_PID}) for type_ in types if is_pid((type_,))}


def _answerable(query: DcqlQuery) -> Iterator[CredentialQuery]:
    """What is in an option of a set that can be answered; nothing else is ever answered (section 6.4.2)."""
    possible = {credential.id for credential in query.credentials if _options(credential)}
    answerable = [[option for option in set_.options if possible.issuperset(option)] for set_ in query.sets]
    if any(set_.required and not options for set_, options in zip(query.sets, answerable, strict=True)):
        return iter(())
    optional = {id_ for options in answerable for option in options for id_ in option}
    return (credential for credential in query.credentials if credential.id in optional)


def _asked(credential: CredentialQuery) -> Iterator[tuple[AskedClaim, tuple[ClaimPath, ...]]]:
    """Each claim of each option, and the paths that lead to all of it: its own, and that of every entry of an array."""
    options = [(option, _arrays(option)) for option in _options(credential)]
    for type_ in dict.fromkeys(credential.types) or ("",):
        for option, arrays in options:
            for path in option or ((),):
                asked = AskedClaim(query_id=credential.id, format=credential.format, type=type_, path=path)
                yield asked, (path, (*path, None)) if path in arrays else (path,)


def _options(credential: CredentialQuery) -> list[_Option]:
    """The claim sets that some credential could answer."""
    paths = dict.fromkeys(claim.path for claim in credential.claims)
    barred = {path: {other for other in paths if _contradict(path, other)} for path in paths}
    options = [tuple(claim.path for claim in option) for option in credential.options]
    return [option for option in options if all(barred[path].isdisjoint(option) for path in option)]


def _contradict(one: ClaimPath, other: ClaimPath) -> bool:
    """Whether both lead through one value, the one as through an object and the other as through an array.

    Section 7.1.1: either of them would abort there. Of two paths each of which has null where the other has an index
    none is sure to lead to a value of the other's, and nothing is concluded.
    """
    for position, (left, right) in enumerate(zip(one, other, strict=False)):
        if isinstance(left, str) != isinstance(right, str):
            return is_within(one[:position], other[:position]) or is_within(other[:position], one[:position])
    return False


def _arrays(option: _Option) -> frozenset[ClaimPath]:
    """Where an array with an entry stands in each credential that answers; below null it may be an empty one."""
    return frozenset(
        path[:position]
        for path in option
        for position, element in enumerate(path)
        if not isinstance(element, str) and None not in path[:position]
    )


def _covers(
    registered: RegisteredCredential,
    asked: AskedClaim,
    spelled: Collection[ClaimPath],
    meta: JsonObject,
    extended: Mapping[str, Collection[str]],
) -> bool:
    if registered.format != asked.format or registered.foreign_meta != meta:
        return False
    types = {asked.type, *extended.get(asked.type, ())}
    if registered.types and types.isdisjoint(registered.types):
        return False
    return not asked.path or any(is_within(way, path) for path in registered.claims for way in spelled)


_MOST_NAMED: Final = 8


def _words(beyond: Sequence[AskedClaim]) -> str:
    named = [f"{asked.type or asked.format} {'.'.join(map(_element, asked.path))}".strip() for asked in beyond]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return ", ".join(named[:_MOST_NAMED]) + more


def _element(element: str | int | None) -> str:
    return "*" if element is None else str(element)[:80]
