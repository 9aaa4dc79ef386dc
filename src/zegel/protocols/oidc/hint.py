"""``id_token_hint``: whom a service expects to sign in, by an ID Token that it was given before."""

from typing import Final

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected
from zegel.primitives.json import JsonObject
from zegel.primitives.jws import parse_jws, verify_jws
from zegel.protocols.oidc.client import RegisteredClient
from zegel.protocols.oidc.provider import Provider, key_id
from zegel.protocols.oidc.subject import Transient

_WHAT: Final = "id_token_hint"


def check_id_token_hint(hint: str, *, client: RegisteredClient, provider: Provider) -> str:
    """The subject of the person whom ``client`` expects.

    ``Denied`` with invalid_request and ID_TOKEN_HINT for what is no ID Token of ours for this client, and with
    login_required and HINTED_PERSON where nobody can be the one: a transient subject comes once.
    """
    claims = _verified(hint, provider)
    # OpenID Connect Core 1.0 section 3.1.2.2: that we issued it; that its time is over takes nothing from a hint
    if claims.get("iss") != provider.issuer:
        raise _foreign("expected an ID Token of this provider")
    if claims.get("aud") != client.client.id:
        raise _foreign("expected an ID Token for this client")
    subject = claims.get("sub")
    if type(subject) is not str:
        raise _foreign("expected a subject")
    if isinstance(client.client.subject, Transient):
        raise another_person("the client is registered for a new subject at each sign-in")
    return subject


def _verified(hint: str, provider: Provider) -> JsonObject:
    """What a token says that one of the provider's keys signed, of those that are published."""
    keys = {key_id(key): key for key in (provider.signer.public_key, *provider.other_keys)}
    try:
        token = parse_jws(hint, what=_WHAT)
        key = keys.get(token.unverified_header.kid or "")
        if key is None:
            raise _foreign("expected an ID Token under a key that the provider publishes")
        return verify_jws(token, key=key, typ="JWT").claims
    except (Malformed, Rejected) as error:
        raise _foreign(error.detail) from None


def another_person(detail: str) -> Denied:
    """The refusal when whoever presents is not whom the hint is about (section 3.1.2.2)."""
    return Denied("login_required", Check.HINTED_PERSON, detail, field=_WHAT)


def _foreign(detail: str) -> Denied:
    return Denied("invalid_request", Check.ID_TOKEN_HINT, detail, field=_WHAT)
