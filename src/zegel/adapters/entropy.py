"""The system's randomness."""

import os
from typing import Final

from zegel.services.ports import Random

system_random: Final[Random] = os.urandom
