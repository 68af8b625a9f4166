"""Rotations while a node pulls all along, with the Secret that its cluster has at that moment."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.flux import Flux
from tests.e2e.gitea import Gitea
from tests.e2e.operator import Operator
from tests.e2e.tools.build import Binaries
from tests.support.contexts import Context, in_thread
from tests.support.githttp import Repository
from tests.support.secrets import mixed
from tests.system.registries import OCI, Registry, basic, push

IMAGE = "robot/app"
BRANCH = "registry/rotate"


class Puller(Context):
    """A node's stand-in, for no kubelet runs here: reads the live Secret, and pulls with it by a fresh exchange.

    It begins again as soon as one pull has ended, until it is left.
    """

    def __init__(self, cluster: Cluster, registry: Registry) -> None:
        self._cluster = cluster
        self._registry = registry
        self._ended = threading.Event()
        self.pulls = 0
        """How many pulls were given the image."""
        self.refused: list[str] = []
        """What was answered instead to each of the others."""
        self.users: list[str] = []
        """The last eight characters of each secret that it pulled with, in their order."""

    def _open(self, stack: ExitStack) -> None:
        stack.enter_context(in_thread(self._run, self._ended.set))

    def _run(self) -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self._ended.is_set():
                try:
                    self._pull(client)
                except Exception as error:  # whatever it is, it was no pull
                    self.refused.append(repr(error))

    def _pull(self, client: httpx.Client) -> None:
        user, password = live_credential(self._cluster, self._registry.host)
        if self.users[-1:] != [password[-8:]]:
            self.users.append(password[-8:])
        token = client.get(
            f"{self._registry.url}/v2/token",
            params={"service": "container_registry", "scope": f"repository:{IMAGE}:pull"},
            headers={"Authorization": basic(user, password)},
        )
        if token.status_code != 200:
            self.refused.append(f"the exchange: {token.status_code}")
            return
        headers = {"Authorization": f"Bearer {token.json()['token']}", "Accept": OCI}
        manifest = client.get(f"{self._registry.url}/v2/{IMAGE}/manifests/1", headers=headers)
        if manifest.status_code != 200:
            self.refused.append(f"the manifest: {manifest.status_code}")
            return
        self.pulls += 1


def live_credential(cluster: Cluster, host: str) -> tuple[str, str]:
    """The user name and the password that the cluster's pull Secret has for *host* now."""
    data = cluster.get("Secret", "regcred", "flux-system")["data"][".dockerconfigjson"]
    entry = json.loads(base64.b64decode(data))["auths"][host]
    return entry["username"], entry["password"]


class Place:
    """One Gitea for everything, one cluster with Flux, and the operator of its repository."""

    def __init__(
        self, gitea: Gitea, cluster: Cluster, flux: Flux, repository: Repository, home: Path
    ) -> None:
        self.gitea, self.cluster, self.flux = gitea, cluster, flux
        self.operator = Operator(repository, home)
        self._name = repository.folder.name.removesuffix(".git")
        made = gitea.api(
            "POST", "/users/robot/tokens", {"name": "first", "scopes": ["read:package"]}
        )
        host = gitea.registry.host
        self.operator.bootstrap(f"robot:{made['sha1']}", registry=host)
        self.operator.apply(cluster)
        self.operator.push()
        flux.bootstrap(repository, "clusters/prod")
        flux.wait_ready("pull-secrets")
        self.operator.git("pull", "--quiet", "--rebase", "origin", "main")

    @property
    def live(self) -> str:
        """The secret that the cluster pulls with now."""
        return live_credential(self.cluster, self.gitea.registry.host)[1]

    def rotate(self, *flags: str, ok: bool = True) -> str:
        """What ``registry rotate`` prints; the cluster is named."""
        host = self.gitea.registry.host
        return self.operator.run(
            *("registry", "rotate", "--registry", host, "--plain-http", host),
            *(
                "--provider",
                "gitea",
                "--minting-creds-env",
                "CREDS",
                "--image",
                f"{host}/{IMAGE}:1",
            ),
            *("--context", CONTEXT, "--kubeconfig", str(self.cluster.kubeconfig), *flags),
            creds=f"robot:{self.gitea.password}",
            ok=ok,
        )

    def rotate_by_push(self) -> str:
        """Rotate in one run that pushes; return what it prints."""
        return self.rotate("--push")

    def rotate_by_merge_request(self) -> str:
        """Rotate by a branch, which is merged at Gitea, and a second run; return what that prints."""
        self.rotate("--push", "--branch", BRANCH)
        self.merge()
        return self.rotate("--resume")

    def merge(self) -> str:
        """Merge the branch of the rotation at Gitea, and return the commit of main."""
        self.gitea.merge(self._name, BRANCH)
        self.operator.git("switch", "--quiet", "main")
        self.operator.git("pull", "--quiet", "--prune")
        self.operator.git("branch", "--quiet", "--delete", "--force", BRANCH)
        return self.operator.git("rev-parse", "HEAD").strip()


@contextlib.contextmanager
def place(binaries: Binaries, folder: Path) -> Iterator[Place]:
    """A new place in *folder*, in which everything runs."""
    with (
        Gitea(binaries, folder / "gitea", mixed()) as gitea,
        Cluster(binaries, folder / "cluster") as cluster,
        Flux(cluster, folder / "flux") as flux,
    ):
        push(gitea.registry, IMAGE, "1", basic("robot", gitea.password))
        yield Place(gitea, cluster, flux, gitea.repository("fleet"), folder / "operator")
