"""Key attestations: what the provider says of the keys of a batch."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer, trusting

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.jws import sign_jws
from zegel.trust.anchors import Purpose
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.key_attestation import (
    KEY_TYPE,
    MAX_KEYS,
    VerifiedKeys,
    check_key_storage,
    parse_key_attestation,
    sign_key_attestation,
    verify_key_attestation,
)

ROOT = authority("wallet root")
PROVIDER = signer(ROOT, "wallet provider", Purpose.WALLET_PROVIDER)
ANCHORS = trusting(anchor(ROOT, Purpose.WALLET_PROVIDER, entity="Utopia Wallets"))
KEYS = tuple(fixed_key(f"key {number}").public_key for number in range(10))
STATUS = AttestationStatus(uri="https://wallet.utopia.example/status/2", index=7, maintained_until=NOW + 31 * DAY)
CLAIMS = {"iat": NOW, "attested_keys": [KEYS[0].jwk()]}


def signed(**options: object) -> bytes:
    settings = {
        "signer": PROVIDER.key,
        "chain": PROVIDER.chain,
        "provider": "https://provider.utopia.example",
        "keys": KEYS,
        "key_storage": ("iso_18045_high",),
        "user_authentication": ("iso_18045_high", "iso_18045_moderate"),
        "nonce": "c-nonce",
        "now": NOW,
        "expires": NOW + 600,
    } | options
    return sign_key_attestation(**settings)


def raw(claims: dict[str, object], typ: str = KEY_TYPE) -> bytes:
    return sign_jws(claims, signer=PROVIDER.key, typ=typ, x5c=PROVIDER.chain)


def verified(compact: bytes, now: int = NOW) -> VerifiedKeys:
    return verify_key_attestation(parse_key_attestation(compact), anchors=ANCHORS, now=now)


@pytest.mark.requirement("ISSU_21")
@pytest.mark.requirement("WUA_02")
@pytest.mark.requirement("WUA_11a")
def test_keys_are_attested_and_verified() -> None:
    keys = verified(signed(certification="https://cert.example/2", status=STATUS))
    assert (keys.keys, keys.nonce) == (KEYS, "c-nonce")
    assert keys.key_storage == ("iso_18045_high",)
    assert keys.user_authentication == ("iso_18045_high", "iso_18045_moderate")
    assert (keys.certification, keys.expires, keys.status) == (
        "https://cert.example/2",
        NOW + 600,
        replace(STATUS, provider=keys.provider),
    )
    assert (keys.provider, keys.chain.leaf) == ("Utopia Wallets", PROVIDER.certificate)


def test_openid4vci_d_1_what_may_be_left_out() -> None:
    keys = verified(raw(CLAIMS))
    assert (keys.nonce, keys.key_storage, keys.user_authentication) == (None, (), ())
    assert (keys.certification, keys.expires, keys.status) == (None, None, None)
    assert "nonce" not in parse_key_attestation(signed(nonce=None)).jws.unverified_claims


def test_as_many_keys_are_attested_as_allowed_and_not_one_more() -> None:
    keys = tuple(fixed_key(f"key {number}").public_key for number in range(MAX_KEYS + 1))
    assert verified(signed(keys=keys[:-1])).keys == keys[:-1]
    with pytest.raises(Malformed, match=f"expected one to {MAX_KEYS} keys"):
        parse_key_attestation(signed(keys=keys))


def test_a_wallet_that_names_its_keys_finds_the_names_again() -> None:
    named = parse_key_attestation(signed(kids={KEYS[0]: "key 1"}))
    first, *others = named.jws.unverified_claims["attested_keys"]
    assert first == {**KEYS[0].jwk(), "kid": "key 1"}
    assert others == [key.jwk() for key in KEYS[1:]]
    assert named.unverified_keys == KEYS


def test_the_type_of_the_drafts_and_of_ts3_is_read_too() -> None:
    assert parse_key_attestation(signed()).jws.unverified_header.typ == "key-attestation+jwt"
    assert verified(raw(CLAIMS, typ="keyattestation+jwt"))


@pytest.mark.parametrize(
    "change",
    [
        {"iat": None},
        {"exp": "soon"},
        {"iss": 1},
        {"nonce": 1},
        {"certification": {}},
        {"attested_keys": None},
        {"attested_keys": []},
        {"attested_keys": KEYS[0].jwk()},
        {"attested_keys": [1]},
        {"attested_keys": [KEYS[0].jwk(), KEYS[0].jwk() | {"kid": "2"}]},
        {"attested_keys": [KEYS[0].jwk()] * (MAX_KEYS + 1)},
        {"attested_keys": [fixed_key("key 0").secret_jwk()]},
        {"key_storage": "iso_18045_high"},
        {"key_storage": []},
        {"user_authentication": [1]},
        {"user_authentication": ["iso_18045_high", 1]},
        {"key_storage_status": {"status": 1}},
    ],
)
def test_what_does_not_parse_is_malformed(change: dict[str, object]) -> None:
    claims = {name: value for name, value in (CLAIMS | change).items() if value is not None}
    with pytest.raises(Malformed):
        parse_key_attestation(raw(claims))


@pytest.mark.parametrize("now", [NOW - 11, NOW + 660])
@pytest.mark.refuses(Check.ATTESTATION_VALIDITY)
def test_an_attestation_is_valid_from_its_beginning_to_its_end(now: int) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(signed(), now)
    assert refusal.value.check is Check.ATTESTATION_VALIDITY


@pytest.mark.refuses(Check.TOKEN_TYPE)
def test_another_token_of_the_provider_is_no_key_attestation() -> None:
    with pytest.raises(Rejected) as refusal:
        verified(raw(CLAIMS, typ="oauth-client-attestation+jwt"))
    assert refusal.value.check is Check.TOKEN_TYPE


@pytest.mark.refuses(Check.SIGNATURE)
def test_a_key_that_was_slipped_in_is_refused() -> None:
    header, _, signature = signed().split(b".")
    _, payload, _ = raw(CLAIMS | {"attested_keys": [fixed_key("mine").public_key.jwk()]}).split(b".")
    with pytest.raises(Rejected) as refusal:
        verified(b".".join((header, payload, signature)))
    assert refusal.value.check is Check.SIGNATURE


@pytest.mark.parametrize(
    ("key_storage", "user_authentication"),
    [
        (frozenset(), frozenset()),
        (frozenset({"iso_18045_high", "iso_18045_moderate"}), frozenset({"iso_18045_moderate"})),
    ],
)
@pytest.mark.requirement("ISSU_27d")
def test_keys_that_are_kept_well_enough_are_accepted(
    key_storage: frozenset[str], user_authentication: frozenset[str]
) -> None:
    keys = verified(signed())
    assert check_key_storage(keys, key_storage=key_storage, user_authentication=user_authentication) is keys


@pytest.mark.parametrize("field", ["key_storage", "user_authentication"])
@pytest.mark.refuses(Check.KEY_STORAGE)
def test_keys_that_are_not_kept_well_enough_are_refused(field: str) -> None:
    required = {"key_storage": frozenset[str](), "user_authentication": frozenset[str]()} | {
        field: frozenset({"iso_18045_basic"})
    }
    with pytest.raises(Rejected) as refusal:
        check_key_storage(verified(signed()), **required)
    assert (refusal.value.check, refusal.value.field) == (Check.KEY_STORAGE, field)
