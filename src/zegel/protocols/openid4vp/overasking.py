"""Over-asking: what a query could make a wallet disclose, held against what is registered (ARF 3.0 RPRC_21).

What counts is every answer that the query admits, not the one that a wallet would give: each option of each credential
set, optional ones too, and each claim set. A path asks for all that lies below it, and null for every entry. Values,
``multiple`` and trusted authorities change which credentials answer, and never which claims. Who registered every entry
of an array, or every member of an object that is known today, did not register the array or the object.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.claim_path import ClaimPath, is_within
from zegel.primitives.json import JsonObject
from zegel.protocols.openid4vp.dcql import CredentialQuery, DcqlQuery
from zegel.protocols.openid4vp.pid import is_pid
from zegel.trust.registration.credentials import RegisteredCredential

_PID: Final = "urn:eudi:pid:1"  # which every domestic PID extends (PID rulebook 1.7 PID_14)


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
    return tuple(asked for credential in _answerable(query) for asked in _asked(credential))


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
    return tuple(
        asked
        for credential in _answerable(query)
        for asked in _asked(credential)
        if (concerned and credential.id not in concerned)
        or not any(_covers(each, asked, credential.foreign_meta, extended) for each in registered)
    )


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
    """What is in an option of a set; nothing else is ever answered (section 6.4.2)."""
    optional = {id_ for set_ in query.sets for option in set_.options for id_ in option}
    return (credential for credential in query.credentials if credential.id in optional)


def _asked(credential: CredentialQuery) -> Iterator[AskedClaim]:
    paths = dict.fromkeys(claim.path for option in credential.options for claim in option) or ((),)
    for type_ in dict.fromkeys(credential.types) or ("",):
        for path in paths:
            yield AskedClaim(query_id=credential.id, format=credential.format, type=type_, path=path)


def _covers(
    registered: RegisteredCredential, asked: AskedClaim, meta: JsonObject, extended: Mapping[str, Collection[str]]
) -> bool:
    if registered.format != asked.format or registered.foreign_meta != meta:
        return False
    types = {asked.type, *extended.get(asked.type, ())}
    if registered.types and types.isdisjoint(registered.types):
        return False
    return not asked.path or any(is_within(asked.path, path) for path in registered.claims)


_MOST_NAMED: Final = 8


def _words(beyond: Sequence[AskedClaim]) -> str:
    named = [f"{asked.type or asked.format} {'.'.join(map(_element, asked.path))}".strip() for asked in beyond]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return ", ".join(named[:_MOST_NAMED]) + more


def _element(element: str | int | None) -> str:
    return "*" if element is None else str(element)[:80]
