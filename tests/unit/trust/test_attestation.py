"""Wallet attestations: what the provider says of a wallet, for a day at most."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer, trusting

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.jws import sign_jws
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import (
    MAX_LIFETIME,
    WALLET_TYPE,
    VerifiedWallet,
    WalletDescription,
    parse_wallet_attestation,
    sign_wallet_attestation,
    verify_wallet_attestation,
)
from zegel.trust.attestation_claims import MAX_INDEX, AttestationStatus

ROOT = authority("wallet root")
PROVIDER = signer(ROOT, "wallet provider", Purpose.WALLET_PROVIDER)
ANCHORS = trusting(anchor(ROOT, Purpose.WALLET_PROVIDER, entity="Utopia Wallets"))
KEY = fixed_key("wallet instance").public_key
WALLET = WalletDescription(
    name="Utopia wallet", version="1.0", link="https://wallet.utopia.example", certification="https://cert.example/1"
)
STATUS = AttestationStatus(uri="https://wallet.utopia.example/status/1", index=7, maintained_until=NOW + 31 * DAY)
CLAIMS = {"sub": "https://wallet.utopia.example", "exp": NOW + 3_600, "cnf": {"jwk": KEY.jwk()}}


def signed(**options: object) -> bytes:
    settings = {
        "signer": PROVIDER.key,
        "chain": PROVIDER.chain,
        "provider": "https://provider.utopia.example",
        "client_id": "https://wallet.utopia.example",
        "key": KEY,
        "wallet": WALLET,
        "now": NOW,
        "expires": NOW + 3_600,
    } | options
    return sign_wallet_attestation(**settings)


def raw(claims: dict[str, object], typ: str = WALLET_TYPE) -> bytes:
    return sign_jws(claims, signer=PROVIDER.key, typ=typ, x5c=PROVIDER.chain)


def verified(compact: bytes, now: int = NOW) -> VerifiedWallet:
    return verify_wallet_attestation(parse_wallet_attestation(compact), anchors=ANCHORS, now=now)


@pytest.mark.requirement("ISSU_21")
@pytest.mark.requirement("WUA_26")
def test_a_wallet_is_attested_and_verified() -> None:
    wallet = verified(signed(status=STATUS))
    assert wallet.client_id == "https://wallet.utopia.example"
    assert (wallet.key, wallet.wallet, wallet.expires) == (KEY, WALLET, NOW + 3_600)
    assert (wallet.status, wallet.provider) == (replace(STATUS, provider="Utopia Wallets"), "Utopia Wallets")
    assert wallet.chain.leaf == PROVIDER.certificate


def test_draft_07_section_5_1_the_issuer_is_written_and_need_not_be_there() -> None:
    """TS3 1.5 removed ``iss``; the certificate says who signed."""
    claims = parse_wallet_attestation(signed()).jws.unverified_claims
    assert claims["iss"] == "https://provider.utopia.example"
    assert verified(raw(CLAIMS)).wallet == WalletDescription()


def test_a_wallet_that_names_its_key_finds_the_name_again() -> None:
    named = parse_wallet_attestation(signed(kid="key 1"))
    assert named.jws.unverified_claims["cnf"] == {"jwk": {**KEY.jwk(), "kid": "key 1"}}
    assert verified(signed(kid="key 1")).key == KEY


def test_haip_4_4_1_nothing_in_an_attestation_belongs_to_one_wallet_but_its_key() -> None:
    other = fixed_key("another instance").public_key
    first, second = (dict(parse_wallet_attestation(signed(key=key)).jws.unverified_claims) for key in (KEY, other))
    assert first.pop("cnf") != second.pop("cnf")
    assert first == second


def test_openid4vci_appendix_e_a_status_may_stand_among_the_claims() -> None:
    status = {"status_list": {"uri": "https://wallet.utopia.example/status/1", "idx": 7}}
    found = verified(raw(CLAIMS | {"status": status})).status
    assert found == AttestationStatus(uri="https://wallet.utopia.example/status/1", index=7, provider="Utopia Wallets")
    without = AttestationStatus(uri="https://wallet.utopia.example/status/1", index=7)
    assert verified(signed(status=without)).status == replace(without, provider="Utopia Wallets")


@pytest.mark.parametrize("index", [0, 1, MAX_INDEX])
def test_a_status_is_an_entry_from_the_first_to_the_last(index: int) -> None:
    status = AttestationStatus(uri="https://wallet.utopia.example/status/1", index=index)
    assert verified(signed(status=status)).status == replace(status, provider="Utopia Wallets")
    with pytest.raises(Malformed, match="expected an index from zero"):
        parse_wallet_attestation(
            raw(CLAIMS | {"status": {"status_list": {"uri": status.uri, "idx": MAX_INDEX + 1}}}),
        )


@pytest.mark.parametrize(
    "change",
    [
        {"sub": None},
        {"sub": ""},
        {"sub": 1},
        {"exp": None},
        {"exp": "soon"},
        {"exp": -1},
        {"exp": True},
        {"nbf": "now"},
        {"iat": []},
        {"iss": 1},
        {"cnf": None},
        {"cnf": {}},
        {"cnf": {"jwk": {"kty": "oct", "k": "AA"}}},
        {"cnf": {"jwk": fixed_key("wallet instance").secret_jwk()}},
        {"cnf": {"jwk": KEY.jwk() | {"y": KEY.jwk()["x"]}}},
        {"wallet_name": 1},
        {"wallet_link": ""},
        {"status": 1},
        {"status": {}},
        {"client_status": None},
        {"client_status": {"status": {"status_list": {"uri": "https://a.example", "idx": -1}}}},
        {"client_status": {"status": {"status_list": {"uri": "https://a.example", "idx": True}}}},
        {"client_status": {"status": {"status_list": {"idx": 1}}}},
        {"client_status": {"status": {"status_list": {"uri": "https://a.example", "idx": 1}}, "exp": "never"}},
    ],
)
def test_what_does_not_parse_is_malformed(change: dict[str, object]) -> None:
    claims = {name: value for name, value in (CLAIMS | change).items() if value is not None or name == "client_status"}
    with pytest.raises(Malformed):
        parse_wallet_attestation(raw(claims))


@pytest.mark.parametrize("now", [NOW - 11, NOW + 3_660])
@pytest.mark.refuses(Check.ATTESTATION_VALIDITY)
def test_an_attestation_is_valid_from_its_beginning_to_its_end(now: int) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(signed(), now)
    assert refusal.value.check is Check.ATTESTATION_VALIDITY


def test_clocks_may_differ_a_little() -> None:
    for now in (NOW - 10, NOW + 3_659):
        assert verified(signed(), now)


@pytest.mark.refuses(Check.ATTESTATION_VALIDITY)
def test_ts3_2_2_1_1_an_attestation_lives_at_most_24_hours() -> None:
    assert verified(signed(expires=NOW + MAX_LIFETIME))
    assert verified(raw(CLAIMS | {"exp": NOW + MAX_LIFETIME + 60}))  # as far as clocks may differ
    with pytest.raises(Rejected) as refusal:
        verified(raw(CLAIMS | {"exp": NOW + MAX_LIFETIME + 61}))
    assert (refusal.value.check, refusal.value.field) == (Check.ATTESTATION_VALIDITY, "exp")
    for expires in (NOW, NOW + MAX_LIFETIME + 1):
        with pytest.raises(ValueError, match="24 hours"):
            signed(expires=expires)


@pytest.mark.refuses(Check.ATTESTATION_VALIDITY)
@pytest.mark.parametrize("began", ["iat", "nbf"])
def test_a_long_attestation_does_not_pass_in_its_last_hours(began: str) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(raw(CLAIMS | {began: NOW - MAX_LIFETIME, "exp": NOW + 3_600}))
    assert (refusal.value.check, refusal.value.field) == (Check.ATTESTATION_VALIDITY, "exp")
    assert verified(raw(CLAIMS | {began: NOW - MAX_LIFETIME + 3_600, "exp": NOW + 3_600}))


@pytest.mark.refuses(Check.ATTESTATION_VALIDITY)
def test_the_later_of_nbf_and_iat_counts() -> None:
    for name in ("nbf", "iat"):
        with pytest.raises(Rejected) as refusal:
            verified(raw(CLAIMS | {"nbf": NOW, "iat": NOW} | {name: NOW + 100}))
        assert refusal.value.check is Check.ATTESTATION_VALIDITY


@pytest.mark.refuses(Check.TOKEN_TYPE)
def test_another_token_of_the_provider_is_no_wallet_attestation() -> None:
    with pytest.raises(Rejected) as refusal:
        verified(raw(CLAIMS, typ="key-attestation+jwt"))
    assert refusal.value.check is Check.TOKEN_TYPE


@pytest.mark.refuses(Check.ANCHOR)
@pytest.mark.requirement("ISSU_28")
def test_a_wallet_cannot_attest_itself() -> None:
    own = signer(authority("my own root"), "me", Purpose.WALLET_PROVIDER)
    with pytest.raises(Rejected) as refusal:
        verified(signed(signer=own.key, chain=own.chain))
    assert refusal.value.check is Check.ANCHOR


@pytest.mark.refuses(Check.CHAIN)
def test_an_attestation_without_its_chain_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        verified(signed(chain=()))
    assert refusal.value.check is Check.CHAIN
