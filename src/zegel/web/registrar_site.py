"""What the registrar's handlers share."""

from dataclasses import dataclass
from typing import final

from zegel.config.rates import RegistrarRates
from zegel.primitives.json import JsonObject
from zegel.services.ports import Random
from zegel.services.register_reader import RegisterReader
from zegel.services.registrar import RegistrarService
from zegel.services.registrar_invitations import RegistrarInvitations
from zegel.services.registrar_passkeys import RegistrarPasskeys
from zegel.services.registrar_people import RegistrarPeople
from zegel.services.status_publisher import StatusPublisher
from zegel.web.browser import CookiePolicy


@final
class PublishedKeys:
    """The JWK Set under which answers verify, as it stands."""

    def __init__(self, members: JsonObject) -> None:
        self.members = members


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarSite:
    """What the registrar's handlers need. ``name`` is the office's; ``provider`` is the origin where people sign in."""

    service: RegistrarService
    reader: RegisterReader
    people: RegistrarPeople
    passkeys: RegistrarPasskeys
    invitations: RegistrarInvitations
    statuses: StatusPublisher
    keys: PublishedKeys
    cookies: CookiePolicy
    random: Random
    name: str
    host: str
    origin: str
    provider: str
    rates: RegistrarRates
