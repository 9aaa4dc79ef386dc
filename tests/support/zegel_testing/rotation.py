"""Keys of a sandbox rotated under roles that run, as ``zegel keys`` and the roles' timers do it."""

from collections.abc import Iterable
from functools import partial

from zegel.adapters.entropy import system_random
from zegel.adapters.rotation import SuccessorMaker, rotate_key
from zegel.config.roles import Config
from zegel.trust.rotation import KeyRing
from zegel.trust.transparency.issuance import issue_stamped
from zegel.web.app.keys import RoleKey, role_keys
from zegel.web.app.roles import OpenRole
from zegel_testing.transparency import log_of


def role_key(config: Config, name: str) -> RoleKey:
    """A key of the configuration, such as ``provider.key``."""
    return next(key for key in role_keys(config) if key.name == name)


def rotated(config: Config, name: str, *, now: int, at_once: bool = False) -> KeyRing:
    """The next step of a key's rotation, on the disk."""
    key = role_key(config, name)
    authorities = key.path.parents[1] / "authorities"
    stamp = partial(issue_stamped, log=log_of(config), now=now)
    maker = SuccessorMaker(authorities=authorities, random=system_random, stamp=stamp)
    return rotate_key(key.files, practice=key.practice, maker=maker, at_once=at_once, now=now)


async def picked_up(roles: Iterable[OpenRole]) -> None:
    """The roles look at their keys, as they do every minute."""
    for timer in (timer for role in roles for timer in role.timers if timer.name.endswith(": keys")):
        await timer.act()
