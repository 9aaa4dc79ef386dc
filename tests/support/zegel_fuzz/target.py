"""What is fuzzed: something that takes any bytes, and knows what must hold of how that ends."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from time import thread_time


class Broken(Exception):
    """What must hold does not."""


@dataclass(frozen=True)
class Opened:
    """A target that is ready. ``run`` raises whatever is wrong, and returns what the input came to, in a word."""

    run: Callable[[bytes], str]
    seeds: Sequence[bytes]


@dataclass(frozen=True)
class Target:
    """Something to fuzz. ``open`` is entered once, and then used for as many inputs as there is time for."""

    name: str
    open: Callable[[], AbstractContextManager[Opened]]

    @property
    def folder(self) -> str:
        """The name as that of a folder."""
        return self.name.replace("/", "_").replace("{", "").replace("}", "")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """``Broken`` where what is done inside takes this thread longer."""
    began = thread_time()
    yield
    took = thread_time() - began
    if took > seconds:
        raise Broken(f"it took {took:.1f} seconds")


def crash_place(error: BaseException) -> str:
    """The exception and the line that it came from: two inputs that end there found the same fault."""
    frame = error.__traceback__
    assert frame is not None
    while frame.tb_next is not None:
        frame = frame.tb_next
    code = frame.tb_frame.f_code
    return f"{type(error).__name__} {code.co_filename.rpartition('/')[2]}:{frame.tb_lineno} {code.co_name}"
