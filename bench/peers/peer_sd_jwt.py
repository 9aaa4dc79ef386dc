"""PyPI ``sd-jwt``, the reference implementation of the working group. It checks no times, no status and no chain."""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from lines import serve
from person import ADDRESS, FLAT, VCT

fixture = json.loads(Path(sys.argv[1]).read_text())
issuer = JWK.from_pem(fixture["issuer_key"].encode())
issuer_public = JWK.from_json(issuer.export_public())
holder = JWK.from_json(JWK.from_pem(fixture["holder_key"].encode()).export_public())
header = {"typ": "dc+sd-jwt", "x5c": fixture["x5c"]}
claims = {"vct": VCT, "status": fixture["status"], "exp": fixture["expires"]}
claims |= {SDObj(name): value for name, value in FLAT.items()}
claims |= {"address": {SDObj(name): value for name, value in ADDRESS.items()}}


def issue() -> str:
    return SDJWTIssuer(dict(claims), issuer, holder, extra_header_parameters=header).sd_jwt_issuance


def verify() -> dict:
    verifier = SDJWTVerifier(
        fixture["sd_jwt"], lambda _issuer, _header: issuer_public, fixture["audience"], fixture["nonce"]
    )
    return verifier.get_verified_payload()


assert issue().count("~") == 26
assert verify()["address"] == {"country": ADDRESS["country"]}
serve({"sdjwt issue": issue, "sdjwt verify": verify})
