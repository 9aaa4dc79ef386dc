"""Registered credentials, as the register and the registration certificate write them (TS 119 475, TS5)."""

from typing import Any

import pytest

from zegel.errors import Malformed
from zegel.formats.credential import Format
from zegel.trust.registration.credentials import (
    MDOC,
    SD_JWT_VC,
    RegisteredCredential,
    build_certificate_credential,
    build_register_credential,
    parse_registered_credentials,
)

PID = {"format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]}, "claim": [{"path": ["family_name"]}]}
MDL = {
    "format": "mso_mdoc",
    "meta": {"doctype_value": "org.iso.18013.5.1.mDL"},
    "claims": [{"path": ["org.iso.18013.5.1", "portrait"]}, {"path": ["org.iso.18013.5.1.aamva"]}],
}


def parsed(*entries: Any) -> tuple[RegisteredCredential, ...]:
    return parse_registered_credentials(list(entries), what="registration certificate", where="credentials")


def test_the_formats_are_those_of_the_layer_above() -> None:
    assert (SD_JWT_VC, MDOC) == (Format.SD_JWT_VC, Format.MDOC)


def test_both_formats_are_read_with_either_name_of_the_claims() -> None:
    assert parsed(PID, MDL) == (
        RegisteredCredential(format="dc+sd-jwt", types=("urn:eudi:pid:1",), claims=(("family_name",),)),
        RegisteredCredential(
            format="mso_mdoc",
            types=("org.iso.18013.5.1.mDL",),
            claims=(("org.iso.18013.5.1", "portrait"), ("org.iso.18013.5.1.aamva",)),
        ),
    )


@pytest.mark.parametrize("claims", [{}, {"claims": []}, {"claim": []}], ids=str)
def test_no_claims_are_none_and_not_all(claims: dict[str, Any]) -> None:
    (credential,) = parsed({"format": "dc+sd-jwt", "meta": {"vct_values": ["urn:a"]}} | claims)
    assert credential.claims == ()


def test_a_foreign_format_keeps_what_it_says_of_itself() -> None:
    (credential,) = parsed({"format": "ldp_vc", "meta": {"type_values": [["A"]]}})
    assert credential == RegisteredCredential(format="ldp_vc", foreign_meta={"type_values": [["A"]]})


@pytest.mark.parametrize("entry", [PID, MDL, {"format": "ldp_vc", "meta": {"a": 1}}], ids=str)
def test_what_is_built_is_read_again(entry: dict[str, Any]) -> None:
    (credential,) = parsed(entry)
    register, certificate = build_register_credential(credential), build_certificate_credential(credential)
    assert parsed(register, certificate) == (credential, credential)
    assert ("claim" in register, "claims" in certificate) == (False, False)


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ("pid", "credentials[0]"),
        (PID | {"format": ""}, "credentials[0].format"),
        (PID | {"meta": "urn:eudi:pid:1"}, "credentials[0].meta"),
        (PID | {"meta": {}}, "credentials[0].meta.vct_values"),
        (PID | {"meta": {"vct_values": []}}, "credentials[0].meta.vct_values"),
        (MDL | {"meta": {"doctype_value": 7}}, "credentials[0].meta.doctype_value"),
        (PID | {"claims": [{"path": ["given_name"]}]}, "credentials[0].claims"),
        (PID | {"claim": "all"}, "credentials[0].claim"),
        (PID | {"claim": ["family_name"]}, "credentials[0].claim[0]"),
        (PID | {"claim": [{"path": "$.family_name"}]}, "credentials[0].claim[0].path"),
        (MDL | {"claims": [{"path": ["org.iso.18013.5.1", "a", "b"]}]}, "credentials[0].claims[0].path"),
        (MDL | {"claims": [{"path": ["org.iso.18013.5.1", None]}]}, "credentials[0].claims[0].path"),
    ],
    ids=str,
)
def test_another_shape_is_malformed_at_its_place(entry: Any, where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parsed(entry)
    assert (refusal.value.what, refusal.value.where) == ("registration certificate", where)


@pytest.mark.parametrize("value", [None, {}, [], "all"], ids=str)
def test_an_array_with_something_in_it_is_expected(value: Any) -> None:
    with pytest.raises(Malformed):
        parse_registered_credentials(value, what="registration certificate", where="credentials")
