"""What commands are given: the records of demo people as JSON, and a holder's key."""

import json
from typing import Any

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.register import demo_people
from zegel.formats.claims import json_claim
from zegel.formats.credential import Format
from zegel_testing.authorities import fixed_key

HOLDER = fixed_key("holder")
HOLDER_JWK = json.dumps(HOLDER.public_key.jwk())
CATALOGUE = load_catalogue()


def _claims(type_: str) -> dict[str, Any]:
    if type_ == "vaccination_valid":  # nobody's record: it is made from a health certificate
        return {"vaccination_valid": True, "rule_set": "UT/2026-11"}
    person = next(person for person in demo_people() if type_ in person.claims)
    shared = {"portrait": person.portrait} | dict(person.claims.get("", {}))
    claims = json_claim(shared | dict(person.claims[type_]))
    assert isinstance(claims, dict)
    if type_ == "proof_of_age":
        claims["age_over_18"] = True
    known = {claim.id for claim in CATALOGUE.types[type_].claims}
    return {name: value for name, value in claims.items() if name in known}


CLAIMS_OF: dict[str, dict[str, Any]] = {type_: _claims(type_) for type_ in CATALOGUE.types}
ISSUABLE: tuple[tuple[str, Format], ...] = tuple(
    (type_.id, format_) for type_ in CATALOGUE.types.values() for format_ in type_.formats
)
