"""The official test certificates, each with its own signer and at its own time, layer by layer as each file expects.

Where a file expects what the published schema or the signer's own certificate denies, those win: such files are in
``contradictions.json``, which a tool makes from schema and file.
"""

import base64
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import (
    UnverifiedHealthCertificate,
    parse_health_certificate,
    verify_health_certificate,
)
from zegel.formats.hcert.code import KID, PREFIX, parse_code, parse_signed_code
from zegel.formats.hcert.keys import DocumentSigner, DocumentSigners, parse_signer
from zegel.formats.hcert.schema import Kind, Reading
from zegel.primitives.base45 import parse_base45
from zegel.primitives.cbor import Tag, parse_map
from zegel.services.health_lines import parse_moment

sys.path.append(str(Path(__file__).parents[2] / "tools"))
from pack_dcc_vectors import FOLDER, contradictions, payload_of, read_vectors

Vector = dict[str, Any]
VECTORS: Final = read_vectors("dgc-testdata")
QUALITY: Final = read_vectors("dcc-qa-hc1")
LISTED: Final = json.loads((FOLDER / "contradictions.json").read_text())
DENIED: Final = {(each["file"], flag) for each in LISTED for flag in each["expects"]}


def code(vector: Vector) -> bytes:
    return str(vector["PREFIX"]).encode()


def read(vector: Vector, reading: Reading = Reading.FIELD) -> UnverifiedHealthCertificate:
    return parse_health_certificate(code(vector), reading)


def signer_of(vector: Vector) -> DocumentSigner:
    return parse_signer(base64.b64decode(vector["TESTCTX"]["CERTIFICATE"]))


def verified(vector: Vector, now: int) -> None:
    verify_health_certificate(read(vector), signers=DocumentSigners([signer_of(vector)]), now=now)


def unprefixed(vector: Vector) -> None:
    if not code(vector).startswith(PREFIX):
        with pytest.raises(Malformed) as refusal:
            parse_code(code(vector))
        assert refusal.value.where == "prefix"
        raise refusal.value
    assert code(vector).removeprefix(PREFIX).decode() == vector.get("BASE45", vector["PREFIX"][len(PREFIX) :])


def decoded(vector: Vector) -> None:
    found = parse_base45(code(vector).removeprefix(PREFIX), "code")
    if "COMPRESSED" in vector and vector["EXPECTEDRESULTS"]["EXPECTEDB45DECODE"]:
        assert found.hex() == vector["COMPRESSED"].lower()


def inflated(vector: Vector) -> None:
    found = parse_code(code(vector))
    if "COSE" in vector:
        assert found.hex() == vector["COSE"].lower()


def opened(vector: Vector) -> None:
    claims: Any = parse_map(parse_signed_code(parse_code(code(vector))).payload, "claims")
    payload = claims.get(-260, {}).get(1)
    if type(payload) is not dict:
        raise Malformed("claims", "hcert", "expected a map")
    if "JSON" in vector and vector["EXPECTEDRESULTS"].get("EXPECTEDVALIDJSON"):
        assert plain(payload) == plain(vector["JSON"])


def signed(vector: Vector) -> None:
    """Whatever is signed: many a file breaks the schema, and is signed all the same."""
    found = parse_signed_code(parse_code(code(vector)))
    signer = signer_of(vector)
    if found.protected.get(KID, found.unprotected.get(KID)) != signer.kid:
        raise Rejected(Check.HEALTH_SIGNER, "another key")
    if not signer.verifies(found.signature, found.message):
        raise Rejected(Check.SIGNATURE, "another signature")


def in_time(vector: Vector) -> None:
    with suppressed(Malformed, Check.SIGNATURE, Check.HEALTH_SIGNER, Check.HEALTH_KEY_USAGE):
        verified(vector, parse_moment(vector["TESTCTX"]["VALIDATIONCLOCK"], "vector", "clock"))


def for_its_kind(vector: Vector) -> None:
    (kind,) = [kind for kind in Kind if payload_of(vector).get(kind)]
    if not signer_of(vector).may_sign(kind):
        raise Rejected(Check.HEALTH_KEY_USAGE, "another kind")


@contextmanager
def suppressed(*earlier: type[Malformed] | Check) -> Iterator[None]:
    """What another layer refuses says nothing of this one."""
    try:
        yield
    except Malformed:
        assert Malformed in earlier
    except Rejected as refusal:
        if refusal.check not in earlier:
            raise


STAGES: Final[dict[str, Callable[[Vector], object]]] = {
    "EXPECTEDUNPREFIX": unprefixed,
    "EXPECTEDB45DECODE": decoded,
    "EXPECTEDCOMPRESSION": inflated,
    "EXPECTEDDECODE": opened,
    "EXPECTEDVALIDJSON": opened,
    "EXPECTEDSCHEMAVALIDATION": lambda vector: read(vector, Reading.STRICT),
    "EXPECTEDVERIFY": signed,
    "EXPECTEDEXPIRATIONCHECK": in_time,
    "EXPECTEDKEYUSAGE": for_its_kind,
}


def plain(value: Any) -> Any:
    """As JSON, with one spelling of UTC."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    text = value.value if isinstance(value, Tag) else value
    return text.replace("+00:00", "Z") if isinstance(text, str) else text


def passes(stage: Callable[[Vector], object], vector: Vector) -> bool:
    try:
        stage(vector)
    except (Malformed, Rejected):
        return False
    return True


@pytest.mark.parametrize("flag", STAGES)
def test_each_file_passes_and_fails_where_it_says(flag: str) -> None:
    judged = [vector for vector in VECTORS if flag in vector["EXPECTEDRESULTS"]]
    assert len(judged) > 300
    others = [
        vector["file"]
        for vector in judged
        if passes(STAGES[flag], vector) == (vector["EXPECTEDRESULTS"][flag] == ((vector["file"], flag) in DENIED))
    ]
    assert others == []


def test_the_list_is_what_schema_and_certificates_say_today() -> None:
    assert list(contradictions(VECTORS)) == LISTED
    assert len(LISTED) < 100, "the vectors themselves are in doubt"


def test_every_code_of_the_quality_assurance_opens_and_says_what_was_read_in_it() -> None:
    for each in QUALITY:
        signed_code = parse_signed_code(parse_code(each["prefix"].encode()))
        claims: Any = parse_map(signed_code.payload, "claims")
        assert claims[1] == each["iss"]
        assert claims[-260][1]["ver"] == each["ver"]
    assert len(QUALITY) > 200
