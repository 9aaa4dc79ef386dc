"""A response's body, read within a limit that counts what comes out as well as what comes in."""

import zlib
from collections.abc import Callable
from typing import Final, final

_GZIP: Final = zlib.MAX_WBITS | 16


class TooLargeError(Exception):
    """More bytes than allowed, on the wire or decompressed."""


class EncodingError(Exception):
    """An encoding that was not asked for, or broken."""


@final
class Body:
    """Takes the chunks as they come. ``encoding`` is the response's Content-Encoding."""

    def __init__(self, *, encoding: str, max_bytes: int) -> None:
        if encoding not in ("", "identity", "gzip"):
            raise EncodingError
        self._left_in = max_bytes
        self._out = bytearray()
        self._max_bytes = max_bytes
        self._inflater = zlib.decompressobj(_GZIP) if encoding == "gzip" else None

    def feed(self, chunk: bytes) -> None:
        """Take a chunk; ``TooLargeError`` as soon as it is too much."""
        self._left_in -= len(chunk)
        if self._left_in < 0:
            raise TooLargeError
        self._out += chunk if self._inflater is None else self._inflate(self._inflater.decompress, chunk)
        if len(self._out) > self._max_bytes:
            raise TooLargeError

    def finish(self) -> bytes:
        """The whole; ``EncodingError`` when the compressed stream is cut short or followed by more."""
        if self._inflater is not None and (not self._inflater.eof or self._inflater.unused_data):
            raise EncodingError
        return bytes(self._out)

    def _inflate(self, decompress: Callable[[bytes, int], bytes], chunk: bytes) -> bytes:
        try:
            # One byte over the limit is asked for, never more: what a small chunk can grow to is not found out.
            return decompress(chunk, self._max_bytes - len(self._out) + 1)
        except zlib.error:
            raise EncodingError from None
