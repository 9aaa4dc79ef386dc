"""All pairs."""

from collections.abc import Mapping
from typing import Final

from zegel_limits.access import ACCESS
from zegel_limits.conversations import CONVERSATIONS
from zegel_limits.files import FILES
from zegel_limits.formats import FORMATS
from zegel_limits.habits import HABITS
from zegel_limits.health import HEALTH
from zegel_limits.left_out import LEFT_OUT
from zegel_limits.pair import Pair
from zegel_limits.primitives import PRIMITIVES
from zegel_limits.protocols import PROTOCOLS
from zegel_limits.register import REGISTER
from zegel_limits.times import TIMES
from zegel_limits.transparency import TRANSPARENCY
from zegel_limits.web import WEB

PAIRS: Final[Mapping[str, Pair]] = {
    **PRIMITIVES,
    **ACCESS,
    **FILES,
    **CONVERSATIONS,
    **FORMATS,
    **HABITS,
    **HEALTH,
    **PROTOCOLS,
    **REGISTER,
    **TIMES,
    **TRANSPARENCY,
    **LEFT_OUT,
    **WEB,
}
