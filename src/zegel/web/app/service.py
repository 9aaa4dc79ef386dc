"""Tax online, opened: an application that others wrote, as a role."""

from functools import partial

from zegel.adapters.keyfiles import load_secret
from zegel.errors import Unavailable
from zegel.primitives.encoding import base64url
from zegel.web.app.roles import Listener, OpenRole, World, tls_files
from zegel.web.asgi import call_asgi


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
    listener = Listener(
        name="service",
        origin=config.origin,
        address=config.address,
        port=config.port,
        tls=tls_files(config),
        app=app,
        handle=partial(call_asgi, app),
    )
    return OpenRole(name="service", listeners=(listener,), timers=(), close=lambda: None)
