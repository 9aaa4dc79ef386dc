"""Where passwords are hashed: in two threads that do nothing else.

Argon2id takes 19 MB, and the C library keeps them for the thread that asked. Spread over all the threads that wait for
files and compress lists, hashes would soon hold a hundred.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_THREADS: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hashing")  # 19 MB each, once there is work


async def in_hashing_thread(hash_: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that hashes, and wait for it without keeping others waiting."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, lambda: hash_(*args, **kwargs))
