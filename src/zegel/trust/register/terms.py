"""By what a party is found: the filters of TS5 1.3 section 3.2.2 as terms, and the words of its names.

A filter is a kind and a value, in one spelling. The four filters of an intended use are about one credential of one use
where several are given, which terms alone do not tell: ``uses_match`` does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.claim_path import ClaimPath, is_within, parse_claim_path
from zegel.primitives.json import encode_json, parse_json
from zegel.trust.register.values import IntendedUse, WalletRelyingParty
from zegel.trust.registration.credentials import RegisteredCredential

Term = tuple[str, str]
ALL: Final[Term] = ("all", "")
"""What every party is found by."""
MAX_PATH_TEXT: Final = 1_000  # characters; three times what the longest path of the specifications has


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UseQuestion:
    """Which intended use is looked for: what is None does not matter."""

    identifier: str | None = None
    format: str | None = None
    meta: str | None = None
    path: ClaimPath | None = None
    policy: str | None = None


def name_term(kind: str, name: str) -> Term:
    """A name, however it is spaced and capitalised."""
    return kind, " ".join(name.casefold().split())


def terms_of(party: WalletRelyingParty) -> frozenset[Term]:
    """Every term that finds a party."""
    return frozenset(_terms(party))


def words_of(party: WalletRelyingParty) -> str:
    """The names that a text is looked for in."""
    names = (party.official_name, party.trade_name, *(service.trade_name for service in party.services))
    return " ".join((*dict.fromkeys(names), *(each.identifier for each in party.identifiers)))


def uses_match(party: WalletRelyingParty, question: UseQuestion) -> bool:
    """Whether one intended use that has not ended is as asked, with one credential that is."""
    return any(_use_matches(use, question) for use in party.intended_uses if use.revoked is None)


def read_path(text: str, *, where: str) -> ClaimPath:
    """A path as a query names it: a JSON array, or the one name that it has."""
    what = "query"
    if len(text) > MAX_PATH_TEXT:
        raise Malformed(what, where, f"expected at most {MAX_PATH_TEXT} characters")
    if not text.startswith("["):
        return parse_claim_path([text], what=what, where=where)
    try:
        value = parse_json(text, what=what)
    except Malformed:
        raise Malformed(what, where, "expected a name, or a JSON array") from None
    return parse_claim_path(value, what=what, where=where)


def path_term(path: ClaimPath) -> Term:
    """A path."""
    return "claimpath", encode_json(path).decode()


def _terms(party: WalletRelyingParty) -> Iterator[Term]:
    yield ALL
    yield from (("identifier", each.identifier) for each in party.identifiers)
    yield name_term("legalname", party.official_name)
    yield name_term("tradename", party.trade_name)
    yield from (name_term("tradename", service.trade_name) for service in party.services)
    yield from (("policy", policy.uri) for policy in party.policies)
    yield from (("entitlement", each) for each in party.entitlements)
    yield "isintermediary", str(party.intermediary).lower()
    for used in party.intermediaries:
        yield "usesintermediary", used.identifier
        if used.trade_name is not None:
            yield name_term("usesintermediary", used.trade_name)
    for service in party.services:
        yield from (("providesattestation", type_) for each in service.provides for type_ in each.types)
    for use in party.intended_uses:
        if use.revoked is None:
            yield from _terms_of_use(use)


def _terms_of_use(use: IntendedUse) -> Iterator[Term]:
    if use.identifier is not None:
        yield "intendeduseidentifier", use.identifier
    yield from (("policy", policy.uri) for policy in use.policies)
    for credential in use.credentials:
        yield "credentialformat", credential.format
        yield from (("credentialmeta", type_) for type_ in credential.types)
        yield from (path_term(path) for path in credential.claims)


def _use_matches(use: IntendedUse, question: UseQuestion) -> bool:
    if question.identifier not in (None, use.identifier):
        return False
    if question.policy is not None and question.policy not in {policy.uri for policy in use.policies}:
        return False
    return any(_credential_matches(credential, question) for credential in use.credentials)


def _credential_matches(credential: RegisteredCredential, question: UseQuestion) -> bool:
    if question.format not in (None, credential.format):
        return False
    if question.meta is not None and question.meta not in credential.types:
        return False
    return question.path is None or any(is_within(question.path, path) for path in credential.claims)
