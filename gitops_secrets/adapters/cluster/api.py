"""The Kubernetes API, by the user's own kubeconfig. Values go in and come out; none is ever printed."""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from gitops_secrets.adapters.cluster.answers import (
    ConflictError,
    Object,
    What,
    doubt,
    no_api_server,
    refusal,
    status_of,
)
from gitops_secrets.adapters.cluster.kubeconfig import read_contexts
from gitops_secrets.adapters.cluster.login import log_in, shown
from gitops_secrets.errors import GitOpsSecretsError

_TIMEOUT = (10, 30)
"""Seconds to connect, and to wait for an answer."""
_PAGE = 500
"""Objects in one answer to a list."""


_FLUX = "v1", "v1beta2"
NAMING: Mapping[str, tuple[str, ...]] = {
    "ServiceAccount": ("", "v1"),
    "Pod": ("", "v1"),
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"), ("apps", "v1")),
    **dict.fromkeys(("CronJob", "Job"), ("batch", "v1")),
    **dict.fromkeys(
        ("GitRepository", "OCIRepository", "HelmRepository", "Bucket"),
        ("source.toolkit.fluxcd.io", *_FLUX),
    ),
    "ImageRepository": ("image.toolkit.fluxcd.io", *_FLUX),
    "Kustomization": ("kustomize.toolkit.fluxcd.io", *_FLUX),
    **dict.fromkeys(("FluxInstance", "ResourceSet"), ("fluxcd.controlplane.io", "v1")),
}
"""The kinds whose objects name Secrets of their own namespace: their group, and its versions, newest first."""


class Cluster(NamedTuple):
    """A cluster that the user's kubeconfig knows."""

    context: str
    server: str
    api: Any
    """The client's CoreV1Api: its annotations do not know of server-side apply."""
    kubeconfig: Path | None = None
    """The file that the user named."""

    @property
    def kubectl(self) -> str:
        """How a hint's kubectl reaches this very cluster."""
        return kubectl(self.kubeconfig, self.context)

    def find(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Return a Namespace or Secret, None if there is none."""
        what = What("get", kind, name, namespace)
        if kind == "Namespace":
            call = functools.partial(self.api.read_namespace, name, **_RAW)
        else:
            call = functools.partial(self.api.read_namespaced_secret, name, namespace, **_RAW)
        answer = self._ask(what, call, missing=True)
        return answer.object if answer is not None else None

    def list_all(self, kind: str) -> Iterator[Object]:
        """Yield every ServiceAccount, Pod, Deployment or Flux Kustomization; none if there is no such kind.

        Asked for in pages: a large cluster's Pods are a hundred megabytes. Raises ForbiddenError if
        the user may not list them.
        """
        from kubernetes.client import AppsV1Api, CustomObjectsApi

        client = self.api.api_client
        calls: dict[str, Callable[..., Any]] = {
            "ServiceAccount": self.api.list_service_account_for_all_namespaces,
            "Pod": self.api.list_pod_for_all_namespaces,
            "Deployment": AppsV1Api(client).list_deployment_for_all_namespaces,
            "Kustomization": lambda **options: CustomObjectsApi(client).list_cluster_custom_object(
                "kustomize.toolkit.fluxcd.io", "v1", "kustomizations", **options
            ),
        }
        yield from self._pages(What("list", kind, "", None), calls[kind])

    def list_in(self, namespace: str, kind: str) -> Iterator[Object]:
        """Yield the objects of *kind*, one of NAMING, in *namespace*; none if there is no such kind.

        Raises ForbiddenError if the user may not list them.
        """
        from kubernetes.client import CustomObjectsApi

        what = What("list", kind, "", namespace)
        if kind in ("ServiceAccount", "Pod"):
            core = {
                "ServiceAccount": self.api.list_namespaced_service_account,
                "Pod": self.api.list_namespaced_pod,
            }
            yield from self._pages(what, functools.partial(core[kind], namespace))
            return
        custom = CustomObjectsApi(self.api.api_client).list_namespaced_custom_object
        group, *versions = NAMING[kind]
        for version in versions:
            call = functools.partial(custom, group, version, namespace, what.resource)
            found = list(self._pages(what, call))
            if found:
                yield from found
                return

    def _pages(self, what: What, call: Callable[..., Any]) -> Iterator[Object]:
        """Yield the objects of a list; none if the cluster has no such kind."""
        following: dict[str, str] = {}
        while True:
            page = functools.partial(call, limit=_PAGE, **following, **_RAW)
            answer = self._ask(what, page, missing=True)
            if answer is None:
                return
            yield from answer.object["items"]
            token = (answer.object.get("metadata") or {}).get("continue")
            if not token:
                return
            following = {"_continue": str(token)}

    def create_namespace(self, name: str, *, dry_run: bool) -> bool:
        """Create a namespace, owned by nobody, so that Flux takes it over as it is.

        Return whether it was created; if not, somebody else was faster.
        """
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        dry = {"dry_run": "All"} if dry_run else {}
        try:
            self._ask(
                What("create", "Namespace", name, None, writes=not dry_run),
                lambda: self.api.create_namespace(body, **dry, **_RAW),
            )
        except ConflictError:
            return False
        return True

    def apply_secret(
        self, body: Mapping[str, Any], manager: str, *, force: bool, dry_run: bool
    ) -> tuple[Object, bool]:
        """Apply a Secret's fields server-side as *manager*, which owns them and no others.

        Return the Secret, and whether it was created. Raises ConflictError if another manager has
        another value and *force* is not given.
        """
        metadata = body["metadata"]
        dry = {"dry_run": "All"} if dry_run else {}
        answer = self._ask(
            What("patch", "Secret", metadata["name"], metadata["namespace"], writes=not dry_run),
            lambda: self.api.patch_namespaced_secret(
                metadata["name"],
                metadata["namespace"],
                body,
                field_manager=manager,
                force=force,
                _content_type="application/apply-patch+yaml",
                **dry,
                **_RAW,
            ),
        )
        assert answer is not None
        return answer.object, answer.created

    def delete_secret(self, secret: Object) -> None:
        """Delete *secret* if it is still as it was read, with the same uid and resourceVersion.

        Raises ConflictError if it is another now. One that is gone already is no error.
        """
        metadata = secret["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]
        conditions = {key: metadata[key] for key in ("uid", "resourceVersion")}
        self._ask(
            What("delete", "Secret", name, namespace, writes=True),
            lambda: self.api.delete_namespaced_secret(
                name, namespace, body={"preconditions": conditions}, **_RAW
            ),
            missing=True,
        )

    def remove_entry(self, secret: Object, entry: str) -> None:
        """Remove one entry of *secret* if it is still as it was read. Raises GitOpsSecretsError if it is not."""
        metadata = secret["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]
        tests = [
            {"op": "test", "path": f"/metadata/{key}", "value": metadata[key]}
            for key in ("uid", "resourceVersion")
        ]
        body = [*tests, {"op": "remove", "path": f"/data/{entry}"}]
        self._ask(
            What("patch", "Secret", name, namespace, writes=True),
            lambda: self.api.patch_namespaced_secret(
                name, namespace, body, _content_type="application/json-patch+json", **_RAW
            ),
        )

    def _ask(self, what: What, call: Callable[[], Any], *, missing: bool = False) -> _Answer | None:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

        names = (self.context, self.server, self.kubectl)
        try:
            response = call()
            found = json.loads(response.data)
        except ApiException as error:
            if error.status == 404 and missing and (status_of(error) or not what.name):
                return None
            raise refusal(error, what, *names) from None
        except ValueError:
            raise no_api_server(*names) from None
        except (HTTPError, OSError) as error:
            is_sent = not isinstance(error, (NewConnectionError, ConnectTimeoutError))
            raise GitOpsSecretsError(
                f"the cluster of context {self.context} does not answer at {self.server}"
                + (doubt(what) if is_sent else ""),
                f"{self.kubectl} version",
            ) from None
        if not isinstance(found, dict) or "kind" not in found:
            raise no_api_server(*names)
        return _Answer(found, response.status == HTTPStatus.CREATED)


class _Answer(NamedTuple):
    object: Object
    created: bool


_RAW: dict[str, Any] = {"_preload_content": False, "_request_timeout": _TIMEOUT}


def kubectl(kubeconfig: Path | None, context: str) -> str:
    """Return the kubectl command, as far as it names the cluster."""
    file = f" --kubeconfig {shlex.quote(str(kubeconfig))}" if kubeconfig is not None else ""
    return f"kubectl{file} --context {shlex.quote(context)}"


def connect(kubeconfig: Path | None, context: str | None) -> Cluster:
    """Return the cluster of *context*, or of the current one. Nothing is asked of it yet.

    Raises UsageError for a context that is not there, GitOpsSecretsError without the Kubernetes client, and
    for a kubeconfig that cannot be used or does not have the server's certificate checked.
    """
    contexts = read_contexts(kubeconfig)
    chosen = contexts.choose(context)
    api = log_in(kubeconfig, contexts, chosen, kubectl(kubeconfig, chosen))
    from kubernetes.client import CoreV1Api

    return Cluster(chosen, shown(str(api.configuration.host)), CoreV1Api(api), kubeconfig)
