"""What the verifier does in the walk to be known by another access certificate, and what becomes of that one.

It is registered, orders, shows that its host is its own, receives, and goes on without an interruption.
"""

from asyncio import to_thread
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from zegel.adapters.clock import SystemClock
from zegel.adapters.entropy import system_random
from zegel.adapters.files import replace_owner_only
from zegel.adapters.keyrings import load_generation
from zegel.adapters.outbound import HttpOutbound
from zegel.adapters.rotation import rotate_key
from zegel.checks import Check
from zegel.cli.access_order import receive_certificate
from zegel.cli.operator import call_operator
from zegel.cli.walk.browser import Page
from zegel.cli.walk.story import Story
from zegel.config.roles import Config
from zegel.config.trust_roles import AccessAuthorityConfig, RegistrarConfig
from zegel.errors import Unavailable
from zegel.primitives.keys import PrivateKey, random_private_key
from zegel.primitives.x509 import parse_pem_certificates
from zegel.trust.access_authority.request import build_certificate_request
from zegel.web.app.keys import role_keys
from zegel.web.app.roles import OpenRole

IDENTIFIER: Final = "GOVUT-0002"
SERVICE: Final = "counter"
_KEY: Final = "verifier.access_key"


def party(config: Config) -> dict[str, Any]:
    """What the verifier registers: its host, and what it asks for."""
    return {
        "identifier": [{"identifier": IDENTIFIER, "type": "http://data.europa.eu/eudi/id/EUID"}],
        "legalPerson": {"legalName": [config.verifier.name]},
        "country": "UT",
        "infoURI": [config.verifier.origin + "/"],
        "supportURI": ["mailto:verifier@utopia.example"],
        "services": [{"serviceIdentifier": SERVICE, "serviceTradeName": "Counter"}],
        "srvDescription": [{"lang": "en", "content": "Looks at driving licences"}],
        "intendedUse": [
            {
                "purpose": [{"lang": "en", "content": "To see what you may drive"}],
                "privacyPolicy": [{"policyURI": config.verifier.origin + "/privacy"}],
                "credentials": [
                    {
                        "format": "mso_mdoc",
                        "meta": {"doctype_value": "org.iso.18013.5.1.mDL"},
                        "claims": [{"path": ["org.iso.18013.5.1", "driving_privileges"]}],
                    }
                ],
            }
        ],
        "entitlements": ["https://uri.etsi.org/19475/Entitlement/Service_Provider"],
        "supervisoryAuthority": {"name": "Data protection authority of Utopia", "country": "UT", "phone": ["+999000"]},
    }


async def renew_access(
    config: Config,
    story: Story,
    ask: Callable[[], Awaitable[Page]],
    *,
    web_ca: Path | None,
    roles: Sequence[OpenRole],
) -> None:
    """Have the verifier asked for under a new certificate, which then is revoked. ``ask`` has it ask the wallet."""
    key = random_private_key(system_random)
    registered = await to_thread(_register, config)
    issued = await _order(config, key, web_ca=web_ca)
    _take_over(config, key, issued["chain"], registration=registered["certificates"][-1]["certificate"])
    for name in ("verifier: keys", "verifier: registration certificates"):
        await take_turn(roles, name)
    with story.timed("asked with the new access certificate"):
        page = await ask()
        if f"{config.verifier.name} asks" not in page.words or "As it is registered" not in page.words:
            raise Unavailable("wallet", f"it does not know who asks, or for what (status {page.status})")
    body = {"certificate": issued["serial"], "reason": "the walk comes to its end"}
    await to_thread(_operate, config.access_authority, "/revocations", body)
    await take_turn(roles, "trust")  # as every hour
    with story.refusal("refused with a revoked access certificate", Check.CERTIFICATE_REVOKED):
        await ask()


def _register(config: Config) -> dict[str, Any]:
    """Who registered the verifier asks for a change, and an officer approves; the registration as it stands then."""
    applied = _operate(config.registrar, "/applications", {"party": party(config), "by": "verifier"})
    body = {"decision": "approve", "identifier": IDENTIFIER, "by": "officer", "seen": applied["proposal"]}
    registered: dict[str, Any] = _operate(config.registrar, "/decisions", body)
    return registered


async def _order(config: Config, key: PrivateKey, *, web_ca: Path | None) -> dict[str, Any]:
    folder = config.verifier.challenges
    assert folder is not None  # a sandbox has one
    host = urlsplit(config.verifier.origin).hostname or ""
    outbound = HttpOutbound(loopback_origins=config.loopback_origins(), web_authority=web_ca)
    try:
        return await receive_certificate(
            outbound,
            config.access_authority.origin,
            request=build_certificate_request(key, hosts=(host,)),
            party=IDENTIFIER,
            service=SERVICE,
            folder=folder,
        )
    finally:
        await outbound.aclose()


def _take_over(config: Config, key: PrivateKey, chain: str, *, registration: str) -> None:
    """As ``zegel keys rotate --key --chain --another-party`` does it, and with the registration certificate for it."""
    (known,) = (each for each in role_keys(config) if each.name == _KEY)
    given = load_generation(key, parse_pem_certificates(chain.encode(), what="chain"))
    now = SystemClock().now()
    rotate_key(known.files, practice=known.practice, given=given, another_party=True, at_once=True, now=now)
    assert config.verifier.registration is not None  # a sandbox has one
    replace_owner_only(config.verifier.registration, registration.encode())


async def take_turn(roles: Sequence[OpenRole], name: str) -> None:
    """Have a timer act now, and not when its time has come."""
    for role in roles:
        for timer in role.timers:
            if timer.name == name:
                await timer.act()


def _operate(role: RegistrarConfig | AccessAuthorityConfig, path: str, body: object) -> Any:
    return call_operator(role, method="POST", path=path, body=body)
