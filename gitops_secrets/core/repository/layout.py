"""Where a cluster's files stand in the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import NamedTuple

from gitops_secrets.errors import UsageError

CONFIG = ".sops.yaml"
"""The file of the creation rules, at the repository's top."""
PULL_SECRETS = "pull-secrets"
"""The folder of all pull Secrets, and the name of the Flux Kustomization that applies those of Flux itself."""
NAMESPACES = f"{PULL_SECRETS}/namespaces"
"""The folder in it for the pull Secrets of other namespaces than Flux's."""
ENDINGS = (".sops.yaml", ".sops.yml")
"""How the name of an encrypted manifest of ours ends."""

_REGEX_SPECIAL = r"([\\.+*?()|\[\]{}^$])"


class Cluster(NamedTuple):
    """A cluster by its Flux path, relative to the repository's top, with forward slashes; "." is the root."""

    path: str
    inline: bool = False
    """Whether its pull Secrets stand below that path, where Flux's own Kustomization decrypts them."""
    home: str = ""
    """The folder that holds ``pull-secrets/``, "" for the repository's top: what Flux fetches may be less."""
    tenant: str = ""
    """The namespace whose pull Secrets are meant, "" for Flux's own. Each has a folder and a Kustomization
    of its own: one that is not there yet holds back nothing else."""

    @property
    def name(self) -> str:
        """The path below its first element: ``clusters/eu/prod`` is ``eu/prod``, the root ``root``."""
        if self.path == ".":
            return "root"
        head, _, rest = self.path.partition("/")
        return rest or head

    @property
    def folder(self) -> str:
        """Where the encrypted pull Secrets stand: outside the cluster's Flux path, unless inline."""
        if self.tenant:
            return f"{self.tenants_folder}/{self.tenant}"
        if self.inline:
            return self.file(PULL_SECRETS)
        return posixpath.join(self.home, PULL_SECRETS, self.name)

    @property
    def tenants_folder(self) -> str:
        """Where the folders of other namespaces than Flux's stand."""
        return posixpath.join(self.home, NAMESPACES, self.name)

    @property
    def path_regex(self) -> str:
        """The creation rule's path_regex: this folder, and nothing below or beside it.

        The folders of other namespaces have one rule for all of them.
        """
        folder = escaped(self.tenants_folder if self.tenant else self.folder)
        return rf"^{folder}/{'[^/]+/' if self.tenant else ''}[^/]*\.sops\.ya?ml$"

    @property
    def kustomization(self) -> str:
        """The name of the Flux Kustomization that applies the pull Secrets."""
        return f"{PULL_SECRETS}-{self.tenant}" if self.tenant else PULL_SECRETS

    @property
    def kustomization_file(self) -> str:
        """The file of that Kustomization."""
        return self.file(f"{self.kustomization}.yaml")

    def of_namespace(self, namespace: str) -> Cluster:
        """Return the same cluster with the pull Secrets of *namespace*, which is not Flux's."""
        return self._replace(inline=False, tenant=namespace)

    def file(self, name: str) -> str:
        """Return the path of *name* in the cluster's Flux path."""
        return name if self.path == "." else f"{self.path}/{name}"

    def secret_file(self, secret: str) -> str:
        """Return where the pull Secret named *secret* stands."""
        return f"{self.folder}/{secret}.sops.yaml"

    def contains(self, path: str) -> bool:
        """Return whether *path* lies below the cluster's Flux path."""
        return self.path == "." or path.startswith(f"{self.path}/")


def escaped(path: str) -> str:
    """Return a regular expression of Go and of Python that matches *path* and nothing else."""
    return re.sub(_REGEX_SPECIAL, r"\\\1", path)


def as_laid_out(cluster: Cluster, files: Sequence[str], config: bytes) -> Cluster:
    """Return *cluster* with the layout that the repository's *files* and ``.sops.yaml`` show."""
    separate, inline = cluster._replace(inline=False), cluster._replace(inline=True)
    if separate.kustomization_file in files:
        return separate._replace(home=_home(separate, files))
    is_inline = any(f.startswith(f"{inline.folder}/") and f.endswith(ENDINGS) for f in files)
    return inline if is_inline or inline.path_regex.encode() in config else separate


def _home(cluster: Cluster, files: Sequence[str]) -> str:
    """Return the folder that holds the pull Secrets of *cluster*, which has some by *files*, else its own."""
    folder = f"{PULL_SECRETS}/{cluster.name}"
    homes = {
        file[: -len(posixpath.join(folder, posixpath.basename(file)))].rstrip("/")
        for file in files
        if file.endswith(ENDINGS)
        and (posixpath.dirname(file) == folder or posixpath.dirname(file).endswith(f"/{folder}"))
    }
    # Two clusters can have one name, below another first folder: the nearer home is this one's.
    near = sorted(
        homes, key=lambda home: (not cluster.contains(f"{home}/"), -_shared(home, cluster))
    )
    return near[0] if near and cluster.home not in homes else cluster.home


def _shared(home: str, cluster: Cluster) -> int:
    return len(posixpath.commonprefix([f"{home}/", f"{cluster.path}/"]))


def parse_folder(value: str) -> str:
    """Return the folder *value* of the repository, "" for its top. Raises UsageError if it is outside."""
    parts = [part for part in value.replace("\\", "/").split("/") if part not in ("", ".")]
    if value.startswith("/") or ".." in parts or not all(part.isprintable() for part in parts):
        raise UsageError(
            f"--folder {value!r} is not a folder of the repository",
            "give it from the repository's top: --folder clusters",
        )
    return "/".join(parts)


def parse_cluster_path(value: str) -> Cluster:
    """Return the cluster at *value*. Raises UsageError for a path that leaves the repository."""
    relative = "give the cluster's path from the repository's top: --path clusters/prod"
    parts = [part for part in value.replace("\\", "/").split("/") if part not in ("", ".")]
    if not value:
        raise UsageError("--path is empty", f"{relative}, or --path . for the top itself")
    if value.startswith("/"):
        raise UsageError(f"--path {value} is an absolute path", relative)
    if ".." in parts:
        raise UsageError(f"--path {value} leaves the repository", relative)
    if any(not part.isprintable() or "'" in part or '"' in part for part in parts):
        raise UsageError(f"--path {value!r} holds quotes or characters that do not print", relative)
    if parts and parts[0] in (".git", PULL_SECRETS):
        raise UsageError(f"--path {value} is not a place for a cluster", relative)
    return Cluster("/".join(parts) or ".")
