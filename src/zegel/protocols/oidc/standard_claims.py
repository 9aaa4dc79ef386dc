"""The standard claims, and what each is in JSON (OpenID Connect Core 1.0 sections 5.1 and 5.1.1)."""

from collections.abc import Mapping
from typing import Final

from zegel.protocols.oidc.attestations import Kind

_TEXTS: Final = (
    *("name", "given_name", "family_name", "middle_name", "nickname", "preferred_username"),
    *("profile", "picture", "website", "email", "gender", "birthdate", "zoneinfo", "locale", "phone_number"),
)
_ADDRESS: Final = ("formatted", "street_address", "locality", "region", "postal_code", "country")
STANDARD_CLAIMS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(_TEXTS, Kind.TEXT),
    **dict.fromkeys(("email_verified", "phone_number_verified"), Kind.BOOLEAN),
    "address": Kind.OBJECT,
    **{f"address.{member}": Kind.TEXT for member in _ADDRESS},
    "updated_at": Kind.NUMBER,
}
"""By name, as a client's mapping spells it; ``sub`` is the provider's own."""
