# ruff: noqa: RUF009 each call declares a field
"""Which EU Digital COVID Certificates are believed, and what has to be in them."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from zegel.config.setting import setting


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthConfig:
    """What the roles of this file hold health certificates against. Nothing is fetched."""

    trust: tuple[Path, ...] = setting((), "files or folders with the certificates of health authorities")
    rules: Path | None = setting(
        None, "folder with the business rules of issuer and door; left out, being valid will do"
    )
    revoked: Path | None = setting(None, "folder with lists of revoked certificates; left out, none is revoked")
    country: str = setting("UT", "ISO 3166-1 code of the country whose rules for arrivals apply")
    rule_set: str = setting("UT", "what attestations call these rules: the same for everybody")
