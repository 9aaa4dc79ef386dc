"""Engines on real sockets: a function from request to response behind a listener on loopback, and the way out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread

import httpx2

from zegel.primitives.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]


@contextmanager
def listening(host: str, answer: Callable[[str], Answer]) -> Iterator[str]:
    """Serve what ``answer`` makes for the origin under which it will be reached; yields that origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    origin = f"http://{host}:{server.server_address[1]}"
    respond = answer(origin)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond(b"")

        def do_POST(self) -> None:
            self._respond(self.rfile.read(int(self.headers["content-length"] or 0)))

        def _respond(self, body: bytes) -> None:
            headers = tuple((name.lower(), value) for name, value in self.headers.items())
            request = HttpRequest(method=self.command, url=origin + self.path, headers=headers, body=body)
            response = respond(request)
            self.send_response(response.status)
            for name, value in (*response.headers, ("content-length", str(len(response.body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server.RequestHandlerClass = Handler
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(request: HttpRequest, *, context: SSLContext) -> HttpResponse:
    """Send a request of an engine; nothing is followed."""
    with httpx2.Client(trust_env=False, verify=context) as client:
        response = client.request(request.method, request.url, headers=request.headers, content=request.body)
    headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
    return HttpResponse(status=response.status_code, headers=headers, body=response.content)
