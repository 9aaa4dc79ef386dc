"""The status lists of others, as a role that verifies reads them: fetched ahead by a timer."""

from typing import Final

from zegel.config.roles import ProviderConfig, VerifierConfig
from zegel.services.status import StatusReader
from zegel.web.app.roles import Timer, World

_AT_LEAST: Final = 30  # seconds between two looks; a setting for tests of the whole must not flood a host


def open_statuses(config: VerifierConfig | ProviderConfig, world: World) -> StatusReader:
    """The reader of a role."""
    return StatusReader(
        outbound=world.outbound,
        trust=world.trust,
        clock=world.clock,
        keep=config.status_cache,
        aggregations=config.status_aggregations,
    )


def statuses_timer(statuses: StatusReader, config: VerifierConfig | ProviderConfig) -> Timer:
    """Every worker has its own lists, and fetches them at its own time, whoever presents what (ARF 3.0 VCR_15)."""
    seconds = max(_AT_LEAST, config.status_cache // 2)
    return Timer(name="status lists", seconds=seconds, act=lambda: statuses.refresh(2 * seconds))
