"""PyPI ``isomdoc``: issuer's and device's signatures and the digests; no chain, no times, no status."""

import json
import sys
from base64 import b64decode
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import isomdoc
from cbor2 import CBORTag, loads
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_der_x509_certificate

from lines import serve
from person import DATES, DISCLOSED_ELEMENTS, DOCTYPE, ELEMENTS, NAMESPACE

fixture = json.loads(Path(sys.argv[1]).read_text())
issuer = load_pem_private_key(fixture["issuer_key"].encode(), None)
holder = load_pem_private_key(fixture["holder_key"].encode(), None).public_key()
certificate = load_der_x509_certificate(b64decode(fixture["x5c"][0]))
device_response = b64decode(fixture["device_response"])
transcript = loads(b64decode(fixture["session_transcript"]))
elements = {**ELEMENTS, **{name: CBORTag(1004, date) for name, date in DATES.items()}}


def issue() -> bytes:
    document = isomdoc.create_mdoc(DOCTYPE, [certificate], issuer)
    for name, value in elements.items():
        document.add_data_item(NAMESPACE, name, value)
    return document.generate_credential(holder)


def verify() -> object:
    return isomdoc.verify_device_response(device_response, transcript)


assert all(name in str(verify()) for name in DISCLOSED_ELEMENTS)
serve({"mdoc issue": issue, "mdoc verify": verify})
