"""Who runs a registry, as far as its host says it."""

from __future__ import annotations

from fnmatch import fnmatchcase

_BY_HOST = {
    "docker.io": "Docker Hub",
    "index.docker.io": "Docker Hub",
    "registry-1.docker.io": "Docker Hub",
    "ghcr.io": "GitHub",
    "quay.io": "Quay",
    "registry.gitlab.com": "GitLab",
    "codeberg.org": "Codeberg",
    "nvcr.io": "NVIDIA NGC",
    "registry.digitalocean.com": "DigitalOcean",
    "registry.redhat.io": "Red Hat",
    "gcr.io": "Google Container Registry",
    "*.gcr.io": "Google Container Registry",
    "*-docker.pkg.dev": "Google Artifact Registry",
    "*.azurecr.io": "Azure Container Registry",
    "*.dkr.ecr.*.amazonaws.com": "Amazon ECR",
    "*.dkr.ecr.*.amazonaws.com.cn": "Amazon ECR",
    "*.icr.io": "IBM Cloud",
    "icr.io": "IBM Cloud",
    "*.jfrog.io": "JFrog Artifactory",
    "rg.*.scw.cloud": "Scaleway",
    "*.ocir.io": "Oracle Cloud",
    "*.aliyuncs.com": "Alibaba Cloud",
}
"""By host, or by a glob of one: the first that matches counts."""


def provider_of(host: str) -> str | None:
    """Return who runs the registry at *host*, None if its name does not say."""
    name = host.partition(":")[0]
    return next((who for glob, who in _BY_HOST.items() if fnmatchcase(name, glob)), None)
