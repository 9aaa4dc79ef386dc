"""What the log keeps of a registration."""

from dataclasses import dataclass
from typing import final

from zegel.trust.registration.values import SupervisoryAuthority


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What the log keeps of a registration: by what it may be reported, or asked to delete (ARF 3.0 DASH_03)."""

    service: str | None
    intended_use: str | None
    purpose: str | None
    registry: str | None
    support: tuple[str, ...]
    authority: SupervisoryAuthority | None
