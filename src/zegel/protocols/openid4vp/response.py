"""The wallet's answer as the verifier receives it: opened, and split by credential query (OpenID4VP 1.0 section 8).

Nothing here is verified but that the answer belongs to the request: it is encrypted to the key of this request, where
that was asked for, and carries its state.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Format
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.json import Json, JsonObject, parse_json, parse_object
from zegel.primitives.jwe import open_jwe, parse_jwe
from zegel.primitives.keys import PrivateKey
from zegel.primitives.members import member, read_array, read_object, read_text
from zegel.protocols.openid4vp.dcql import DcqlQuery
from zegel.protocols.openid4vp.matching import MAX_PRESENTATIONS
from zegel.protocols.openid4vp.metadata import response_kid
from zegel.protocols.openid4vp.verifier import Requested

MAX_BODY: Final = 1 << 19  # an encrypted answer of 256 kB, which primitives.jwe takes, with room for the form around it
MAX_DESCRIPTION: Final = 500  # characters; one sentence
MAX_CODE: Final = 100  # characters; the codes of OpenID4VP have under thirty
_WHAT: Final = "authorization response"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedAnswer:
    """Presentations by credential query id, each as the bytes that its format parses: an SD-JWT, a DeviceResponse."""

    unverified_presentations: Mapping[str, tuple[bytes, ...]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletRefusal:
    """The wallet's error response (section 8.5): its own words, for people to read."""

    code: str
    description: str


def open_response(form: Mapping[str, str], *, session: Requested) -> UnverifiedAnswer | WalletRefusal:
    """Open the form that was posted to the response_uri.

    ``Malformed`` for what does not parse; ``Rejected`` with ENCRYPTION, ANSWER_STATE or VP_TOKEN.
    """
    members = _opened(form, session.response_key)
    state = members.get("state")
    if type(state) is not str or not hmac.compare_digest(state.encode(), session.request.state.encode()):
        raise Rejected(Check.ANSWER_STATE, "expected the state of the request", field="state")
    if "error" in members:
        return _refusal(members)
    return UnverifiedAnswer(unverified_presentations=_presentations(members.get("vp_token"), session.request.query))


def _opened(form: Mapping[str, str], key: PrivateKey | None) -> JsonObject:
    if "response" in form:
        if key is None:
            raise Rejected(Check.ENCRYPTION, "expected an answer that is not encrypted", field="response")
        jwe = parse_jwe(form["response"], what=_WHAT)
        return parse_object(open_jwe(jwe, key=key, kid=response_kid(key.public_key)), what=_WHAT)
    if "error" in form:
        return form  # section 8.3.1: an error may come unencrypted even so
    if key is not None:
        raise Rejected(Check.ENCRYPTION, "expected an encrypted answer", field="response")
    if "vp_token" not in form:
        raise Malformed(_WHAT, "vp_token", "expected a vp_token, a response or an error")
    return {**form, "vp_token": parse_json(form["vp_token"], what="vp_token")}


def _refusal(members: JsonObject) -> WalletRefusal:
    description = members.get("error_description")
    return WalletRefusal(
        code=_printable(read_text(members["error"], what=_WHAT, where="error", limit=MAX_CODE)),
        description=_printable(description[:MAX_DESCRIPTION]) if type(description) is str else "",
    )


def _presentations(value: Json, query: DcqlQuery) -> Mapping[str, tuple[bytes, ...]]:
    token = read_object(value, what=_WHAT, where="vp_token")
    known = {credential.id: credential for credential in query.credentials}
    presentations: dict[str, tuple[bytes, ...]] = {}
    for id_, entries in token.items():
        if id_ not in known:
            raise Rejected(Check.VP_TOKEN, "expected ids of the query alone", field=f"vp_token.{id_[:80]}")
        where = member("vp_token", id_)
        items = read_array(entries, what=_WHAT, where=where, limit=MAX_PRESENTATIONS)
        if len(items) > 1 and not known[id_].multiple:
            # section 8.1: one presentation unless multiple is true
            raise Rejected(Check.VP_TOKEN, "expected one presentation", field=where)
        presentations[id_] = tuple(
            _presentation(item, known[id_].format, f"{where}[{position}]") for position, item in enumerate(items)
        )
    return presentations


def _presentation(value: Json, format_: str, where: str) -> bytes:
    if type(value) is not str:
        raise Malformed(_WHAT, where, "expected a presentation as text")
    if format_ == Format.MDOC:  # section B.2.5: the DeviceResponse in base64url
        return parse_base64url(value, what=_WHAT, where=where)
    try:
        return value.encode("ascii")
    except UnicodeEncodeError:
        raise Malformed(_WHAT, where, "expected ASCII") from None


def _printable(text: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in text)
