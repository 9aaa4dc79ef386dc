"""An SD-JWT VC that another issuer made for its own wallets: read, found by its query, and presented."""

import json
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.openid4vp import credential, held
from zegel_testing.sdjwt import ANCHORS, AUDIENCE, NONCE

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format, StatusReference
from zegel.formats.sdjwt.disclosures import resolve_disclosures
from zegel.formats.sdjwt.key_binding import verify_key_binding
from zegel.formats.sdjwt.parse import UnverifiedSdJwt, parse_sdjwt
from zegel.formats.sdjwt.present import present_sdjwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt
from zegel.primitives.jws import verify_jws
from zegel.primitives.keys import parse_secret_jwk
from zegel.primitives.x509 import parse_certificate
from zegel.protocols.openid4vp.dcql import parse_query
from zegel.protocols.openid4vp.matching import default_choice, match_query

FOLDER = Path(__file__).parents[1] / "vectors" / "sd-jwt" / "eudi-jvm"
HOLDER = parse_secret_jwk(json.loads((FOLDER / "sd-jwt-vc-pid-key.json").read_text()), what="holder")
QUERY = parse_query((FOLDER / "sd-jwt-vc-pid-dcql-query.json").read_bytes())
ISSUED_AT = 1_782_986_026


def pid() -> UnverifiedSdJwt:
    return parse_sdjwt((FOLDER / "sd-jwt-vc-pid.txt").read_bytes().strip())


def claims_of(sdjwt: UnverifiedSdJwt) -> dict[str, Any]:
    """What is disclosed, under the signature of the leaf that came along."""
    leaf = parse_certificate(sdjwt.unverified_jws.unverified_header.x5c[0])
    assert leaf.names["CN"] == "Kotlin PID Issuer DEV"
    signed = verify_jws(sdjwt.unverified_jws, key=leaf.key, typ="dc+sd-jwt").claims
    return resolve_disclosures(signed, sdjwt.encoded_disclosures, sdjwt.unverified_disclosures)


def test_a_pid_of_the_european_issuer_is_read_with_its_status() -> None:
    claims = claims_of(pid())
    assert (claims["vct"], claims["iat"], claims["family_name"]) == ("urn:eudi:pid:1", ISSUED_AT, "Neal")
    assert pid().unverified_status == StatusReference(
        uri="https://issuer.eudiw.dev/token_status_list/FC/urn:eudi:pid:1/aa422ade-b8c8-4e8e-81fc-b6c99e89a0d7",
        index=4216,
    )


def test_nobody_trusts_it_whose_list_does_not_have_its_authority() -> None:
    with pytest.raises(Rejected) as refusal:
        verify_issued_sdjwt(pid(), anchors=ANCHORS, now=ISSUED_AT)
    assert refusal.value.check is Check.ANCHOR


def test_the_query_that_goes_with_it_finds_the_claim_that_it_asks_for() -> None:
    wallet = held(credential(claims=claims_of(pid())))
    match = match_query(QUERY, wallet, formats=tuple(Format), issuer_algorithms={}, without_pid=())
    assert default_choice(match).held == {"eu_europa_ec_eudi_pid_1": ("1",)}
    (candidate,) = match.candidates("eu_europa_ec_eudi_pid_1")
    assert dict(candidate.claims) == {("family_name",): "Neal"}


@pytest.mark.requirement("OIA_02")
def test_it_is_presented_with_its_own_key() -> None:
    assert pid().unverified_holder_key == HOLDER.public_key
    shown = parse_sdjwt(
        present_sdjwt(pid(), paths=[("family_name",)], holder=HOLDER, audience=AUDIENCE, nonce=NONCE, now=ISSUED_AT)
    )
    binding = shown.unverified_key_binding
    assert binding is not None
    verify_key_binding(
        binding,
        key=HOLDER.public_key,
        presented=shown.presented,
        audience=AUDIENCE,
        nonce=NONCE,
        now=ISSUED_AT,
        transaction_data=(),
    )
    assert claims_of(shown).keys() & {"family_name", "given_name"} == {"family_name"}
