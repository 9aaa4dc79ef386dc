"""The way out of a command: as the configuration says, if there is one; to the public network alone otherwise."""

from argparse import Namespace

from zegel.adapters.outbound import HttpOutbound
from zegel.cli.configuration import find_config
from zegel.config.roles import Config
from zegel.errors import Unavailable


def outbound_of(args: Namespace) -> HttpOutbound:
    """Open the way out. The sandbox's own origins may be fetched from where its configuration is found."""
    try:
        config = find_config(args)
    except Unavailable:
        return HttpOutbound()
    return outbound_by(config)


def outbound_by(config: Config) -> HttpOutbound:
    """The way out that a configuration has."""
    return HttpOutbound(
        loopback_origins=config.loopback_origins(),
        web_authority=config.outbound.web_authority,
        seconds=config.outbound.timeout,
    )
