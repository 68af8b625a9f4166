"""A ``.sops.yaml`` that is a symlink: Git holds it as one line of text."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import dirname, join, normpath

from gitops_secrets.core.guard.judge.policy import SOPS_CONFIG
from gitops_secrets.errors import InvalidDocumentError

_MAX_LINKS = 8


def followed(configs: Mapping[str, bytes], path: str) -> bytes:
    """Return the rules at *path*, of *configs*; of a symlink those of the ``.sops.yaml`` that it leads to.

    Raises InvalidDocumentError if it leads elsewhere: who changes what stands there would change the rules
    without changing any file of rules.
    """
    content = configs[path]
    for _ in range(_MAX_LINKS):
        if b":" in content or b"\n" in content or not content.strip():
            return content
        target = content.decode(errors="surrogateescape")
        path = normpath(join(dirname(path), target))
        content = configs.get(path, b"")
        if path not in configs:
            break
    raise InvalidDocumentError(
        f"{path}: a symlink named {SOPS_CONFIG} leads here, and this is no {SOPS_CONFIG} of the repository",
        f"put {path} in the place of the symlink",
    )
