"""Tax online, opened: an application that others wrote, as a role; whether it answers and is ready, zegel says."""

from functools import partial
from typing import Final

from zegel.adapters.keyfiles import load_secret
from zegel.errors import Unavailable
from zegel.primitives.encoding import base64url
from zegel.web.app.monitor import metrics_listeners
from zegel.web.app.roles import Listener, OpenRole, World, public_listener, tls_files
from zegel.web.asgi import Receive, Scope, Send, call_asgi
from zegel.web.monitor import HEALTH, READY, Monitor

NAME: Final = "Tax online"


async def open_service(world: World) -> OpenRole:
    """Open Tax online as the configuration has it; ``Unavailable`` where the libraries that it uses are not there."""
    try:
        from zegel.demo.tax_online import TaxOnlineSettings, create_tax_online
        from zegel.demo.transport import OutboundTransport
    except ModuleNotFoundError as error:
        raise Unavailable("Tax online", f"it needs {error.name}; install zegel[demo]") from None
    config = world.config.service
    app = create_tax_online(
        TaxOnlineSettings(
            origin=config.origin,
            issuer=config.provider,
            client_id=config.client_id,
            client_secret=base64url(load_secret(config.client_secret)),
            transport=OutboundTransport(world.outbound),
        )
    )
    monitor = Monitor("service", conditions={})
    probing = public_listener("service", None, (), config=config, title=NAME, world=world, monitor=monitor, back=None)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and scope["path"] in (HEALTH, READY)
        await (probing.app if ours else app)(scope, receive, send)

    listener = Listener(
        name="service",
        origin=config.origin,
        address=config.address,
        port=config.port,
        tls=tls_files(config),
        app=answer,
        handle=partial(call_asgi, answer),
    )
    listeners = (listener, *metrics_listeners(monitor, config=config, world=world))
    return OpenRole(name="service", listeners=listeners, timers=(), close=lambda: None)
