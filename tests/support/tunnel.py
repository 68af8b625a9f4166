"""A proxy on loopback that leads to servers here by the names that the documentation gives them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from tests.support.contexts import Context, serving


class Tunnel(Context):
    """Connects HOST:PORT, one of *places*, with the port on loopback that it has there; refuses all others."""

    def __init__(self, places: Mapping[str, int]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                port = places.get(self.path)
                if port is None:
                    self.send_error(502)
                    return
                with socket.create_connection(("127.0.0.1", port)) as server:
                    self.send_response(200)
                    self.end_headers()
                    client = cast("socket.socket", self.connection)
                    back = threading.Thread(target=_pass, args=(server, client), daemon=True)
                    back.start()
                    _pass(client, server)
                    back.join()
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def _open(self, stack: ExitStack) -> None:
        stack.enter_context(serving(self._server))


def _pass(source: socket.socket, target: socket.socket) -> None:
    """Hand on what *source* sends until it ends, and end *target*'s reading with it."""
    try:
        while some := source.recv(65536):
            target.sendall(some)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # The other side has gone: there is nobody left to tell.
        pass
