"""Names below localhost are this machine, over TLS too, and no other name is."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from zegel.demo.loopback import LoopbackTransport


async def serve(story: Callable[[int], Awaitable[httpx.Response]], context: ssl.SSLContext | None = None):
    """Answer each request with the Host that it named."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        host = next(line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith("host:"))
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(host)}\r\n\r\n{host}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        return await story(server.sockets[0].getsockname()[1])


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for a name, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2126, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "web.pem"
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file


def fetch(url: str, *, ca_file: Path | None = None) -> Callable[[int], Awaitable[httpx.Response]]:
    async def story(port: int) -> httpx.Response:
        async with httpx.AsyncClient(transport=LoopbackTransport(ca_file=ca_file)) as client:
            return await client.get(url.format(port=port))

    return story


@pytest.mark.parametrize("host", ["localhost", "provider.localhost"])
def test_a_name_below_localhost_is_this_machine(host: str) -> None:
    response = asyncio.run(serve(fetch(f"http://{host}:{{port}}/")))
    assert response.text.rpartition(":")[0] == host


def test_an_address_stays_as_it_is() -> None:
    assert asyncio.run(serve(fetch("http://127.0.0.1:{port}/"))).text.startswith("127.0.0.1:")


def test_over_tls_the_certificate_is_held_against_the_name(tmp_path: Path) -> None:
    file = certificate(tmp_path, "provider.localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    response = asyncio.run(serve(fetch("https://provider.localhost:{port}/", ca_file=file), context))
    assert response.text.startswith("provider.localhost:")
    for url, ca_file in (("https://other.localhost:{port}/", file), ("https://provider.localhost:{port}/", None)):
        with pytest.raises(httpx.ConnectError):
            asyncio.run(serve(fetch(url, ca_file=ca_file), context))
