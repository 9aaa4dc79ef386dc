"""A look at the TLS of a host: one handshake, under the rules that the one way out has, and nothing is sent."""

import asyncio
import ssl
from pathlib import Path
from typing import Final, final
from urllib.parse import urlsplit

from zegel.adapters.outbound import SECONDS, tls_context
from zegel.config.setting import is_loopback
from zegel.errors import Unavailable
from zegel.services.doctor.eyes import TlsPeer

_HTTPS: Final = 443
_LOOPBACK: Final = "127.0.0.1"  # names below localhost need no resolver (RFC 6761 section 6.3)


@final
class SystemTlsProbe:
    """``TlsProbe`` over the network; ``web_authority`` is a PEM file of roots beside the system's."""

    def __init__(self, *, web_authority: Path | None, seconds: float = SECONDS) -> None:
        self._context = tls_context(web_authority)
        self._seconds = seconds

    async def look(self, origin: str) -> TlsPeer:
        """See ``TlsProbe``."""
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port or _HTTPS
        address = _LOOPBACK if is_loopback(origin) else host
        try:
            async with asyncio.timeout(self._seconds):
                _reader, writer = await asyncio.open_connection(address, port, ssl=self._context, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            reason = error.verify_message.rstrip(".").lower()
            raise Unavailable(host, f"its certificate is not accepted: {reason}") from None
        except ssl.SSLError:
            raise Unavailable(host, "it does not speak TLS as it should") from None
        except (OSError, TimeoutError):
            raise Unavailable(host, "it refuses the connection") from None
        try:
            return _peer(writer.get_extra_info("ssl_object"))
        finally:
            writer.transport.abort()


def _peer(session: ssl.SSLObject) -> TlsPeer:
    certificate = session.getpeercert() or {}
    return TlsPeer(
        version=session.version() or "no TLS",
        not_after=int(ssl.cert_time_to_seconds(str(certificate["notAfter"]))),
    )
