"""The Flux Operator, and what stands in for the chart flux-instance: it turns the chart's values into a FluxInstance.

No chart is installed here, because helm-controller gets charts from a registry. The chart has one template that
matters: the FluxInstance ``flux``, whose spec is the value ``instance``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from tests.e2e.api import ApiError, Object
from tests.e2e.cluster import Cluster
from tests.e2e.process import Process, free_port, stopping
from tests.support.contexts import Context, in_thread

INSTALLED: Final = (
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
)
"""The controllers that it installs if the FluxInstance names none."""


class FluxOperator(Context):
    """The operator of one cluster; ``with`` starts and ends it."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._cluster, self._folder = cluster, folder

    def _open(self, stack: ExitStack) -> None:
        operator = self._cluster.binaries.flux_operator
        for file in sorted((operator / "crd").iterdir()):
            self._cluster.install_crds(file)
        process = Process(
            [
                operator / "flux-operator",
                f"--storage-path={operator / 'data'}",
                "--metrics-addr=127.0.0.1:0",
                f"--health-addr=127.0.0.1:{free_port()}",
                "--web-server-port=0",
                "--enable-leader-election=false",
                "--log-encoding=console",
            ],
            self._folder / "flux-operator.log",
            {
                "HOME": str(self._folder),
                "TMPDIR": str(self._folder),
                "KUBECONFIG": str(self._cluster.kubeconfig),
                "RUNTIME_NAMESPACE": "flux-system",
                # It refuses to run otherwise; its release is built so that this is the default.
                "GODEBUG": "fips140=on",
            },
        )
        stack.enter_context(stopping(process))


class Chart(Context):
    """Keeps the FluxInstance as the values of the chart are, until the end of ``with``."""

    def __init__(self, cluster: Cluster, values: Callable[[Cluster], Any]) -> None:
        """*values* reads them from the cluster, and returns None if they are not there yet."""
        self._cluster, self._values = cluster, values
        self._made: object = None
        self._stopped = threading.Event()

    def _open(self, stack: ExitStack) -> None:
        stack.enter_context(in_thread(self._run, self._stopped.set))

    def install(self, values: Any) -> None:
        """Make the FluxInstance of *values*, as ``helm upgrade`` does."""
        instance = {
            "apiVersion": "fluxcd.controlplane.io/v1",
            "kind": "FluxInstance",
            "metadata": {"name": "flux", "namespace": "flux-system"},
            "spec": {**_DEFAULTS, **values["instance"]},
        }
        path = self._cluster.api.path("FluxInstance", "flux", "flux-system")
        self._cluster.api.request(
            "PATCH",
            f"{path}?fieldManager=helm&force=true",
            instance,
            content_type="application/apply-patch+yaml",
        )
        self._made = values

    def _run(self) -> None:
        while not self._stopped.wait(0.3):
            try:
                values = self._values(self._cluster)
                if values is not None and values != self._made:
                    self.install(values)
            except (OSError, ApiError):
                # An object or the API server may go away between two steps.
                continue


_DEFAULTS: Final = {"distribution": {"version": "2.x", "registry": "ghcr.io/fluxcd"}}
"""What the chart's own values say of the field that a FluxInstance has to have."""


def release_values(cluster: Cluster) -> Any:
    """``spec.values`` of the HelmRelease flux-instance."""
    found = _any(cluster, "HelmRelease", "flux-instance")
    return None if found is None else found["spec"]["values"]


def config_map_values(cluster: Cluster) -> Any:
    """``values.yaml`` of the ConfigMap flux-instance-values, which the HelmRelease names."""
    found = _any(cluster, "ConfigMap", "flux-instance-values")
    return None if found is None else YAML(typ="safe").load(found["data"]["values.yaml"])


def _any(cluster: Cluster, kind: str, name: str) -> Object | None:
    found = (item for item in cluster.api.list(kind) if item["metadata"]["name"] == name)
    return next(found, None)
