"""Certificates: parsed, and validated to an anchor."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from zegel_testing.authorities import DAY, NOW, authority, fixed_key, signer
from zegel_testing.certificates import AUTHORITY, END_ENTITY, certificate, der, secp256k1, usage

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.x509 import (
    MAX_CERTIFICATE,
    Certificate,
    CertificateProfile,
    check_authority,
    check_profile,
    check_validity,
    parse_certificate,
    parse_pem_certificates,
    verify_path,
)
from zegel.trust.anchors import Purpose

BARE = CertificateProfile(name="a test")
ROOT = certificate("root", "root", AUTHORITY)
LEAF = certificate("leaf", "root", END_ENTITY)


def refused(chain: tuple[Certificate, ...], *, profile: CertificateProfile = BARE, now: int = NOW) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        verify_path(chain, anchors=(ROOT,), profile=profile, now=now)
    return refusal.value


def test_a_certificate_is_parsed_into_what_the_profiles_ask_for() -> None:
    names = ("verifier.utopia.example",)
    leaf = signer(authority("access"), "verifier", Purpose.ACCESS, dns_names=names, uris=("https://utopia.example",))
    parsed = leaf.certificate
    assert parsed.names == {"C": "UT", "O": "Utopia", "CN": "verifier"}
    assert parsed.subject == "CN=verifier,O=Utopia,C=UT"
    assert parsed.issuer == "CN=access,O=Utopia,C=UT"
    assert (parsed.not_before, parsed.not_after) == (NOW - DAY, NOW + 89 * DAY - 1)
    assert parsed.key == fixed_key("signer verifier").public_key
    assert parsed.dns_names == names
    assert parsed.uris == ("https://utopia.example",)
    assert parsed.signs
    assert parsed.understood
    assert not parsed.is_authority
    assert parsed.authority_key_id == authority("access").certificate.key_id


def test_a_bare_certificate_has_none_of_it() -> None:
    bare = certificate("bare", "root", ())
    assert (bare.dns_names, bare.uris, bare.extended_key_usage) == ((), (), ())
    assert not bare.signs
    assert not bare.is_authority


def test_a_certificate_goes_through_pem() -> None:
    both = parse_pem_certificates((ROOT.pem + LEAF.pem).encode(), what="test")
    assert both == (ROOT, LEAF)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30\x00",
        LEAF.der[:-1],
        LEAF.der + b"\x00",
        LEAF.der[:20],
        b"\x00" * MAX_CERTIFICATE,
        b"\x30" * (MAX_CERTIFICATE + 1),
    ],
)
def test_what_is_no_certificate_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_certificate(data, what="test")


@pytest.mark.parametrize("key", [secp256k1(), ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()])
def test_a_key_of_another_kind_is_malformed(key: object) -> None:
    with pytest.raises(Malformed):
        parse_certificate(der("leaf", "root", END_ENTITY, key=key))


def test_rfc_5280_4_1_2_2_a_serial_number_is_positive() -> None:
    assert LEAF.der.count(b"\xa0\x03\x02\x01\x02\x02\x01\x01") == 1
    for serial in (b"\x00", b"\xff"):
        with pytest.raises(Malformed):
            parse_certificate(
                LEAF.der.replace(b"\xa0\x03\x02\x01\x02\x02\x01\x01", b"\xa0\x03\x02\x01\x02\x02\x01" + serial)
            )


def test_an_odd_name_is_read_without_a_word_on_the_side() -> None:
    odd = LEAF.der.replace(b"\x55\x04\x06\x13\x02UT", b"\x55\x04\x06\x0c\x02\xc3\xa9")
    assert odd != LEAF.der
    assert parse_certificate(odd).names["C"] == "é"


@pytest.mark.parametrize("pem", [b"", b"no certificate", ROOT.pem.encode()[:-40]])
def test_what_is_no_pem_is_malformed(pem: bytes) -> None:
    with pytest.raises(Malformed):
        parse_pem_certificates(pem, what="test")


def test_a_leaf_without_a_subject_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        check_profile(replace(LEAF, subject=""), profile=BARE, anchor=ROOT)
    assert refusal.value.check is Check.CERTIFICATE_PROFILE


def test_rfc_5280_4_2_1_1_a_leaf_names_the_key_of_its_issuer() -> None:
    assert refused((certificate("leaf", "root", END_ENTITY, identified=False),)).check is Check.CERTIFICATE_PROFILE


def test_a_leaf_leads_to_its_anchor() -> None:
    assert verify_path((LEAF,), anchors=(ROOT,), profile=BARE, now=NOW) == ROOT


def test_a_leaf_leads_through_an_intermediate() -> None:
    middle = certificate("middle", "root", AUTHORITY)
    leaf = certificate("leaf", "middle", END_ENTITY)
    assert verify_path((leaf, middle), anchors=(ROOT,), profile=BARE, now=NOW) == ROOT


def test_the_anchor_is_found_by_its_key_among_those_of_its_name() -> None:
    namesake = certificate("root", "root", AUTHORITY, signer="other", key=fixed_key("other").public_key.for_agreement())
    assert verify_path((LEAF,), anchors=(namesake, ROOT), profile=BARE, now=NOW) == ROOT


@pytest.mark.parametrize(
    ("chain", "field"),
    [
        ((), "x5c"),
        ((ROOT,), "x5c[0]"),
        ((certificate("lone", "lone", END_ENTITY),), "x5c[0]"),
        ((LEAF, ROOT), "x5c[1]"),
        ((LEAF, certificate("middle", "root", AUTHORITY)), "x5c[1]"),
        ((certificate("leaf", "alien", END_ENTITY), certificate("alien", "alien", AUTHORITY)), "x5c[1]"),
    ],
)
@pytest.mark.refuses(Check.CHAIN)
def test_haip_a_chain_is_in_order_without_its_anchor_and_not_self_signed(
    chain: tuple[Certificate, ...], field: str
) -> None:
    refusal = refused(chain)
    assert (refusal.check, refusal.field) == (Check.CHAIN, field)


@pytest.mark.refuses(Check.CERTIFICATE_VALIDITY)
def test_an_expired_or_future_certificate_is_refused() -> None:
    for now, word in ((LEAF.not_before - 1, "not valid yet"), (LEAF.not_after + 1, "expired")):
        refusal = refused((LEAF,), now=now)
        assert refusal.check is Check.CERTIFICATE_VALIDITY
        assert word in refusal.detail
    assert check_validity(LEAF, now=LEAF.not_after) is LEAF


@pytest.mark.refuses(Check.CERTIFICATE_VALIDITY)
def test_an_expired_intermediate_is_refused() -> None:
    middle = certificate("middle", "root", AUTHORITY, begins=NOW - 10 * DAY, days=5)
    leaf = certificate("leaf", "middle", END_ENTITY)
    assert refused((leaf, middle)).check is Check.CERTIFICATE_VALIDITY


@pytest.mark.refuses(Check.ANCHOR)
def test_a_chain_to_nobody_we_trust_is_refused() -> None:
    stranger = refused((certificate("leaf", "stranger", END_ENTITY),))
    assert stranger.check is Check.ANCHOR
    assert "stranger" in stranger.detail


@pytest.mark.refuses(Check.ANCHOR)
def test_a_leaf_that_only_borrows_the_name_of_an_anchor_is_refused() -> None:
    assert refused((certificate("leaf", "root", END_ENTITY, signer="mallory"),)).check is Check.ANCHOR


@pytest.mark.refuses(Check.ANCHOR)
def test_an_end_entity_cannot_issue() -> None:
    middle = certificate("middle", "root", END_ENTITY)
    assert refused((certificate("leaf", "middle", END_ENTITY), middle)).check is Check.ANCHOR


@pytest.mark.refuses(Check.ANCHOR)
def test_an_authority_keeps_within_its_path_length() -> None:
    short = ((x509.BasicConstraints(ca=True, path_length=0), True), (usage(key_cert_sign=True), True))
    top = certificate("top", "root", short)
    middle = certificate("middle", "top", AUTHORITY)
    leaf = certificate("leaf", "middle", END_ENTITY)
    assert refused((leaf, middle, top)).check is Check.ANCHOR


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
SERVER = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.1")])
SIGNER = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.0.18013.5.1.2")])
SEVERAL = x509.ExtendedKeyUsage([*SERVER, *SIGNER])
LAX = CertificateProfile(name="a test", lax=True)
CERTIFYING, COMMITTING = usage(digital_signature=True, key_cert_sign=True), usage(content_commitment=True)


@pytest.mark.parametrize(
    ("leaf", "profile", "words"),
    [
        (certificate("ca", "root", (*AUTHORITY[:1], *END_ENTITY)), BARE, "not an authority"),
        (certificate("mute", "root", ((usage(key_cert_sign=True), True),)), BARE, "digitalSignature"),
        (certificate("odd", "root", (*END_ENTITY, (UNKNOWN, True))), BARE, "unknown here"),
        (LEAF, CertificateProfile(name="a test", extended_key_usage="1.0.18013.5.1.2"), "alone"),
        (
            certificate("web", "root", (*END_ENTITY, (SERVER, False))),
            CertificateProfile(name="a test", allowed_usages=frozenset({"1.0.18013.5.1.2"})),
            "no extended key usage but",
        ),
        (
            certificate("abroad", "root", END_ENTITY, country="XX"),
            CertificateProfile(name="a test", same_country=True),
            "country",
        ),
        (
            certificate("nowhere", "root", END_ENTITY, country=None),
            CertificateProfile(name="a test", same_country=True),
            "country",
        ),
        (LEAF, CertificateProfile(name="a test", max_days=29), "at most 29 days"),
        (LEAF, CertificateProfile(name="a test", named_usage="1.2.3"), "usage 1.2.3"),
        (certificate("leaf", "root", ((CERTIFYING, True),)), LAX, "none, digitalSignature or contentCommitment"),
    ],
)
@pytest.mark.refuses(Check.CERTIFICATE_PROFILE)
def test_a_certificate_has_the_profile_of_its_purpose(
    leaf: Certificate, profile: CertificateProfile, words: str
) -> None:
    refusal = refused((leaf,), profile=profile)
    assert refusal.check is Check.CERTIFICATE_PROFILE
    assert words in refusal.detail
    assert profile.name in refusal.detail


@pytest.mark.parametrize(
    ("leaf", "profile"),
    [
        (certificate("odd", "root", (*END_ENTITY, (UNKNOWN, False))), BARE),
        (
            certificate("ds", "root", (*END_ENTITY, (SIGNER, True))),
            CertificateProfile(name="a test", extended_key_usage="1.0.18013.5.1.2"),
        ),
        (
            certificate("ds", "root", (*END_ENTITY, (SIGNER, True))),
            CertificateProfile(name="a test", allowed_usages=frozenset({"1.0.18013.5.1.2"})),
        ),
        (LEAF, CertificateProfile(name="a test", allowed_usages=frozenset(), same_country=True, max_days=30)),
        (
            certificate("ds", "root", (*END_ENTITY, (SEVERAL, False))),
            CertificateProfile(name="a test", named_usage="1.0.18013.5.1.2"),
        ),
        (LEAF, LAX),
        (certificate("leaf", "root", ()), LAX),
        (certificate("leaf", "root", ((COMMITTING, True),)), LAX),
    ],
)
def test_a_certificate_of_its_profile_is_accepted(leaf: Certificate, profile: CertificateProfile) -> None:
    assert verify_path((leaf,), anchors=(ROOT,), profile=profile, now=NOW) == ROOT


def test_a_profile_is_judged_without_an_anchor_but_for_its_country() -> None:
    abroad = certificate("abroad", "root", END_ENTITY, country="XX")
    assert check_profile(abroad, anchor=None, profile=CertificateProfile(name="a test", same_country=True)) == abroad


@pytest.mark.refuses(Check.CERTIFICATE_PROFILE)
def test_an_intermediate_has_no_unknown_critical_extension_either() -> None:
    middle = certificate("middle", "root", (*AUTHORITY, (UNKNOWN, True)))
    refusal = refused((certificate("leaf", "middle", END_ENTITY), middle))
    assert (refusal.check, refusal.field) == (Check.CERTIFICATE_PROFILE, "x5c[1]")


def test_the_policies_of_a_certificate_are_read() -> None:
    policies = x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in ("1.2.3", "0.4.0.194118.1.2")]
    )
    stated = certificate("leaf", "root", (*END_ENTITY, (policies, False)))
    assert (stated.policies, LEAF.policies) == (("1.2.3", "0.4.0.194118.1.2"), ())


def test_an_authority_is_one_at_which_a_chain_can_end() -> None:
    assert check_authority(ROOT) is ROOT


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")


@pytest.mark.refuses(Check.CERTIFICATE_PROFILE)
@pytest.mark.parametrize(
    ("extensions", "identified", "expected"),
    [
        (END_ENTITY, True, "an authority"),
        (((x509.BasicConstraints(ca=False, path_length=None), True),), True, "an authority"),
        (AUTHORITY[:1], True, "the key usage keyCertSign"),
        ((*AUTHORITY[:1], *END_ENTITY), True, "the key usage keyCertSign"),
        (AUTHORITY, False, "a subject key identifier"),
        ((*AUTHORITY, (UNKNOWN, True)), True, "no critical extension that is unknown here"),
    ],
)
def test_what_no_chain_can_end_at_is_no_authority(
    extensions: tuple[tuple[x509.ExtensionType, bool], ...], identified: bool, expected: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        check_authority(certificate("other", "other", extensions, identified=identified))
    assert refusal.value.check is Check.CERTIFICATE_PROFILE
    assert f"expected {expected} in" in refusal.value.detail
