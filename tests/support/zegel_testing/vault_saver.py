"""A program that saves a vault again and again, until it is killed.

python -m zegel_testing.vault_saver PATH     prints each number that is on the disk
"""

import os
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from zegel.adapters.vault import Cost, create_vault


@dataclass(frozen=True, slots=True, kw_only=True)
class SaverContents:
    """A number, and many bytes that say the same number."""

    number: int
    ballast: bytes


def main() -> None:
    first = SaverContents(number=0, ballast=bytes(1 << 20))
    cost = Cost(iterations=1, lanes=1)
    vault = create_vault(
        Path(sys.argv[1]),
        "correct horse battery staple",
        first,
        states=(SaverContents,),
        random=os.urandom,
        cost=cost,
    )
    for number in count(1):
        vault.save(SaverContents(number=number, ballast=bytes([number % 256]) * (1 << 20)))
        print(number, flush=True)


if __name__ == "__main__":
    main()
