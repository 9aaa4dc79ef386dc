"""The wallet's answer as it is sent, presentations or an error (OpenID4VP 1.0 sections 8.2, 8.3 and 8.5)."""

from collections.abc import Mapping, Sequence

from zegel.errors import Denied, ZegelError
from zegel.formats.credential import Format
from zegel.primitives.encoding import base64url
from zegel.primitives.http import FORM, JSON, HttpRequest, encode_form
from zegel.primitives.json import Json, encode_json
from zegel.primitives.jwe import seal_jwe
from zegel.profiles import ResponseMode
from zegel.protocols.oauth.errors import describe
from zegel.protocols.openid4vp.dcql import DcqlQuery
from zegel.protocols.openid4vp.error_codes import ErrorCode, error_code
from zegel.protocols.openid4vp.sender import ReplyAddress


def build_answer(reply: ReplyAddress, *, query: DcqlQuery, presentations: Mapping[str, Sequence[bytes]]) -> HttpRequest:
    """The POST with a vp_token; ``presentations`` are the bytes that each format makes, by credential query id."""
    token: dict[str, Json] = {
        id_: [_encoded(entry, query.credential(id_).format) for entry in entries]
        for id_, entries in presentations.items()
    }
    return _post(reply, {"vp_token": token})


def build_refusal(reply: ReplyAddress, code: ErrorCode, *, error: ZegelError | None = None) -> HttpRequest:
    """The POST with an error (section 8.5).

    ``error`` says what is wrong with the verifier's request; of the user's credentials and choices nothing is told.
    """
    members: dict[str, Json] = {"error": str(code)}
    if error is not None and code is not ErrorCode.ACCESS_DENIED:
        members["error_description"] = describe(Denied(code, error.check, error.detail, field=error.field))
    return _post(reply, members)


def build_error(reply: ReplyAddress, error: ZegelError) -> HttpRequest:
    """The POST with the error that section 8.5 has for a refusal of the request."""
    return build_refusal(reply, error_code(error), error=error)


def _post(reply: ReplyAddress, members: dict[str, Json]) -> HttpRequest:
    if reply.state is not None:
        members["state"] = reply.state
    key = reply.response_key
    if reply.response_mode is ResponseMode.DIRECT_POST_JWT and key is not None:
        sealed = seal_jwe(encode_json(members), recipient=key.key, kid=key.kid, enc=key.encryption)
        fields = {"response": sealed}
    else:  # section 8.3.1: an error whose encryption fails for want of a key goes out in the clear
        fields = {
            name: value if isinstance(value, str) else encode_json(value).decode() for name, value in members.items()
        }
    return HttpRequest(
        method="POST",
        url=reply.response_uri,
        headers=(("content-type", FORM), ("accept", JSON)),
        body=encode_form(fields),
    )


def _encoded(presentation: bytes, format_: str) -> str:
    return base64url(presentation) if format_ == Format.MDOC else presentation.decode("ascii")
