"""A Kubernetes API server with its etcd on loopback: real API, real admission, real RBAC.

    with Cluster(binaries, folder) as cluster:
        cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: team-a}}")
        cluster.get("Namespace", "team-a")

No kubelet, scheduler or controller manager runs: a Pod stays Pending, a deleted namespace stays
Terminating, a namespace gets no ServiceAccount ``default`` of itself.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeVar

from tests.e2e.api import Api, ApiError, Object
from tests.e2e.process import E2EError, Process, free_port, wait_for
from tests.e2e.tools.build import Binaries
from tests.support.contexts import Context

T = TypeVar("T")

CONTEXT: Final = "e2e"
ADMIN: Final = "admin"
# A user whom no role binding names: all that is not public is forbidden to him.
DEVELOPER: Final = "developer"
_GROUPS: Final = {ADMIN: "system:masters", DEVELOPER: "developers"}


class Cluster(Context):
    """One API server; started by start() or ``with``, ended by stop() or with this process."""

    def __init__(self, binaries: Binaries, folder: Path) -> None:
        """*folder* is an empty or new folder for its data, keys and logs."""
        self.binaries = binaries
        self.folder = folder
        self.url = f"https://127.0.0.1:{free_port()}"
        self.ca = folder / "cert.pem"
        self._tokens = {user: secrets.token_hex(16) for user in _GROUPS}
        self._processes: list[Process] = []

    def _open(self, stack: ExitStack) -> None:
        self.start()
        stack.callback(self.stop)

    def start(self) -> None:
        """Start both processes and return when the API server is ready: two to three seconds."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._make_keys()
            etcd = self._start_etcd()
            self._start_api_server(etcd)
            self.api = Api(self.url, self.ca, self._tokens[ADMIN])
            for user, token in self._tokens.items():
                self.write_kubeconfig(user, token)
            self.wait_for(self._ready, "the API server to be ready", 60)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the processes that start() started; of the folder, logs and kubeconfigs stay."""
        while self._processes:
            # Nothing of theirs outlives the test, so there is nothing to tidy up.
            self._processes.pop().stop(gently=False)
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)

    @property
    def pids(self) -> list[int]:
        """The process ids of what runs for it."""
        return [process.pid for process in self._processes]

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig file."""
        return self.kubeconfig_for(ADMIN)

    def kubeconfig_for(self, user: str) -> Path:
        """The kubeconfig file of ADMIN or DEVELOPER; its one context is CONTEXT."""
        return self.folder / f"{user}.kubeconfig"

    def write_kubeconfig(self, user: str, token: str) -> Path:
        """Write a kubeconfig file for whoever the bearer *token* belongs to, by the name *user*."""
        path = self.kubeconfig_for(user)
        server = {"server": self.url, "certificate-authority": str(self.ca)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": CONTEXT,
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user}}],
            "clusters": [{"name": CONTEXT, "cluster": server}],
            "users": [{"name": user, "user": {"token": token}}],
        }
        path.touch(0o600)
        path.write_text(json.dumps(config, indent=1))
        return path

    def kubectl(self, *args: str, input: str | None = None, user: str = ADMIN) -> str:  # noqa: A002
        """What ``kubectl args`` prints; raises E2EError with its error text where it fails."""
        done = subprocess.run(
            [self.binaries.path("kubectl"), f"--kubeconfig={self.kubeconfig_for(user)}", *args],
            input=input,
            capture_output=True,
            text=True,
            check=False,
            # kubectl keeps what it discovered below HOME.
            env={**os.environ, "HOME": str(self.folder)},
        )
        if done.returncode != 0:
            raise E2EError(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, text: str) -> None:
        """Apply the manifests in *text* by server-side apply, as the field manager ``e2e``."""
        flags = ("--server-side", "--force-conflicts", "--field-manager=e2e")
        self.kubectl("apply", *flags, "-f", "-", input=text)

    def install_crds(self, manifests: Path) -> None:
        """Apply the file *manifests*, and wait until all kinds that it defines can be used."""
        self.kubectl("apply", "--server-side", "--field-manager=flux", "-f", str(manifests))
        self.kubectl("wait", "--for=condition=Established", "crd", "--all")
        for crd in self.api.list("CustomResourceDefinition"):
            kind = crd["spec"]["names"]["kind"]
            self.wait_for(functools.partial(self._usable, kind), f"the kind {kind}")

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object:
        """The object as the API server has it; raises ApiError (404) where there is none."""
        return self.api.get(kind, name, namespace)

    def find(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """The object, or None where there is none or no such kind yet; for wait_for."""
        try:
            return self.get(kind, name, namespace)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def wait_for(self, predicate: Callable[[], T | None], what: str, timeout: float = 30) -> T:
        """Call *predicate* until it returns something true, and return that.

        Raises E2EError after *timeout* seconds, with the ends of the API server's and etcd's logs
        where one of them has ended.
        """

        def look() -> T | None:
            for process in self._processes:
                process.check()
            return predicate()

        return wait_for(look, what, timeout)

    def create_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> str:
        """Create the namespace *name* with a ServiceAccount ``default``, and return its name."""
        metadata = {"name": name, "labels": dict(labels or {})}
        self.api.request("POST", self.api.path("Namespace"), {"metadata": metadata})
        # A real cluster's controller manager makes this one.
        accounts = self.api.path("ServiceAccount", "", name)
        self.api.request("POST", accounts, {"metadata": {"name": "default"}})
        return name

    def _make_keys(self) -> None:
        subprocess.run(
            [
                self.binaries.path("generate-cert"),
                *("--ca", "--ecdsa-curve=P256", "--host=127.0.0.1,localhost"),
            ],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        lines = [f"{self._tokens[user]},{user},{user},{group}" for user, group in _GROUPS.items()]
        (self.folder / "tokens.csv").write_text("\n".join(lines) + "\n")

    def _start_etcd(self) -> str:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self._start(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            "--listen-peer-urls=http://127.0.0.1:0",
            "--unsafe-no-fsync",
        )
        self.wait_for(lambda: _listens(port), "etcd to listen", 30)
        return url

    def _start_api_server(self, etcd: str) -> None:
        self._start(
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.url.rpartition(':')[2]}",
            # Nobody reaches it by this one; given, the machine needs no network.
            "--advertise-address=192.0.2.1",
            "--endpoint-reconciler-type=none",
            f"--cert-dir={self.folder}",
            f"--tls-cert-file={self.ca}",
            f"--tls-private-key-file={self.folder / 'key.pem'}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={self.ca}",
            f"--service-account-signing-key-file={self.folder / 'key.pem'}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
        )

    def _start(self, name: str, *flags: str) -> None:
        log = self.folder / f"{name}.log"
        environ = {"HOME": str(self.folder)}
        self._processes.append(Process([self.binaries.path(name), *flags], log, environ))

    def _usable(self, kind: str) -> bool:
        try:
            self.api.list(kind)
        except ApiError as error:
            # Established comes a moment before the kind is in discovery, and its storage is ready.
            if error.status not in {404, 429}:
                raise
            return False
        return True

    def _ready(self) -> bool:
        try:
            return bool(self.api.request("GET", "/readyz") == "ok")
        except (OSError, ApiError):
            return False


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False
