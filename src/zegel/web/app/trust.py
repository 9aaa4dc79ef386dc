"""The publisher of trust, opened."""

from typing import Final
from urllib.parse import urlsplit

from zegel.adapters.published_lists import PublishedLists
from zegel.adapters.trust_files import QUALIFIED_FOLDER, XML_SUFFIX
from zegel.web import trust
from zegel.web.app.monitor import lists_condition, metrics_listeners
from zegel.web.app.roles import OpenRole, World, public_listener
from zegel.web.monitor import Monitor
from zegel.web.trust import STATUS_SUFFIX, TrustSite

NAME: Final = "Utopia list office"


async def open_trust(world: World) -> OpenRole:
    """Open what serves the lists of trusted entities."""
    config = world.config.trust
    lists = PublishedLists(config.folder)
    statuses = PublishedLists(config.folder, suffix=STATUS_SUFFIX)
    qualified = PublishedLists(config.folder / QUALIFIED_FOLDER, suffix=XML_SUFFIX, optional=True)
    host = urlsplit(config.origin).netloc
    site = TrustSite(lists=lists, qualified=qualified, statuses=statuses, name=NAME, host=host)
    monitor = Monitor("trust", conditions=lists_condition(lists))
    return OpenRole(
        name="trust",
        listeners=(
            public_listener("trust", site, trust.ROUTES, config=config, title=NAME, world=world, monitor=monitor),
            *metrics_listeners(monitor, config=config, world=world),
        ),
        timers=(),
        close=lambda: None,
    )
