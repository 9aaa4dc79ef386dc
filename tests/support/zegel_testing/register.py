"""Parties of Utopia as they apply at the register, and the people who apply, decide and look."""

from copy import deepcopy
from typing import Any, Final

from zegel.primitives.json import encode_json
from zegel.trust.register.parse import parse_wallet_relying_party
from zegel.trust.register.states import Actor, Duty, Registration, apply
from zegel.trust.register.values import EUID, WalletRelyingParty
from zegel_testing.authorities import NOW, fixed_random

TODAY: Final = "2026-03-01"
REGISTRY: Final = "https://registrar.utopia.example/wrp"
CANARIES: Final = ("dora.canary@library.utopia.example", "+999555000111", "Canary street 7")
"""What only the registrar knows of the library: nobody else may ever be shown it."""

LIBRARIAN: Final = Actor(subject="librarian", duty=Duty.PARTY)
STRANGER: Final = Actor(subject="stranger", duty=Duty.PARTY)
OFFICER: Final = Actor(subject="officer", duty=Duty.OFFICER)

PARTY: Final[dict[str, Any]] = {
    "identifier": [{"identifier": "NTRUT-1234567", "type": EUID}],
    "legalPerson": {"legalName": ["Utopia Library Foundation"]},
    "tradeName": "Utopia Library",
    "country": "UT",
    "email": [CANARIES[0]],
    "phone": [CANARIES[1]],
    "postalAddress": [CANARIES[2], "0000 Example city"],
    "infoURI": ["https://library.utopia.example/"],
    "supportURI": ["https://library.utopia.example/deletion", "mailto:privacy@library.utopia.example", "tel:+999000"],
    "policy": [{"policyURI": "https://library.utopia.example/terms", "type": "urn:terms"}],
    "services": [
        {"serviceIdentifier": "lending", "serviceTradeName": "Lending desk"},
        {"serviceIdentifier": "reading", "serviceTradeName": "Reading room"},
    ],
    "srvDescription": [
        [{"lang": "en", "content": "Lends books"}, {"lang": "nl", "content": "Leent boeken uit"}],
        [{"lang": "en", "content": "A quiet room"}],
    ],
    "intendedUse": [
        {
            "purpose": [{"lang": "en", "content": "To give you a library card"}],
            "privacyPolicy": [{"policyURI": "https://library.utopia.example/privacy"}],
            "credentials": [
                {
                    "format": "dc+sd-jwt",
                    "meta": {"vct_values": ["urn:eudi:pid:1"]},
                    "claims": [{"path": ["family_name"]}, {"path": ["address", "locality"]}],
                },
                {
                    "format": "mso_mdoc",
                    "meta": {"doctype_value": "eu.europa.ec.eudi.pid.1"},
                    "claims": [{"path": ["eu.europa.ec.eudi.pid.1", "family_name"]}],
                },
            ],
            "serviceIdentifier": ["lending", "reading"],
        }
    ],
    "isPSB": False,
    "entitlements": ["https://uri.etsi.org/19475/Entitlement/Service_Provider"],
    "supervisoryAuthority": {
        "name": "Data protection authority of Utopia",
        "country": "UT",
        "formURI": ["https://dpa.utopia.example/report"],
        "email": ["report@dpa.utopia.example"],
        "phone": ["+999001"],
    },
    "isIntermediary": False,
}
"""The Utopia Library, as it applies."""

PROVIDER: Final[dict[str, Any]] = PARTY | {
    "identifier": [{"identifier": "NTRUT-7654321", "type": EUID}],
    "legalPerson": {"legalName": ["Utopia University"]},
    "tradeName": "Utopia University",
    "services": [{"serviceIdentifier": "diplomas", "serviceTradeName": "Diplomas"}],
    "srvDescription": [{"lang": "en", "content": "Issues diplomas"}],
    "intendedUse": [],
    "entitlements": ["https://uri.etsi.org/19475/Entitlement/Non_Q_EAA_Provider"],
    "providesAttestations": [{"format": "dc+sd-jwt", "meta": {"vct_values": ["urn:utopia:diploma:1"]}}],
}
"""A provider of attestations, which asks for nothing."""


def party(**changes: Any) -> WalletRelyingParty:
    """The library with members replaced; None removes one."""
    return parse_wallet_relying_party(party_json(**changes))


def party_json(**changes: Any) -> bytes:
    """The same as JSON."""
    members = deepcopy(PARTY) | changes
    return encode_json({name: value for name, value in members.items() if value is not None})


def applied() -> Registration:
    """The library has applied."""
    return apply(party(), None, by=LIBRARIAN, now=NOW)


def registered() -> Registration:
    """And an officer has approved."""
    return applied().approve(by=OFFICER, now=NOW, today=TODAY, registry=REGISTRY, random=fixed_random("register"))
