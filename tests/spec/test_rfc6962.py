"""RFC 6962: a timestamp that a public log made, in a certificate that a public authority issued."""

import json
from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from zegel_testing.transparency import LOG

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.keys import public_key_of
from zegel.primitives.x509 import parse_certificate
from zegel.trust.transparency.logs import TransparencyLog
from zegel.trust.transparency.timestamps import VerifiedTimestamps, verify_timestamps

FOLDER = Path(__file__).parents[1] / "vectors" / "sigstore"
FILE = FOLDER / "embedded-timestamp.json"
VECTOR = {name: b64decode(value) for name, value in json.loads(FILE.read_text()).items()}
CERTIFICATE, ISSUER = parse_certificate(VECTOR["certificate"]), parse_certificate(VECTOR["issuer"])
NOW = CERTIFICATE.not_before + 60


def public_log() -> TransparencyLog:
    key = load_der_public_key(VECTOR["log_key"])
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return replace(LOG, key=public_key_of(key), entity="sigstore")


def verified(log: TransparencyLog, *, now: int = NOW, issuer=ISSUER) -> VerifiedTimestamps:
    return verify_timestamps(CERTIFICATE, issuer=issuer, logs=(log,), required=True, now=now)


@pytest.mark.requirement("CT_05")
def test_section_3_3_a_timestamp_of_version_1_counts_ct_05() -> None:
    (timestamp,) = verified(public_log()).timestamps
    assert (timestamp.version, timestamp.log.entity, timestamp.tree_size) == (1, "sigstore", None)
    assert CERTIFICATE.not_before <= timestamp.timestamp // 1000 <= NOW


def test_section_3_2_a_log_is_known_by_the_hash_of_its_key() -> None:
    assert public_log().key_id == VECTOR["log_id"]


def test_section_3_2_the_timestamp_is_bound_to_the_issuer() -> None:
    with pytest.raises(Rejected) as refused:
        verified(public_log(), issuer=CERTIFICATE)
    assert refused.value.check is Check.CERTIFICATE_TIMESTAMP


def test_a_log_that_is_not_on_the_list_is_nobody() -> None:
    with pytest.raises(Rejected) as refused:
        verified(LOG)
    assert refused.value.check is Check.CERTIFICATE_TIMESTAMP
    assert "none of the 1 it carries is of such a log" in refused.value.detail


def test_the_vector_is_the_one_that_the_source_names() -> None:
    digest = sha256(FILE.read_bytes()).hexdigest()
    assert f"| embedded-timestamp.json | {digest} |" in (FOLDER / "SOURCE.md").read_text()
