"""The log, opened."""

from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

from zegel.adapters.keyfiles import load_private_key
from zegel.adapters.sql.log import SqlLog, open_log
from zegel.config.trust_roles import TransparencyLogConfig
from zegel.primitives.der import parse_oid
from zegel.services.log import LogIdentity, LogService
from zegel.services.ports import Clock
from zegel.trust.anchors import TrustAnchors
from zegel.trust.transparency.logs import LogSigner
from zegel.web import log
from zegel.web.app.limits import transparency_log_limits
from zegel.web.app.monitor import log_condition, log_families, metrics_listeners, trust_condition, trust_families
from zegel.web.app.roles import OpenRole, Timer, World, public_listener
from zegel.web.log import LogSite
from zegel.web.monitor import Monitor

NAME = "transparency-log"


def log_service(
    config: TransparencyLogConfig, *, store: SqlLog, anchors: Callable[[], TrustAnchors], clock: Clock
) -> LogService:
    """The log of a configuration; ``Malformed`` where it has no object identifier."""
    identity = LogIdentity(
        signer=LogSigner(id=parse_oid(config.id, what="transparency_log.id"), signer=load_private_key(config.key)),
        merge_delay=config.merge_delay,
        at_once=config.at_once,
        open=config.open,
    )
    return LogService(identity, store=store, anchors=anchors, clock=clock)


async def open_log_role(world: World) -> OpenRole:
    """Open the log of the configuration."""
    config = world.config.transparency_log
    store = open_log(config.database)
    with ExitStack() as opened:
        opened.callback(store.close)
        service = log_service(config, store=store, anchors=lambda: world.trust.anchors, clock=world.clock)
        site = LogSite(service=service, name=config.name, host=urlsplit(config.origin).netloc, id=config.id)
        monitor = Monitor(
            NAME,
            conditions={**log_condition(service), **trust_condition(world)},
            families=lambda: (*log_families(service), *trust_families(world)),
        )

        async def sign_head() -> None:
            service.sign_head()

        return OpenRole(
            name=NAME,
            listeners=(
                public_listener(
                    NAME,
                    site,
                    log.ROUTES,
                    config=config,
                    title=config.name,
                    world=world,
                    monitor=monitor,
                    limits=transparency_log_limits(config.rates),
                ),
                *metrics_listeners(monitor, config=config, world=world),
            ),
            timers=(
                Timer(name="transparency-log: tree head", seconds=config.head_period, act=sign_head, for_all=True),
            ),
            close=opened.pop_all().close,
        )
