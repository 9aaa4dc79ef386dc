"""The verifier's side of a DCQL query: does what was presented satisfy what was asked?

Each presentation is held against its credential query, all of them together against the sets, and whatever was
disclosed without being asked for is dropped: nobody reads it, nobody stores it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, final

from msgspec import structs

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.claims import Claim, Claims, select_claims
from zegel.formats.credential import CurrentPresentation, CurrentUnboundPresentation, VerifiedCredential
from zegel.primitives.claim_path import ClaimPath
from zegel.protocols.openid4vp.dcql import ClaimQuery, CredentialQuery, DcqlQuery
from zegel.protocols.openid4vp.matching import Found, is_certified, is_of_type, select_asked

Current: TypeAlias = CurrentPresentation | CurrentUnboundPresentation


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedAnswer:
    """Presentations that together satisfy the query, by the id of the credential query that each one answers.

    Their claims are those that were asked for. Of the copy that was shown, neither key nor status index nor time is
    left: nothing needs them any more, and they would link one sign-in to another (ARF 3.0 OIA_16). In ``unbound`` are
    the answers to ``require_cryptographic_holder_binding: false``: nothing says who presented them.
    """

    presentations: Mapping[str, tuple[CurrentPresentation, ...]]
    unbound: Mapping[str, tuple[CurrentUnboundPresentation, ...]]


def check_answer(query: DcqlQuery, presented: Mapping[str, Sequence[Current]]) -> AcceptedAnswer:
    """Check the presentations, by credential query id, against the query (OpenID4VP 1.0 sections 6.4 and 8.6).

    ``Rejected`` with QUERY_TYPE, TRUSTED_AUTHORITY, HOLDER_BINDING, QUERY_CLAIMS, or QUERY when something is missing.
    """
    answered = {id_ for id_, presentations in presented.items() if presentations}
    for position, (set_, options) in enumerate(zip(query.sets, _filled(query, answered), strict=True)):
        if set_.required and not options:
            field = f"credential_sets[{position}]" if query.credential_sets else "vp_token"
            raise Rejected(Check.QUERY, "expected presentations for a whole option", field=field)
    needed = needed_ids(query, answered)
    bound: dict[str, tuple[CurrentPresentation, ...]] = {}
    unbound: dict[str, tuple[CurrentUnboundPresentation, ...]] = {}
    for credential in query.credentials:
        if credential.id not in needed:
            continue
        if credential.holder_binding:
            bound[credential.id] = tuple(_bound(credential, entry) for entry in presented[credential.id])
        else:
            unbound[credential.id] = tuple(_unbound(credential, entry) for entry in presented[credential.id])
    return AcceptedAnswer(presentations=bound, unbound=unbound)


def needed_ids(query: DcqlQuery, answered: Collection[str]) -> frozenset[str]:
    """Those of the answered ids that count: those of each option that they fill. What is beyond answers nothing.

    A wallet does not say which options it took, and what it took fills them.
    """
    return frozenset(id_ for options in _filled(query, answered) for option in options for id_ in option)


def _filled(query: DcqlQuery, answered: Collection[str]) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """The options of each set that the answered ids fill."""
    return tuple(
        tuple(option for option in set_.options if all(id_ in answered for id_ in option)) for set_ in query.sets
    )


def _bound(query: CredentialQuery, presentation: Current) -> CurrentPresentation:
    if not isinstance(presentation, CurrentPresentation):
        raise Rejected(Check.HOLDER_BINDING, "expected a presentation with holder binding", field=_field(query))
    return structs.replace(presentation, credential=_asked(query, presentation.credential))


def _unbound(query: CredentialQuery, presentation: Current) -> CurrentUnboundPresentation:
    # A wallet may prove possession all the same (HAIP 1.0 section 6.1.1.1). Nobody asked for that, so nobody gets it.
    return CurrentUnboundPresentation(credential=_asked(query, presentation.credential), status=presentation.status)


def _asked(query: CredentialQuery, credential: VerifiedCredential) -> VerifiedCredential:
    """The credential with the claims that were asked for, and nothing that tells this copy from another."""
    if not is_of_type(query, credential):
        raise Rejected(Check.QUERY_TYPE, "expected the format and a type that were asked for", field=_field(query))
    if not is_certified(query, credential):
        detail = "expected an issuer under an authority that was asked for"
        raise Rejected(Check.TRUSTED_AUTHORITY, detail, field=_field(query))
    claims = _asked_claims(query, credential)
    return structs.replace(credential, claims=claims, holder_key=None, status=None, valid_from=None, valid_until=None)


def _asked_claims(query: CredentialQuery, credential: VerifiedCredential) -> Claims:
    missing: list[str] = []
    for option in query.options:
        paths: list[ClaimPath] = []
        for claim in option:
            found = _select_presented(claim, credential)
            if not found:
                missing.append(_spelled(claim.path))
                break
            paths += [path for path, _ in found]
        else:
            kept = _kept(credential.claims, paths)
            assert isinstance(kept, Mapping)
            return kept
    detail = f"expected {' or '.join(dict.fromkeys(missing))}, with a value that was asked for"
    raise Rejected(Check.QUERY_CLAIMS, detail, field=_field(query))


def _select_presented(claim: ClaimQuery, credential: VerifiedCredential) -> Found:
    """What a claim query selects in a presentation.

    An index counts the credential's entries. Those that were not disclosed are gone from a presentation (RFC 9901
    section 7.1), so that there an index stands for any entry that is left.
    """
    found: dict[ClaimPath, Claim] = {}
    for path in _reindexed(claim.path, 0, credential.claims):
        found.update(select_asked(replace(claim, path=path), credential.claims))
    return tuple(found.items())


def _reindexed(path: ClaimPath, start: int, claims: Claims) -> Iterator[ClaimPath]:
    position = next((at for at in range(start, len(path)) if type(path[at]) is int), None)
    if position is None:
        yield path
        return
    before, after = path[:position], path[position + 1 :]
    arrays = (value for _, value in select_claims(claims, before) if isinstance(value, list | tuple))
    for index in range(max(map(len, arrays), default=0)):
        yield from _reindexed((*before, index, *after), position + 1, claims)


def _kept(value: Claim, paths: Sequence[ClaimPath]) -> Claim:
    """The value with only what the paths lead to; entries of an array keep their order."""
    if () in paths:
        return value
    below: dict[str | int | None, list[ClaimPath]] = {}
    for first, *rest in paths:
        below.setdefault(first, []).append(tuple(rest))
    if isinstance(value, Mapping):
        return {name: _kept(inner, below[name]) for name, inner in value.items() if name in below}
    assert isinstance(value, list | tuple)
    return [_kept(inner, below[position]) for position, inner in enumerate(value) if position in below]


def _field(query: CredentialQuery) -> str:
    return f"vp_token.{query.id}"


def _spelled(path: ClaimPath) -> str:
    return "/".join("*" if element is None else str(element)[:_MAX_NAME] for element in path)


_MAX_NAME: Final = 80  # characters of a name in a message
