"""``zegel inspect``: everything that a file says of itself, and on every line that nobody vouches for it."""

import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.registration import as_cwt, as_jwt
from zegel_testing.relying_party import COPIES, DOCTYPE, ISSUER, VCT, Asked, issue

from zegel.adapters.entropy import system_random
from zegel.checks import Check
from zegel.formats.credential import Format
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.token import sign_status_list_cwt, sign_status_list_jwt
from zegel.primitives.cbor import Tag, encode_cbor
from zegel.primitives.cose import sign_sign1
from zegel.primitives.encoding import base64url
from zegel.primitives.jws import sign_jws

ASKED = Asked(
    {
        "nonce": "n",
        "client_id": "c",
        "response_uri": "r",
        "client_metadata": {},
        "dcql_query": {"credentials": [{"format": "mso_mdoc"}]},
    }
)


def signed_list(sign: Any) -> bytes:
    """A status list in one of its formats."""
    listed = compress(empty_status_list(1_000, bits=1).updated({3: 1}))
    terms: dict[str, Any] = {"uri": "https://status.utopia.example/1", "now": NOW, "expires": NOW + 60, "ttl": 60}
    signed: bytes = sign(listed, signer=ISSUER.key, chain=ISSUER.chain, **terms)
    return signed


FILES: dict[str, bytes] = {
    "sd-jwt": COPIES[Format.SD_JWT_VC].data,
    "sd-jwt presentation": ASKED.present(COPIES[Format.SD_JWT_VC]).encode(),
    "mdoc": COPIES[Format.MDOC].data,
    "mdoc in base64url": base64url(COPIES[Format.MDOC].data).encode() + b"\n",
    "mdoc presentation": ASKED.present(COPIES[Format.MDOC]).encode(),
    "payment presentation": ASKED.present(issue(Format.MDOC, payment=True), transaction_data=["data"]).encode(),
    "jwt": sign_jws({"a": "b"}, signer=ISSUER.key, typ="JWT", x5c=ISSUER.chain),
    "status list in CWT": signed_list(sign_status_list_cwt),
    "status list in CWT without its tag": signed_list(sign_status_list_cwt)[1:],
    "registration certificate in CWT": as_cwt(),
    "registration certificate in CWT in base64url": base64url(as_cwt()).encode() + b"\n",
}


@pytest.fixture
def inspect(zegel: Any, tmp_path: Path) -> Any:
    def run(data: bytes, *options: str) -> Any:
        (tmp_path / "file").write_bytes(data)
        return zegel("inspect", tmp_path / "file", *options)

    return run


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_every_line_says_unverified(inspect: Any, data: bytes) -> None:
    ran = inspect(data)
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) > 2
    assert all(line.startswith("unverified  ") for line in ran.out.splitlines())


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_every_member_is_called_unverified(inspect: Any, data: bytes) -> None:
    said = inspect(data, "--json").json
    assert said
    assert all(name.startswith("unverified_") for name in said)


def test_stdin_is_read_too(zegel: Any) -> None:
    assert zegel("inspect", "-", stdin=FILES["sd-jwt"]).out.startswith("unverified  kind           SD-JWT VC\n")


def test_an_sd_jwt_is_shown_with_its_disclosures(inspect: Any) -> None:
    said = inspect(FILES["sd-jwt"], "--json").json
    assert (said["unverified_kind"], said["unverified_type"]) == ("SD-JWT VC", VCT)
    assert said["unverified_header"]["typ"] == "dc+sd-jwt"
    assert said["unverified_certificates"][0]["subject"].startswith("CN=attestation signer")
    assert "family_name" in [disclosure[1] for disclosure in said["unverified_disclosures"] if len(disclosure) == 3]
    assert said["unverified_claims"]["vct"] == VCT
    assert "unverified_key_binding" not in said


def test_a_presentation_is_shown_with_its_proof(inspect: Any) -> None:
    said = inspect(FILES["sd-jwt presentation"], "--json").json
    assert said["unverified_kind"] == "SD-JWT VC presentation"
    assert said["unverified_key_binding"]["claims"]["nonce"] == "n"
    assert said["unverified_key_binding"]["header"]["typ"] == "kb+jwt"


def test_an_mdoc_is_shown_with_its_elements(inspect: Any) -> None:
    for name in ("mdoc", "mdoc in base64url"):
        said = inspect(FILES[name], "--json").json
        assert (said["unverified_kind"], said["unverified_type"]) == ("mdoc as issued", DOCTYPE)
        elements = said["unverified_elements"][DOCTYPE]
        assert elements["family_name"] == "Voorbeeld"
        assert elements["portrait"] == base64url(b"\xff\xd8\xffdrawing")
        assert len(said["unverified_certificates"]) == 1


def test_an_mdoc_presentation_is_shown_with_what_its_device_signed(inspect: Any) -> None:
    said = inspect(FILES["payment presentation"], "--json").json
    assert (said["unverified_kind"], said["unverified_status"]) == ("mdoc presentation", 0)
    (document,) = said["unverified_documents"]
    assert document["type"] == "utopia.account.1"
    assert document["device_proof"] == "signature"
    assert len(document["device_signed"]["utopia.transaction.1"]["transaction_data_hashes"]) == 1


def test_all_namespaces_and_values_are_shown(inspect: Any) -> None:
    issuer = MdocIssuer(signer=ISSUER.key, chain=ISSUER.chain, doc_type="a", namespaces=("one", "two"))
    elements = {"one": {"nested": {"bytes": [b"\xff"]}}, "two": {"number": 1}}
    data = issuer.issue(
        elements,
        holder_key=fixed_key("holder").public_key,
        status=None,
        issued_at=NOW,
        valid_from=NOW,
        valid_until=NOW + 1,
        random=system_random,
    )
    said = inspect(data, "--json").json
    assert said["unverified_elements"] == {"one": {"nested": {"bytes": ["_w"]}}, "two": {"number": 1}}


def test_a_status_list_in_cwt_is_shown_as_the_same_in_jwt(inspect: Any) -> None:
    said = inspect(signed_list(sign_status_list_jwt), "--json").json
    assert said["unverified_kind"] == "JWT"
    header = {"alg": -7, "typ": "application/statuslist+cwt"}
    for name in ("status list in CWT", "status list in CWT without its tag"):
        shown = inspect(FILES[name], "--json").json
        assert shown == said | {"unverified_kind": "CWT", "unverified_header": header}


def test_a_registration_certificate_in_cwt_is_shown_as_the_same_in_jwt(inspect: Any) -> None:
    said = inspect(as_jwt().encode(), "--json").json
    for name in ("registration certificate in CWT", "registration certificate in CWT in base64url"):
        shown = inspect(FILES[name], "--json").json
        assert shown["unverified_header"] == {"alg": -7, "typ": "rc-wrp+cwt"}
        assert [shown[name] for name in ("unverified_claims", "unverified_certificates")] == [
            said[name] for name in ("unverified_claims", "unverified_certificates")
        ]


def test_whatever_a_cwt_says_is_shown(inspect: Any) -> None:
    said = {
        1: "us",
        -70000: Tag(0, "2026-01-31"),
        "more": [{b"\xff": b"\xff"}, None, True, 1.5],
        "odd": cbor2.undefined,
    }
    sign1 = sign_sign1(encode_cbor(said), signer=ISSUER.key)
    sign1[1] = {4: b"\x01", -1: [Tag(24, b"\x02")]}
    shown = inspect(encode_cbor(sign1), "--json").json
    assert shown["unverified_header"] == {"alg": -7, "kid": "AQ", "-1": ["Ag"]}
    claims = {"iss": "us", "-70000": "2026-01-31", "more": [{"_w": "_w"}, None, True, 1.5], "odd": "undefined"}
    assert shown["unverified_claims"] == claims


@pytest.mark.parametrize(
    "claims", [{1: "us", "iss": "them"}, {"-70000": 1, -70000: 2}, {"a": {1: 1, "1": 2}}, [], None]
)
def test_a_cwt_that_says_two_things_at_once_or_nothing_is_malformed(inspect: Any, claims: Any) -> None:
    sign1 = sign_sign1(encode_cbor(claims), signer=ISSUER.key, detached=claims is None)
    ran = inspect(encode_cbor(sign1), "--json")
    assert (ran.code, ran.json["verdict"]) == (2, "malformed")


@pytest.mark.parametrize(
    "text", ["x\nverified  all of it", "\x1b[2Jaccepted", "\u202eevil", "\x9b31m", "a\tb", "\N{LINE SEPARATOR}verified"]
)
def test_what_a_file_says_stays_on_its_line(inspect: Any, text: str) -> None:
    data = sign_jws({text: text, "vct": text}, signer=ISSUER.key, typ=text)
    lines = inspect(data).out.splitlines()
    assert all(line.startswith("unverified  ") for line in lines)
    assert all(character.isprintable() for line in lines for character in line)
    assert json.loads(inspect(data, "--json").out)["unverified_claims"] == {text: text, "vct": text}


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", b"a.b.c", b"\xff\xff", b"~~~", b"e30.e30.", b"\xa1\x61a\x01", b"\xd2\x84"]
)
@pytest.mark.refuses(Check.SYNTAX)
def test_anything_else_is_malformed(inspect: Any, data: bytes) -> None:
    ran = inspect(data, "--json")
    assert (ran.code, ran.json["verdict"], ran.json["check"]) == (2, "malformed", "syntax")


def test_a_file_that_is_too_long_is_malformed(inspect: Any) -> None:
    assert inspect(b"a" * ((1 << 20) + 1)).code == 2


def test_a_file_that_is_not_there_is_unavailable(zegel: Any) -> None:
    ran = zegel("inspect", "missing", "--json")
    assert (ran.code, ran.json["verdict"]) == (3, "unavailable")
