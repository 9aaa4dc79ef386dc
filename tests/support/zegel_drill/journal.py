"""What a process says, over pipes: it is there as soon as it was said, whatever became of the process or its disk."""

import os
from select import select
from threading import Lock, Thread


class Journal:
    """All that was written to the pipes that it gave out, in order."""

    def __init__(self) -> None:
        self._said = bytearray()
        self._readers: dict[int, Thread] = {}
        self._lock = Lock()

    def pipe(self) -> int:
        """A descriptor to write to; whoever has given it to a process closes its own."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        thread = Thread(target=self._listen, args=(reader,), daemon=True)
        self._readers[reader] = thread
        thread.start()
        return writer

    def __len__(self) -> int:
        self._hear_all()
        return len(self._said)

    def text(self, since: int = 0) -> str:
        """What was said from a place onwards."""
        self._hear_all()
        return self._said[since:].decode(errors="replace")

    def forget(self) -> None:
        """Begin anew."""
        self._hear_all()
        self._said.clear()

    def _listen(self, reader: int) -> None:
        while select([reader], [], []) and self._hear(reader):
            pass
        with self._lock:
            del self._readers[reader]
            os.close(reader)

    def _hear_all(self) -> None:
        for reader in list(self._readers):
            self._hear(reader)

    def _hear(self, reader: int) -> bool:
        """Take what is in the pipe; False at its end."""
        with self._lock:
            if reader not in self._readers:
                return False
            try:
                while said := os.read(reader, 1 << 16):
                    self._said += said
            except BlockingIOError:
                return True
        return False
