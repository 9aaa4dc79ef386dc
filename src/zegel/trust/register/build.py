"""A party as the register writes it: the JSON of TS5 1.3, for all to read, or with the contact for the registrar."""

from collections.abc import Iterable, Mapping

from zegel.primitives.json import Json
from zegel.trust.register.values import IntendedUse, Policy, Service, UsedIntermediary, WalletRelyingParty
from zegel.trust.registration.credentials import build_register_credential
from zegel.trust.registration.values import LocalizedText, SupervisoryAuthority


def build_public_party(party: WalletRelyingParty) -> dict[str, Json]:
    """What the register gives out: all but the contact (TS5 1.3 section 3.2.1, CIR 2025/848 annex II section 2)."""
    members: Mapping[str, Json] = {
        "identifier": [{"identifier": each.identifier, "type": each.type} for each in party.identifiers],
        **_who(party),
        "tradeName": party.trade_name,
        "country": party.country,
        "infoURI": list(party.information),
        "supportURI": list(party.support),
        "policy": [_policy(each) for each in party.policies],
        "services": [
            {"serviceIdentifier": each.identifier, "serviceTradeName": each.trade_name} for each in party.services
        ],
        "srvDescription": [_texts(each.descriptions) for each in party.services],
        "intendedUse": [_intended_use(each) for each in party.intended_uses],
        "isPSB": party.public_body,
        "entitlements": list(party.entitlements),
        "providesAttestations": _provided(party.services),
        "supervisoryAuthority": _authority(party.authority),
        "registryURI": party.registry,
        "usesIntermediary": [_intermediary(each) for each in party.intermediaries],
        "isIntermediary": party.intermediary,
    }
    return _present(members)


def build_party(party: WalletRelyingParty) -> dict[str, Json]:
    """All that is known, as ``parse_wallet_relying_party`` reads it; for the party itself and the registrar."""
    contact: Mapping[str, Json] = {
        "email": list(party.contact.emails),
        "phone": list(party.contact.phones),
        "postalAddress": list(party.contact.postal_address),
    }
    return build_public_party(party) | _present(contact)


def _present(members: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not None and value != []}


def _who(party: WalletRelyingParty) -> dict[str, Json]:
    if party.person is not None:
        return {"naturalPerson": {"givenName": party.person.given_name, "familyName": party.person.family_name}}
    return {"legalPerson": {"legalName": [party.legal_name]}}


def _texts(texts: Iterable[LocalizedText]) -> list[Json]:
    return [{"lang": text.lang, "content": text.value} for text in texts]


def _policy(policy: Policy) -> dict[str, Json]:
    return {"policyURI": policy.uri, "type": policy.type}


def _intended_use(use: IntendedUse) -> dict[str, Json]:
    members: Mapping[str, Json] = {
        "purpose": _texts(use.purposes),
        "privacyPolicy": [_policy(each) for each in use.policies],
        "intendedUseIdentifier": use.identifier,
        "createdAt": use.created,
        "revokedAt": use.revoked,
        "credentials": [build_register_credential(each) for each in use.credentials],
        "serviceIdentifier": list(use.services),
    }
    return _present(members)


def _provided(services: Iterable[Service]) -> list[Json]:
    return [
        build_register_credential(each) | {"serviceIdentifier": [service.identifier]}
        for service in services
        for each in service.provides
    ]


def _authority(authority: SupervisoryAuthority) -> dict[str, Json]:
    members: Mapping[str, Json] = {
        "name": authority.name,
        "country": authority.country,
        "email": list(authority.emails),
        "phone": list(authority.phones),
        "formURI": list(authority.uris),
    }
    return _present(members)


def _intermediary(used: UsedIntermediary) -> dict[str, Json]:
    members: Mapping[str, Json] = {
        "identifier": [{"identifier": used.identifier, "type": used.identifier_type}],
        "tradeName": used.trade_name,
        "registryURI": used.registry,
        "serviceIdentifier": used.service,
    }
    return _present(members)
