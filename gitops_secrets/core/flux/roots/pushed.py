"""The folders of which a repository's pipelines push artifacts for Flux."""

from __future__ import annotations

import re

from gitops_secrets.core.flux.objects import normalise
from gitops_secrets.core.repository.overlay import Overlay

_PIPELINES = (".github/workflows/", ".gitlab-ci", ".gitlab/", ".woodpecker", ".tekton/", "ci/")
_FILES = ("Makefile", "Taskfile.yml", "Taskfile.yaml", "justfile", ".justfile", "Jenkinsfile")
_PUSH = re.compile(rb"flux\s+push\s+artifact\b((?:[^\n]|\\\n|\n[ \t]+--?)*)")
_PATH = re.compile(rb"(?:--path|-f)[=\s]+[\"']?(?:\./)?([\w./-]+)")


def artifact_folders(tree: Overlay) -> tuple[str, ...]:
    """Return each folder that ``flux push artifact --path`` names in a pipeline, a Makefile or the like."""
    return tree.remember(_find)


def _find(tree: Overlay) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for path in tree.files():
        name = path.rpartition("/")[2]
        if path.startswith(_PIPELINES) or name in _FILES or name.endswith(".sh"):
            for command in _PUSH.finditer(tree.read(path) or b""):
                for folder in _PATH.findall(command[1]):
                    found[normalise(folder.decode())] = None
    return tuple(found)
