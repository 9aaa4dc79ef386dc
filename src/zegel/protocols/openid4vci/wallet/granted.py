"""What a token is good for (RFC 6749 section 5.1): no more is asked for with it, and the rest is said to be missing."""

from dataclasses import replace

from zegel.checks import Check
from zegel.errors import Denied
from zegel.protocols.openid4vci.wallet.session import Session, Tokens, Wanted, Withheld


def check_granted(session: Session, tokens: Tokens) -> Session:
    """Return the session with what the tokens are good for still wanted, and the rest withheld.

    ``Denied`` with ACCESS_DENIED where nothing is left.
    """
    found = {each: _granted(each, session, tokens) for each in session.wanted}
    wanted = tuple(dict.fromkeys(one for granted in found.values() for one in granted))
    missing = tuple(
        Withheld(configuration=each.configuration, check=Check.ACCESS_DENIED.id)
        for each, granted in found.items()
        if not granted
    )
    if missing and not (wanted or session.received or session.pending):
        detail = "the server granted nothing of what was asked for"
        raise Denied("access_denied", Check.ACCESS_DENIED, detail, field="scope")
    withheld = tuple(dict.fromkeys((*session.withheld, *missing)))
    return replace(session, tokens=tokens, wanted=wanted, withheld=withheld)


def _granted(wanted: Wanted, session: Session, tokens: Tokens) -> tuple[Wanted, ...]:
    """Section 6.2: each identifier that came is a credential to ask for; without any, the scope says what may be."""
    identifiers = tokens.identifiers.get(wanted.configuration, ())
    if wanted.identifier is not None:  # of an earlier answer
        return (wanted,) if wanted.identifier in identifiers else ()
    if identifiers:
        return tuple(Wanted(configuration=wanted.configuration, identifier=each) for each in identifiers)
    scopes = session.asked_scopes if tokens.scope is None else tokens.scope
    if session.issuer.configurations[wanted.configuration].scope in scopes or not _says(session, tokens, scopes):
        return (wanted,)
    return ()


def _says(session: Session, tokens: Tokens, scopes: tuple[str, ...]) -> bool:
    """Whether the answer tells one configuration from another.

    Who asked by no scope (with a pre-authorized code, by details, with a refresh token) may be told scopes that are
    about something else.
    """
    known = {session.issuer.configurations[each.configuration].scope for each in session.wanted}
    return bool(tokens.identifiers or session.asked_scopes or known.intersection(scopes))
