"""Registration certificates in both formats: signed, parsed, verified, bound (ETSI TS 119 475, ARF 3.0 topic 44)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, authority, signer
from zegel_testing.registration import (
    LIBRARY,
    OFFICE,
    PROVIDER,
    REGISTERED,
    REGISTRATION_ROOT,
    REGISTRATION_SIGNER,
    STATUS_URI,
    THROUGH_DESK,
    as_cwt,
    as_jwt,
    registered,
    status_list,
)

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.status.registered import check_registration_status
from zegel.primitives.cbor import Tag, encode_cbor, parse_cbor
from zegel.primitives.cose import TAG_MAC0, TAG_SIGN1, sign_sign1
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.jws import parse_jws, sign_jws
from zegel.trust.anchors import Purpose
from zegel.trust.registration.entitlements import ATTESTATION_PROVIDERS, Entitlement, entitlement_uri
from zegel.trust.registration.parse import MAX_CERTIFICATE, parse_registration
from zegel.trust.registration.sign import build_registration
from zegel.trust.registration.transport import certificate_bytes, certificate_path, certificate_text, check_one_sent
from zegel.trust.registration.values import (
    CWT_TYPE,
    JWT_TYPE,
    MAX_VALIDITY,
    Intermediary,
    LocalizedText,
    RegistrationCertificate,
    RegistrationFormat,
    text_in,
)
from zegel.trust.registration.verify import (
    check_registered_attestation,
    check_registered_provider,
    check_registration_party,
    verify_registration,
)

FORMATS = pytest.mark.parametrize("sign", [as_jwt, as_cwt], ids=["jwt", "cwt"])
Sign = Callable[..., str | bytes]


def verified(certificate: RegistrationCertificate = LIBRARY, *, sign: Sign = as_jwt, now: int = NOW, **by: Any):
    return verify_registration(parse_registration(sign(certificate, **by)), anchors=REGISTERED, now=now)


def claims_of(certificate: RegistrationCertificate = LIBRARY, **changes: Any) -> dict[str, Any]:
    built: dict[str, Any] = {**build_registration(certificate), **changes}
    return {name: value for name, value in built.items() if value is not ...}


def parsed(**changes: Any) -> RegistrationCertificate:
    compact = sign_jws(claims_of(**changes), signer=REGISTRATION_SIGNER.key, typ=JWT_TYPE)
    return parse_registration(compact).unverified_certificate


@FORMATS
@pytest.mark.parametrize("certificate", [LIBRARY, THROUGH_DESK, OFFICE], ids=lambda certificate: certificate.name)
@pytest.mark.requirement("RPRC_04")
@pytest.mark.requirement("RPRC_04a")
def test_what_is_signed_is_read_again(sign: Sign, certificate: RegistrationCertificate) -> None:
    """RPRC_04, RPRC_04a."""
    found = verified(certificate, sign=sign)
    assert (found.certificate, found.provider) == (certificate, PROVIDER)


@pytest.mark.requirement("RPRC_02")
def test_the_jwt_carries_its_chain_and_is_a_jades_of_baseline_b() -> None:
    """RPRC_02: the signing certificate is in x5c, and the anchor is not."""
    header = parse_jws(as_jwt(), what="test").unverified_header
    assert header.x5c == REGISTRATION_SIGNER.chain
    assert (header.typ, header.members["iat"]) == ("rc-wrp+jwt", LIBRARY.issued_at)
    assert "x5t#S256" in header.members


def test_the_cwt_has_the_claims_of_rfc_8392_under_their_numbers_and_a_signed_type() -> None:
    tagged: Any = parse_cbor(as_cwt(), what="test")
    protected, unprotected, payload, _ = tagged.value
    claims: Any = parse_cbor(payload, what="test")
    assert tagged.tag == TAG_SIGN1
    assert parse_cbor(protected, what="test") == {1: -7, 16: "rc-wrp+cwt"}
    assert unprotected[33] == REGISTRATION_SIGNER.chain[0]
    assert (claims[2], claims[6], claims[4]) == (LIBRARY.identifier, LIBRARY.issued_at, LIBRARY.expires)
    assert claims[65535] == {"status_list": {"idx": 3, "uri": STATUS_URI}}
    assert not {"sub", "iat", "exp", "status"} & claims.keys()


def cwt(claims: dict[Any, Any], *, typ: str = CWT_TYPE, tag: int | None = TAG_SIGN1, detached: bool = False) -> bytes:
    sign1 = sign_sign1(
        encode_cbor(claims),
        signer=REGISTRATION_SIGNER.key,
        x5chain=REGISTRATION_SIGNER.chain,
        typ=typ,
        detached=detached,
    )
    return encode_cbor(sign1 if tag is None else Tag(tag, sign1))


def test_a_cwt_is_read_with_the_names_of_the_standards_tables_and_without_a_tag_too() -> None:
    found = parse_registration(cwt(claims_of(), tag=None))
    assert found.unverified_certificate == LIBRARY
    assert verify_registration(found, anchors=REGISTERED, now=NOW).certificate == LIBRARY


def test_a_cwt_stands_in_a_request_as_base64url() -> None:
    data, compact = as_cwt(), as_jwt()
    assert parse_base64url(certificate_text(data), what="test") == data
    assert parse_registration(certificate_text(data)).unverified_certificate == LIBRARY
    assert certificate_text(compact.encode()) == compact
    for each, format_ in ((data, RegistrationFormat.CWT), (compact.encode(), RegistrationFormat.JWT)):
        assert certificate_bytes(certificate_text(each)) == each
        found = parse_registration(each).format
        assert (found, found.media_type) == (format_, f"application/rc-wrp+{format_}")
    with pytest.raises(Malformed):
        certificate_bytes("no base64url!")


def test_where_the_next_certificate_is_given_out_says_what_it_is_about_and_which_format() -> None:
    start = "/registration-certificates/NTRUT-1234567?service=lending&intendeduseidentifier=library-card"
    assert certificate_path(LIBRARY) == start
    assert certificate_path(LIBRARY, RegistrationFormat.CWT) == f"{start}&format=cwt"
    assert certificate_path(THROUGH_DESK) == f"{start}&intermediary=NTRUT-7654321"
    assert certificate_path(replace(OFFICE, identifier="A/B")) == "/registration-certificates/A%2FB"


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (cwt(claims_of() | {2: "NTRUT-1"}), "sub"),
        (cwt(claims_of(), tag=TAG_MAC0), ""),
        (cwt(claims_of(), detached=True), "payload"),
        (b"x" * (MAX_CERTIFICATE + 1), ""),
        (cwt(claims_of() | {"padding": "x" * MAX_CERTIFICATE}), ""),
        ("x" * (MAX_CERTIFICATE + 1), ""),
        ("not base64url", ""),
        (b"\xa0", ""),
        ("", ""),
    ],
    ids=["sub twice", "a MAC", "detached", "long", "a long CWT", "long text", "no base64url", "a map", "nothing"],
)
def test_what_is_no_certificate_is_malformed(data: bytes | str, where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_registration(data)
    assert refusal.value.where == where


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"sub": ...}, "sub"),
        ({"sub": {"legal_name": ["Library"]}}, "sub"),
        ({"name": ""}, "name"),
        ({"entitlements": []}, "entitlements"),
        ({"iat": ...}, "iat"),
        ({"exp": "tomorrow"}, "exp"),
        ({"status": {"status_list": {"idx": -1, "uri": STATUS_URI}}}, "status.status_list.idx"),
        ({"purpose": ["to lend"]}, "purpose[0]"),
        ({"purpose": [{"lang": "en"}]}, "purpose[0].value"),
        ({"privacy_policy": "javascript:alert(1)"}, ""),
        ({"registry_uri": "https://user@registrar.utopia.example"}, ""),
        ({"support_uri": []}, "support_uri"),
        ({"credentials": {}}, "credentials"),
        ({"provides_attestations": [{"format": "dc+sd-jwt"}]}, "provides_attestations[0].meta"),
        ({"supervisory_authority": "DPA"}, "supervisory_authority"),
        ({"supervisory_authority": {"phone": 7}}, "supervisory_authority.phone"),
        ({"public_body": "TRUE"}, "public_body"),
        ({"policy_id": ...}, "policy_id"),
        ({"intermediary": {"name": "Desk"}}, "intermediary.sub"),
        ({"intermediary": {"sub": "NTRUT-1"}, "act": {"sub": "NTRUT-2"}}, "act.sub"),
    ],
    ids=str,
)
def test_a_member_of_another_shape_is_malformed_at_its_place(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parsed(**changes)
    assert refusal.value.where == where


@pytest.mark.parametrize(
    "changes",
    [
        {"intermediary": {"sub": "NTRUT-7654321", "name": "Utopia Desk"}},
        {"intermediary": {"sub": "NTRUT-7654321", "sname": "Utopia Desk"}},
        {"intermediary": {"sub": "NTRUT-7654321", "sname": "Utopia Desk"}, "act": {"sub": "NTRUT-7654321"}},
    ],
    ids=str,
)
def test_an_intermediary_is_read_under_the_names_that_the_standard_has_for_it(changes: dict[str, Any]) -> None:
    assert parsed(**changes).intermediary == Intermediary(identifier="NTRUT-7654321", name="Utopia Desk")


def test_an_intermediary_that_only_act_names_is_one() -> None:
    assert parsed(act={"sub": "NTRUT-7654321"}).intermediary == Intermediary(identifier="NTRUT-7654321")


def test_a_natural_person_has_both_names() -> None:
    assert parsed(sub_ln=..., sub_gn="Ada", sub_fn="Example").legal_name == "Ada Example"
    assert parsed(sub_ln=...).legal_name is None


def test_an_entitlement_is_a_uri_or_the_object_identifier_of_the_same() -> None:
    assert entitlement_uri("0.4.0.19475.1.1") == Entitlement.SERVICE_PROVIDER
    assert entitlement_uri("0.4.0.19475.1.5") == Entitlement.PID_PROVIDER
    assert entitlement_uri("0.4.0.19475.1.10") == Entitlement.SIGNATURE_CREATION_PROVIDER
    assert entitlement_uri("urn:other") == "urn:other"
    assert parsed(entitlements=["0.4.0.19475.1.4"]).entitlements == (Entitlement.PUB_EAA_PROVIDER,)
    assert Entitlement.PID_PROVIDER not in ATTESTATION_PROVIDERS


@pytest.mark.parametrize(("language", "value"), [("nl", "een"), ("nl-BE", "een"), ("fr", "one"), ("en", "one")])
def test_a_text_is_shown_in_the_language_asked_for_or_in_english(language: str, value: str) -> None:
    assert text_in((LocalizedText(lang="nl", value="een"), LocalizedText(lang="EN-us", value="one")), language) == value


def test_a_text_in_another_language_is_better_than_none() -> None:
    assert text_in((LocalizedText(lang="nl", value="een"),), "fr") == "een"
    assert text_in((), "fr") is None


# --- verified ----------------------------------------------------------------------------------------------------


@FORMATS
@pytest.mark.parametrize(
    "by",
    [
        signer(authority("stranger"), "registration", Purpose.REGISTRATION, days=400),
        signer(REGISTRATION_ROOT, "over", Purpose.REGISTRATION, days=2, now=NOW - 5 * DAY),
    ],
    ids=["a stranger", "expired"],
)
@pytest.mark.requirement("RPRC_02a")
def test_only_a_listed_provider_of_registration_certificates_is_believed(sign: Sign, by: Any) -> None:
    """RPRC_02a, ISSU_23c, ISSU_33a: and nobody else."""
    with pytest.raises(Rejected) as refusal:
        verified(sign=sign, by=by)
    assert refusal.value.check in (Check.ANCHOR, Check.CERTIFICATE_VALIDITY)


@FORMATS
def test_bytes_that_were_changed_are_refused(sign: Sign) -> None:
    data = sign()
    raw = bytearray(data.encode() if isinstance(data, str) else data)
    if isinstance(data, str):
        header, payload, signature = data.split(".")
        claims = {**parse_object(parse_base64url(payload, what="test"), what="test"), "name": "Another"}
        changed: bytes | str = f"{header}.{base64url(encode_json(claims))}.{signature}"
    else:
        at = raw.index(b"Utopia Library")
        raw[at : at + 6] = b"Erewho"
        changed = bytes(raw)
    with pytest.raises(Rejected) as refusal:
        verify_registration(parse_registration(changed), anchors=REGISTERED, now=NOW)
    assert refusal.value.check is Check.SIGNATURE


@pytest.mark.parametrize(
    "data",
    [
        sign_jws(claims_of(), signer=REGISTRATION_SIGNER.key, typ="JWT", x5c=REGISTRATION_SIGNER.chain),
        cwt(claims_of(), typ="application/cwt"),
    ],
    ids=["jwt", "cwt"],
)
def test_another_object_of_the_provider_is_no_certificate(data: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        verify_registration(parse_registration(data), anchors=REGISTERED, now=NOW)
    assert refusal.value.check is Check.TOKEN_TYPE


@FORMATS
@pytest.mark.parametrize(
    ("certificate", "now", "field"),
    [
        (LIBRARY, LIBRARY.issued_at - 11, "iat"),
        (LIBRARY, LIBRARY.valid_until + 60, "exp"),
        (registered(expires=LIBRARY.issued_at + MAX_VALIDITY + 1), NOW, "exp"),
        (registered(status=None), NOW, "status"),
        (registered(status=None, expires=LIBRARY.issued_at + DAY + 1), NOW, "status"),
    ],
    ids=["too early", "too late", "too long", "not revocable", "not revocable for a day and a second"],
)
@pytest.mark.requirement("RPRC_01a")
def test_a_certificate_has_its_time(sign: Sign, certificate: RegistrationCertificate, now: int, field: str) -> None:
    """RPRC_17, RPRC_01a."""
    with pytest.raises(Rejected) as refusal:
        verified(certificate, sign=sign, now=now)
    assert (refusal.value.check, refusal.value.field) == (Check.REGISTRATION_VALIDITY, field)


@FORMATS
@pytest.mark.parametrize(
    ("certificate", "now"),
    [
        (LIBRARY, LIBRARY.issued_at - 10),
        (LIBRARY, LIBRARY.valid_until + 59),
        (registered(expires=None), LIBRARY.issued_at + MAX_VALIDITY - 1),
        (registered(status=None, expires=LIBRARY.issued_at + DAY), NOW),
    ],
    ids=["just begun", "just over", "without an end", "for a day"],
)
def test_a_certificate_is_valid_until_its_end(sign: Sign, certificate: RegistrationCertificate, now: int) -> None:
    assert verified(certificate, sign=sign, now=now).certificate == certificate


# --- bound -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RPRC_07")
@pytest.mark.requirement("RPRC_17a")
def test_a_certificate_is_about_the_holder_of_the_access_certificate() -> None:
    """RPRC_07, RPRC_17a, RPRC_22b."""
    found = check_registration_party(verified(), identifier="NTRUT-1234567", service="lending")
    assert (found.certificate, found.provider, found.intermediated) == (LIBRARY, PROVIDER, False)


def test_or_about_whom_an_intermediary_asks_for() -> None:
    """RPRC_17a note a, RPI_06: by the intermediary's identifier and its Service for that party."""
    found = check_registration_party(verified(THROUGH_DESK), identifier="NTRUT-7654321", service="desk-for-library")
    assert (found.certificate, found.intermediated) == (THROUGH_DESK, True)


def test_a_party_with_an_intermediary_may_ask_for_itself() -> None:
    found = check_registration_party(verified(THROUGH_DESK), identifier="NTRUT-1234567", service="lending")
    assert not found.intermediated


def test_certificates_that_know_no_services_are_bound_by_the_party_alone() -> None:
    found = verified(registered(service=None))
    assert check_registration_party(found, identifier="NTRUT-1234567", service=None).certificate.service is None


@pytest.mark.parametrize(
    ("certificate", "identifier", "service", "check"),
    [
        (LIBRARY, "NTRUT-7654321", "desk-for-library", Check.REGISTRATION_PARTY),
        (THROUGH_DESK, "NTRUT-9999999", "desk-for-library", Check.REGISTRATION_PARTY),
        (LIBRARY, None, "lending", Check.REGISTRATION_PARTY),
        (LIBRARY, "NTRUT-1234567", "reading-room", Check.REGISTRATION_SERVICE),
        (LIBRARY, "NTRUT-1234567", None, Check.REGISTRATION_SERVICE),
        (registered(service=None), "NTRUT-1234567", "lending", Check.REGISTRATION_SERVICE),
        (THROUGH_DESK, "NTRUT-7654321", "lending", Check.REGISTRATION_SERVICE),
    ],
    ids=[
        "an intermediary that is not named",
        "another intermediary",
        "an access certificate without an identifier",
        "another service",
        "a service that is not shown",
        "a service that is not registered",
        "another service of the intermediary",
    ],
)
@pytest.mark.requirement("RPRC_07a")
def test_nobody_uses_another_ones_certificate(
    certificate: RegistrationCertificate, identifier: str | None, service: str | None, check: Check
) -> None:
    with pytest.raises(Rejected) as refusal:
        check_registration_party(verified(certificate), identifier=identifier, service=service)
    assert refusal.value.check is check


# --- not revoked -------------------------------------------------------------------------------------------------


def bound(certificate: RegistrationCertificate = LIBRARY):
    return check_registration_party(verified(certificate), identifier=certificate.identifier, service="lending")


def test_a_certificate_is_current_by_its_providers_list_for_as_long_as_that_is_fresh() -> None:
    """RPRC_01a."""
    current = check_registration_status(bound(), status_list(0, 1, 2, 4), now=NOW + 3_599)
    assert (current.certificate, current.status_until) == (LIBRARY, NOW + 3_600)


def test_one_that_lives_for_a_day_needs_no_list() -> None:
    short = bound(registered(status=None, issued_at=NOW - 60, expires=NOW + 3_600))
    assert check_registration_status(short, None, now=NOW).status_until is None


@pytest.mark.parametrize(
    ("list_", "check"),
    [
        (status_list(3), Check.REGISTRATION_STATUS),
        (None, Check.STATUS_LIST),
        (status_list(uri="https://registration.utopia.example/status/2"), Check.STATUS_LIST),
        (status_list(entity="Somebody else"), Check.STATUS_ISSUER),
        (status_list(stale_at=NOW), Check.STATUS_STALE),
        (status_list(stale_at=NOW, expires=NOW), Check.STATUS_FRESHNESS),
    ],
    ids=["revoked", "none", "another", "another provider's", "stale", "expired"],
)
def test_what_cannot_be_found_valid_is_not_current(list_: Any, check: Check) -> None:
    with pytest.raises(Rejected) as refusal:
        check_registration_status(bound(), list_, now=NOW)
    assert refusal.value.check is check


def test_an_index_beyond_the_list_is_not_valid() -> None:
    beyond = registered(status=replace(LIBRARY.status, index=8))
    with pytest.raises(Rejected) as refusal:
        check_registration_status(bound(beyond), status_list(), now=NOW)
    assert refusal.value.check is Check.REGISTRATION_STATUS


# --- sent --------------------------------------------------------------------------------------------------------


def test_the_one_certificate_is_found_among_other_statements() -> None:
    """RPRC_19."""
    entries = [("urn:zegel:purpose", {"purpose": "to lend"}), ("registration_cert", "ey.a.b")]
    assert check_one_sent(entries, field="verifier_info") == "ey.a.b"


@pytest.mark.refuses(Check.REGISTRATION_CERTIFICATE)
@pytest.mark.parametrize(
    "entries",
    [
        [],
        [("registrar_dataset", {})],
        [("registration_cert", "ey.a.b"), ("registration_cert", "ey.c.d")],
        [("registration_cert", {"jwt": "ey.a.b"})],
        [("registration_cert", "https://library.utopia.example/certificate")],
    ],
    ids=["none", "only the data set", "two", "an object", "by reference"],
)
def test_none_and_two_and_a_reference_are_refused(entries: Any) -> None:
    """RPRC_17, RPRC_19, RPRC_22: exactly one, by value."""
    with pytest.raises(Rejected) as refusal:
        check_one_sent(entries, field="verifier_info")
    assert refusal.value.check is Check.REGISTRATION_CERTIFICATE


def test_one_address_is_a_text_and_several_are_an_array() -> None:
    """RPRC_11: TS 119 475 has one, the register may have more."""
    built = build_registration(LIBRARY)
    assert (built["support_uri"], built["info_uri"]) == (list(LIBRARY.support), LIBRARY.information[0])


# --- a provider --------------------------------------------------------------------------------------------------


def office(*entitlements: str):
    certificate = replace(OFFICE, entitlements=entitlements)
    return check_registration_party(verified(certificate), identifier=OFFICE.identifier, service=None)


@pytest.mark.parametrize(
    ("entitlement", "of_pid"),
    [
        (Entitlement.PID_PROVIDER, True),
        (Entitlement.QEAA_PROVIDER, False),
        (Entitlement.PUB_EAA_PROVIDER, False),
        (Entitlement.NON_QUALIFIED_EAA_PROVIDER, False),
    ],
)
def test_a_provider_is_registered_as_one_of_what_it_issues(entitlement: Entitlement, of_pid: bool) -> None:
    """ISSU_24a, ISSU_34a."""
    assert check_registered_provider(office(Entitlement.SERVICE_PROVIDER, entitlement), of_pid=of_pid)
    with pytest.raises(Rejected) as refusal:
        check_registered_provider(office(Entitlement.SERVICE_PROVIDER, entitlement), of_pid=not of_pid)
    assert refusal.value.check is Check.REGISTERED_PROVIDER


def test_a_type_is_registered_in_each_of_its_formats() -> None:
    """ISSU_24b, ISSU_34b, RPRC_23."""
    found = office(Entitlement.PID_PROVIDER)
    assert check_registered_attestation(found, format_="dc+sd-jwt", type_="urn:eudi:pid:1") == OFFICE.provides[0]
    for format_, type_ in (("mso_mdoc", "urn:eudi:pid:1"), ("dc+sd-jwt", "urn:eudi:pid:ut:1")):
        with pytest.raises(Rejected) as refusal:
            check_registered_attestation(found, format_=format_, type_=type_)
        assert refusal.value.check is Check.REGISTERED_ATTESTATION
