"""What the system keeps of this process: no core file, and nothing that another program of the same user may read."""

import resource
import sys
from typing import Final

from zegel.errors import Unavailable

_PR_SET_DUMPABLE: Final = 4  # prctl(2), linux/prctl.h


def keep_memory_private() -> None:
    """Leave no core file and, on Linux, let no other program of this user look into the memory or the environment.

    Programs that this one starts are as dumpable as ever. ``Unavailable`` where the system does not let us.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # the limit says nothing to a core_pattern that is a pipe (core(5)); this does, and keeps ptrace(2) out as well
        from ctypes import CDLL

        if CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            raise Unavailable("process", "the system does not keep its memory private")
