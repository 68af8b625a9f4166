"""Where hints of apply are printed: a repository that bootstrap made, and a cluster that has no Flux."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.e2e.administrator import Administrator
from tests.e2e.between import Between, Rule
from tests.e2e.cluster import Cluster

NAMESPACE = "flux-system"
APPLY = "gitops-secrets apply --path clusters/prod --context prod --yes"


class Grounded(Administrator):
    """Administers a cluster in which only the namespace of Flux is; ``with`` ends what was started for it."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        super().__init__(folder, cluster)
        self._stack = ExitStack()
        self._clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def through(self, rule: Rule) -> None:
        """Ask the cluster through a server that answers by *rule*."""
        self.log_in(server=self._stack.enter_context(Between(self.cluster, rule)).url)

    def apply_as(self, name: str, manager: str = "theirs", **fields: object) -> None:
        """Apply a Secret as a controller does."""
        metadata = {"name": name, "namespace": NAMESPACE}
        manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **fields}
        flags = ("--server-side", "--force-conflicts", f"--field-manager={manager}")
        self.cluster.kubectl("apply", *flags, "-f", "-", input=json.dumps(manifest))

    def end_namespace(self, *, for_good: bool) -> None:
        """Delete the namespace of Flux, which no controller takes away unless it is *for_good*."""
        self.cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
        if for_good:
            self._finalize()

    def _clear(self) -> None:
        kubectl, where = self.cluster.kubectl, f"--namespace={NAMESPACE}"
        kubectl("delete", "validatingadmissionpolicies,validatingadmissionpolicybindings", "--all")
        found = self.cluster.find("Namespace", NAMESPACE)
        for secret in self.cluster.api.list("Secret", NAMESPACE):
            self.cluster.api.patch(
                "Secret", secret["metadata"]["name"], NAMESPACE, {"metadata": {"finalizers": []}}
            )
        kubectl("delete", "secrets,serviceaccounts", "--all", where)
        if found is not None and found["status"]["phase"] == "Terminating":
            self._finalize()
            found = None
        if found is None:
            self.cluster.create_namespace(NAMESPACE)

    def _finalize(self) -> None:
        body = json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": NAMESPACE},
                "spec": {"finalizers": []},
            }
        )
        path = f"/api/v1/namespaces/{NAMESPACE}/finalize"
        self.cluster.kubectl("replace", "--raw", path, "-f", "-", input=body)
        self.cluster.wait_for(
            lambda: self.cluster.find("Namespace", NAMESPACE) is None, "the namespace to be gone"
        )
