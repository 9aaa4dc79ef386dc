"""What keeps a role's desk for health certificates fresh, and says in the log how old its lists are."""

from collections.abc import Callable, Iterator
from typing import Final

from zegel.adapters.health_trust import load_anchors
from zegel.adapters.kept_health import HealthListFolder
from zegel.adapters.logs import Log
from zegel.errors import Malformed
from zegel.formats.hcert.rules.book import RuleBook
from zegel.primitives.x509 import DAY
from zegel.services.health import HealthDesk
from zegel.services.health_lists import HealthLists, old_folders, old_lists
from zegel.web.app.roles import Timer, World

FRESH: Final = "health list"
OLD: Final = "old health list"
RULES: Final = "health rules"
REVOKED: Final = "health revocation"


def health_timers(
    role: str, desk: HealthDesk | None, *, reopen: Callable[[], HealthDesk], world: World
) -> tuple[Timer, ...]:
    """Fetches lists, at the start and every so often, and reads the files again; none without a desk.

    The log says of the rules what cannot be read, and of all folders what is passed over.
    """
    if desk is None:
        return ()
    config, log = world.config.health, Log(role)
    lists = HealthLists(
        config.lists,
        desk=desk,
        reopen=reopen,
        shelf=HealthListFolder(config.kept),
        outbound=world.outbound,
        clock=world.clock,
        may_lose=config.may_lose,
        anchors=lambda: load_anchors(config.gateway_anchor),
    )

    async def act() -> None:
        errors = await lists.refresh()
        now = world.clock.now()
        for each in desk.lists:
            if each.fetched_at is not None:
                log.write(FRESH, host=each.name, count=each.signers)
            if each.unread:
                log.write(FRESH, error=Malformed("health.trust", each.name, f"passed over: {each.unread}"))
        for each in old_lists(desk.lists, now=now, old=config.old):
            days = None if each.fetched_at is None else (now - each.fetched_at) // DAY
            log.write(OLD, host=each.name, count=days)
        for folder in old_folders(desk.folders, now=now, old=config.old):
            days = None if folder.newest is None else (now - folder.newest) // DAY
            log.write(OLD, host=folder.name, count=days)
        ruling = desk.grounds.ruling
        for missed in () if ruling is None else _missed(ruling.book):
            log.write(RULES, error=missed)
        if passed := desk.grounds.revoked.passed_over:
            detail = f"passed over, as neither batches nor slices: {', '.join(passed)}"
            log.write(REVOKED, error=Malformed("revocation lists", "health.revoked", detail))
        for error in errors[1:]:
            log.write(FRESH, error=error)
        if errors:
            raise errors[0]

    return (Timer(name=f"{role}: health lists", seconds=config.refresh, act=act),)


def _missed(book: RuleBook) -> Iterator[Malformed]:
    """What of a folder of rules is no rule, by name."""
    for unread in book.unread:
        yield Malformed("business rules", unread.name, unread.why)
    if book.passed_over:
        names = ", ".join(book.passed_over)
        yield Malformed("business rules", "health.rules", f"passed over, as neither rules nor value sets: {names}")
