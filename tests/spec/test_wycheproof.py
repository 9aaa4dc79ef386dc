"""The vectors of Wycheproof against keys, signatures, encryption and their JOSE forms.

Every vector runs. What Wycheproof calls valid is accepted, or refused for a reason that ``skips.toml`` names; what it
calls invalid is refused, always.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.errors import JoseError

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.json import parse_object
from zegel.primitives.jwe import _REGISTRY, open_jwe, parse_jwe
from zegel.primitives.jws import _header, check_header, parse_jws, split_jws, verify_jws
from zegel.primitives.keys import (
    Curve,
    PublicKey,
    derive_private_key,
    encode_ecdsa_signature,
    parse_jwk,
    parse_secret_jwk,
    public_key,
    verify_signature,
)

FOLDER = Path(__file__).parents[1] / "vectors" / "wycheproof"
SKIPS = tomllib.loads((FOLDER / "skips.toml").read_text())
CURVES = {"secp256r1": Curve.P256, "secp384r1": Curve.P384, "secp521r1": Curve.P521}

Case = Mapping[str, Any]
Refused = (Malformed, Rejected)


def cases(source: str) -> Iterator[tuple[Case, Case]]:
    """Each test with its group."""
    for group in json.loads((FOLDER / source).read_text())["testGroups"]:
        for case in group["tests"]:
            yield group, case


def facts(group: Case, case: Case) -> dict[str, str]:
    """What a skip may match: the identity of the case and what kind of key and cipher it takes."""
    found = {"id": str(case["tcId"]), "result": case["result"], "comment": case["comment"]}
    found |= {name: str(group[name]) for name in ("ivSize", "keySize") if name in group}
    keys = group.get("public") or group.get("private")
    if isinstance(keys, dict):
        first = keys["keys"][0] if "keys" in keys else keys
        found |= {"kty": first["kty"], "alg": first.get("alg", ""), "enc": case.get("enc", "")}
    return found


def skipped(source: str, group: Case, case: Case) -> bool:
    known = facts(group, case)
    return any(_matches(skip, source, known) for skip in SKIPS["skip"])


def _matches(skip: Case, source: str, known: Mapping[str, str]) -> bool:
    return skip["source"] == source and all(known.get(name) in values for name, values in skip["match"].items())


def judge(source: str, accept: Callable[[Case, Case], None]) -> None:
    """Run all vectors of a source; ``accept`` returns, or raises one of our refusals."""
    wrong = []
    for group, case in cases(source):
        try:
            accept(group, case)
            accepted = True
        except Refused:
            accepted = False
        if accepted != (case["result"] in ("valid", "acceptable") and not skipped(source, group, case)):
            wrong.append((case["tcId"], case["comment"], case["result"]))
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "ecdsa_secp256r1_sha256_p1363_test.json",
        "ecdsa_secp384r1_sha384_p1363_test.json",
        "ecdsa_secp521r1_sha512_p1363_test.json",
    ],
)
def test_ecdsa_accepts_valid_signatures_and_no_others(source: str) -> None:
    def accept(group: Case, case: Case) -> None:
        named = group["publicKey"]
        key = public_key(CURVES[named["curve"]], bytes.fromhex(named["uncompressed"]), what="key")
        if "publicKeyJwk" in group:
            assert parse_jwk(group["publicKeyJwk"], what="key") == key
        verify_signature(key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]), check=Check.SIGNATURE)

    judge(source, accept)


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    ["ecdsa_secp256r1_sha256_test.json", "ecdsa_secp384r1_sha384_test.json", "ecdsa_secp521r1_sha512_test.json"],
)
def test_ecdsa_in_der_is_written_as_in_the_vectors(source: str) -> None:
    """DER stays inside: the library is given a valid signature in the one spelling that DER has."""
    written = 0

    def accept(group: Case, case: Case) -> None:
        nonlocal written
        named = group["publicKey"]
        key = public_key(CURVES[named["curve"]], bytes.fromhex(named["uncompressed"]), what="key")
        signature = raw(bytes.fromhex(case["sig"]), size=(len(key.point) - 1) // 2)
        verify_signature(key, signature, bytes.fromhex(case["msg"]), check=Check.SIGNATURE)
        assert encode_ecdsa_signature(signature, len(signature) // 2).hex() == case["sig"]
        written += 1

    judge(source, accept)
    assert written > 150


def raw(der: bytes, *, size: int) -> bytes:
    """r and s of an ECDSA-Sig-Value; what is none, or has no place in so many bytes, is nobody's signature."""
    try:
        return b"".join(number.to_bytes(size) for number in decode_dss_signature(der))
    except (ValueError, OverflowError):
        raise Rejected(Check.SIGNATURE, "expected an ECDSA-Sig-Value") from None


def test_key_agreement_takes_points_of_the_curve_and_no_others() -> None:
    def accept(group: Case, case: Case) -> None:
        peer = public_key(CURVES[group["curve"]], bytes.fromhex(case["public"]), what="key")
        own = derive_private_key(bytes.fromhex(case["private"]))
        assert own.exchange(peer) == bytes.fromhex(case["shared"])

    judge("ecdh_secp256r1_ecpoint_test.json", accept)


def test_key_agreement_takes_json_web_keys_of_the_curve_and_no_others() -> None:
    def accept(group: Case, case: Case) -> None:
        peer = parse_jwk(case["public"], what="key", use="enc")
        own = parse_secret_jwk(case["private"], what="key")
        if peer.curve is not own.public_key.curve:  # the guard of `open_jwe`
            raise Rejected(Check.ENCRYPTION, "expected an ephemeral key on the curve of ours")
        assert own.exchange(peer) == bytes.fromhex(case["shared"])

    judge("ecdh_secp256r1_webcrypto_test.json", accept)


def test_rfc_7518_section_5_3_the_content_cipher_of_jwe() -> None:
    def accept(group: Case, case: Case) -> None:
        fields = {name: bytes.fromhex(case[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag")}
        try:
            cipher = _REGISTRY.get_enc(f"A{group['keySize']}GCM")
            cipher.check_iv(fields["iv"])
            opened = cipher.decrypt(fields["ct"], fields["tag"], fields["key"], fields["iv"], fields["aad"])
        except (JoseError, ValueError):
            raise Rejected(Check.ENCRYPTION, "does not open") from None
        assert opened == fields["msg"]
        assert cipher.encrypt(opened, fields["key"], fields["iv"], fields["aad"]) == (fields["ct"], fields["tag"])

    judge("aes_gcm_test.json", accept)


def _text(message: Any) -> str:
    """The message as it would come over the wire; the JSON serialisations are objects in the vectors."""
    return message if isinstance(message, str) else json.dumps(message)


def _verify(group: Case, case: Case) -> None:
    """The steps of ``parse_jws`` and ``verify_jws`` one by one, for a payload that need not be JSON."""
    compact = _text(case["jws"])
    key = _public_key(group, compact)
    encoded, payload, signature = split_jws(compact.encode(), "jws")
    header = _header(encoded, "jws")
    parse_base64url(payload, what="payload")
    check_header(header, key=key, typ=header.typ)
    signing_input = compact.encode()[: ~len(signature)]
    verify_signature(key, parse_base64url(signature, what="signature"), signing_input, check=Check.SIGNATURE)


def _public_key(group: Case, compact: str) -> PublicKey:
    found = group.get("public") or group["private"]
    if "keys" in found:
        header = parse_object(parse_base64url(compact.partition(".")[0], what="header"), what="header")
        found = next((key for key in found["keys"] if key.get("kid") == header.get("kid")), found["keys"][0])
    return parse_jwk(found, what="key")


def _open(group: Case, case: Case) -> None:
    private = group["private"]
    key = parse_secret_jwk(private, what="key")
    message = parse_jwe(_text(case["jwe"]), what="message")
    plaintext = open_jwe(message, key=key, kid=message.kid)
    assert plaintext == bytes.fromhex(case["pt"])


@pytest.mark.parametrize("source", ["json_web_signature_test.json", "json_web_key_test.json"])
def test_json_web_signatures_and_keys(source: str) -> None:
    judge(source, _verify)


def test_json_web_encryption() -> None:
    judge("json_web_encryption_test.json", _open)


def test_json_web_crypto() -> None:
    judge("json_web_crypto_test.json", lambda group, case: (_verify if "jws" in case else _open)(group, case))


@pytest.mark.parametrize(
    "source", ["json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"]
)
def test_no_json_web_signature_passes_as_a_token(source: str) -> None:
    """Their payloads are no JSON objects: not one may come out of ``parse_jws`` and ``verify_jws``."""
    for group, case in cases(source):
        if "jws" not in case:
            continue
        compact = _text(case["jws"])
        with pytest.raises(Refused):
            verify_jws(parse_jws(compact, what="token"), key=_public_key(group, compact), typ="")


def test_every_skip_is_needed_and_their_number_is_bounded() -> None:
    counted: Counter[str] = Counter()
    used: set[int] = set()
    for path in sorted(FOLDER.glob("*.json")):
        for group, case in cases(path.name):
            if case["result"] not in ("valid", "acceptable"):
                continue
            known = facts(group, case)
            hits = [index for index, skip in enumerate(SKIPS["skip"]) if _matches(skip, path.name, known)]
            used.update(hits)
            counted[path.name] += bool(hits)
    assert {source: number for source, number in counted.items() if number} == SKIPS["at_most"]
    assert used == set(range(len(SKIPS["skip"])))


def test_the_vectors_are_those_that_the_source_names() -> None:
    named = (FOLDER / "SOURCE.md").read_text()
    for path in FOLDER.glob("*.json"):
        assert f"| {path.name} | {sha256(path.read_bytes()).hexdigest()} |" in named
