# ruff: noqa: RUF009 each call declares a field
"""Which EU Digital COVID Certificates are believed, and what has to be in them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from zegel.config.setting import Percent, Seconds, Url, section, setting, wrong_setting
from zegel.formats.hcert.domains import SPECIFIED, Domains, Family

_RULES_MISSING: Final = (
    "expected the folder with the business rules, as health.trust says whose certificates count: "
    "set it, or leave out health.trust and health.lists"
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthDomainsConfig:
    """Which trust domains of WHO's list count, for which certificates. A list without domains counts for all."""

    dcc: frozenset[str] = setting(SPECIFIED[Family.DCC], "domains whose signers sign EU Digital COVID Certificates")
    ddcc: frozenset[str] = setting(SPECIFIED[Family.DDCC], "domains whose signers sign DDCC:VS and DDCC:TR")
    icvp: frozenset[str] = setting(SPECIFIED[Family.ICVP], "domains whose signers sign certificates of ICVP")

    def domains(self) -> Domains:
        """By family."""
        return {Family.DCC: self.dcc, Family.DDCC: self.ddcc, Family.ICVP: self.icvp}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthConfig:
    """What the roles of this file hold health certificates against. Of all of it ``lists`` alone is fetched."""

    trust: tuple[Path, ...] = setting((), "files or folders with the certificates of health authorities")
    lists: tuple[Url, ...] = setting((), "URLs of trust lists of health, the EU gateway's or WHO's, which are fetched")
    gateway_anchor: Path | None = setting(
        None,
        "PEM of the EU gateway's trust anchor: on its lists, whom it vouches for counts, and no others are fetched",
    )
    kept: Path = setting(Path("data/health-lists"), "folder in which fetched trust lists are kept over a restart")
    refresh: Seconds = setting(Seconds(21_600), "how often they are fetched, and the files of this section read, again")
    old: Seconds = setting(
        Seconds(604_800),
        "the age at which a fetched list, or the newest file of revoked, is called old; it is believed all the same",
    )
    may_lose: Percent = setting(
        Percent(25),
        "the share of its signers that a list may lose at once, else it waits for zegel hcert refresh --accept",
    )
    domains: HealthDomainsConfig = section(
        HealthDomainsConfig, "which trust domains of WHO's list count, for which certificates"
    )
    rules: Path | None = setting(
        None,
        "folder with the business rules of issuer and door, which do not start without it where they trust somebody",
    )
    revoked: Path | None = setting(None, "folder with lists of revoked certificates; left out, none is revoked")
    country: str = setting("UT", "ISO 3166-1 code of the country whose rules for arrivals apply")
    rule_set: str = setting("UT", "what attestations call these rules: the same for everybody")

    def require_rules(self) -> None:
        """``Malformed`` where certificates are believed, and nothing says what has to be in them."""
        if self.trusts_somebody and self.rules is None:
            raise wrong_setting("health.rules", _RULES_MISSING)

    @property
    def trusts_somebody(self) -> bool:
        """Whether it says whose certificates count."""
        return bool(self.trust or self.lists)
