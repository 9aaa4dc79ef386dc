"""What an issuer offers, from its catalogue: the configurations of its metadata, and the types behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.catalogue.describe import described_claims, name_in
from zegel.formats.catalogue.types import AttestationType, Names
from zegel.formats.credential import Format
from zegel.primitives.x509 import DAY
from zegel.profiles import Profile, Proof
from zegel.protocols.openid4vci.configuration import (
    SIGNING_ALGORITHMS,
    ClaimDescription,
    CredentialConfiguration,
    Display,
    KeyRequirements,
)
from zegel.trust.attestation_claims import MIN_MAINTAINED

_SUFFIXES: Final[Mapping[Format, str]] = {Format.SD_JWT_VC: "sd-jwt", Format.MDOC: "mdoc"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerPolicy:
    """The types on offer, by id, and which of them take time (seconds, by type id).

    Those that are ``chained`` end with the wallet that they are issued to (ARF 3.0 WURevocation_18 and _19).
    """

    types: Mapping[str, AttestationType]
    delays: Mapping[str, int]
    offer_seconds: int
    chained: frozenset[str] = frozenset()

    def choose(self, type_id: str, formats: Sequence[Format] = ()) -> tuple[str, ...]:
        """The configuration ids of a type in these formats, or in all that it has.

        ``Rejected`` with CREDENTIAL_CHOICE for a type that is not on offer, TYPE_FORMAT for a format that it has not.
        """
        type_ = self.types.get(type_id)
        if type_ is None:
            detail = f"expected one of {', '.join(self.types)}, got {type_id[:40]}"
            raise Rejected(Check.CREDENTIAL_CHOICE, detail, field="type")
        for format_ in formats:
            type_.identifier(format_)
        return tuple(configuration_id(type_, format_) for format_ in type_.formats if format_ in (formats or Format))

    def find(self, configuration: str) -> tuple[AttestationType, Format]:
        """The type and the format behind a configuration id; ``Rejected(CREDENTIAL_CHOICE)`` for one not on offer."""
        for type_ in self.types.values():
            for format_ in type_.formats:
                if configuration_id(type_, format_) == configuration:
                    return type_, format_
        raise Rejected(Check.CREDENTIAL_CHOICE, f"{configuration[:80]} is not on offer", field="configuration")


def configuration_id(type_: AttestationType, format_: Format) -> str:
    """The id of a type in a format, in the metadata: ``pid-sd-jwt``, ``pid-mdoc``. It is the scope as well."""
    return f"{type_.id}-{_SUFFIXES[format_]}"


def status_period(type_: AttestationType) -> int:
    """For how long a status should be maintained that credentials of a type hang on, in seconds.

    TS3 1.5 section 2.4: as long as they live, and what every provider has to offer if that is longer.
    """
    return max(MIN_MAINTAINED, (type_.validity_days + 1) * DAY)


def build_configurations(
    types: Sequence[AttestationType],
    *,
    profile: Profile,
    key_resistance: tuple[str, ...],
    status_periods: Mapping[str, int],
) -> Mapping[str, CredentialConfiguration]:
    """The credential configurations of the types, each in each of its formats.

    ``key_resistance`` are the levels of OpenID4VCI 1.0 section D.2, of which attested keys must have one;
    ``status_periods`` the preferences of TS3 1.5 section 2.4, by type id. Of other types no status is asked for.
    """
    proofs = {type_.id: _proofs(profile, key_resistance, status_periods.get(type_.id)) for type_ in types}
    built = (_configuration(type_, format_, proofs[type_.id]) for type_ in types for format_ in type_.formats)
    return {configuration.id: configuration for configuration in built}


def _configuration(
    type_: AttestationType, format_: Format, proofs: Mapping[str, KeyRequirements | None]
) -> CredentialConfiguration:
    id_ = configuration_id(type_, format_)
    claims = tuple(
        ClaimDescription(path=claim.path, mandatory=claim.mandatory, display=_displays(claim.names))
        for claim in described_claims(type_, format_)
    )
    return CredentialConfiguration(
        id=id_,
        format=format_,
        type=type_.identifier(format_),
        scope=id_,  # HAIP 1.0 section 4.3: each configuration has one, and it stands for nothing else
        signing_algorithms=SIGNING_ALGORITHMS[format_],
        proofs=proofs if type_.device_bound else {},
        display=_displays(type_.names, type_.descriptions),
        claims=claims,
        policy=type_.policy,
    )


def _proofs(
    profile: Profile, key_resistance: tuple[str, ...], status_period: int | None
) -> Mapping[str, KeyRequirements | None]:
    """What proves a key: under a profile without plain ``jwt`` proofs, a key attestation always stands behind it.

    ARF 3.0 ISSU_27d: the issuer says how well keys and their use have to be guarded.
    """
    attested = KeyRequirements(
        key_storage=key_resistance, user_authentication=key_resistance, status_period=status_period
    )
    return {"jwt": None if Proof.JWT in profile.proofs else attested, "attestation": attested}


def _displays(names: Names, descriptions: Names | None = None) -> tuple[Display, ...]:
    return tuple(
        Display(name=name, locale=locale, description=None if descriptions is None else name_in(descriptions, locale))
        for locale, name in names.items()
    )
