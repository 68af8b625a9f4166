"""One layout of a Flux repository, what the product has to make of it, and the manifests it is built of."""

from __future__ import annotations

import base64
import hashlib
import textwrap
from collections.abc import Mapping
from typing import NamedTuple

FLUX = "flux-system"
BOOTSTRAP, OPERATOR, MANIFESTS, EXTERNAL = (
    "flux-bootstrap",
    "flux-operator",
    "manifests",
    "external",
)
Files = Mapping[str, str]


class Expected(NamedTuple):
    """A root, and what a bootstrap of it does."""

    path: str
    installer: str
    patched: str | None = None
    """The file that gets the patches of Flux's ServiceAccounts; None if a bootstrap is refused."""
    also: tuple[str, ...] = ()
    """What changes besides that file and the new pull-secrets.yaml."""
    base: str = ""
    home: str = ""
    """The folder in which pull-secrets/ stands."""
    refused: str = ""
    """Words of the refusal."""
    source: str = "GitRepository/flux-system"
    namespace: str = FLUX


class Layout(NamedTuple):
    """A repository of one shape."""

    shape: str
    """What repositories of this shape look like, and why it has to be read so."""
    files: Files
    roots: tuple[Expected, ...]
    said: tuple[str, ...] = ()
    """By line that doctor prints: the check, and a word of the line."""


def documents(*parts: str) -> str:
    """Several documents of one file."""
    return "---\n".join(parts)


def named(kind: str, name: str, namespace: str | None = None, more: str = "") -> str:
    """Any object; *more* are further lines."""
    versions = {
        "Namespace": "v1",
        "ConfigMap": "v1",
        "Secret": "v1",
        "ServiceAccount": "v1",
        "HelmRelease": "helm.toolkit.fluxcd.io/v2",
        "HelmRepository": "source.toolkit.fluxcd.io/v1",
        "FluxInstance": "fluxcd.controlplane.io/v1",
        "SopsSecret": "isindir.github.com/v1alpha3",
    }
    where = f"  namespace: {namespace}\n" if namespace else ""
    return f"apiVersion: {versions[kind]}\nkind: {kind}\nmetadata:\n  name: {name}\n{where}{more}"


def source(
    name: str = FLUX,
    url: str = "https://git.example.org/acme/fleet",
    kind: str = "GitRepository",
    namespace: str | None = FLUX,
    more: str = "",
) -> str:
    """A source of Flux, of the branch main if it is of Git; *more* are further lines of its spec."""
    where = f"  namespace: {namespace}\n" if namespace else ""
    if kind == "GitRepository" and "  ref:" not in more:
        more = f"  ref:\n    branch: main\n{more}"
    return (
        f"apiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n{where}"
        f"spec:\n  interval: 5m\n  url: {url}\n{more}"
    )


def kus(
    name: str,
    path: str | None,
    reads: str = "GitRepository/flux-system",
    namespace: str | None = FLUX,
    more: str = "",
) -> str:
    """A Kustomization of Flux; *more* are further lines of its spec."""
    kind, _, of = reads.partition("/")
    where = f"  namespace: {namespace}\n" if namespace else ""
    read = f"  path: {path}\n" if path is not None else ""
    return (
        f"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n{where}"
        f"spec:\n  interval: 1h\n{read}  prune: true\n  sourceRef:\n    kind: {kind}\n    name: {of}\n{more}"
    )


DECRYPTED = "  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"


def listing(*resources: str, more: str = "", kind: str = "Kustomization") -> str:
    """A kustomization.yaml."""
    version = "v1alpha1" if kind == "Component" else "v1beta1"
    listed = "".join(f"  - {r}\n" for r in resources)
    head = f"apiVersion: kustomize.config.k8s.io/{version}\nkind: {kind}\n"
    return head + (f"resources:\n{listed}" if resources else "") + more


def components(namespace: str = FLUX) -> str:
    """A gotk-components.yaml, as far as it matters here."""
    label = "  labels:\n    app.kubernetes.io/part-of: flux\n"
    return documents(
        named("Namespace", namespace, None, label),
        *(
            named("ServiceAccount", name, namespace, label)
            for name in ("source-controller", "kustomize-controller", "helm-controller")
        ),
    )


def gotk(path: str, namespace: str = FLUX, folder: str | None = None, sync: str = "") -> Files:
    """What ``flux bootstrap --path`` commits; *folder* if it was moved, *sync* for other content of its sync file."""
    home = folder or (namespace if path == "." else f"{path}/{namespace}")
    read = f"GitRepository/{namespace}"
    sync = sync or documents(
        source(namespace, namespace=namespace), kus(namespace, f"./{path}", read, namespace)
    )
    return {
        f"{home}/gotk-components.yaml": components(namespace),
        f"{home}/gotk-sync.yaml": sync,
        f"{home}/kustomization.yaml": listing("gotk-components.yaml", "gotk-sync.yaml"),
    }


def sync(
    path: str, kind: str = "GitRepository", url: str = "https://git.example.org/acme/fleet"
) -> str:
    """The lines ``sync:`` of a FluxInstance's spec."""
    return f"sync:\n  kind: {kind}\n  url: {url}\n  ref: refs/heads/main\n  path: {path}\n"


def instance(spec: str, name: str = "flux", namespace: str | None = FLUX) -> str:
    """A FluxInstance with the lines *spec*."""
    distribution = 'distribution:\n  version: "2.x"\n  registry: registry.example.com/fluxcd\n'
    spec = textwrap.indent(distribution + spec, "  ")
    return named("FluxInstance", name, namespace, f"spec:\n{spec}")


def release(values: str, namespace: str | None = FLUX, chart: str = "") -> str:
    """A HelmRelease of the chart flux-instance with the lines *values* below ``instance:``."""
    chart = chart or "  chartRef:\n    kind: OCIRepository\n    name: flux-instance\n"
    inside = f"  values:\n    instance:\n{textwrap.indent(values, '      ')}" if values else ""
    return named(
        "HelmRelease", "flux-instance", namespace, f"spec:\n  interval: 1h\n{chart}{inside}"
    )


def ciphertext(what: str) -> str:
    """A value as sops writes it. Nothing opens it."""
    drawn = hashlib.shake_256(what.encode()).digest(80)
    data, iv, tag = (
        base64.b64encode(part).decode() for part in (drawn[:24], drawn[24:56], drawn[56:72])
    )
    return f"ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:str]"


def sops_block(what: str = "mac", more: str = "") -> str:
    """The block that sops writes below what it encrypts."""
    return (
        "sops:\n  age:\n    - recipient: age1notakeythatanyonehasitisherefortheshapeofit0000000000000\n"
        "      enc: |\n        -----BEGIN AGE ENCRYPTED FILE-----\n        bm90aGluZw==\n"
        "        -----END AGE ENCRYPTED FILE-----\n"
        f'  lastmodified: "2026-02-03T04:05:06Z"\n  mac: {ciphertext(what)}\n'
        f"  encrypted_regex: ^(data|stringData)$\n  version: 3.11.0\n{more}"
    )


def sealed(
    name: str, namespace: str | None, secret_type: str = "Opaque", key: str = "token"
) -> str:
    """An encrypted Secret."""
    body = f"type: {secret_type}\ndata:\n  {key}: {ciphertext(name + key)}\n"
    return named("Secret", name, namespace, body) + sops_block(name)


def pull_secret(name: str, namespace: str) -> str:
    """An encrypted pull Secret."""
    return sealed(name, namespace, "kubernetes.io/dockerconfigjson", ".dockerconfigjson")
