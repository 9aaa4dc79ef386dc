"""A role that is started anew with a trust of its own, from which sources were taken away; all others have theirs.

A source is a list of trusted entities, by its purpose; the lists in XML; the log on the list of who certifies access;
what an authority revoked, by the name of its file; lists of statuses, by whom they are about; the signers of health.
"""

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Final

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.qualified_files import qualified_anchors
from zegel.adapters.revocation_files import CRL_SUFFIX
from zegel.adapters.sandbox.authorities import certify_list_operator
from zegel.adapters.sandbox.revocations import PUBLISHING
from zegel.adapters.trust_files import QUALIFIED_FOLDER
from zegel.config.roles import Config
from zegel.errors import Unavailable
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.ports import Outbound
from zegel.services.trust import Trust
from zegel.services.trust_ports import ListSource, RevocationList
from zegel.trust.authority import Authority
from zegel.trust.lists.build import sign_trusted_list
from zegel.trust.lists.values import ListType, ServiceType
from zegel.web.app.roles import World
from zegel.web.app.world import ConfiguredList
from zegel_testing.authorities import NOW
from zegel_testing.revocations import FolderRevocations

LISTS: Final = ("pid", "attestation", "wallet-provider", "access", "registration")
LOG: Final = "log"
REVOKED: Final = tuple(name + CRL_SUFFIX for name in PUBLISHING)
STATUSES, IDENTIFIERS = "status lists of attestations", "identifier lists of attestations"
WALLET_STATUSES, REGISTRATION_STATUSES = "status lists of wallets", "status lists of registrations"
PUBLISHED: Final = (STATUSES, IDENTIFIERS, WALLET_STATUSES, REGISTRATION_STATUSES)
HEALTH: Final = "signers of health certificates"
SOURCES: Final = (*LISTS, QUALIFIED_FOLDER, LOG, *REVOKED, *PUBLISHED, HEALTH)


async def world_without(world: World, folder: Path, sources: Collection[str]) -> World:
    """A world beside this one, with trust and a way out of its own; ``folder`` is the sandbox's."""
    assert set(sources) <= set(SOURCES)
    config = world.config
    if HEALTH in sources:
        config = replace(config, health=replace(config.health, trust=()))
    lists: list[ListSource] = [
        ConfiguredList(listed, outbound=world.outbound)
        for listed in config.trusted_lists
        if listed.purpose not in sources
    ]
    if LOG in sources:
        lists = [Logless(each, folder) if each.type is ListType.ACCESS_PROVIDERS else each for each in lists]
    trust = Trust(
        lists,
        fixed=() if QUALIFIED_FOLDER in sources else tuple(qualified_anchors(_qualified(config), now=NOW)),
        clock=world.clock,
        revocations=SomeRevocations(config.trust.folder, frozenset(sources)),
    )
    assert all(health.error is None for health in await trust.refresh())
    down = tuple(prefix for source in PUBLISHED if source in sources for prefix in _addresses(config, source))
    return replace(world, config=config, trust=trust, outbound=Unreached(world.outbound, down))


def _qualified(config: Config) -> Path:
    return config.trust.folder / QUALIFIED_FOLDER


def _addresses(config: Config, source: str) -> tuple[str, ...]:
    """How the addresses of such lists begin."""
    return {
        STATUSES: (config.issuer.origin + "/status/",),
        IDENTIFIERS: (config.issuer.origin + "/identifiers/",),
        WALLET_STATUSES: (config.wallet_provider.origin + "/status/",),
        REGISTRATION_STATUSES: (config.registrar.origin + "/status/", config.trust.origin + "/status/"),
    }[source]


class Unreached:
    """An ``Outbound`` by which addresses that begin so cannot be reached."""

    def __init__(self, inner: Outbound, down: tuple[str, ...]) -> None:
        self._inner = inner
        self._down = down

    async def fetch(self, request: HttpRequest, *, redirects: int = 0, max_bytes: int = 1 << 18) -> HttpResponse:
        if request.url.startswith(self._down):
            raise Unavailable("status list", "nobody answers there")
        return await self._inner.fetch(request, redirects=redirects, max_bytes=max_bytes)


class SomeRevocations:
    """A ``RevocationSource`` of a sandbox without what some of its authorities revoked."""

    def __init__(self, folder: Path, without: frozenset[str]) -> None:
        self._inner = FolderRevocations(folder)
        self._without = without

    async def fetch(self, url: str) -> RevocationList:
        if url.rpartition("/")[2] in self._without:
            raise Unavailable("list of revoked certificates", "nobody answers there")
        return await self._inner.fetch(url)


class Logless:
    """The list of access certificate providers as its operator would sign it if there were no log on it."""

    def __init__(self, inner: ListSource, folder: Path) -> None:
        self.type = inner.type
        self.operators = inner.operators
        self._inner = inner
        self._authorities = folder / "authorities"

    async def fetch(self) -> bytes:
        payload = (await self._inner.fetch()).split(b".")[1].decode()
        document = json.loads(parse_base64url(payload, what="list"))
        entities = document["LoTE"]["TrustedEntitiesList"]
        kept = [each for each in entities if str(ServiceType.TRANSPARENCY_LOG) not in json.dumps(each)]
        assert len(kept) == len(entities) - 1
        document["LoTE"]["TrustedEntitiesList"] = kept
        (root,) = load_certificates(self._authorities / "lists.pem")
        operator = Authority(certificate=root, key=load_private_key(self._authorities / "lists.key.pem"))
        signer = certify_list_operator(operator, now=NOW, random=system_random)
        return sign_trusted_list(document, signer=signer.signer, chain=signer.chain, now=NOW)
