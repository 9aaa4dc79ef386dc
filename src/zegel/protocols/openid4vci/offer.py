"""Credential offers, by value and by reference: the issuer's invitation, which nobody signed (section 4.1).

A wallet takes nothing in an offer for granted: it says where to look, and what is found there decides (section 13.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final
from urllib.parse import urlencode, urlsplit

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import origin_of, parse_form
from zegel.primitives.json import Json, JsonObject, encode_json, parse_object
from zegel.profiles import Grant
from zegel.protocols.oauth.redirects import is_loopback

MAX_LINK: Final = 16_384  # a QR code holds 4,296 characters; a link may hold an offer of every type by value
MAX_OFFER: Final = 16_384  # as for a link
MAX_CONFIGURATIONS: Final = 32  # all types of the catalogue in both formats are fewer
MAX_DESCRIPTION: Final = 300  # section 4.1.1
MAX_CODE: Final = 512  # ours has 43 characters
_WHAT: Final = "credential offer"


class OfferScheme(StrEnum):
    """The schemes that invoke a wallet (section 12.1.1; HAIP 1.0 section 4.2)."""

    OPENID = "openid-credential-offer"
    HAIP = "haip-vci"


class InputMode(StrEnum):
    """The characters of a transaction code."""

    NUMERIC = "numeric"
    TEXT = "text"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionCodePrompt:
    """How to ask the person for the transaction code."""

    input_mode: InputMode = InputMode.NUMERIC
    length: int | None = None
    description: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCodeOffer:
    """The person logs in at the authorization server."""

    issuer_state: str | None = None
    authorization_server: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PreAuthorizedOffer:
    """The person was identified before; the code stands for that."""

    code: str
    tx_code: TransactionCodePrompt | None = None
    authorization_server: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialOffer:
    """An offer as it was made. Without grants, the authorization server's metadata says which there are."""

    credential_issuer: str
    configurations: tuple[str, ...]
    authorization_code: AuthorizationCodeOffer | None = None
    pre_authorized: PreAuthorizedOffer | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferReference:
    """An offer that is still to be fetched, when the person wants it."""

    uri: str


def build_offer(offer: CredentialOffer) -> dict[str, Json]:
    """The offer as JSON."""
    grants: dict[str, Json] = {}
    if offer.authorization_code is not None:
        grants[str(Grant.AUTHORIZATION_CODE)] = _present(
            issuer_state=offer.authorization_code.issuer_state,
            authorization_server=offer.authorization_code.authorization_server,
        )
    if offer.pre_authorized is not None:
        code = offer.pre_authorized
        grants[str(Grant.PRE_AUTHORIZED_CODE)] = {"pre-authorized_code": code.code} | _present(
            tx_code=None if code.tx_code is None else _prompt(code.tx_code),
            authorization_server=code.authorization_server,
        )
    return {
        "credential_issuer": offer.credential_issuer,
        "credential_configuration_ids": offer.configurations,
        "grants": grants,
    }


def offer_link(offer: CredentialOffer | OfferReference, *, scheme: OfferScheme) -> str:
    """The link that invokes a wallet, also for a QR code."""
    if isinstance(offer, OfferReference):
        return f"{scheme}://?" + urlencode({"credential_offer_uri": offer.uri})
    return f"{scheme}://?" + urlencode({"credential_offer": encode_json(build_offer(offer)).decode()})


def parse_offer_link(link: str) -> CredentialOffer | OfferReference:
    """Parse a link; ``Malformed`` unless it has one of the schemes and either an offer or the URL of one."""
    if len(link) > MAX_LINK or not link.isascii() or not link.isprintable():
        raise Malformed(_WHAT, "link", f"expected at most {MAX_LINK} printable ASCII characters")
    try:
        parts = urlsplit(link)
    except ValueError:
        raise Malformed(_WHAT, "link", "expected a URL") from None
    if parts.scheme not in tuple(OfferScheme):
        raise Malformed(_WHAT, "link", f"expected {' or '.join(OfferScheme)}")
    parameters = parse_form(parts.query.encode(), what=_WHAT)
    value, uri = parameters.get("credential_offer"), parameters.get("credential_offer_uri")
    if value is not None and uri is None:
        return parse_offer(value)
    if uri is not None and value is None:
        return OfferReference(uri=_url(uri, "credential_offer_uri"))
    raise Malformed(_WHAT, "link", "expected either credential_offer or credential_offer_uri")


def parse_offer(body: bytes | str) -> CredentialOffer:
    """Parse an offer; ``Malformed`` otherwise. Members and grants that are unknown are left alone."""
    members = parse_object(body, what=_WHAT, max_bytes=MAX_OFFER)
    issuer = _url(_text(members, "credential_issuer"), "credential_issuer")
    if "?" in issuer or "#" in issuer:  # section 12.2.1
        raise Malformed(_WHAT, "credential_issuer", "expected a URL without query and fragment")
    ids = members.get("credential_configuration_ids")
    if type(ids) is not list or not 0 < len(ids) <= MAX_CONFIGURATIONS:
        raise Malformed(_WHAT, "credential_configuration_ids", f"expected one to {MAX_CONFIGURATIONS} identifiers")
    configurations = tuple(id_ for id_ in ids if type(id_) is str and id_)
    if len(set(configurations)) != len(ids):
        raise Malformed(_WHAT, "credential_configuration_ids", "expected text, each once")
    grants = _object(members, "grants", "grants") or {}
    code = _object(grants, Grant.AUTHORIZATION_CODE, "grants.authorization_code")
    pre = _object(grants, Grant.PRE_AUTHORIZED_CODE, "grants.pre-authorized_code")
    return CredentialOffer(
        credential_issuer=issuer,
        configurations=configurations,
        authorization_code=None if code is None else _authorization_code(code),
        pre_authorized=None if pre is None else _pre_authorized(pre),
    )


def check_transaction_code(code: str, *, prompt: TransactionCodePrompt) -> str:
    """Return what a person entered if it can be right; ``Rejected(TRANSACTION_CODE)`` otherwise."""
    wrong = prompt.length is not None and len(code) != prompt.length
    if wrong or not code or (prompt.input_mode is InputMode.NUMERIC and not (code.isascii() and code.isdigit())):
        length = "" if prompt.length is None else f" of {prompt.length}"
        raise Rejected(Check.TRANSACTION_CODE, f"expected a code{length}, {prompt.input_mode}", field="tx_code")
    return code


def _authorization_code(grant: JsonObject) -> AuthorizationCodeOffer:
    return AuthorizationCodeOffer(
        issuer_state=_optional(grant, "issuer_state"), authorization_server=_optional(grant, "authorization_server")
    )


def _pre_authorized(grant: JsonObject) -> PreAuthorizedOffer:
    prompt = _object(grant, "tx_code", "tx_code")
    return PreAuthorizedOffer(
        code=_text(grant, "pre-authorized_code"),
        tx_code=None if prompt is None else _parse_prompt(prompt),
        authorization_server=_optional(grant, "authorization_server"),
    )


def _parse_prompt(prompt: JsonObject) -> TransactionCodePrompt:
    mode = prompt.get("input_mode", InputMode.NUMERIC)
    if mode not in tuple(InputMode):
        raise Malformed(_WHAT, "tx_code.input_mode", f"expected {' or '.join(InputMode)}")
    length = prompt.get("length")
    if length is not None and (type(length) is not int or not 0 < length <= MAX_CODE):
        raise Malformed(_WHAT, "tx_code.length", f"expected a number from 1 to {MAX_CODE}")
    description = prompt.get("description")
    if description is not None and (type(description) is not str or len(description) > MAX_DESCRIPTION):
        raise Malformed(_WHAT, "tx_code.description", f"expected text of at most {MAX_DESCRIPTION} characters")
    return TransactionCodePrompt(input_mode=InputMode(str(mode)), length=length, description=description)


def _prompt(prompt: TransactionCodePrompt) -> dict[str, Json]:
    return _present(input_mode=str(prompt.input_mode), length=prompt.length, description=prompt.description)


def _present(**members: Json) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not None}


def _url(value: str, where: str) -> str:
    if not origin_of(value, what=_WHAT).startswith("https://") and not is_loopback(value):
        raise Malformed(_WHAT, where, "expected an https URL")
    return value


def _text(members: Mapping[str, Json], name: str) -> str:
    value = members.get(name)
    if type(value) is not str or not value.strip():
        raise Malformed(_WHAT, name, "expected text that is not empty")
    return value


def _optional(members: Mapping[str, Json], name: str) -> str | None:
    return None if members.get(name) is None else _text(members, name)


def _object(members: Mapping[str, Json], name: str, where: str) -> JsonObject | None:
    value = members.get(name)
    if value is None or isinstance(value, Mapping):
        return value
    raise Malformed(_WHAT, where, "expected an object")
