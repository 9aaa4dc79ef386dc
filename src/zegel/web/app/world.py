"""The world of a configuration: its clock and randomness, its one way out, its trust."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Final, final
from urllib.parse import urlsplit

from zegel.adapters.clock import SystemClock
from zegel.adapters.entropy import system_random
from zegel.adapters.files import read_file
from zegel.adapters.kept_lists import ListFolder
from zegel.adapters.kept_revocations import KeptRevocations
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.logs import Log
from zegel.adapters.outbound import HttpOutbound
from zegel.config.lists import LIST_TYPES
from zegel.config.roles import Config, TrustedListConfig
from zegel.config.setting import is_loopback
from zegel.errors import Unavailable
from zegel.primitives.crl import MAX_CRL
from zegel.primitives.http import HttpRequest
from zegel.profiles import PROFILES
from zegel.services.ports import Clock, Outbound
from zegel.services.trust import Trust
from zegel.services.trust_ports import ListShelf, ListSource, QualifiedTrust, RevocationList, RevocationSource
from zegel.trust.anchors import Purpose, TrustAnchor
from zegel.trust.lists.parse import MAX_TRUSTED_LIST
from zegel.trust.lists.values import ListType
from zegel.web.app.roles import Timer, World
from zegel.web.load import Load

_SOONEST: Final = 60.0  # seconds between one fetch and another, however many lists end one after the other
_REDIRECTS: Final = 3  # status list draft 20 section 8.1 allows them; each target is checked again


@final
class ConfiguredList:
    """A ``ListSource`` from the configuration: a URL, or a file."""

    def __init__(self, config: TrustedListConfig, *, outbound: Outbound) -> None:
        self.type: Final[ListType] = LIST_TYPES[config.purpose]
        self.operators: Final = tuple(
            TrustAnchor(certificate=certificate, purpose=Purpose.LIST, entity=str(config.signer))
            for certificate in load_certificates(config.signer)
        )
        self._location = config.location
        self._outbound = outbound

    async def fetch(self) -> bytes:
        """See ``ListSource``."""
        if "://" not in self._location:
            return read_file(Path(self._location), max_bytes=MAX_TRUSTED_LIST)
        request = HttpRequest(method="GET", url=self._location, headers=(("accept", "application/jose"),))
        response = await self._outbound.fetch(request, redirects=_REDIRECTS, max_bytes=MAX_TRUSTED_LIST)
        if response.status != 200:
            raise Unavailable("list of trusted entities", f"expected status 200, got {response.status}")
        return response.body


@final
class PublishedRevocations:
    """A ``RevocationSource`` over the one way out."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def fetch(self, url: str) -> RevocationList:
        """See ``RevocationSource``."""
        request = HttpRequest(method="GET", url=url, headers=(("accept", "application/pkix-crl"),))
        response = await self._outbound.fetch(request, redirects=_REDIRECTS, max_bytes=MAX_CRL)
        if response.status != 200:
            raise Unavailable(urlsplit(url).hostname or url, f"expected status 200, got {response.status}")
        return RevocationList(response.body)


def configured_grace(config: Config) -> int:
    """For how long a list of revoked certificates is answered from after its time: the strictest of the profiles."""
    roles = (config.issuer, config.verifier, config.provider, config.wallet, config.door)
    return min(PROFILES[role.profile].revocation_grace for role in roles)


def configured_lists(config: Config, *, outbound: Outbound) -> tuple[ListSource, ...]:
    """The lists of trusted entities that a configuration names."""
    return tuple(ConfiguredList(listed, outbound=outbound) for listed in config.trusted_lists)


def configured_shelves(config: Config, sources: Sequence[ListSource]) -> tuple[ListShelf | None, ...]:
    """Where each list of a configuration is kept."""
    if config.lists.kept is None:
        return ()
    return tuple(
        ListFolder(
            config.lists.kept,
            location=listed.location,
            signers=tuple(anchor.certificate.der for anchor in source.operators),
        )
        for listed, source in zip(config.trusted_lists, sources, strict=True)
    )


def configured_revocations(config: Config, *, outbound: Outbound, clock: Clock) -> RevocationSource:
    """Where lists of revoked certificates come from, and are kept with those of trusted entities."""
    published = PublishedRevocations(outbound)
    return published if config.lists.kept is None else KeptRevocations(published, config.lists.kept, clock=clock)


def open_world(config: Config, *, roles: Collection[str] = ()) -> World:
    """The adapters that the roles of a configuration share. Its lists are still to be fetched.

    ``roles`` are those that are to be opened, any without them.
    """
    outbound = HttpOutbound(
        loopback_origins=config.loopback_origins(),
        seconds=config.outbound.timeout,
        web_authority=config.outbound.web_authority,
    )
    ways = [outbound]

    def neighbour(origin: str) -> Outbound:
        """A way that leads there alone, so that nobody else's wish does."""
        ways.append(
            HttpOutbound(
                loopback_origins=frozenset(filter(is_loopback, {origin})),
                seconds=config.outbound.timeout,
                web_authority=config.outbound.web_authority,
            )
        )
        return ways[-1]

    async def close() -> None:
        for way in ways:
            await way.aclose()

    clock, sources = SystemClock(), configured_lists(config, outbound=outbound)
    return World(
        config=config,
        clock=clock,
        random=system_random,
        outbound=outbound,
        trust=Trust(
            sources,
            fixed=(),
            clock=clock,
            revocations=configured_revocations(config, outbound=outbound, clock=clock),
            grace=configured_grace(config),
            shelves=configured_shelves(config, sources),
            qualified=_qualified(_read_by(roles, config), outbound=outbound, clock=clock),
        ),
        load=Load(config.overload),
        neighbour=neighbour,
        close=close,
    )


def _read_by(roles: Collection[str], config: Config) -> Config:
    """With those of the lists in XML that one of the roles reads."""
    return replace(
        config,
        qualified_lists=tuple(
            each for each in config.qualified_lists if not roles or not each.roles or each.roles.intersection(roles)
        ),
    )


def _qualified(config: Config, *, outbound: Outbound, clock: Clock) -> Sequence[QualifiedTrust]:
    if not config.qualified_lists:
        return ()
    from zegel.web.app.qualified import configured_qualified  # what reads XML takes room, which most need not have

    return configured_qualified(config, outbound=outbound, clock=clock, kept=config.lists.kept)


def trust_timer(world: World) -> Timer:
    """Fetches the lists at the start, and again every so often, and when the next update of one is due."""

    async def refresh() -> None:
        errors = [health.error for health in await world.trust.refresh() if health.error is not None]
        for error in errors[1:]:
            Log("trust").write("list", error=error)
        if errors:
            raise errors[0]

    def sooner() -> float:
        due = world.trust.next_due()
        return inf if due is None else max(_SOONEST, due - world.clock.now())

    return Timer(name="trust", seconds=world.config.lists.refresh, act=refresh, sooner=sooner)
