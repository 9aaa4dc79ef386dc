"""The official test certificates, each with its own signer and at its own time, layer by layer as each file expects.

Where a file expects what the published schema, the signer's own certificate or its own code denies, those win: such
files are in ``contradictions.json``, which a tool makes from schema and file.
"""

import base64
import json
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from zegel_testing.health import RECOVERY_USAGE, TEST_USAGE, Health

from zegel.adapters.pictures import RefusedError, codes_in
from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import (
    UnverifiedHealthCertificate,
    parse_health_certificate,
    verify_health_certificate,
)
from zegel.formats.hcert.code import KID, PREFIX, parse_code, parse_signed_code
from zegel.formats.hcert.envelope import EXP, IAT
from zegel.formats.hcert.keys import DocumentSigner, DocumentSigners, parse_signer
from zegel.formats.hcert.layers import Layer, MalformedLayer
from zegel.formats.hcert.schema import Kind, Reading
from zegel.primitives.base45 import encode_base45, parse_base45
from zegel.primitives.cbor import parse_map
from zegel.primitives.json import encode_json
from zegel.services.health import HealthDesk
from zegel.services.health_lines import HealthLines, parse_moment

sys.path.append(str(Path(__file__).parents[2] / "tools"))
from pack_dcc_vectors import (
    FOLDER,
    PICTURE,
    SCHEMA,
    contradictions,
    different,
    outside,
    payload_of,
    read_vectors,
    usages_of,
    wrong_usages,
)

Vector = dict[str, Any]
VECTORS: Final = read_vectors("dgc-testdata")
PICTURES: Final = {each["file"]: each[PICTURE] for each in read_vectors("dgc-testdata-pictures")}
QUALITY: Final = read_vectors("dcc-qa-hc1")
LISTED: Final = json.loads((FOLDER / "contradictions.json").read_text())
VACCINATION: Final = "1.3.6.1.4.1.0.1847.2021.1.2"  # as some states spell the usage
DENIED: Final = {(each["file"], flag) for each in LISTED for flag in each["expects"]}


def code(vector: Vector) -> bytes:
    return str(vector["PREFIX"]).encode()


def read(vector: Vector, reading: Reading = Reading.FIELD) -> UnverifiedHealthCertificate:
    return parse_health_certificate(code(vector), reading)


def signer_of(vector: Vector) -> DocumentSigner:
    return parse_signer(base64.b64decode(vector["TESTCTX"]["CERTIFICATE"]))


def verified(vector: Vector, now: int) -> None:
    verify_health_certificate(read(vector), signers=DocumentSigners([signer_of(vector)]), now=now)


def pictured(vector: Vector) -> None:
    """A file that has no picture says nothing of one."""
    picture = PICTURES.get(vector["file"])
    if picture is None:
        return
    try:
        assert codes_in(base64.b64decode(picture)) == (vector["PREFIX"],)
    except RefusedError as error:
        raise Malformed("picture", "", str(error)) from None


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
    if type(claims.get(-260, {}).get(1)) is not dict:
        raise Malformed("claims", "hcert", "expected a map")
    written = vector.get("JSON") if vector["EXPECTEDRESULTS"].get("EXPECTEDVALIDJSON") else None
    if written is not None and list(different(payload_of(vector), written)):
        raise Malformed("claims", "hcert", "expected what is written beside it")


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
    "EXPECTEDPICTUREDECODE": pictured,
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


def passes(stage: Callable[[Vector], object], vector: Vector) -> bool:
    try:
        stage(vector)
    except (Malformed, Rejected):
        return False
    return True


@pytest.mark.parametrize(
    "flag", [pytest.param(f, marks=pytest.mark.slow) if f == "EXPECTEDPICTUREDECODE" else f for f in STAGES]
)
def test_each_file_passes_and_fails_where_it_says(flag: str) -> None:
    judged = [vector for vector in VECTORS if flag in vector["EXPECTEDRESULTS"]]
    assert len(judged) > 380
    others = [
        vector["file"]
        for vector in judged
        if passes(STAGES[flag], vector) == (vector["EXPECTEDRESULTS"][flag] == ((vector["file"], flag) in DENIED))
    ]
    assert others == []


@pytest.mark.slow
def test_the_list_is_what_schema_and_certificates_say_today() -> None:
    assert list(contradictions(VECTORS)) == LISTED
    told = [each for each in LISTED if each.get("set", True)]
    assert len(told) < len(VECTORS) / 5, "the vectors themselves are in doubt"


@pytest.mark.parametrize("text", ["HC1:", "HC1:0000", "HC1:" + encode_base45(zlib.compress(b"\x00"))])
def test_a_file_that_does_not_open_and_expects_nothing_of_the_kind_is_an_error(text: str) -> None:
    closed = VECTORS[0] | {"PREFIX": text}
    for expected in (closed["EXPECTEDRESULTS"], {"EXPECTEDSCHEMAVALIDATION": False}, {}):
        with pytest.raises(ValueError, match="does not open"):
            list(contradictions([closed | {"EXPECTEDRESULTS": expected}]))
    assert list(contradictions([closed | {"EXPECTEDRESULTS": {"EXPECTEDVERIFY": False}}])) == []


def test_an_entry_about_usages_has_each_that_the_certificate_names() -> None:
    vectors = {vector["file"]: vector for vector in VECTORS}
    entries = [each for each in LISTED if "usages" in each]
    assert entries
    for each in entries:
        named = parse_signer(base64.b64decode(vectors[each["file"]]["TESTCTX"]["CERTIFICATE"])).usages
        assert each["usages"] == sorted(named) != []


def test_the_list_knows_the_three_usages_alone_in_either_spelling() -> None:
    others = ("1.3.6.1.4.1.1847.2021.1.4", "1.3.6.1.4.1.0.1847.2021.1.2.1", "2.5.29.37.0")
    assert usages_of(Health(*others).der) == set()
    assert usages_of(Health(*others, TEST_USAGE, RECOVERY_USAGE).der) == {"1", "3"}


def test_every_code_of_the_quality_assurance_opens_and_says_what_was_read_in_it() -> None:
    for each in QUALITY:
        signed_code = parse_signed_code(parse_code(each["prefix"].encode()))
        claims: Any = parse_map(signed_code.payload, "claims")
        assert claims[1] == each["iss"]
        assert claims[-260][1]["ver"] == each["ver"]
    assert len(QUALITY) > 200


def test_what_the_field_reading_makes_of_each_code_of_the_quality_assurance() -> None:
    """Who is refused says no date where the schema has one, or has two kinds at once; both readings agree on it."""
    published = Draft202012Validator(json.loads(SCHEMA.read_text()), format_checker=FormatChecker(formats=["date"]))
    made: Counter[str] = Counter()
    for each in QUALITY:
        text = each["prefix"].encode()
        broken = {error.validator for error in published.iter_errors(payload_of({"PREFIX": each["prefix"]}))}
        try:
            parse_health_certificate(text, Reading.FIELD)
        except MalformedLayer as error:
            assert broken & {"format", "type"}
            with pytest.raises(MalformedLayer):
                parse_health_certificate(text, Reading.STRICT)
            made[f"{error.layer}: {error.where}"] += 1
        else:
            assert not broken & {"format", "type"}
            made["read"] += 1
    assert made == {"read": 225, "schema: v[0].dt": 5, "schema: r[0].fr": 1, "schema: v, t, r": 2}


PIPELINE: Final[dict[str, tuple[str, ...]]] = {
    "EXPECTEDUNPREFIX": ("prefix",),
    "EXPECTEDB45DECODE": ("base45",),
    "EXPECTEDCOMPRESSION": ("zlib",),
    "EXPECTEDDECODE": ("cbor", "cose", "schema"),  # the last where it opens, and to something else
    "EXPECTEDSCHEMAVALIDATION": ("schema",),
    "EXPECTEDVERIFY": ("critical-header", "algorithm", "health-signer", "signature"),
    "EXPECTEDEXPIRATIONCHECK": ("health-validity",),
    "EXPECTEDKEYUSAGE": ("health-key-usage",),
}
"""The steps in their order, and the checks that a line is answered with where one is the first that fails."""

LAYERS: Final = {layer.lower() for layer in Layer}
PUBLISHED: Final = Draft202012Validator(json.loads(SCHEMA.read_text()), format_checker=FormatChecker())

BESIDE: Final = {"EXPECTEDDECODE", "EXPECTEDVALIDJSON"}


def answer_to(vector: Vector, reading: Reading) -> dict[str, Any]:
    """What its line of a batch is answered."""
    context = vector["TESTCTX"]
    line = {"id": vector["file"], "code": vector["PREFIX"], "at": context["VALIDATIONCLOCK"]}
    lines = HealthLines(HealthDesk(DocumentSigners([]), reading=reading), now=0)
    answer: dict[str, Any] = json.loads(lines.judge(encode_json(line | {"certificates": [context["CERTIFICATE"]]})))
    assert answer["id"] == vector["file"]
    return answer


@pytest.mark.parametrize("reading", Reading)
def test_files_whose_times_have_a_fraction_expect_to_be_accepted_and_are(reading: Reading) -> None:
    """Specification 1.0.8 sections 3.3.5 and 3.3.6 have whole seconds there; states wrote others."""
    listed = {each["file"] for each in LISTED}
    found = [vector for vector in VECTORS if all(vector["EXPECTEDRESULTS"].values()) and has_fraction(vector)]
    assert len(found) > 20
    assert {answer_to(each, reading)["verdict"] for each in found if each["file"] not in listed} == {"accepted"}


@pytest.mark.parametrize("reading", Reading)
def test_files_beyond_the_time_of_their_signers_certificate_expect_to_be_accepted_and_are(reading: Reading) -> None:
    """Specification 1.0.8 sections 3.3.5 and 3.3.6 have it that nobody issues them (``test_issue``)."""
    listed = {each["file"] for each in LISTED}
    found = [vector for vector in VECTORS if all(vector["EXPECTEDRESULTS"].values()) and is_beyond(vector)]
    assert len(found) == 7
    assert {answer_to(each, reading)["verdict"] for each in found if each["file"] not in listed} == {"accepted"}


def is_beyond(vector: Vector) -> bool:
    claims, signer = claims_of(vector), signer_of(vector)
    assert signer.not_before is not None
    assert signer.not_after is not None
    return bool(claims[IAT] < signer.not_before or claims[EXP] > signer.not_after)


def claims_of(vector: Vector) -> dict[Any, Any]:
    claims: dict[Any, Any] = parse_map(parse_signed_code(parse_code(code(vector))).payload, "claims")
    return claims


def has_fraction(vector: Vector) -> bool:
    claims = claims_of(vector)
    return any(type(claims[label]) is float and not claims[label].is_integer() for label in (EXP, IAT))


@pytest.mark.parametrize("reading", Reading)
def test_a_file_that_expects_nothing_to_fail_is_accepted_unless_it_stands_in_the_list(reading: Reading) -> None:
    """Under the schema those are refused, and no others; the field reading lets pass much of what it does not."""
    good = [vector for vector in VECTORS if all(vector["EXPECTEDRESULTS"].values())]
    assert len(good) > 390
    refused = {vector["file"] for vector in good if answer_to(vector, reading)["verdict"] != "accepted"}
    listed = {each["file"] for each in LISTED if not each.keys().isdisjoint({"fails", "usages"})}
    listed &= {vector["file"] for vector in good}
    assert refused == listed if reading is Reading.STRICT else refused < listed


def test_whoever_leaves_a_step_out_is_judged_by_the_certificate_and_stands_in_the_list_with_what_it_fails() -> None:
    """Those of ``iat`` are the ten that hcert-kotlin's test of the same files leaves out by name, for the same reason.

    CO16, which tests that step, has it that a clock before the time of issue is refused.
    """
    unset = [each for each in LISTED if each.get("set") is False]
    vectors = {vector["file"]: vector for vector in VECTORS}
    for each in unset:
        (flag,) = each["expects"]
        assert flag not in vectors[each["file"]]["EXPECTEDRESULTS"]
        assert not passes(STAGES[flag], vectors[each["file"]])
    fails = [(flag, *each.get("fails", each.get("usages"))) for each in unset for flag in each["expects"]]
    assert Counter(fails) == {
        ("EXPECTEDEXPIRATIONCHECK", "iat"): 10,
        ("EXPECTEDKEYUSAGE", "1.3.6.1.4.1.0.1847.2021.1.2"): 1,
    }


@pytest.mark.slow
@pytest.mark.parametrize("reading", Reading)
def test_a_batch_answers_each_file_with_the_first_check_that_it_expects_to_fail(reading: Reading) -> None:
    others, failed = [], set()
    for vector in VECTORS:
        answer, step = answer_to(vector, reading), first_that_fails(vector, reading)
        failed.add(step)
        checks: tuple[str | None, ...] = (None,) if step is None else PIPELINE[step]
        if answer["check"] not in checks:
            others.append((vector["file"], answer["check"], step))
        verdict = "accepted" if step is None else "malformed" if answer["check"] in LAYERS else "rejected"
        assert answer["verdict"] == verdict
    assert others == []
    assert failed == {None, *PIPELINE}


def test_a_birth_date_of_another_century_is_a_warning_in_the_field_and_against_the_schema() -> None:
    """Files that expect their signature to verify and the schema to be broken; some break it by a dose, too."""
    refused_at, warned = set(), 0
    for vector in VECTORS:
        if not str((payload_of(vector) or {}).get("dob")).startswith("18"):
            continue
        expected = vector["EXPECTEDRESULTS"]
        assert (expected["EXPECTEDVERIFY"], expected["EXPECTEDSCHEMAVALIDATION"]) == (True, False)
        with pytest.raises(Malformed):
            read(vector, Reading.STRICT)
        try:
            warned += "dob: expected a date from 1900 to 2099" in read(vector).warnings
        except Malformed as error:
            refused_at.add(error.where)
    assert (warned > 20, refused_at) == (True, {"v[0].dn"})


def true_expectations(vector: Vector) -> dict[str, bool]:
    """What a file expects, or schema and certificate in its place; what it writes beside its code is not judged."""
    expected: dict[str, bool] = vector["EXPECTEDRESULTS"]
    denied = {flag for flag in expected if (vector["file"], flag) in DENIED}
    unset = {flag: False for file, flag in DENIED if file == vector["file"] and flag not in expected}
    true = {flag: value != (flag in denied) for flag, value in expected.items() if flag not in BESIDE & denied}
    return true | unset


def first_that_fails(vector: Vector, reading: Reading) -> str | None:
    """The first step that a file expects to fail. Of one that it leaves out, its code and certificates say it, as far
    as they open, and else it is one that it does not test; what only the field reading lets pass, the schema says."""
    expected, payload = true_expectations(vector), payload_of(vector)
    unset = {"EXPECTEDDECODE": payload is not None}
    if payload is not None:
        unset["EXPECTEDSCHEMAVALIDATION"] = not breaks_schema(payload, reading)
        unset["EXPECTEDEXPIRATIONCHECK"] = not outside(vector)
        unset["EXPECTEDKEYUSAGE"] = not wrong_usages(vector, payload)
        if reading is Reading.FIELD:
            expected.pop("EXPECTEDSCHEMAVALIDATION", None)
    return next((step for step in PIPELINE if not expected.get(step, unset.get(step, True))), None)


def breaks_schema(payload: Any, reading: Reading) -> bool:
    """The field reading is as strict but for the pattern and the length of a text."""
    let_pass = {"pattern", "maxLength"} if reading is Reading.FIELD else set()
    return any(error.validator not in let_pass for error in PUBLISHED.iter_errors(payload))
