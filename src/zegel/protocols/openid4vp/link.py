"""The link that brings a request to the wallet (OpenID4VP 1.0 sections 5.4 and 9), and who it says it is from.

A link is a stranger's word. It names a client and a place to fetch the signed request from; only with ``redirect_uri``
does it hold the request itself.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import origin_of, parse_form
from zegel.primitives.json import Json, JsonObject, parse_json
from zegel.primitives.members import read_text
from zegel.profiles import ClientIdPrefix, Profile
from zegel.trust.access import REDIRECT_PREFIX

MAX_LINK: Final = 16_000  # a QR code holds 4,300 characters; a link with the longest query in it has 6,000
SCHEMES: Final = ("openid4vp", "haip-vp", "https", "http")  # http: the wallet's own pages, on loopback

_WHAT: Final = "link"
_OBJECTS: Final = frozenset({"dcql_query", "client_metadata", "transaction_data", "verifier_info"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedLink:
    """A link that parses.

    ``unverified_host`` would be the first to hear of the wallet, empty where the link names nobody;
    ``unverified_parameters`` are the request's own, where there is no request_uri.
    """

    unverified_client_id: str
    unverified_host: str
    unverified_request_uri: str | None
    unverified_request_uri_method: str
    unverified_parameters: JsonObject


def parse_link(link: str) -> UnverifiedLink:
    """Parse a link; ``Malformed`` unless it has one of the schemes and a client_id, and each parameter once."""
    if len(link) > MAX_LINK or not link.isascii() or not link.isprintable():
        raise Malformed(_WHAT, "", f"expected at most {MAX_LINK} printable ASCII characters")
    try:
        parts = urlsplit(link)
    except ValueError:
        raise Malformed(_WHAT, "", "expected a URL") from None
    if parts.scheme not in SCHEMES:
        raise Malformed(_WHAT, "", f"expected a link that begins with {', '.join(SCHEMES)}")
    fields = parse_form(parts.query.encode(), what=_WHAT)
    client_id = read_text(fields.get("client_id"), what=_WHAT, where="client_id")
    request_uri = fields.get("request_uri")
    return UnverifiedLink(
        unverified_client_id=client_id,
        unverified_host=_host(request_uri or fields.get("response_uri") or _own_uri(client_id)),
        unverified_request_uri=request_uri,
        unverified_request_uri_method=fields.get("request_uri_method", "" if request_uri is None else "get"),
        # section 5.10.1: what stands beside a request_uri is not used
        unverified_parameters=(
            {name: _value(name, value) for name, value in fields.items()} if request_uri is None else {}
        ),
    )


def check_prefix(client_id: str, *, profile: Profile) -> ClientIdPrefix:
    """The client identifier's prefix; ``Rejected`` with CLIENT_ID for one that is unknown here, or PROFILE."""
    name, colon, _ = client_id.partition(":")
    if not colon:  # section 5.9.2: a client that is known beforehand; ours knows none
        raise Rejected(Check.CLIENT_ID, "no client is registered with this wallet", field="client_id")
    if name not in tuple(ClientIdPrefix):  # section 5.9.3: origin is never accepted; section 5.9.2: nor is the unknown
        detail = f"the prefix {name[:32]} is not supported"
        raise Rejected(Check.CLIENT_ID, detail, field="client_id")
    prefix = ClientIdPrefix(name)
    profile.check_choice(prefix)
    return prefix


def check_address(uri: str, *, field: str, plain_origins: Collection[str]) -> str:
    """Return an address that may be spoken to: https, or one of ``plain_origins``; ``Rejected(VERIFIER_ADDRESS)``."""
    origin = origin_of(uri, what=field)
    if "#" in uri:
        raise Rejected(Check.VERIFIER_ADDRESS, "expected no fragment", field=field)
    if not origin.startswith("https:") and origin not in plain_origins:
        raise Rejected(Check.VERIFIER_ADDRESS, "expected https", field=field)
    return uri


def _own_uri(client_id: str) -> str | None:
    # section 5.9.3: with redirect_uri the client identifier is the place that is answered
    return client_id.removeprefix(REDIRECT_PREFIX) if client_id.startswith(REDIRECT_PREFIX) else None


def _host(uri: str | None) -> str:
    return "" if uri is None else urlsplit(origin_of(uri, what=_WHAT)).netloc


def _value(name: str, text: str) -> Json:
    # section 5.1: an object travels as JSON text
    return parse_json(text, what=name) if name in _OBJECTS else text
