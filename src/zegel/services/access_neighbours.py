"""The register and the log, over the one way out."""

from typing import Final, final
from urllib.parse import quote

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.primitives.http import JSON, PROBLEM, HttpRequest, HttpResponse
from zegel.primitives.json import JsonObject, encode_json, parse_object
from zegel.primitives.members import read_object
from zegel.protocols.transparency.answers import parse_log_answer
from zegel.protocols.transparency.submission import UnverifiedSubmission
from zegel.services.ports import Outbound
from zegel.trust.register.parse import MAX_PARTY, read_party
from zegel.trust.register.states import Standing
from zegel.trust.register.values import WalletRelyingParty
from zegel.trust.transparency.items import TransItem

_ANSWER_BYTES: Final = 8 * MAX_PARTY  # a party as registered and as proposed, with its registration certificates
_WHAT: Final = "registration"
_NOT_NOW: Final = frozenset({401, 408, 429, 502, 503, 504})
"""The token, the time or the host is wrong, not what was sent."""
_FAULT: Final = 500  # of the register's own: it may be about what was sent, and then would be so for ever
_NO_RULE: Final = "about:blank"  # RFC 9457 section 4.2.1: it is the address or the method that is not there
_REASON: Final = 200  # characters of a refusal that are kept


@final
class OperatedRegister:
    """``Registry`` at the operator API of a registrar. ``token`` is the bearer token that opens it."""

    def __init__(self, origin: str, *, token: str, outbound: Outbound) -> None:
        self._origin = origin
        self._headers = (("authorization", f"Bearer {token}"), ("content-type", JSON))
        self._outbound = outbound

    async def party(self, identifier: str) -> WalletRelyingParty:
        """See ``Registry``."""
        response = await self._send("GET", f"/registrations/{quote(identifier, safe='')}", b"")
        if response.status == 404:
            raise _unregistered("expected an identifier that is registered", "identifier")
        if response.status != 200:
            raise Unavailable("register", f"expected status 200, got {response.status}")
        try:
            members = parse_object(response.body, what=_WHAT, max_bytes=_ANSWER_BYTES)
            if members.get("standing") != Standing.REGISTERED:
                detail = f"expected a registration that is in force, and it is {str(members.get('standing'))[:16]}"
                raise _unregistered(detail, "identifier")
            return read_party(read_object(members.get("party"), what=_WHAT, where="party"))
        except Malformed as error:
            raise Unavailable("register", f"it answers with what is no registration: {error.detail}") from None

    async def report(self, identifier: str, record: JsonObject) -> None:
        """See ``Registry``. The register alone refuses, in its own words: whatever else answers, it is not there."""
        body = encode_json({"identifier": identifier, "certificate": record})
        response = await self._send("POST", "/access-certificates", body)
        if response.status == 200:
            return
        said = _said(response.body)
        refused = response.header("content-type") == PROBLEM or response.status == _FAULT
        if response.status in _NOT_NOW or not refused or said.get("type") == _NO_RULE:
            raise Unavailable("register", f"expected status 200, got {response.status}")
        raise Rejected(Check.ACCESS_REPORT, f"status {response.status}: {_reason(said)}", field="certificate")

    async def _send(self, method: str, path: str, body: bytes) -> HttpResponse:
        request = HttpRequest(method=method, url=self._origin + path, headers=self._headers, body=body)
        return await self._outbound.fetch(request, max_bytes=_ANSWER_BYTES)


@final
class RemoteLog:
    """``CertificateLog`` by the client messages of RFC 9162 section 5."""

    def __init__(self, origin: str, *, outbound: Outbound) -> None:
        self.origin: Final = origin
        self._outbound = outbound

    async def submit(self, submission: UnverifiedSubmission) -> tuple[TransItem, ...]:
        """See ``CertificateLog``."""
        request = HttpRequest(
            method="POST",
            url=f"{self.origin}/ct/v2/submit-entry",
            headers=(("content-type", JSON),),
            body=submission.encode(),
        )
        response = await self._outbound.fetch(request)
        if response.status != 200:
            raise Unavailable("log", f"it does not take in what is to be issued (status {response.status})")
        try:
            answer = parse_log_answer(response.body)
        except Malformed as error:
            raise Unavailable("log", f"it answers with what is none: {error.detail}") from None
        return tuple(item for item in (answer.sct, answer.sth, answer.inclusion) if item is not None)


def _said(body: bytes) -> JsonObject:
    """What a register says of what it refuses; nothing where that cannot be read."""
    try:
        return parse_object(body, what="problem", max_bytes=_ANSWER_BYTES)
    except Malformed:
        return {}


def _reason(said: JsonObject) -> str:
    """Of the check and the place, nothing else is believed."""
    told = [str(said.get(name) or "") for name in ("check", "field", "detail")]
    reason = ": ".join(each for each in told if each)[:_REASON].encode("ascii", "backslashreplace").decode()
    return reason or "it says nothing that can be read"


def _unregistered(detail: str, field: str) -> Rejected:
    return Rejected(Check.ACCESS_REGISTRATION, detail, field=field)
