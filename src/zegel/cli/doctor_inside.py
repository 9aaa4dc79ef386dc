"""The inside of a deployment: its configuration, the keys and the registration certificates that it names, and the
lists that it relies on."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from zegel.adapters.configuration import find_faults
from zegel.adapters.keyrings import load_ring
from zegel.adapters.registration_files import load_registration
from zegel.config.role import RoleConfig
from zegel.config.roles import Config
from zegel.config.setting import settings_of
from zegel.errors import Malformed, Unavailable
from zegel.primitives.http import origin_of
from zegel.services.doctor.certificates import examine_signer
from zegel.services.doctor.eyes import Eyes, examine_days_left
from zegel.services.doctor.findings import Finding, Findings, State
from zegel.services.doctor.registration import Shown, examine_registration
from zegel.services.doctor.topics import Topic
from zegel.services.trust_ports import ListHealth
from zegel.trust.access import party_identifier, party_service
from zegel.trust.anchors import Purpose
from zegel.trust.registration.transport import REGISTRATION_FORMAT
from zegel.web.app.keys import role_keys
from zegel.web.app.registration import shown_registrations

SIGNS_FOR: Final[Mapping[str, Purpose]] = {
    "issuer.key": Purpose.ISSUER,
    "issuer.status_key": Purpose.STATUS,
    "issuer.access_key": Purpose.ACCESS,
    "verifier.access_key": Purpose.ACCESS,
    "provider.access_key": Purpose.ACCESS,
    "door.access_key": Purpose.ACCESS,
    "wallet-provider.key": Purpose.WALLET_PROVIDER,
    "wallet-provider.status_key": Purpose.WALLET_STATUS,
    "registrar.registration_key": Purpose.REGISTRATION,
}
"""What each key of a role signs for under its certificate. The access authority's certifies, and is no end entity's."""


async def examine_inside(config: Config, url: str, *, health: Sequence[ListHealth], eyes: Eyes) -> Sequence[Finding]:
    """What the configuration says of the roles at the origin of ``url``; nothing where none of them is there."""
    findings, now = Findings(), eyes.clock.now()
    roles = roles_at(config, url)
    for name, role in roles.items():
        faults = list(find_faults(config, {name: role}))
        for fault in faults:
            findings.note(Topic.CONFIGURATION, name, State.BROKEN, fault)
        if not faults:
            findings.note(Topic.CONFIGURATION, name, State.GOOD, "everything that it names can be read")
    for key in role_keys(config):
        if key.role.replace("-", "_") in roles:
            with findings.trying(Topic.CONFIGURATION, key.name):
                certificates = load_ring(key.files).current.certificates
                if certificates and key.name in SIGNS_FOR:
                    x5c = tuple(each.der for each in certificates)
                    examine_signer(findings, x5c, purpose=SIGNS_FOR[key.name], eyes=eyes, name=key.name)
                elif certificates:
                    examine_days_left(findings, key.name, certificates[0].not_after, now=now)
    await _examine_registrations(findings, config, roles, eyes=eyes)
    if roles:
        _examine_lists(findings, health, now=now)
    return tuple(findings)


async def _examine_registrations(findings: Findings, config: Config, roles: Collection[str], *, eyes: Eyes) -> None:
    """Each registration certificate that a role shows, beside the access certificate that it shows it with."""
    access = {key.role: key for key in role_keys(config) if key.setting == "access_key"}
    for shown in shown_registrations(config):
        if shown.role not in roles:
            continue
        with findings.trying(Topic.CONFIGURATION, shown.name):
            (leaf, *_) = load_ring(access[shown.role].files).current.certificates
            certificate = Shown(
                entries=[(REGISTRATION_FORMAT, load_registration(shown.path).text)],
                field=shown.name,
                identifier=party_identifier(leaf),
                service=party_service(leaf),
                name=shown.name,
            )
            await examine_registration(findings, certificate, eyes=eyes)


def roles_at(config: Config, url: str) -> dict[str, RoleConfig]:
    """The roles of a configuration at the origin of ``url``, by the names of their tables."""
    try:
        origin = origin_of(url, what="URL")
    except Malformed:  # a link to a wallet
        return {}
    table: Any = type(config)
    roles = {setting.name: getattr(config, setting.name) for setting in settings_of(table)}
    return {name: role for name, role in roles.items() if isinstance(role, RoleConfig) and role.origin == origin}


def _examine_lists(findings: Findings, health: Sequence[ListHealth], *, now: int) -> None:
    if not health:
        findings.note(Topic.TRUST, "lists of trusted entities", State.BROKEN, "the configuration names none")
    for listed in health:
        name = listed.title
        if listed.error is not None:
            findings.refused(Topic.TRUST, name, listed.error)
        elif listed.next_update is None:
            findings.refused(Topic.TRUST, name, Unavailable(name, "never fetched"))
        else:
            days = (listed.next_update - now) // 86_400
            age = now - (listed.fetched_at or now)
            said = f"sequence {listed.sequence}, fetched {age} seconds ago, next update in {days} days"
            findings.note(Topic.TRUST, name, State.GOOD, said)
