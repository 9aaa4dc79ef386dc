"""Wallet and key attestations: the examples of OpenID4VCI 1.0 appendices D and E, of draft 07 and of TS3 1.5."""

from pathlib import Path

import pytest
from zegel_testing.authorities import NOW, anchor, authority, signer, trusting

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.json import Json
from zegel.primitives.jws import sign_jws
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import parse_wallet_attestation, verify_wallet_attestation
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.key_attestation import parse_key_attestation, verify_key_attestation

EXAMPLE = Path(__file__).parents[1] / "vectors" / "openid4vci" / "examples" / "wallet_attestation.jwt.txt"
ROOT = authority("wallet root")
PROVIDER = signer(ROOT, "wallet provider", Purpose.WALLET_PROVIDER)
ANCHORS = trusting(anchor(ROOT, Purpose.WALLET_PROVIDER))
INSTANCE_KEY = {
    "kty": "EC",
    "use": "sig",
    "crv": "P-256",
    "x": "18wHLeIgW9wVN6VD1Txgpqy2LszYkMf6J8njVAibvhM",
    "y": "-V4dS4UaLMgP_4fY4j8ir7cl1TXlFdAgcx55o7TkcSA",
}
CREDENTIAL_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc",
    "y": "ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ",
}


def signed(claims: dict[str, object], typ: str) -> bytes:
    return sign_jws(claims, signer=PROVIDER.key, typ=typ, x5c=PROVIDER.chain)


def test_openid4vci_appendix_e_the_example_is_read() -> None:
    found = parse_wallet_attestation("".join(EXAMPLE.read_text().split()))
    assert found.unverified_client_id == "https://wallet.example.com"
    assert found.unverified_wallet.name == "Wallet Solution X by Wonderland State Department"
    assert found.unverified_wallet.link == "https://example.com/wallet/detail_info.html"
    assert found.unverified_key.jwk()["x"] == INSTANCE_KEY["x"]
    assert found.unverified_expires - (found.unverified_begins or 0) <= 86_400


@pytest.mark.refuses(Check.CHAIN)
def test_haip_4_4_1_the_example_is_refused_for_its_self_signed_certificate() -> None:
    found = parse_wallet_attestation("".join(EXAMPLE.read_text().split()))
    with pytest.raises(Rejected) as refusal:
        verify_wallet_attestation(found, anchors=ANCHORS, now=found.unverified_expires - 1)
    assert refusal.value.check is Check.CHAIN


def test_ts3_3_1_the_example_of_a_wallet_attestation_is_read() -> None:
    claims = {
        "sub": "https://client.example.com",
        "wallet_name": "SmartWallet-mobile",
        "wallet_version": "1.0.1",
        "wallet_link": "https://example.org/wallets/SmartWallet-mobile/info",
        "wallet_solution_certification_information": "https://example.org/certification/SmartWalletMobile/1-0-1/",
        "exp": NOW + 3_600,
        "client_status": {
            "status": {"status_list": {"idx": 1337, "uri": "https://revocation_url/wia-statuslists/42"}},
            "exp": NOW + 2_678_400,
        },
        "cnf": {"jwk": INSTANCE_KEY},
    }
    compact = signed(claims, "oauth-client-attestation+jwt")
    found = verify_wallet_attestation(parse_wallet_attestation(compact), anchors=ANCHORS, now=NOW)
    assert (found.wallet.name, found.wallet.version) == ("SmartWallet-mobile", "1.0.1")
    assert found.status == AttestationStatus(
        uri="https://revocation_url/wia-statuslists/42", index=1337, maintained_until=NOW + 2_678_400, provider="Utopia"
    )


@pytest.mark.parametrize(
    ("said", "kept"),
    [({"cab": "A", "number": 7}, None), (["A"], None), (7, None), (False, None), (None, None), ("A/7", "A/7")],
)
def test_ts3_2_3_1_the_content_of_the_certification_is_undefined(said: Json, kept: str | None) -> None:
    claims = {
        "sub": "https://client.example.com",
        "wallet_solution_certification_information": said,
        "exp": NOW + 3_600,
        "cnf": {"jwk": INSTANCE_KEY},
    }
    compact = signed(claims, "oauth-client-attestation+jwt")
    found = verify_wallet_attestation(parse_wallet_attestation(compact), anchors=ANCHORS, now=NOW)
    assert found.wallet.certification == kept


def test_draft_07_section_5_1_the_example_of_a_client_attestation_is_read() -> None:
    claims = {
        "iss": "https://attester.example.com",
        "sub": "https://client.example.com",
        "nbf": NOW - 3_600,
        "exp": NOW,
        "cnf": {"jwk": INSTANCE_KEY},
    }
    compact = signed(claims, "oauth-client-attestation+jwt")
    found = verify_wallet_attestation(parse_wallet_attestation(compact), anchors=ANCHORS, now=NOW - 1)
    assert found.client_id == "https://client.example.com"


@pytest.mark.parametrize(
    ("typ", "claims"),
    [
        (
            "key-attestation+jwt",
            {"iss": "https://provider.example", "key_storage": ["iso_18045_moderate"], "user_authentication": ["x"]},
        ),
        (
            "keyattestation+jwt",
            {
                "certification": "https://example.org/certification/wscd/GlobalPlatform/",
                "key_storage_status": {
                    "status": {"status_list": {"idx": 7, "uri": "https://revocation_url/wua-type-statuslists/3"}},
                    "exp": NOW + 2_678_400,
                },
                "key_storage": ["iso_18045_high"],
                "user_authentication": ["iso_18045_high", "iso_18045_moderate"],
            },
        ),
    ],
)
def test_openid4vci_d_1_and_ts3_3_1_the_examples_of_a_key_attestation_are_read(
    typ: str, claims: dict[str, object]
) -> None:
    compact = signed({"iat": NOW - 60, "exp": NOW + 60, "attested_keys": [CREDENTIAL_KEY], **claims}, typ)
    found = verify_key_attestation(parse_key_attestation(compact), anchors=ANCHORS, now=NOW)
    assert found.keys[0].jwk() == CREDENTIAL_KEY
    assert list(found.key_storage) == claims["key_storage"]
