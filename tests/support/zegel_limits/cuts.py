"""Limits at which nothing is refused, and no more is kept: the rest is left out.

Each measures what is left of so much; at the limit all of it is, and of one more as much as at the limit.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from zegel_testing.authorities import NOW
from zegel_testing.openid4vp import session

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import HttpResponse
from zegel.primitives.json import encode_json
from zegel.protocols.oauth.errors import describe
from zegel.protocols.openid4vci.configuration import CredentialConfiguration
from zegel.protocols.openid4vci.metadata import IssuerMetadata, parse_issuer_metadata, verify_issuer_metadata
from zegel.protocols.openid4vci.wallet.answers import Pending, parse_tokens, result_of
from zegel.protocols.openid4vci.wallet.session import refusal_of
from zegel.protocols.openid4vp.response import WalletRefusal, open_response
from zegel.services.wallet.contents import Counterpart, Entry, Happening, Outcome, WalletContents
from zegel.services.wallet.journal import noted

_ORIGIN: Final = "https://a.example"
_SESSION: Final = session()


def json_of(status: int, **members: Any) -> HttpResponse:
    """An answer in JSON."""
    return HttpResponse(status=status, headers=(("content-type", "application/json"),), body=encode_json(members))


def _described(length: int) -> int:
    """A refusal whose description has so many characters before it is cut."""
    bare = Denied("invalid_request", Check.SYNTAX, "")
    return len(describe(Denied("invalid_request", Check.SYNTAX, "x" * (length - len(describe(bare))))))


def _said_to_the_wallet(length: int) -> int:
    return len(refusal_of(json_of(400, error="e", error_description="x" * length), what="test").said)


def _said_by_the_wallet(length: int) -> int:
    form = {"error": "access_denied", "error_description": "x" * length, "state": _SESSION.request.state}
    refusal = open_response(form, session=_SESSION)
    assert isinstance(refusal, WalletRefusal)
    return len(refusal.description)


def _metadata(**members: Any) -> IssuerMetadata:
    every: dict[str, Any] = {
        "credential_issuer": _ORIGIN,
        "credential_endpoint": _ORIGIN + "/credential",
        "credential_configurations_supported": {"a": _CONFIGURATION},
    }
    parsed = parse_issuer_metadata(json_of(200, **(every | members)))
    return verify_issuer_metadata(parsed, credential_issuer=_ORIGIN, anchors=None, timestamps_required=True, now=NOW)


_CONFIGURATION: Final[dict[str, Any]] = {
    "format": "dc+sd-jwt",
    "vct": "urn:a",
    "credential_signing_alg_values_supported": ["ES256"],
}


def configured(**shown: Any) -> CredentialConfiguration:
    """A configuration as a wallet reads it, with what is to be shown of it."""
    members = _CONFIGURATION | {"credential_metadata": shown}
    return _metadata(credential_configurations_supported={"a": members}).configurations["a"]


def _claims(count: int) -> int:
    return len(configured(claims=[{"path": [str(at)]} for at in range(count)]).claims)


def _batch(size: int) -> int:
    return _metadata(batch_credential_issuance={"batch_size": size}).batch_size


def _statements(count: int) -> int:
    return len(_metadata(issuer_info=[{"format": "registration_cert"}] * count).statements)


def _interval(seconds: int) -> int:
    answer = json_of(202, transaction_id="t", interval=seconds)
    configuration = _metadata().configurations["a"]
    pending = result_of(answer, key=None, configuration=configuration, copies=None, now=NOW)
    assert isinstance(pending, Pending)
    return pending.ready_at - NOW


def _lifetime(seconds: int) -> int:
    members: dict[str, Any] = {"access_token": "a", "token_type": "DPoP", "expires_in": seconds}
    expires = parse_tokens(members, before=None, now=NOW).expires
    assert expires is not None
    return expires - NOW


def _log(lines: int) -> int:
    entry = Entry(
        id="e",
        at=NOW,
        happening=Happening.PRESENTED,
        outcome=Outcome.DONE,
        counterpart=Counterpart(name="a", host="a.example", certified=False),
    )
    return len(noted(WalletContents(log=(entry,) * (lines - 1)), entry).log)


CUTS: Final[Mapping[str, Callable[[int], int]]] = {
    "zegel.protocols.oauth.errors._MAX_DESCRIPTION": _described,
    "zegel.protocols.openid4vci.wallet.session._MAX_TEXT": _said_to_the_wallet,
    "zegel.protocols.openid4vci.metadata.MAX_BATCH": _batch,
    "zegel.protocols.openid4vci.descriptions.MAX_CLAIMS": _claims,
    "zegel.protocols.openid4vci.issuer_info.MAX_STATEMENTS": _statements,
    "zegel.protocols.openid4vci.wallet.answers.MAX_INTERVAL": _interval,
    "zegel.protocols.openid4vci.wallet.answers.MAX_LIFETIME": _lifetime,
    "zegel.protocols.openid4vp.response.MAX_DESCRIPTION": _said_by_the_wallet,
    "zegel.services.wallet.journal.MAX_ENTRIES": _log,
}
