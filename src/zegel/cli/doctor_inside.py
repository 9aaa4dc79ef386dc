"""The inside of a deployment: its configuration, the keys that it names, and the lists that it relies on."""

from collections.abc import Iterator, Sequence
from typing import Any

from zegel.adapters.configuration import find_faults
from zegel.adapters.keyrings import load_ring
from zegel.config.role import RoleConfig
from zegel.config.roles import Config
from zegel.config.setting import settings_of
from zegel.errors import Malformed, Unavailable
from zegel.primitives.http import origin_of
from zegel.services.doctor.eyes import examine_days_left
from zegel.services.doctor.findings import Finding, Findings, State
from zegel.services.doctor.topics import Topic
from zegel.services.trust import ListHealth
from zegel.web.app.keys import role_keys


def examine_inside(config: Config, url: str, *, health: Sequence[ListHealth], now: int) -> Iterator[Finding]:
    """What the configuration says of the roles at the origin of ``url``; nothing where none of them is there."""
    findings = Findings()
    roles = _roles_at(config, url)
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
                if certificates:
                    examine_days_left(findings, key.name, certificates[0].not_after, now=now)
    if roles:
        _examine_lists(findings, health, now=now)
    yield from findings


def _roles_at(config: Config, url: str) -> dict[str, RoleConfig]:
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
        name = f"list of {listed.type.name.lower().replace('_', ' ')}"
        if listed.error is not None:
            findings.refused(Topic.TRUST, name, listed.error)
        elif listed.next_update is None:
            findings.refused(Topic.TRUST, name, Unavailable(name, "never fetched"))
        else:
            days = (listed.next_update - now) // 86_400
            age = now - (listed.fetched_at or now)
            said = f"sequence {listed.sequence}, fetched {age} seconds ago, next update in {days} days"
            findings.note(Topic.TRUST, name, State.GOOD, said)
