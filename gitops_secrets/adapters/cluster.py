"""The Kubernetes API, by the user's own kubeconfig. Values go in and come out; none is ever printed.

What the server says on failure can quote an object, so it is told in our own words.
"""

from __future__ import annotations

import functools
import json
import logging
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gitops_secrets.adapters.kubeconfig import read_contexts
from gitops_secrets.errors import GitOpsSecretsError

Object = dict[str, Any]
_TIMEOUT = (10, 30)
"""Seconds to connect, and to wait for an answer."""
_PAGE = 500
"""Objects in one answer to a list."""


class ForbiddenError(GitOpsSecretsError):
    """The user may not do that; something else he may."""


class ConflictError(GitOpsSecretsError):
    """Another field manager owns what was to be applied."""


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
        """Return a Namespace or Secret, None where there is none."""
        what = _What("get", kind, name, namespace)
        if kind == "Namespace":
            return self._ask(what, lambda: self.api.read_namespace(name, **_RAW), missing=True)
        return self._ask(
            what, lambda: self.api.read_namespaced_secret(name, namespace, **_RAW), missing=True
        )

    def list_all(self, kind: str) -> Iterator[Object]:
        """Yield every ServiceAccount, Pod, Deployment or Flux Kustomization; none where there is no such kind.

        Asked for in pages: a large cluster's Pods are a hundred megabytes. Raises ForbiddenError where
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
        following: dict[str, str] = {}
        while True:
            call = functools.partial(calls[kind], limit=_PAGE, **following, **_RAW)
            answer = self._ask(_What("list", kind, "", None), call, missing=True)
            if answer is None:
                return
            yield from answer["items"]
            token = (answer.get("metadata") or {}).get("continue")
            if not token:
                return
            following = {"_continue": str(token)}

    def create_namespace(self, name: str, *, dry_run: bool) -> None:
        """Create a namespace, owned by nobody, so that Flux takes it over as it is."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        dry = {"dry_run": "All"} if dry_run else {}
        self._ask(
            _What("create", "Namespace", name, None),
            lambda: self.api.create_namespace(body, **dry, **_RAW),
        )

    def apply_secret(
        self, body: Mapping[str, Any], manager: str, *, force: bool, dry_run: bool
    ) -> Object:
        """Apply a Secret's fields server-side as *manager*, which owns them and no others.

        Raises ConflictError where another manager has another value and *force* is not given.
        """
        metadata = body["metadata"]
        dry = {"dry_run": "All"} if dry_run else {}
        answer = self._ask(
            _What("patch", "Secret", metadata["name"], metadata["namespace"]),
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
        return answer

    def _ask(self, what: _What, call: Callable[[], Any], *, missing: bool = False) -> Object | None:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            found = json.loads(call().data)
        except ApiException as error:
            if error.status == 404 and missing:
                return None
            raise self._refused(what, error.status or 0) from None
        except ValueError:
            raise GitOpsSecretsError(
                f"what answers for context {self.context} at {self.server} is no API server",
                f"{self.kubectl} version",
            ) from None
        except (HTTPError, OSError):
            raise GitOpsSecretsError(
                f"the cluster of context {self.context} does not answer at {self.server}",
                f"{self.kubectl} version",
            ) from None
        assert isinstance(found, dict)
        return found

    def _refused(self, what: _What, status: int) -> GitOpsSecretsError:
        if status == 401:
            return GitOpsSecretsError(
                f"the cluster of context {self.context} does not know who you are",
                f"{self.kubectl} auth whoami",
            )
        if status == 403:
            where = f" --namespace {what.namespace}" if what.namespace else ""
            return ForbiddenError(
                f"the cluster of context {self.context} does not let you {what}",
                f"{self.kubectl} auth can-i {what.verb} {what.resource}{where}",
            )
        if status == 409:
            return ConflictError(f"somebody else owns the value of {what.object}")
        if status == 404:
            return GitOpsSecretsError(
                f"the namespace of {what.object} is not there",
                f"{self.kubectl} create namespace {what.namespace}",
            )
        return GitOpsSecretsError(f"the API server answered {status} to {what}")


class _What(NamedTuple):
    verb: str
    kind: str
    name: str
    namespace: str | None

    @property
    def resource(self) -> str:
        return f"{self.kind.lower()}s"

    @property
    def object(self) -> str:
        if not self.name:
            return self.resource
        return (
            f"{self.kind} {self.namespace}/{self.name}"
            if self.namespace
            else f"{self.kind} {self.name}"
        )

    def __str__(self) -> str:
        return f"{self.verb} {self.object}"


_RAW: dict[str, Any] = {"_preload_content": False, "_request_timeout": _TIMEOUT}


def kubectl(kubeconfig: Path | None, context: str) -> str:
    """Return the kubectl command, as far as it names the cluster."""
    file = f" --kubeconfig {shlex.quote(str(kubeconfig))}" if kubeconfig is not None else ""
    return f"kubectl{file} --context {shlex.quote(context)}"


def connect(kubeconfig: Path | None, context: str | None) -> Cluster:
    """Return the cluster of *context*, or of the current one. Nothing is asked of it yet.

    Raises UsageError for a context that is not there, GitOpsSecretsError without a usable kubeconfig
    or without the Kubernetes client.
    """
    try:
        import kubernetes
    except ImportError:
        raise GitOpsSecretsError(
            "the Kubernetes client is not installed", "pip install 'gitops-secrets[cluster]'"
        ) from None
    client: Any = kubernetes.client
    config: Any = kubernetes.config
    chosen = read_contexts(kubeconfig).choose(context)
    # What the client would log, of a login that fails for example, goes past our own words.
    logging.disable(logging.CRITICAL)
    try:
        api = config.new_client_from_config(str(kubeconfig) if kubeconfig else None, chosen)
    except (config.ConfigException, OSError, TypeError, KeyError, ValueError):
        where = f" {kubeconfig}" if kubeconfig else ""
        raise GitOpsSecretsError(
            f"the kubeconfig{where} cannot be used for the context {chosen}",
            f"{kubectl(kubeconfig, chosen)} version",
        ) from None
    api.configuration.retries = False
    return Cluster(chosen, str(api.configuration.host), client.CoreV1Api(api), kubeconfig)
