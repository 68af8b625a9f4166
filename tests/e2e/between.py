"""Servers on loopback that stand between a client and the API server, in a test's hand."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple, Self, cast

from tests.e2e.cluster import Cluster
from tests.support.contexts import Context, serving

_ENDS = 0.2


class Certificate(NamedTuple):
    """A certificate that is its own issuer, and its key."""

    certificate: Path
    key: Path


def make_certificate(cluster: Cluster, folder: Path, *flags: str) -> Certificate:
    """Make one for 127.0.0.1, or as *flags* of Go's generate_cert say."""
    folder.mkdir()
    host = () if any(flag.startswith("--host=") for flag in flags) else ("--host=127.0.0.1",)
    subprocess.run(
        [cluster.binaries.path("generate-cert"), "--ca", "--ecdsa-curve=P256", *host, *flags],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return Certificate(folder / "cert.pem", folder / "key.pem")


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def short(self) -> str:
        """The method and the last part of the path."""
        return f"{self.method} {self.path.partition('?')[0].rpartition('/')[2]}"


class Answer(NamedTuple):
    """What is answered in the API server's place; a status of 0 closes the connection."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


Rule = Callable[[Asked], Answer | None]
"""Sees each request before it goes on; what it returns is answered instead."""


class Between(Context):
    """An HTTPS server that passes requests on to the API server, with its certificate or another."""

    def __init__(
        self, cluster: Cluster, rule: Rule | None = None, certificate: Certificate | None = None
    ) -> None:
        own = Certificate(cluster.ca, cluster.folder / "key.pem")
        self.cluster, self.rule = cluster, rule or (lambda _: None)
        self.asked: list[Asked] = []
        """Every request that came."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*(certificate or own))
        self._server = _Server(self, self._context)
        self.url = f"https://127.0.0.1:{self._server.server_port}"

    def _open(self, stack: ExitStack) -> None:
        stack.enter_context(serving(self._server, _ENDS))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, between: Between, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.between, self.context = between, context

    def finish_request(self, request: object, client_address: object) -> None:
        # In the request's own thread: a client that does not trust us must not keep others waiting.
        with contextlib.suppress(OSError):
            plain = cast("socket.socket", request)
            with self.context.wrap_socket(plain, server_side=True) as tls:
                super().finish_request(tls, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        between = cast("_Server", self.server).between
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        asked = Asked(self.command, self.path, dict(self.headers), body)
        between.asked.append(asked)
        answer = between.rule(asked) or _pass_on(between.cluster, asked)
        self.close_connection = True
        if not answer.status:
            return
        with contextlib.suppress(OSError):
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Connection": "close"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _pass_on(cluster: Cluster, asked: Asked) -> Answer:
    trusts = ssl.create_default_context(cafile=str(cluster.ca))
    connection = http.client.HTTPSConnection(
        cluster.url.removeprefix("https://"), timeout=30, context=trusts
    )
    with contextlib.closing(connection):
        connection.request(asked.method, asked.path, asked.body or None, dict(asked.headers))
        response = connection.getresponse()
        content_type = response.headers.get("Content-Type", "")
        return Answer(response.status, {"Content-Type": content_type}, response.read())


class Listener:
    """A port that keeps every byte that comes; ``serve`` says what becomes of a connection."""

    def __init__(self, serve: Callable[[socket.socket, bytes], None]) -> None:
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.came: list[bytes] = []
        """What each connection began with, up to the first pause."""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            first = connection.recv(65536)
            self.came.append(first)
            self._serve(connection, first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def closes(connection: socket.socket, first: bytes) -> None:
    """Answer nothing."""
    del connection, first


def speaks_plainly(connection: socket.socket, first: bytes) -> None:
    """Answer as an HTTP server that is spoken to in TLS."""
    del first
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


class Proxy(Listener):
    """A proxy that makes tunnels, and keeps what goes through them."""

    def __init__(self) -> None:
        super().__init__(self._tunnel)
        self.through: list[bytes] = []

    def _tunnel(self, connection: socket.socket, first: bytes) -> None:
        host, port = first.split(b" ")[1].decode().rsplit(":", 1)
        with socket.create_connection((host, int(port)), 10) as target:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = {connection: target, target: connection}
            while True:
                for end in select.select(list(ends), [], [], 30)[0]:
                    part = end.recv(65536)
                    if not part:
                        return
                    self.through.append(part)
                    ends[end].sendall(part)
