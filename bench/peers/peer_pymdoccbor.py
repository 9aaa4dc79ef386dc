"""PyPI ``pymdoccbor``: issuer's signature and digests only; it does not look at the device's signature."""

import json
import logging
import sys
from base64 import b64decode
from copy import deepcopy
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_der_x509_certificate
from pycose.keys import EC2Key
from pymdoccbor.mdoc.issuer import MdocCborIssuer
from pymdoccbor.mdoc.verifier import MdocCbor

from lines import serve
from person import DATES, DOCTYPE, ELEMENTS, NAMESPACE

logging.disable()  # it warns with every verification that the chain is not validated

fixture = json.loads(Path(sys.argv[1]).read_text())
secret = load_pem_private_key(fixture["issuer_key"].encode(), None).private_numbers()
point = load_pem_private_key(fixture["holder_key"].encode(), None).public_key().public_numbers()
certificate = load_der_x509_certificate(b64decode(fixture["x5c"][0]))
device_response = b64decode(fixture["device_response"])

key = EC2Key(
    crv="P_256",
    x=secret.public_numbers.x.to_bytes(32),
    y=secret.public_numbers.y.to_bytes(32),
    d=secret.private_value.to_bytes(32),
    optional_params={"ALG": "ES256"},
)
issuer = MdocCborIssuer(private_key=key, alg="ES256")
validity = {"issuance_date": "2026-11-01", "expiry_date": "2027-11-01"}
elements = {NAMESPACE: {**ELEMENTS, **DATES}}


def issue() -> bytes:
    issuer.new(
        data=deepcopy(elements),  # it changes what it is given
        doctype=DOCTYPE,
        validity=validity,
        devicekeyinfo={"KTY": "EC2", "CURVE": "P_256", "X": point.x.to_bytes(32), "Y": point.y.to_bytes(32)},
        x509_chain=[certificate],
    )
    return issuer.dump()


def verify() -> None:
    received = MdocCbor()
    received.loads(device_response)
    if not received.verify():
        raise SystemExit("pymdoccbor refuses what it should accept")


serve({"mdoc issue": issue, "mdoc verify": verify})
