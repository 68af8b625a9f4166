"""That what is pulled has a registry key, as the kubelet matches, and what has a key is pulled."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.pulls.commands import commands_for
from gitops_secrets.core.flux.pulls.resourcesets import copied_into
from gitops_secrets.core.flux.pulls.secrets import Keys, PullSecret, pull_secrets
from gitops_secrets.core.flux.pulls.workloads import Workload, workloads
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.registry.reference import Registry, covers, host_of
from gitops_secrets.core.repository.kubenames import DEFAULT_ACCOUNT
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.yamltext.nodes import text

RANKS = {"images": 180}

_OPEN = (
    *("docker.io", "index.docker.io", "ghcr.io", "quay.io", "gcr.io", "*.gcr.io", "registry.k8s.io", "k8s.gcr.io"),
    *("mcr.microsoft.com", "public.ecr.aws", "registry.gitlab.com", "nvcr.io", "cgr.dev"),
    *("lscr.io", "docker.elastic.co", "registry.access.redhat.com", "code.forgejo.org", "codeberg.org"),
    *("docker.gitea.com", "cr.fluentbit.io", "oci.external-secrets.io", "docker.n8n.io", "docker.redpanda.com"),
    *("*.pkg.dev", "*.azurecr.io", "*.amazonaws.com", "*.amazonaws.com.cn", "localhost", "localhost:*"),
)  # fmt: skip
"""Where images are public as often as not, or the node itself has the credential."""


def is_open(host: str) -> bool:
    """Return whether images of *host* are public as often as not, or the node itself has the credential."""
    return any(fnmatchcase(host, pattern) for pattern in _OPEN)


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield images without a key, and keys without an image; of Secrets that are not opened nothing."""
    view, keys = given.view, given.keys
    secrets = pull_secrets(view)
    if not any(secret.place in keys for secret in secrets):
        return
    for cluster in view.clusters:
        here = [secret for secret in secrets if secret.cluster == cluster]
        running = list(workloads(view, cluster))
        copied = list(_copied(view, cluster, here))
        said: set[tuple[str, str]] = set()
        for workload in running:
            for image in workload.images:
                found = _of_image(workload, image, [*here, *copied], keys)
                if found is not None and (workload.namespace, host_of(image)) not in said:
                    said.add((workload.namespace, host_of(image)))
                    yield found
        for secret in here:
            yield from _unused(view, cluster, secret, [*here, *copied], running, keys)


def _copied(view: View, cluster: Cluster, secrets: Sequence[PullSecret]) -> Iterator[PullSecret]:
    """Yield the copies of *secrets* that the Flux Operator makes: in another namespace, and of the same file."""
    for secret in secrets:
        if secret.is_whole:
            for namespace in copied_into(view, cluster, secret.name):
                yield secret._replace(namespace=namespace)


def _of_image(
    workload: Workload, image: str, secrets: Sequence[PullSecret], keys: Keys
) -> Diagnosis | None:
    """Return what is wrong with how *workload* pulls *image*, None if nothing is known to be."""
    beside = [s for s in secrets if s.namespace == workload.namespace]
    if workload.pull_secrets is None or any(s.place not in keys for s in beside):
        return None
    named = [s for s in beside if s.name in workload.pull_secrets]
    if set(workload.pull_secrets) - {s.name for s in named}:
        return None
    held = [(s, key) for s in named for key in keys[s.place]]
    host = host_of(image)
    if any(covers(key, image) for _, key in held):
        return None
    if is_open(host):
        return None
    near = next(((s, k) for s, k in held if _bare(k) == _bare(host)), None)
    if near is not None:
        is_port = "/" not in near[1]
        return Diagnosis(
            "images",
            ERROR if is_port else WARNING,
            f"{workload.object} pulls {image}, and its pull Secret {near[0].name} has a key for {near[1]}: "
            f"the kubelet takes it for no other {'port' if is_port else 'path'}",
            (workload.file, near[0].path),
            adding(near[0], host),
        )
    if named:
        return Diagnosis(
            "images",
            WARNING,
            f"{workload.object} pulls {image}, and its pull Secret {named[0].name} has no key for {host}: "
            f"it has {', '.join(key for _, key in held) or 'none'}",
            (workload.file, named[0].path),
            adding(named[0], host),
        )
    # One beside it first, then Flux's own: the copies that other namespaces have are made of that.
    near_first = sorted(secrets, key=lambda s: (s.namespace != workload.namespace, not s.is_whole))
    holder = next((s for s in near_first for k in keys.get(s.place, ()) if covers(k, image)), None)
    if holder is None:
        return None
    if holder.namespace == workload.namespace:
        why = f"nothing names the pull Secret {holder.name}, which has a key for it"
        fix = f"in {workload.file}, beside containers: imagePullSecrets: [{{name: {holder.name}}}]"
    else:
        why = (
            f"the key for it is in {holder.namespace}, whose Secrets no other namespace's pods use"
        )
        fix = _attaching(workload, holder)
    return Diagnosis(
        "images",
        WARNING,
        f"{workload.object} pulls {image}, and {why}",
        (workload.file, holder.path),
        fix,
    )


def _attaching(workload: Workload, holder: PullSecret) -> str:
    """Return the command that gives the namespace of *workload* a copy of *holder*, if it is one of ours."""
    if not holder.is_whole:
        return (
            f"a pull Secret of {workload.namespace} through gitops-secrets encrypt, and its name under "
            f"imagePullSecrets beside containers in {workload.file}"
        )
    whose = f"/{workload.account}" if workload.account != DEFAULT_ACCOUNT else ""
    return f"gitops-secrets attach {workload.namespace}{whose} {_options(holder)}"


def adding(secret: PullSecret, host: str) -> str:
    """Return the command that gives *secret* and its copies credentials for *host*, whether Git has some or not."""
    if not (secret.is_whole or secret.is_copy):
        return f"gitops-secrets edit {shlex.quote(secret.path)}"
    return f"gitops-secrets bootstrap {_options(secret)} --registry {host}"


def _options(secret: PullSecret) -> str:
    return f"--path {shlex.quote(secret.cluster.path)} --image-pull-secret {secret.name}"


def _unused(
    view: View,
    cluster: Cluster,
    secret: PullSecret,
    here: Sequence[PullSecret],
    running: Sequence[Workload],
    keys: Keys,
) -> Iterator[Diagnosis]:
    """Yield the keys of *secret* that no image matches, where everything that runs beside it is known.

    A copy in another namespace has the keys of Flux's own, which is judged by what all of them are for.
    """
    same = [s for s in here if s.name == secret.name and s is not secret]
    copies = [s for s in same if s.is_copy or s.path == secret.path] if secret.is_whole else []
    if secret.is_copy and any(s.name == secret.name and s.is_whole for s in here):
        return
    holders = [secret, *copies]
    namespaces = list(dict.fromkeys(s.namespace for s in holders))
    beside = [w for w in running if w.namespace in namespaces]
    is_open_ended = any(
        not at or _is_open_ended(view, cluster, s, at)
        for s in holders
        for at in [[w for w in running if w.namespace == s.namespace]]
    )
    if secret.place not in keys or is_open_ended:
        return
    images = [image for w in beside for image in w.images]
    shown = ", ".join(namespaces)
    for key in keys[secret.place]:
        if any(covers(key, image) for image in images) or _is_mentioned(view, cluster, key):
            continue
        hosts = sorted({host_of(image) for image in images})
        yield Diagnosis(
            "images",
            WARNING,
            f"pull Secret {secret.namespace}/{secret.name} has a key for {key}, and nothing in {shown} "
            f"is pulled from there, but from {', '.join(hosts)}",
            (secret.path, beside[0].file),
            commands_for("remove", [secret], Registry(key))
            if secret.is_whole
            else f"gitops-secrets edit {shlex.quote(secret.path)}",
        )


def _is_open_ended(
    view: View, cluster: Cluster, secret: PullSecret, beside: Sequence[Workload]
) -> bool:
    """Return whether something may run in the Secret's namespace that these manifests do not show."""
    if not all(w.images for w in beside):
        return True
    for applied in view.applied_in(cluster):
        elsewhere = applied.is_elsewhere or applied.reach.is_partial
        if elsewhere and applied.kustomization.target_namespace in (None, secret.namespace):
            return True
        for path in applied.reach.files:
            if b"HelmRelease" not in (view.tree.read(path) or b""):
                continue
            for node in view.objects(path, "HelmRelease"):
                own = text(node, "metadata", "namespace") or secret.namespace
                if (text(node, "spec", "targetNamespace") or own) == secret.namespace:
                    return True
    return False


def _is_mentioned(view: View, cluster: Cluster, key: str) -> bool:
    """Return whether any manifest so much as names the registry: as a source, a value, a mirror."""
    name = _bare(Registry(key).host).lstrip("*.").encode()
    return any(
        name in (view.tree.read(path) or b"")
        for a in view.applied_in(cluster)
        for path in (*a.reach.files, *a.reach.kustomizations)
    )


def _bare(host: str) -> str:
    """Return *host*, of a key or an image, without scheme, port and path."""
    host = host.partition("://")[2] or host
    return host.partition("/")[0].partition(":")[0]
