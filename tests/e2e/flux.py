"""Flux on a test cluster: its real manifests, its real kustomize-controller, its real bootstrap.

Two parts stand in for what a machine without containers has not got: tests.e2e.source for
source-controller, and Rollout, below, for the kubelet.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeVar

from tests.e2e.api import ApiError, Object
from tests.e2e.cluster import Cluster
from tests.e2e.process import E2EError, Process, free_port, stopping, wait_for
from tests.e2e.source import REQUESTED_AT, Source
from tests.e2e.tools.manifests import FLUX
from tests.support.contexts import Context, in_thread
from tests.support.githttp import Repository

T = TypeVar("T")

_CONTROLLER: Final = "kustomize-controller"


class Flux(Context):
    """Flux in the namespace flux-system of one cluster; ``with`` ends what it started.

        with Flux(cluster, folder) as flux:
            flux.install()
            flux.start()                       # or flux.start("--no-cross-namespace-refs=true")
            flux.source.publish(repository.folder)
            cluster.apply(kustomization)
            assert flux.reconcile("apps")["status"] == "True"

    or, from nothing:  ``flux.bootstrap(repository, "clusters/prod")``.
    """

    namespace: Final = "flux-system"

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        """*folder* is for the controller's log and the artifacts."""
        self._cluster = cluster
        self._folder = folder
        self._controller: Process | None = None
        self._health_port = 0
        self.source = Source(cluster, folder / "artifacts")
        self.log = folder / f"{_CONTROLLER}.log"

    def _open(self, stack: ExitStack) -> None:
        stack.enter_context(self.source)
        stack.enter_context(Rollout(self._cluster))
        stack.callback(self.stop)

    def install(self) -> None:
        """Apply gotk-components.yaml: namespace, kinds, roles, ServiceAccounts, Deployments."""
        self._cluster.install_crds(self._cluster.binaries.components)

    def start(self, *flags: str) -> None:
        """Start kustomize-controller with *flags* besides its own, and wait until it is ready.

        It is who it is on a real cluster, its own ServiceAccount, which must exist.
        """
        if self._controller is not None:
            raise E2EError(f"{_CONTROLLER} runs already: stop it first")
        port = free_port()
        self._health_port = port
        token = self._cluster.kubectl(
            "create", "token", _CONTROLLER, f"--namespace={self.namespace}", "--duration=24h"
        ).strip()
        program = self._cluster.binaries.path(_CONTROLLER)
        self._controller = Process(
            [
                program,
                "--events-addr=",
                "--metrics-addr=127.0.0.1:0",
                f"--health-addr=127.0.0.1:{port}",
                "--log-encoding=console",
                *flags,
            ],
            self.log,
            self._environ(
                KUBECONFIG=str(self._cluster.write_kubeconfig(_CONTROLLER, token)),
                RUNTIME_NAMESPACE=self.namespace,
            ),
        )
        self.wait_for(self._ready, f"{_CONTROLLER} to be ready", 60)

    def start_once_deployed(self, timeout: float = 120) -> None:
        """Wait for the controller's Deployment, which somebody else applies, and start it."""
        self.wait_for(self._deployed, f"the Deployment {_CONTROLLER}", timeout)
        self.start()

    def stop(self) -> None:
        """End kustomize-controller, if it runs."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def reconcile(self, name: str, namespace: str | None = None, timeout: float = 60) -> Object:
        """Reconcile the Kustomization *name* now; returns its Ready condition, True or False."""
        namespace = namespace or self.namespace
        asked = str(time.time_ns())
        annotate = {"metadata": {"annotations": {REQUESTED_AT: asked}}}
        self._cluster.api.patch("Kustomization", name, namespace, annotate)

        def handled() -> Object | None:
            found = self._cluster.get("Kustomization", name, namespace)
            if found.get("status", {}).get("lastHandledReconcileAt") != asked:
                return None
            return _decided(found)

        return self.wait_for(handled, f"Kustomization {namespace}/{name} to reconcile", timeout)

    def wait_ready(
        self, name: str, namespace: str | None = None, revision: str = "", timeout: float = 60
    ) -> Object:
        """Wait until the Kustomization *name* is Ready (at *revision*); returns the object.

        Asks for nothing: it waits for what the controller does by itself.
        """
        namespace = namespace or self.namespace

        def ready() -> Object | None:
            found = self._cluster.find("Kustomization", name, namespace)
            if found is None or (_decided(found) or {}).get("status") != "True":
                return None
            applied = found["status"].get("lastAppliedRevision", "")
            return found if applied.endswith(revision) else None

        return self.wait_for(ready, f"Kustomization {namespace}/{name} to be Ready", timeout)

    def bootstrap(
        self, repository: Repository, path: str, *flags: str, timeout: float = 120
    ) -> str:
        """Run ``flux bootstrap git`` for *repository* and the cluster *path*; returns its output.

        It is Flux's own code (``flux-bootstrap``), with the components source-controller and
        kustomize-controller and with *flags* besides (``--image-pull-secret=regcred``). As on a real
        cluster, kustomize-controller starts once its Deployment is there, if it does not run yet,
        and from then on every commit on the branch is published. Run it again to bootstrap anew.
        """
        self.source.follow(repository.folder)
        log = self._folder / f"bootstrap-{time.time_ns()}.log"
        argv: list[str | Path] = [
            self._cluster.binaries.path("flux-bootstrap"),
            f"--kubeconfig={self._cluster.kubeconfig}",
            f"--manifests={self._cluster.binaries.manifests}",
            f"--version={FLUX}",
            f"--url={repository.url}",
            f"--username={repository.user}",
            f"--path={path}",
            *flags,
        ]
        environ = self._environ(GIT_PASSWORD=repository.password)
        with stopping(Process(argv, log, environ)) as process:

            def done() -> bool:
                if self._controller is None and self._deployed():
                    self.start()
                return not process.running

            self.wait_for(done, "flux bootstrap to end", timeout, process)
            if process.exit_status != 0:
                raise E2EError(f"flux bootstrap failed\n{process.tail()}\n{self._tails()}")
        return log.read_text()

    def wait_for(
        self, predicate: Callable[[], T | None], what: str, timeout: float = 60, *others: Process
    ) -> T:
        """Call *predicate* until it returns something true, and return that.

        Raises E2EError after *timeout* seconds, with the end of the controller's log, or at once
        when kustomize-controller or the source's stand-in has ended.
        """

        def look() -> T | None:
            self.source.check()
            if self._controller is not None:
                self._controller.check()
            return predicate()

        return wait_for(look, what, timeout, lambda: self._tails(*others))

    def _tails(self, *others: Process) -> str:
        processes = [*others, *([self._controller] if self._controller else [])]
        return "\n".join(process.tail() for process in processes)

    def _environ(self, **values: str) -> dict[str, str]:
        # Not the tester's own HOME: sops and gpg would find keys there.
        return {"HOME": str(self._folder), "TMPDIR": str(self._folder), **values}

    def _deployed(self) -> bool:
        return self._cluster.find("Deployment", _CONTROLLER, self.namespace) is not None

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._health_port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()


class Rollout(Context):
    """The stand-in for the kubelet: tells of every Deployment that its pods run.

    No pod runs in the test cluster; what waits for a Deployment would wait for ever.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._stopped = threading.Event()

    def _open(self, stack: ExitStack) -> None:
        stack.enter_context(in_thread(self._run, self._stopped.set))

    def _run(self) -> None:
        while not self._stopped.wait(0.3):
            # An object or the API server may go away between two steps.
            with contextlib.suppress(OSError, ApiError):
                for deployment in self._cluster.api.list("Deployment"):
                    self._roll_out(deployment)

    def _roll_out(self, deployment: Object) -> None:
        metadata = deployment["metadata"]
        generation = metadata["generation"]
        if deployment.get("status", {}).get("observedGeneration") == generation:
            return
        replicas = deployment["spec"]["replicas"]
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        status = {
            "observedGeneration": generation,
            **dict.fromkeys(counts, replicas),
            "conditions": [
                {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            ],
        }
        api = self._cluster.api
        name, namespace = metadata["name"], metadata["namespace"]
        api.patch("Deployment", name, namespace, {"status": status}, status=True)


def _decided(found: Object) -> Object | None:
    """The Ready condition of the object's present generation, once it is True or False."""
    for condition in found.get("status", {}).get("conditions", []):
        current = condition.get("observedGeneration") == found["metadata"]["generation"]
        if condition["type"] == "Ready" and condition["status"] != "Unknown" and current:
            decided: Object = condition
            return decided
    return None
