"""``which-rule``: the creation rule that sops chooses for one file."""

from __future__ import annotations

import os
from pathlib import Path

from gitops_secrets.adapters.git.nested import refuse_nested
from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.commands.policy.policies import is_rules
from gitops_secrets.commands.repository.worktree import work_tree
from gitops_secrets.commands.verify.gather import linked_rules, path_from_top
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.reader.tree import Form, form_of
from gitops_secrets.core.sops.structure import read_structure
from gitops_secrets.core.verify.explain import Explained, explain
from gitops_secrets.core.verify.rules import Rules
from gitops_secrets.core.yamltext.nodes import compose_documents
from gitops_secrets.errors import InvalidDocumentError


def which_rule(folder: Path, path: str) -> Explained:
    """Return which creation rule is for *path*, which is relative to where the process stands, or to *folder*.

    Raises GitOpsSecretsError outside a Git work tree.
    """
    repository = open_repository(folder)
    named = path if os.path.isabs(path) else os.path.join(folder, path)
    name = path_from_top(repository, named)
    refuse_nested(repository.top, name, "gitops-secrets which-rule --repo {repo} {path}")
    tree, links = work_tree(repository)
    configs = {p: tree.read(p) or b"" for p in tree.files() if is_rules(p)}
    configs.update(linked_rules(repository, links))
    return explain(Rules(configs), name, _file(name, tree.read(name)))


def _file(path: str, content: bytes | None) -> EncryptedFile | None:
    form = form_of(path)
    if content is None or form not in (Form.YAML, Form.JSON):
        return None
    try:
        roots = tuple(compose_documents(content, path))
    except InvalidDocumentError:
        return None
    return EncryptedFile(path, content, form, roots, roots, read_structure(roots))
