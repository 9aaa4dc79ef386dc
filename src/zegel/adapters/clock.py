"""The system's clock."""

import time
from typing import final


@final
class SystemClock:
    """``Clock`` by the system."""

    def now(self) -> int:
        """See ``Clock``."""
        return int(time.time())
