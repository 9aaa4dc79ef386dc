"""Hostile bytes in place of a list, an attestation or a certificate cost little."""

from collections.abc import Callable

import pytest
from zegel_testing.authorities import authority, fixed_key
from zegel_testing.certificates import AUTHORITY, der, secp256k1
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.lists import changed, document, entity, service

from zegel.primitives.encoding import base64, base64url
from zegel.primitives.json import MAX_BYTES, Json, encode_json
from zegel.primitives.x509 import parse_certificate, parse_pem_certificates
from zegel.trust.attestation import parse_wallet_attestation
from zegel.trust.key_attestation import MAX_KEYS, parse_key_attestation
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType, ServiceType

ROOT = authority("root").certificate
HEADER = base64url(encode_json({"alg": "ES256", "typ": "JOSE"}))
PID_LIST = document(ListType.PID_PROVIDERS, entity("A", service(ServiceType.PID_ISSUANCE, ROOT)))
CERTIFICATES = (
    "LoTE", "TrustedEntitiesList", 0, "TrustedEntityServices", 0, "ServiceInformation", "ServiceDigitalIdentity",
    "X509Certificates",
)  # fmt: skip


def token(claims: Json) -> bytes:
    return f"{HEADER}.{base64url(encode_json(claims))}.AAAA".encode()


def list_of(*certificates: bytes) -> bytes:
    """A list with these certificates, and a fault behind them."""
    values = [{"val": base64(certificate)} for certificate in certificates]
    return token(changed(PID_LIST, CERTIFICATES, [*values, {"val": "?"}]))


ODD = der("odd", "odd", AUTHORITY, key=secp256k1())
KEY = fixed_key("k").public_key.jwk()
MANY = MAX_BYTES // 1_000


CASES: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "a long list": (parse_trusted_list, b"A" * 10_000_000),
    "an endless text": (parse_trusted_list, token({"LoTE": {"TrustedEntitiesList": [{"a": "x" * 10_000_000}]}})),
    "keys of an unknown kind": (parse_trusted_list, list_of(*[ODD] * MANY)),
    "many certificates": (parse_trusted_list, list_of(*[der(f"ca {n}", "root", AUTHORITY) for n in range(MANY)])),
    "no certificates": (parse_trusted_list, list_of(*[b"\x30" * 7_000] * (MANY // 10))),
    "many entities": (
        parse_trusted_list,
        token(changed(PID_LIST, ("LoTE", "TrustedEntitiesList"), [{"TrustedEntityInformation": {}}] * 2_000)),
    ),
    "a long name": (parse_wallet_attestation, token({"sub": "x" * 190_000})),
    "a key again and again": (parse_key_attestation, token({"iat": 1, "attested_keys": [KEY] * MAX_KEYS})),
    "many keys": (parse_key_attestation, token({"iat": 1, "attested_keys": [{"kty": "EC"}] * 5_000})),
    "lengths": (parse_certificate, b"\x30\x83\xff\xff\xff" * 1_500),
    "depth": (parse_certificate, b"\x30\x80" * 3_999),
    "beginnings": (lambda data: parse_pem_certificates(data, what="test"), b"-----BEGIN CERTIFICATE-----\n" * 5_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_hostile_bytes_cost_little(name: str) -> None:
    parse, data = CASES[name]
    parse_certificate.cache_clear()
    assert_malformed_cheaply(lambda: parse(data))
