"""The limits of the register: of what a party applies with, and of its log."""

import json
from collections.abc import Mapping
from typing import Any, Final

from zegel_testing.authenticator import Authenticator
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.register import OFFICER, PARTY, party, party_json, registered

from zegel.checks import Check
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import encode_json
from zegel.primitives.jws import sign_jws
from zegel.protocols.webauthn.response import parse_assertion
from zegel.trust.register.access import read_access_record
from zegel.trust.register.changes import HEAD_TYPE, verify_log_head
from zegel.trust.register.parse import parse_wallet_relying_party, read_public_party
from zegel.trust.register.terms import read_path
from zegel.web.registrar import read_question
from zegel.web.registrar_operator import read_name
from zegel_limits.pair import Pair

_KEY: Final = fixed_key("register")
_USE: Final[dict[str, Any]] = PARTY["intendedUse"][0]


def _services(count: int) -> object:
    services = [{"serviceIdentifier": f"lending{n or ''}", "serviceTradeName": "Lending"} for n in range(count)]
    use = _USE | {"serviceIdentifier": ["lending"]}
    return party(services=services, srvDescription=[PARTY["srvDescription"][0]] * count, intendedUse=[use])


def _certified(count: int) -> object:
    """A party with so many certificates: thirty-two uses of sixteen Services, and one of another."""
    names = [f"desk {number}" for number in range(16)]
    services = [{"serviceIdentifier": name, "serviceTradeName": name} for name in names]
    uses = [_USE | {"serviceIdentifier": names}] * (count // 16) + [_USE | {"serviceIdentifier": names[:1]}] * (
        count % 16
    )
    return party(services=services, srvDescription=[PARTY["srvDescription"][0]] * 16, intendedUse=uses)


def _head(size: int) -> object:
    """A head of so many characters: padding in its claims, three bytes of which are four characters."""
    for header in range(3):
        for padding in range(size * 3 // 4 - 300, size * 3 // 4):
            claims = {"iss": "a", "iat": NOW, "size": 1, "hash": base64url(bytes(32)), "padding": "x" * padding}
            signed = sign_jws(claims, signer=_KEY, typ=HEAD_TYPE, header={"padding": "x" * header})
            if len(signed) == size:
                return verify_log_head(signed, issuer="a", key=_KEY.public_key)
    raise AssertionError("no head has so many characters")


def _assertion(handle: bytes) -> object:
    """An answer of a passkey for somebody of this handle."""
    passkey = Authenticator(origin="https://register.example", rp_id="register.example", handle=handle)
    return parse_assertion(passkey.answer({"challenge": "AAAA"}))


def _padded_assertion(size: int) -> object:
    passkey = Authenticator(origin="https://register.example", rp_id="register.example", handle=b"handle")
    members = json.loads(passkey.answer({"challenge": "AAAA"}))
    empty = len(encode_json(members | {"padding": ""}))
    return parse_assertion(encode_json(members | {"padding": "x" * (size - empty)}))


def _client_data(size: int) -> object:
    passkey = Authenticator(origin="https://register.example", rp_id="register.example", handle=b"handle")
    passkey.client_data = {"padding": ""}
    members = json.loads(passkey.answer({"challenge": "AAAA"}))
    empty = len(parse_base64url(members["response"]["clientDataJSON"], what="test", where=""))
    passkey.client_data = {"padding": "x" * (size - empty)}
    return parse_assertion(passkey.answer({"challenge": "AAAA"}))


REGISTER: Final[Mapping[str, Pair]] = {
    "zegel.protocols.webauthn.response.MAX_RESPONSE": Pair(_padded_assertion),
    "zegel.protocols.webauthn.response._MAX_CLIENT_DATA": Pair(_client_data),
    "zegel.protocols.webauthn.response._MAX_HANDLE": Pair(lambda n: _assertion(bytes(n))),
    "zegel.trust.register.parse.MAX_PARTY": Pair(
        lambda n: parse_wallet_relying_party(party_json(padding="x" * (n - len(party_json(padding="")))))
    ),
    "zegel.trust.register.parse.MAX_PUBLIC_PARTY": Pair(
        lambda n: read_public_party(party_json(padding="x" * (n - len(party_json(padding="")))))
    ),
    "zegel.trust.register.parse.MAX_SERVICES": Pair(_services),
    "zegel.trust.register.parse.MAX_INTENDED_USES": Pair(lambda n: party(intendedUse=[_USE] * n)),
    "zegel.trust.register.parse.MAX_CERTIFICATES": Pair(_certified),
    "zegel.trust.register.parts.MAX_NAME": Pair(lambda n: party(tradeName="x" * n)),
    "zegel.trust.register.parts.MAX_DESCRIPTION": Pair(
        lambda n: party(srvDescription=[[{"lang": "en", "content": "x" * n}]] * 2)
    ),
    "zegel.trust.register.access._MAX_TEXT": Pair(
        lambda n: read_access_record(
            {"serviceIdentifier": "a", "certificate": "A" * n}, party="b", what="test", where=""
        ),
        filler=True,
    ),
    "zegel.trust.register.terms.MAX_PATH_TEXT": Pair(lambda n: read_path("x" * n, where="claimpath")),
    "zegel.services.register_reader.MAX_PAGE": Pair(lambda n: read_question({"limit": str(n)})),
    "zegel.web.registrar.MAX_FILTER": Pair(lambda n: read_question({"tradename": "x" * n})),
    "zegel.web.registrar._MAX_CURSOR_DIGITS": Pair(lambda n: read_question({"cursor": "1".zfill(n)}), says="a number"),
    "zegel.web.registrar_operator._MAX_SUBJECT": Pair(lambda n: read_name({"by": "x" * n}, "by")),
    "zegel.trust.register.changes.MAX_HEAD": Pair(_head),
    "zegel.trust.register.states.MAX_REASON": Pair(
        lambda n: registered().suspend(by=OFFICER, now=NOW, reason="x" * n), Check.REGISTER_MOVE
    ),
}
