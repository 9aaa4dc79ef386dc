"""What a wallet asks to be authorised for: scopes and authorization details (RFC 9396, OpenID4VCI 1.0 section 5.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.json import Json, encode_json, parse_json

TYPE: Final = "openid_credential"
MAX_DETAILS: Final = 32  # an issuer with all types of the catalogue, each in two formats, has fewer
_MAX_BYTES: Final = 16_384  # thirty-two configurations with their ids


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedCredential:
    """A credential that a token is good for.

    ``datasets`` are the identifiers of what can be issued under ``configuration``, usually one. ``detailed`` says that
    the wallet names them by credential_identifier, otherwise by credential_configuration_id (section 3.3.4).
    """

    configuration: str
    datasets: tuple[str, ...]
    detailed: bool


def parse_authorization_details(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The configuration ids asked for, each with its ``locations``; ``Malformed`` otherwise.

    Fields that are unknown here are left alone (section 5.1.1), another type is refused (RFC 9396 section 5).
    """
    what = "authorization details"
    value = parse_json(text, what=what, max_bytes=_MAX_BYTES)
    if type(value) is not list or not 0 < len(value) <= MAX_DETAILS:
        raise Malformed(what, "", f"expected an array of one to {MAX_DETAILS} objects")
    return tuple(_detail(entry, what, f"[{position}]") for position, entry in enumerate(value))


def check_details(
    text: str, *, configurations: frozenset[str], credential_issuer: str, locations_required: bool
) -> tuple[str, ...]:
    """Return the configuration ids, each once; ``Rejected(CREDENTIAL_CHOICE)`` for one that is not on offer."""
    asked = parse_authorization_details(text)
    for position, (configuration, locations) in enumerate(asked):
        where = f"authorization_details[{position}]"
        if configuration not in configurations:
            raise Rejected(Check.CREDENTIAL_CHOICE, "expected a credential configuration on offer", field=where)
        if (locations or locations_required) and credential_issuer not in locations:
            detail = "expected the credential issuer among the locations"
            raise Rejected(Check.CREDENTIAL_CHOICE, detail, field=f"{where}.locations")
    return tuple(dict.fromkeys(configuration for configuration, _ in asked))


def check_scopes(text: str, *, scopes: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the configuration ids of the scopes that are known, which may be none.

    OpenID4VCI 1.0 section 5.1.2: each value counts alone, unknown ones are ignored.
    """
    return tuple(dict.fromkeys(id_ for scope in text.split(" ") for id_ in scopes.get(scope, ())))


def encode_details(configurations: tuple[str, ...], *, locations: tuple[str, ...]) -> str:
    """Authorization details that ask for these configurations."""
    common = {"locations": locations} if locations else {}
    return encode_json([{"type": TYPE, "credential_configuration_id": id_} | common for id_ in configurations]).decode()


def granted_details(credentials: tuple[GrantedCredential, ...]) -> list[Json]:
    """The authorization details of a token response (OpenID4VCI 1.0 section 6.2)."""
    return [
        {
            "type": TYPE,
            "credential_configuration_id": credential.configuration,
            "credential_identifiers": credential.datasets,
        }
        for credential in credentials
        if credential.detailed
    ]


def _detail(entry: Json, what: str, where: str) -> tuple[str, tuple[str, ...]]:
    if type(entry) is not dict or entry.get("type") != TYPE:
        raise Malformed(what, f"{where}.type", f"expected {TYPE}")
    configuration = entry.get("credential_configuration_id")
    if type(configuration) is not str:
        raise Malformed(what, f"{where}.credential_configuration_id", "expected text")
    locations = entry.get("locations", [])
    if type(locations) is not list or any(type(location) is not str for location in locations):
        raise Malformed(what, f"{where}.locations", "expected an array of text")
    return configuration, tuple(map(str, locations))
