"""What the servers answer, read once: tokens, and credentials or the time to ask for them again."""

from collections.abc import Mapping
from math import ceil
from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Format
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.http import HttpResponse
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.keys import PrivateKey
from zegel.primitives.times import whole
from zegel.protocols.oauth.authorization_details import MAX_DETAILS, TYPE
from zegel.protocols.openid4vci.configuration import CredentialConfiguration
from zegel.protocols.openid4vci.encryption import open_response
from zegel.protocols.openid4vci.metadata import MAX_BATCH
from zegel.protocols.openid4vci.wallet.session import Pending, Received, Tokens, parse_member, refusal_of

MAX_INTERVAL: Final = 2_592_000  # a month; who says more may be asked earlier
MAX_LIFETIME: Final = 31_536_000  # a year; a token that lasts longer is renewed earlier
_TOKENS: Final = "token response"
_RESULT: Final = "credential response"


def check_token_type(members: JsonObject) -> JsonObject:
    """Return a token response if its token is bound to the DPoP key; ``Rejected(DPOP_BINDING)`` otherwise."""
    # RFC 9449 section 5: a token of another type is one that whoever finds it can use
    if parse_member(members, "token_type", what=_TOKENS).lower() != "dpop":
        raise Rejected(Check.DPOP_BINDING, "expected a token that is bound to the DPoP key", field="token_type")
    return members


def parse_tokens(members: JsonObject, *, before: Tokens | None, now: int) -> Tokens:
    """Parse a token response (section 6.2, RFC 6749 section 5.1); what a refresh leaves out is as it was ``before``."""
    access_token = parse_member(members, "access_token", what=_TOKENS)
    lifetime = whole(members.get("expires_in"))
    if lifetime is not None and (type(lifetime) is not int or lifetime <= 0):
        raise Malformed(_TOKENS, "expires_in", "expected seconds")
    kept = None if before is None else before.refresh_token
    identifiers = _identifiers(members.get("authorization_details"))
    scope = members.get("scope")
    if scope is not None and type(scope) is not str:
        raise Malformed(_TOKENS, "scope", "expected text")
    said = None if before is None else before.scope
    return Tokens(
        access_token=access_token,
        expires=None if lifetime is None else now + min(lifetime, MAX_LIFETIME),
        refresh_token=_optional(members, "refresh_token", _TOKENS) or kept,
        identifiers=identifiers or ({} if before is None else before.identifiers),
        scope=said if scope is None else tuple(scope.split()),
    )


def result_of(
    response: HttpResponse,
    *,
    key: PrivateKey | None,
    configuration: CredentialConfiguration,
    copies: int | None,
    now: int,
) -> Received | Pending:
    """The credentials, at most ``copies`` of them, or when to ask for them; ``Denied`` with the issuer's error."""
    if response.status not in (200, 202):
        raise refusal_of(response, what="credential request")
    members = open_response(response, key=key, what=_RESULT)
    # the European PID issuer, where it encrypts, has 200 for what it defers; section 8.3 has 202
    if response.status == 202 or ("transaction_id" in members and "credentials" not in members):
        return _parse_pending(members, configuration.id, now)
    entries = members.get("credentials")
    if type(entries) is not list or not 0 < len(entries) <= (MAX_BATCH if copies is None else copies):
        raise Malformed(_RESULT, "credentials", "expected one to as many as there are keys")
    return Received(
        configuration=configuration.id,
        credentials=tuple(_parse_credential(entry, configuration.format, at) for at, entry in enumerate(entries)),
        notification_id=parse_member(members, "notification_id", what=_RESULT)
        if "notification_id" in members
        else None,
    )


def _optional(members: JsonObject, name: str, what: str) -> str | None:
    return parse_member(members, name, what=what) if name in members else None


def _parse_pending(members: JsonObject, configuration: str, now: int) -> Pending:
    interval = members.get("interval")
    if isinstance(interval, bool) or not isinstance(interval, int | float) or interval <= 0:
        raise Malformed(_RESULT, "interval", "expected seconds, more than none")
    return Pending(
        configuration=configuration,
        transaction_id=parse_member(members, "transaction_id", what=_RESULT),
        ready_at=now + ceil(min(interval, MAX_INTERVAL)),  # section 8.3: a number, and not before
    )


def _parse_credential(entry: Json, format_: Format, at: int) -> bytes:
    """Appendices A.2.4 and A.3.4: an mdoc in base64url, an SD-JWT as it is."""
    where = f"credentials[{at}].credential"
    text = entry.get("credential") if isinstance(entry, Mapping) else None
    if type(text) is not str or not text or not text.isascii():
        raise Malformed(_RESULT, where, "expected a credential as text")
    return parse_base64url(text, what=_RESULT, where=where) if format_ is Format.MDOC else text.encode()


def _identifiers(value: Json) -> dict[str, tuple[str, ...]]:
    if value is None:
        return {}
    where = "authorization_details"
    if type(value) is not list or len(value) > MAX_DETAILS:
        raise Malformed(_TOKENS, where, f"expected an array of at most {MAX_DETAILS} objects")
    found: dict[str, tuple[str, ...]] = {}
    for entry in value:
        if isinstance(entry, Mapping) and entry.get("type") == TYPE:
            configuration, named = _detail(entry, where)  # RFC 9396 section 2.2: several may be of one type
            found[configuration] = tuple(dict.fromkeys((*found.get(configuration, ()), *named)))
    return found


def _detail(entry: JsonObject, where: str) -> tuple[str, tuple[str, ...]]:
    identifiers = entry.get("credential_identifiers")
    if type(identifiers) is not list or not 0 < len(identifiers) <= MAX_DETAILS:
        raise Malformed(_TOKENS, f"{where}.credential_identifiers", f"expected one to {MAX_DETAILS} identifiers")
    if any(type(each) is not str for each in identifiers):
        raise Malformed(_TOKENS, f"{where}.credential_identifiers", "expected text")
    return parse_member(entry, "credential_configuration_id", what=_TOKENS), tuple(map(str, identifiers))
