"""Where hints about registries are printed: a user, and registries and vendors' APIs by the names of the documentation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import httpx

from tests.support.contexts import Context
from tests.support.tunnel import Tunnel
from tests.support.user import User
from tests.support.webserver import Reply, Request, WebServer
from tests.system.registries import Authority, basic, push, serving, write_htpasswd
from tests.system.robots import mint_robot

HOST = "registry.example.com"
HOSTS = (
    HOST,
    "git.example.com",
    "hub.docker.com",
    "registry-1.docker.io",
    "management.azure.com",
)
PLAIN = "plain.example.com"
"""Where the registry does not speak TLS."""
ROBOT = {"robot": "password"}
"""Whom the registry knows at first: the credential of the repositories in tests/hints."""
_SENT = ("Authorization", "Accept")
_KEPT = ("Content-Type", "Docker-Content-Digest", "WWW-Authenticate")
Answer = Callable[[Request], Reply]


class Servers(Context):
    """Debian's registry with a password file, and beside it the API of a vendor, by each of the names.

    They are shared by all situations, one after the other: ``reset`` makes them as they were at first.
    """

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.users_file = folder / "registry" / "htpasswd"
        self._folder = folder
        self._lock = Lock()
        self._written: Mapping[str, str] = {}
        self.reset()

    def reset(self) -> None:
        """Forget the vendor, and every user but the first."""
        self._vendor: Answer | None = None
        self._users: Callable[[], Mapping[str, str]] = dict
        self.delay = 0.0
        """In seconds: how late the registry answers."""
        if self._written:
            self._write(ROBOT)

    def vend(self, vendor: Answer, users: Callable[[], Mapping[str, str]]) -> None:
        """Have *vendor* answer what is no matter of the registry, which knows the vendor's *users* from now on."""
        self._vendor, self._users = vendor, users

    def know(self, users: Mapping[str, str]) -> None:
        """Have the registry know *users* besides the first."""
        self._write({**ROBOT, **users})

    def _open(self, stack: ExitStack) -> None:
        registry = stack.enter_context(serving(self._folder / "registry", htpasswd=ROBOT))
        push(registry, "team/app", "1", basic("robot", ROBOT["robot"]))
        self._written = ROBOT
        self._client = stack.enter_context(httpx.Client(base_url=registry.url, trust_env=False))
        context = self.authority.context(*HOSTS)
        secure = stack.enter_context(WebServer(self._answer, context))
        plain = stack.enter_context(WebServer(self._answer))
        ports = {f"{host}:{port}": secure.port for host in HOSTS for port in (443, 5000)}
        ports[f"{PLAIN}:443"] = plain.port
        tunnel = stack.enter_context(Tunnel(ports))
        self.env = {"HTTPS_PROXY": tunnel.url, "HTTP_PROXY": f"http://{plain.host}"}

    def _answer(self, request: Request) -> Reply:
        path = urlsplit(request.path).path
        if self._vendor is not None and not path.startswith("/v2/team/") and path != "/v2/":
            return self._vendor(request)
        headers = {k: request.headers[k] for k in _SENT if k in request.headers}
        time.sleep(self.delay)
        # The registry reads the password file when it is asked: not while another request writes it.
        with self._lock:
            users = {**ROBOT, **self._users()}
            if self._vendor is not None and users != self._written:
                self._write(users)
            found = self._client.request(request.method, path, headers=headers)
        kept = [(k, found.headers[k]) for k in _KEPT if k in found.headers]
        return Reply(found.status_code, kept, found.content)

    def _write(self, users: Mapping[str, str]) -> None:
        write_htpasswd(self.users_file, users)
        self._written = users


class Site(User):
    """A user who reaches the servers, trusts their CA, and has programs and credentials for them."""

    def __init__(self, folder: Path, servers: Servers) -> None:
        super().__init__(folder)
        self.servers = servers
        programs = folder / "bin"
        programs.mkdir()
        mint_robot(programs, servers.users_file)
        ca = self.home / "ca.pem"
        ca.write_bytes(servers.authority.file.read_bytes())
        (self.home / "minting.txt").write_text(MINTING)
        self.env |= {
            **servers.env,
            "SSL_CERT_FILE": str(ca),
            "MINTING_CREDS": MINTING,
            "WRONG_CREDS": "robot:another-password",
            "PATH": f"{programs}:{self.env['PATH']}",
        }


MINTING = "admin:a-word-that-mints"
"""Who may mint, at every vendor."""
