"""A client of the API server that the user's kubeconfig names, logged in as it says.

Whatever is asked goes to that server alone, and only if its certificate is checked.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gitops_secrets.adapters.cluster.kubeconfig import Contexts
from gitops_secrets.adapters.installing import install_command
from gitops_secrets.errors import GitOpsSecretsError


def log_in(kubeconfig: Path | None, contexts: Contexts, context: str, kubectl: str) -> Any:
    """Return the Kubernetes client for *context*; it has asked nothing yet, but a login plugin may have.

    *kubectl* begins a hint's command. Raises GitOpsSecretsError for a kubeconfig that cannot be used, a
    login that fails, and a server whose certificate is not checked.
    """
    try:
        import kubernetes
    except ImportError:
        raise GitOpsSecretsError(
            "the Kubernetes client is not installed", install_command("cluster")
        ) from None
    client: Any = kubernetes.client
    config: Any = kubernetes.config
    # What the client would log, of a login that fails for example, goes past our own words.
    logging.disable(logging.CRITICAL)
    _keep_keys_in_memory(config.kube_config)
    settings = client.Configuration()
    # The client would follow a redirect, and send a Secret wherever it leads.
    settings.retries = False
    try:
        api = config.new_client_from_config(
            str(kubeconfig) if kubeconfig else None, context, client_configuration=settings
        )
    except (config.ConfigException, OSError, TypeError, KeyError, ValueError):
        where = f" {kubeconfig}" if kubeconfig else ""
        raise GitOpsSecretsError(
            f"the kubeconfig{where} cannot be used for the context {context}", f"{kubectl} version"
        ) from None
    _refuse_unchecked(settings, context)
    plugin = contexts.plugins.get(context)
    if plugin is not None and not settings.api_key and not settings.cert_file:
        raise GitOpsSecretsError(
            f"the login plugin {plugin} of context {context} gave neither a token nor a certificate",
            f"{kubectl} auth whoami",
        )
    return api


def shown(server: str) -> str:
    """Return the address *server* without a user and a password."""
    parts = urlsplit(server)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _refuse_unchecked(settings: Any, context: str) -> None:
    server = shown(str(settings.host))
    if urlsplit(server).scheme != "https":
        raise GitOpsSecretsError(
            f"context {context} reaches {server} without TLS, and anybody in between could read what is sent",
            "server: https://... in the kubeconfig",
        )
    if not settings.verify_ssl:
        raise GitOpsSecretsError(
            f"context {context} does not check the certificate of {server}, and anybody in between could "
            "read what is sent",
            "in the kubeconfig, certificate-authority: FILE in place of insecure-skip-tls-verify, and "
            "tls-server-name: NAME if the certificate is for another name",
        )


def _keep_keys_in_memory(kube_config: Any) -> None:
    """Have the client keep the kubeconfig's keys in files of our memory, which end with this process.

    It would put them into the temporary folder, and remove them at a tidy end, which a killed process
    never comes to, and this program neither. Linux only: elsewhere there are no such files.
    """
    if not hasattr(os, "memfd_create"):
        return
    kept: dict[bytes, str] = {}

    def keep(content: str | bytes, *_: object, **__: object) -> str:
        raw = content.encode() if isinstance(content, str) else content
        if raw not in kept:
            file = os.memfd_create("kubeconfig")
            with open(file, "wb", closefd=False) as memory:
                memory.write(raw)
            kept[raw] = f"/proc/self/fd/{file}"
        return kept[raw]

    # It has no setting for this.
    kube_config._create_temp_file_with_content = keep  # noqa: SLF001
