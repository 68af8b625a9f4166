"""The contexts that the user's kubeconfig names, as kubectl would read them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from gitops_secrets.core.yamltext.nodes import compose_documents, get, items, text
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class Contexts(NamedTuple):
    """The contexts of a kubeconfig, and the current one where it names one."""

    names: tuple[str, ...]
    current: str | None
    plugins: Mapping[str, str]
    """By context, the program that it logs in with."""

    def choose(self, wanted: str | None) -> str:
        """Return *wanted*, or without it the current one. Raises UsageError if there is none such."""
        known = f"--context {' or '.join(self.names)}"
        if wanted is None and self.current is None:
            raise UsageError("the kubeconfig has no current context", known)
        chosen = wanted if wanted is not None else str(self.current)
        if chosen not in self.names:
            raise UsageError(f"the kubeconfig has no context {chosen}", known)
        return chosen


def read_contexts(kubeconfig: Path | None) -> Contexts:
    """Return the contexts of the file *kubeconfig*, or of those that KUBECONFIG or kubectl's habit name.

    Raises GitOpsSecretsError if there is none, or one is broken.
    """
    files = [kubeconfig] if kubeconfig is not None else _default_files()
    users: dict[str, str | None] = {}
    commands: dict[str, str | None] = {}
    current = None
    for file in files:
        try:
            documents = compose_documents(file.read_bytes(), str(file))
        except FileNotFoundError:
            if file == kubeconfig:
                raise _unusable(file, "it is not there") from None
            continue
        except OSError as error:
            raise _unusable(file, str(error.strerror)) from None
        except GitOpsSecretsError:
            raise _unusable(file, "it is not valid YAML") from None
        for root in documents:
            _add_named(users, root, "contexts", "context", "user")
            _add_named(commands, root, "users", "user", "exec", "command")
            current = current or text(root, "current-context") or None
    if not users:
        raise _unusable(files[0], "it names no context")
    logins = {context: commands.get(user or "") for context, user in users.items()}
    plugins = {context: command for context, command in logins.items() if command is not None}
    return Contexts(tuple(users), current, plugins)


def _add_named(found: dict[str, str | None], root: yaml.Node, kind: str, *path: str) -> None:
    """Add what stands at *path* of each entry of the list *kind*. Of two with one name, the first is used."""
    for entry in items(root, kind):
        found.setdefault(text(entry, "name") or "", text(get(entry, *path)))


def _default_files() -> list[Path]:
    named = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part).expanduser() for part in named] or [Path.home() / ".kube" / "config"]


def _unusable(file: Path, reason: str) -> GitOpsSecretsError:
    return GitOpsSecretsError(
        f"the kubeconfig {file} cannot be used: {reason}",
        "kubectl config get-contexts",
        "--kubeconfig FILE",
    )
