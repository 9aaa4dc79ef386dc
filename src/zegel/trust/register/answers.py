"""What a register answers, signed (TS5 1.3 section 3): ``{iss, iat, data}``, and what comes beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.json import Json, encode_json
from zegel.primitives.jws import UnverifiedJws, encode_header, sign_encoded, verify_jws
from zegel.primitives.keys import PublicKey, Signer
from zegel.primitives.members import read_text

ANSWER_TYPE: Final = "JWT"  # TS5 1.3 names no other; an ID Token has it, too
ANSWER: Final = "answer of a register"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAnswer:
    """An answer, by the register that it names: whose key it was verified under has to be that one."""

    issuer: str
    data: Json


def sign_answer(data: bytes, more: Mapping[str, Json], *, issuer: str, signer: Signer, kid: str, now: int) -> bytes:
    """Sign an answer: ``data`` is JSON already, ``more`` comes beside it."""
    head = encode_json({"iss": issuer, "iat": now, **more})
    payload = head[:-1] + b',"data":' + data + b"}"
    return sign_encoded(encode_header(signer=signer, typ=ANSWER_TYPE, header={"kid": kid}), payload, signer=signer)


def verify_answer(jws: UnverifiedJws, *, key: PublicKey) -> VerifiedAnswer:
    """Verify an answer under a key of the register; ``Rejected`` as ``verify_jws``.

    ``Malformed`` for what has no ``data``: its typ says only that it is a JWT, and so does that of an ID Token.
    """
    claims = verify_jws(jws, key=key, typ=ANSWER_TYPE).claims
    if "data" not in claims:
        raise Malformed(ANSWER, "data", "expected what is answered")
    return VerifiedAnswer(issuer=read_text(claims.get("iss"), what=ANSWER, where="iss"), data=claims["data"])
