"""What services, wallets and operators do at a verifier."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from zegel_testing.relying_party import MDOC_QUERY, NAME_QUERY, Asked, RelyingParty, form_to, open_relying_party

from zegel.primitives.http import JSON, HttpRequest
from zegel.primitives.json import encode_json
from zegel.primitives.jwe import Encryption, seal_jwe
from zegel.primitives.keys import parse_jwk
from zegel_fuzz.ground import Ground, Play, fetched
from zegel_fuzz.message import Good, with_query_below

_BACK: Final = "https://tax.utopia.example/back"


@asynccontextmanager
async def asking_ground(folder: Path) -> AsyncIterator[Ground]:
    """The verifier, and its operator."""
    party = await open_relying_party(folder)
    try:
        plays: dict[str, tuple[Play, ...]] = {
            "verifier/request/{session}": (lambda: fetched(lambda: _asked(party)),),
            "verifier/response/{session}": (
                lambda: _answered(party, NAME_QUERY),
                lambda: _answered(party, MDOC_QUERY),
                lambda: _answered(party, NAME_QUERY, response_mode="direct_post"),
                lambda: _declined(party),
            ),
            "verifier/return/{session}?": (lambda: _sent_back(party),),
            "verifier-operator/requests": tuple(
                lambda question=question: _questioned(party, question) for question in _QUESTIONS
            ),
            "verifier-operator/requests/{session}/return": (lambda: _returned(party),),
        }
        listeners = {"verifier": party.public, "verifier-operator": party.operator}
        yield Ground(listeners=listeners, plays=plays, clock=party.clock)
    finally:
        party.close()


_QUESTIONS: Final = (
    {"dcql_query": NAME_QUERY},
    {
        "dcql_query": MDOC_QUERY,
        "response_mode": "direct_post",
        "client_id_prefix": "x509_san_dns",
        "request_uri_method": "post",
        "return_uri": _BACK,
        "initiator": "session",
        "purpose": "why",
    },
    {
        "dcql_query": NAME_QUERY,
        "cross_device": True,
        "transaction_data": [{"type": "urn:utopia:1", "credential_ids": ["pid"], "amount": 1}],
    },
)


async def _asked(party: RelyingParty) -> str:
    return str((await party.ask())["link"])


async def _answered(party: RelyingParty, query: Any, **members: Any) -> Good:
    _, asked = await party.begin(query, **members)
    answer = {"vp_token": {"pid": [asked.present()]}, "state": asked.claims["state"]}
    return _sealing(asked, answer)


async def _declined(party: RelyingParty) -> Good:
    _, asked = await party.begin()
    return _sealing(asked, {"error": "access_denied", "error_description": "no", "state": asked.claims["state"]})


def _sealing(asked: Asked, members: Mapping[str, Any]) -> Good:
    request = asked.post(members)
    if asked.key is None:
        return Good(request)
    return Good(request, inside=encode_json(dict(members)), seal=lambda plaintext: _sealed_answer(asked, plaintext))


def _sealed_answer(asked: Asked, plaintext: bytes) -> HttpRequest:
    assert asked.key is not None
    recipient = parse_jwk(asked.key, what="key", use="enc")
    sealed = seal_jwe(plaintext, recipient=recipient, kid=asked.key["kid"], enc=Encryption.A128GCM)
    return form_to(asked.response_uri, {"response": sealed})


async def _questioned(party: RelyingParty, question: Mapping[str, Any]) -> Good:
    return Good(_call(party, "/requests", question))


async def _sent_back(party: RelyingParty) -> Good:
    _, back = await party.answered()
    return Good(with_query_below(HttpRequest(method="GET", url=back)))


async def _returned(party: RelyingParty) -> Good:
    session, back = await party.answered(return_uri=_BACK, initiator="session")
    members = {"response_code": back.partition("response_code=")[2], "initiator": "session"}
    return Good(_call(party, f"/requests/{session}/return", members))


def _call(party: RelyingParty, path: str, members: Mapping[str, Any]) -> HttpRequest:
    headers = (("authorization", f"Bearer {party.token}"), ("content-type", JSON))
    return HttpRequest(
        method="POST", url=party.operator.origin + path, headers=headers, body=encode_json(dict(members))
    )
