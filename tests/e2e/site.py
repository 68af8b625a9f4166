"""A repository of one layout, the cluster that reads it, and how Flux comes to that cluster."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Callable
from typing import Any, Final

from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.encrypted import Identity, encrypt, make_identity
from tests.e2e.flux import Flux
from tests.e2e.fluxoperator import INSTALLED, Chart, FluxOperator
from tests.e2e.operator import Operator
from tests.field.layout import Files, components
from tests.support.githttp import Repository

CREDS: Final = "robot:correct horse battery staple"
REGISTRY: Final = "ghcr.io"
"""Where the images of Flux come from."""
SEALED: Final = "hunter2hunter2"
"""What the encrypted values of a layout are here."""
_STAND_IN: Final = re.compile(r"ENC\[[^]]*\]")
_BOOTSTRAPPED: Final = ("source-controller", "kustomize-controller")


class Site:
    """A cluster, and the repository with the files of a layout.

    What the files have as a stand-in is real here: Flux's manifests, and ciphertext, which the identity in
    the Secret ``flux-system/sops-age`` decrypts.
    """

    def __init__(
        self, cluster: Cluster, flux: Flux, repository: Repository, operator: Operator
    ) -> None:
        self.cluster, self.flux = cluster, flux
        self.repository, self.operator = repository, operator
        self.accounts: tuple[str, ...] = _BOOTSTRAPPED
        """The controllers that Flux has here."""
        self._identity = make_identity(cluster.binaries)
        self._ended = contextlib.ExitStack()

    def close(self) -> None:
        """End what was started besides the cluster."""
        self._ended.close()

    def commit(self, files: Files) -> None:
        """Commit the layout's *files* and push them."""
        for path, text in files.items():
            target = self.operator.clone / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self._real(text))
        self.operator.git("add", "--all")
        self.operator.git("commit", "--quiet", "--message", "The layout")
        self.operator.push()

    def _real(self, text: str) -> str:
        if text == components():
            return self.cluster.binaries.components.read_text()
        if "\nsops:\n" not in text:
            return text.replace("registry.example.com/fluxcd", f"{REGISTRY}/fluxcd")
        plain = text.partition("sops:\n")[0]
        value = base64.b64encode(SEALED.encode()).decode()
        return encrypt(self.cluster.binaries, _STAND_IN.sub(value, plain), self._identity.recipient)

    def give_identity(self, name: str = "sops-age") -> None:
        """Bring the identity of the layout's ciphertext to the cluster, in the Secret *name*."""
        self.cluster.apply(_identity_secret(name, self._identity))

    def bootstrapped(self, path: str) -> None:
        """Flux as ``flux bootstrap git --path`` installs it."""
        self.flux.bootstrap(self.repository, path)
        self.operator.git("pull", "--quiet", "origin", "main")

    def installed(self, *flags: str) -> None:
        """Flux's manifests and its controller, with *flags*, and no root."""
        self.flux.install()
        self.flux.start(*flags)

    def by_hand(self, root: str, name: str = "flux-system") -> None:
        """The *root*, a file or a folder, as somebody applies it; *name* is the source that it reads."""
        self.flux.source.follow(self.repository.folder, name)
        self.apply(root)

    def apply(self, root: str) -> None:
        """Apply a file, or the kustomization in a folder, of the repository."""
        path = self.operator.clone / root
        built = self.cluster.kubectl("kustomize", str(path)) if path.is_dir() else path.read_text()
        self.cluster.apply(built)

    def operated(self, root: str = "", kind: str = "GitRepository", folder: str = "") -> None:
        """Flux as the Flux Operator installs it, by the FluxInstance in *root* if it is given."""
        self.accounts = INSTALLED
        self.cluster.create_namespace("flux-system")
        operator = FluxOperator(self.cluster, self.operator.home / "flux-operator")
        self._ended.enter_context(operator)
        self.flux.source.follow(self.repository.folder, kind=kind, folder=folder)
        if root:
            self.apply(root)
            self.flux.start_once_deployed()

    def charted(self, values: Callable[[Cluster], Any], first: Any) -> None:
        """The same by the chart flux-instance, installed with the values *first* and then as Git has them."""
        self.operated()
        chart = Chart(self.cluster, values)
        chart.install(first)
        self.flux.start_once_deployed()
        self._ended.enter_context(chart)

    def give_credentials(self, path: str, *flags: str) -> None:
        """Run bootstrap and apply for the cluster *path*, and push; what Flux is to bring is taken away again."""
        self.operator.run(
            *("bootstrap", *flags, "--image-pull-secret", "regcred", "--registry", REGISTRY),
            *("--registry-creds-env", "CREDS"),
            creds=CREDS,
        )
        self.operator.run(
            *("apply", "--path", path, "--context", CONTEXT, "--yes"),
            *("--kubeconfig", str(self.cluster.kubeconfig)),
        )
        self.cluster.kubectl("delete", "secret", "regcred", "--namespace=flux-system")
        self.operator.push()

    def arrived(self) -> tuple[str, dict[str, bool]]:
        """Wait for the Secret; return its credentials, and which ServiceAccounts of Flux pull with it."""
        self.flux.wait_ready("pull-secrets", timeout=120)
        self.flux.wait_for(lambda: all(self._pulling().values()), "the ServiceAccounts", 120)
        data = self.cluster.get("Secret", "regcred", "flux-system")["data"][".dockerconfigjson"]
        entry = json.loads(base64.b64decode(data))["auths"][REGISTRY]
        return f"{entry['username']}:{entry['password']}", self._pulling()

    def _pulling(self) -> dict[str, bool]:
        found = {
            name: self.cluster.find("ServiceAccount", name, "flux-system") or {}
            for name in self.accounts
        }
        return {
            name: {"name": "regcred"} in account.get("imagePullSecrets", ())
            for name, account in found.items()
        }


def _identity_secret(name: str, identity: Identity) -> str:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "flux-system"},
        "stringData": {"layout.agekey": identity.text},
    }
    return json.dumps(secret)
